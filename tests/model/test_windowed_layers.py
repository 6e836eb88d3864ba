"""Convolutions and pools against plain loops over the definition, and against onnxruntime."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from zkaudit_circuits import convolution
from zkaudit_circuits.convolution import convolve
from zkaudit_circuits.pooling import max_pool, sum_pool, window_cells, window_multipliers
from zkaudit_circuits.windows import output_extent, real_cells


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Windows over height and width."""

    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)

    def attributes(self) -> dict[str, Any]:
        """As ONNX has them."""
        return {
            "kernel_shape": self.kernel,
            "strides": self.stride,
            "dilations": self.dilation,
            "pads": self.padding,
        }


GEOMETRIES = {
    "plain": Geometry(),
    "stride": Geometry(stride=(2, 3)),
    "dilation": Geometry(dilation=(2, 1)),
    "asymmetric padding": Geometry(padding=(0, 1, 2, 0)),
    "oblong": Geometry(kernel=(1, 4), stride=(1, 2), padding=(0, 3, 0, 1)),
    "all at once": Geometry(kernel=(2, 3), stride=(3, 2), dilation=(2, 3), padding=(1, 2, 0, 1)),
}

geometries = st.builds(
    Geometry,
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(*[st.integers(0, 3)] * 4),
)


def _outputs(shape: tuple[int, ...], geometry: Geometry) -> tuple[int, int]:
    (kernel, stride, dilation, padding) = geometry.kernel, geometry.stride, geometry.dilation, geometry.padding
    rows, columns = (
        output_extent(shape[1 + k], kernel[k], stride[k], dilation[k], padding[k], padding[k + 2]) for k in range(2)
    )
    return rows, columns


