"""Where randomness comes from, and that no secret is part of what an object says of itself."""

from __future__ import annotations

import ast
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from tests.cases import random_case
from tests.imports import modules
from zkaudit.commitment import save_opening
from zkaudit.errors import InvalidInput
from zkaudit.model.model import save_model
from zkaudit.wire import write_atomic

GENERATORS = {
    "zkaudit.randomness": "os.urandom",
    "zkaudit.commitment.ajtai": "secrets",
    "zkaudit.wire": "secrets",
    "zkaudit.challenge": "secrets",
    "zkaudit.dataset_commitment": "secrets",
    "zkaudit.signing.suite": "secrets",
    "zkaudit.publishing.folder": "secrets",
}
"""Who draws from the operating system: pads, masks and salts; openings; names of temporary files; nonces; keys."""

SEEDED = {"zkaudit.demonstration", "zkaudit.publishing.bill_of_materials"}
"""The public example is trained the same way every time, the number of a bill is a hash of it."""


def randomness_of(tree: ast.AST) -> set[str]:
    """Every source of randomness that a module names, by an import or by an attribute of numpy or os."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names]
            base = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            found |= {part for name in names for part in (base + name).split(".") if part in SOURCES}
        elif isinstance(node, ast.Attribute) and node.attr in (
            "random",
            "urandom",
            "getrandom",
            "default_rng",
            "RandomState",
        ):
            found.add(ast.unparse(node))
        elif isinstance(node, ast.keyword) and node.arg in ("seed", "random_state"):
            found.add(node.arg)
    return found


SOURCES = {"random", "secrets", "uuid", "urandom", "getrandom", "default_rng", "RandomState"}


def test_the_scan_sees_randomness() -> None:
    for text in ("import random", "from numpy.random import default_rng", "import numpy.random", "import uuid",
                 "np.random.default_rng(1)", "f(seed=3)", "from os import urandom", "os.getrandom(3)"):  # fmt: skip
        assert randomness_of(ast.parse(text)), text
    assert not randomness_of(ast.parse("from zkaudit.randomness import uniform_bytes\nx.randomness"))


@pytest.mark.parametrize("module", sorted(modules()))
def test_randomness_comes_from_the_operating_system(module: str) -> None:
    """Or from SHAKE, which expands public seeds and the transcript, and is no source."""
    found = randomness_of(ast.parse(modules()[module].read_text(encoding="utf-8")))
    if module not in SEEDED:
        assert found <= {GENERATORS.get(module, "")}, found
    assert module not in GENERATORS or found


def test_what_objects_say_of_themselves() -> None:
    case = random_case((4, 5, 3), samples=4)
    for secret in (case.model, case.opening):
        for text in (repr(secret), str(secret), f"{secret}", f"{[secret]}"):
            assert "array" not in text
            assert len(text) < 1200
    assert "randomness" not in repr(case.opening)
    assert "kernels" not in repr(case.model)


def test_secret_files_are_the_owners_alone_whatever_the_mask(tmp_path: Path) -> None:
    case = random_case((4, 5, 3), samples=4)
    before = os.umask(0)
    try:
        save_model(case.model, tmp_path / "model.zkm")
        save_opening(tmp_path / "opening.zko", case.opening)
        write_atomic(tmp_path / "public", b"")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"model.zkm": 0o600, "opening.zko": 0o600, "public": 0o644}


def test_secret_files_are_not_overwritten_unless_asked(tmp_path: Path) -> None:
    case, other = random_case((4, 5, 3), samples=4), random_case((4, 5, 3), samples=4, seed=1)
    model, opening = tmp_path / "model.zkm", tmp_path / "opening.zko"
    save_model(case.model, model)
    save_opening(opening, case.opening)
    contents = model.read_bytes(), opening.read_bytes()
    with pytest.raises(InvalidInput, match="exists already"):
        save_model(other.model, model)
    with pytest.raises(InvalidInput, match="exists already"):
        save_opening(opening, other.opening)
    assert (model.read_bytes(), opening.read_bytes()) == contents
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.zkm", "opening.zko"]
    save_model(other.model, model, overwrite=True)
    save_opening(opening, other.opening, overwrite=True)
    assert stat.S_IMODE(model.stat().st_mode) == stat.S_IMODE(opening.stat().st_mode) == 0o600
    assert (model.read_bytes(), opening.read_bytes()) != contents


def test_a_secret_is_never_readable_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The temporary file is the owner's before the first byte is in it."""
    seen = []
    replace = os.link

    def spy(source: Path, target: Path) -> None:
        seen.append(stat.S_IMODE(os.stat(source).st_mode))
        replace(source, target)

    monkeypatch.setattr(os, "link", spy)
    before = os.umask(0)
    try:
        save_opening(tmp_path / "opening.zko", random_case().opening)
    finally:
        os.umask(before)
    assert seen == [0o600]


def test_two_openings_share_nothing() -> None:
    case, again = random_case(), random_case()
    assert np.array_equal(case.model.weight_cells(), again.model.weight_cells())
    assert case.statement.commitment.digest() != again.statement.commitment.digest()
    agreeing = np.mean(case.opening.randomness == again.opening.randomness)
    assert agreeing < 0.6
