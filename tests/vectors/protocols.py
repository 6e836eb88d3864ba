"""Known answers of the interactive protocols, run in clear: no pads, so that every value can be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from tests.plain import collapse, false_claims, read_cells
from tests.vectors.circuits import toy
from tests.vectors.files import Case, Stream, case
from zkaudit.field import arrays
from zkaudit.field.extension import ZERO, Element, add, embed, multiply, scale
from zkaudit.functionals.prover import prove_functionals
from zkaudit.functionals.verifier import reduce_functionals
from zkaudit.layout import Layout
from zkaudit.linear.prover import prove_linear
from zkaudit.linear.verifier import reduce_linear
from zkaudit.lookup.claims import leaf_claims
from zkaudit.lookup.prover import build_tree
from zkaudit.lookup.tree import prove_fraction_tree
from zkaudit.lookup.verifier import reduce_fraction_tree
from zkaudit.masking import Plan, ProverChannel, VerifierChannel, known
from zkaudit.opening.claims import BatchedTerm, Claim, Claims, IntegerTerm, OuterTerm, RangeTerm, StaticTerm
from zkaudit.opening.verifier import reduce_claims
from zkaudit.products.prover import prove_products
from zkaudit.products.verifier import reduce_products
from zkaudit.reduction import draw_fingerprint
from zkaudit.relation import Kind
from zkaudit.sumcheck.verifier import reduce_sumcheck
from zkaudit.transcript import Label, Transcript
from zkaudit_circuits.network import INPUT

PROTOCOL = "zkaudit/v1"
HONEST = "Messages of an honest prover: every constraint is zero and every claim is true of the columns."
ARBITRARY = "Messages that mean nothing: constraints are not zero, so each of their terms is seen."


class _Recorder(Transcript):
    """A transcript that keeps the elements that were drawn."""

    def __init__(self, protocol: str, drawn: list[Element]) -> None:
        self.drawn = drawn
        super().__init__(protocol)

    def challenges(self, label: Label, count: int) -> list[Element]:
        """As they are drawn."""
        elements = super().challenges(label, count)
        self.drawn.extend(elements)
        return elements


def _verifier(messages: Sequence[Element], pairs: Sequence[tuple[int, int]]) -> VerifierChannel:
    """A channel whose pads are all zero, so that the constants of expressions are their values."""
    plan = Plan()
    plan.message(len(messages))
    for left, right in pairs:
        plan.product(left, right)
    return VerifierChannel(_Recorder(PROTOCOL, []), messages, plan)


def _prover() -> ProverChannel:
    return ProverChannel(Transcript(PROTOCOL), [ZERO] * 5000)


def _run(
    messages: Sequence[Element], pairs: Sequence[tuple[int, int]], reduce: Callable[[VerifierChannel], dict[str, Any]]
) -> dict[str, Any]:
    """What a reduction draws, requires and leaves."""
    channel = _verifier(messages, pairs)
    result = reduce(channel)
    channel.finish()
    transcript = channel.transcript
    assert isinstance(transcript, _Recorder)
    return result | {
        "challenges": transcript.drawn,
        "constraints": [form.constant for form in channel.tape.constraints],
    }


def _claims(layout: Layout, claims: Sequence[Claim]) -> list[dict[str, Any]]:
    result = []
    for claim in claims:
        batched, static = weights_of(layout, claim)
        result.append({"name": claim.name, "value": claim.value.constant, "batched": batched, "static": static})
    return result


def weights_of(layout: Layout, claim: Claim) -> tuple[list[Any], list[Any]]:
    """(sample point, position, weight) of batched and (place, weight) of static cells, without zeros."""
    batched: dict[tuple[int, int], Element] = {}
    static: dict[int, Element] = {}
    for term in claim.terms:
        if isinstance(term, BatchedTerm):
            first = layout.batched_positions[term.column]
            for i, weight in enumerate(arrays.to_elements(term.weights)):
                key = (term.sample_point, first + i)
                batched[key] = add(batched.get(key, ZERO), weight)
            continue
        if isinstance(term, StaticTerm):
            weights = arrays.to_elements(term.weights)
        elif isinstance(term, IntegerTerm):
            weights = [embed(weight) for weight in term.weights]
        elif isinstance(term, RangeTerm):
            table = arrays.equality_table(term.point)[:, term.leaf_start : term.leaf_start + term.length]
            weights = arrays.to_elements(arrays.scale(table, term.factor))
        else:
            assert isinstance(term, OuterTerm)
            product = arrays.multiply(term.rows[:, :, :, None], term.columns[:, :, None, :])
            weights = arrays.to_elements(product.reshape(5, -1))
        first = layout.static_places[term.column] + term.start
        for i, weight in enumerate(weights):
            static[first + i] = add(static.get(first + i, ZERO), weight)
    return (
        [[*key, weight] for key, weight in sorted(batched.items()) if weight != ZERO],
        [[place, weight] for place, weight in sorted(static.items()) if weight != ZERO],
    )


def sumcheck_cases() -> list[Case]:
    """`sumcheck.json`."""
    result = []
    for degree, rounds in ((2, 0), (2, 1), (3, 1), (2, 3), (3, 4)):
        stream = Stream(f"sumcheck {degree} {rounds}")
        claim, messages = stream.element(), stream.elements(degree * rounds)

        def reduce(channel: VerifierChannel, claim: Element = claim, rounds: int = rounds, degree: int = degree) -> Any:
            point, value = reduce_sumcheck(channel, known(claim), rounds, degree)
            return {"point": point, "value": value.constant}

        given = {"claim": claim, "rounds": rounds, "degree": degree, "messages": messages}
        comment = "The point, whose last coordinate is the first challenge, and the value there."
        result.append(case(f"degree {degree}, {rounds} rounds", comment, given, _run(messages, [], reduce)))
    return [*result, _true_sumcheck()]


def _true_sumcheck() -> Case:
    """A sum over three variables of a product of two multilinear extensions."""
    stream = Stream("sumcheck of a product")
    left, right = stream.elements(8), stream.elements(8)
    channel, folded = _prover(), [left, right]
    point: list[Element] = []
    claim = arrays.dot(arrays.from_elements(left), arrays.from_elements(right))
    while len(folded[0]) > 1:
        half = len(folded[0]) // 2
        low = [values[:half] for values in folded]
        steps = [[_minus(b, a) for a, b in zip(v[:half], v[half:], strict=True)] for v in folded]
        c0 = _sum(multiply(a, b) for a, b in zip(*low, strict=True))
        c2 = _sum(multiply(a, b) for a, b in zip(*steps, strict=True))
        channel.send(Label.ROUND, [c0, c2])
        r = channel.challenge(Label.ROUND_POINT)
        point.insert(0, r)
        folded = [[add(a, multiply(r, d)) for a, d in zip(f, s, strict=True)] for f, s in zip(low, steps, strict=True)]

    def reduce(verifier: VerifierChannel) -> Any:
        found, value = reduce_sumcheck(verifier, known(claim), 3, 2)
        if found != point or value.constant != multiply(folded[0][0], folded[1][0]):
            raise ValueError("the sumcheck of a product is wrong")
        return {"point": found, "value": value.constant}

    given = {"claim": claim, "rounds": 3, "degree": 2, "messages": channel.sent, "left": left, "right": right}
    comment = "A true claim: the sum of left[i] right[i]; the value is the product of both extensions at the point."
    return case("a product of two extensions", comment, given, _run(channel.sent, [], reduce))


def _minus(a: Element, b: Element) -> Element:
    return add(a, scale(b, -1))


def _sum(values: Any) -> Element:
    result = ZERO
    for value in values:
        result = add(result, value)
    return result


def _both(
    name: str,
    pairs: Sequence[tuple[int, int]],
    honest: Sequence[Element],
    reduce: Callable[[VerifierChannel], dict[str, Any]],
    given: dict[str, Any],
) -> list[Case]:
    """The reduction on an honest prover's messages and on others."""
    first = _run(honest, pairs, reduce)
    if any(value != ZERO for value in first["constraints"]):
        raise ValueError(f"{name}: an honest prover fails")
    other = Stream(f"arbitrary {name}").elements(len(honest))
    second = _run(other, pairs, reduce)
    result = [case(f"{name}, honest", HONEST, given | {"messages": honest}, first)]
    result.append(case(f"{name}, arbitrary", ARBITRARY, given | {"messages": other}, second))
    return result


