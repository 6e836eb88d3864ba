"""Arrays out of an untrusted `.npz` file: every size is known and bounded before anything is read."""

from __future__ import annotations

import io
import math
import warnings
import zipfile
from collections.abc import Callable, Collection

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from zkaudit.errors import InvalidInput

MAX_ARRAY_BYTES = 1 << 32
"""Performance knob: most bytes of a file, and of all its arrays uncompressed."""

MAX_MEMBERS = 16
"""Performance knob: most arrays of a file."""

MAX_HEADER_BYTES = 4096
"""Performance knob: longest array header; those of plain arrays take 118 bytes."""

_END_BYTES = 22
"""Bytes of the end record of a zip directory, without its comment."""

_MAX_DIRECTORY_BYTES = 1 << 16
"""Performance knob: largest zip directory, and room for the end record's comment."""

HeaderCheck = Callable[[str, np.dtype[np.generic], tuple[int, ...], str], None]
"""Takes an array's name, type, shape and place; raises `InvalidInput` for one that is not wanted."""


def read_arrays(
    data: bytes, where: str, *, required: Collection[str], optional: Collection[str] = (), check: HeaderCheck
) -> dict[str, NDArray[np.generic]]:
    """The arrays of a `.npz` file's bytes by name, in native byte order and C order.

    `check` sees every header before any array is read.
    `InvalidInput` for a damaged file, missing, repeated or unknown arrays, objects, and sizes beyond the bounds.
    """
    _check_directory(data, where)
    try:
        with warnings.catch_warnings(), zipfile.ZipFile(io.BytesIO(data)) as file:
            # Odd headers make numpy and the parser behind it warn; they are judged here.
            warnings.simplefilter("ignore")
            members = _members(file, where, required, optional)
            headers = {name: _read_header(file, member, name, where, check) for name, member in members.items()}
            return {name: _read_values(file, members[name], *headers[name], f"{where}, {name}") for name in members}
    except InvalidInput:
        raise
    # The errors that zipfile, zlib and numpy raise on damaged bytes are many and not documented.
    except Exception as error:
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise InvalidInput(f"damaged: {reason}", where=where, expected="a .npz file", next_step=_SAVE_AGAIN) from error


_SAVE_AGAIN = "save it with numpy.savez"


def _check_directory(data: bytes, where: str) -> None:
    """`InvalidInput` unless the end record tells of a small directory, which zipfile would load whole."""
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - _END_BYTES - 0xFFFF))
    if end < 0 or len(data) - end < _END_BYTES:
        raise InvalidInput("not a zip file or truncated", where=where, expected="a .npz file", next_step=_SAVE_AGAIN)
    members = int.from_bytes(data[end + 10 : end + 12], "little")
    size = int.from_bytes(data[end + 12 : end + 16], "little")
    # A 64-bit end record would override these numbers; files below four gibibytes have none.
    if b"PK\x06\x07" in data[max(0, end - 20) : end] or members > MAX_MEMBERS or size > _MAX_DIRECTORY_BYTES:
        raise InvalidInput("too large a zip directory", where=where, expected=f"at most {MAX_MEMBERS} arrays")


def _members(
    file: zipfile.ZipFile, where: str, required: Collection[str], optional: Collection[str]
) -> dict[str, zipfile.ZipInfo]:
    """The wanted members by array name."""
    members: dict[str, zipfile.ZipInfo] = {}
    for member in file.infolist():
        name = member.filename.removesuffix(".npy")
        if member.filename != f"{name}.npy" or name not in (*required, *optional):
            wanted = " and ".join(required) + (f", optionally {', '.join(optional)}" if optional else "")
            raise InvalidInput(f"unknown array {member.filename[:40]!r}", where=where, expected=wanted)
        if name in members:
            raise InvalidInput(f"array {name!r} occurs twice", where=where)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.flag_bits & 1:
            raise InvalidInput(
                f"array {name!r} is encrypted or in another compression", where=where, next_step=_SAVE_AGAIN
            )
        members[name] = member
    for name in required:
        if name not in members:
            raise InvalidInput(f"no array {name!r}", where=where, next_step=_SAVE_AGAIN)
    if sum(member.file_size for member in members.values()) > MAX_ARRAY_BYTES:
        raise InvalidInput("too many bytes uncompressed", where=where, expected=f"at most {MAX_ARRAY_BYTES}")
    return members


def _read_header(
    file: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, where: str, check: HeaderCheck
) -> tuple[int, np.dtype[np.generic], tuple[int, ...], bool]:
    """Start of the values, type, shape and column order of one array, agreeing with the member's size."""
    place = f"{where}, {name}"
    with file.open(member) as stream:
        # The stream is cut here, so a header that claims to be longer is truncated, not read.
        start = io.BytesIO(stream.read(MAX_HEADER_BYTES))
    version = npy.read_magic(start)
    if version == (1, 0):
        shape, column_order, dtype = npy.read_array_header_1_0(start, max_header_size=MAX_HEADER_BYTES)
    elif version == (2, 0):
        shape, column_order, dtype = npy.read_array_header_2_0(start, max_header_size=MAX_HEADER_BYTES)
    else:
        raise InvalidInput(f"array format {version}", where=place, expected="1.0 or 2.0", next_step=_SAVE_AGAIN)
    if dtype.hasobject:
        raise InvalidInput("Python objects, which are never unpickled", where=place, expected="an array of numbers")
    # Negative extents and booleans pass numpy's own check of the header.
    if not all(type(extent) is int and extent >= 0 for extent in shape):
        raise InvalidInput("an impossible shape", where=place)
    check(name, dtype, shape, place)
    size = math.prod(shape) * dtype.itemsize
    if start.tell() + size != member.file_size:
        raise InvalidInput(f"{member.file_size - start.tell()} bytes of values", where=place, expected=f"{size}")
    return start.tell(), dtype, shape, column_order


def _read_values(
    file: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    offset: int,
    dtype: np.dtype[np.generic],
    shape: tuple[int, ...],
    column_order: bool,
    where: str,
) -> NDArray[np.generic]:
    """The values of one array, read to the end of its member so that the checksum is compared."""
    with file.open(member) as stream:
        content = stream.read(member.file_size + 1)
    if len(content) != member.file_size:
        raise InvalidInput(f"{len(content)} bytes", where=where, expected=f"{member.file_size}")
    values = np.frombuffer(content, dtype, offset=offset).reshape(shape, order="F" if column_order else "C")
    return np.ascontiguousarray(values.astype(dtype.newbyteorder("=")))
