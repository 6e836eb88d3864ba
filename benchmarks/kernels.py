"""Kernel rates, each held against the extension product measured in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zkaudit.field import blocks
from zkaudit.field.extension import Element
from zkaudit.field.jit import kernel
from zkaudit.field.kernels import extension_multiply, load, store
from zkaudit.field.koalabear import MODULUS
from zkaudit.lookup.leaves import Leaves, write_denominators
from zkaudit.lookup.tree import FractionTree, prove_fraction_tree
from zkaudit.merkle.messages import SALT_BYTES, Oracle
from zkaudit.reed_solomon.domain import Domain
from zkaudit.reed_solomon.prover import commit_rows
from zkaudit.transcript import Label, Transcript

LOG_LOOKUPS = 22
ENTRIES = 1 << 16
REPETITIONS = 5
COMMITTED_ROWS = 512


@dataclass(frozen=True, kw_only=True)
class Rate:
    """The fastest of several runs, in nanoseconds an item."""

    name: str
    nanoseconds: float


class _Channel:
    """Sends into a transcript without pads."""

    def __init__(self) -> None:
        self.transcript = Transcript("benchmark")

    def send(self, label: Label, elements: list[Element]) -> None:
        self.transcript.absorb(label, repr(elements).encode())

    def challenge(self, label: Label) -> Element:
        return self.transcript.challenge(label)


@kernel
def _products(a, b, out, count):  # type: ignore[no-untyped-def]
    """out = a b, block by block.

    Formula: the product in F. Shapes: blocked Montgomery arrays of 16 count entries. Bound: residues below p.
    Source: zkaudit/field/kernels.py.
    """
    for block in range(count):
        for lane in range(16):
            place = np.uint64(80 * block + lane)
            x0, x1, x2, x3, x4 = load(a, place)
            y0, y1, y2, y3, y4 = load(b, place)
            store(out, place, extension_multiply(x0, x1, x2, x3, x4, y0, y1, y2, y3, y4))


def measure() -> list[Rate]:
    """The extension product, all of LogUp-GKR at 2^22 lookups, and commitment of a witness."""
    return [_product_rate(), _lookup_rate(), _commit_rate()]


def _product_rate() -> Rate:
    generator = np.random.default_rng(0)
    a, b = (generator.integers(0, MODULUS, blocks.cells(ENTRIES), dtype=np.uint32) for _ in range(2))
    out = np.zeros_like(a)
    return Rate(name="extension product", nanoseconds=_best(lambda: _products(a, b, out, ENTRIES // 16), ENTRIES))


def _lookup_rate() -> Rate:
    """One core or two, as a proof runs it: leaves from random columns, the tree, its proof."""
    lookups = 1 << LOG_LOOKUPS
    generator = np.random.default_rng(0)
    column = generator.integers(0, MODULUS, lookups, dtype=np.uint32)
    constant, beta = _Channel().transcript.challenges(Label.LOOKUP_BETA, 2)

    def run() -> None:
        leaves = Leaves(lookups, ones=lookups)
        write_denominators(leaves.denominators, 0, [column], constant, [beta])
        prove_fraction_tree(_Channel(), FractionTree(leaves))

    return Rate(name=f"LogUp-GKR, 2^{LOG_LOOKUPS} lookups, a lookup", nanoseconds=_best(run, lookups))


def _commit_rate() -> Rate:
    domain = Domain(1 << 12, 1 << 15, 136)
    rows = COMMITTED_ROWS
    generator = np.random.default_rng(0)
    cells = generator.integers(0, MODULUS, rows * domain.width, dtype=np.uint32)
    pads = generator.integers(0, MODULUS, (rows, domain.pads), dtype=np.uint32)
    salts = np.zeros((domain.columns, SALT_BYTES), np.uint8)
    run = lambda: commit_rows(domain, Oracle.WITNESS, [(cells, rows)], pads, salts)  # noqa: E731
    return Rate(name="encode and hash at rate 1/8, a cell", nanoseconds=_best(run, cells.size))


def _best(run: Callable[[], object], items: int) -> float:
    run()
    times = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times) / items * 1e9
