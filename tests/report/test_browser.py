"""The report in a real browser: it fits, can be read, loads nothing, and says what it should."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Window, is_required, missing, window
from tests.report.audits import HOSTILE, matrix_finding, page
from zkaudit.report.audit import Standing

WIDTHS = [360, 1200]
PAGES = {
    "verified": page(),
    "policy": page(Standing.POLICY),
    "rejected": page(Standing.REJECTED),
    "hostile": page(text=HOSTILE),
    "classes": page(findings=(matrix_finding(tuple(tuple(1000 + i * j for j in range(32)) for i in range(32))),)),
}

CONTRAST = """
const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
const parse = t => { const n = t.match(/[\\d.]+/g).map(Number); return n.length === 3 ? [...n, 1] : n; };
const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
const ground = e => {
  const own = e instanceof SVGElement ? [0, 0, 0, 0] : parse(getComputedStyle(e).backgroundColor);
  if (own[3] === 1) return own;
  return over(own, e.parentElement ? ground(e.parentElement) : [255, 255, 255, 1]);
};
const region = (() => { const r = document.querySelector('.region'); return r && parse(getComputedStyle(r).fill); })();
const found = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const text = walk.currentNode.data.trim(), e = walk.currentNode.parentElement;
  if (!text || !e.checkVisibility() || ['title', 'desc'].includes(e.localName)) continue;
  const style = getComputedStyle(e), svg = e instanceof SVGElement;
  const ink = parse(svg ? style.fill : style.color), grounds = [ground(e)];
  if (svg && region) grounds.push(region);
  for (const g of grounds) {
    const [a, b] = [light(over(ink, g)), light(g)].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), text.slice(0, 40)]);
  }
}
return found.sort((x, y) => x[0] - y[0]);
"""
"""Contrast ratios of all visible texts with what lies under them, the lowest first: WCAG 2, "contrast ratio"."""

CLIPPED = """
const right = document.documentElement.clientWidth, found = [];
for (const e of document.querySelectorAll('body *')) {
  if (!e.checkVisibility() || e.closest('.scroll') || e.closest('desc, title')) continue;
  const box = e.getBoundingClientRect();
  if (box.width && (box.right > right + 0.5 || box.left < -0.5)) found.push([e.localName, e.textContent.slice(0, 40)]);
}
return found;
"""
"""What sticks out of the page; a wide table may be scrolled."""

LABELS = """
const found = [];
for (const svg of document.querySelectorAll('.plot')) {
  if (!svg.checkVisibility()) continue;
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
  for (const [text, box] of texts)
    if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1
        || box.bottom > frame.bottom + 1) found.push(text);
  texts.forEach(([one, a], i) => texts.slice(i + 1).forEach(([other, b]) => {
    if (a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom)
      found.push(one + ' / ' + other);
  }));
}
return found;
"""
"""Labels of the plot that leave it or lie on each other."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Window]:
    """One browser for all pages."""
    fault = missing()
    if fault and not is_required():
        pytest.skip(fault)
    assert not fault
    with window() as opened:
        yield opened


@pytest.fixture(scope="module", params=list(PAGES))
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page in a file."""
    path = tmp_path_factory.mktemp("report") / f"{request.param}.html"
    path.write_text(PAGES[request.param], encoding="utf-8")
    return path


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_clipped(browser: Window, shown: Path, width: int) -> None:
    browser.show(shown, width=width)
    assert browser.ask("return document.documentElement.scrollWidth") <= width
    assert not browser.ask(CLIPPED)
    assert not browser.ask(LABELS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(browser: Window, shown: Path, scheme: str) -> None:
    browser.show(shown, width=1200, scheme=scheme)
    ratios = browser.ask(CONTRAST)
    assert len(ratios) > 20
    assert ratios[0][0] >= 4.5, ratios[:5]


def test_the_schemes_differ(browser: Window, shown: Path) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        browser.show(shown, width=1200, scheme=scheme)
        grounds.append(browser.ask("return getComputedStyle(document.body).backgroundColor"))
    assert grounds[0] == "rgb(255, 255, 255)"
    assert grounds[1] != grounds[0]


def test_nothing_is_loaded_and_nothing_is_wrong(browser: Window, shown: Path) -> None:
    browser.complaints()
    browser.requests()
    browser.show(shown, width=1200)
    assert browser.requests() == {shown.absolute().as_uri(): ""}
    assert browser.complaints() == []
    assert browser.ask("return document.scripts.length + document.styleSheets.length") == 1
    assert browser.ask("return performance.getEntriesByType('resource').length") == 0


def test_the_policy_of_the_page_is_enforced(browser: Window, tmp_path: Path) -> None:
    """What could only be there by a fault of the builder would still neither run nor load."""
    evil = "<script>document.title='ran'</script><img src='https://example.invalid/x'><style>h1{color:#123456}</style>"
    path = tmp_path / "evil.html"
    path.write_text(page().replace("</footer>", f"</footer>{evil}<p style='color:#123456'>x</p>"), encoding="utf-8")
    browser.requests()
    browser.show(path, width=1200)
    assert browser.requests() == {path.absolute().as_uri(): "", "https://example.invalid/x": "csp"}
    assert browser.ask("return document.title") != "ran"
    colours = "return [...document.querySelectorAll('h1, p')].map(e => getComputedStyle(e).color)"
    assert "rgb(18, 52, 86)" not in browser.ask(colours)
    assert browser.complaints()


def test_the_verdict_is_what_is_seen_first(browser: Window, tmp_path: Path) -> None:
    seen = {}
    for name in ("verified", "policy", "rejected"):
        path = tmp_path / f"{name}.html"
        path.write_text(PAGES[name], encoding="utf-8")
        browser.show(path, width=360)
        box = browser.ask("const b = document.querySelector('h1').getBoundingClientRect(); return [b.top, b.bottom]")
        assert 0 < box[0] < box[1] < 400
        ground = "return getComputedStyle(document.querySelector('.verdict')).backgroundColor"
        seen[name] = (browser.ask("return document.querySelector('h1').innerText"), browser.ask(ground))
    assert [text.strip() for text, _ in seen.values()] == ["Verified", "Policy not met", "REJECTED"]
    assert len({ground for _, ground in seen.values()}) == 3


@pytest.mark.parametrize("width", WIDTHS)
def test_one_plot_is_shown(browser: Window, tmp_path: Path, width: int) -> None:
    path = tmp_path / "page.html"
    path.write_text(PAGES["verified"], encoding="utf-8")
    browser.show(path, width=width)
    seen = "return [...document.querySelectorAll('.plot')].filter(e => e.checkVisibility()).map(e => e.clientWidth)"
    (drawn,) = browser.ask(seen)
    assert drawn >= 300
    size = "return parseFloat(getComputedStyle(document.querySelector('.plot .tick')).fontSize)"
    assert browser.ask(size) >= 12


def test_it_prints(browser: Window, shown: Path) -> None:
    browser.show(shown, width=800, scheme="dark", media="print")
    assert browser.ask("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.ask(CONTRAST)[0][0] >= 4.5
    assert browser.printed().startswith(b"%PDF")


@pytest.mark.parametrize(("width", "height"), [(360, 800), (1200, 1600)])
def test_pictures(browser: Window, shown: Path, width: int, height: int) -> None:
    browser.show(shown, width=width)
    assert browser.picture(width, height).startswith(b"\x89PNG")
