"""The published folder: its names, what it may replace, and how it appears whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

from zkaudit import wire
from zkaudit.errors import InvalidInput
from zkaudit.secrecy import MARK_BYTES, kind_at_start, kind_within

FOLDER = "zkaudit"
"""Name of the folder beside a model."""

COMMITMENT = "commitment.json"
CHALLENGE = "challenge.json"
PROOF = "audit.zkp"
DATA = "heldout.npz"
RECEIPT = "receipt.json"
ATTESTATION = "claim.intoto.json"
MODEL_CARD = "model-index.yml"
BILL_OF_MATERIALS = "cyclonedx.json"

NAMES = (COMMITMENT, CHALLENGE, PROOF, DATA, RECEIPT, ATTESTATION, MODEL_CARD, BILL_OF_MATERIALS)
"""Every file that the folder may hold."""

MAX_SEARCHED = 10_000
"""Performance knob: most files of a model's folder that are looked at for secrets."""


def guard_destination(parent: Path, *, force: bool) -> None:
    """Refuses, before any work, a place where the folder cannot appear or would destroy something.

    A folder of an earlier publication is replaced; one that holds anything else is only with `force`,
    and one that holds a secret never is.
    `InvalidInput` that names the path and what to do.
    """
    target = parent / FOLDER
    try:
        if not parent.is_dir():
            raise _refused(parent, "not a folder", "create it, or name the model's folder with --to")
        if not os.access(parent, os.W_OK | os.X_OK):
            raise _refused(parent, "no permission to write in the folder", "choose another one")
        if not os.path.lexists(target):
            return
        if target.is_symlink() or not target.is_dir():
            raise _refused(target, "exists and is not a folder", "move it away")
        # First, so that nobody is told to use the force that would not help.
        if held := secrets_within(target):
            raise _refused(target / held[0], "a secret in the folder to be replaced", "move it away")
        for entry in os.scandir(target):
            known = entry.name in NAMES and entry.is_file(follow_symlinks=False)
            if not known and not force:
                step = "move it away, or --force to lose it"
                raise _refused(target, f"holds {entry.name!a}, which is no part of a publication", step)
    except OSError as error:
        raise _refused(target, f"cannot be looked at: {error.strerror}", "check the folder") from error


def place(contents: Mapping[str, bytes], parent: Path, *, force: bool) -> Path:
    """The folder with these files, complete, or everything left as it was.

    It is built beside its place and scanned there, then takes its name in one step.
    `InvalidInput` for a secret among the files, or where the folder cannot be written.
    ValueError for a file that is no part of a publication.
    """
    if not contents.keys() <= set(NAMES):
        raise ValueError(f"not files of a publication: {sorted(contents)}")
    guard_destination(parent, force=force)
    building = parent / f".zkaudit-{secrets.token_hex(8)}"
    target = parent / FOLDER
    try:
        building.mkdir(mode=0o755)
        for name, data in contents.items():
            wire.write_atomic(building / name, data, overwrite=False)
        _require_public(building)
        _swap(building, target)
    except OSError as error:
        raise _refused(target, f"cannot be written: {error.strerror}", "check the folder and its space") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return target


def secrets_within(folder: Path) -> tuple[str, ...]:
    """The files under a folder that begin like secrets, by relative path; links are not followed."""
    found: list[str] = []
    looked_at = 0
    for place_, _, names in os.walk(folder):
        for name in sorted(names):
            looked_at += 1
            if looked_at > MAX_SEARCHED:
                return tuple(found)
            path = Path(place_) / name
            if kind_at_start(_start(path)):
                found.append(os.fspath(path.relative_to(folder)))
    return tuple(found)


def require_no_secret(data: bytes, path: Path | str) -> None:
    """`InvalidInput` for the bytes of a file that hold a secret, at their start or anywhere."""
    if kind := kind_within(data):
        raise InvalidInput(
            f"holds {kind}, which is never published", where=os.fspath(path), next_step="name the public file"
        )


def _require_public(building: Path) -> None:
    """None of the files as they lie on the disk holds a secret."""
    for entry in os.scandir(building):
        require_no_secret(Path(entry.path).read_bytes(), entry.name)


def _swap(building: Path, target: Path) -> None:
    """Gives the new folder its name; an old one steps aside first and comes back if that fails."""
    if not target.exists():
        os.rename(building, target)
        return
    aside = target.parent / f".zkaudit-{secrets.token_hex(8)}"
    os.rename(target, aside)
    try:
        os.rename(building, target)
    except BaseException:
        os.rename(aside, target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _start(path: Path) -> bytes:
    """The first bytes of a regular file; none of any other, or of one that cannot be read."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return b""
        with path.open("rb") as file:
            return file.read(MARK_BYTES)
    except OSError:
        return b""


def _refused(path: Path, fault: str, step: str) -> InvalidInput:
    return InvalidInput(fault, where=os.fspath(path), next_step=step)
