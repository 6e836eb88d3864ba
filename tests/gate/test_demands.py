"""The policy file: every key, and one line for everything else."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkaudit.errors import InvalidInput
from zkaudit.gate.demands import LARGEST_POLICY, Demands, load_demands, parse_demands
from zkaudit.proof import LARGEST_PROOF

WHOLE = f"""
commitment = "{"0a" * 32}"
data = "{"0B" * 32}"
claim = "accuracy >= 0.9"
trusted_keys = ["keys/one.pub.json", "/abs/two.pub.json"]
quorum = 2
maximum_age = "30d"
minimum_bits = 100
profiles = ["standard-128"]
architectures = ["{"0c" * 32}"]
maximum_proof_bytes = 1000
require_challenge = true
require_receipt = true
"""


def test_every_key(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(WHOLE)
    found = load_demands(path)
    assert found.claim is not None
    assert found.claim.text == "accuracy >= 0.9"
    assert (found.commitment, found.data, found.architectures) == (b"\x0a" * 32, b"\x0b" * 32, (b"\x0c" * 32,))
    assert found.trusted_keys == (tmp_path / "keys/one.pub.json", Path("/abs/two.pub.json"))
    assert (found.quorum, found.minimum_bits, found.maximum_proof_bytes) == (2, 100, 1000)
    assert found.maximum_age == timedelta(days=30)
    assert found.require_challenge
    assert found.require_receipt


def test_an_empty_policy_asks_what_the_program_asks() -> None:
    assert parse_demands(b"") == Demands()
    assert Demands().minimum_bits == 128
    with pytest.raises(InvalidInput):
        Demands(profiles=())


@pytest.mark.parametrize(("text", "seconds"), [("90m", 5400), ("12h", 43200), ("2w", 1209600), ("0s", 0)])
def test_ages(text: str, seconds: int) -> None:
    found = parse_demands(f'maximum_age = "{text}"'.encode())
    assert found.maximum_age == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "line",
    [
        "unknown = 1",
        "[commitment]\nx = 1",
        'commitment = "0a"',
        f'commitment = "{"zz" * 32}"',
        "commitment = 10",
        'claim = "accuracy > 0.9"',
        "claim = 0.9",
        'claim = ""',
        'trusted_keys = "one.pub.json"',
        "trusted_keys = []",
        "trusted_keys = [1]",
        'trusted_keys = ["a\\u0000b"]',
        "quorum = 0",
        "quorum = true",
        "quorum = 2.0",
        'quorum = "2"',
        "quorum = 100000",
        "maximum_age = 30",
        'maximum_age = "30"',
        'maximum_age = "-1d"',
        'maximum_age = "30 days"',
        'maximum_age = "9999999d"',
        "minimum_bits = -1",
        "minimum_bits = 1e2",
        "profiles = []",
        'profiles = ["other"]',
        'profiles = ["test-insecure"]',
        "architectures = []",
        'architectures = ["0c"]',
        f"maximum_proof_bytes = {LARGEST_PROOF + 1}",
        "require_challenge = 1",
        'require_receipt = "yes"',
        "quorum = 1\nquorum = 2",
        "not toml",
    ],
)
def test_what_is_no_policy_is_one_line(line: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_demands(line.encode(), "policy mine.toml")
    assert str(caught.value).startswith("policy mine.toml")
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=60))
def test_any_bytes_end_in_a_policy_or_in_one_error(data: bytes) -> None:
    with contextlib.suppress(InvalidInput):
        parse_demands(data)


def test_deep_nesting_is_no_fault() -> None:
    with pytest.raises(InvalidInput):
        parse_demands(b"quorum = " + b"[" * 100_000)


def test_missing_and_oversized_files(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        load_demands(tmp_path / "none.toml")
    (tmp_path / "large.toml").write_bytes(b"#" * (LARGEST_POLICY + 1))
    with pytest.raises(InvalidInput, match="too many"):
        load_demands(tmp_path / "large.toml")


def test_what_the_caller_gives_beside_the_file_takes_its_place() -> None:
    before = parse_demands(WHOLE.encode())
    assert before.overridden() == before
    after = before.overridden(minimum_bits=0, quorum=3, trusted_keys=["x"], architectures=["0D" * 32])
    assert (after.minimum_bits, after.quorum, after.trusted_keys) == (0, 3, (Path("x"),))
    assert after.architectures == (b"\x0d" * 32,)
    with pytest.raises(InvalidInput):
        before.overridden(architectures=["00"])
