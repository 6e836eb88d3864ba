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
from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import Architecture, Concatenate, Sum
from zkaudit.parameters import profile
from zkaudit.soundness import account, choose_parameters
from zkaudit_circuits import network
from zkaudit_circuits.claim import CorrectCount

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


def compare(architecture: Architecture, labels: list[int], count: int, exact: bool) -> bool:
    """Whether either verifier makes a circuit of the statement: if so, it is the same, and so are all sizes."""
    claim = CorrectCount(labels=np.array(labels), classes=architecture.classes, count=count, exact=exact)
    twin = read_architecture(architecture.canonical())
    assert (tuple(twin.shapes), tuple(twin.intervals)) == (architecture.shapes, architecture.intervals)
    try:
        circuit = network.lower(architecture, claim)
    except InvalidInput:
        with pytest.raises(RefusedError):
            lower(twin, labels, count, exact)
        return False
    copied = lower(twin, labels, count, exact)
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
        if compare(architecture, labels, random.number(0, samples + 1), bool(random.number(0, 2))):
            made += 1
            kinds |= {layer.kind for layer in architecture.layers}
    assert made >= 80
    assert len(kinds) == 12


def test_integers_that_could_wrap_are_refused() -> None:
    layers = (convolution(2, 2), relu(7), convolution(2, 2, (2, 2)))
    assert compare(architecture_of((2, 5, 5), layers), [0], 0, True)
    for wide in ((dense(40_000, 2),), (Sum(multipliers=(2**23,)), relu(0), average(1), relu(0), dense(40_000, 2))):
        assert not compare(architecture_of((1, 200, 200), wide), [0], 0, True)
