"""The trees of pairs of a max pool."""

from __future__ import annotations

import numpy as np
import pytest

from zkaudit.relation import Interval, whole
from zkaudit_circuits.pooling import MaxPool, max_pool, view_cells

Corners = tuple[int, int, int, int]


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "levels"),
    [
        ((2, 2), (2, 2), (1, 1, 1, 1), 0),
        ((2, 2), (2, 2), (0, 1, 0, 1), 1),
        ((2, 2), (2, 2), (1, 0, 1, 0), 1),
        ((2, 2), (1, 1), (0, 0, 0, 0), 2),
        ((1, 1), (1, 1), (0, 0, 0, 0), 0),
    ],
)
def test_only_windows_with_two_real_cells_on_an_axis_take_a_pair(
    kernel: tuple[int, int], stride: tuple[int, int], padding: Corners, levels: int
) -> None:
    pool = MaxPool(
        name="pool", source=whole("x", 4), shape=(1, 2, 2), interval=Interval(low=-9, high=9),
        kernel=kernel, stride=stride, dilation=(1, 1), padding=padding,
    )  # fmt: skip
    made, outputs = pool.levels()
    assert len(made) == levels
    columns = {"x": np.array([[-3, 5], [4, -9], [-7, 0], [2, 2]])}
    columns |= pool.witness(columns)
    cells = columns["x"].reshape(1, 2, 2, 2)
    expected = max_pool(cells, kernel=kernel, stride=stride, dilation=(1, 1), padding=padding)
    assert np.array_equal(view_cells(outputs, columns), expected.reshape(outputs.size, 2))
