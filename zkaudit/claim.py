"""The claim language: conjunctions of bounds on metrics of the predictions.

A claim is one or more atoms joined by ` and `; `zkaudit.atom` has the grammar of one.
Source: docs/protocol.md, "Claim".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from zkaudit.atom import GRAMMAR, RELATIONS, Atom, Metric, Table, parse_atom, refused
from zkaudit.confidence import clopper_pearson_lower as clopper_pearson_lower
from zkaudit.errors import InvalidInput

MAX_TEXT = 1 << 16
"""Performance knob: most characters of a claim, enough for a confusion matrix of a hundred classes."""

MAX_ATOMS = 256
"""Performance knob: most atoms of a claim."""

_ORDER = {metric: place for place, metric in enumerate(Metric)}
_SPACES = re.compile(" {2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A conjunction of atoms in their one order, no two of which bound a metric from one side.

    InvalidInput for atoms that are out of order, repeated, or contradict each other.
    """

    atoms: tuple[Atom, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.atoms) <= MAX_ATOMS:
            raise InvalidInput(f"{len(self.atoms)} atoms", where="claim", expected=f"1 to {MAX_ATOMS}")
        if list(self.atoms) != sorted(self.atoms, key=_rank):
            raise InvalidInput("atoms out of order", where="claim", expected="the order of the metrics")
        bounds: dict[str, list[Atom]] = {}
        for atom in self.atoms:
            bounds.setdefault(atom.subject, []).append(atom)
        for subject, atoms in bounds.items():
            relations = [atom.relation for atom in atoms]
            if len(atoms) > 1 and relations != [">=", "<="]:
                raise InvalidInput(
                    f"{subject} is bounded twice", where="claim", expected="one >= and one <=, or one == of a metric"
                )
            low, high = atoms[0].value, atoms[-1].value
            if low is not None and high is not None and low > high:
                raise InvalidInput(f"{subject} would lie in an empty interval", where="claim", expected=GRAMMAR)
        if len(self.text) > MAX_TEXT:
            raise InvalidInput(f"{len(self.text)} characters", where="claim", expected=f"at most {MAX_TEXT}")

    @property
    def text(self) -> str:
        """The one way to write the claim."""
        return " and ".join(atom.text for atom in self.atoms)

    @property
    def is_open(self) -> bool:
        """Whether a value is left to the proof; such a claim is asked, never verified."""
        return any(atom.is_open for atom in self.atoms)

    @property
    def needs_groups(self) -> bool:
        """Whether a metric is one of groups."""
        return any(atom.group is not None or atom.metric.compares_groups for atom in self.atoms)

    def reveals(self) -> tuple[str, ...]:
        """One line for each thing that a proof of the claim says about the predictions."""
        return tuple(atom.reveals for atom in self.atoms)

    def implies(self, other: Claim) -> bool:
        """Whether each atom of `other` follows from an atom of this claim about the same metric."""
        return all(any(atom.follows_from(mine) for mine in self.atoms) for atom in other.atoms)

    def closed(self, values: dict[str, Fraction | Table]) -> Claim:
        """The claim with the values of its open atoms, by their subjects; InvalidInput for one that has no text."""
        atoms = []
        for atom in self.atoms:
            if atom.is_open:
                value = values[atom.subject]
                atom = replace(atom, table=value) if isinstance(value, tuple) else replace(atom, value=value)
            atoms.append(atom)
        return Claim(atoms=tuple(atoms))

    def is_closing_of(self, asked: Claim) -> bool:
        """Whether this is the claim that was asked, with values for what it left open."""
        pairs = list(zip(self.atoms, asked.atoms, strict=False))
        same = all(theirs.follows_from(mine) if theirs.is_open else mine == theirs for mine, theirs in pairs)
        return len(self.atoms) == len(asked.atoms) and same


def parse_claim(text: str) -> Claim:
    """The claim that a text states; `InvalidInput` with the grammar for any other text.

    Spacing, the order of the atoms, repeated atoms and the spelling of values are free.
    """
    if len(text) > MAX_TEXT:
        raise InvalidInput(f"{len(text)} characters", where="claim", expected=f"at most {MAX_TEXT}")
    # One space at a time: the patterns of an atom would be slow on long runs of them.
    parts = _SPACES.sub(" ", text.strip(" ")).split(" and ")
    if len(parts) > MAX_ATOMS:
        raise refused(f"{len(parts)} atoms", text)
    return Claim(atoms=tuple(sorted(set(map(parse_atom, parts)), key=_rank)))


def _rank(atom: Atom) -> tuple[int, int, bool, int, int]:
    relation = RELATIONS.index(atom.relation)
    return (_ORDER[atom.metric], atom.index or 0, atom.group is not None, atom.group or 0, relation)