def _window(image: np.ndarray, y: int, x: int, geometry: Geometry) -> dict[tuple[int, int], int]:
    """The real cells of one window of (H, W), by tap."""
    found = {}
    for i, j in product(range(geometry.kernel[0]), range(geometry.kernel[1])):
        row = geometry.stride[0] * y + geometry.dilation[0] * i - geometry.padding[0]
        column = geometry.stride[1] * x + geometry.dilation[1] * j - geometry.padding[1]
        if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
            found[i, j] = int(image[row, column])
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.data())
def test_convolution_by_its_definition(data: st.DataObject) -> None:
    geometry = data.draw(geometries)
    groups, members, filters, samples = (data.draw(st.integers(1, 3)) for _ in range(4))
    shape = (groups * members, data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6)))
    rows, columns = _outputs(shape, geometry)
    assume(rows > 0 and columns > 0)
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    inputs = random.integers(-128, 256, (*shape, samples))
    kernel = random.integers(-128, 128, (groups * filters, members, *geometry.kernel)).astype(np.int8)
    bias = random.integers(-(10**6), 10**6, groups * filters)
    result = convolve(
        kernel,
        bias,
        inputs,
        stride=geometry.stride,
        dilation=geometry.dilation,
        padding=geometry.padding,
        groups=groups,
    )
    assert result.dtype == np.int64
    assert result.shape == (groups * filters, rows, columns, samples)
    for o, y, x, n in np.ndindex(result.shape):
        expected = int(bias[o])
        for c in range(members):
            window = _window(inputs[o // filters * members + c, :, :, n], y, x, geometry)
            expected += sum(int(kernel[o, c, i, j]) * value for (i, j), value in window.items())
        assert result[o, y, x, n] == expected


@pytest.mark.parametrize("cells", [1, 100, 700, 1500, 5000])
def test_convolution_in_parts(monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    random = np.random.default_rng(1)
    inputs = random.integers(0, 256, (4, 9, 7, 5))
    kernel, bias = random.integers(-128, 128, (6, 2, 3, 2)).astype(np.int8), random.integers(-9, 9, 6)
    places = {"stride": (2, 1), "dilation": (1, 2), "padding": (1, 0, 2, 1), "groups": 2}
    whole = convolve(kernel, bias, inputs, **places)  # type: ignore[arg-type]
    monkeypatch.setattr(convolution, "PATCH_CELLS", cells)
    assert (convolve(kernel, bias, inputs, **places) == whole).all()  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(geometries, st.booleans(), st.integers(1, 40), st.integers(0, 2**32))
def test_pools_by_their_definition(geometry: Geometry, exclude: bool, multiplier: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    inputs = random.integers(-128, 128, (2, *random.integers(1, 7, 2), 3))
    rows, columns = _outputs(inputs.shape, geometry)
    windows = [
        [_window(inputs[0, :, :, 0], y, x, geometry) for x in range(max(columns, 0))] for y in range(max(rows, 0))
    ]
    assume(rows > 0 and columns > 0 and all(window for line in windows for window in line))
    largest = max_pool(inputs, **asdict(geometry))
    assert largest.shape == (2, rows, columns, 3)
    assert largest[0, :, :, 0].tolist() == [[max(window.values()) for window in line] for line in windows]
    plain = {name: value for name, value in asdict(geometry).items() if name != "dilation"}
    undilated = Geometry(**plain)
    rows, columns = _outputs(inputs.shape, undilated)
    windows = [[_window(inputs[1, :, :, 2], y, x, undilated) for x in range(columns)] for y in range(rows)]
    assume(all(window for line in windows for window in line))
    sums = sum_pool(inputs, **plain, multiplier=multiplier, exclude_padding=exclude)
    area = geometry.kernel[0] * geometry.kernel[1]
    for (y, x), value in np.ndenumerate(sums[1, :, :, 2]):
        count = len(windows[y][x])
        factor = (multiplier * area + count // 2) // count if exclude else multiplier
        assert value == factor * sum(windows[y][x].values())


@given(*[st.integers(1, 9)] * 4, st.integers(0, 9), st.integers(0, 9))
def test_real_cells_of_a_window(extent: int, kernel: int, stride: int, dilation: int, before: int, after: int) -> None:
    outputs = output_extent(extent, kernel, stride, dilation, before, after)
    starts = [stride * y - before for y in range(outputs)]
    expected = [sum(0 <= start + dilation * i < extent for i in range(kernel)) for start in starts]
    if outputs > 0:
        assert real_cells(extent, outputs, kernel, stride, dilation, before).tolist() == expected
        # The last window still fits, and one more would not.
        last = starts[-1] + dilation * (kernel - 1)
        assert last < extent + after <= last + stride


def _by_onnxruntime(operator: str, inputs: list[np.ndarray], **attributes: Any) -> np.ndarray:
    """One node on float32 arrays of integers below 2^24, which are exact."""
    names = ["x", "w", "b"][: len(inputs)]
    node = helper.make_node(operator, names, ["y"], **attributes)
    infos = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape)
        for name, array in zip(names, inputs, strict=True)
    ]
    made = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    model = helper.make_model(
        helper.make_graph([node], "layer", infos, made), opset_imports=[helper.make_opsetid("", 19)], ir_version=9
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = {name: array.astype(np.float32) for name, array in zip(names, inputs, strict=True)}
    return np.asarray(session.run(None, feeds)[0], np.float64)


def _samples_last(values: np.ndarray) -> np.ndarray:
    return np.moveaxis(values, 0, -1)


@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES.keys())
@pytest.mark.parametrize(("channels", "filters", "groups"), [(3, 4, 1), (4, 6, 2), (4, 4, 4), (2, 6, 2)])
def test_convolution_as_in_onnxruntime(geometry: Geometry, channels: int, filters: int, groups: int) -> None:
    random = np.random.default_rng(2)
    inputs = random.integers(0, 256, (5, channels, 11, 10))
    kernel = random.integers(-128, 128, (filters, channels // groups, *geometry.kernel)).astype(np.int8)
    bias = random.integers(-(10**5), 10**5, filters)
    expected = _by_onnxruntime("Conv", [inputs, kernel, bias], group=groups, **geometry.attributes())
    result = convolve(
        kernel,
        bias,
        _samples_last(inputs),
        stride=geometry.stride,
        dilation=geometry.dilation,
        padding=geometry.padding,
        groups=groups,
    )
    assert (result == _samples_last(expected)).all()


@pytest.mark.parametrize(("stride", "dilation", "padding", "groups"), [(1, 1, (0, 0), 1), (3, 2, (4, 1), 2)])
def test_signal_as_in_onnxruntime(stride: int, dilation: int, padding: tuple[int, int], groups: int) -> None:
    random = np.random.default_rng(3)
    inputs = random.integers(-128, 128, (4, 6, 31))
    kernel = random.integers(-128, 128, (4, 6 // groups, 5)).astype(np.int8)
    places = {"kernel_shape": [5], "strides": [stride], "dilations": [dilation], "pads": padding, "group": groups}
    expected = _by_onnxruntime("Conv", [inputs, kernel], **places)
    result = convolve(
        kernel[:, :, None, :],
        np.zeros(4, np.int64),
        _samples_last(inputs)[:, None],
        stride=(1, stride),
        dilation=(1, dilation),
        padding=(0, padding[0], 0, padding[1]),
        groups=groups,
    )
    assert (result[:, 0] == _samples_last(expected)).all()


@pytest.mark.parametrize(
    "geometry", [g for g in GEOMETRIES.values() if g.padding != (1, 2, 0, 1)], ids=lambda g: f"{g.kernel}{g.padding}"
)
def test_pools_as_in_onnxruntime(geometry: Geometry) -> None:
    inputs = np.random.default_rng(4).integers(-128, 128, (5, 3, 11, 10))
    expected = _by_onnxruntime("MaxPool", [inputs], **geometry.attributes())
    assert (max_pool(_samples_last(inputs), **asdict(geometry)) == _samples_last(expected)).all()
    plain = {"kernel": geometry.kernel, "stride": geometry.stride, "padding": geometry.padding}
    sums = sum_pool(_samples_last(inputs), **plain, multiplier=1, exclude_padding=False)  # type: ignore[arg-type]
    attributes = geometry.attributes()
    del attributes["dilations"]
    area = geometry.kernel[0] * geometry.kernel[1]
    with_padding = _by_onnxruntime("AveragePool", [inputs], count_include_pad=1, **attributes)
    assert np.allclose(sums / area, _samples_last(with_padding), atol=1e-4)
    without = _by_onnxruntime("AveragePool", [inputs], count_include_pad=0, **attributes)
    counts = window_cells((11, 10), **plain)  # type: ignore[arg-type]
    assert np.allclose(sums / counts[..., None], _samples_last(without), atol=1e-4)
    factors = window_multipliers((11, 10), **plain, multiplier=1 << 20, exclude_padding=True)  # type: ignore[arg-type]
    assert np.abs(factors / (1 << 20) - area / counts).max() <= 2**-21
