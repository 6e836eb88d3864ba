"""Section "Relations": columns and the terms and relations that they stand in."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.second.combinations import Combination, View
from tests.second.shapes import window_count

Interval = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """The geometry of a convolution."""

    channels: int
    height: int
    width: int
    filters: int
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1

    @property
    def members(self) -> int:
        """Channels of a group."""
        return self.channels // self.groups

    @property
    def fan_in(self) -> int:
        """Products in one sum."""
        return self.members * self.kernel[0] * self.kernel[1]

    @property
    def places(self) -> int:
        """Ho Wo."""
        rows, columns = (
            window_count(
                (self.height, self.width)[axis],
                self.kernel[axis],
                self.stride[axis],
                self.dilation[axis],
                self.padding[axis],
                self.padding[axis + 2],
            )
            for axis in range(2)
        )
        return rows * columns


@dataclass(frozen=True)
class Scaled:
    """coefficient * column."""

    column: str
    coefficient: int


@dataclass(frozen=True)
class Mapped:
    """A matrix by its entries, times a column."""

    column: str
    rows: list[int]
    columns: list[int]
    values: list[int]


@dataclass(frozen=True)
class SuffixSum:
    """coefficient * the sum of the later positions of a column."""

    column: str
    coefficient: int = 1


def limb_limit(limbs: int) -> int:
    """The largest magnitude of an integer of so many limbs."""
    return int(128 * (256**limbs - 1) // 255)


@dataclass(frozen=True)
class Broadcast:
    """Static cells of the weights, each at `repeat` positions."""

    start: int
    coefficient: int
    cells: int
    repeat: int
    factors: tuple[int, ...]


@dataclass(frozen=True)
class Weighted:
    """A convolution of a view with static cells of the weights."""

    start: int
    view: View
    window: Window
    factors: tuple[int, ...]
    limbs: int


Term = Scaled | Mapped | SuffixSum | Broadcast | Weighted


@dataclass(frozen=True)
class Column:
    """A kind, "batched", "static" or "public", positions and an interval."""

    kind: str
    positions: int
    interval: Interval


@dataclass(frozen=True)
class Lookup:
    """A tuple of combinations in a table."""

    name: str
    gadget: str
    table: str
    values: tuple[Combination, ...]


@dataclass(frozen=True)
class Product:
    """left * right + rest = 0."""

    name: str
    gadget: str
    left: Combination
    right: Combination
    rest: Combination


@dataclass(frozen=True)
class Linear:
    """The sum of terms and a constant is zero on a shape."""

    name: str
    gadget: str
    shape: tuple[int, ...]
    terms: tuple[Term, ...]
    constant: int


@dataclass(frozen=True)
class Cells:
    """Cells of a batched column, each once, with their weights."""

    column: str
    positions: list[int]
    samples: list[int]
    weights: list[int]


@dataclass(frozen=True)
class Functional:
    """One equation: weighted batched cells, and static cells with coefficients."""

    name: str
    gadget: str
    batched: tuple[Cells, ...]
    static: tuple[tuple[str, int, tuple[int, ...]], ...]
    constant: int


@dataclass
class Circuit:
    """All columns, tables and relations in order of declaration."""

    bits: int
    columns: dict[str, Column] = field(default_factory=dict)
    tables: dict[str, list[tuple[int, ...]]] = field(default_factory=dict)
    linear: list[Linear] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    functionals: list[Functional] = field(default_factory=list)

    def of_kind(self, kind: str) -> dict[str, Column]:
        """The columns of one kind."""
        return {name: column for name, column in self.columns.items() if column.kind == kind}

    def reads_input(self, view: View) -> bool:
        """Whether all columns of a view are public."""
        return all(self.columns[column].kind == "public" for column in view.columns)

    def kind_of(self, lookup: Lookup) -> str:
        """Whether a lookup is batched or static."""
        return self.columns[lookup.values[0].reads[0].column].kind
