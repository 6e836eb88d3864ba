"""No failing command tells a weight, a bias or the opening: on stdout, on stderr, with a traceback or without."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Files, make_files
from zkaudit import cli
from zkaudit.commitment import load_opening
from zkaudit.model.model import load_model, model_bytes
from zkaudit.wire import write_atomic

RUN = 4
"""So many weights in a row are no accident in the output."""

SMALL = 10
"""Runs of numbers below it are no sign of anything."""


class Secrets:
    """Recognises weights, biases and the opening in a text, as numbers, hexadecimal or base 64."""

    def __init__(self, files: Files) -> None:
        model = load_model(files.path("model.zkm"))
        opening = load_opening(files.path("opening.zko"))
        arrays = [model.weight_cells(), opening.randomness[:200], *(bias for bias in model.biases)]
        arrays += [kernel.reshape(-1) for kernel in model.kernels]
        runs = {tuple(map(int, row[at : at + RUN])) for row in arrays for at in range(len(row) - RUN + 1)}
        # Counts and places, which commands do print, are small numbers too.
        self.numbers = {run for run in runs if max(map(abs, run)) >= SMALL}
        contents = [model.weight_cells().tobytes(), opening.randomness.tobytes()[:300]]
        self.texts = {data[at : at + 6].hex() for data in contents for at in range(len(data) - 5)}
        self.texts |= {base64.b64encode(data[at : at + 9]).decode() for data in contents for at in range(len(data) - 8)}

    def in_(self, text: str) -> list[object]:
        """What of the secrets a text tells."""
        shown = [int(number) for number in re.findall(r"-?\b\d{1,12}\b", text)]
        runs = {tuple(shown[at : at + RUN]) for at in range(len(shown) - RUN + 1)}
        lowered = text.lower()
        return [*(runs & self.numbers), *(one for one in self.texts if one in text or one in lowered)]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Files of a model whose weights have no four equal neighbours."""
    return make_files(tmp_path)


def test_the_search_finds_secrets(files: Files) -> None:
    secrets = Secrets(files)
    cells = files.model.weight_cells()
    assert secrets.in_(f"weights {cells[3:9]}")
    assert secrets.in_(f"{cells.tolist()}")
    assert secrets.in_(cells.tobytes().hex())
    assert secrets.in_(base64.b64encode(cells.tobytes()).decode())
    assert secrets.in_(f"bias {files.model.biases[0]}")
    assert not secrets.in_("expected 21 samples, found 20 (1 to 1048576); 0x1.8p+3 of 128 bits, 3 4 5 6")


def _damage(name: str) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        data = bytearray(Path(files.path(name)).read_bytes())
        data[len(data) // 2] ^= 1
        Path(files.path(name)).write_bytes(bytes(data))

    return change


def _cut(name: str) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        path = Path(files.path(name))
        path.write_bytes(path.read_bytes()[:-40])

    return change


def _strange_report(files: Files) -> None:
    """A model file that is true but for one field more."""
    import msgpack

    from zkaudit import wire
    from zkaudit.model.model import MAGIC, VERSION

    data = Path(files.path("model.zkm")).read_bytes()
    body = msgpack.unpackb(data[wire.HEADER_BYTES : -wire.DIGEST_BYTES])
    body["weights"] += b"\x01"
    write_atomic(files.path("model.zkm"), wire.seal(MAGIC, VERSION, body))


def _wrong_opening(files: Files) -> None:
    other = files.folder / "other"
    other.mkdir()
    make_files(other, seed=9)
    Path(files.path("opening.zko")).write_bytes((other / "opening.zko").read_bytes())


def _wrong_model(files: Files) -> None:
    other = files.folder / "other"
    other.mkdir()
    Path(files.path("model.zkm")).write_bytes(model_bytes(make_files(other, seed=9).model))


def _nothing(files: Files) -> None:
    pass


CHANGES: dict[str, Callable[[Files], None]] = {
    "nothing": _nothing,
    "a damaged model": _damage("model.zkm"),
    "a model cut short": _cut("model.zkm"),
    "a weight too many": _strange_report,
    "a damaged opening": _damage("opening.zko"),
    "an opening cut short": _cut("opening.zko"),
    "the opening of another": _wrong_opening,
    "the model of another": _wrong_model,
    "damaged data": _damage("heldout.npz"),
}


def commands(files: Files, claim: str) -> list[list[str]]:
    """Every command that reads a secret, and those that are given secrets where they want something else."""
    model, opening, commitment = (files.path(name) for name in ("model.zkm", "opening.zko", "commitment.json"))
    data, proof = files.path("heldout.npz"), files.path("audit.zkp")
    owned = ["--opening", opening, "--commitment", commitment, "--data", data, "--claim", claim]
    public = ["--commitment", commitment, "--data", data, "--claim", claim]
    return [
        ["commit", model, "-o", files.path("new.json"), "--opening", opening],
        ["check", model, "--data", data, "--claim", claim],
        ["estimate", model, "--samples", "100000000"],
        ["prove", model, *owned, "-o", proof, "--max-memory", "1"],
        ["prove", model, *owned, "-o", model],
        ["prove", opening, "--opening", model, *public, "-o", proof],
        ["verify", model, *public],
        ["verify", opening, *public],
        ["verify", proof, "--commitment", model, "--data", opening, "--claim", claim],
        ["inspect", model],
        ["inspect", opening],
        ["security", "--model", model, "--samples", "3"],
        ["security", opening],
        ["quantize", model, "--calibration", data, "-o", files.path("new.zkm")],
    ]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["text", "json"])
