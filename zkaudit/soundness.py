"""The soundness account: the named error terms of a statement, and the oracle sizes that keep their sum low.

Unique-decoding regime throughout; every error is an integer count of 2^-256, rounded up, so both sides agree exactly.
Sources: docs/protocol.md, "Soundness"; [BCIKS20] Ben-Sasson et al., Proximity Gaps for Reed-Solomon Codes;
[DG25] Diamond and Gruen, Proximity Gaps in Interleaved Codes; [AHIV17] Ames et al., Ligero;
[PH23] Papini and Haboeck, Improving logarithmic derivative lookups using GKR; [LFKN92] Lund et al., sumcheck.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import log2, perm

from zkaudit.errors import InvalidInput
from zkaudit.field.extension import DEGREE
from zkaudit.field.koalabear import MODULUS
from zkaudit.parameters import Profile

FIELD_SIZE: int = MODULUS**DEGREE
"""Size of F: the denominator of every algebraic error."""

MASK_ROWS = 5
"""K-rows of the witness oracle that hold the F-valued mask row of its one opening."""

LINK_VARIABLES = 9
"""Variables of the commitment link: 2^9 coefficients of a ring element."""

SALT_BYTES = 32
"""Bytes of salt that are sent with an opened column."""

_SCALE = 256
"""Errors are integers in units of 2^-256."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementShape:
    """The counts of a statement that its soundness errors depend on."""

    sample_bits: int
    """b: the padded sample count is 2^b."""
    lookups: int
    """Fractions of numerator 1, padding samples included."""
    table_rows: int
    """Rows of all tables."""
    tree_depth: int
    """nu: the fraction tree has 2^nu leaves."""
    product_variables: int | None
    """Rounds of the batched zero-check; None without product relations."""
    linear_points: tuple[int, ...]
    """Variables of each linear layer's output point."""
    linear_rounds: tuple[int, ...]
    """Rounds of each linear layer's degree-2 sumcheck."""
    functional_count: int
    """Public functionals that are combined into one."""
    functional_variables: int | None
    """Rounds of the functionals' degree-2 sumcheck; None without one."""
    claims: int
    """Linear claims that the batching takes in."""
    address_variables: int
    """Variables of a cell's address in the witness vector; never fewer than its rows need."""
    batched_cells: int
    """Cells of all batched columns."""
    static_cells: int
    """Cells of all static columns."""
    pad_elements: int
    """Pads of prover messages, in elements of F."""
    pad_products: int
    """Products of two pads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleParameters:
    """Sizes of one oracle: `message` cells and `pads` random coefficients a row, `columns` places of a code word.

    As many distinct columns are opened as a row has pads.
    """

    message: int
    columns: int
    pads: int

    @property
    def dimension(self) -> int:
        """k = W + t."""
        return self.message + self.pads

    @property
    def agreement(self) -> int:
        """Most columns in which a word too far from every code word agrees with one: n - e - 1, e = floor((n-k)/2)."""
        return self.columns - (self.columns - self.dimension) // 2 - 1

    def data_rows(self, shape: StatementShape) -> int:
        """Rows of the witness oracle without its mask rows; the static columns begin a row."""
        return -(-shape.batched_cells // self.message) + -(-shape.static_cells // self.message)

    def rows(self, shape: StatementShape) -> int:
        """Rows of the witness oracle."""
        return MASK_ROWS + self.data_rows(shape)

    def row_variables(self, shape: StatementShape) -> int:
        """Variables of the row index: what the address has beyond a row, and enough for all rows."""
        beyond = shape.address_variables - _log2(self.message)
        return max(beyond, (self.data_rows(shape) - 1).bit_length(), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One error of the account: its formula in the counts of the statement, and the theorem behind it."""

    name: str
    formula: str
    source: str
    error: int
    """In units of 2^-256, rounded up."""

    @property
    def bits(self) -> float:
        """-log2 of the error."""
        return _SCALE - log2(self.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """All error terms of a statement; a union bound adds them up."""

    terms: tuple[Term, ...]

    @property
    def error(self) -> int:
        """The sum of the terms, in units of 2^-256."""
        return sum(term.error for term in self.terms)

    @property
    def total_bits(self) -> float:
        """-log2 of the sum."""
        return _SCALE - log2(self.error)

    def reaches(self, bits: int) -> bool:
        """Whether the sum is at most 2^-bits, exactly."""
        return self.error <= 1 << (_SCALE - bits)


def account(profile: Profile, shape: StatementShape, witness: OracleParameters, pads: OracleParameters) -> Account:
    """The error terms of a statement for given oracle sizes."""
    terms = _argument_terms(profile, shape) + _oracle_terms(profile, shape, witness) + _pad_terms(profile, pads)
    return Account(terms=tuple(term for term in terms if term.error))


def choose_parameters(profile: Profile, shape: StatementShape) -> tuple[OracleParameters, OracleParameters]:
    """The sizes of the witness and the pad oracle: a fixed function of profile and statement.

    The message length is the power of two that makes the proof smallest, the pads the fewest that reach the target.
    `InvalidInput` where no size does.
    """
    pads = pad_parameters(profile)
    fixed = sum(term.error for term in _argument_terms(profile, shape) + _pad_terms(profile, pads))
    budget = (1 << (_SCALE - profile.target_bits)) - fixed
    best: tuple[int, OracleParameters] | None = None
    message = profile.smallest_message
    while profile.blow_up * message <= profile.largest_columns:
        witness = _fewest_pads(profile, shape, message, budget)
        if witness is not None:
            size = opening_bytes(shape, witness)
            if best is None or size < best[0]:
                best = (size, witness)
        message *= 2
    if best is None:
        raise InvalidInput(
            f"the statement is too large for {profile.target_bits} bits of soundness",
            expected="fewer samples or a smaller model",
            next_step="audit in several parts",
        )
    return best[1], pads


def opening_bytes(shape: StatementShape, witness: OracleParameters) -> int:
    """Predicted bytes of the witness opening: combined row, opened columns with salts, Merkle paths.

    t sorted paths share about log2(t) levels each.
    """
    columns = witness.pads
    path = 32 * (_log2(witness.columns) - _log2(columns))
    return 20 * witness.dimension + columns * (4 * witness.rows(shape) + SALT_BYTES + path)


@lru_cache(maxsize=8)
def pad_parameters(profile: Profile) -> OracleParameters:
    """The sizes of the pad oracle: they do not depend on the statement."""
    for pads in range(1, profile.pad_message + 1):
        oracle = OracleParameters(message=profile.pad_message, columns=profile.pad_columns, pads=pads)
        if sum(_pad_query_errors(profile, oracle)) <= 1 << (_SCALE - profile.pad_target_bits):
            return oracle
    raise ValueError(f"the pad oracle of {profile.name} is too small")


def query_error(columns: int, agreement: int, opened: int, grinding_bits: int) -> int:
    """C(agreement, t) / C(columns, t) 2^-grinding: all t distinct columns fall into the agreement, rounded up."""
    return -(-(perm(agreement, opened) << (_SCALE - grinding_bits)) // perm(columns, opened))


def _fewest_pads(profile: Profile, shape: StatementShape, message: int, budget: int) -> OracleParameters | None:
    """The least t with the witness oracle's errors within the budget, by bisection; None if no t up to W does.

    At rate 1/8 and t <= W the query error falls with t, so bisection is right:
    one more column multiplies it by at most 5/8, the agreement a, one higher then, by at most a / (a - t) <= 9/7.
    """

    def oracle(pads: int) -> OracleParameters:
        return OracleParameters(message=message, columns=profile.blow_up * message, pads=pads)

    def fits(pads: int) -> bool:
        return sum(term.error for term in _oracle_terms(profile, shape, oracle(pads))) <= budget

    # At rate 1/8 no target below 600 bits takes 2^10 columns, and long products are slow.
    low, high = 0, min(message, 1 << 10)
    if not fits(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return oracle(high)


def _over_field(count: int, grinding_bits: int = 0) -> int:
    """count / |F| 2^-grinding, rounded up."""
    return -(-(count << (_SCALE - grinding_bits)) // FIELD_SIZE)


def _log2(power: int) -> int:
    return power.bit_length() - 1


def _argument_terms(profile: Profile, shape: StatementShape) -> list[Term]:
    """The errors of the interactive argument over ideal oracles."""
    rows: list[tuple[str, str, str, int]] = [
        ("fraction tree", "sum over l = 1..depth of (3 l + 2) / |F|", "[PH23], [LFKN92]",
         sum(3 * level + 2 for level in range(1, shape.tree_depth + 1))),
        ("sample collapse", "sample bits / |F|", "Schwartz-Zippel", shape.sample_bits),
        ("linear output points", "sum of variables / |F|", "Schwartz-Zippel", sum(shape.linear_points)),
        ("linear sumchecks", "2 rounds / |F|", "[LFKN92]", 2 * sum(shape.linear_rounds)),
        ("product point", "variables / |F|", "Schwartz-Zippel", shape.product_variables or 0),
        ("product sumcheck", "3 rounds / |F|", "[LFKN92]", 3 * (shape.product_variables or 0)),
        ("functional combination", "1 / |F|", "random linear combination", int(shape.functional_count > 0)),
        ("functional sumcheck", "2 rounds / |F|", "[LFKN92]", 2 * (shape.functional_variables or 0)),
        ("commitment link", "9 / |F|", "Schwartz-Zippel", LINK_VARIABLES),
        ("claim batching", "1 / |F|", "random linear combination", 1),
    ]  # fmt: skip
    lookup = Term(
        name="lookup argument",
        formula=f"(lookups + table rows - 1) / |F| / 2^{profile.grinding_bits}",
        source="[PH23]",
        error=_over_field(max(shape.lookups + shape.table_rows - 1, 0), profile.grinding_bits),
    )
    return [lookup] + [
        Term(name=name, formula=formula, source=source, error=_over_field(count))
        for name, formula, source, count in rows
    ]


def _oracle_terms(profile: Profile, shape: StatementShape, witness: OracleParameters) -> list[Term]:
    """The errors of the one opening of the witness oracle."""
    row_variables = witness.row_variables(shape)
    rounds = row_variables + _log2(witness.message)
    query = query_error(witness.columns, witness.agreement, witness.pads, profile.grinding_bits)
    return [
        Term(name="batching sumcheck", formula="2 rounds / |F|", source="[LFKN92]", error=_over_field(2 * rounds)),
        Term(name="opening gamma", formula="1 / |F|", source="random linear combination", error=_over_field(1)),
        Term(
            name="witness row combination",
            formula="(row variables + 1) n / |F|",
            source="[BCIKS20] theorem 4.1, [DG25] corollary 3.7",
            error=_over_field((row_variables + 1) * witness.columns),
        ),
        Term(
            name="witness query",
            formula=f"C(n-e-1, t) / C(n, t) / 2^{profile.grinding_bits}",
            source="[AHIV17], distinct columns",
            error=query,
        ),
    ]


def _pad_query_errors(profile: Profile, pads: OracleParameters) -> tuple[int, int, int]:
    """Low-degree, linear and quadratic query errors; all three tests share one set of columns."""
    agreements = (pads.agreement, pads.message + pads.dimension - 1, 2 * pads.dimension - 1)
    low_degree, linear, quadratic = (
        query_error(pads.columns, agreement, pads.pads, profile.grinding_bits) for agreement in agreements
    )
    return low_degree, linear, quadratic


def _pad_terms(profile: Profile, pads: OracleParameters) -> list[Term]:
    """The errors of the three tests of the pad tableau."""
    grinding = f" / 2^{profile.grinding_bits}"
    low_degree, linear, quadratic = _pad_query_errors(profile, pads)
    rows = [
        ("pad row combination", "n / |F|", "[BCIKS20] theorem 1.6", _over_field(pads.columns)),
        ("pad low-degree query", "C(n-e-1, t) / C(n, t)" + grinding, "[AHIV17], distinct columns", low_degree),
        ("pad linear query", "C(W+k-1, t) / C(n, t)" + grinding, "[AHIV17], distinct columns", linear),
        ("pad quadratic query", "C(2k-1, t) / C(n, t)" + grinding, "[AHIV17], distinct columns", quadratic),
        ("pad linear combination", "1 / |F|", "random linear combination", _over_field(1)),
        ("pad quadratic combination", "1 / |F|", "random linear combination", _over_field(1)),
    ]
    return [Term(name=name, formula=formula, source=source, error=error) for name, formula, source, error in rows]