def lookup_cases() -> list[Case]:
    """`lookups.json`."""
    layout, columns = toy()
    channel = _prover()
    fingerprint = draw_fingerprint(channel, layout)
    prove_fraction_tree(channel, build_tree(layout, fingerprint, read_cells(layout, columns), columns))

    def reduce(verifier: VerifierChannel) -> dict[str, Any]:
        drawn = draw_fingerprint(verifier, layout)
        point, p, q = reduce_fraction_tree(verifier, layout.tree_depth)
        claims = leaf_claims(verifier, layout, drawn, point, p, q)
        leaf = {"point": point, "numerator": p.constant, "denominator": q.constant}
        return leaf | {"claims": _claims(layout, claims)}

    pairs = [pair for pair in layout.full_plan.products if pair[1] < len(channel.sent)]
    cases = _both("lookups", pairs, channel.sent, reduce, {"circuit": "toy"})
    return [*_trees(), *cases]


def _trees() -> list[Case]:
    """Fraction trees of few given leaves, their layers and the reduction."""
    result = []
    for depth, balanced in ((1, True), (2, True), (3, False)):
        stream = Stream(f"fraction tree {depth}")
        size = 1 << depth
        numerators, denominators = stream.elements(size), stream.elements(size)
        if balanced:
            half = size // 2
            numerators[half:] = [scale(value, -1) for value in numerators[:half]]
            denominators[half:] = denominators[:half]
        layers = [(numerators, denominators)]
        while len(layers[0][0]) > 1:
            p, q = layers[0]
            half = len(p) // 2
            sums = [add(multiply(p[i], q[i + half]), multiply(p[i + half], q[i])) for i in range(half)]
            layers.insert(0, (sums, [multiply(q[i], q[i + half]) for i in range(half)]))
        given = {"depth": depth, "numerators": numerators, "denominators": denominators}
        expected = {"layers": [{"numerators": p, "denominators": q} for p, q in layers]}
        comment = "The layers of fractions from the root, node i having the children i and i + 2^l."
        if balanced:
            comment += " The sum is zero."
        result.append(case(f"fractions of depth {depth}", comment, given, expected))
    return result


