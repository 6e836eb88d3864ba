"""Every ONNX operator of the importer against onnxruntime, and what the folded graph is made of."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from zkaudit.errors import InvalidInput
from zkaudit.model.float_functions import MAX_EXPRESSION, Function
from zkaudit.model.float_graph import FloatGraph
from zkaudit.model.float_layers import Activation, Convolution
from zkaudit.model.onnx_import import import_onnx

RANDOM = np.random.default_rng(5)


def _random(*shape: int) -> Any:
    return RANDOM.normal(size=shape).astype(np.float32)


CONSTANTS: dict[str, Any] = {
    "k": _random(4, 3, 3, 3),
    "k1": _random(6, 4, 1, 1),
    "kd": _random(8, 1, 3, 2),
    "kg": _random(6, 2, 3, 3),
    "ks": _random(4, 2, 5),
    "kl": _random(6, 4, 3),
    "w": _random(8, 5),
    "w4": _random(4, 7),
    "b": _random(4),
    "b6": _random(6),
    "b5": _random(5),
    "mean": _random(4),
    "var": RANDOM.uniform(0.5, 2, 4).astype(np.float32),
    "one": np.float32(1),
    "two": np.float32(2.0),
    "three": np.float32(3.0),
    "six": np.float32(6.0),
    "zero": np.float32(0.0),
    "half": np.float32(0.5),
    "negative": np.float32(-0.7),
    "root2": np.float32(2**0.5),
    "root": np.float32((2 / np.pi) ** 0.5),
    "cubic": np.float32(0.044715),
    "channels": _random(4, 1, 1),
    "row": _random(1, 1, 7),
    "whole": _random(4, 6, 7),
    "shift3": _random(1, 3, 1, 1),
    "pads": np.array([0, 0, 1, 0, 0, 0, 0, 2]),
    "pads_channels": np.array([0, 1, 0, 0, 0, 2, 0, 0]),
    "axes23": np.array([2, 3]),
    "axis1": np.array([1]),
    "axis3": np.array([3]),
    "minus2": np.array([-2]),
    "from1": np.array([1]),
    "to4": np.array([4]),
    "end": np.array([1 << 40]),
    "starts": np.array([1, 0]),
    "ends": np.array([1 << 40, 6]),
    "steps": np.array([2, 3]),
    "flat": np.array([0, -1]),
    "split": np.array([0, 2, 2, 6, 7]),
    "joined": np.array([0, 4, 6, 7]),
    "i0": np.array(0),
    "m1": np.array([-1]),
}

Spec = tuple[Any, ...]
"""Operator, inputs, outputs, attributes."""

IMAGE = (3, 6, 7)
SIGNAL = (2, 16)
BEFORE = {
    IMAGE: ("Conv", "x k b", "c", {"pads": [1, 1, 1, 1]}),
    SIGNAL: ("Conv", "x ks b", "c", {"pads": [2, 2]}),
    (8,): ("MatMul", "x w", "c"),
}
"""Layers in front of the operators under test, so that each follows a layer with weights: (4, 6, 7), (4, 16), (5,)."""


def _model(nodes: list[Spec], shape: tuple[int, ...], opset: int, batch: Any = "n") -> Any:
    made = [
        helper.make_node(
            operator,
            inputs.split(),
            outputs.split(),
            name=f"{operator.split('.')[-1]}_{number}",
            **(options[0] if options else {}),
        )
        for number, (operator, inputs, outputs, *options) in enumerate(nodes)
    ]
    used = {name for node in made for name in node.input}
    graph = helper.make_graph(
        made,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (batch, *shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in CONSTANTS.items() if name in used],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def _import(model: Any, folder: Path) -> FloatGraph:
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return import_onnx(path)


def _check(nodes: list[Spec], shape: tuple[int, ...], opset: int, folder: Path, batch: Any = "n") -> FloatGraph:
    """The imported graph, once its logits agree with onnxruntime's output, flattened."""
    model = _model([*nodes, ("Flatten", "h", "y")], shape, opset, batch)
    network = _import(model, folder)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    inputs = RANDOM.normal(size=(7 if batch == "n" else batch, *shape)).astype(np.float32)
    expected = session.run(None, {"x": inputs})[0]
    np.testing.assert_allclose(network.logits(inputs), expected, rtol=2e-4, atol=2e-5)
    return network


