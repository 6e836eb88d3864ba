"""Small files that promise much: each is refused, or read within the memory that its size pays for."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.fuzz import seeds
from tests.fuzz.archives import archive, header
from tests.fuzz.changes import mended
from tests.fuzz.targets import MEBIBYTE, TARGETS
from zkaudit import wire
from zkaudit.commitment.formats import parse_commitment, parse_opening
from zkaudit.dataset import parse_dataset
from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import Architecture
from zkaudit.model.model import parse_model
from zkaudit.model.onnx_import import import_onnx
from zkaudit.proof import decode


def refused(read: Callable[[], object]) -> int:
    """The most bytes that were allocated at once before the refusal."""
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInput):
            read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


PROMISES = {
    "a list of 2^32 - 1": b"\xdd\xff\xff\xff\xff",
    "a map of 2^32 - 1": b"\xdf\xff\xff\xff\xff",
    "lists of 2^16 - 1 in lists": b"\xdc\xff\xff" * 3000,
    "a byte string of 2^32 - 1": b"\xc6\xff\xff\xff\xff" + bytes(100),
    "a text of 2^32 - 1": b"\xdb\xff\xff\xff\xff" + bytes(100),
    "an extension of 2^32 - 1": b"\xc9\xff\xff\xff\xff\x05",
    "lists in lists": b"\x91" * 100_000 + b"\x90",
    "maps in maps": b"\x81\xa1a" * 50_000 + b"\x80",
    "many empty lists": b"\xdd\x00\x03\xff\xff" + b"\x90" * 0x3FFFF,
    "many lists of empty lists": b"\xdc\xff\xff" + (b"\x9f" + b"\x90" * 15) * 0xFFFF,
    "a million nothings": b"\xdd\x00\x0f\x42\x40" + b"\xc0" * 1_000_000,
}
"""Bodies in msgpack that are no artefact's."""


@pytest.mark.parametrize("name", PROMISES)
def test_containers(name: str) -> None:
    for true, read in ((seeds.proof(), decode), (seeds.models()[0], parse_model), (seeds.opening(), parse_opening)):
        data = mended(true[: wire.HEADER_BYTES] + PROMISES[name] + bytes(wire.DIGEST_BYTES))
        # An empty list takes one byte in the file and 56 in memory, and is held twice.
        assert refused(lambda read=read, data=data: read(data)) <= 160 * len(data) + MEBIBYTE  # type: ignore[misc]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "1" * 1_000_000,
        '{"version": ' + "9" * 100_000 + "}",
        "[" + "[]," * 300_000 + "[]]",
        '{"format": "zkaudit-commitment", "version": 1, "value": [' + '"",' * 100_000 + '""]}',
        '"' + "\\ud800" * 10_000 + '"',
        "1e999999999",
        "NaN",
    ],
)
def test_commitments(text: str) -> None:
    assert refused(lambda: parse_commitment(text.encode())) <= 64 * len(text) + MEBIBYTE


def test_archives_of_zeros() -> None:
    """A million samples of one byte take a thousand bytes in the file, and a few mebibytes in memory."""
    labels = header("(1000000,)", "|u1") + bytes(1_000_000)
    data = archive([("inputs.npy", header("(1000000, 1)", "|u1") + bytes(1_000_000)), ("labels.npy", labels)])
    assert len(data) < 3000
    tracemalloc.start()
    try:
        assert len(parse_dataset(data).labels) == 1_000_000
        assert tracemalloc.get_traced_memory()[1] <= TARGETS["dataset"].multiple * len(data)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("shape", "dtype", "size"),
    [
        ("(1048576, 128)", "<f8", 0),
        ("(1048576,)", "|O", 40),
        ("(3, 1048577)", "<f4", 0),
        ("(3, 99999999999999999999)", "<f4", 0),
        ("(" * 2000 + ")" * 2000, "<f4", 0),
        ("(3,)" + " " * 5000, "<f4", 12),
        ("(" + "9" * 3000 + ",)", "<f4", 0),
    ],
)
def test_headers_that_lie(shape: str, dtype: str, size: int) -> None:
    labels = header("(3,)", "|u1") + bytes(3)
    data = archive([("inputs.npy", header(shape, dtype) + bytes(size)), ("labels.npy", labels)])
    assert refused(lambda: parse_dataset(data)) <= 4 * MEBIBYTE


