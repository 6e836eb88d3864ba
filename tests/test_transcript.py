"""Framing, challenges, column indices and proofs of work of the transcript, against SHA-256 written out."""

from __future__ import annotations

import hashlib
from itertools import combinations
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit.field.koalabear import MODULUS
from zkaudit.merkle.grinding import find_nonce
from zkaudit.transcript import Label, Transcript, grinding_digest, has_leading_zeros

LABELS = list(Label)

KNOWN_SEED = "c164883b70039f6a1b549725318868d495fe4bca8ba67b9d9932e4cbfa89be73"
KNOWN_ELEMENT = (1966588951, 179274848, 65255645, 187768991, 1585898543)
KNOWN_INDICES = [0, 5, 13, 140, 234, 255]
KNOWN_GRINDING = "79693e8f74cbad69429874121bc481299ab32ba54358f0d2343bb07dcec2d4b5"


def frame(kind: bytes, label: str, length: int) -> bytes:
    return kind + len(label).to_bytes(2, "big") + label.encode() + length.to_bytes(8, "big")


def message(label: str, data: bytes) -> bytes:
    return frame(b"M", label, len(data)) + data


def test_known_answer() -> None:
    """Fixed for ever: any change of the framing shows here, and changes the protocol's name."""
    transcript = Transcript("zkaudit/v1")
    transcript.absorb(Label.WITNESS_ROOT, bytes(range(32)))
    transcript.absorb(Label.STATEMENT, b"")
    assert transcript.challenge_bytes(Label.LOOKUP_ALPHA).hex() == KNOWN_SEED
    assert transcript.challenge(Label.LOOKUP_BETA) == KNOWN_ELEMENT
    assert transcript.distinct_indices(Label.OPENING_COLUMNS, 6, 256) == KNOWN_INDICES
    transcript.harden(3)
    assert transcript.grinding_seed(Label.PAD_GRINDING).hex() == KNOWN_GRINDING


def test_history_is_framed_and_hashed_as_documented() -> None:
    history = message("protocol", b"test") + message("witness root", b"abc") + frame(b"C", "lookup alpha", 0)
    transcript = Transcript("test")
    transcript.absorb(Label.WITNESS_ROOT, b"abc")
    seed = hashlib.sha256(history).digest()
    assert transcript.challenge_bytes(Label.LOOKUP_ALPHA) == seed
    # The challenge is absorbed itself.
    history += seed + frame(b"C", "lookup beta", 0)
    assert transcript.challenge_bytes(Label.LOOKUP_BETA) == hashlib.sha256(history).digest()


def test_elements_are_the_words_below_p() -> None:
    for name in range(50):
        transcript = Transcript(f"elements {name}")
        seed = transcript.copy().challenge_bytes(Label.LINK_POINT)
        words = b"".join(hashlib.sha256(seed + i.to_bytes(8, "big")).digest() for i in range(12))
        residues = [int.from_bytes(words[i : i + 4], "big") % 2**31 for i in range(0, len(words), 4)]
        kept = [r for r in residues if r < MODULUS]
        drawn = transcript.challenges(Label.LINK_POINT, 9)
        assert [c for element in drawn for c in element] == kept[:45]


def test_a_word_of_p_or_more_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    words = (MODULUS, MODULUS - 1, MODULUS + 1, 2**31 - 1, 2**31, 2**31 + 5, 7, 2**32 - 1)
    block = b"".join(word.to_bytes(4, "big") for word in words)
    transcript = Transcript("edges")
    monkeypatch.setattr(hashlib, "sha256", lambda _: SimpleNamespace(digest=lambda: block))
    assert transcript.challenge(Label.ROUND_POINT) == (MODULUS - 1, 0, 5, 7, MODULUS - 1)


def test_indices_are_the_words_modulo_the_size() -> None:
    transcript = Transcript("indices")
    seed = transcript.copy().challenge_bytes(Label.PAD_COLUMNS)
    words = b"".join(hashlib.sha256(seed + i.to_bytes(8, "big")).digest() for i in range(50))
    seen: list[int] = []
    for start in range(0, len(words), 4):
        index = int.from_bytes(words[start : start + 4], "big") % 64
        if index not in seen and len(seen) < 40:
            seen.append(index)
    assert transcript.distinct_indices(Label.PAD_COLUMNS, 40, 64) == sorted(seen)


@given(st.integers(0, 8), st.data())
@settings(max_examples=50, deadline=None)
def test_indices_are_distinct_ascending_and_in_range(bits: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 1 << bits))
    drawn = Transcript(data.draw(st.text())).distinct_indices(Label.PAD_COLUMNS, count, 1 << bits)
    assert len(drawn) == count
    assert drawn == sorted(set(drawn))
    assert all(0 <= index < 1 << bits for index in drawn)


@pytest.mark.parametrize(("count", "size"), [(1, 3), (1, 12), (9, 8), (2, 1)])
def test_sizes_that_would_bias_or_not_end_are_refused(count: int, size: int) -> None:
    with pytest.raises(ValueError, match="distinct indices"):
        Transcript("sizes").distinct_indices(Label.PAD_COLUMNS, count, size)


def test_the_labels_stay() -> None:
    """They are in every transcript: another word is another protocol."""
    assert [label.value for label in Label] == [
        "protocol", "witness root", "pad root", "statement", "circuit padding", "hash chain", "lookup grinding",
        "lookup alpha", "lookup beta", "fraction tree root", "fraction tree combination", "fraction tree layer",
        "fraction tree point", "round polynomial", "round challenge", "product point", "product claims",
        "linear output point", "linear left side", "linear claims", "commitment link point", "functional sum",
        "functional combination", "functional claim", "claim batching", "opening value and mask value",
        "opening gamma", "opening combined row", "opening grinding", "opening columns", "pad low-degree coefficients",
        "pad linear coefficients", "pad quadratic coefficients", "pad test responses", "pad grinding", "pad columns",
    ]  # fmt: skip


