"""The files are those that the generator makes, byte for byte, and the README speaks of each of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.vectors.files import FOLDER
from tests.vectors.generator import LAYERS, layer_file
from tests.vectors.proofs import proof_files

ROOT = FOLDER.parent
LARGEST = 3 << 20
"""The whole folder stays small, because it is in the source tree."""


def files(folder: Path) -> dict[str, Path]:
    """Every file below a folder."""
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_made_again(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_bytes() == layer_file(name)


def test_proofs_are_made_again() -> None:
    """Each proof is made again with the pads that its name fixes."""
    made, stored = proof_files(), files(FOLDER / "proofs")
    assert sorted(made) == sorted(stored)
    assert not [name for name, data in made.items() if stored[name].read_bytes() != data]


def test_there_is_nothing_else() -> None:
    found = files(FOLDER)
    layers = {name for name in found if not name.startswith("proofs/")}
    assert layers == {"README.md", *(f"{name}.json" for name in LAYERS)}
    assert sum(path.stat().st_size for path in found.values()) < LARGEST


def test_every_case_is_named_and_explained() -> None:
    count = 0
    for name in LAYERS:
        content = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        assert set(content) == {"cases", "comment", "section"}
        for entry in content["cases"]:
            assert set(entry) == {"name", "comment", "input", "expected"}
            assert entry["comment"].endswith(".")
            count += 1
    assert count > 300


def test_the_readme_names_every_file_and_its_section() -> None:
    readme = (FOLDER / "README.md").read_text()
    text = "".join((ROOT / "docs" / name).read_text() for name in ("protocol.md", "formats.md"))
    for name, (section, _, _) in LAYERS.items():
        assert f"`{name}.json`" in readme
        assert re.search(rf"^#+ {re.escape(section)}$", text, re.MULTILINE), section


def test_nothing_imports_the_vectors() -> None:
    """They are data, for every language."""
    assert not list(FOLDER.rglob("*.py"))