def product_cases() -> list[Case]:
    """`products.json`."""
    layout, columns = toy()
    channel = _prover()
    prove_products(channel, layout, read_cells(layout, columns))

    def reduce(verifier: VerifierChannel) -> dict[str, Any]:
        sample_point, claims = reduce_products(verifier, layout, 1)
        return {"sample point": sample_point, "claims": _claims(layout, claims)}

    count = len(channel.sent)
    return _both("products", [(count - 3, count - 2)], channel.sent, reduce, {"circuit": "toy"})


def linear_cases() -> list[Case]:
    """`linear.json`."""
    layout, columns = toy()
    point = Stream("linear sample point").elements(layout.circuit.sample_bits)
    collapsed = collapse(columns, [c.name for c in layout.circuit.of_kind(Kind.BATCHED)], point)
    inputs = arrays.matrix_vector(columns[INPUT], arrays.equality_table(point))
    result = []
    for relation in layout.circuit.linear:
        channel = _prover()
        prove_linear(channel, layout, relation, inputs, collapsed, columns)

        def reduce(verifier: VerifierChannel, relation: Any = relation) -> dict[str, Any]:
            claims = reduce_linear(verifier, layout, relation, inputs)
            false = false_claims(layout, columns, [point], claims)
            return {"claims": _claims(layout, claims), "true claims": not false}

        count = len(channel.sent)
        pairs = [(count - 2, count - 1)] if count else []
        given = {"circuit": "toy", "relation": relation.name, "sample point": point}
        if count:
            result += _both(relation.name, pairs, channel.sent, reduce, given)
        else:
            answer = _run([], [], reduce)
            result.append(case(relation.name, HONEST, given | {"messages": []}, answer))
    return result


def functional_cases() -> list[Case]:
    """`functionals.json`."""
    layout, columns = toy()
    channel = _prover()
    prove_functionals(channel, layout, columns)

    def reduce(verifier: VerifierChannel) -> dict[str, Any]:
        sample_point, claims = reduce_functionals(verifier, layout, 2)
        return {"sample point": sample_point, "claims": _claims(layout, claims)}

    return _both("functionals", [], channel.sent, reduce, {"circuit": "toy"})


def batching_cases() -> list[Case]:
    """`batching.json`."""
    layout, _ = toy()
    stream = Stream("batching")
    points = [stream.elements(layout.circuit.sample_bits) for _ in range(3)]
    terms = [
        (BatchedTerm(sample_point=0, column="a", weights=stream.vector(6)),),
        (
            BatchedTerm(sample_point=1, column="bit", weights=stream.vector(3)),
            BatchedTerm(sample_point=2, column="a", weights=stream.vector(6)),
            StaticTerm(column="weights", start=7, weights=stream.vector(5)),
        ),
        (StaticTerm(column="randomness", start=1, weights=stream.vector(2)),),
        (BatchedTerm(sample_point=2, column="b", weights=stream.vector(4)),),
    ]
    values = stream.elements(len(terms))
    items = [
        Claim(name=f"claim {number}", value=known(value), terms=term)
        for number, (value, term) in enumerate(zip(values, terms, strict=True))
    ]
    claims = Claims(layout, points, items)
    messages = stream.elements(2 * layout.address_variables + 2)

    def reduce(verifier: VerifierChannel) -> dict[str, Any]:
        rows: Any = SimpleNamespace(layout=layout)
        evaluation = reduce_claims(verifier, claims, rows)
        transcript = verifier.transcript
        assert isinstance(transcript, _Recorder)
        weight = claims.weight_at(transcript.drawn[: len(items)], evaluation.point)
        ends = {"value": evaluation.value.constant, "mask value": evaluation.mask.constant}
        return ends | {"point": evaluation.point, "weight": weight}

    given = {"circuit": "toy", "sample points": points, "claims": _claims(layout, items), "messages": messages}
    comment = "Claims to one address: the coefficients, the point, the extension of the weights there, the constraint."
    return [case("four claims", comment, given, _run(messages, [], reduce))]