def test_labels_have_one_name_each() -> None:
    assert len({label.value for label in LABELS}) == len(Label.__members__)
    assert all(0 < len(label.value) < 64 for label in LABELS)


def test_no_two_histories_have_one_challenge() -> None:
    histories: list[list[tuple[str, Label, bytes]]] = [
        [],
        [("M", Label.WITNESS_ROOT, b"")],
        [("M", Label.PAD_ROOT, b"")],
        [("C", Label.WITNESS_ROOT, b"")],
        [("M", Label.WITNESS_ROOT, b""), ("M", Label.WITNESS_ROOT, b"")],
        [("M", Label.WITNESS_ROOT, b"\0")],
        [("M", Label.WITNESS_ROOT, b"ab"), ("M", Label.WITNESS_ROOT, b"c")],
        [("M", Label.WITNESS_ROOT, b"a"), ("M", Label.WITNESS_ROOT, b"bc")],
        [("M", Label.WITNESS_ROOT, b"ab"), ("M", Label.PAD_ROOT, b"c")],
        [("M", Label.PAD_ROOT, b"ab"), ("M", Label.WITNESS_ROOT, b"c")],
        [("M", Label.WITNESS_ROOT, message("pad root", b"c"))],
        [("C", Label.WITNESS_ROOT, b""), ("M", Label.WITNESS_ROOT, b"")],
        [("M", Label.WITNESS_ROOT, b""), ("C", Label.WITNESS_ROOT, b"")],
    ]
    seeds = []
    for history in histories:
        transcript = Transcript("histories")
        for kind, label, data in history:
            if kind == "M":
                transcript.absorb(label, data)
            else:
                transcript.challenge(label)
        seeds.append(transcript.challenge_bytes(Label.LOOKUP_ALPHA))
    seeds += [Transcript(name).challenge_bytes(Label.LOOKUP_ALPHA) for name in ("", "historie", "histories ")]
    for first, second in combinations(seeds, 2):
        assert first != second


def test_challenges_of_one_history_differ_by_label_and_by_turn() -> None:
    transcript = Transcript("turns")
    copies = [transcript.copy().challenge_bytes(label) for label in LABELS]
    assert len(set(copies)) == len(LABELS)
    assert len({transcript.challenge_bytes(Label.ROUND_POINT) for _ in range(10)}) == 10


def test_a_copy_is_independent() -> None:
    transcript = Transcript("copy")
    twin = transcript.copy()
    twin.absorb(Label.PAD_ROOT, b"x")
    assert transcript.copy().challenge(Label.ROUND_POINT) == transcript.copy().challenge(Label.ROUND_POINT)
    assert transcript.challenge(Label.ROUND_POINT) != twin.challenge(Label.ROUND_POINT)


def test_the_chain_is_sequential_and_counted() -> None:
    link = Transcript("chain").challenge_bytes(Label.CHAIN)
    expected = Transcript("chain")
    expected.challenge_bytes(Label.CHAIN)
    for _ in range(5):
        link = hashlib.sha256(link).digest()
    expected.absorb(Label.CHAIN, link)
    seeds = set()
    for steps in (0, 4, 5, 6):
        transcript = Transcript("chain")
        transcript.harden(steps)
        seeds.add(transcript.challenge_bytes(Label.LOOKUP_ALPHA))
        if steps == 5:
            assert transcript.challenge_bytes(Label.LOOKUP_BETA) == _second(expected)
    assert len(seeds) == 4


def _second(transcript: Transcript) -> bytes:
    transcript.challenge_bytes(Label.LOOKUP_ALPHA)
    return transcript.challenge_bytes(Label.LOOKUP_BETA)


# Proof of work.


def test_grinding_digest_is_one_block() -> None:
    seed = bytes(range(32))
    assert grinding_digest(seed, 0x0102) == hashlib.sha256(seed + bytes(24) + bytes(6) + b"\1\2").digest()


@pytest.mark.parametrize(
    ("digest", "zeros"),
    [(b"\xff" + bytes(31), 0), (b"\x01" + b"\xff" * 31, 7), (b"\0\x10" + bytes(30), 11), (bytes(32), 256)],
)
def test_leading_zeros_are_counted_from_the_first_bit(digest: bytes, zeros: int) -> None:
    assert has_leading_zeros(digest, zeros)
    assert zeros == 256 or not has_leading_zeros(digest, zeros + 1)


@pytest.mark.parametrize("bits", [0, 1, 4, 10])
def test_the_found_nonce_is_the_least(bits: int) -> None:
    seed = Transcript("work").grinding_seed(Label.OPENING_GRINDING)
    nonce = find_nonce(seed, bits)
    assert has_leading_zeros(grinding_digest(seed, nonce), bits)
    assert not any(has_leading_zeros(grinding_digest(seed, n), bits) for n in range(nonce))


def test_a_nonce_is_bound_to_its_seed_and_absorbed() -> None:
    transcript = Transcript("nonce")
    seed = transcript.grinding_seed(Label.PAD_GRINDING)
    other = Transcript("other").grinding_seed(Label.PAD_GRINDING)
    assert find_nonce(seed, 12) != find_nonce(other, 12)
    seeds = set()
    for nonce in (0, 1, 256, 2**64 - 1):
        twin = transcript.copy()
        twin.absorb_nonce(Label.PAD_GRINDING, nonce)
        seeds.add(twin.challenge_bytes(Label.PAD_COLUMNS))
    assert len(seeds) == 4
    with pytest.raises(OverflowError):
        transcript.absorb_nonce(Label.PAD_GRINDING, 2**64)
