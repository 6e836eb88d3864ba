"""Builds the single-file verifier: `python packaging/pyz.py dist/zkaudit-verify.pyz`.

The local tree and the pinned packages of `verifier.txt` go into one file that a Python of the same version, system
and processor runs.
The same tree and pins give the same bytes: times are fixed, and what records the place of the build is left out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = Path(__file__).with_name("verifier.txt")
ENTRY = "zkaudit.cli.single:main"

TIME = "1577836800"
"""Seconds since 1970 that every file in the archive carries: 2020-01-01, because a zip cannot be older than 1980."""

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "zkaudit", "circuits")
"""What a wheel of the tree is made of."""


def build(output: Path) -> None:
    """Writes the file; CalledProcessError where pip or shiv fails."""
    with tempfile.TemporaryDirectory(prefix="zkaudit-pyz-") as name:
        folder = Path(name)
        site, source = folder / "site", folder / "source"
        source.mkdir()
        # A build writes beside its sources, and the tree is not ours to litter.
        for entry in SOURCES:
            if (ROOT / entry).is_dir():
                shutil.copytree(ROOT / entry, source / entry, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / entry, source / entry)
        _pip("--require-hashes", "--only-binary", ":all:", "--requirement", PINS, "--target", site)
        _pip("--no-deps", source, "--target", site)
        _prune(site)
        made = folder / "made.pyz"
        _run(
            "shiv", "--site-packages", site, "--entry-point", ENTRY, "--output-file", made,
            "--python", "/usr/bin/env python3", "--reproducible", "--compressed",
        )  # fmt: skip
        output.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(made, output)


def _pip(*arguments: object) -> None:
    _run("pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", *arguments)


def _run(module: str, *arguments: object) -> None:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": TIME, "PYTHONHASHSEED": "0"}
    environment.pop("PYTHONPATH", None)
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], env=environment, check=True)


def _prune(site: Path) -> None:
    """Takes out scripts, the tests of packages, and the records of where the build was."""
    for pattern in ("bin", "**/tests", "**/__pycache__"):
        for folder in list(site.glob(pattern)):
            shutil.rmtree(folder)
    for record in [*site.glob("*.dist-info/direct_url.json"), *site.glob("*.dist-info/RECORD")]:
        record.unlink()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    build(parser.parse_args().output)
