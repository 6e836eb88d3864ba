"""Writes all vectors: `python -m tests.vectors`."""

from __future__ import annotations

from tests.vectors.files import FOLDER
from tests.vectors.generator import all_files

files = all_files()
for path in FOLDER.rglob("*"):
    if path.is_file() and path.name != "README.md" and path.relative_to(FOLDER).as_posix() not in files:
        path.unlink()
for name, data in files.items():
    path = FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
print(f"{len(files)} files, {sum(map(len, files.values()))} bytes")
