"""The second implementation of `tests/second` gives the known answers, and so do galois and hashlib."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import galois
import numpy as np
import pytest

from tests.second import arguments, field, oracles, ring, wire
from tests.second.architecture import read_architecture
from tests.second.claims import Claim, extension
from tests.second.combinations import Combination, Gather, Read, View
from tests.second.digest import circuit_digest
from tests.second.layout import Layout
from tests.second.linear import linear_relation
from tests.second.network import lower
from tests.second.padded import MINUS_ONE, Channel, Expression, combine
from tests.second.relations import (
    Broadcast,
    Cells,
    Circuit,
    Column,
    Functional,
    Linear,
    Lookup,
    Mapped,
    Product,
    Scaled,
    SuffixSum,
    Weighted,
    Window,
)
from tests.second.sizes import PROFILES, Oracle, sizes_of
from tests.second.transcript import Transcript
from tests.second.verifier import Statement
from tests.second.wire import RefusedError
from tests.vectors.files import FOLDER

Case = dict[str, Any]


def cases(name: str, operation: str = "") -> list[Any]:
    """The cases of a file, those of one operation or all, as parameters of a test."""
    every = json.loads((FOLDER / f"{name}.json").read_text())["cases"]
    chosen = [entry for entry in every if not operation or entry["input"].get("operation") == operation]
    assert chosen
    return [pytest.param(entry["input"], entry["expected"], id=entry["name"]) for entry in chosen]


def element(values: list[int]) -> field.Element:
    """An element of F from its list."""
    a, b, c, d, e = values
    return a, b, c, d, e


def elements(values: list[list[int]]) -> list[field.Element]:
    """Elements of F from their lists."""
    return [element(value) for value in values]


def plain(value: Any) -> Any:
    """Tuples as lists, bytes as texts, as JSON has them."""
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value.hex() if isinstance(value, bytes) else value


def refused(call: Any, *given: Any) -> str:
    """The reason for which something is refused."""
    with pytest.raises(RefusedError) as caught:
        call(*given)
    return caught.value.reason


GF = galois.GF(field.P)


@pytest.mark.parametrize(("given", "expected"), cases("field", "base"))
def test_base_field_by_galois(given: Case, expected: Case) -> None:
    a, b = GF(given["a"]), GF(given["b"])
    inverse = int(a**-1) if given["a"] else "none"
    assert expected == {"sum": int(a + b), "difference": int(a - b), "product": int(a * b), "inverse of a": inverse}


@pytest.mark.parametrize(("given", "expected"), cases("field", "extension"))
def test_extension_by_galois(given: Case, expected: Case) -> None:
    a, b = GF(given["a"]), GF(given["b"])

    def product(left: Any, right: Any) -> list[int]:
        """Coefficients over the field, and x^k = x^(k-5) - x^(k-3) for k from 8 down to 5."""
        result = GF.Zeros(9)
        for i, coefficient in enumerate(left):
            result[i : i + 5] += coefficient * right
        for k in range(8, 4, -1):
            result[k - 5] += result[k]
            result[k - 3] -= result[k]
        return [int(c) for c in result[:5]]

    assert [expected["sum"], expected["difference"]] == [(a + b).tolist(), (a - b).tolist()]
    assert expected["product"] == product(a, b) == plain(field.multiply(element(given["a"]), element(given["b"])))
    if expected["inverse of a"] != "none":
        assert product(a, GF(expected["inverse of a"])) == [1, 0, 0, 0, 0]


@pytest.mark.parametrize(("given", "expected"), cases("field", "decode"))
def test_decoding(given: Case, expected: Case) -> None:
    data = bytes.fromhex(given["bytes"])
    if "refused" in expected:
        assert refused(wire.elements, data, given["count"], "vector") == expected["refused"]
    else:
        assert plain(wire.elements(data, given["count"], "vector")) == expected["elements"]


@pytest.mark.parametrize(("given", "expected"), cases("field", "point"))
def test_points(given: Case, expected: Case) -> None:
    point = elements(given["point"])
    table = field.equality_table(point)
    assert plain(table) == expected["table"]
    assert plain(field.equality(point, elements(given["other"]))) == expected["eq of both points"]
    assert plain([field.total(table[:i]) for i in range(len(table) + 1)]) == expected["prefix sums"]
    values = (field.scale(weight, value) for weight, value in zip(table, given["values"], strict=False))
    assert plain(field.total(values)) == expected["extension of values"]


@pytest.mark.parametrize(("given", "expected"), cases("ntt"))
def test_transforms(given: Case, expected: Case) -> None:
    coefficients = field.interpolate([field.embed(cell) for cell in given["cells"]])
    assert [c[0] for c in coefficients] == expected["coefficients"]
    values = [field.evaluate(coefficients, x)[0] for x in expected["points"]]
    assert values == given["cells"]
    by_galois = GF.Zeros(len(values))
    for coefficient in GF(expected["coefficients"])[::-1]:
        by_galois = by_galois * GF(expected["points"]) + coefficient
    assert by_galois.tolist() == given["cells"]


@pytest.mark.parametrize(("given", "expected"), cases("reed_solomon"))
def test_rows(given: Case, expected: Case) -> None:
    oracle = Oracle(given["W"], given["n"], given["t"])
    message = field.interpolate([field.embed(cell) for cell in given["cells"]])
    pads = [field.embed(pad) for pad in given["pads"]]
    values = []
    for index, x in zip(given["columns"], expected["points"], strict=True):
        assert oracles._point(oracle, index) == x
        masks = field.scale(field.evaluate(pads, x), pow(x, given["W"], field.P) - 1)
        values.append(field.add(field.evaluate(message, x), masks)[0])
    assert values == expected["values"]


class Fixed:
    """A transcript that gives chosen columns and no proof of work."""

    def __init__(self, indices: list[int]) -> None:
        self.chosen = indices

    def grind(self, *_: Any) -> None:
        """Nothing."""

    def indices(self, *_: Any) -> list[int]:
        """The chosen columns."""
        return self.chosen


def _drawn(given: Case) -> bool:
    """Whether a transcript could draw the columns of an opening in a tree that a profile has."""
    columns, size = given["columns"], given["size"]
    ascending = columns == sorted(set(columns)) and all(0 <= column < size for column in columns)
    return bool(columns) and ascending and size & (size - 1) == 0 and "salts" in given


@pytest.mark.parametrize(("given", "expected"), cases("merkle"))
def test_openings(given: Case, expected: Case) -> None:
    if not _drawn(given):
        # The columns of a proof are drawn, so the second verifier meets no others; the reader of these files does.
        assert expected == {"refused": "merkle-path"}
        return
    columns = given["columns"]
    part = {
        "nonce": 0,
        "cells": b"".join(wire.big_endian(4, cell) for cells in given["cells"] for cell in cells),
        "salts": bytes.fromhex("".join(given["salts"])),
        "path": bytes.fromhex("".join(given["path"])),
    }
    oracle, root = Oracle(1, given["size"], len(columns)), bytes.fromhex(given["root"])
    arguments_ = (Fixed(columns), part, oracle, 2, root, given["oracle"], "vector", 0)
    if "refused" in expected:
        assert refused(oracles.open_columns, *arguments_) in ("merkle-path", "wrong-length")
    else:
        opened = oracles.open_columns(*arguments_)  # type: ignore[arg-type]
        assert [cells for _, cells in opened] == given["cells"]


@pytest.mark.parametrize(("given", "expected"), cases("transcript"))
def test_transcripts(given: Case, expected: Case) -> None:
    transcript = Transcript()
    for step, answer in zip(given["steps"], expected["answers"], strict=True):
        label, kind = step["label"], step["step"]
        if kind == "absorb":
            transcript.absorb(label, bytes.fromhex(step["message"]))
        elif kind == "seed":
            assert transcript.seed(label).hex() == answer
        elif kind == "elements":
            assert plain(transcript.elements(label, step["count"])) == answer
        elif kind == "indices":
            assert transcript.indices(label, step["count"], step["below"]) == answer
        elif kind == "grinding":
            transcript.grind(label, int(answer["least nonce"]), step["bits"])
        else:
            transcript.chain(label, step["steps"])


def untagged(pair: list[Any]) -> Any:
    """A value from its pair of a type and a content."""
    kind, content = pair
    if kind == "list":
        return [untagged(entry) for entry in content]
    if kind == "map":
        return {key: untagged(entry) for key, entry in content}
    if kind == "integer":
        return int(content)
    return bytes.fromhex(content) if kind == "bytes" else content


@pytest.mark.parametrize(("given", "expected"), cases("encoding", "encode"))
def test_encodings(given: Case, expected: Case) -> None:
    assert wire.pack(untagged(given["value"])).hex() == expected["bytes"]
    assert wire.unpack(bytes.fromhex(expected["bytes"])) == untagged(given["value"])


@pytest.mark.parametrize(("given", "expected"), cases("encoding", "decode"))
def test_refused_bytes(given: Case, expected: Case) -> None:
    assert refused(wire.unpack, bytes.fromhex(given["bytes"])) == expected["refused"]


@pytest.mark.parametrize(("given", "expected"), cases("encoding", "container"))
def test_containers(given: Case, expected: Case) -> None:
    read = (given["magic"].encode(), given["version"], bytes.fromhex(given["bytes"]))
    if "refused" in expected:
        assert refused(wire.unseal, *read) == "unreadable"
    else:
        assert wire.unseal(*read) == untagged(expected["value"])


@pytest.mark.parametrize(("given", "expected"), cases("architectures"))
def test_architectures(given: Case, expected: Case) -> None:
    if "refused" in expected:
        assert refused(read_architecture, given["architecture"]) == expected["refused"]
        return
    architecture = read_architecture(given["architecture"])
    assert architecture.digest().hex() == expected["digest"]
    assert plain(architecture.shapes) == expected["shapes"]
    intervals = ["accumulator" if interval is None else interval for interval in architecture.intervals]
    assert plain(intervals) == expected["intervals"]
    assert (architecture.weight_count, architecture.classes) == (expected["weight cells"], expected["classes"])


def statement(
    samples: list[list[int]], labels: list[int], file: str = "", groups: list[int] | None = None
) -> Statement:
    """A statement of which only some parts matter."""
    return Statement(file.encode(), samples, labels, "", "test-insecure", groups=groups)


@pytest.mark.parametrize(("given", "expected"), cases("heldout"))
def test_held_out_sets(given: Case, expected: Case) -> None:
    groups = None if given["groups"] == "none" else given["groups"]
    found = statement(given["samples"], given["labels"], groups=groups)
    assert found.data_digest().hex() == expected["digest"]


@pytest.mark.parametrize(("given", "expected"), cases("commitment", "element"))
def test_ring_elements(given: Case, expected: Case) -> None:
    row = ring.ring_elements(given["kind"].encode(), given["index"] // 64)[given["index"] % 64]
    assert (row[:8], row[-2:]) == (expected["first"], expected["last"])


@pytest.mark.parametrize(("given", "expected"), cases("commitment", "value"))
def test_commitments(given: Case, expected: Case) -> None:
    # Each cell turns its ring element by its power of X, with X^512 = -1.
    total = np.zeros(512, object)
    for place, cell in enumerate(given["weight cells"]):
        index, power = divmod(place, 512)
        row = np.array(ring.ring_elements(b"a", index // 64)[index % 64], object)
        total += cell * np.concatenate([-row[512 - power :], row[: 512 - power]])
    for j, scalar in enumerate(given["randomness"]):
        total += scalar * np.array(ring.ring_elements(b"b", j // 64)[j % 64], object)
    assert ring.unpack_value(bytes.fromhex(expected["value"])) == (total % field.P).tolist()


@pytest.mark.parametrize(("given", "expected"), cases("commitment", "link"))
def test_links(given: Case, expected: Case) -> None:
    count = given["weight cells"]
    columns = {"weights": SimpleNamespace(positions=count)}
    layout: Any = SimpleNamespace(circuit=SimpleNamespace(columns=columns), place={"weights": 0, "randomness": 4096})
    channel: Any = SimpleNamespace(challenges=lambda label, count: elements(given["tau"]))
    claim = ring.link(channel, layout, ring.unpack_value(bytes.fromhex(given["value"])))
    assert plain(claim.value.constant) == expected["target"]
    assert plain([claim.static[place] for place in range(count)]) == expected["weights"]
    scalars = {str(j): plain(claim.static[4096 + int(j)]) for j in expected["randomness"]}
    assert scalars == expected["randomness"]


@pytest.mark.parametrize(("given", "expected"), cases("commitment", "digest"))
def test_commitment_files(given: Case, expected: Case) -> None:
    if "refused" in expected:
        with pytest.raises((RefusedError, ValueError)):
            _ = strict(given["file"])
    else:
        file = strict(given["file"])
        assert file["digest"] == expected["digest"]
        assert "".join(file["value"]) == expected["value"]


def strict(text: str) -> dict[str, Any]:
    """A commitment file by the rules of section "Other files" that the second verifier leaves to its JSON reader."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs) or refuse("a key twice")
        return dict(pairs)

    def refuse(what: str) -> Any:
        raise ValueError(what)

    body = json.loads(text, object_pairs_hook=unique, parse_float=refuse)
    for line in body["value"]:
        if len(line) != 128 or set(line) - set("0123456789abcdef"):
            refuse("not a line")
    file = statement([], [], text).file
    ring.unpack_value(bytes.fromhex("".join(file["value"])))
    return file