def test_architectures() -> None:
    """Layers that read the same tensor again and again, and shapes beyond all memory."""
    true = seeds.networks()[0].model.architecture.canonical()
    layers = true["layers"]
    for change in (
        {"input_shape": [1 << 20, 1 << 20, 1 << 20]},
        {"input_shape": [1 << 62]},
        {"layers": layers * 1000},
        {"layers": [{**layers[0], "kernel": [1 << 20, 1 << 20]}, *layers[1:]]},
        {"layers": [{**layers[0], "filters": 1 << 22}, *layers[1:]]},
        {"input_scale": "0x" + "1" * 1000 + "p+0"},
    ):
        tree = true | change
        size = len(json.dumps(tree))
        assert refused(lambda tree=tree: Architecture.from_canonical(tree)) <= 64 * size + MEBIBYTE  # type: ignore[misc]


def network(nodes: list[onnx.NodeProto], stored: dict[str, np.ndarray]) -> onnx.ModelProto:
    """An ONNX network from x (n, 4) to y (n, 2) whose weights some nodes make."""
    graph = helper.make_graph(
        [*nodes, helper.make_node("MatMul", ["x", "w"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", 4))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in stored.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_onnx_constants_that_nodes_make(tmp_path: Path) -> None:
    """Each of two hundred nodes makes an accepted constant; all together are gibibytes."""
    shape = np.array([1 << 11, 1 << 11])
    nodes = [helper.make_node("ConstantOfShape", ["shape"], ["c0"])]
    nodes += [helper.make_node("Add", [f"c{i}", f"c{i}"], [f"c{i + 1}"]) for i in range(200)]
    nodes += [helper.make_node("ReduceProd", ["c200"], ["p"], keepdims=0)]
    nodes += [helper.make_node("Add", ["v", "p"], ["w"])]
    path = tmp_path / "net.onnx"
    path.write_bytes(network(nodes, {"shape": shape, "v": np.zeros((4, 2), np.float32)}).SerializeToString())
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInput, match="a constant that is too large"):
            import_onnx(path)
        assert tracemalloc.get_traced_memory()[1] <= TARGETS["onnx"].constant
    finally:
        tracemalloc.stop()


def test_onnx_tensors_in_one_external_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many tensors may name one file, and are held beside each other."""
    from zkaudit.model import onnx_constants

    model = network(
        [helper.make_node("Concat", [f"v{i}" for i in range(20)], ["u"], axis=0),
         helper.make_node("Slice", ["u", "from", "to"], ["w"])],
        {**{f"v{i}": np.ones((4, 2), np.float32) for i in range(20)}, "from": np.array([0]), "to": np.array([4])},
    )  # fmt: skip
    (tmp_path / "weights.bin").write_bytes(np.ones((4, 2), np.float32).tobytes())
    for tensor in model.graph.initializer[:20]:
        onnx.external_data_helper.set_external_data(tensor, "weights.bin", 0, 32)
        tensor.ClearField("raw_data")
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    import_onnx(path)
    monkeypatch.setattr(onnx_constants, "MAX_STORED", 100)
    with pytest.raises(InvalidInput, match="too many constants"):
        import_onnx(path)


def test_stored_weights_may_pass_many_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from zkaudit.model import onnx_constants

    monkeypatch.setattr(onnx_constants, "MAX_FOLDED", 0)
    names = [f"w{i}" for i in range(12)]
    path = tmp_path / "net.onnx"
    for count, accepted in ((10, True), (17, False)):
        names = ["v", *(f"w{i}" for i in range(count - 1)), "w"]
        nodes = [helper.make_node("Neg", [a], [b]) for a, b in pairwise(names)]
        path.write_bytes(network(nodes, {"v": np.ones((4, 2), np.float32)}).SerializeToString())
        if accepted:
            import_onnx(path)
        else:
            with pytest.raises(InvalidInput, match="too large"):
                import_onnx(path)
