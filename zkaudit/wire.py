"""Bytes that leave the process: canonical msgpack, sealed containers, bounded reads and atomic writes.

A value is a map with string keys, a list, an integer of 64 bits, a string, a byte string or a boolean.
Its one encoding has map keys in ascending order and every item in its shortest form.
A container is magic (8 bytes), version (4, big-endian), body length (8, big-endian), body, and the SHA-256 of the rest.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

import msgpack

from zkaudit.errors import InvalidInput, UnsupportedVersion

MAX_DEPTH = 16
"""Performance knob: deepest nesting of maps and lists; the formats use at most six."""

MAX_ITEMS = 1 << 18
"""Performance knob: most values in one body; long arrays travel as byte strings, so few are needed."""

MAGIC_BYTES = 8
"""Bytes that name the kind of a container."""

HEADER_BYTES = MAGIC_BYTES + 4 + 8
"""Bytes before the body of a container."""

DIGEST_BYTES = 32
"""Bytes of SHA-256 after the body of a container."""

_PIECE_BYTES = 1 << 16
"""Performance knob: what is read at a time of a file that is longer than it said."""

Checker = Callable[[Any, str], Any]
"""Takes a value and its place, gives the value or one built from it, raises `InvalidInput`."""


def pack(obj: object) -> bytes:
    """The canonical encoding of a value; tuples count as lists.

    TypeError or ValueError for anything that is not a value: the caller's mistake, not the input's.
    """
    return bytes(msgpack.packb(_ordered(obj, MAX_DEPTH), use_bin_type=True))


def _ordered(obj: object, depth: int) -> object:
    if isinstance(obj, (bool, int, str, bytes)):
        return obj
    if depth == 0:
        raise ValueError(f"nesting deeper than {MAX_DEPTH}")
    if isinstance(obj, (list, tuple)):
        return [_ordered(entry, depth - 1) for entry in obj]
    if isinstance(obj, dict):
        if not all(isinstance(key, str) for key in obj):
            raise TypeError("a key is not a string")
        return {key: _ordered(obj[key], depth - 1) for key in sorted(obj)}
    raise TypeError(f"no encoding for {type(obj).__name__}")


def unpack(data: bytes, *, what: str) -> Any:
    """The value of a canonical encoding; `InvalidInput` for any other bytes.

    The limits on counts hold before anything of that size is allocated.
    """
    left = MAX_ITEMS

    def spend(count: int) -> None:
        nonlocal left
        left -= count + 1
        if left < 0:
            raise ValueError(f"more than {MAX_ITEMS} values")

    def on_list(entries: list[object]) -> list[object]:
        spend(len(entries))
        return entries

    def on_map(pairs: list[tuple[object, object]]) -> dict[object, object]:
        spend(2 * len(pairs))
        return dict(pairs)

    try:
        obj = msgpack.unpackb(
            data,
            raw=False,
            strict_map_key=True,
            list_hook=on_list,
            object_pairs_hook=on_map,
            max_str_len=len(data),
            max_bin_len=len(data),
            max_array_len=min(len(data), MAX_ITEMS),
            max_map_len=min(len(data), MAX_ITEMS),
            max_ext_len=0,
        )
        canonical = pack(obj)
    except (msgpack.UnpackException, ValueError, TypeError, RecursionError, MemoryError, OverflowError) as error:
        raise InvalidInput(f"unreadable: {_reason(error)}", where=what, expected="canonical msgpack") from error
    # Re-encoding catches long forms, unsorted keys and keys that occur twice.
    if canonical != data:
        raise InvalidInput("not in canonical form", where=what, expected="canonical msgpack")
    return obj


def _reason(error: Exception) -> str:
    """One short line of a decoder's error."""
    text = " ".join(str(error).split())[:80]
    return text or type(error).__name__


def seal(magic: bytes, version: int, body: object) -> bytes:
    """A value in a container of the kind `magic`."""
    if len(magic) != MAGIC_BYTES:
        raise ValueError(f"a magic has {MAGIC_BYTES} bytes")
    packed = pack(body)
    framed = magic + version.to_bytes(4, "big") + len(packed).to_bytes(8, "big") + packed
    return framed + hashlib.sha256(framed).digest()


def unseal(magic: bytes, versions: Container[int], data: bytes, what: str) -> tuple[int, Any]:
    """The version and the value of a container.

    `UnsupportedVersion` for a version that is not in `versions`, `InvalidInput` for every other fault.
    """
    if data[:MAGIC_BYTES] != magic:
        raise InvalidInput("another kind of file", where=what, expected=f"a file that begins with {magic!r}")
    if len(data) < HEADER_BYTES + DIGEST_BYTES:
        raise InvalidInput("truncated", where=what, expected=f"at least {HEADER_BYTES + DIGEST_BYTES} bytes")
    version = int.from_bytes(data[MAGIC_BYTES : MAGIC_BYTES + 4], "big")
    if version not in versions:
        raise UnsupportedVersion(
            f"format version {version} is not one that this release reads",
            where=what,
            next_step=f"use a release of zkaudit that reads version {version}",
        )
    length = int.from_bytes(data[MAGIC_BYTES + 4 : HEADER_BYTES], "big")
    expected = HEADER_BYTES + length + DIGEST_BYTES
    if len(data) != expected:
        fault = "truncated" if len(data) < expected else "bytes after the end"
        raise InvalidInput(fault, where=what, expected=f"{expected} bytes, found {len(data)}")
    if hashlib.sha256(data[:-DIGEST_BYTES]).digest() != data[-DIGEST_BYTES:]:
        raise InvalidInput("damaged: its digest does not match its content", where=what)
    return version, unpack(data[HEADER_BYTES:-DIGEST_BYTES], what=what)


