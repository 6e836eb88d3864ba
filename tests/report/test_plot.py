"""The plot: the curve is the bound, the mark is the audit, and nothing lies outside the frame."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from zkaudit.claim import clopper_pearson_lower
from zkaudit.report.audit import Share
from zkaudit.report.element import Element, render
from zkaudit.report.plot import NARROW, WIDE, Frame, bound_at, curve, plots

CASES = [(342, 360), (1, 1), (0, 1), (0, 360), (360, 360), (11, 20), (2, 1000), (951, 1000), (900_000, 1 << 20)]


def share(successes: int, of: int) -> Share:
    """A share that a proof guarantees."""
    bound = clopper_pearson_lower(successes, of)
    return Share(subject="accuracy", successes=successes, of=of, exact=False, lower_bound=bound)


def drawings(successes: int, of: int) -> list[tuple[Frame, Element]]:
    """Both drawings with their frames."""
    shown = share(successes, of)
    assert shown.lower_bound is not None
    return list(zip((WIDE, NARROW), plots(shown, shown.lower_bound), strict=True))


def parts(drawing: Element, tag: str) -> list[dict[str, str]]:
    """The attributes of all elements of a tag."""
    return [dict(one.attributes) for one in drawing.children if isinstance(one, Element) and one.tag == tag]


@pytest.mark.parametrize("samples", [40, 100, 360, 2000])
def test_the_curve_at_whole_counts_is_the_bound(samples: int) -> None:
    successes = Fraction(19, 20) * samples
    assert successes.denominator == 1
    assert bound_at(0.95, samples) == clopper_pearson_lower(int(successes), samples)


def test_between_whole_counts_the_bound_lies_between() -> None:
    assert clopper_pearson_lower(47, 50) < bound_at(0.95, 50) < clopper_pearson_lower(48, 50)


@pytest.mark.parametrize(("successes", "samples"), CASES)
def test_the_curve_holds_the_audit(successes: int, samples: int) -> None:
    points = dict(curve(successes / samples, samples))
    assert points[samples] == pytest.approx(clopper_pearson_lower(successes, samples), abs=2e-6)
    assert len(points) > 10
    assert max(points.values()) <= successes / samples + 1e-9


@pytest.mark.parametrize(("successes", "samples"), CASES)
def test_everything_lies_in_the_frame(successes: int, samples: int) -> None:
    for frame, drawing in drawings(successes, samples):
        for name, low, high in (("x", 0, frame.width), ("y", 0, frame.height)):
            places = [float(text) for text in re.findall(rf'\b{name}[12]?="([-0-9.]+)"', render(drawing))]
            assert low <= min(places) <= max(places) <= high
        assert not re.search("nan|inf", render(drawing))


def test_the_mark_is_where_its_axes_say() -> None:
    """Read back from the grid lines, as a reader would: the mark lies at the bound, the interval ends at 100 %."""
    bound = clopper_pearson_lower(342, 360)
    for _, drawing in drawings(342, 360):
        ticks = {
            child: dict(one.attributes)
            for one in drawing.children
            if isinstance(one, Element) and one.tag == "text"
            for child in one.children
            if isinstance(child, str)
        }
        top, bottom = float(ticks["100%"]["y"]) - 4, float(ticks["80%"]["y"]) - 4
        (mark,) = parts(drawing, "circle")
        assert 1 - 0.2 * (float(mark["cy"]) - top) / (bottom - top) == pytest.approx(bound, abs=2e-3)
        assert float(mark["cx"]) == pytest.approx(float(ticks["360"]["x"]), abs=0.01)
        interval = next(line for line in parts(drawing, "line") if line["class"] == "interval")
        assert float(interval["y1"]) == pytest.approx(top, abs=0.01)
        assert float(interval["y2"]) == pytest.approx(float(mark["cy"]), abs=0.01)


def test_a_drawing_says_itself_in_words() -> None:
    identifiers = []
    for _, drawing in drawings(342, 360):
        attributes = dict(drawing.attributes)
        assert attributes["role"] == "img"
        named = [dict(one.attributes)["id"] for one in drawing.children[:2] if isinstance(one, Element)]
        assert attributes["aria-labelledby"].split() == named
        identifiers += named
        assert "92.67%" in render(drawing.children[1])
    assert len(set(identifiers)) == 4
