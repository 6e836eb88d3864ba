"""Sections "Soundness" and "Sizes"."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2, perm

from tests.second.field import P, clog
from tests.second.layout import Layout
from tests.second.wire import RefusedError


@dataclass(frozen=True)
class Profile:
    """A row of the table of section "Sizes"."""

    target_bits: int
    grinding_bits: int
    chain_steps: int
    smallest_message: int
    pad_message: int
    pad_columns: int
    pad_target_bits: int
    blow_up: int = 8
    largest_columns: int = 2**24


PROFILES = {
    "standard-128": Profile(128, 16, 65536, 256, 256, 4096, 136),
    "test-insecure": Profile(20, 4, 16, 64, 64, 1024, 24),
}


@dataclass(frozen=True)
class Oracle:
    """W, n and t."""

    message: int
    columns: int
    opened: int

    @property
    def dimension(self) -> int:
        """k = W + t."""
        return self.message + self.opened

    @property
    def agreement(self) -> int:
        """n - e - 1."""
        return self.columns - (self.columns - self.dimension) // 2 - 1


@dataclass(frozen=True)
class Sizes:
    """The oracles with their rows, those of the pad oracle over F, and the security bits."""

    profile: Profile
    witness: Oracle
    witness_rows: int
    pads: Oracle
    message_rows: int
    product_rows: int
    security_bits: float

    @property
    def pad_rows(self) -> int:
        """F-rows of the pad oracle."""
        return 5 + self.message_rows + 3 * self.product_rows


def over_field(count: int, grinding: int = 0) -> int:
    """field(c, g)."""
    return -(-(count << (256 - grinding)) // P**5)


def query(columns: int, agreement: int, opened: int, grinding: int) -> int:
    """query(n, agreement, t)."""
    return -(-(perm(agreement, opened) << (256 - grinding)) // perm(columns, opened))


def _pad_queries(profile: Profile, oracle: Oracle) -> int:
    agreements = (oracle.agreement, oracle.message + oracle.dimension - 1, 2 * oracle.dimension - 1)
    return sum(query(oracle.columns, agreement, oracle.opened, profile.grinding_bits) for agreement in agreements)


def _argument_errors(profile: Profile, layout: Layout) -> int:
    points = sum(layout.output_variables(relation) for relation in layout.circuit.linear)
    rounds = sum(count for count in layout.rounds if count is not None)
    counts = (
        sum(3 * level + 2 for level in range(1, layout.depth + 1)),
        layout.bits,
        points,
        2 * rounds,
        layout.product_variables,
        3 * layout.product_variables,
        1,
        2 * layout.functional_variables,
        9,
        1,
    )
    lookups = over_field(layout.lookup_count + layout.table_rows - 1, profile.grinding_bits)
    return lookups + sum(map(over_field, counts))


def _opening_errors(profile: Profile, layout: Layout, oracle: Oracle) -> int:
    bits = clog(oracle.message)
    row_variables = max(layout.address_variables - bits, clog(_data_rows(layout, oracle.message)), 0)
    errors = (2 * (row_variables + bits), 1, (row_variables + 1) * oracle.columns)
    opened = query(oracle.columns, oracle.agreement, oracle.opened, profile.grinding_bits)
    return sum(map(over_field, errors)) + opened


def _data_rows(layout: Layout, message: int) -> int:
    return -(-layout.batched_cells // message) + -(-layout.static_cells // message)


def _fewest_opened(profile: Profile, layout: Layout, message: int, budget: int) -> Oracle | None:
    def fits(opened: int) -> bool:
        oracle = Oracle(message, profile.blow_up * message, opened)
        return _opening_errors(profile, layout, oracle) <= budget

    low, high = 0, min(message, 1024)
    if not fits(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return Oracle(message, profile.blow_up * message, high)


def sizes_of(profile: Profile, layout: Layout) -> Sizes:
    """The sizes of a statement."""
    trials = (Oracle(profile.pad_message, profile.pad_columns, t) for t in range(1, profile.pad_message + 1))
    pads = next(o for o in trials if _pad_queries(profile, o) <= 2 ** (256 - profile.pad_target_bits))
    pad_errors = over_field(pads.columns) + _pad_queries(profile, pads) + 2 * over_field(1)
    other = _argument_errors(profile, layout) + pad_errors
    budget = 2 ** (256 - profile.target_bits) - other
    found: list[tuple[int, int, Oracle]] = []
    message = profile.smallest_message
    while profile.blow_up * message <= profile.largest_columns:
        oracle = _fewest_opened(profile, layout, message, budget)
        if oracle is not None:
            path = 32 * max(0, clog(oracle.columns) - (oracle.opened.bit_length() - 1))
            column = 4 * (5 + _data_rows(layout, message)) + 32 + path
            found.append((20 * oracle.dimension + oracle.opened * column, message, oracle))
        message *= 2
    if not found:
        raise RefusedError("statement", "too large for the profile")
    witness = min(found, key=lambda entry: entry[:2])[2]
    return Sizes(
        profile=profile,
        witness=witness,
        witness_rows=5 + _data_rows(layout, witness.message),
        pads=pads,
        message_rows=-(-layout.elements // pads.message),
        product_rows=-(-layout.products // pads.message),
        security_bits=256 - log2(other + _opening_errors(profile, layout, witness)),
    )