def test_no_command_tells_a_secret(
    files: Files, change: str, flags: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZKAUDIT_TRACEBACK", "1")
    secrets = Secrets(files)
    CHANGES[change](files)
    failed = 0
    for arguments in commands(files, "accuracy >= 0.5"):
        capsys.readouterr()
        failed += cli.run([*arguments, *flags]) != 0
        out, err = capsys.readouterr()
        assert not secrets.in_(out + err), arguments[0]
    assert failed >= 8


@pytest.mark.parametrize("claim", ["correct == 20", "correct >= 22", "accuracy >= 2", "correct >= 21"])
def test_no_false_claim_tells_a_secret(
    files: Files, claim: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZKAUDIT_TRACEBACK", "1")
    secrets = Secrets(files)
    labels = files.labels.copy()
    labels[0] = (labels[0] + 1) % 3
    data = files.heldout(labels)
    owned = ["--opening", files.path("opening.zko"), "--commitment", files.path("commitment.json"), "--data", data]
    for arguments in (
        ["check", files.path("model.zkm"), "--data", data, "--claim", claim],
        ["prove", files.path("model.zkm"), *owned, "--claim", claim, "-o", files.path("audit.zkp")],
    ):
        capsys.readouterr()
        code = cli.run(arguments)
        assert code != 0 or claim == "correct == 20"
        out, err = capsys.readouterr()
        assert not secrets.in_(out + err)


@pytest.mark.parametrize(
    "place",
    [
        "zkaudit.witness.witness",
        "zkaudit.witness.verify_opening",
        "zkaudit.commitment.commit",
        "zkaudit.checking.check",
    ],
)
def test_an_internal_error_tells_no_secret(
    files: Files, place: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of the program shows where it arose, and no value that was there."""

    def fault(*given: object, **named: object) -> None:
        assert given
        np.zeros(3) + np.zeros(5)

    monkeypatch.setattr(place, fault)
    secrets = Secrets(files)
    codes = []
    for traceback in ("1", "0"):
        monkeypatch.setenv("ZKAUDIT_TRACEBACK", traceback)
        for arguments in (
            ["commit", files.path("model.zkm"), "-o", files.path("n.json"), "--opening", files.path("n.zko")],
            ["check", files.path("model.zkm"), "--data", files.path("heldout.npz"), "--claim", "correct >= 1"],
            ["prove", files.path("model.zkm"), "--opening", files.path("opening.zko"), "--commitment",
             files.path("commitment.json"), "--data", files.path("heldout.npz"), "--claim", "correct >= 1", "-o",
             files.path("audit.zkp"), "--max-memory", "8GB"],
        ):  # fmt: skip
            if place.startswith("zkaudit.witness") == (arguments[0] == "prove"):
                capsys.readouterr()
                codes.append(cli.run(arguments))
                out, err = capsys.readouterr()
                assert ("Traceback" in err) <= (traceback == "1")
                assert not secrets.in_(out + err)
    assert 5 in codes
