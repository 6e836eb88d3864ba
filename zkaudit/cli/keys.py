"""What the commands that sign share: the key's options, its passphrase, and lengths of time."""

from __future__ import annotations

import os
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zkaudit.cli.options import FILE
from zkaudit.errors import InvalidInput

if TYPE_CHECKING:
    from zkaudit.signing import SecretKey

PASSPHRASE_VARIABLE = "ZKAUDIT_PASSPHRASE"
"""Environment variable that holds the passphrase where nobody can be asked, as in a pipeline."""

PASSPHRASE_LIMIT = 1 << 12
"""Performance knob: most bytes of a passphrase file."""

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class Lifetime(click.ParamType):  # type: ignore[type-arg]
    """A length of time in one unit: 90m, 12h, 30d, 4w."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The length; a usage error for anything else."""
        match = re.fullmatch(r"([1-9][0-9]{0,4})([mhdw])", str(value), re.ASCII)
        if match is None:
            self.fail(f"{value!r} is not a time such as 90m, 12h, 30d or 4w", param, ctx)
        return int(match[1]) * _UNITS[match[2]]


LIFETIME = Lifetime()
"""How long a challenge may be answered."""

key_option = click.option("--key", type=FILE, required=True, metavar="KEY.zkk", help="The secret key that signs.")

passphrase_option = click.option(
    "--passphrase-file",
    type=FILE,
    metavar="FILE",
    help=f"The passphrase, one line; else {PASSPHRASE_VARIABLE}, else a prompt.",
)

trusted_option = click.option(
    "--trusted-key",
    "trusted",
    type=FILE,
    multiple=True,
    metavar="KEY.pub.json",
    help="A public key or a keyring that you trust; may be repeated.",
)


def unlock(key: Path, passphrase_file: Path | None) -> SecretKey:
    """The secret key of a file; `InvalidInput` for a missing file before anybody is asked, or a wrong passphrase."""
    from zkaudit.signing import load_secret_key
    from zkaudit.signing.key_files import SECRET_LIMIT
    from zkaudit.wire import read_bounded

    read_bounded(key, SECRET_LIMIT, "secret key")
    return load_secret_key(key, read_passphrase(passphrase_file, f"Passphrase of {key}"))


def read_passphrase(file: Path | None, prompt: str, *, new: bool = False) -> bytes:
    """The passphrase of a file, of the environment, or of a person who is asked, twice for a new one.

    `InvalidInput` for an empty one, and where there is nobody to ask.
    """
    from zkaudit.wire import read_bounded

    if file is not None:
        words = read_bounded(file, PASSPHRASE_LIMIT, "passphrase file").removesuffix(b"\n").removesuffix(b"\r")
        where = f"passphrase file {file}"
    elif PASSPHRASE_VARIABLE in os.environ:
        words, where = os.environ[PASSPHRASE_VARIABLE].encode(errors="surrogateescape"), PASSPHRASE_VARIABLE
    elif sys.stdin is not None and sys.stdin.isatty():
        asked = click.prompt(prompt, hide_input=True, confirmation_prompt=new, default="", show_default=False, err=True)
        words, where = str(asked).encode(), "passphrase"
    else:
        raise InvalidInput(
            "no passphrase, and no terminal to ask for it",
            where="passphrase",
            next_step=f"use --passphrase-file, or {PASSPHRASE_VARIABLE} in a pipeline",
        )
    if not words:
        raise InvalidInput("an empty passphrase", where=where, expected="at least one character")
    return words
