"""Audits without a proof behind them, for pages that no small model would give."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from zkaudit.claim import clopper_pearson_lower
from zkaudit.findings import Finding
from zkaudit.report.audit import Audit, Check, FactSheet, Standing, State
from zkaudit.report.page import render_page
from zkaudit.soundness import Account, Term

CREATED = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)

TABLE = (
    (34, 0, 0, 0, 1, 0, 0, 0, 0, 0),
    (0, 36, 0, 0, 0, 0, 1, 0, 2, 0),
    (0, 0, 35, 0, 0, 0, 0, 0, 0, 0),
    (0, 0, 1, 30, 0, 4, 0, 1, 1, 0),
    (0, 0, 0, 0, 37, 0, 0, 0, 0, 0),
    (0, 0, 0, 0, 0, 36, 1, 0, 0, 0),
    (0, 0, 0, 0, 0, 0, 34, 0, 0, 0),
    (0, 0, 0, 0, 0, 0, 0, 35, 0, 0),
    (0, 3, 0, 0, 0, 0, 0, 0, 31, 2),
    (0, 0, 0, 1, 0, 0, 0, 0, 0, 34),
)
"""A confusion matrix of 360 samples."""

HOSTILE = "</code></style><script>alert(1)</script>\" onload='x' \u202egnp.exe\u2066 \x1b[2J \x00 &lt; " + "W" * 300
"""Markup, quotes, direction controls, terminal escapes, an entity and a word that is wider than any page."""


def share_finding(atom: str, successes: int, of: int, *, exact: bool = False) -> Finding:
    """A finding about a share, with its bound."""
    return Finding(
        atom=atom,
        words=f"At least {successes} of {of} samples.",
        at_least=successes,
        exactly=successes if exact else None,
        of=of,
        lower_bound=clopper_pearson_lower(successes, of),
    )


def matrix_finding(table: tuple[tuple[int, ...], ...] = TABLE) -> Finding:
    """A finding that reveals a confusion matrix."""
    return Finding(atom="confusion_matrix", words="The confusion matrix is revealed.", table=table)


FINDINGS = (
    share_finding("accuracy >= 0.95", 342, 360),
    share_finding("recall[3] >= 0.8", 30, 37),
    share_finding("accuracy[group=1] >= 0.9", 81, 90, exact=True),
    Finding(atom="demographic_parity_difference[1] <= 0.1", words="Groups differ by at most 0.1."),
    matrix_finding(),
)


def make_audit(
    standing: Standing = Standing.VERIFIED, text: str = "", findings: tuple[Finding, ...] = FINDINGS
) -> Audit:
    """An audit with everything that a page can show; a text takes the place of every string that could be foreign."""

    def said(usual: str) -> str:
        return text or usual

    failed = standing is not Standing.VERIFIED
    checked = (
        Check(name=said("File"), state=State.PASSED, detail=said("Intact.")),
        Check(name=said("Proof"), state=State.FAILED if failed else State.PASSED, detail=said("As it should be.")),
        Check(name=said("Policy"), state=State.NOT_REACHED if failed else State.PASSED, detail=said("Nothing asked.")),
    )
    if text:
        findings = tuple(replace(one, atom=text, words=text) for one in findings)
    terms = (("lookup argument", 155), ("witness query", 128), ("pad query", 136))
    return Audit(
        standing=standing,
        reason=said("merkle-path: witness oracle") if failed else "",
        claim=said("accuracy >= 0.95 and recall[3] >= 0.8"),
        samples=360,
        accuracy=None,
        findings=() if standing is Standing.REJECTED else findings,
        checked=checked,
        unchecked=(Check(name=said("Unknown to the owner"), state=State.NOT_CHECKED, detail=said("Know it.")),),
        sheets=(FactSheet(title=said("The model"), rows={said("layers"): said("dense 64 → 32")}),),
        account=Account(
            terms=tuple(
                Term(name=said(name), formula=said("9 / |F|"), source=said("a theorem"), error=1 << (256 - bits))
                for name, bits in terms
            )
        ),
        target_bits=128,
        binding_bits=296.0,
        hiding_bits=254.0,
        parts=(("messages", 10_912), ("witness.cells", 47_137), ("header", 20), (said("else"), 300)),
        files={said("audit.zkp"): 58_369, said("commitment.json"): 4_936},
        seconds=0.5,
        digests={said("commitment"): "0123456789abcdef" * 4, "held-out set": said("fedcba9876543210" * 4)},
        command=said("zkaudit verify audit.zkp \\\n    --claim 'accuracy >= 0.95'"),
        visible=(said("the held-out set"),),
        created=CREATED,
        version=said("1.0"),
    )


def page(standing: Standing = Standing.VERIFIED, text: str = "", findings: tuple[Finding, ...] = FINDINGS) -> str:
    """The page of such an audit."""
    return render_page(make_audit(standing, text, findings))
