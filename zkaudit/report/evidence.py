"""The parts of the page in words: results, checks, facts, digests, the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zkaudit.findings import Finding
from zkaudit.report.audit import Audit, Check, Share, State, share_of
from zkaudit.report.element import Element, Node, element
from zkaudit.report.figures import share_bar
from zkaudit.report.text import digest_groups, percent, shortened


def bounded(audit: Audit) -> Share | None:
    """The share whose bound is drawn: the accuracy, or else the first that says something about the population."""
    if audit.accuracy is not None:
        return audit.accuracy
    shares = [share for finding in audit.findings if (share := share_of(finding)) is not None]
    return next((share for share in shares if share.lower_bound is not None), None)


def results(audit: Audit) -> tuple[Node, ...]:
    """The key figures, and the findings one by one where there are several."""
    rows = []
    found = bounded(audit)
    if found is not None and found.lower_bound is not None:
        sign = "" if found.exact else "≥ "
        name = found.subject[:1].upper() + found.subject[1:]
        counts = f"{found.successes:,} of {found.of:,} samples"
        rows.append((f"{name} on these samples", f"{sign}{percent(found.value)}", counts))
        rows.append(("In the population", f"≥ {percent(found.lower_bound)}", "95% confidence, independent samples"))
    rows.append(("Soundness", f"{audit.account.total_bits:.1f} bits", f"{audit.target_bits} asked of every proof"))
    figures = [
        element("div", element("dt", name), element("dd", value, element("span", note))) for name, value, note in rows
    ]
    table = _findings(audit.findings) if len(audit.findings) > 1 else None
    return tuple(part for part in (element("dl", *figures, class_="figures"), table) if part is not None)


def _findings(findings: Sequence[Finding]) -> Element:
    """A row for each atom of the claim; a bar where it guarantees a share."""
    rows = []
    for finding in findings:
        share = share_of(finding)
        name = element("code", shortened(finding.atom))
        words = element("span", finding.words, class_="source")
        guaranteed: tuple[Node, ...] = ("revealed below" if finding.table is not None else "met",)
        if share is not None:
            bound = "" if share.lower_bound is None else f"≥ {percent(share.lower_bound)} in the population"
            counts = f"{'' if share.exact else '≥ '}{percent(share.value)}, {share.successes:,} of {share.of:,}"
            guaranteed = (counts, share_bar(share), element("span", bound, class_="source"))
        rows.append(
            element("tr", element("th", name, words, scope="row"), element("td", *guaranteed, class_="guaranteed"))
        )
    heads = (element("th", "Part of the claim", scope="col"), element("th", "Guaranteed", scope="col"))
    return element(
        "table",
        element("caption", "Each part of the claim. A bar ends at the 95% bound, a line marks the share."),
        element("thead", element("tr", *heads)),
        element("tbody", *rows),
    )


def checks(items: Sequence[Check]) -> Element:
    """One line a check: what became of it, its name, what it means."""
    words = {State.PASSED: "✓ passed", State.FAILED: "✗ failed", State.NOT_CHECKED: "not checked"}
    return element(
        "ul",
        *(
            element(
                "li",
                element(
                    "span", words.get(one.state, one.state.value), class_=f"state {one.state.value.replace(' ', '-')}"
                ),
                element("div", element("strong", one.name), element("p", one.detail)),
            )
            for one in items
        ),
        class_="checks",
    )


def rejection() -> tuple[Node, ...]:
    """What a reader may and may not conclude from a rejected proof."""
    said = (
        "A rejected proof shows nothing: neither that the claim is true nor that it is false. "
        "Files that do not belong together, a damaged proof and a forged one end alike. "
        "Ask for a proof of exactly this claim, for this commitment and this held-out set."
    )
    return (element("p", said),)


def facts(rows: Mapping[str, str]) -> Element:
    """Names and values."""
    pairs = [part for name, value in rows.items() for part in (element("dt", name), element("dd", value))]
    return element("dl", *pairs, class_="facts")


def digests(audit: Audit) -> tuple[Node, ...]:
    """Digests in groups of four digits, that copy as one word."""
    pairs: list[Element] = []
    for name, value in audit.digests.items():
        groups = [part for group in digest_groups(value) for part in (element("span", group), element("wbr"))]
        pairs += [element("dt", name), element("dd", *groups, class_="digest")]
    note = (
        "Read them to each other: whoever has the same commitment and the same held-out set speaks of the same audit."
    )
    return (element("p", note, class_="soft"), element("dl", *pairs, class_="facts"))


def command(audit: Audit) -> tuple[Node, ...]:
    """How anybody reaches the verdict again."""
    note = "In a folder with the public files; no network, no compiler and no secret is needed."
    lines = [part for line in audit.command.splitlines() for part in (line, element("br"))]
    return (element("pre", element("code", *lines[:-1])), element("p", note, class_="soft"))


def visible_facts(audit: Audit) -> tuple[Node, ...]:
    """What a reader of the public files learns, and the rest."""
    lines = [element("li", line) for line in audit.visible]
    note = (
        "The weights, every activation, every prediction, and which samples are right stay hidden unless listed here."
    )
    return (element("ul", *lines, class_="plain"), element("p", note))