IMAGES: dict[str, list[Spec]] = {
    "strides and dilations": [("Conv", "c k1", "d", {"strides": [2, 1]}), ("Identity", "d", "h")],
    "groups": [("Conv", "c kg b6", "h", {"group": 2, "dilations": [1, 2], "pads": [1, 2, 0, 1]})],
    "depthwise": [("Conv", "c kd", "h", {"group": 4, "strides": [2, 2], "pads": [0, 1, 1, 0]})],
    "same upper": [("Conv", "c kd", "h", {"group": 4, "auto_pad": "SAME_UPPER", "strides": [2, 2]})],
    "same lower": [("Conv", "c kd", "h", {"group": 4, "auto_pad": "SAME_LOWER", "strides": [1, 1]})],
    "valid": [("Conv", "c kg", "h", {"group": 2, "auto_pad": "VALID"})],
    "normalisation": [("BatchNormalization", "c b mean mean var", "h", {"epsilon": 0.01})],
    "normalisation in front": [
        ("Relu", "c", "r"),
        ("BatchNormalization", "r b mean mean var", "n"),
        ("Conv", "n k1", "h"),
    ],
    "residual": [
        ("Relu", "c", "r"),
        ("Conv", "r kd", "d", {"group": 4, "pads": [1, 1, 1, 0]}),
        ("Identity", "d", "e"),
        ("Slice", "e zeros_at four_at axis1", "f"),
        ("Add", "f r", "g"),
        ("Relu", "g", "h"),
    ],
    "difference": [("Relu", "c", "r"), ("Tanh", "c", "t"), ("Sub", "r t", "h")],
    "gate": [("GlobalAveragePool", "c", "p"), ("Sigmoid", "p", "s"), ("Mul", "s c", "h")],
    "gate over channels": [("ReduceMean", "c", "p", {"axes": [1]}), ("Sigmoid", "p", "s"), ("Mul", "s c", "h")],
    "broadcast sum": [("GlobalMaxPool", "c", "p"), ("Relu", "c", "r"), ("Add", "p r", "h")],
    "constants": [("Add", "c channels", "d"), ("Mul", "two d", "e"), ("Sub", "one e", "f"), ("Div", "f root2", "h")],
    "constant along width": [("Relu", "c", "r"), ("Mul", "r row", "h")],
    "constant for each value": [("Relu", "c", "r"), ("Add", "whole r", "h")],
    "input normalisation": [("Sub", "x shift3", "s"), ("Div", "s two", "t"), ("Conv", "t k", "h")],
    "max pool": [("MaxPool", "c", "h", {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1]})],
    "max pool upwards": [("MaxPool", "c", "h", {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1})],
    "max pool dilated": [("MaxPool", "c", "h", {"kernel_shape": [2, 2], "dilations": [2, 3]})],
    "average pool": [("AveragePool", "c", "h", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]})],
    "average pool counts": [
        ("AveragePool", "c", "h", {"kernel_shape": [2, 3], "pads": [1, 1, 0, 1], "count_include_pad": 1})
    ],
    "average pool upwards": [
        ("AveragePool", "c", "h", {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1, "count_include_pad": 1})
    ],
    "mean over space": [("ReduceMean", "c", "h", {"axes": [2, 3], "keepdims": 0})],
    "mean over height": [("ReduceMean", "c", "h", {"axes": [-2]})],
    "concat": [("Relu", "c", "r"), ("Tanh", "c", "t"), ("Concat", "r t", "h", {"axis": 1})],
    "concat along width": [("Relu", "c", "r"), ("Tanh", "c", "t"), ("Concat", "r t r", "h", {"axis": -1})],
    "pad": [("Relu", "c", "r"), ("Pad", "r pads", "p"), ("Conv", "p k1 b6", "h")],
    "pad channels": [("Relu", "c", "r"), ("Pad", "r pads_channels zero", "h")],
    "slice": [("Relu", "c", "r"), ("Slice", "r from1 to4 axis1", "h")],
    "strided slice": [("Relu", "c", "r"), ("Slice", "r starts ends axes23 steps", "h")],
    "slice from the end": [("Relu", "c", "r"), ("Slice", "r minus2 end axis3", "h")],
    "shuffled channels": [
        ("Relu", "c", "r"),
        ("Reshape", "r split", "s"),
        ("Transpose", "s", "t", {"perm": [0, 2, 1, 3, 4]}),
        ("Reshape", "t joined", "h"),
    ],
    "channels last": [("Transpose", "c", "t", {"perm": [0, 2, 3, 1]}), ("MatMul", "t w4", "m"), ("Relu", "m", "h")],
    "mean of channels last": [
        ("Transpose", "c", "t", {"perm": [0, 2, 3, 1]}),
        ("ReduceMean", "t", "h", {"axes": [1, 2]}),
    ],
    "shape arithmetic": [
        ("Relu", "c", "r"),
        ("Shape", "r", "s"),
        ("Gather", "s i0", "g"),
        ("Unsqueeze", "g", "u", {"axes": [0]}),
        ("Concat", "u m1", "v", {"axis": 0}),
        ("Reshape", "r v", "h"),
    ],
    "squeeze": [
        ("GlobalAveragePool", "c", "p"),
        ("Squeeze", "p", "s", {"axes": [3, 2]}),
        ("Unsqueeze", "s", "h", {"axes": [-1]}),
    ],
    "prelu": [("PRelu", "c channels", "h")],
    "prelu with one slope": [("PRelu", "c half", "h")],
}
CONSTANTS |= {"zeros_at": np.array([0]), "four_at": np.array([4])}


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("batch", ["n", 1])
def test_images(name: str, batch: Any, tmp_path: Path) -> None:
    nodes = IMAGES[name]
    if name == "residual":
        # The depthwise convolution doubles the channels, and the sum takes the first four.
        assert CONSTANTS["kd"].shape[0] == 8
    _check([BEFORE[IMAGE], *nodes], IMAGE, 11, tmp_path, batch)


