"""The lines of errors, and the reasons that callers compare."""

from __future__ import annotations

import pytest

from zkaudit.errors import InvalidInput, PolicyNotMet, ProvingFailed, Reason, Rejected, UnsupportedVersion, ZkauditError


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "no such file"),
        ({"where": "model a.zkm"}, "model a.zkm: no such file"),
        ({"expected": "a file"}, "no such file (expected a file)"),
        ({"next_step": "check the path"}, "no such file; check the path"),
        ({"where": "a", "expected": "b", "next_step": "c"}, "a: no such file (expected b); c"),
    ],
)
def test_an_unusable_input_is_one_line(fields: dict[str, str], line: str) -> None:
    for kind in (InvalidInput, UnsupportedVersion):
        error = kind("no such file", **fields)
        assert str(error) == line
        assert error.what == "no such file"
        assert (error.where, error.expected, error.next_step) == (
            fields.get("where", ""), fields.get("expected", ""), fields.get("next_step", "")
        )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "wrong-length: row"),
        ({"expected": "8 bytes"}, "wrong-length: row: expected 8 bytes"),
        ({"expected": "8 bytes", "actual": "7"}, "wrong-length: row: expected 8 bytes, found 7"),
        # What was found is said beside what was expected, or not at all.
        ({"actual": "7"}, "wrong-length: row"),
    ],
)
def test_a_rejection_is_one_line(fields: dict[str, str], line: str) -> None:
    error = Rejected(Reason.WRONG_LENGTH, "row", **fields)
    assert str(error) == line
    assert error.reason is Reason.WRONG_LENGTH
    assert (error.where, error.expected, error.actual) == ("row", fields.get("expected", ""), fields.get("actual", ""))


def test_every_error_is_one_of_zkaudit() -> None:
    for kind in (InvalidInput, UnsupportedVersion, ProvingFailed, Rejected, PolicyNotMet):
        assert issubclass(kind, ZkauditError)


def test_the_reasons_stay() -> None:
    """Programs that run the verifier compare these words."""
    assert {reason.value for reason in Reason} == {
        "non-canonical", "wrong-commitment", "wrong-data", "wrong-claim", "wrong-challenge", "wrong-receipt",
        "bad-signature", "bad-key", "wrong-profile", "wrong-length", "grinding", "merkle-path", "witness-opening",
        "pad-low-degree", "pad-linear", "wrong-attestation", "pad-quadratic",
    }  # fmt: skip
    for reason in Reason:
        assert reason.value == reason.name.lower().replace("_", "-")


def test_the_message_is_the_argument_of_the_exception() -> None:
    """What a traceback and a logger show, which do not ask for the parts."""
    for error in (InvalidInput("what", where="here"), Rejected(Reason.MERKLE_PATH, "there")):
        assert error.args == (str(error),)
        assert error.args[0]