def read_combination(form: Case) -> Combination:
    """A combination from its map."""
    reads = []
    for read in form["reads"]:
        gather = None if read["gather"] == "none" else Gather(read["gather"]["targets"], read["gather"]["sources"])
        reads.append(Read(read["column"], read["coefficient"], gather))
    return Combination(form["positions"], tuple(reads), form["constant"])


def read_term(form: Case) -> Any:
    """A term from its map."""
    kind = form["term"]
    if kind == "Scaled":
        return Scaled(form["column"], form["coefficient"])
    if kind == "SuffixSum":
        return SuffixSum(form["column"], form["coefficient"])
    if kind == "Mapped":
        return Mapped(form["column"], form["rows"], form["columns"], form["values"])
    factors = tuple(form["factors"])
    if kind == "Broadcast":
        return Broadcast(form["start"], form["coefficient"], form["cells"], form["repeat"], factors)
    view, window = form["view"], form["window"]
    source = View(tuple(view["columns"]), list(zip(view["owners"], view["places"], strict=True)))
    pairs = [tuple(window[name]) for name in ("kernel", "stride", "dilation", "padding")]
    sizes = [window[name] for name in ("channels", "height", "width", "filters")]
    return Weighted(form["start"], source, Window(*sizes, *pairs, window["groups"]), factors, form["limbs"])


