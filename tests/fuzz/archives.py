"""Held-out sets that lie: array headers, directory entries and compressed sizes that do not belong together."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from typing import Any

from tests.fuzz.choices import Choices, altered_bytes

NAMES = ("inputs.npy", "labels.npy", "groups.npy", "extra.npy", "inputs", "inputs.npy/", "../labels.npy", "")
TYPES = ("<f4", "<f8", "|u1", "<i8", ">i4", "<u8", "|b1", "<f2", "<c16", "|O", "|S4", "<U3", "<M8[s]", "|V8", "", "<i9")
SHAPES = ("(3, 4)", "(3,)", "()", "(0,)", "(3, 0)", "(-3,)", "(3.0,)", "(True,)", "(1048577,)", "(4294967296, 4)",
          "(3, 9223372036854775807)", "(1, 1048576)", "(100, 1000)", "(" + "1, " * 40 + ")", "3", "None")  # fmt: skip


def header(shape: str, dtype: str, order: str = "False", version: bytes = b"\x01\x00") -> bytes:
    """The start of a `.npy` file that says anything."""
    text = f"{{'descr': {dtype!r}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + version + struct.pack("<H" if version == b"\x01\x00" else "<I", len(text)) + text


def archive(members: list[tuple[str, bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file of members."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", compression) as file:
        # A name that occurs twice is one of the lies.
        warnings.simplefilter("ignore")
        for name, content in members:
            file.writestr(zipfile.ZipInfo(name), content, compress_type=compression)
    return buffer.getvalue()


def with_sizes(data: bytes, sizes: dict[str, int]) -> bytes:
    """A zip file whose directory says other sizes for all members: `compress_size`, `file_size`, `CRC`."""
    places = {"CRC": 16, "compress_size": 20, "file_size": 24}
    result, start = bytearray(data), data.find(b"PK\x01\x02")
    while start >= 0:
        for name, value in sizes.items():
            result[start + places[name] : start + places[name] + 4] = (value % (1 << 32)).to_bytes(4, "little")
        start = data.find(b"PK\x01\x02", start + 4)
    return bytes(result)


def lying_archive(choices: Choices) -> bytes:
    """An archive that choices make."""
    members = []
    for number in range(1 + choices.number(4)):
        name = NAMES[number % 3] if choices.number(4) else choices.one_of(NAMES)
        shape = choices.one_of(SHAPES)
        dtype = choices.one_of(TYPES)
        version = choices.one_of((b"\x01\x00", b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x01"))
        start = header(shape, dtype, choices.one_of(("False", "True", "0", "[]")), version)
        values: Any = choices.take(choices.one_of((0, 12, 24, 48, 96))) * choices.one_of((1, 1, 1, 1000))
        content = start + values
        members.append((name, content if choices.number(4) else altered_bytes(content, choices)))
    data = archive(members, choices.one_of((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)))
    if not choices.number(3):
        data = with_sizes(data, {choices.one_of(("compress_size", "file_size", "CRC")): choices.integer()})
    return data if choices.number(4) else altered_bytes(data, choices)
