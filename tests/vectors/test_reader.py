"""A reader of the vectors in plain Python, written from `vectors/README.md` and `docs/protocol.md`.

It shares no code with zkaudit, nor with the second verifier.
"""

from __future__ import annotations

import ast
import json
import re
from fractions import Fraction
from functools import reduce
from hashlib import sha256
from itertools import count
from math import comb, floor, isfinite, lgamma, log, log2
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "vectors"
P = 2**31 - 2**24 + 1

Case = dict[str, Any]
Element = list[int]


def cases(name: str, *operations: str) -> list[Any]:
    """The cases of a file as parameters of a test, all of them or those of some operations."""
    every = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    chosen = [entry for entry in every if not operations or entry["input"].get("operation") in operations]
    return [pytest.param(entry["input"], entry["expected"], id=entry["name"]) for entry in chosen]


def be(size: int, value: int) -> bytes:
    """Big-endian bytes."""
    return value.to_bytes(size, "big", signed=value < 0)


def test_the_reader_shares_no_code() -> None:
    files = sorted(Path(__file__).parent.glob("test_reader*.py"))
    assert len(files) == 2
    for file in files:
        text = file.read_text()
        nodes = list(ast.walk(ast.parse(text)))
        names = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
        names |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        allowed = {"ast", "fractions", "functools", "hashlib", "itertools", "json", "math", "pathlib", "pytest", "re"}
        assert names <= allowed | {"typing", "__future__", "collections.abc"}


def times(a: Element, b: Element) -> Element:
    """The product modulo x^5 + x^2 - 1, coefficient by coefficient from the top."""
    product = [0] * 9
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            product[i + j] += x * y
    for k in range(8, 4, -1):
        product[k - 5] += product[k]
        product[k - 3] -= product[k]
    return [c % P for c in product[:5]]


def plus(a: Element, b: Element) -> Element:
    """The sum."""
    return [(x + y) % P for x, y in zip(a, b, strict=True)]


def embed(value: int) -> Element:
    """An integer in F."""
    return [value % P, 0, 0, 0, 0]


def eq(point: list[Element], index: int) -> Element:
    """eq of a point and an index, bit j of which belongs to coordinate j."""
    factors = [r if index >> j & 1 else plus(embed(1), times(embed(-1), r)) for j, r in enumerate(point)]
    return reduce(times, factors, embed(1))


@pytest.mark.parametrize(("given", "expected"), cases("field", "base"))
def test_residues(given: Case, expected: Case) -> None:
    a, b = given["a"], given["b"]
    assert (expected["sum"], expected["difference"], expected["product"]) == ((a + b) % P, (a - b) % P, a * b % P)
    assert expected["inverse of a"] == ("none" if a == 0 else pow(a, P - 2, P))


