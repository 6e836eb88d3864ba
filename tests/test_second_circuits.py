"""Architectures, circuits and sizes of the second verifier against the first, on random and on damaged networks."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.networks import NETWORKS, average, convolution, dense, relu
from tests.random_networks import RandomNetwork, architecture_of
from tests.second.architecture import read_architecture
from tests.second.digest import circuit_digest
from tests.second.layout import Layout
from tests.second.network import lower
from tests.second.sizes import PROFILES, sizes_of
from tests.second.wire import RefusedError
from zkaudit import layout as first
from zkaudit.claim import parse_claim
from zkaudit.constraints import claim_gadget
from zkaudit.dataset import HeldOutSet
from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import Architecture, Concatenate, Sum
from zkaudit.parameters import profile
from zkaudit.soundness import account, choose_parameters
from zkaudit_circuits import network

FORMS = {name: architecture_of(shape, layers).canonical() for name, (shape, layers, _) in NETWORKS.items()}
INTEGERS = (0, 1, 2, 3, 25, -1, 2**24 + 1)
LISTS: tuple[list[int], ...] = ([], [1], [0], [1, 1], [2, 2], [0, 1], [1, 0, 2])
VALUES: tuple[Any, ...] = (None, True, "relu", "table", *INTEGERS, *LISTS)
PADDINGS = ([0, 0, 0, 1], [0, 0, 9, 0], [1, 1, 1, 1], [2**21, 0, 0, 0], [-1, 0, 0, 0])


def damaged(form: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The form with one field of one layer changed, left out or added."""
    for index, layer in enumerate(form["layers"]):
        optional = ("sources", "table", "table_low", "multipliers", "weight_limbs", "spare")
        for field in (*layer, *(name for name in optional if name not in layer)):
            for value in (*VALUES, *PADDINGS, [0] * 4097):
                other = copy.deepcopy(form)
                if value is None:
                    other["layers"][index].pop(field, None)
                else:
                    other["layers"][index][field] = value
                yield other
    for field in form:
        for value in (*VALUES, "0x1.0p+0", "-0x1.0000000000000p+0", "inf", [2**20, 2], form["layers"] * 2):
            yield form | {field: value}


@pytest.mark.parametrize("name", FORMS)
def test_the_same_architectures_are_refused(name: str) -> None:
    accepted = refused = 0
    for form in damaged(FORMS[name]):
        try:
            digest = Architecture.from_canonical(copy.deepcopy(form)).digest()
        except InvalidInput:
            with pytest.raises(RefusedError):
                read_architecture(form)
            refused += 1
        else:
            assert read_architecture(form).digest() == digest
            accepted += 1
    assert accepted > 10
    assert refused > 200


def test_no_view_joins_the_input_and_activations() -> None:
    layers = (convolution(1, 1, padding=(1, 1, 1, 1)), relu(7), Concatenate(sources=(2, 2)), dense(32, 2))
    form = architecture_of((1, 4, 4), layers).canonical()
    read_architecture(form)
    form["layers"][2]["sources"] = [0, 2]
    with pytest.raises(InvalidInput, match="joins the input"):
        Architecture.from_canonical(form)
    with pytest.raises(RefusedError):
        read_architecture(form)


def compare(architecture: Architecture, labels: list[int], text: str, groups: list[int] | None = None) -> bool:
    """Whether either verifier makes a circuit of the statement: if so, it is the same, and so are all sizes."""
    sets = HeldOutSet(
        inputs=np.zeros((architecture.features, len(labels)), np.int64),
        labels=np.array(labels, np.int64),
        groups=None if groups is None else np.array(groups, np.int64),
    )
    twin = read_architecture(architecture.canonical())
    assert (tuple(twin.shapes), tuple(twin.intervals)) == (architecture.shapes, architecture.intervals)
    try:
        gadget = claim_gadget(parse_claim(text), sets, architecture.classes)
        circuit = network.lower(architecture, gadget)
    except InvalidInput:
        with pytest.raises(RefusedError):
            lower(twin, labels, text, groups)
        return False
    copied = lower(twin, labels, text, groups)
    assert circuit_digest(copied) == circuit.digest()
    shape, layout = first.shape_of(first.Layout(circuit)), Layout(copied)
    assert (layout.elements, layout.products, layout.claims) == (shape.pad_elements, shape.pad_products, shape.claims)
    for name, numbers in PROFILES.items():
        sizes = sizes_of(numbers, layout)
        oracles = choose_parameters(profile(name), shape)
        for ours, theirs in zip(oracles, (sizes.witness, sizes.pads), strict=True):
            assert (ours.message, ours.columns, ours.pads) == (theirs.message, theirs.columns, theirs.opened)
        assert sizes.security_bits == account(profile(name), shape, *oracles).total_bits
    return True


def test_random_networks_have_one_circuit() -> None:
    made, kinds = 0, set()
    for seed in range(120):
        random = RandomNetwork(seed)
        try:
            architecture = random.build()
        except InvalidInput:
            continue
        samples = random.number(1, 6)
        labels = [random.number(0, architecture.classes) for _ in range(samples)]
        relation = (">=", "==")[random.number(0, 2)]
        if compare(architecture, labels, f"correct {relation} {random.number(0, samples + 1)}"):
            made += 1
            kinds |= {layer.kind for layer in architecture.layers}
    assert made >= 80
    assert len(kinds) == 12