def closed_map(obj: object, fields: Mapping[str, type | Checker], where: str) -> dict[str, Any]:
    """The map `obj` if its keys are exactly those of `fields` and each value passes; else `InvalidInput`.

    A field is a type, met exactly (a boolean is not an integer), or a checker whose result takes the value's place.
    """
    if type(obj) is not dict:
        raise InvalidInput("not a map", where=where, expected="a map")
    missing = [name for name in fields if name not in obj]
    if missing:
        raise InvalidInput(f"missing field {missing[0]!r}", where=where)
    unknown = [name for name in obj if name not in fields]
    if unknown:
        raise InvalidInput(f"unknown field {str(unknown[0])[:40]!r}", where=where)
    return {name: _checked(obj[name], field, f"{where}, {name}") for name, field in fields.items()}


def _checked(value: object, field: type | Checker, where: str) -> Any:
    if not isinstance(field, type):
        return field(value, where)
    if type(value) is not field:
        raise InvalidInput(f"a value of type {type(value).__name__}", where=where, expected=field.__name__)
    return value


def integer_in(low: int, high: int) -> Checker:
    """A checker of integers in [low, high]."""

    def check(value: object, where: str) -> int:
        if type(value) is not int or not low <= value <= high:
            raise InvalidInput("not an accepted number", where=where, expected=f"an integer in [{low}, {high}]")
        return value

    return check


def bytes_of(length: int) -> Checker:
    """A checker of byte strings of one length."""

    def check(value: object, where: str) -> bytes:
        if type(value) is not bytes or len(value) != length:
            raise InvalidInput("not a byte string of the right length", where=where, expected=f"{length} bytes")
        return value

    return check


def list_of(entry: type | Checker, longest: int) -> Checker:
    """A checker of lists of at most `longest` entries, each of one kind."""

    def check(value: object, where: str) -> list[Any]:
        if type(value) is not list or len(value) > longest:
            raise InvalidInput("not an accepted list", where=where, expected=f"a list of at most {longest} entries")
        return [_checked(item, entry, f"{where}[{index}]") for index, item in enumerate(value)]

    return check


def read_bounded(path: str | Path, limit: int, what: str) -> bytes:
    """The bytes of a regular file of at most `limit` bytes, its size looked at before it is read."""
    where = f"{what} {os.fspath(path)}"
    # Without O_NONBLOCK the open of a named pipe would wait for a writer.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InvalidInput("not a regular file", where=where)
            data = _read_at_most(file, limit, status.st_size) if status.st_size <= limit else b""
    except FileNotFoundError as error:
        raise InvalidInput("no such file", where=where, next_step="check the path") from error
    except PermissionError as error:
        raise InvalidInput("no permission to read", where=where, next_step="check the file's mode") from error
    except (OSError, ValueError) as error:
        raise InvalidInput(f"cannot be read: {_reason(error)}", where=where) from error
    if status.st_size > limit or len(data) > limit:
        size = max(status.st_size, len(data))
        raise InvalidInput(f"{size} bytes are too many", where=where, expected=f"at most {limit} bytes")
    return data


def _read_at_most(file: IO[bytes], limit: int, size: int) -> bytes:
    """The first `limit` + 1 bytes of a file that says that it has `size`.

    A read allocates what it is asked for before it knows what there is, so none asks for a whole limit.
    """
    start = file.read(min(size, limit) + 1)
    parts, left = [start], limit + 1 - len(start)
    # Files of the system say that they are empty, and others can grow meanwhile.
    while left and len(parts[-1]) and len(start) > size:
        parts.append(file.read(min(left, _PIECE_BYTES)))
        left -= len(parts[-1])
    return start if len(parts) == 1 else b"".join(parts)


def write_atomic(path: str | Path, data: bytes, *, mode: int = 0o644, overwrite: bool = True) -> None:
    """Puts a whole file in place or leaves everything as it was.

    The temporary file lies in the same folder and has `mode` from its creation.
    `InvalidInput` where the file exists and may not be overwritten, or cannot be written.
    """
    where = os.fspath(path)
    temporary = Path(path).parent / f".zkaudit-{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(temporary, flags, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            os.replace(temporary, path)
        else:
            _place_new(temporary, Path(path))
    except FileExistsError as error:
        raise InvalidInput("exists already", where=where, next_step="choose another name or move it away") from error
    except (OSError, ValueError) as error:
        _refuse_write(error, where)
    finally:
        with suppress(OSError, ValueError):
            temporary.unlink()


def _place_new(temporary: Path, path: Path) -> None:
    """Renames only to a name that is free; FileExistsError otherwise."""
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
            raise
        # A file system without hard links: an empty file holds the name for the moment of the rename.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        os.replace(temporary, path)


def _refuse_write(error: Exception, where: str) -> NoReturn:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else _reason(error)
    raise InvalidInput(
        f"cannot be written: {reason}", where=where, next_step="check the folder and its permissions"
    ) from error
