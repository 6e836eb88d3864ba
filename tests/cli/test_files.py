"""Commands that make and read files: quantize, commit, estimate, inspect, and what they refuse."""

from __future__ import annotations

import os
import stat
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Files, Program
from zkaudit import cli, wire
from zkaudit.commitment import load_commitment, load_opening, verify_opening
from zkaudit.dataset import dataset_bytes
from zkaudit.errors import InvalidInput
from zkaudit.estimation import estimate
from zkaudit.model.model import load_model


def _onnx(path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(1)
    tensors = {"w": rng.normal(size=(4, 6)), "b": rng.normal(size=4), "v": rng.normal(size=(3, 4)), "c": np.zeros(3)}
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["h"], transB=1),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "v", "c"], ["y"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))


def test_quantize_and_commit(tmp_path: Path, program: Program) -> None:
    _onnx(tmp_path / "net.onnx")
    rng = np.random.default_rng(2)
    data = dataset_bytes(rng.normal(size=(50, 6)).astype(np.float32), rng.integers(0, 3, 50))
    (tmp_path / "calib.npz").write_bytes(data)
    model, commitment, opening = (str(tmp_path / name) for name in ("m.zkm", "c.json", "o.zko"))
    made = ["quantize", str(tmp_path / "net.onnx"), "--calibration", str(tmp_path / "calib.npz"), "-o", model]
    code, shown = program(*made)
    assert (code, shown["status"]) == (0, "quantized")
    assert shown["report"]["samples"] == 50
    assert stat.S_IMODE(os.stat(model).st_mode) == 0o600
    code, shown = program("commit", model, "-o", commitment, "--opening", opening)
    assert (code, shown["status"]) == (0, "committed")
    assert stat.S_IMODE(os.stat(opening).st_mode) == 0o600
    owned, published = load_model(model), load_commitment(commitment)
    assert shown["digest"] == published.digest().hex()
    assert verify_opening(published, owned.weight_cells(), load_opening(opening))
    # A second commitment would take the first one's opening away, a second model the committed one.
    for again in (["commit", model, "-o", commitment, "--opening", opening], made):
        before = Path(opening).read_bytes(), Path(model).read_bytes(), Path(commitment).read_bytes()
        assert program(*again)[0] == 3
        assert (Path(opening).read_bytes(), Path(model).read_bytes(), Path(commitment).read_bytes()) == before
    assert program("commit", model, "-o", commitment, "--opening", opening, "--force")[0] == 0
    assert load_commitment(commitment).digest() != published.digest()


