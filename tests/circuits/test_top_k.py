"""The ranking: its columns by name, and ranks and hits on a few logits."""

from __future__ import annotations

import numpy as np

from zkaudit.builder import CircuitBuilder
from zkaudit.relation import Interval, Kind, Scaled
from zkaudit_circuits.argmax import Argmax
from zkaudit_circuits.top_k import Ranking, hit, ranks

LOGITS = np.array([[3, 5, 5, -1], [3, 5, 6, -2], [4, 5, 7, -1]])
LABELS = np.array([1, 0, 0, 2])


def test_columns_have_the_names_of_the_specification() -> None:
    builder = CircuitBuilder(sample_bits=2)
    builder.add_column("logits", Kind.BATCHED, 3, Interval(low=-2, high=7))
    argmax = Argmax(classes=3, bound=7)
    argmax.lower(builder, (Scaled(column="logits", coefficient=1),), (3,))
    before = set(builder.columns)
    ranking = Ranking(labels=LABELS, ks=(1, 3))
    ranking.lower(builder, argmax)
    names = {"label", "depth", "lead", "ahead", "distance limb 0", "rank", "hit 1", "hit 3"}
    assert set(builder.columns) - before == {f"top k/{name}" for name in names}
    ranked = [one for one in (*builder.products, *builder.linear) if one.name.startswith("top k")]
    assert len(ranked) == 7
    assert {one.gadget for one in ranked} == {"top k"}
    columns = ranking.witness(argmax, {"logits": LOGITS} | argmax.witness(LOGITS))
    assert set(columns) == {f"top k/{name}" for name in names}
    assert columns["top k/rank"].tolist() == [[2, 0, 2, 1]] == [ranks(LOGITS, LABELS).tolist()]
    assert columns[hit(1)].tolist() == [[0, 1, 0, 0]]
    assert columns[hit(3)].tolist() == [[1, 1, 1, 1]]
