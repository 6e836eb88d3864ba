"""`zkaudit inspect`: what a file says about itself, nothing of it believed."""

from __future__ import annotations

from pathlib import Path

import click

from zkaudit.cli.options import FILE, json_option
from zkaudit.cli.outcome import Outcome, amount, table


@click.command()
@click.argument("file", type=FILE, metavar="FILE")
@json_option
@click.pass_obj
def inspect(known: dict[str, object], file: Path) -> Outcome:
    """Show the kind, version and bytes of any artefact."""
    from zkaudit.inspection import inspect_file

    found = inspect_file(file)
    fields = {
        "file": str(file),
        "kind": found.kind,
        "version": found.version,
        "secret": found.secret,
        "digest": found.digest,
        "bytes": found.size,
        "facts": dict(found.facts),
        "parts": [{"name": part.name, "bytes": part.size} for part in found.parts],
    }
    rows = {
        "version": str(found.version),
        "digest": found.digest or "not shown: the content is secret",
        **{name: str(value) for name, value in found.facts.items()},
        "bytes": amount(found.size),
    }
    parts = [(part.name, f"{part.size:>14,}") for part in found.parts]
    lines = (f"{found.kind}, nothing verified", *table(rows.items()), *table(parts))
    return Outcome(status="inspected", fields=fields, lines=lines)
