"""Security estimates of the model commitment: what it costs to open it to two models, and how well it hides one.

Binding is an estimate: the block size that lattice reduction (BKZ) needs for a short enough kernel vector.
Hiding is a bound, the leftover hash lemma for the map from scalars to ring elements.
Sources: Micciancio and Regev 2009 for the best sublattice; Chen 2013 for the root Hermite factor;
Alkim, Ducas, Poeppelmann and Schwabe 2016 for the core-SVP cost; Becker, Ducas, Gama and Laarhoven 2016 and Laarhoven
2015 for its exponents; Impagliazzo, Levin and Luby 1989 for the leftover hash lemma.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import e, floor, log, log2, pi, sqrt

from zkaudit.commitment.ajtai import RANDOMNESS, RANDOMNESS_BOUND
from zkaudit.commitment.ring import DEGREE
from zkaudit.field.koalabear import MODULUS
from zkaudit_circuits.weights import BYTE

NORM = BYTE.high - BYTE.low
"""Security-derived: largest coordinate of the difference of two openings, both proved to be signed bytes."""

CLASSICAL_EXPONENT = 0.292
"""Security-derived: a short vector of a lattice of dimension b takes 2^(0.292 b) steps (Becker et al. 2016)."""

QUANTUM_EXPONENT = 0.265
"""Security-derived: the same on a quantum computer (Laarhoven 2015)."""

_BLOCK_SIZES = range(50, 6000)
"""Block sizes for which the formula of the root Hermite factor is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The cheapest attack by lattice reduction: its block size and the dimension of the lattice that it reduces."""

    norm: int
    block_size: int
    dimension: int

    @property
    def classical_bits(self) -> float:
        """log2 of the cost of one call to a core-SVP oracle; an attack makes many calls."""
        return CLASSICAL_EXPONENT * self.block_size

    @property
    def quantum_bits(self) -> float:
        """The same on a quantum computer."""
        return QUANTUM_EXPONENT * self.block_size


def estimate_binding(norm: int = NORM) -> Binding:
    """The least block size that finds a kernel vector with coordinates of magnitude `norm`.

    An attack counts as successful when its vector in d dimensions is as short as norm sqrt(d), the length of the
    longest admissible one, although a single coordinate beyond the norm would spoil it.
    The attacker takes the best d, whether or not the commitment has so many columns, and the estimate ignores the
    cost of all oracle calls but one: each of these only favours the attacker.
    """
    index = bisect_left(_BLOCK_SIZES, True, key=lambda size: _shortest(size)[0] <= log2(norm))
    if index == len(_BLOCK_SIZES):
        raise ValueError(f"no block size below {_BLOCK_SIZES.stop} reaches the norm {norm}")
    size = _BLOCK_SIZES[index]
    return Binding(norm=norm, block_size=size, dimension=_shortest(size)[1])


def hiding_bits() -> float:
    """-log2 of the distance of a commitment from uniform, whatever the weights: 1/2 sqrt(p^512 / 255^2048).

    The maps s -> sum_j s_j b_j are universal: scalars that differ do so in some s_j by less than p, so b_j uniform
    makes the difference of their images uniform.
    """
    entropy = RANDOMNESS * log2(2 * RANDOMNESS_BOUND + 1)
    return (entropy - DEGREE * log2(MODULUS)) / 2 + 1


def log_root_hermite_factor(block_size: int) -> float:
    """log2 of delta = ((pi b)^(1/b) b / (2 pi e))^(1 / (2 (b - 1))), the factor a dimension of BKZ of block size b."""
    b = block_size
    return (log2(pi * b) / b + log2(b / (2 * pi * e))) / (2 * (b - 1))


def _shortest(block_size: int) -> tuple[float, int]:
    """log2 of the least length / sqrt(d) of reduced vectors over all d, and that d.

    The length in d dimensions is delta^d p^(512 / d).
    D = log2 delta and V = 512 log2 p give the exponent d D + V / d - log2(d) / 2, which is least where
    D d^2 - d / (2 ln 2) = V.
    """
    delta, volume = log_root_hermite_factor(block_size), DEGREE * log2(MODULUS)

    def exponent(dimension: int) -> float:
        return dimension * delta + volume / dimension - log2(dimension) / 2

    slope = 1 / (2 * log(2))
    best = floor((slope + sqrt(slope * slope + 4 * delta * volume)) / (2 * delta))
    return min((exponent(dimension), dimension) for dimension in (best, best + 1))