SIGNALS: dict[str, list[Spec]] = {
    "convolution": [("Conv", "c kl b6", "h", {"strides": [2], "pads": [1, 0], "dilations": [2]})],
    "pools": [
        ("MaxPool", "c", "m", {"kernel_shape": [2], "strides": [2]}),
        ("AveragePool", "m", "h", {"kernel_shape": [3], "pads": [1, 1]}),
    ],
    "normalisation and mean": [("BatchNormalization", "c b mean mean var", "n"), ("GlobalAveragePool", "n", "h")],
    "mean": [("Relu", "c", "r"), ("ReduceMean", "r", "h", {"axes": [-1], "keepdims": 0})],
    "channels last": [("Transpose", "c", "t", {"perm": [0, 2, 1]}), ("MatMul", "t w4", "m"), ("Tanh", "m", "h")],
    "gate": [("GlobalAveragePool", "c", "p"), ("Sigmoid", "p", "s"), ("Mul", "c s", "h")],
    "concat along time": [("Relu", "c", "r"), ("Concat", "r c", "h", {"axis": 2})],
    "prelu": [
        ("Unsqueeze", "c", "u", {"axes": [2]}),
        ("PRelu", "u channels", "p"),
        ("Squeeze", "p", "h", {"axes": [2]}),
    ],
}


@pytest.mark.parametrize("name", SIGNALS)
def test_signals(name: str, tmp_path: Path) -> None:
    network = _check([BEFORE[SIGNAL], *SIGNALS[name]], SIGNAL, 12, tmp_path)
    assert all(len(shape) in (1, 3) for shape in network.shapes[1:])


