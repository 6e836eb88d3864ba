"""The page: one self-contained document that loads nothing, runs nothing and reads the same on paper."""

from __future__ import annotations

import base64
import hashlib

from zkaudit.report import evidence, figures
from zkaudit.report.audit import Audit, Standing
from zkaudit.report.element import Element, Node, element, render
from zkaudit.report.matrix import matrix
from zkaudit.report.stylesheet import STYLE
from zkaudit.report.text import count, shortened

CLASSES = {Standing.VERIFIED: "verified", Standing.POLICY: "policy", Standing.REJECTED: "rejected"}
"""How the style sheet knows the verdict."""

TITLES = {
    Standing.VERIFIED: "Verified",
    Standing.POLICY: "Policy not met",
    Standing.REJECTED: "Rejected",
}
"""The one word that a reader takes away."""

SIGNS = {
    Standing.VERIFIED: "M9 16.5 L14 21.5 L23 11.5",
    Standing.POLICY: "M16 9 V17.5 M16 22.5 V22.6",
    Standing.REJECTED: "M11 11 L21 21 M21 11 L11 21",
}
"""A tick, an exclamation mark, a cross, in a square of 32."""


def render_page(audit: Audit) -> str:
    """The whole document."""
    title = f"{TITLES[audit.standing]}: {shortened(audit.claim, 80)} - zkaudit report"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=security_policy()),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title.upper() if audit.standing is Standing.REJECTED else title),
    )
    head = Element(head.tag, head.attributes, (*head.children, STYLE))
    body = element(
        "body",
        element("div", _header(audit), element("main", *_sections(audit)), _footer(audit), class_="page"),
        class_=CLASSES[audit.standing],
    )
    return f"<!DOCTYPE html>\n{render(element('html', head, body, lang='en'))}\n"


def security_policy() -> str:
    """Nothing may load or run; of styles, only the one whose digest is named."""
    digest = base64.b64encode(hashlib.sha256(STYLE.text.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _header(audit: Audit) -> Element:
    sign = element(
        "svg",
        element("circle", cx=16, cy=16, r=14),
        element("path", d=SIGNS[audit.standing]),
        viewBox="0 0 32 32",
        width=32,
        height=32,
        class_="sign",
        aria_hidden="true",
    )
    return element(
        "header",
        element("p", "zkaudit · report of one audit", class_="eyebrow"),
        element(
            "div",
            element("h1", sign, element("span", TITLES[audit.standing])),
            *_lead(audit),
            class_="verdict",
        ),
    )


def _lead(audit: Audit) -> list[Element]:
    """The verdict in a sentence, the claim, and for a failure its reason."""
    samples = count(audit.samples, "held-out sample", "held-out samples")
    claim = element("code", shortened(audit.claim), class_="claim")
    if audit.standing is Standing.VERIFIED:
        said = " ".join(finding.words for finding in audit.findings[:2])
        return [claim, element("p", f"The committed model meets this claim on {samples}. {said}", class_="lead")]
    if audit.standing is Standing.POLICY:
        said = "The proof is valid, and it does not meet the policy that it was held against:"
        return [element("p", f"{said} {audit.reason}.", class_="lead"), claim]
    return [
        element("p", "This proof shows nothing about the model. Do not rely on the claim.", class_="lead"),
        element("p", "Reason: ", element("strong", audit.reason)),
        element("p", "The claim that was not shown: ", element("code", shortened(audit.claim))),
    ]


def _sections(audit: Audit) -> list[Element]:
    """The parts of the page; a rejected proof has no results to show."""
    parts: list[tuple[str, str, tuple[Node, ...]]] = []
    accepted = audit.standing is not Standing.REJECTED
    if accepted:
        parts.append(("shown", "What the proof shows", evidence.results(audit)))
        bounded = evidence.bounded(audit)
        if bounded is not None and bounded.lower_bound is not None:
            shown = figures.bound(bounded, bounded.lower_bound)
            parts.append(("bound", "What it means beyond these samples", shown))
        for number, finding in enumerate(audit.findings):
            if finding.table is not None:
                parts.append((f"matrix-{number}", "Class by class", matrix(finding)))
    parts.append(("checked", "What was checked", (evidence.checks(audit.checked),)))
    if accepted:
        parts.append(("unchecked", "What was not checked", (evidence.checks(audit.unchecked),)))
    else:
        parts.append(("means", "What this means", evidence.rejection()))
    for number, sheet in enumerate(audit.sheets):
        parts.append((f"sheet-{number}", sheet.title, (evidence.facts(sheet.rows),)))
    if shortened(audit.claim) != audit.claim:
        parts.append(("claim", "The claim in full", (element("pre", element("code", audit.claim)),)))
    parts.append(("digests", "Digests to compare", evidence.digests(audit)))
    parts.append(("again", "Verify it again", evidence.command(audit)))
    if accepted:
        parts.append(("security", "Security", figures.security(audit)))
    parts.append(("sizes", "Sizes and times", figures.sizes(audit)))
    parts.append(("visible", "What is not hidden", evidence.visible_facts(audit)))
    stamp = None if accepted else element("p", "Rejected: nothing on this page speaks for the model.", class_="stamp")
    return [
        element(
            "section",
            element("h2", title, id=name),
            stamp if name == "sizes" else None,
            *content,
            aria_labelledby=name,
        )
        for name, title, content in parts
    ]


def _footer(audit: Audit) -> Element:
    written = audit.created.strftime("%Y-%m-%d %H:%M UTC")
    version = f" {audit.version}" if audit.version else ""
    return element(
        "footer",
        element(
            "p",
            f"Written by zkaudit{version} on ",
            element("time", written, datetime=audit.created.isoformat(timespec="seconds")),
            ", which verified the proof itself. A page can be forged more easily than a proof: "
            "whoever depends on it runs the command above.",
        ),
    )
