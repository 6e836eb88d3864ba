"""Where the play is given: a directory and a home for each actor, and a public folder that all can read."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.imports import ROOT
from zkaudit.field.jit import CACHE_FOLDER

ACTORS = ("owner", "ada", "ben", "chi", "pipeline")

SECRETS = {
    "owner": ("net.onnx", "model.zkm", "opening.zko", "owner.zkk"),
    "ada": ("ada.zkk", "heldout.npz", "dataset.zks"),
    "ben": ("ben.zkk",),
    "chi": ("chi.zkk",),
    "pipeline": (),
}
"""Files that never lie in public; of Ada's, the set and its salt do once she has revealed them."""

REVEALED = ("heldout.npz", "dataset.zks")

_FIXTURES = ROOT / "tests" / "fixtures"
_PROGRAM = '#!/bin/sh\nexec "{python}" -m zkaudit "$@"\n'
_WINDOW = 24
"""Bytes of a secret that are looked for in public: far beyond chance, and below the size of a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What became of a command."""

    code: int
    out: str
    error: str


@dataclass(frozen=True, slots=True)
class Stage:
    """The directories of one performance; `folder/ACTOR/public` is a link to `folder/public`."""

    folder: Path
    model: str = "digits"

    @property
    def public(self) -> Path:
        """What everybody can read."""
        return self.folder / "public"

    @property
    def published(self) -> Path:
        """The folder that the owner publishes in the end."""
        return self.public / self.model / "zkaudit"

    def of(self, actor: str, name: str = "") -> Path:
        """An actor's own directory, or a file in it."""
        return self.folder / actor / name

    def run(self, actor: str, command: str) -> Ended:
        """Runs a command of the guide in the actor's directory, with nothing but his own home and passphrase."""
        if re.search(r"\.\.|(?<![\w.])/|~", command):
            raise ValueError(f"{actor} reaches beyond his directory: {command}")
        environment = {
            "HOME": str(self.of(actor, "home")),
            "PATH": os.pathsep.join([str(self.folder / "bin"), os.environ.get("PATH", os.defpath)]),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "circuits")]),
            "ZKAUDIT_PASSPHRASE": passphrase(actor),
            # Compiled kernels are no secret, and compiling them for every home would take minutes.
            **({} if CACHE_FOLDER is None else {"NUMBA_CACHE_DIR": str(CACHE_FOLDER)}),
        }
        done = subprocess.run(
            ["/bin/sh", "-euc", command],
            cwd=self.of(actor),
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        return Ended(code=done.returncode, out=done.stdout, error=done.stderr)

    def copied(self, folder: Path) -> Stage:
        """The same performance at another place, to be tampered with."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Stage(folder)

    def secrets(self) -> dict[str, bytes]:
        """The secret files that exist by now, and the passphrases."""
        found = {f"the passphrase of {actor}": passphrase(actor).encode() for actor in ACTORS}
        for actor, names in SECRETS.items():
            for name in names:
                public = name in REVEALED and (self.public / name).exists()
                if self.of(actor, name).exists() and not public:
                    found[f"{actor}/{name}"] = self.of(actor, name).read_bytes()
        if "owner/opening.zko" in found and self.of("owner", "commitment.json").exists():
            # An opening says which commitment it opens, and that is public.
            digest = json.loads(self.of("owner", "commitment.json").read_text())["digest"]
            found["owner/opening.zko"] = found["owner/opening.zko"].replace(bytes.fromhex(digest), b"")
        return found

    def require_no_secret_in_public(self) -> None:
        """AssertionError that names a public file which has a part of a secret."""
        secrets = self.secrets()
        for path in sorted(self.public.rglob("*")):
            if path.is_file():
                data = path.read_bytes()
                for name, secret in secrets.items():
                    for part in _parts(secret):
                        assert part not in data, f"{path.relative_to(self.folder)} holds a part of {name}"


def set_up(folder: Path) -> Stage:
    """The stage before anything happens: the owner has a network, Ada a held-out set."""
    stage = Stage(folder)
    for place in (stage.public, folder / "bin"):
        place.mkdir(parents=True)
    program = folder / "bin" / "zkaudit"
    program.write_text(_PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    for actor in ACTORS:
        stage.of(actor, "home").mkdir(parents=True)
        stage.of(actor, "public").symlink_to(Path("..") / "public")
    shutil.copy(_FIXTURES / "mlp.onnx", stage.of("owner", "net.onnx"))
    shutil.copy(_FIXTURES / "mlp_calibration.npz", stage.of("owner", "calibration.npz"))
    shutil.copy(_FIXTURES / "mlp_heldout.npz", stage.of("ada", "heldout.npz"))
    return stage


def passphrase(actor: str) -> str:
    """Each actor's own."""
    return f"{actor} knows a long sentence"


def _parts(secret: bytes) -> list[bytes]:
    """Windows of a secret that nothing else has by chance; a mark at its start is one of them."""
    windows = [secret[start : start + _WINDOW] for start in range(0, max(1, len(secret) - _WINDOW + 1), _WINDOW)]
    return [window for window in windows if len(set(window)) >= _WINDOW // 3]
