"""How numbers, digests and strangers' words are written for a person."""

from __future__ import annotations

import re

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

_TABLE = re.compile(r"\[\[[0-9, \[\]]*\]\]")
"""A confusion matrix inside a claim; the page shows it as a table."""

LONGEST_INLINE = 200
"""Characters of a claim that fit in a heading; a confusion matrix has many more."""

DIGEST_GROUP = 4
"""Hexadecimal digits that a person reads aloud in one breath."""


def visible(text: str) -> str:
    """The text with line ends as spaces, and control and direction characters as escapes that can be seen."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode()
        for c in " ".join(text.splitlines())
    )


def percent(share: float, places: int = 2) -> str:
    """A share as a percentage, rounded down: a bound may only be understated.

    A step of 10^-9 keeps a share that is a whole number of units, such as 0.29, from losing one to the float.
    """
    scale = 10**places
    units = int(share * 100 * scale + 1e-9)
    return f"{units / scale:.{places}f}%"


def count(number: int, one: str, many: str) -> str:
    """A number with its noun: 1 sample, 1,200 samples."""
    return f"{number:,} {one if number == 1 else many}"


def shortened(text: str, longest: int = LONGEST_INLINE) -> str:
    """The text, a table in it left out, and its end where it is too long for a line of its own."""
    text = _TABLE.sub("[[…]]", text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def size(number: int) -> str:
    """A number of bytes in the unit that suits it."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= scale:
            return f"{number / scale:.1f} {unit}"
    return f"{number} bytes"


def power(bits: float) -> str:
    """2 to the minus so many bits, rounded down to whole ones: a chance may only be overstated."""
    return "2⁻" + str(int(bits)).translate(_RAISED)


def digest_groups(digest: str) -> tuple[str, ...]:
    """A digest in groups of four digits."""
    return tuple(digest[start : start + DIGEST_GROUP] for start in range(0, len(digest), DIGEST_GROUP))
