"""Keys that the tests share: a signature takes a tenth of a second or more, so each is made once a process."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from zkaudit.signing.keys import PublicKey, SecretKey, secret_key

NAMES = ("Ada", "Björn", "Chidi")


@lru_cache(maxsize=8)
def signer(number: int = 0) -> SecretKey:
    """One of three keys."""
    return secret_key(7 + 1000 * number + 2**200, NAMES[number])


def stranger(key: PublicKey) -> PublicKey:
    """The key as a reader of a file has it, its possession not yet checked."""
    return PublicKey(key=key.key, possession=key.possession, name=key.name)


def altered(text: bytes, **changes: Any) -> bytes:
    """A document with other values in some fields; None takes a field away."""
    body = json.loads(text) | changes
    return json.dumps({name: value for name, value in body.items() if value is not None}).encode()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=100),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=6,
)
"""Any JSON, and the NaN that Python's writer makes of it."""


@st.composite
def edited(draw: st.DrawFn, text: Callable[[], bytes]) -> bytes:
    """A document with some bytes or some field changed."""
    data = text()
    if draw(st.booleans()):
        body = json.loads(data)
        places: list[tuple[Any, Any]] = [(body, name) for name in body]
        for owner, key in list(places):
            inner = owner[key]
            places += [(inner, name) for name in inner] if isinstance(inner, dict) else []
            places += [(inner, index) for index in range(len(inner))] if isinstance(inner, list) else []
        owner, key = draw(st.sampled_from(places))
        owner[key] = draw(JSON_VALUES)
        return json.dumps(body).encode()
    result = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(result)))
        result[start : start + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(result)