def read_circuit(form: Case) -> Circuit:
    """A circuit from its map."""
    circuit = Circuit(form["sample bits"])
    for c in form["columns"]:
        circuit.columns[c["name"]] = Column(c["kind"], c["positions"], tuple(c["interval"]))
    for table in form["tables"]:
        circuit.tables[table["name"]] = [tuple(row) for row in table["rows"]]
    for o in form["lookups"]:
        values = tuple(read_combination(value) for value in o["values"])
        circuit.lookups.append(Lookup(o["name"], o["gadget"], o["table"], values))
    for o in form["products"]:
        sides = [read_combination(o[side]) for side in ("left", "right", "rest")]
        circuit.products.append(Product(o["name"], o["gadget"], *sides))
    for o in form["linear"]:
        terms = tuple(read_term(term) for term in o["terms"])
        circuit.linear.append(Linear(o["name"], o["gadget"], tuple(o["shape"]), terms, o["constant"]))
    for o in form["functionals"]:
        parts = ([p["column"], p["positions"], p["samples"], p["weights"]] for p in o["batched"])
        batched = tuple(Cells(*part) for part in parts)
        static = tuple((part["column"], part["start"], tuple(part["coefficients"])) for part in o["static"])
        circuit.functionals.append(Functional(o["name"], o["gadget"], batched, static, o["constant"]))
    return circuit


