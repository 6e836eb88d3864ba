"""Decisions read off a byte string, and what they do to bytes, to trees of values and to protobuf messages.

A fuzzer changes the byte string; one that ends gives zeros, so every string stands for one input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from zkaudit.field.koalabear import MODULUS

T = TypeVar("T")

INTEGERS = (0, 1, -1, 2, 3, 5, 7, 8, 16, 31, 127, 128, 255, 256, 4096, 1 << 15, 1 << 16, 1 << 20, 1 << 22, 1 << 24,
            MODULUS - 1, MODULUS, 1 << 31, (1 << 31) - 1, -(1 << 31), 1 << 32, (1 << 63) - 1, -(1 << 63), 1 << 63,
            (1 << 64) - 1)  # fmt: skip
"""Integers at the ends of types and limits."""

TEXTS = ("", "0", "accuracy >= 0.5", "correct == 1", "dense", "requantise", "table", "0x1.0000000000000p+0", "inf",
         "nan", "\x1b[31m", "\u202e", "a" * 300, "\ud7ff", "test-insecure", "zkaudit-int8/v1")  # fmt: skip


class Choices:
    """Reads decisions off a byte string."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    @property
    def left(self) -> int:
        """Bytes that no decision has used."""
        return len(self._data) - self._place

    def take(self, count: int) -> bytes:
        """The next bytes, with zeros after the end."""
        part = self._data[self._place : self._place + count]
        self._place += len(part)
        return part + bytes(count - len(part))

    def number(self, below: int) -> int:
        """A number from 0 to `below` - 1."""
        return int.from_bytes(self.take(1 if below <= 256 else 4), "big") % below

    def one_of(self, options: Sequence[T]) -> T:
        """One of some options."""
        return options[self.number(len(options))]

    def integer(self) -> int:
        """An integer that is small, at some limit, or anything of 64 bits."""
        kind = self.number(4)
        if kind == 0:
            return self.number(256) - 8
        return self.one_of(INTEGERS) if kind < 3 else int.from_bytes(self.take(8), "big", signed=True)

    def value(self, depth: int = 2) -> Any:
        """Any value of the wire format."""
        kind = self.number(8 if depth else 5)
        if kind < 2:
            return self.integer()
        if kind == 2:
            return self.one_of(TEXTS)
        if kind == 3:
            return self.take(self.one_of((0, 1, 4, 32, 64)))
        if kind == 4:
            return bool(self.number(2))
        if kind < 7:
            return [self.value(depth - 1) for _ in range(self.number(4))]
        return {self.one_of(TEXTS): self.value(depth - 1) for _ in range(self.number(3))}


def altered_bytes(data: bytes, choices: Choices) -> bytes:
    """A byte string with one part of it changed: a residue, a bit, its length."""
    kind = choices.number(8)
    place = choices.number(max(1, len(data)))
    if kind == 0:
        start = place - place % 4
        word = (int.from_bytes(data[start : start + 4], "big") + choices.integer()) % (1 << 32)
        return data[:start] + word.to_bytes(4, "big")[: len(data) - start] + data[start + 4 :]
    if kind == 1:
        return (
            data[:place] + bytes(byte ^ 1 << choices.number(8) for byte in data[place : place + 1]) + data[place + 1 :]
        )
    if kind == 2:
        new = choices.take(choices.one_of((1, 4, 20, 32)))
        return data[:place] + new + data[place + len(new) :]
    size = choices.one_of((1, 4, 20, 32, 1000))
    if kind == 3:
        return data[:place] + data[place + size :]
    if kind == 4:
        return data[:place] + choices.take(size) + data[place:]
    if kind == 5:
        return data[:place] + bytes(len(data[place : place + size])) + data[place + size :]
    if kind == 6:
        other = choices.number(max(1, len(data)))
        return data[:place] + data[other : other + size] + data[place + size :]
    return data[: choices.number(len(data) + 1)] + data[: choices.number(len(data) + 1)]


def altered_tree(tree: Any, choices: Choices) -> Any:
    """A tree of maps, lists and leaves with one place of it changed; the original stays as it is."""
    if isinstance(tree, dict) and tree and choices.number(8):
        name = choices.one_of(sorted(tree))
        return {**tree, name: altered_tree(tree[name], choices)}
    if isinstance(tree, list) and tree and choices.number(8):
        place = choices.number(len(tree))
        return [*tree[:place], altered_tree(tree[place], choices), *tree[place + 1 :]]
    return _altered_node(tree, choices)


def _altered_node(node: Any, choices: Choices) -> Any:
    if not choices.number(6):
        return choices.value()
    if isinstance(node, bool):
        return not node
    if isinstance(node, int):
        return choices.one_of((node + 1, node - 1, -node, 2 * node, choices.integer()))
    if isinstance(node, bytes):
        return altered_bytes(node, choices)
    if isinstance(node, str):
        place = choices.number(len(node) + 1)
        new = choices.one_of(TEXTS)[:8] or chr(32 + choices.number(90))
        return choices.one_of((choices.one_of(TEXTS), node[:place] + new + node[place + choices.number(3) :]))
    if isinstance(node, list):
        return _altered_list(node, choices)
    if isinstance(node, dict) and node:
        name = choices.one_of(sorted(node))
        rest = {key: value for key, value in node.items() if key != name}
        return choices.one_of(
            (rest, {**node, choices.one_of(TEXTS): choices.value()}, {**rest, name + "_": node[name]})
        )
    return choices.value()


def _altered_list(node: list[Any], choices: Choices) -> list[Any]:
    place, other = (choices.number(len(node) + 1) for _ in range(2))
    kind = choices.number(4)
    if kind == 0:
        return node[:place] + node[place + 1 :]
    if kind == 1:
        return [*node[:place], *node[other : other + 1], *node[place:]]
    if kind == 2:
        return [*node[:place], choices.value(), *node[place:]]
    # Long lists are what bounds on counts are for.
    return (node * (choices.one_of((2, 3, 70, 5000)) // max(1, len(node)) + 2))[:6000]
