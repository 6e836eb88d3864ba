"""A builder of HTML that escapes by construction: text and attribute values have no other way onto the page.

Tags and attributes come from closed lists without anything that loads, runs or leads away.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from zkaudit.report.text import visible

_TAGS = (
    "html head meta title body header main footer section article figure figcaption h1 h2 h3 p ul ol li dl div dt dd "
    "table caption thead tbody tfoot tr th td span strong em code pre wbr br time svg desc line path rect circle text"
)
TAGS = frozenset(_TAGS.split())
"""The tags of a report."""

VOID_TAGS = frozenset(("meta", "wbr", "br"))
"""Tags without content and without an end."""

_ATTRIBUTES = (
    "lang charset name content http-equiv class id scope colspan role tabindex datetime aria-label aria-labelledby "
    "aria-hidden viewBox preserveAspectRatio width height x y x1 y1 x2 y2 cx cy r d text-anchor"
)
ATTRIBUTES = frozenset(_ATTRIBUTES.split())
"""The attributes of a report: no address, no handler, no style."""


@dataclass(frozen=True, slots=True)
class Element:
    """A node of the page; made by `element` only."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class StyleSheet:
    """The text of the one style element, the program's own and never anything from a file."""

    text: str

    def __post_init__(self) -> None:
        if "<" in self.text:
            raise ValueError("a style sheet cannot hold a tag")


Node = Element | StyleSheet | str


def element(tag: str, *children: Node | None, **attributes: str | int | float | None) -> Element:
    """An element; `class_` stands for class and `aria_label` for aria-label, and None leaves a child or attribute out.

    ValueError for a tag or attribute that no report has.
    """
    if tag not in TAGS:
        raise ValueError(f"no report has a tag {tag!r}")
    pairs = []
    for name, value in attributes.items():
        name = name.rstrip("_").replace("_", "-")
        if name not in ATTRIBUTES:
            raise ValueError(f"no report has an attribute {name!r}")
        if value is not None:
            pairs.append((name, _number(value) if isinstance(value, float) else str(value)))
    if tag in VOID_TAGS and children:
        raise ValueError(f"{tag} has no content")
    return Element(tag, tuple(pairs), tuple(child for child in children if child is not None))


def render(node: Node) -> str:
    """The markup of a node and all that is in it."""
    if isinstance(node, str):
        return escape(visible(node), quote=False)
    if isinstance(node, StyleSheet):
        return f"<style>{node.text}</style>"
    attributes = "".join(f' {name}="{escape(visible(value))}"' for name, value in node.attributes)
    if node.tag in VOID_TAGS:
        return f"<{node.tag}{attributes}>"
    inner = "".join(map(render, node.children))
    return f"<{node.tag}{attributes}>{inner}</{node.tag}>"


def _number(value: float) -> str:
    """A coordinate to a hundredth of a pixel."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