CIRCUITS = {entry["name"]: entry["input"] for entry in json.loads((FOLDER / "circuits.json").read_text())["cases"]}


def layout_of(name: str) -> Layout:
    """The layout of a circuit of `circuits.json`."""
    return Layout(read_circuit(CIRCUITS[name]["circuit"]))


@pytest.mark.parametrize(("given", "expected"), cases("circuits"))
def test_circuits(given: Case, expected: Case) -> None:
    circuit = read_circuit(given["circuit"])
    layout = Layout(circuit)
    found = {
        "digest": circuit_digest(circuit).hex(),
        "positions": layout.position,
        "places": layout.place,
        "batched cells": layout.batched_cells,
        "static cells": layout.static_cells,
        "address variables": layout.address_variables,
        "lookup leaves": {leaves.lookup.name: leaves.start for leaves in layout.lookups},
        "table leaves": layout.table_start,
        "tags": layout.tag,
        "lookups": layout.lookup_count,
        "table rows": layout.table_rows,
        "depth": layout.depth,
        "arity": layout.arity,
        "product variables": layout.product_variables,
        "functional variables": layout.functional_variables,
        "elements": layout.elements,
        "claims": layout.claims,
    }
    assert found == {name: value for name, value in expected.items() if name != "products"}
    assert layout.products == len(expected["products"])


