"""The builder: nothing gets onto a page unescaped, and nothing that loads, runs or leads away has a name."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.audits import HOSTILE
from zkaudit.report.element import StyleSheet, element, render
from zkaudit.report.text import visible


class Reader(HTMLParser):
    """What a browser would see: the tags and attributes of a document, and its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(markup: str) -> Reader:
    """A parsed document."""
    reader = Reader()
    reader.feed(markup)
    reader.close()
    return reader


@given(st.text())
def test_any_text_stays_text(text: str) -> None:
    seen = read(render(element("p", text, aria_label=text, class_="a")))
    assert seen.tags == ["p"]
    assert seen.text == visible(text)
    assert seen.attributes == [("aria-label", visible(text)), ("class", "a")]


def test_hostile_text_is_shown() -> None:
    markup = render(element("p", HOSTILE, aria_label=HOSTILE))
    assert "<script" not in markup
    assert not {"\u202e", "\u2066", "\x1b", "\x00"} & set(markup)
    assert r"\u202e" in markup
    assert r"\x1b" in markup


@pytest.mark.parametrize(
    "tag", ["script", "style", "iframe", "a", "img", "link", "object", "form", "SCRIPT", "p onload"]
)
def test_tags_that_no_report_has(tag: str) -> None:
    with pytest.raises(ValueError, match="no report has"):
        element(tag)


@pytest.mark.parametrize("name", ["onload", "style", "href", "src", "xlink:href", "action", "a b", "srcset"])
def test_attributes_that_no_report_has(name: str) -> None:
    with pytest.raises(ValueError, match="no report has"):
        element("p", **{name: "x"})


def test_a_style_sheet_ends_no_style() -> None:
    with pytest.raises(ValueError, match="tag"):
        StyleSheet("a{}</style><script>")


def test_absent_parts_leave_nothing() -> None:
    assert render(element("p", None, "a", element("br"), class_=None, x=1.5, y=2.0)) == '<p x="1.5" y="2">a<br></p>'
    with pytest.raises(ValueError, match="no content"):
        element("br", "a")
