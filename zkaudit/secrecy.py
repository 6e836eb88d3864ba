"""How secret files are known by their content, whatever they are called."""

from __future__ import annotations

import re

from zkaudit.commitment.formats import OPENING_MAGIC
from zkaudit.dataset_commitment import SALT_MAGIC
from zkaudit.model.model import MAGIC as MODEL_MAGIC

MARK_BYTES = 64
"""Bytes from the start of a file within which a secret one says what it is."""

_MARKS = (
    (re.compile(re.escape(MODEL_MAGIC)), "a private model (.zkm)"),
    (re.compile(re.escape(OPENING_MAGIC)), "the opening of a commitment (.zko)"),
    (re.compile(re.escape(SALT_MAGIC)), "the opening of a commitment to a held-out set (.zks)"),
    (re.compile(rb"age-encryption\.org/v[0-9]"), "an encrypted secret (.zkk)"),
    (re.compile(rb"-----BEGIN AGE ENCRYPTED FILE-----"), "an encrypted secret (.zkk)"),
    (re.compile(rb"AGE-SECRET-KEY-1"), "a secret key"),
    (re.compile(rb"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY-----"), "a secret key"),
)
"""What a secret file begins with, and what it is."""


def kind_at_start(start: bytes) -> str:
    """What kind of secret a file holds whose first `MARK_BYTES` bytes these are; empty for none."""
    return next((kind for mark, kind in _MARKS if mark.match(start)), "")


def kind_within(data: bytes) -> str:
    """What kind of secret occurs anywhere in the bytes, behind something else too; empty for none."""
    return next((kind for mark, kind in _MARKS if mark.search(data)), "")
