"""The ten lines of a verdict for a person, and the confusion matrix where a proof reveals it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zkaudit.cli.formats.judgement import Judgement, worst
from zkaudit.cli.outcome import Outcome, amount, table

if TYPE_CHECKING:
    from zkaudit.claim import Claim
    from zkaudit.gate import Examination

SHOWN_FINDINGS = 3
"""Performance knob: sentences on one line; `--json` has them all."""

LONGEST_CLAIM = 200
"""Performance knob: characters of a claim in the headline; a conjunction may have thousands."""

WIDEST_MATRIX = 20
"""Performance knob: classes of a confusion matrix that fit a terminal; `--json` has every one."""


def text(judgements: list[Judgement]) -> Outcome:
    """One proof in at most ten lines; several one after another, with a summary on the error line."""
    if len(judgements) == 1:
        return _whole(judgements[0])
    lines: list[str] = []
    for one in judgements:
        whole = _whole(one)
        first, *rest = whole.lines or (whole.error_line(),)
        lines += [f"{one.subject}: {first}", *rest]
    end = worst(judgements)
    failed = [one for one in judgements if one.outcome.error]
    error = f"{len(failed)} of {len(judgements)} proofs are not accepted" if failed else ""
    return Outcome(
        status=end.status, reason=end.reason, exit_code=end.exit_code, error=error, fields={}, lines=tuple(lines)
    )


def _whole(one: Judgement) -> Outcome:
    end, found = one.outcome, one.examination
    lines = () if found is None or found.error is not None else accepted_lines(found)
    return Outcome(
        status=end.status, reason=end.reason, exit_code=end.exit_code, error=end.error, fields=end.fields, lines=lines
    )


def accepted_lines(found: Examination) -> tuple[str, ...]:
    """Verdict, claim in words, bound, what was checked and what was not, digests, sizes and time."""
    rows = [("in words", words(found)), *_bound(found)]
    bits = found.statement.account.total_bits if found.statement else 0.0
    rows += [
        ("checked", names(found, "passed")),
        ("not checked", names(found, "skipped") or "nothing is left out"),
        *((name, found.digests[name]) for name in ("commitment", "data", "challenge") if name in found.digests),
        ("proof", f"{amount(len(found.content))}, {bits:.1f} bits of soundness, {found.seconds:.2f} s"),
    ]
    return (headline(found), *table(rows), *matrix(found))


def matrix(found: Examination) -> tuple[str, ...]:
    """A revealed confusion matrix, one line for each label, if it fits a terminal."""
    shown = next((finding.table for finding in found.findings if finding.table is not None), ())
    if not 0 < len(shown) <= WIDEST_MATRIX:
        return ()
    width = max(len(str(cell)) for row in shown for cell in (*row, len(shown) - 1))
    lines = [" ".join(str(cell).rjust(width) for cell in row) for row in (range(len(shown)), *shown)]
    label = len(str(len(shown) - 1))
    head, *rows = lines
    return (
        "  confusion matrix: a row for each label, a column for each prediction",
        f"  {'':>{label}}   {head}",
        *(f"  {number:>{label}} | {row}" for number, row in enumerate(rows)),
    )


def _bound(found: Examination) -> list[tuple[str, str]]:
    """The bound for the accuracy, or for the first share that has one."""
    bounds = {finding.atom.partition(" ")[0]: finding.lower_bound for finding in found.findings}
    if found.verdict is not None:
        bounds = {"accuracy": found.verdict.lower_bound} | bounds
    for subject, bound in bounds.items():
        if bound is not None:
            share = "accuracy" if subject == "correct" else subject
            return [
                ("bound", f"{bound:.6f} {share} in the population, one-sided 95% Clopper-Pearson"),
                ("", "if the samples were drawn from it independently, and unknown to the owner before the commitment"),
            ]
    return []


def headline(found: Examination) -> str:
    """The verdict in one line."""
    statement = found.statement
    subject = f"{_shortened(statement.claim)} on {statement.samples:,} held-out samples" if statement else ""
    if found.verdict is None:
        count, signers = len(found.attested_by), ", ".join(found.attested_by)
        return f"ATTESTED by {count} auditor{'s' * (count != 1)} ({signers}), not verified here: {subject}"
    return f"VERIFIED: {subject}"


def words(found: Examination) -> str:
    """The claim as sentences for a reader."""
    said = [finding.words for finding in found.findings]
    more = [f"and {len(said) - SHOWN_FINDINGS} more, which --json lists"] if len(said) > SHOWN_FINDINGS else []
    return " ".join([*said[:SHOWN_FINDINGS], *more])


def _shortened(claim: Claim) -> str:
    """The claim on one line, without the cells of a matrix."""
    text = " and ".join(atom.subject if atom.table is not None else atom.text for atom in claim.atoms)
    return text if len(text) <= LONGEST_CLAIM else f"{text[:LONGEST_CLAIM]}..."


def names(found: Examination, state: str) -> str:
    """The checks of one state."""
    return ", ".join(check.name for check in found.checks if check.state == state)
