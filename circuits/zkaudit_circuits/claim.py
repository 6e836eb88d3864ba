"""The claim: its rankings and its formulas, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zkaudit.builder import CircuitBuilder
from zkaudit.relation import Integers
from zkaudit_circuits.argmax import Argmax
from zkaudit_circuits.formula import FormulaGadget
from zkaudit_circuits.macro import MacroScore
from zkaudit_circuits.top_k import Ranking


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimGadget:
    """What a claim says of the predictions on so many samples."""

    samples: int
    parts: tuple[FormulaGadget | MacroScore, ...]
    ranking: Ranking | None = None

    def lower(self, builder: CircuitBuilder, argmax: Argmax) -> None:
        """The ranking where a part asks for it, then the parts in order."""
        if self.ranking is not None:
            self.ranking.lower(builder, argmax)
        for part in self.parts:
            part.lower(builder)

    def witness(self, argmax: Argmax, columns: Mapping[str, Integers]) -> dict[str, Integers]:
        """The columns of all parts for a witness of the network; a false claim violates a functional of its part."""
        result: dict[str, Integers] = {}
        if self.ranking is not None:
            result |= self.ranking.witness(argmax, columns)
        known = {**columns, **result}
        for part in self.parts:
            result |= part.witness(known)
        return result
