"""The bound against the number of samples, drawn by hand as SVG.

The curve is the one-sided 95 % Clopper-Pearson bound for the share that was proved, on fewer and on more samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10

from zkaudit.claim import clopper_pearson_lower
from zkaudit.report.audit import Share
from zkaudit.report.element import Element, element
from zkaudit.report.text import count, percent, shortened

REACH = 30
"""Performance knob: the axis runs from a thirtieth of the samples to thirty times as many."""

LARGEST_SAMPLES = 1 << 22
"""Performance knob: the bound of more samples than this takes too long to compute for a picture."""

LONGEST_SUBJECT = 28
"""Characters that fit above the narrow drawing."""

POINTS = 48
"""Performance knob: points of the curve."""

WHOLE_COUNTS = 100_000
"""From this many successes on, rounding to a whole number of them cannot be seen in the picture."""

STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Distances of marks on the axis of shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Sizes of a drawing in pixels; `label` tells apart the identifiers of two drawings on a page."""

    label: str
    width: int
    height: int
    left: int = 52
    right: int = 14
    top: int = 30
    bottom: int = 48
    tick_gap: int = 46


WIDE = Frame(label="wide", width=720, height=340)
NARROW = Frame(label="narrow", width=336, height=300, left=46, right=6, tick_gap=38)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """From samples and shares to pixels: samples on a logarithmic axis, shares from `floor` to 1."""

    frame: Frame
    low: float
    high: float
    floor: float

    def x(self, samples: float) -> float:
        frame = self.frame
        share = (log10(samples) - log10(self.low)) / (log10(self.high) - log10(self.low))
        return frame.left + share * (frame.width - frame.left - frame.right)

    def y(self, share: float) -> float:
        frame = self.frame
        return frame.top + (1 - share) / (1 - self.floor) * (frame.height - frame.top - frame.bottom)


def bound_at(share: float, samples: float) -> float:
    """The bound for a share of so many samples; between two whole counts it is interpolated."""
    whole = max(1, round(samples))
    successes = min(share * whole, whole)
    below = min(floor(successes + 1e-9), whole)
    bound = clopper_pearson_lower(below, whole)
    rest = successes - below
    if rest < 1e-9 or below >= WHOLE_COUNTS:
        return bound
    return bound + rest * (clopper_pearson_lower(below + 1, whole) - bound)


def curve(share: float, samples: int) -> tuple[tuple[float, float], ...]:
    """Points (samples, bound) of the curve, from few samples to many."""
    low, high = max(1.0, samples / REACH), float(min(max(samples * REACH, 30), max(LARGEST_SAMPLES, samples * 2)))
    ratio = high / low
    places = {max(1, round(low * ratio ** (index / (POINTS - 1)))) for index in range(POINTS)}
    return tuple((float(place), bound_at(share, place)) for place in sorted(places | {samples}))


def plots(share: Share, bound: float) -> tuple[Element, Element]:
    """The drawing for a wide page and for a narrow one; the style sheet shows one of them."""
    points = curve(share.value, share.of)
    return _plot(WIDE, share, bound, points), _plot(NARROW, share, bound, points)


def _plot(frame: Frame, share: Share, bound: float, points: tuple[tuple[float, float], ...]) -> Element:
    samples = share.of
    lowest = min(value for _, value in points)
    step = next((size for size in STEPS if (1 - lowest) / size <= 6), STEPS[-1])
    scale = _Scale(
        frame=frame, low=points[0][0], high=points[-1][0], floor=max(0.0, min(floor(lowest / step) * step, 1 - step))
    )
    title, description = f"{frame.label}-title", f"{frame.label}-description"
    return element(
        "svg",
        element("title", f"Lower bound of {share.subject} against the number of samples", id=title),
        element("desc", _description(share.value, samples, bound, points), id=description),
        *_grid(scale, step, f"{shortened(share.subject, LONGEST_SUBJECT)} in the population"),
        *_sample_axis(scale, samples),
        *_curve(scale, share.value, points),
        *_mark(scale, samples, bound),
        viewBox=f"0 0 {frame.width} {frame.height}",
        width=frame.width,
        height=frame.height,
        class_=f"plot {frame.label}",
        role="img",
        aria_labelledby=f"{title} {description}",
    )


