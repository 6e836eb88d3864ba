"""Arrays out of a zip file: the exact reason of each refusal, and the last file that each bound admits."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Collection

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fuzz.archives import archive, header, with_sizes
from zkaudit import archive as archives
from zkaudit.archive import MAX_MEMBERS, read_arrays
from zkaudit.errors import InvalidInput

NUMBERS = np.array([3, 1, 2], np.uint8)
MEMBER = header("(3,)", "|u1") + NUMBERS.tobytes()
PLAIN = archive([("a.npy", MEMBER)])
EMPTY = archive([])
LOCATOR = b"PK\x06\x07" + bytes(16)
"""Where a zip file of the 64-bit kind says that its own end record lies."""


def read(data: bytes, required: Collection[str] = ("a",)) -> dict[str, NDArray[np.generic]]:
    """The arrays of a file where every header is welcome."""
    return read_arrays(data, "file", required=required, check=lambda *_: None)


def fault(data: bytes, required: Collection[str] = ("a",), optional: Collection[str] = ()) -> InvalidInput:
    """Why a file is refused."""
    with pytest.raises(InvalidInput) as caught:
        read_arrays(data, "file", required=required, optional=optional, check=lambda *_: None)
    return caught.value


def with_end(data: bytes, *, members: int = 1, size: int | None = None, comment: bytes = b"") -> bytes:
    """A zip file whose end record says other numbers of members and of directory bytes, and has a comment."""
    start, end = data.rfind(b"PK\x05\x06"), data[data.rfind(b"PK\x05\x06") :]
    size = int.from_bytes(end[12:16], "little") if size is None else size
    return data[:start] + end[:8] + struct.pack("<HHI", members, members, size) + end[16:20] + _sized(comment)


def _sized(comment: bytes) -> bytes:
    return len(comment).to_bytes(2, "little") + comment


def with_flags(data: bytes, flags: int) -> bytes:
    """A zip file whose directory says other flags of its first member."""
    place = data.index(b"PK\x01\x02") + 8
    return data[:place] + flags.to_bytes(2, "little") + data[place + 2 :]


def commented(remark: bytes) -> bytes:
    """A zip file with a remark in the directory, which ends right before the end record."""
    first, last = zipfile.ZipInfo("a.npy"), zipfile.ZipInfo("b.npy")
    first.comment, last.comment = remark[:-40], remark[-40:]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(first, MEMBER)
        file.writestr(last, MEMBER)
    return buffer.getvalue()


def test_the_end_record_is_where_a_comment_lets_it_be() -> None:
    assert read(with_end(PLAIN, comment=bytes(0xFFFF)))["a"].tolist() == NUMBERS.tolist()
    assert fault(PLAIN + bytes(0x10000)).what == "not a zip file or truncated"
    for data in (b"", b"PK\x05\x06", PLAIN[:-1], PLAIN + b"PK\x05\x06"):
        assert fault(data).what == "not a zip file or truncated"
    assert fault(EMPTY).what == "no array 'a'"


@pytest.mark.parametrize("members", [MAX_MEMBERS + 1, 0x100, 0xFFFF])
def test_an_end_record_of_many_members(members: int) -> None:
    assert fault(with_end(PLAIN, members=members)).what == "too large a zip directory"


@pytest.mark.parametrize("size", [(1 << 16) + 1, 1 << 24, (1 << 32) - 1])
def test_an_end_record_of_a_large_directory(size: int) -> None:
    assert fault(with_end(PLAIN, size=size)).what == "too large a zip directory"


def test_the_last_directory_that_is_read() -> None:
    names = [f"a{number}" for number in range(MAX_MEMBERS)]
    assert list(read(archive([(f"{name}.npy", MEMBER) for name in names]), names)) == names
    for more, accepted in ((0, True), (1, False)):
        # Two entries of 46 bytes and a name each, and the remarks.
        data = commented(bytes((1 << 16) - 2 * (46 + len("a.npy")) + more))
        if accepted:
            assert len(read(data, ("a", "b"))) == 2
        else:
            assert fault(data, ("a", "b")).what == "too large a zip directory"


@pytest.mark.parametrize("comment", [0, 0xFFFF - 20, 0xFFFF - 19, 0xFFFF])
def test_no_comment_hides_a_64_bit_directory(comment: int) -> None:
    """The 64-bit record that the locator leads to overrides the numbers of the end record."""
    assert fault(LOCATOR + with_end(EMPTY, members=0, comment=bytes(comment))).what == "too large a zip directory"
    assert fault(b"more" + LOCATOR + with_end(EMPTY, members=0, comment=bytes(comment))).what == (
        "too large a zip directory"
    )


def test_a_locator_elsewhere_is_none() -> None:
    assert len(read(commented(bytes(60) + LOCATOR + b"."), ("a", "b"))) == 2


def test_names_of_arrays() -> None:
    unknown = fault(archive([("a", MEMBER)]), ("a", "b"), ("c", "d"))
    assert (unknown.what, unknown.expected) == ("unknown array 'a'", "a and b, optionally c, d")
    unknown = fault(archive([("b.npy", MEMBER)]))
    assert (unknown.what, unknown.expected) == ("unknown array 'b.npy'", "a")


def test_encrypted_arrays_are_refused() -> None:
    # Bit 1 only says how hard the writer tried to compress.
    assert read(with_flags(PLAIN, 2))["a"].tolist() == NUMBERS.tolist()
    for flags in (1, 3):
        assert fault(with_flags(PLAIN, flags)).what == "array 'a' is encrypted or in another compression"


def test_the_most_bytes_uncompressed(monkeypatch: pytest.MonkeyPatch) -> None:
    data = archive([("a.npy", MEMBER), ("b.npy", MEMBER)])
    monkeypatch.setattr(archives, "MAX_ARRAY_BYTES", 2 * len(MEMBER))
    assert len(read(data, ("a", "b"))) == 2
    monkeypatch.setattr(archives, "MAX_ARRAY_BYTES", 2 * len(MEMBER) - 1)
    assert fault(data, ("a", "b")).what == "too many bytes uncompressed"


@pytest.mark.parametrize("shape", ["(-3,)", "(-3, -1)", "(3, True)", "(False,)"])
def test_impossible_shapes(shape: str) -> None:
    assert fault(archive([("a.npy", header(shape, "|u1") + NUMBERS.tobytes())])).what == "an impossible shape"


def test_reasons_of_the_libraries_are_one_short_line() -> None:
    # The file ends where the directory says that more is to come; zipfile raises an EOFError without a word.
    start = header("(5000,)", "|u1")
    sizes = {"compress_size": 1 << 20, "file_size": len(start) + 5000}
    cut = with_sizes(archive([("a.npy", start)], zipfile.ZIP_STORED), sizes)
    assert fault(cut).what == "damaged: EOFError"
    assert fault(archive([("a.npy", b"PK")])).what.startswith("damaged: EOF: ")
    odd = fault(archive([("a.npy", header("(" + "3, " * 40 + "}", "|u1"))])).what
    assert odd.startswith("damaged: Cannot parse header: ")
    assert len(odd) == len("damaged: ") + 80


def test_odd_headers_do_not_warn() -> None:
    """Python 2 wrote long integers into shapes, of which numpy warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(archive([("a.npy", header("(3L,)", "|u1") + NUMBERS.tobytes())]))["a"].tolist() == [3, 1, 2]