ACTIVATIONS: dict[str, tuple[int, list[Spec], str]] = {
    "relu": (11, [("Relu", "c", "h")], "relu(x)"),
    "relu6": (11, [("Clip", "c zero six", "h")], "clip(x, 0, 6)"),
    "clip upwards": (11, [("Clip", "c zero", "h")], "relu(x)"),
    "leaky relu": (11, [("LeakyRelu", "c", "h", {"alpha": 0.2})], "leaky_relu(x, 0.2)"),
    "sigmoid": (11, [("Sigmoid", "c", "s"), ("Mul", "s two", "h")], "affine(sigmoid(x), 2, 0)"),
    "tanh": (11, [("Tanh", "c", "t"), ("Add", "t one", "h")], "affine(tanh(x), 1, 1)"),
    "hard sigmoid": (11, [("HardSigmoid", "c", "h", {"alpha": 0.3})], "hard_sigmoid(x, 0.3, 0.5)"),
    "hard swish": (14, [("HardSwish", "c", "h")], "hard_swish(x)"),
    "gelu": (20, [("Gelu", "c", "h")], "gelu(x)"),
    "gelu by tanh": (20, [("Gelu", "c", "h", {"approximate": "tanh"})], "gelu_tanh(x)"),
    "elu": (11, [("Elu", "c", "h", {"alpha": 0.5})], "elu(x, 0.5)"),
    "softplus": (11, [("Softplus", "c", "s"), ("Sub", "s one", "h")], "affine(softplus(x), 1, -1)"),
    "erf": (13, [("Erf", "c", "e"), ("Mul", "e half", "h")], "affine(erf(x), 0.5, 0)"),
    "hard swish spelt out": (
        11,
        [("Add", "c three", "a"), ("Clip", "a zero six", "k0"), ("Mul", "c k0", "m"), ("Div", "m six", "h")],
        "hard_swish(x)",
    ),
    "hard swish, divided first": (
        11,
        [("Add", "c three", "a"), ("Clip", "a zero six", "k0"), ("Div", "k0 six", "d"), ("Mul", "d c", "h")],
        "hard_swish(x)",
    ),
    "hard swish by hard sigmoid": (
        11,
        [("HardSigmoid", "c", "s", {"alpha": 1 / 6}), ("Mul", "c s", "h")],
        "hard_swish(x)",
    ),
    "silu": (11, [("Sigmoid", "c", "s"), ("Mul", "c s", "h")], "silu(x, 1)"),
    "gelu by erf": (
        13,
        [
            ("Div", "c root2", "d"),
            ("Erf", "d", "e"),
            ("Add", "e one", "f"),
            ("Mul", "c f", "g"),
            ("Mul", "g half", "h"),
        ],
        "gelu(x)",
    ),
    "gelu by tanh spelt out": (
        13,
        [
            ("Pow", "c three", "p"),
            ("Mul", "p cubic", "q"),
            ("Add", "c q", "r"),
            ("Mul", "r root", "s"),
            ("Tanh", "s", "t"),
            ("Add", "t one", "u"),
            ("Mul", "c half", "v"),
            ("Mul", "v u", "h"),
        ],
        "gelu_tanh(x)",
    ),
    "mish": (
        13,
        [("Softplus", "c", "s"), ("Tanh", "s", "t"), ("Mul", "c t", "h")],
        "product(identity(x), tanh(softplus(x)))",
    ),
    "softplus in two parts": (
        16,
        [("Softplus", "c", "s"), ("Greater", "c six", "g"), ("Where", "g c s", "p"), ("Mul", "p negative", "h")],
        "",
    ),
    "relu twice": (11, [("Relu", "c", "r"), ("Relu", "r", "h")], "relu(x)"),
    "square": (11, [("Mul", "c c", "h")], "product(identity(x), identity(x))"),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_one_function(name: str, tmp_path: Path) -> None:
    opset, nodes, function = ACTIVATIONS[name]
    network = _check([BEFORE[IMAGE], *nodes], IMAGE, opset, tmp_path)
    assert [layer.kind for layer in network.layers[:2]] == ["convolution", "activation"]
    last = network.layers[1]
    assert isinstance(last, Activation)
    assert not function or str(last.function) == function


def test_axes_and_limits_as_inputs(tmp_path: Path) -> None:
    nodes = [
        BEFORE[IMAGE],
        ("ReduceMean", "c axes23", "p"),
        ("Squeeze", "p axes23", "s"),
        ("Unsqueeze", "s axis1", "h"),
    ]
    _check(nodes, IMAGE, 18, tmp_path)
    _check([BEFORE[IMAGE], ("Relu", "c", "r"), ("Pad", "r pads zero", "h")], IMAGE, 18, tmp_path)


def test_biases_computed_from_shapes(tmp_path: Path) -> None:
    nodes = [BEFORE[IMAGE], ("Relu", "c", "r"), ("CastLike", "m1 r", "v"), ("Shape", "k1", "s", {"end": 1})]
    nodes += [("Expand", "v s", "e"), ("Conv", "r k1 e", "h")]
    network = _check(nodes, IMAGE, 18, tmp_path)
    assert [layer.kind for layer in network.layers] == ["convolution", "activation", "convolution"]


def test_normalisations_leave_no_layer(tmp_path: Path) -> None:
    nodes = [BEFORE[IMAGE], ("BatchNormalization", "c b mean mean var", "n"), ("Relu", "n", "r")]
    nodes += [("Mul", "r half", "s"), ("Conv", "s k1 b6", "d"), ("Mul", "d two", "h")]
    network = _check(nodes, IMAGE, 13, tmp_path)
    assert [layer.kind for layer in network.layers] == ["convolution", "activation", "convolution"]


def test_views_do_not_part_a_function_from_its_weights(tmp_path: Path) -> None:
    nodes = [BEFORE[IMAGE], ("Transpose", "c", "t", {"perm": [0, 2, 3, 1]}), ("Mul", "t two", "m"), ("Relu", "m", "r")]
    nodes += [("Transpose", "r", "h", {"perm": [0, 3, 1, 2]})]
    network = _check(nodes, IMAGE, 13, tmp_path)
    assert [layer.kind for layer in network.layers] == ["convolution", "activation"]


def test_padding_goes_into_the_convolution(tmp_path: Path) -> None:
    network = _check([BEFORE[IMAGE], *IMAGES["pad"]], IMAGE, 13, tmp_path)
    last = network.layers[-1]
    assert isinstance(last, Convolution)
    assert last.padding == (1, 0, 0, 2)
    assert "pad" not in {layer.kind for layer in network.layers}


def test_a_normalised_input_keeps_its_padding(tmp_path: Path) -> None:
    nodes = [("Sub", "x shift3", "s"), ("Conv", "s k b", "h", {"pads": [1, 1, 1, 1]})]
    network = _check(nodes, IMAGE, 13, tmp_path)
    assert [layer.kind for layer in network.layers] == ["affine", "convolution"]
    nodes = [("Mul", "x shift3", "s"), ("Conv", "s k b", "h", {"pads": [1, 1, 1, 1]})]
    assert [layer.kind for layer in _check(nodes, IMAGE, 13, tmp_path).layers] == ["convolution"]


def test_deep_products_stay_several_functions(tmp_path: Path) -> None:
    squares = [("Mul", f"s{number} s{number}", f"s{number + 1}") for number in range(7)]
    nodes = [BEFORE[(8,)], ("Tanh", "c", "s0"), *squares, ("Identity", "s7", "h")]
    network = _check(nodes, (8,), 13, tmp_path)
    sizes = [layer.function.size for layer in network.layers if isinstance(layer, Activation)]
    assert len(sizes) > 1
    assert max(sizes) <= MAX_EXPRESSION


@pytest.mark.parametrize("approach", ["probability and complement", "one probability", "labels beside scores"])
def test_heads_of_binary_classifiers(approach: str, tmp_path: Path) -> None:
    CONSTANTS["w1"] = CONSTANTS["w"][:, :1]
    nodes: list[Spec] = [("MatMul", "x w1", "z"), ("Sigmoid", "z", "p")]
    if approach == "one probability":
        nodes[1] = ("Sigmoid", "z", "y")
    else:
        nodes += [("Sub", "one p", "q"), ("Concat", "q p", "y", {"axis": 1})]
    model = _model(nodes, (8,), 13)
    if approach == "labels beside scores":
        model.graph.node.append(helper.make_node("ArgMax", ["y"], ["label"], axis=1, keepdims=0))
        model.graph.node.append(
            helper.make_node("ZipMap", ["y"], ["scores"], domain="ai.onnx.ml", classlabels_int64s=[0, 1])
        )
        model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 1))
        value = onnx.ValueInfoProto(name="scores")
        value.type.sequence_type.elem_type.map_type.key_type = TensorProto.INT64
        del model.graph.output[:]
        model.graph.output.extend([helper.make_tensor_value_info("label", TensorProto.INT64, None), value])
    network = _import(model, tmp_path)
    inputs = RANDOM.normal(size=(50, 8))
    assert [layer.kind for layer in network.layers] == ["dense"]
    np.testing.assert_array_equal(network.predictions(inputs), (inputs @ CONSTANTS["w1"].astype(float))[:, 0] > 0)