def test_no_opening_stays_without_its_commitment(
    files: Files, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise InvalidInput("no space left")

    monkeypatch.setattr("zkaudit.commitment.save_commitment", full)
    arguments = ["commit", files.path("model.zkm"), "-o", files.path("new.json"), "--opening", files.path("new.zko")]
    assert program(*arguments)[0] == 3
    assert not Path(files.path("new.zko")).exists()


def test_names_that_the_system_refuses(files: Files, program: Program) -> None:
    long = files.path("x" * 300)
    assert program("commit", files.path("model.zkm"), "-o", long, "--opening", files.path("new.zko"))[0] == 3
    assert program("inspect", long)[0] == 3
    assert program("estimate", long, "--samples", "1")[0] == 3


@pytest.mark.parametrize("name", ["model.zkm", "opening.zko", "heldout.npz", "missing/audit.zkp", "."])
def test_prove_refuses_an_output_before_any_work(files: Files, program: Program, name: str) -> None:
    target = files.folder / name
    before = target.read_bytes() if target.is_file() else None
    arguments = ["prove", files.path("model.zkm"), "--opening", files.path("opening.zko")]
    arguments += ["--commitment", files.path("commitment.json"), "--data", files.path("heldout.npz")]
    code, shown = program(*arguments, "--claim", "correct >= 1", "-o", str(target))
    assert (code, shown["reason"]) == (3, "invalid-input")
    assert before is None or target.read_bytes() == before


def test_a_lost_network_of_another_output_is_refused(files: Files, program: Program) -> None:
    net = files.path("heldout.npz")
    code, shown = program("quantize", net, "--calibration", net, "-o", net)
    assert code == 3
    assert "one of the inputs" in shown["error"]


@pytest.mark.parametrize(
    ("name", "kind", "secret"),
    [
        ("model.zkm", "model", True),
        ("opening.zko", "opening", True),
        ("heldout.npz", "held-out set", False),
        ("commitment.json", "commitment", False),
    ],
)
def test_inspect_accounts_for_every_byte(files: Files, program: Program, name: str, kind: str, secret: bool) -> None:
    code, shown = program("inspect", files.path(name))
    assert (code, shown["kind"], shown["secret"]) == (0, kind, secret)
    assert sum(part["bytes"] for part in shown["parts"]) == shown["bytes"] == os.path.getsize(files.path(name))
    assert all(part["bytes"] > 0 for part in shown["parts"])
    assert bool(shown["digest"]) is not secret


def test_inspect_shows_no_secret(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    import hashlib

    for name in ("model.zkm", "opening.zko"):
        content = Path(files.path(name)).read_bytes()
        for flags in ([], ["--json"]):
            assert cli.run(["inspect", files.path(name), *flags]) == 0
            out, err = capsys.readouterr()
            # Digests of the content would confirm a guess of it.
            for digest in (hashlib.sha256(content).hexdigest(), content[-32:].hex()):
                assert digest not in out + err
    cells = files.model.weight_cells()
    assert ", ".join(map(str, cells[:6])) not in out


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 40, b"{", b"PK\x03\x04", b"zkauditM", b"zkauditO\x00\x00\x00\x09" + b"x" * 60]
)
def test_inspect_of_other_bytes_is_one_line(tmp_path: Path, program: Program, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    code, shown = program("inspect", str(tmp_path / "file"))
    assert code == 3
    assert shown["error"].isprintable()


def test_inspect_of_every_changed_or_cut_file_fails_cleanly(files: Files, program: Program) -> None:
    rng = np.random.default_rng(0)
    for name in ("model.zkm", "opening.zko", "heldout.npz", "commitment.json"):
        content = Path(files.path(name)).read_bytes()
        for _ in range(12):
            changed = bytearray(content)
            changed[rng.integers(len(content))] ^= 1 << rng.integers(8)
            for bad in (bytes(changed), content[: rng.integers(len(content))]):
                (files.folder / "bad").write_bytes(bad)
                code, shown = program("inspect", files.path("bad"))
                assert code in (0, 3)  # a bit of a zip header that no reader looks at may change
                assert code == 3 or name in ("heldout.npz", "commitment.json")
                assert code == 0 or shown["error"].isprintable()


def test_inspect_of_nothing_and_of_folders(tmp_path: Path, program: Program) -> None:
    assert program("inspect", str(tmp_path / "absent"))[0] == 3
    assert program("inspect", str(tmp_path))[0] == 3
    os.mkfifo(tmp_path / "pipe")
    assert program("inspect", str(tmp_path / "pipe"))[0] == 3


def test_nested_fields_add_up(tmp_path: Path) -> None:
    from zkaudit.inspection import _sealed_parts

    sealed = wire.seal(b"zkauditX", 3, {"a": {"b": b"x" * 70, "c": 5}, "d": "text", "e": {}, "f": [1, {"g": 2}]})
    for levels in range(4):
        parts = _sealed_parts(sealed, "test", levels=levels)
        assert sum(part.size for part in parts) == len(sealed)
    assert {"a.b", "a.c", "a.framing", "d", "e", "f"} < {part.name for part in parts}


def test_estimate(files: Files, program: Program) -> None:
    code, shown = program("estimate", files.path("model.zkm"), "--samples", "1000")
    assert (code, shown["status"], shown["padded_samples"]) == (0, "estimated", 1024)
    assert shown["security_bits"] >= 128
    assert program("estimate", files.path("model.zkm"), "--samples", str(1 << 21))[0] == 3


def test_estimate_grows_with_the_samples(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    costs = [estimate(files.model.architecture, samples) for samples in (1, 100, 129, 5000)]
    for small, large in pairwise(costs):
        assert small.seconds < large.seconds
        assert small.peak_bytes < large.peak_bytes
        assert small.proof_bytes < large.proof_bytes
    assert cli.run(["estimate", files.path("model.zkm"), "--samples", "129"]) == 0
    assert "128 samples would cost about half" in capsys.readouterr().out
