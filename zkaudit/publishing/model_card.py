"""The fragment of a model card that model hubs read: `model-index`, in YAML.

There is no `verified` key: that word is the hub's own, for numbers that the hub computed.
Every text is a double-quoted JSON string, which is YAML too, so no text can end its line or its quotes.
"""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from zkaudit.documents import DOCUMENT_LIMIT
from zkaudit.errors import InvalidInput, Reason, Rejected
from zkaudit.publishing.metrics import Metric, decimal_text, metrics_of
from zkaudit.publishing.record import Record

HEADER = "# A fragment for the metadata of a model card. Each value is what the proof beside it shows, and no more.\n"
"""First line of the file."""


def model_index(record: Record) -> dict[str, Any]:
    """The metadata of a model card: one result on the held-out set, one metric for each part of the claim."""
    result = {
        "task": {"type": "other", "name": "Classification"},
        "dataset": {
            "type": "held-out-set",
            "name": f"Held-out set {record.data[:16]}",
            "args": {"sha256": record.data, "samples": record.samples},
        },
        "metrics": [_metric(metric, record) for metric in metrics_of(record)],
    }
    return {"model-index": [{"name": record.name, "results": [result]}]}


def _metric(metric: Metric, record: Record) -> dict[str, Any]:
    finding = metric.finding
    facts = {
        "claim": finding.atom,
        "relation": metric.relation,
        "at_least": finding.at_least,
        "exactly": finding.exactly,
        "of": finding.of,
        "population_lower_bound_95": None if finding.lower_bound is None else Decimal(f"{finding.lower_bound:.6f}"),
        "proof_sha256": record.proof_file.sha256,
        "commitment_sha256": record.commitment_file.sha256,
    }
    value = metric.value if isinstance(metric.value, Decimal) else [list(row) for row in metric.value]
    known = {name: fact for name, fact in facts.items() if fact is not None}
    return {"type": metric.kind, "value": value, "name": metric.title, "args": known}


def model_card_text(record: Record) -> str:
    """The fragment as a file."""
    return HEADER + "\n".join(_block(model_index(record), 0)) + "\n"


def check_model_card(data: bytes, record: Record, where: str = "model card") -> None:
    """A fragment is, line for line, what the verification shows; only ends of lines and blanks before them are free.

    The whole file is compared and none of it is parsed, so no reader of YAML can see other numbers in it.
    `InvalidInput` for bytes that are no text, Rejected with the first line that differs.
    """
    if len(data) > DOCUMENT_LIMIT:
        raise InvalidInput(f"{len(data)} bytes are too many", where=where, expected=f"at most {DOCUMENT_LIMIT} bytes")
    try:
        found = data.decode().rstrip().splitlines()
    except UnicodeDecodeError as error:
        raise InvalidInput("not a text", where=where, expected="UTF-8") from error
    expected = model_card_text(record).splitlines()
    for number, (ours, theirs) in enumerate(zip_longest(expected, found, fillvalue="the end"), 1):
        if ours != theirs.rstrip(" \t"):
            raise Rejected(
                Reason.WRONG_ATTESTATION,
                f"{where} says something else than the proof in line {number}",
                expected=ascii(ours.strip())[:100],
                actual=ascii(theirs.strip())[:100],
            )


def _block(value: Any, depth: int) -> list[str]:
    """The lines of a map or a list, indented by two spaces a level."""
    pad = " " * depth
    lines: list[str] = []
    if isinstance(value, dict):
        for key, entry in value.items():
            if _is_nested(entry):
                lines += [f"{pad}{key}:", *_block(entry, depth + 2)]
            else:
                lines.append(f"{pad}{key}: {_scalar(entry)}")
        return lines
    for entry in value:
        first, *rest = _block(entry, depth + 2)
        lines += [f"{pad}- {first.lstrip()}", *rest]
    return lines


def _is_nested(value: object) -> bool:
    """Maps and lists of maps; a table of numbers fits on one line."""
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _scalar(value: object) -> str:
    if isinstance(value, Decimal):
        return decimal_text(value)
    # Printable characters as they are: some readers take a pair of escapes for two characters.
    return json.dumps(value, ensure_ascii=False)
