"""The page: complete, inert, and unmistakable about a failure."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import pytest

from tests.report.audits import FINDINGS, HOSTILE, make_audit, matrix_finding, page, share_finding
from tests.report.test_element import read
from zkaudit.report.audit import Share, Standing
from zkaudit.report.element import ATTRIBUTES, TAGS
from zkaudit.report.page import render_page, security_policy
from zkaudit.report.text import visible

EVERY = list(Standing)


def headings(markup: str) -> list[str]:
    """The second-level headings."""
    return re.findall(r"<h2[^>]*>([^<]*)</h2>", markup)


def test_a_verified_page_has_every_part() -> None:
    shown = headings(page())
    for part in ("shows", "beyond", "Class by class", "was checked", "was not checked", "model", "Digests", "again"):
        assert any(part in heading for heading in shown), part
    assert any("Security" in heading for heading in shown)
    assert {"Sizes and times", "What is not hidden"} <= set(shown)


@pytest.mark.parametrize("standing", EVERY)
def test_headings_and_landmarks_are_in_order(standing: Standing) -> None:
    markup = page(standing)
    seen = read(markup)
    assert [seen.tags.count(tag) for tag in ("h1", "main", "header", "footer")] == [1] * 4
    assert markup.count("<title>") == 1
    identifiers = [value for name, value in seen.attributes if name == "id"]
    assert len(identifiers) == len(set(identifiers))
    for name, value in seen.attributes:
        if name == "aria-labelledby":
            assert set(value.split()) <= set(identifiers)
    for row in re.findall(r"<tbody>(.*?)</tbody>", markup):
        assert all(one.startswith('<th scope="row">') for one in row.split("<tr>")[1:])
    assert markup.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("standing", EVERY)
def test_nothing_but_the_named_style_is_allowed(standing: Standing) -> None:
    markup = page(standing)
    (style,) = re.findall("<style>(.*?)</style>", markup, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in security_policy()
    assert security_policy().startswith("default-src 'none'")
    # The policy comes before all that it governs.
    assert markup.index("Content-Security-Policy") < markup.index("<style>")
    assert not re.search(r"url\(|@import|https?:|//", markup)


@pytest.mark.parametrize("standing", EVERY)
def test_hostile_text_in_every_field_stays_text(standing: Standing) -> None:
    """The page of hostile words has the tags of the page of harmless ones."""
    hostile, usual = read(page(standing, HOSTILE)), read(page(standing, "h" * len(HOSTILE)))
    assert hostile.tags == usual.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in usual.attributes]
    assert set(hostile.tags) <= TAGS | {"style"}
    assert {name for name, _ in hostile.attributes} <= {name.lower() for name in ATTRIBUTES}
    assert visible(HOSTILE)[:40] in hostile.text
    assert not {"\u202e", "\u2066", "\x1b", "\x00"} & set(page(standing, HOSTILE))


def test_a_failed_page_shows_nothing_of_a_success() -> None:
    markup = page(Standing.REJECTED)
    assert markup.count("Rejected") >= 2
    assert "<title>REJECTED" in markup
    assert '<body class="rejected">' in markup
    assert "merkle-path: witness oracle" in markup
    text = read(re.sub("<style>.*?</style>", "", markup, flags=re.DOTALL)).text
    assert "Verified" not in text
    assert not re.search("In the population|meets this claim|Clopper|What the proof shows", text)


def test_a_failed_page_ignores_findings() -> None:
    """Whatever an audit holds, a rejected one shows no result."""
    audit = make_audit(Standing.REJECTED)
    assert not audit.findings
    with_findings = make_audit()
    object.__setattr__(with_findings, "standing", Standing.REJECTED)
    assert "342 of 360" not in render_page(with_findings)


def test_a_policy_page_says_that_the_proof_is_valid() -> None:
    markup = page(Standing.POLICY)
    assert "The proof is valid, and it does not meet the policy" in markup
    assert "<h1" in markup
    assert "Verified" not in read(re.sub("<style>.*?</style>", "", markup, flags=re.DOTALL)).text


def test_the_bytes_add_up() -> None:
    markup = page()
    table = markup[markup.index("Bytes of the proof file") :]
    body, foot = re.findall(r"<t(?:body|foot)>(.*?)</t(?:body|foot)>", table)[:2]
    numbers = [int(text.replace(",", "")) for text in re.findall(r'<td class="number">([0-9,]+)</td>', body)]
    assert len(numbers) == 3
    assert sum(numbers) == 10_912 + 47_137 + 320
    assert f">{sum(numbers):,}<" in foot


def test_security_terms_come_weakest_first() -> None:
    table = page().partition("Soundness errors")[2]
    assert table.index("witness query") < table.index("pad query") < table.index("lookup argument")


def test_a_digest_copies_as_one_word() -> None:
    assert "0123456789abcdef" * 4 in read(page()).text


def test_the_matrix_has_every_count() -> None:
    markup = page(findings=(matrix_finding(((3, 1), (0, 0))),))
    table = markup[markup.index('<table class="matrix">') :]
    assert re.findall(r'<td class="(?:none|right-.|wrong-.)">([^<]*)</td>', table) == ["3", "1", "·", "·"]
    assert re.findall(r'<td class="total">([^<]*)</td>', table) == ["75.0%", "no samples"]


def test_a_large_matrix_is_a_list_of_its_worst_classes() -> None:
    table = tuple(tuple(5 if row == column else 0 for column in range(100)) for row in range(100))
    worse = (*table[:70], tuple(5 if column in (70, 71) else 0 for column in range(100)), *table[71:])
    markup = page(findings=(matrix_finding(worse),))
    assert 'class="matrix"' not in markup
    assert "64 classes of 100, the worst first" in markup
    assert markup.index('<th scope="row">70</th>') < markup.index('<th scope="row">0</th>')


def test_a_claim_without_a_bound_has_no_plot() -> None:
    markup = page(findings=(FINDINGS[3],))
    assert "<figure>" not in markup
    assert "What the proof shows" in markup


def test_the_accuracy_is_drawn_where_a_matrix_reveals_it() -> None:
    right = Share(subject="accuracy", successes=342, of=360, exact=True, lower_bound=0.926754)
    markup = render_page(replace(make_audit(findings=(matrix_finding(),)), accuracy=right))
    assert "<figure>" in markup
    assert "≥ 92.67%" in markup
    assert "≥ 95.00%" not in markup


def test_a_long_claim_is_shown_in_full_once() -> None:
    long = "confusion_matrix == [" + ",".join(["[1,2,3]"] * 60) + "]"
    markup = render_page(replace(make_audit(), claim=long))
    assert markup.count(long) == 1
    assert markup.index("The claim in full") < markup.index(long)
    assert "The claim in full" not in page()


def test_one_sample_is_a_page_too() -> None:
    assert "1 sample" in page(findings=(share_finding("correct >= 1", 1, 1),))