class Run:
    """A channel in clear that keeps the elements that were drawn."""

    def __init__(self, given: Case) -> None:
        drawn = self.drawn = []

        class Recorder(Transcript):
            def elements(self, label: str, count: int) -> list[field.Element]:
                found = super().elements(label, count)
                drawn.extend(found)
                return found

        transcript = Recorder()
        transcript.absorb("protocol", b"zkaudit/v1")
        messages = elements(given["messages"])
        data = b"".join(wire.big_endian(4, c) for message in messages for c in message)
        self.channel = Channel(transcript, data, messages)

    def compare(self, expected: Case, layout: Layout | None = None, claims: list[Claim] | None = None) -> None:
        """Challenges, constraints and claims are those expected."""
        assert plain(self.drawn) == expected["challenges"]
        assert plain([form.constant for form in self.channel.constraints]) == expected["constraints"]
        assert self.channel.finished
        if claims is not None:
            found = [claim_map(claim) for claim in claims]
            assert found == [{k: v for k, v in claim.items() if k != "name"} for claim in expected["claims"]]


def claim_map(claim: Claim) -> Case:
    """A claim as the vectors have it."""
    batched = sorted((s, p, w) for s, weights in claim.batched.items() for p, w in weights.items() if w != field.ZERO)
    static = sorted((place, weight) for place, weight in claim.static.items() if weight != field.ZERO)
    return {"value": plain(claim.value.constant), "batched": plain(batched), "static": plain(static)}


@pytest.mark.parametrize(("given", "expected"), cases("sumcheck"))
def test_sumchecks(given: Case, expected: Case) -> None:
    run = Run(given)
    point, value = run.channel.sumcheck(Expression(element(given["claim"])), given["rounds"], given["degree"])
    assert plain((point, value.constant)) == [expected["point"], expected["value"]]
    run.compare(expected)
    if "left" in given:
        table = field.equality_table(point)
        left, right = (field.dot(table, elements(given[side])) for side in ("left", "right"))
        assert value.constant == field.multiply(left, right)


@pytest.mark.parametrize(("given", "expected"), cases("lookups"))
def test_lookups(given: Case, expected: Case) -> None:
    if "numerators" in given:
        fractions(given, expected)
        return
    run, layout = Run(given), layout_of(given["circuit"])
    sample_point, claims = arguments.lookups(run.channel, layout)
    assert plain(sample_point) == expected["point"][: layout.bits]
    run.compare(expected, layout, claims)


def fractions(given: Case, expected: Case) -> None:
    """The layers of a tree of fractions, from the leaves up."""
    p, q = elements(given["numerators"]), elements(given["denominators"])
    for layer in reversed(expected["layers"]):
        assert plain((p, q)) == [layer["numerators"], layer["denominators"]]
        half = len(p) // 2
        cross = [field.add(field.multiply(p[i], q[i + half]), field.multiply(p[i + half], q[i])) for i in range(half)]
        p, q = cross, [field.multiply(q[i], q[i + half]) for i in range(half)]


@pytest.mark.parametrize(("given", "expected"), cases("products"))
def test_products(given: Case, expected: Case) -> None:
    run, layout = Run(given), layout_of(given["circuit"])
    sample_point, claims = arguments.products(run.channel, layout)
    assert plain(sample_point) == expected["sample point"]
    run.compare(expected, layout, claims)


@pytest.mark.parametrize(("given", "expected"), cases("linear"))
def test_linear_relations(given: Case, expected: Case) -> None:
    run, layout = Run(given), layout_of(given["circuit"])
    samples = field.equality_table(elements(given["sample point"]))
    cells = CIRCUITS[given["circuit"]]["columns"]["input"]
    inputs = [field.total(field.scale(e, x) for e, x in zip(samples, row, strict=True)) for row in cells]
    (relation,) = (o for o in layout.circuit.linear if o.name == given["relation"])
    run.compare(expected, layout, linear_relation(run.channel, layout, relation, inputs))


@pytest.mark.parametrize(("given", "expected"), cases("functionals"))
def test_functionals(given: Case, expected: Case) -> None:
    run, layout = Run(given), layout_of(given["circuit"])
    sample_point, claims = arguments.functionals(run.channel, layout)
    assert plain(sample_point) == expected["sample point"]
    run.compare(expected, layout, claims)


