"""The arguments and options that several commands share, and the guard of their outputs."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from zkaudit.errors import InvalidInput


class MemorySize(click.ParamType):  # type: ignore[type-arg]
    """A number of bytes with an optional decimal unit: 500MB, 8GB."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The bytes; a usage error for anything else."""
        match = re.fullmatch(r"([0-9]{1,9})(?:\.([0-9]{1,3}))?([kMGT]?)B?", str(value))
        if match is None:
            self.fail(f"{value!r} is not a size such as 500MB or 8GB", param, ctx)
        whole, decimals, unit = match.groups()
        thousandths: int = int(whole) * 1000 + int((decimals or "0").ljust(3, "0"))
        return thousandths * int(1000 ** ("kMGT".index(unit) + 1 if unit else 0)) // 1000


MEMORY = MemorySize()
"""A limit on memory."""

FILE = click.Path(path_type=Path)
"""A path that the reader of its format opens and complains about, not click."""

model_argument = click.argument("model", type=FILE, metavar="MODEL.zkm")

commitment_option = click.option(
    "--commitment", type=FILE, required=True, metavar="COMMITMENT.json", help="The published commitment to the model."
)

opening_option = click.option(
    "--opening", type=FILE, required=True, metavar="OPENING.zko", help="The secret opening of the commitment."
)

data_option = click.option(
    "--data",
    type=FILE,
    required=True,
    metavar="HELDOUT.npz",
    help="The held-out set: arrays `inputs`, `labels`, maybe `groups`.",
)

claim_option = click.option(
    "--claim", required=True, metavar="CLAIM", help='Such as "accuracy >= 0.95", "recall[3] >= 0.9 and correct == 351".'
)

force_option = click.option("--force", is_flag=True, help="Overwrite secret files that exist already.")

json_option = click.option("--json", "as_json", is_flag=True, expose_value=False, help="Print one JSON object.")


def guard_output(path: Path, *, inputs: tuple[Path, ...], force: bool) -> None:
    """Refuses, before any work, an output that would destroy an input or a secret, or that cannot be written.

    A model or an opening that is lost ends all audits of its commitment, so only `--force` overwrites one.
    `InvalidInput` that names the path and what to do.
    """
    try:
        fault, step = _output_fault(path, inputs, force)
    except OSError as error:
        fault, step = f"cannot be written: {error.strerror}", "choose another name"
    if fault:
        raise InvalidInput(fault, where=os.fspath(path), next_step=step)


def _output_fault(path: Path, inputs: tuple[Path, ...], force: bool) -> tuple[str, str]:
    """What is wrong with an output and what to do about it; empty where nothing is."""
    from zkaudit.inspection import holds_secret

    folder = path.parent
    if not folder.is_dir():
        return "the folder does not exist", f"create {folder}"
    if path.is_dir():
        return "a folder, not a file", "name a file in it"
    if not os.access(folder, os.W_OK):
        return "no permission to write in the folder", "choose another one"
    if not path.exists():
        return "", ""
    if any(given.exists() and path.samefile(given) for given in inputs):
        return "the output is one of the inputs", "choose another name"
    if not force and holds_secret(path):
        return "holds a secret model, opening or key", "choose another name, or --force to lose it"
    return "", ""