@pytest.mark.parametrize(
    ("nodes", "named"),
    [
        ([("Conv", "c k", "h")], "Conv_1: weights of shape"),
        ([("Conv", "c kg", "h")], "Conv_1: weights of shape"),
        ([("Conv", "c kg", "h", {"group": 5})], "Conv_1: 5 groups"),
        ([("Conv", "c kl", "h")], "Conv_1: weights of shape"),
        ([("Conv", "c k1 b", "h")], "Conv_1: a bias of shape"),
        ([("Conv", "c k1", "h", {"strides": [0, 1]})], "Conv_1: a window"),
        ([("Conv", "c k1", "h", {"strides": [1]})], "Conv_1: strides"),
        ([("Conv", "c k1", "h", {"pads": [0, 0, -1, 0]})], "Conv_1: pads"),
        ([("Conv", "c k1", "h", {"auto_pad": "SOME"})], "Conv_1: auto_pad"),
        ([("Conv", "c k1", "h", {"pads": [1 << 18] * 4})], "Conv_1: 4 channels of"),
        ([("Conv", "c c", "h")], "Conv_1: does not combine"),
        ([("MaxPool", "c", "h", {"kernel_shape": [9, 9]})], "MaxPool_1: a window of 9 by 9"),
        ([("MaxPool", "c", "h", {"kernel_shape": [2, 2], "pads": [3, 0, 0, 0]})], "MaxPool_1: a window that lies in"),
        ([("MaxPool", "c", "h i", {"kernel_shape": [2, 2]})], "MaxPool with indices"),
        ([("MaxPool", "c", "h")], "no kernel_shape"),
        ([("BatchNormalization", "c b mean mean b6", "h")], "statistics of shapes"),
        ([("BatchNormalization", "c b mean mean var", "h", {"training_mode": 1})], "training mode"),
        ([("Div", "c c", "h")], "Div_1: Div by a tensor"),
        ([("Div", "c zero", "h")], "Div_1: Div by zero"),
        ([("ReduceMean", "c", "h")], "over all axes"),
        ([("ReduceMean", "c", "h", {"axes": [0, 1]})], "at axis 0"),
        ([("Concat", "c channels", "h", {"axis": 1})], "Concat_1: does not join"),
        ([("Concat", "c x", "h", {"axis": 2})], "Concat_1: shapes"),
        ([("Pad", "c pads two", "h")], "other values than zero"),
        ([("Transpose", "c", "h", {"perm": [1, 0, 2, 3]})], "Transpose to"),
        ([("Transpose", "c", "h")], "Transpose to"),
        ([("Squeeze", "c", "h", {"axes": [1]})], "Squeeze of axes"),
        ([("Pow", "c half", "h")], "another exponent"),
        ([("Clip", "c six zero", "h")], r"Clip to \[6, 0\]"),
        ([("PRelu", "c row", "h")], "slopes of shape"),
        ([("Flatten", "c", "f"), ("Add", "f c", "h")], "Add_2: shapes"),
        ([("Cast", "c", "h", {"to": TensorProto.INT64})], "not a float"),
        ([("Softmax", "c", "h")], "Softmax_1: Softmax of shape"),
        ([("Gather", "c i0", "h")], r"Gather_1 \(Gather\)"),
        ([("ConvTranspose", "c k1", "d"), ("Loop", "d", "h")], r"ConvTranspose_1 \(ConvTranspose\), Loop_2 \(Loop\)"),
        ([("Slice", "c from1 zeros_at axis1", "h")], "leaves nothing"),
        ([("ConstantOfShape", "end", "big"), ("Add", "c big", "h")], "too large"),
        ([("Identity", "c", "h"), ("Identity", "h", "y0")], "several axes|outputs of shape"),
    ],
)
def test_refusals(nodes: list[Spec], named: str, tmp_path: Path) -> None:
    opset = 12
    last = nodes[-1][2].split()[0]
    end = [("Identity", last, "y")] if "outputs of shape" in named else [("Flatten", last, "y")]
    with pytest.raises(InvalidInput, match=named) as caught:
        _import(_model([BEFORE[IMAGE], *nodes, *end], IMAGE, opset), tmp_path)
    assert "\n" not in str(caught.value)


