"""What bounds the sizes in an architecture, and the one refusal of a number out of bounds."""

from __future__ import annotations

from zkaudit.errors import InvalidInput

MAX_WEIGHTS = 1 << 26
"""Performance knob: most cells of a commitment block, about the memory of one machine."""

MAX_LAYERS = 1 << 12
"""Performance knob: most layers of an architecture."""

MAX_FEATURES = 1 << 20
"""Performance knob: most features of a sample."""

MAX_CELLS = 1 << 22
"""Performance knob: most cells of one tensor of a sample, its padding included."""

MAX_WORK = 1 << 25
"""Performance knob: most cells of a sample that all layers together read, make or look at in windows.

An architecture comes from a stranger, and a verifier keeps a few words for each of these cells.
"""

MAX_AXES = 8
"""Performance knob: most axes of a shape."""

MAX_SOURCES = 64
"""Performance knob: most tensors that one layer reads."""

MAX_TABLE = 1 << 12
"""Performance knob: most entries of an activation table."""

MAX_LISTED = 1 << 17
"""Performance knob: most table entries and multipliers of an architecture, so that its file stays readable."""

MAX_SHIFT = 24
"""Largest shift of a requantisation: 2^24 values of remainder are the most that range checks are built for."""

MAX_FACTOR = 1 << 24
"""Largest multiplier: the rule of no wrap-around leaves room for none that is larger and useful."""

MAX_BIAS_LIMBS = 3
"""Most base-256 digits of a bias: a fourth could exceed half the modulus on its own."""

MAX_WEIGHT_LIMBS = 2
"""Weights of up to 16 bits, where the fan-in leaves room for them."""

INPUT_INTERVAL = (-128, 255)
"""Hull of int8 and uint8: the integers that an input or an activation may take."""


def check_integer(value: object, low: int, high: int, where: str) -> None:
    """`InvalidInput` for anything but an integer in [low, high]; a boolean is none."""
    if type(value) is not int or not low <= value <= high:
        raise InvalidInput(f"{value!r:.40} is not an accepted number", where=where, expected=f"{low} to {high}")


def check_integers(values: object, counts: tuple[int, int], low: int, high: int, where: str) -> None:
    """`InvalidInput` for anything but a tuple of `counts` = (least, most) integers in [low, high]."""
    if type(values) is not tuple or not counts[0] <= len(values) <= counts[1]:
        wanted = f"{counts[0]}" if counts[0] == counts[1] else f"{counts[0]} to {counts[1]}"
        raise InvalidInput("a wrong number of integers", where=where, expected=wanted)
    for value in values:
        check_integer(value, low, high, where)
