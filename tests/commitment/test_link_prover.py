"""The prover's coefficients of the link by transforms, against matrix products."""

from __future__ import annotations

import numpy as np
import pytest

from tests.commitment.test_link import random_elements
from zkaudit.commitment import prover
from zkaudit.commitment.link import Link
from zkaudit.commitment.prover import add_weight_coefficients
from zkaudit.field import arrays, blocks
from zkaudit.randomness import uniform_elements


@pytest.mark.parametrize("cells", [0, 1, 15, 511, 512, 513, 64 * 512 + 1, 70_000])
def test_coefficients_are_added(monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    monkeypatch.setattr(prover, "_TASK_BLOCKS", 1)
    link, factor = Link(random_elements(9)), random_elements(1)[0]
    expected = uniform_elements(cells + 100)
    out = blocks.to_blocks(expected)
    add_weight_coefficients(link, factor, cells, out, 32)
    part = expected[:, 32 : 32 + cells]
    part[...] = arrays.add(part, arrays.scale(link.weight_coefficients(cells), factor))
    np.testing.assert_array_equal(blocks.from_blocks(out, cells + 100), expected)