def test_functions_are_compared_by_what_they_compute() -> None:
    sigmoid = Function(name="sigmoid")
    inner = Function(name="affine", parameters=(2.0, 1.0))
    assert sigmoid.of(inner) == Function(name="sigmoid", operands=(inner,))
    assert inner.of(inner).affine == (4.0, 3.0)
    assert sigmoid.affine is None
    values = RANDOM.normal(size=(3, 2, 4))
    prelu = Function(name="prelu", parameters=(0.5, -1.0))
    slopes = np.array([0.5, -1.0])[:, None]
    np.testing.assert_array_equal(prelu(values), np.where(values < 0, slopes * values, values))


SERIALISED = {
    name: _model([BEFORE[IMAGE], *nodes, ("Flatten", "h", "y")], IMAGE, 11).SerializeToString()
    for name, nodes in IMAGES.items()
}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(SERIALISED)),
    places=st.lists(st.integers(0, 1 << 16), min_size=1, max_size=3),
    value=st.integers(0, 255),
)
def test_changed_bytes(name: str, places: list[int], value: int, tmp_path: Path) -> None:
    content = bytearray(SERIALISED[name])
    for place in places:
        # The graph comes before the weights, which may change as they like.
        content[place % min(len(content), 700)] = value
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with suppress(InvalidInput):
        import_onnx(path)