@pytest.mark.parametrize(("given", "expected"), cases("field", "embed", "root of unity"))
def test_integers_and_roots(given: Case, expected: Case) -> None:
    if given["operation"] == "embed":
        residue = given["integer"] % P
        assert expected == {"residue": residue, "representative": residue if residue <= P // 2 else residue - P}
    else:
        assert expected["root"] == pow(3, (P - 1) // given["order"], P)


@pytest.mark.parametrize(("given", "expected"), cases("field", "extension"))
def test_elements(given: Case, expected: Case) -> None:
    a, b = given["a"], given["b"]
    assert expected["sum"] == plus(a, b)
    assert expected["difference"] == plus(a, times(embed(-1), b))
    assert expected["product"] == times(a, b)
    assert expected["bytes of a"] == b"".join(be(4, c) for c in a).hex()
    if expected["inverse of a"] == "none":
        assert a == embed(0)
    else:
        assert times(a, expected["inverse of a"]) == embed(1)


@pytest.mark.parametrize(("given", "expected"), cases("field", "decode"))
def test_wire_forms(given: Case, expected: Case) -> None:
    data = bytes.fromhex(given["bytes"])
    words = [int.from_bytes(data[i : i + 4], "big") for i in range(0, len(data), 4)]
    if len(data) != 20 * given["count"]:
        assert expected == {"refused": "wrong-length"}
    elif any(word >= P for word in words):
        assert expected == {"refused": "non-canonical"}
    else:
        assert expected == {"elements": [words[i : i + 5] for i in range(0, len(words), 5)]}


@pytest.mark.parametrize(("given", "expected"), cases("field", "point"))
def test_points(given: Case, expected: Case) -> None:
    point, size = given["point"], 1 << len(given["point"])
    table = [eq(point, i) for i in range(size)]
    assert expected["table"] == table
    sums = [reduce(plus, table[:length], embed(0)) for length in range(size + 1)]
    assert expected["prefix sums"] == sums
    terms = [times(table[i], embed(value)) for i, value in enumerate(given["values"])]
    assert expected["extension of values"] == reduce(plus, terms, embed(0))
    other = [eq(given["other"], i) for i in range(size)]
    # A table is multilinear, so eq of two points is the sum of the products of their tables.
    assert expected["eq of both points"] == reduce(plus, map(times, table, other), embed(0))


@pytest.mark.parametrize(("given", "expected"), cases("ntt"))
def test_polynomials(given: Case, expected: Case) -> None:
    size = len(given["cells"])
    bits = size.bit_length() - 1
    omega = pow(3, (P - 1) // size, P)
    for i, cell in enumerate(given["cells"]):
        x = pow(omega, int(f"{i:0{bits}b}"[::-1], 2), P)
        assert x == expected["points"][i]
        assert sum(c * pow(x, k, P) for k, c in enumerate(expected["coefficients"])) % P == cell


def leaf(given: Case, column: int, salt: str, cells: list[int]) -> bytes:
    """The digest of a column."""
    head = b"zkaudit column leaf v1 " + given["oracle"].encode() + bytes(4) + be(4, column)
    return sha256(head + bytes.fromhex(salt) + b"".join(be(4, cell) for cell in cells)).digest()


def node(given: Case, level: int, index: int, left: bytes, right: bytes) -> bytes:
    """The digest of two digests."""
    head = b"zkaudit merkle node v1 " + given["oracle"].encode() + be(4, level) + be(4, index)
    return sha256(head + left + right).digest()


@pytest.mark.parametrize(("given", "expected"), cases("hashes"))
def test_hashes(given: Case, expected: Case) -> None:
    if given["operation"] == "leaf":
        digest = leaf(given, given["column"], given["salt"], given["cells"])
    elif given["operation"] == "node":
        children = (bytes.fromhex(given[side]) for side in ("left", "right"))
        digest = node(given, given["level"], given["index"], *children)
    else:
        digest = sha256(bytes.fromhex(given["seed"]) + bytes(24) + be(8, int(given["nonce"]))).digest()
        assert expected["reaches"] == f"{int.from_bytes(digest, 'big'):0256b}".startswith("0" * given["bits"])
    assert expected["digest"] == digest.hex()


@pytest.mark.parametrize(("given", "expected"), cases("merkle"))
def test_multi_openings(given: Case, expected: Case) -> None:
    assert expected == ({"accepted": True} if opens(given) else {"refused": "merkle-path"})


def opens(given: Case) -> bool:
    """Whether columns and path lead to the root, every digest of the path being used."""
    size, columns = given["size"], given["columns"]
    if size & (size - 1) or not columns or columns != sorted(set(columns)) or columns[0] < 0 or columns[-1] >= size:
        return False
    digests = [bytes.fromhex(digest) for digest in given.get("leaf digests", [])]
    if not digests:
        digests = [leaf(given, *opened) for opened in zip(columns, given["salts"], given["cells"], strict=True)]
    known, path = dict(zip(columns, digests, strict=True)), [bytes.fromhex(digest) for digest in given["path"]]
    for level in range(1, size.bit_length()):
        for index in sorted(known):
            if index ^ 1 not in known:
                if not path:
                    return False
                known[index ^ 1] = path.pop(0)
        known = {i: node(given, level, i, known[2 * i], known[2 * i + 1]) for i in {index // 2 for index in known}}
    return not path and known[0].hex() == given["root"]


class State:
    """A transcript as the bytes that were appended so far."""

    def __init__(self) -> None:
        self.appended = b""

    def frame(self, kind: bytes, label: str, length: int) -> None:
        """Kind, label and length."""
        self.appended += kind + be(2, len(label)) + label.encode() + be(8, length)

    def seed(self, label: str) -> bytes:
        """The seed of a challenge."""
        self.frame(b"C", label, 0)
        seed = sha256(self.appended).digest()
        self.appended += seed
        return seed

    def absorb(self, label: str, message: bytes) -> None:
        """A message."""
        self.frame(b"M", label, len(message))
        self.appended += message


def words(seed: bytes) -> Any:
    """The words that a seed is drawn out to."""
    for counter in count():
        block = sha256(seed + be(8, counter)).digest()
        yield from (int.from_bytes(block[i : i + 4], "big") for i in range(0, 32, 4))


@pytest.mark.parametrize(("given", "expected"), cases("transcript"))
def test_histories(given: Case, expected: Case) -> None:
    state = State()
    for step, answer in zip(given["steps"], expected["answers"], strict=True):
        label, kind = step["label"], step["step"]
        if kind == "absorb":
            state.absorb(label, bytes.fromhex(step["message"]))
        elif kind == "seed":
            assert state.seed(label).hex() == answer
        elif kind == "elements":
            residues = (word % 2**31 for word in words(state.seed(label)) if word % 2**31 < P)
            assert [[next(residues) for _ in range(5)] for _ in range(step["count"])] == answer
        elif kind == "indices":
            found: set[int] = set()
            drawn = words(state.seed(label))
            while len(found) < step["count"]:
                found.add(next(drawn) % step["below"])
            assert sorted(found) == answer
        elif kind == "grinding":
            seed = state.seed(label)
            tried = (sha256(seed + bytes(24) + be(8, nonce)).digest() for nonce in count())
            least = next(n for n, d in enumerate(tried) if int.from_bytes(d, "big") >> (256 - step["bits"]) == 0)
            assert answer == {"seed": seed.hex(), "least nonce": str(least)}
            state.absorb(label, be(8, least))
        else:
            digest = state.seed(label)
            for _ in range(step["steps"]):
                digest = sha256(digest).digest()
            state.absorb(label, digest)


@pytest.mark.parametrize(("given", "expected"), cases("heldout"))
def test_digests_of_held_out_sets(given: Case, expected: Case) -> None:
    samples = given["samples"]
    data = b"zkaudit held-out set v1\0" + be(8, len(samples[0])) + be(8, len(samples))
    data += b"".join(be(2, sample[f]) for f in range(len(samples[0])) for sample in samples)
    data += b"".join(be(4, label) for label in given["labels"])
    if given["groups"] != "none":
        data += b"".join(be(8, group) for group in given["groups"])
    assert sha256(data).hexdigest() == expected["digest"]


@pytest.mark.parametrize(("given", "expected"), cases("inputs"))
def test_raw_values(given: Case, expected: Case) -> None:
    scale, low, high = float.fromhex(given["scale"]), given["low"], given["high"]
    steps = [float.fromhex(value) / scale for value in given["values"]]
    if all(isfinite(step) and low - 0.5 <= step <= high + 0.5 for step in steps):
        assert expected == {"integers": [min(max(floor(step + 0.5), low), high) for step in steps]}
    else:
        assert expected == {"refused": "statement"}


@pytest.mark.parametrize(("given", "expected"), cases("claims"))
def test_texts_of_claims(given: Case, expected: Case) -> None:
    if "text" in given:
        if not given["text"].isascii() or not re.search(r"[?&[]| and |_|predicted|recall", given["text"]):
            assert expected == read_claim(given["text"])
        return
    correct, samples, millionths = given["correct"], given["samples"], expected["millionths"]
    if samples > 1000:
        return

    def tail(p: Fraction) -> Fraction:
        return sum(
            (comb(samples, k) * p**k * (1 - p) ** (samples - k) for k in range(correct, samples + 1)), Fraction(0)
        )

    # The bound may lose one step of 10^-6 to rounding, never gain one.
    assert correct == 0 or tail(Fraction(millionths, 10**6)) <= Fraction(5, 100)
    assert tail(Fraction(millionths + 2, 10**6)) > Fraction(5, 100)


def read_claim(text: str) -> Case:
    """The canonical text of a claim of one atom without brackets, or a refusal."""
    digits = "([0-9]{1,18})"
    found = re.fullmatch(rf" *(accuracy|correct) *(>=|<=|==) *{digits}(?:\.{digits}|/{digits})? *", text, re.ASCII)
    if not found:
        return {"refused": "claim"}
    quantity, relation, whole, places, below = found.groups()
    share = quantity == "accuracy"
    if (not share and (places or below)) or (below and int(below) == 0):
        return {"refused": "claim"}
    value = Fraction(f"{whole}.{places or 0}") / int(below or 1)
    if share and value > 1:
        return {"refused": "claim"}
    shown = f"{value.numerator}/{value.denominator}"
    for length in range(18, -1, -1):
        if (value * 10**length).denominator == 1:
            scaled = str(int(value * 10**length)).rjust(length + 1, "0")
            shown = f"{scaled[:-length]}.{scaled[-length:]}" if length else scaled
    return {"canonical": f"{quantity} {relation} {shown}", "open": False}


PROFILES = {"standard-128": (128, 16), "test-insecure": (20, 4)}
"""Target and grinding bits."""


@pytest.mark.parametrize(("given", "expected"), cases("soundness"))
def test_soundness(given: Case, expected: Case) -> None:
    target, grinding = PROFILES[given["profile"]]
    terms = {name: int(error) for name, error in expected["terms"].items()}
    assert sum(terms.values()) == int(expected["total"]) <= 2 ** (256 - target)

    def field(c: int, g: int = 0) -> int:
        return -((-c << (256 - g)) // P**5)

    def agreement(size: list[int]) -> int:
        width, columns, opened = size
        return columns - (columns - width - opened) // 2 - 1

    pads = expected["pad oracle"]
    assert terms["lookup argument"] == field(expected["lookups"] + expected["table rows"] - 1, grinding)
    depth = (expected["lookups"] + expected["table rows"] - 1).bit_length()
    assert terms["fraction tree"] == field(sum(3 * layer + 2 for layer in range(1, depth + 1)))
    assert terms["commitment link"] == field(9)
    assert terms["pad row combination"] == field(pads[1])
    dimension = pads[0] + pads[2]
    for name, (_, n, t), most in (
        ("witness query", expected["witness oracle"], agreement(expected["witness oracle"])),
        ("pad low-degree query", pads, agreement(pads)),
        ("pad linear query", pads, pads[0] + dimension - 1),
        ("pad quadratic query", pads, 2 * dimension - 1),
    ):
        exact = Fraction(comb(most, t), comb(n, t)) * 2 ** (256 - grinding)
        assert terms[name] == -(-exact.numerator // exact.denominator)
        # The same in bits by logarithms of factorials; no term is below one unit.
        bits = grinding + (log_binomial(n, t) - log_binomial(most, t)) / log(2)
        assert 256 - log2(terms[name]) == pytest.approx(min(bits, 256), abs=1e-6)


def log_binomial(n: int, k: int) -> float:
    """ln C(n, k)."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


CIRCUITS = {
    entry["name"]: entry for entry in json.loads((FOLDER / "circuits.json").read_text(encoding="utf-8"))["cases"]
}


@pytest.mark.parametrize("name", ["lookups", "products", "linear", "functionals"])
def test_honest_claims_are_true_of_the_columns(name: str) -> None:
    seen = 0
    for entry in json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["cases"]:
        given, expected = entry["input"], entry["expected"]
        if "circuit" not in given or "arbitrary" in entry["name"]:
            continue
        circuit = CIRCUITS[given["circuit"]]
        bits = circuit["input"]["circuit"]["sample bits"]
        point = given.get("sample point") or expected.get("sample point") or expected["point"][:bits]
        assert all(constraint == embed(0) for constraint in expected["constraints"])
        for claim in expected["claims"]:
            assert holds(circuit, claim, point), claim["name"]
            seen += 1
    assert seen >= 2


def holds(circuit: Case, claim: Case, point: list[Element]) -> bool:
    """Whether the weighted cells add up to the value of a claim; all its batched cells are at one sample point."""
    columns = circuit["input"]["columns"]
    rows: dict[int, list[int]] = {}
    for name, first in circuit["expected"]["positions"].items():
        rows |= {first + i: row for i, row in enumerate(columns[name])}
    places: dict[int, int] = {}
    for name, first in circuit["expected"]["places"].items():
        places |= {first + i: cell for i, cell in enumerate(columns[name])}
    total = embed(0)
    for _, position, weight in claim["batched"]:
        cells = [times(eq(point, n), embed(cell)) for n, cell in enumerate(rows[position])]
        total = plus(total, times(weight, reduce(plus, cells)))
    for place, weight in claim["static"]:
        total = plus(total, times(weight, embed(places[place])))
    return bool(total == claim["value"])


@pytest.mark.parametrize(("given", "expected"), cases("sumcheck"))
def test_sumchecks(given: Case, expected: Case) -> None:
    state, messages = State(), list(given["messages"])
    state.absorb("protocol", b"zkaudit/v1")
    point: list[Element] = []
    claim = given["claim"]
    for r in expected["challenges"]:
        lowest, *higher = (messages.pop(0) for _ in range(given["degree"]))
        state.absorb("round polynomial", b"".join(be(4, c) for e in (lowest, *higher) for c in e))
        residues = (word % 2**31 for word in words(state.seed("round challenge")) if word % 2**31 < P)
        assert [next(residues) for _ in range(5)] == r
        # c_1 = claim - 2 c_0 - c_2 - .., then Horner's rule.
        linear = reduce(lambda a, b: plus(a, times(embed(-1), b)), [lowest, lowest, *higher], claim)
        coefficients = [lowest, linear, *higher]
        claim = reduce(lambda value, c: plus(times(value, r), c), reversed(coefficients), embed(0))
        point.insert(0, r)
    assert (point, claim) == (expected["point"], expected["value"])


def test_the_documented_answers_are_those_of_the_vectors() -> None:
    text = (FOLDER.parent / "docs" / "protocol.md").read_text(encoding="utf-8").split("## Known answers")[1]
    digests = re.findall(r"^ +([0-9a-f]{64})$", text, re.MULTILINE)
    numbers = [
        [int(n) for n in re.findall(r"[0-9]+", line)] for line in re.findall(r"^ {8}\(?([0-9, ]+)\)?$", text, re.M)
    ]

    def answer(name: str, chosen: str) -> tuple[Case, Case]:
        every = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["cases"]
        (entry,) = (entry for entry in every if entry["name"] == chosen)
        return entry["input"], entry["expected"]

    state = State()
    given, history = answer("transcript", "documented")
    for step in given["steps"][:2]:
        state.absorb(step["label"], bytes.fromhex(step["message"]))
    hashes = [answer("hashes", name)[1]["digest"] for name in ("leaf", "node", "nonce 9 of zeros")]
    seed = sha256(b"zkaudit commitment: Ajtai over KoalaBear, X^512 + 1, version 1").hexdigest()
    assert digests == [sha256(state.appended).hexdigest(), *hashes, seed]
    given, row = answer("reed_solomon", "row of 256 cells")
    points = [row["points"][given["columns"].index(column)] for column in (0, 1, 300)]
    first = answer("commitment", "a_0")[1]["first"]
    assert numbers == [history["answers"][2][0], history["answers"][3], first[:4], points]
