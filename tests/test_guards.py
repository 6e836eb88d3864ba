"""Branches that no true file takes, module by module: what is refused, and circuits without some kind of relation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.cases import random_case
from tests.fuzz.archives import archive, header, with_sizes
from tests.views import random_elements
from zkaudit import relation, wire
from zkaudit.builder import CircuitBuilder
from zkaudit.commitment import Commitment
from zkaudit.commitment.formats import commitment_text, parse_commitment
from zkaudit.dataset import check_dataset, parse_dataset
from zkaudit.errors import InvalidInput
from zkaudit.field.extension import ONE, ZERO
from zkaudit.layout import Layout
from zkaudit.masking import Plan, Tape, VerifierChannel, known
from zkaudit.model import layers as kinds
from zkaudit.model import views as kinds_of_views
from zkaudit.model.graph import walk
from zkaudit.model.views import View
from zkaudit.parameters import TEST_INSECURE
from zkaudit.reduction import reduce_statement
from zkaudit.relation import Interval, Kind
from zkaudit.soundness import OracleParameters, pad_parameters
from zkaudit.transcript import Transcript
from zkaudit_circuits import tensors, uncommitted, weights
from zkaudit_circuits.limbs import limb_witness
from zkaudit_circuits.requantise import Requantisation


def test_limbs_hold_what_they_are_for() -> None:
    with pytest.raises(ValueError, match="column: a value does not fit"):
        limb_witness("column", 255, np.array([1 << 40]))


def test_a_wide_clamp_without_a_table_has_the_width_of_a_byte() -> None:
    builder = CircuitBuilder(sample_bits=1)
    step = Requantisation(
        name="step", shape=(1,), samples=1, shift=0, low=0, high=100, accumulator=Interval(low=0, high=1 << 24)
    )
    assert not step.narrow
    builder.add_column(step.output, Kind.BATCHED, 1, step.interval)
    with pytest.raises(ValueError, match="step: a clamp without a table"):
        step._lower_wide(builder, step.output)


def test_a_layer_says_what_it_lacks() -> None:
    bare = kinds.Layer()
    with pytest.raises(NotImplementedError):
        bare.validate("layer")
    with pytest.raises(NotImplementedError):
        bare.output_shape(((1,),), "layer")
    assert kinds.Gate().summary == "gate"
    dense, step = random_case().model.architecture.layers[:2]
    assert (dense.summary, step.summary.split(" ")[1:3]) == ("dense 5 -> 4", ["after", "shift"])
    assert (
        kinds.Convolution(
            channels=1, filters=2, kernel=(3, 5), stride=(1, 1), dilation=(1, 1), padding=(0, 0, 0, 0), groups=1,
            bias_limbs=1,
        ).summary
        == "convolution 1 -> 2 by 3x5"
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger(View):
    """A layer that the format does not have."""

    kind = "stranger"


def test_an_unknown_layer_is_refused_and_never_lowered() -> None:
    architecture = random_case().model.architecture
    with pytest.raises(InvalidInput, match="unknown kind of layer"):
        replace(architecture, layers=(*architecture.layers, Stranger()))
    view = relation.View(columns=("a",), owners=np.zeros(2, np.int64), sources=np.arange(2))
    activation = tensors.Activation(view=view, shape=(2,), interval=Interval(low=0, high=9))
    with pytest.raises(TypeError, match="Stranger"):
        uncommitted.view_activation(Stranger(), [activation], (2,))
    accumulator = tensors.Accumulator(
        shape=(2,), bound=Interval(low=0, high=9), terms=lambda _: (), values=lambda _: np.zeros((2, 1), np.int64)
    )
    assert tensors.activation_of(activation) is activation
    assert tensors.accumulator_of(accumulator) is accumulator
    with pytest.raises(ValueError, match="reads an accumulator"):
        tensors.activation_of(accumulator)
    with pytest.raises(ValueError, match="reads an accumulator"):
        tensors.accumulator_of(activation)


def test_sizes_of_an_archive() -> None:
    labels = header("(3,)", "|u1") + bytes(3)
    inputs = header("(3, 1000)", "|u1")
    short = archive([("inputs.npy", inputs + bytes(3000)), ("labels.npy", labels)])
    parse_dataset(short)
    # The stream ends before the size that the directory and the header agree on.
    cut = archive([("inputs.npy", inputs + bytes(1000))])
    lying = with_sizes(cut, {"file_size": len(inputs) + 3000})
    both = _merged(lying, archive([("labels.npy", labels)]))
    with pytest.raises(InvalidInput, match=f"{len(inputs) + 1000} bytes"):
        parse_dataset(both)
    with pytest.raises(InvalidInput, match="too many bytes uncompressed"):
        parse_dataset(with_sizes(short, {"file_size": (1 << 32) - 1}))


def _merged(first: bytes, second: bytes) -> bytes:
    """Two archives of one member each as one archive."""
    parts = [
        (data[: data.find(b"PK\x01\x02")], data[data.find(b"PK\x01\x02") : data.find(b"PK\x05\x06")])
        for data in (first, second)
    ]
    members = parts[0][0] + parts[1][0]
    entry = bytearray(parts[1][1])
    entry[42:46] = len(parts[0][0]).to_bytes(4, "little")
    directory = parts[0][1] + bytes(entry)
    end = b"PK\x05\x06" + bytes(4) + (2).to_bytes(2, "little") * 2
    return (
        members + directory + end + len(directory).to_bytes(4, "little") + len(members).to_bytes(4, "little") + bytes(2)
    )


def test_commitments_are_compared_by_what_they_say() -> None:
    commitment = random_case().statement.commitment
    twin = parse_commitment(commitment_text(commitment).encode())
    other = random_case(seed=1).statement.commitment
    assert isinstance(twin, Commitment)
    assert twin == commitment
    assert hash(twin) == hash(commitment)
    assert other != commitment
    assert {commitment, twin, other} == {commitment, other}
    assert commitment != "commitment"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda x, y: (x.astype(np.int32), y), "arrays of int32 and int64"),
        (lambda x, y: (x, y.astype(np.int8)), "arrays of int64 and int8"),
        (lambda x, y: (x, y[:, None]), "labels of shape"),
        (lambda x, y: (x[:, :0], y[:0]), "labels of shape"),
        (lambda x, y: (x[:-1], y), "inputs of shape"),
        (lambda x, y: (x[:, :-1], y), "inputs of shape"),
        (lambda x, y: (x - 300, y), "inputs from"),
        (lambda x, y: (x + 256, y), "inputs from"),
        (lambda x, y: (x, y - 9), "labels from"),
        (lambda x, y: (x, y + 9), "labels from"),
    ],
)
def test_a_held_out_set_fits_its_architecture(change, named: str) -> None:  # type: ignore[no-untyped-def]
    case = random_case()
    data = case.statement.dataset
    check_dataset(case.model.architecture, data)
    inputs, labels = change(data.inputs, data.labels)
    with pytest.raises(InvalidInput, match=named):
        check_dataset(case.model.architecture, replace(data, inputs=inputs, labels=labels))


def test_a_constraint_without_pads_holds_by_itself() -> None:
    plan = Plan()
    plan.message(1)
    tape = Tape(plan)
    tape.require_zero("nothing", known(ZERO))
    tape.require_zero("pad", tape.combine([(ONE, tape_leaf())], ONE))
    assert tape.gradient([ONE, ONE]) == ([ONE], ONE)


def tape_leaf():  # type: ignore[no-untyped-def]
    """The first pad."""
    from zkaudit.masking import Affine

    return Affine(ZERO, 0)


def test_a_circuit_of_lookups_alone() -> None:
    """Neither products nor functionals: their parts of the protocol fall away."""
    builder = CircuitBuilder(sample_bits=1)
    weights.lower(builder, 3)
    layout = Layout(builder.build())
    assert not layout.circuit.products
    assert not layout.circuit.functionals
    plan = layout.plan
    transcript = Transcript("a circuit of lookups alone")
    channel = VerifierChannel(transcript, random_elements(plan.elements), plan)
    claims = reduce_statement(channel, layout, np.zeros((1, 2), np.int64), random_case().statement.commitment.value)
    channel.finish()
    assert len(claims.sample_points) == 1


def test_profiles_and_statements_that_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="pad oracle of test-insecure is too small"):
        pad_parameters(replace(TEST_INSECURE, pad_message=1))
    statement = random_case().statement
    with monkeypatch.context() as patch:
        patch.setattr("zkaudit.statement.HALF", 10)
        with pytest.raises(InvalidInput, match="lookups could wrap around the field"):
            _ = replace(statement).layout
    fresh = replace(statement)
    wide = OracleParameters(message=1 << 20, columns=1 << 21, pads=1)
    vars(fresh)["oracles"] = (wide, wide)
    with pytest.raises(RuntimeError, match="no oracle"):
        _ = fresh.rows


def test_the_ways_in_which_a_file_cannot_be_sealed_or_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="a magic has 8 bytes"):
        wire.seal(b"short", 1, {})

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(wire.os, "open", refuse)
    with pytest.raises(InvalidInput, match="no permission to read"):
        wire.read_bounded("file", 1, "file")


def test_a_layer_of_too_many_cells() -> None:
    with pytest.raises(InvalidInput, match="cells in its output"):
        walk((kinds.Sum(multipliers=(1,)),), ((1 << 22) + 1,), (0, 1))


def test_layers_of_too_much_work() -> None:
    whole = kinds_of_views.Reshape(shape=(1 << 22,))
    with pytest.raises(InvalidInput, match="cells are read and made up to here"):
        walk((whole,) * 5, (1 << 22,), (0, 1))
