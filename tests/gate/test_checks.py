"""The ledger: what is recorded, what ends an examination, what strictness makes of it."""

from __future__ import annotations

import pytest

from zkaudit.errors import InvalidInput, PolicyNotMet, Reason, Rejected
from zkaudit.gate.checks import NOT_REACHED, Absent, CheckName, Ledger, Skipped, State


def _raise(error: Exception) -> str:
    raise error


def _filled(ledger: Ledger, *but: CheckName) -> Ledger:
    for name in CheckName:
        if name not in but:
            ledger.run(name, lambda: "fine")
    return ledger


def test_all_checks_are_listed_in_their_order() -> None:
    checks, error = Ledger().close(strict=False)
    assert [check.name for check in checks] == list(CheckName)
    assert {(check.state, check.reason) for check in checks} == {(State.SKIPPED, NOT_REACHED)}
    assert error is None


def test_every_condition_that_is_not_met_is_reported() -> None:
    ledger = Ledger()
    ledger.run(CheckName.DATA_DIGEST, lambda: _raise(PolicyNotMet("other data")))
    ledger.run(CheckName.AGE, lambda: _raise(PolicyNotMet("too old")))
    ledger.run(CheckName.RECEIPT, lambda: _raise(Skipped("none")))
    checks, error = _filled(ledger, CheckName.DATA_DIGEST, CheckName.AGE, CheckName.RECEIPT).close(strict=False)
    assert isinstance(error, PolicyNotMet)
    assert str(error) == "data digest: other data; age: too old"
    states = {check.name: check.state for check in checks}
    assert states.pop(CheckName.DATA_DIGEST) == states.pop(CheckName.AGE) == "failed"
    assert states.pop(CheckName.RECEIPT) == "skipped"
    assert set(states.values()) == {"passed"}


@pytest.mark.parametrize("error", [Rejected(Reason.MERKLE_PATH, "here"), InvalidInput("bad")])
@pytest.mark.parametrize("strict", [False, True])
def test_a_false_proof_is_not_reported_as_an_unmet_policy(error: Exception, strict: bool) -> None:
    ledger = Ledger()
    ledger.run(CheckName.AGE, lambda: _raise(PolicyNotMet("too old")))
    with pytest.raises(type(error)):
        ledger.run(CheckName.PROOF, lambda: _raise(error))
    checks, found = ledger.close(strict=strict)
    assert found is error
    assert {check.name: check.state for check in checks}[CheckName.PROOF] == "failed"


def test_strictness_fails_what_was_skipped() -> None:
    ledger = _filled(Ledger(), CheckName.AGE)
    ledger.run(CheckName.AGE, lambda: _raise(Skipped("nobody asks")))
    checks, error = ledger.close(strict=True)
    assert isinstance(error, PolicyNotMet)
    assert "not checked: age" in str(error)
    last = checks[-1]
    assert (last.name, last.state, last.reason) == (CheckName.AGE, "failed", "strict, and nobody asks")
    assert _filled(Ledger()).close(strict=True)[1] is None


def test_strictness_lets_pass_what_does_not_exist() -> None:
    ledger = _filled(Ledger(), CheckName.DESCRIPTIONS)
    ledger.run(CheckName.DESCRIPTIONS, lambda: _raise(Absent("there is none")))
    checks, error = ledger.close(strict=True)
    assert error is None
    (found,) = [check for check in checks if check.name is CheckName.DESCRIPTIONS]
    assert (found.state, found.reason) == (State.SKIPPED, "there is none")


def test_a_fault_of_the_program_is_not_recorded_as_an_end() -> None:
    with pytest.raises(ZeroDivisionError):
        Ledger().run(CheckName.PROOF, lambda: _raise(ZeroDivisionError()))
