"""The play of docs/audit.md: its code blocks as lines that somebody says, and its table of frauds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tests.imports import ROOT

GUIDE = ROOT / "docs" / "audit.md"

_PROMPT = re.compile(r"([a-z]+)\$ (.+)")
_BLOCK = re.compile(r"^```(console|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| (?P<title>.+?) \| (?P<by>.+?) \| (?P<code>[0-9]) \| `(?P<line>.+)` \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A command that an actor gives, and what the guide says that it prints; empty where it says nothing."""

    actor: str
    command: str
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handwritten:
    """A file that an actor writes by hand."""

    actor: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A fraud of the table: who stops it, with which exit code and which line on stderr."""

    title: str
    by: str
    code: int
    line: str


@lru_cache
def scenes() -> tuple[Line | Handwritten, ...]:
    """All that happens in the play, in its order."""
    found: list[Line | Handwritten] = []
    for kind, text in _BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        if kind == "console":
            found += _lines(text)
        else:
            # The first line says whose file it is: "# pipeline: policy.toml".
            actor, name = text.partition("\n")[0].removeprefix("# ").split(": ")
            found.append(Handwritten(actor=actor, name=name, text=text))
    return tuple(found)


def _lines(block: str) -> list[Line]:
    found: list[tuple[str, str, list[str]]] = []
    for line in block.replace("\\\n", " ").splitlines():
        prompt = _PROMPT.fullmatch(line)
        if prompt:
            found.append((prompt[1], prompt[2], []))
        else:
            found[-1][2].append(line)
    return [Line(actor=actor, command=command, shown="\n".join(shown)) for actor, command, shown in found]


def command_of(actor: str, start: str) -> str:
    """The one command of an actor that starts so."""
    said = [scene for scene in scenes() if isinstance(scene, Line) and scene.actor == actor]
    (command,) = {line.command for line in said if line.command.startswith(f"zkaudit {start} ")}
    return command


@lru_cache
def table() -> tuple[Row, ...]:
    """The frauds that the guide names."""
    text = GUIDE.read_text(encoding="utf-8").partition("## What stops which fraud")[2]
    return tuple(Row(**{**row.groupdict(), "code": int(row["code"])}) for row in _ROW.finditer(text))


def agrees(pattern: str, text: str) -> bool:
    """Whether a text is what the guide shows, where `...` stands for anything."""
    expected = ".*?".join(re.escape(part) for part in pattern.strip().split("..."))
    return re.fullmatch(expected, text.strip(), re.DOTALL) is not None
