"""The argmax: what its differences have room for."""

from __future__ import annotations

import pytest

from zkaudit.builder import CircuitBuilder
from zkaudit.relation import Interval, Kind, Scaled
from zkaudit_circuits.argmax import DIFFERENCE, Argmax


@pytest.mark.parametrize(("bound", "widths"), [(127, [8]), (128, [9]), (2047, [12]), (2048, [7, 6])])
def test_a_difference_has_room_for_two_logits_and_the_tie(bound: int, widths: list[int]) -> None:
    builder = CircuitBuilder(sample_bits=1)
    builder.add_column("logits", Kind.BATCHED, 2, Interval(low=-bound, high=bound))
    Argmax(classes=2, bound=bound).lower(builder, (Scaled(column="logits", coefficient=1),), (2,))
    limbs = [column for name, column in builder.columns.items() if name.startswith(DIFFERENCE)]
    assert [column.interval.high.bit_length() for column in limbs] == widths