def test_integers_that_could_wrap_are_refused() -> None:
    layers = (convolution(2, 2), relu(7), convolution(2, 2, (2, 2)))
    assert compare(architecture_of((2, 5, 5), layers), [0], "correct == 0")
    for wide in ((dense(40_000, 2),), (Sum(multipliers=(2**23,)), relu(0), average(1), relu(0), dense(40_000, 2))):
        assert not compare(architecture_of((1, 200, 200), wide), [0], "correct == 0")


METRICS = (
    "accuracy", "accuracy[group=0]", "balanced_accuracy", "recall[1]", "precision[2]", "f1[0]", "macro_f1",
    "top_k_accuracy[1]", "top_k_accuracy[2]", "demographic_parity_difference[1]", "equalized_odds_difference[2]",
    "min_group_accuracy",
)  # fmt: skip


OF_THREE_CLASSES = architecture_of((1, 2, 2), (dense(4, 3),))


def truth(samples: int) -> tuple[list[int], list[int]]:
    """Labels and groups."""
    generator = np.random.default_rng(samples)
    return generator.integers(0, 3, samples).tolist(), (generator.integers(0, 3, samples) - 1).tolist()


@pytest.mark.parametrize("samples", [30, 3000])
@pytest.mark.parametrize("subject", METRICS)
def test_claims_have_one_circuit(subject: str, samples: int) -> None:
    labels, groups = truth(samples)
    for value in ("0.5", "0.123456789012345678") if samples < 100 else ("0.123456789012345678",):
        made = [compare(OF_THREE_CLASSES, labels, f"{subject} {r} {value}", groups) for r in (">=", "<=", "==")]
        assert made[:2] == [True, True]


@pytest.mark.parametrize(
    ("claim", "fits"),
    [
        ("correct[group=1] <= 3000000000", True),
        ("correct <= 7", True),
        ("correct >= 30", True),
        ("correct >= 31", False),
        ("correct == 31", False),
        ("precision[2] == 1/40", True),
        ("precision[2] >= 0", True),
        ("precision[2] == 35511773/35511774", True),
        ("accuracy >= 0.00000000000000001", True),
        ("accuracy <= 0.00000000000000001", True),
        ("predicted[2] == 7 and predicted[2, group=-1] >= 3", True),
        ("balanced_accuracy >= 0.5 and precision[1] == 1/3 and macro_f1 <= 2/3 and top_k_accuracy[3] >= 0.5", True),
        ("top_k_accuracy[1] <= 0.75 and top_k_accuracy[2] == 0.5 and top_k_accuracy[3] >= 0.5", True),
        ("macro_f1 <= 1", True),
        ("macro_f1 >= 1", True),
        ("recall[3] >= 0.5", False),
        ("accuracy[group=9] >= 0.5", False),
        ("top_k_accuracy[4] >= 0.5", False),
        ("confusion_matrix == [[1,2,3],[4,5,6],[7,8,9]]", False),
    ],
)
def test_a_claim_has_one_circuit_or_none(claim: str, fits: bool) -> None:
    labels, groups = truth(30)
    assert compare(OF_THREE_CLASSES, labels, claim, groups) == fits


@pytest.mark.parametrize(
    ("claim", "fits"),
    [
        ("macro_f1 <= 1", True),
        ("macro_f1 >= 2/3", True),
        ("macro_f1 >= 0.666666666666666667", False),
        ("macro_f1 == 0.666666666666666667", False),
        ("recall[2] >= 0", False),
        ("f1[2] >= 0", False),
        ("precision[2] >= 0", True),
        ("min_group_accuracy >= 0.5", True),
        ("accuracy[group=5] >= 0.5", True),
        ("demographic_parity_difference[1] <= 0.5", False),
        ("confusion_matrix == [[3,0,1],[1,2,0],[0,0,0]]", True),
        ("confusion_matrix == [[3,0,1],[1,1,0],[0,0,0]]", False),
        ("confusion_matrix == [[3,0],[1,2]]", False),
    ],
)
def test_claims_on_two_of_three_classes_and_one_group(claim: str, fits: bool) -> None:
    assert compare(OF_THREE_CLASSES, [0, 1, 0, 1, 0, 1, 0], claim, [5] * 7) == fits


def test_claims_of_groups_that_lack_a_class() -> None:
    labels, groups = [0, 1, 2, 2], [0, 0, 1, 1]
    assert compare(OF_THREE_CLASSES, labels, "demographic_parity_difference[2] <= 0.5", groups)
    for absent in range(3):
        assert not compare(OF_THREE_CLASSES, labels, f"equalized_odds_difference[{absent}] <= 0.5", groups)


def test_claims_of_groups_have_none_without_groups() -> None:
    labels, _ = truth(30)
    for subject in ("min_group_accuracy", "accuracy[group=1]", "demographic_parity_difference[1]"):
        assert not compare(OF_THREE_CLASSES, labels, f"{subject} >= 0")


def test_a_matrix_has_one_circuit() -> None:
    labels, groups = truth(30)
    matrix = [[labels.count(i) if i == j else 0 for j in range(3)] for i in range(3)]
    assert compare(OF_THREE_CLASSES, labels, f"confusion_matrix == {str(matrix).replace(' ', '')}", groups)
