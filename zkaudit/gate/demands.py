"""What a caller asks of a proof, and the `policy.toml` that says it.

The file is the caller's own: it never comes from the folder of whoever publishes the proof.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from zkaudit import wire
from zkaudit.claim import Claim, parse_claim
from zkaudit.errors import InvalidInput, UnsupportedVersion
from zkaudit.parameters import profile
from zkaudit.proof import LARGEST_PROOF

LARGEST_POLICY = 1 << 20
"""Performance knob: most bytes of a policy file."""

DEFAULT_BITS = 128.0
"""Security-derived: the soundness that is asked for where nobody says otherwise."""

LARGEST_QUORUM = 1 << 10
"""Performance knob: most auditors that a policy can ask for."""

_AGE = re.compile(r"([0-9]{1,6})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What the caller asks; None or empty asks nothing.

    `commitment`, `data` and `architectures` are digests of 32 bytes, `trusted_keys` files of public keys or keyrings.
    """

    commitment: bytes | None = None
    data: bytes | None = None
    claim: Claim | None = None
    trusted_keys: tuple[Path, ...] = ()
    quorum: int | None = None
    maximum_age: timedelta | None = None
    minimum_bits: float = DEFAULT_BITS
    profiles: tuple[str, ...] = ("standard-128",)
    architectures: tuple[bytes, ...] | None = None
    maximum_proof_bytes: int = LARGEST_PROOF
    require_challenge: bool = False
    require_receipt: bool = False

    def __post_init__(self) -> None:
        if not self.profiles:
            raise InvalidInput("no profile is accepted", where="demands", expected="at least one")

    def overridden(
        self,
        *,
        minimum_bits: float | None = None,
        quorum: int | None = None,
        trusted_keys: Iterable[str | Path] = (),
        architectures: Iterable[str] = (),
    ) -> Demands:
        """The demands with those in the place of a file's that the caller gives beside it; digests are in hex.

        `InvalidInput` for a text that is no digest.
        """
        paths = tuple(map(Path, trusted_keys))
        digests = tuple(parse_digest(digest, "architecture") for digest in architectures)
        return replace(
            self,
            minimum_bits=self.minimum_bits if minimum_bits is None else minimum_bits,
            quorum=self.quorum if quorum is None else quorum,
            trusted_keys=paths or self.trusted_keys,
            architectures=digests or self.architectures,
        )


def load_demands(path: str | Path) -> Demands:
    """The demands of a policy file; `InvalidInput` with one line for an unknown key or a value of another type."""
    data = wire.read_bounded(path, LARGEST_POLICY, "policy")
    return parse_demands(data, f"policy {path}", Path(path).parent)


def parse_demands(data: bytes, where: str = "policy", folder: Path = Path()) -> Demands:
    """The demands of a policy file's bytes; paths in it are relative to `folder`."""
    try:
        table = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InvalidInput(f"unreadable: {reason}", where=where, expected="TOML text") from error
    for key in table:
        if key not in _READERS:
            raise InvalidInput(f"an unknown key {key[:60]!r}", where=where, expected=f"among {', '.join(_READERS)}")
    values = {key: _READERS[key](value, f"{where}, {key}") for key, value in table.items()}
    if "trusted_keys" in values:
        values["trusted_keys"] = tuple(folder / name for name in values["trusted_keys"])
    return Demands(**values)


def parse_digest(value: object, where: str) -> bytes:
    """A digest from 64 hex digits of either case."""
    if type(value) is str and re.fullmatch("[0-9a-fA-F]{64}", value):
        return bytes.fromhex(value)
    raise InvalidInput("not a digest", where=where, expected="64 hex digits in quotes")


def _text_claim(value: object, where: str) -> Claim:
    try:
        return parse_claim(_string(value, where))
    except InvalidInput as error:
        raise InvalidInput(error.what, where=where, expected=error.expected) from error


def _string(value: object, where: str) -> str:
    if type(value) is not str or not value or "\0" in value:
        raise InvalidInput("not a text", where=where, expected="a text in quotes")
    return value


def _strings(value: object, where: str) -> tuple[str, ...]:
    if type(value) is not list or not value:
        raise InvalidInput("not a list of texts", where=where, expected='such as ["first", "second"]')
    return tuple(_string(entry, where) for entry in value)


def _digests(value: object, where: str) -> tuple[bytes, ...]:
    return tuple(parse_digest(entry, where) for entry in _strings(value, where))


def _profiles(value: object, where: str) -> tuple[str, ...]:
    names = _strings(value, where)
    for name in names:
        try:
            known = profile(name)
        except UnsupportedVersion as error:
            raise InvalidInput(f"no profile {name[:60]!r}", where=where, expected="standard-128") from error
        if known.insecure:
            raise InvalidInput(f"profile {name!r} is for tests only", where=where, expected="standard-128")
    return names


def _number(low: int, high: int) -> Callable[[object, str], int]:
    def read(value: object, where: str) -> int:
        # A boolean is an int to isinstance, and 1.0 equals 1: only the exact type is a number here.
        if type(value) is not int or not low <= value <= high:
            raise InvalidInput("not an accepted number", where=where, expected=f"a whole number from {low} to {high}")
        return value

    return read


def _flag(value: object, where: str) -> bool:
    if type(value) is not bool:
        raise InvalidInput("not a truth value", where=where, expected="true or false")
    return value


def _age(value: object, where: str) -> timedelta:
    match = _AGE.fullmatch(value) if type(value) is str else None
    if match is None:
        raise InvalidInput("not an age", where=where, expected='such as "30d", "12h" or "90m", in quotes')
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


_READERS: dict[str, Callable[[object, str], Any]] = {
    "commitment": parse_digest,
    "data": parse_digest,
    "claim": _text_claim,
    "trusted_keys": _strings,
    "quorum": _number(1, LARGEST_QUORUM),
    "maximum_age": _age,
    "minimum_bits": _number(0, 1024),
    "profiles": _profiles,
    "architectures": _digests,
    "maximum_proof_bytes": _number(1, LARGEST_PROOF),
    "require_challenge": _flag,
    "require_receipt": _flag,
}