def _description(share: float, samples: int, bound: float, points: tuple[tuple[float, float], ...]) -> str:
    first, last = points[0], points[-1]
    return (
        f"At a share of {percent(share)}, the bound rises from {percent(first[1])} on "
        f"{count(round(first[0]), 'sample', 'samples')} to {percent(last[1])} on {round(last[0]):,} samples. "
        f"This audit, on {count(samples, 'sample', 'samples')}, reaches {percent(bound)}."
    )


def _grid(scale: _Scale, step: float, title: str) -> list[Element]:
    """The axis of shares and its lines."""
    frame, drawn = scale.frame, []
    right = frame.width - frame.right
    for index in range(round((1 - scale.floor) / step) + 1):
        share = scale.floor + index * step
        y = scale.y(share)
        drawn.append(element("line", x1=frame.left, x2=right, y1=y, y2=y, class_="grid"))
        drawn.append(element("text", f"{share:.0%}", x=frame.left - 8, y=y + 4, text_anchor="end", class_="tick"))
    # A title beside the axis would have to be read sideways.
    drawn.append(element("text", title, x=0, y=13, class_="axis"))
    return drawn


def _sample_axis(scale: _Scale, samples: int) -> list[Element]:
    """The axis of samples: decades, and 2 and 5 between them where they fit; the audit's own number in bold."""
    frame, drawn, taken = scale.frame, [], [scale.x(samples)]
    base = frame.height - frame.bottom
    middle = (frame.left + frame.width - frame.right) / 2
    decades = range(floor(log10(scale.low)), ceil(log10(scale.high)) + 1)
    places = [factor * 10**power for factor in (1, 5, 2) for power in decades]
    for place in places:
        if not scale.low <= place <= scale.high:
            continue
        x = scale.x(place)
        drawn.append(element("line", x1=x, x2=x, y1=base, y2=base + 5, class_="axis-mark"))
        edge = min(x, frame.width - x) < 14
        if not edge and all(abs(x - other) >= frame.tick_gap for other in taken):
            taken.append(x)
            drawn.append(element("text", f"{place:,}", x=x, y=base + 20, text_anchor="middle", class_="tick"))
    x = scale.x(samples)
    drawn.append(element("line", x1=frame.left, x2=frame.width - frame.right, y1=base, y2=base, class_="axis-line"))
    drawn.append(element("text", f"{samples:,}", x=x, y=base + 20, text_anchor="middle", class_="tick own"))
    title = "number of samples, logarithmic"
    drawn.append(element("text", title, x=middle, y=frame.height - 6, text_anchor="middle", class_="axis"))
    return drawn


def _curve(scale: _Scale, share: float, points: tuple[tuple[float, float], ...]) -> list[Element]:
    """The region that the bound leaves, its border, and the share that all its points have."""
    frame = scale.frame
    right, top = frame.width - frame.right, float(frame.top)
    path = " L".join(f"{scale.x(samples):.2f} {scale.y(value):.2f}" for samples, value in points)
    level, end = scale.y(share), scale.y(points[-1][1])
    return [
        element("path", d=f"M{path} L{right} {top} L{frame.left} {top} Z", class_="region"),
        element("line", x1=frame.left, x2=right, y1=level, y2=level, class_="share"),
        element("path", d=f"M{path}", class_="curve"),
        element(
            "text", f"{percent(share)} of the samples", x=right, y=level - 7, text_anchor="end", class_="label muted"
        ),
        element("text", "lower bound", x=right, y=end + 19, text_anchor="end", class_="label accent"),
    ]


def _mark(scale: _Scale, samples: int, bound: float) -> list[Element]:
    """The audit itself: its point, the interval above it, its number of samples below it."""
    frame = scale.frame
    x, y, top = scale.x(samples), scale.y(bound), float(frame.top)
    base = frame.height - frame.bottom
    lines = (count(samples, "sample", "samples"), f"at least {percent(bound)}")
    # Below the point, unless there is no room above the axis.
    start = y + 24 if y + 46 < base else y - 28
    return [
        element("line", x1=x, x2=x, y1=y, y2=base, class_="drop"),
        element("line", x1=x, x2=x, y1=top, y2=y, class_="interval"),
        element("line", x1=x - 6, x2=x + 6, y1=top, y2=top, class_="interval"),
        element("circle", cx=x, cy=y, r=5.5, class_="point"),
        element("text", lines[0], x=x + 11, y=start, class_="label halo"),
        element("text", lines[1], x=x + 11, y=start + 17, class_="label own halo"),
    ]