@pytest.mark.parametrize(("given", "expected"), cases("batching"))
def test_batching(given: Case, expected: Case) -> None:
    run, layout = Run(given), layout_of(given["circuit"])
    claims = []
    for form in given["claims"]:
        claim = Claim(layout)
        claim.value = Expression(element(form["value"]))
        for sample_point, position, weight in form["batched"]:
            claim.batched.setdefault(sample_point, {})[position] = element(weight)
        claim.static = {place: element(weight) for place, weight in form["static"]}
        claims.append(claim)
    pairs = list(zip(run.channel.challenges("claim batching", len(claims)), claims, strict=True))
    combined = combine((coefficient, claim.value) for coefficient, claim in pairs)
    z, value = run.channel.sumcheck(combined, layout.address_variables, 2)
    opened = run.channel.receive("opening value and mask value", 2)
    weight = extension(layout, [elements(point) for point in given["sample points"]], pairs, z)
    run.channel.require_zero([(weight, opened[0]), (MINUS_ONE, value)])
    assert plain((z, weight)) == [expected["point"], expected["weight"]]
    assert plain([o.constant for o in opened]) == [expected["value"], expected["mask value"]]
    run.compare(expected)


@pytest.mark.parametrize(("given", "expected"), cases("opening"))
def test_openings_of_the_witness(given: Case, expected: Case) -> None:
    oracle = Oracle(given["W"], given["n"], given["t"])
    layout: Any = SimpleNamespace(batched_cells=given["batched cells"], static_cells=given["static cells"])
    row, z = elements(given["row"]), elements(given["point"])
    columns = [
        (oracles._point(oracle, index), cells) for index, cells in zip(given["columns"], given["cells"], strict=True)
    ]
    variables = field.clog(oracle.message)
    known = field.dot(row[: oracle.message], field.equality_table(z[1 : variables + 1]))
    assert plain(known) == expected["sum"]
    arguments_ = (layout, oracle, row, z, element(given["gamma"]), columns)
    if "refused" in expected:
        assert refused(oracles.check_combined_row, *arguments_) == expected["refused"]
    else:
        oracles.check_combined_row(*arguments_)


@pytest.mark.parametrize(("given", "expected"), cases("pads"))
def test_pad_tableaus(given: Case, expected: Case) -> None:
    transcript = Transcript()
    transcript.absorb("protocol", b"zkaudit/v1")
    transcript.absorb("pad root", bytes.fromhex(given["root"]))
    oracle, count = Oracle(given["W"], given["n"], given["t"]), given["elements"]
    rows, products = -(-count // oracle.message), -(-len(given["products"]) // oracle.message)
    profile = SimpleNamespace(grinding_bits=given["grinding bits"])
    sizes: Any = SimpleNamespace(
        pads=oracle, pad_rows=5 + rows + 3 * products, message_rows=rows, product_rows=products, profile=profile
    )
    channel = Channel(transcript, b"", [field.ZERO] * count)
    channel.pairs = [(left, right) for left, right in given["products"]]
    for form in given["constraints"]:
        coefficients = dict(enumerate(elements(form["coefficients"])))
        channel.constraints.append(Expression(element(form["constant"]), coefficients))
    tableau = oracles.Tableau(channel, SimpleNamespace(elements=count), sizes)  # type: ignore[arg-type]
    assert plain(tableau.constant) == expected["e"]
    opened = given["opened"]
    part = {"nonce": int(opened["nonce"]), **{k: bytes.fromhex(opened[k]) for k in ("cells", "salts", "path")}}
    check = (transcript, part, bytes.fromhex(given["responses"]), bytes.fromhex(given["root"]))
    if "refused" in expected:
        assert refused(tableau.check, *check) == expected["refused"]
        return
    interpolated = [field.interpolate(elements(row)) for row in expected["A"]]
    assert tableau.rows == interpolated
    tableau.check(*check)


@pytest.mark.parametrize(("given", "expected"), cases("soundness"))
def test_accounts(given: Case, expected: Case) -> None:
    architecture = read_architecture(given["architecture"])
    circuit = lower(architecture, given["labels"], given["claim"])
    layout = Layout(circuit)
    sizes = sizes_of(PROFILES[given["profile"]], layout)
    found = {
        "circuit": circuit_digest(circuit).hex(),
        "batched cells": layout.batched_cells,
        "static cells": layout.static_cells,
        "lookups": layout.lookup_count,
        "table rows": layout.table_rows,
        "elements": layout.elements,
        "products": layout.products,
        "claims": layout.claims,
        "witness oracle": [sizes.witness.message, sizes.witness.columns, sizes.witness.opened],
        "pad oracle": [sizes.pads.message, sizes.pads.columns, sizes.pads.opened],
    }
    assert found == {name: value for name, value in expected.items() if name not in ("terms", "total")}
    assert sum(map(int, expected["terms"].values())) == int(expected["total"])
    assert 2.0 ** (256 - sizes.security_bits) == pytest.approx(float(expected["total"]), rel=1e-9)
