"""The text of a vector file, and the values that cases are made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

import zkaudit.commitment.ajtai
import zkaudit.randomness
from zkaudit.field import arrays
from zkaudit.field.extension import Element
from zkaudit.field.koalabear import MODULUS

FOLDER = Path(__file__).parents[2] / "vectors"
"""The product: data only."""

Case = dict[str, Any]
LARGEST = 2**53
"""Integers from here on are written as texts: not every JSON reader keeps them exact."""


def case(name: str, comment: str, given: dict[str, Any], expected: dict[str, Any]) -> Case:
    """One known answer."""
    return {"name": name, "comment": comment, "input": given, "expected": expected}


def render(section: str, comment: str, cases: Sequence[Case]) -> bytes:
    """The text of a file: keys in order, one case a line."""
    names = [entry["name"] for entry in cases]
    if len(set(names)) != len(names):
        raise ValueError(f"{section}: a name occurs twice")
    lines = ",\n".join(_line(entry) for entry in cases)
    return f'{{"cases": [\n{lines}\n],\n"comment": {_line(comment)},\n"section": {_line(section)}}}\n'.encode()


def render_map(value: dict[str, Any]) -> bytes:
    """The text of a file that holds one map: one key a line."""
    lines = ",\n".join(f"{_line(key)}: {_line(value[key])}" for key in sorted(value))
    return f"{{\n{lines}\n}}\n".encode()


def _line(value: object) -> str:
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=False)


def _plain(value: object) -> object:
    """Maps, lists, texts, booleans and small integers; bytes become hexadecimal texts."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= LARGEST:
        raise ValueError(f"{value} has to be a text")
    if value is None or isinstance(value, (bool, int, str)):
        return value
    raise TypeError(f"{type(value).__name__} in a vector")


class Stream:
    """Values that a name fixes, the same with every version of every library."""

    def __init__(self, name: str) -> None:
        self._name = name.encode()
        self._counter = 0
        self._rest = b""

    def bytes(self, count: int) -> bytes:
        """The next bytes."""
        parts = [self._rest]
        size = len(self._rest)
        while size < count:
            seed = b"zkaudit vectors\0" + self._name + b"\0" + self._counter.to_bytes(8, "big")
            parts.append(hashlib.shake_128(seed).digest(1 << 16))
            self._counter += 1
            size += 1 << 16
        joined = b"".join(parts)
        self._rest = joined[count:]
        return joined[:count]

    def integer(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""
        return low + int.from_bytes(self.bytes(16), "big") % (high - low + 1)

    def integers(self, low: int, high: int, shape: int | tuple[int, ...]) -> NDArray[np.int64]:
        """An array of such numbers."""
        count = int(np.prod(shape))
        return np.array([self.integer(low, high) for _ in range(count)], np.int64).reshape(shape)

    def element(self) -> Element:
        """An element of F."""
        a, b, c, d, e = (self.integer(0, MODULUS - 1) for _ in range(5))
        return a, b, c, d, e

    def elements(self, count: int) -> list[Element]:
        """Elements of F."""
        return [self.element() for _ in range(count)]

    def vector(self, count: int) -> arrays.Array:
        """Elements of F as an F-vector, (5, count)."""
        return arrays.from_elements(self.elements(count)).reshape(5, count)


@contextmanager
def fixed_randomness(name: str) -> Iterator[None]:
    """The prover's pads, masks and salts and a commitment's randomness from a stream instead of the system.

    Only the tests do this: a proof whose randomness is known hides nothing.
    """
    stream = Stream(name)
    with ExitStack() as stack:
        for module, owner, function in (
            (zkaudit.randomness, "os", "urandom"),
            (zkaudit.commitment.ajtai, "secrets", "token_bytes"),
        ):
            stack.enter_context(mock.patch.object(module, owner, SimpleNamespace(**{function: stream.bytes})))
        yield
