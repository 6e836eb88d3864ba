"""Changes of protobuf messages, which ONNX files are."""

from __future__ import annotations

from typing import Any

from tests.fuzz.choices import TEXTS, Choices, altered_bytes


def alter_message(message: Any, choices: Choices) -> None:
    """Changes one field of a protobuf message, or of one inside it, in place."""
    fields = message.ListFields()
    while fields and choices.number(8):
        descriptor, value = choices.one_of(fields)
        if descriptor.type == descriptor.TYPE_MESSAGE:
            inner = value
            if _is_repeated(value):
                if choices.number(4) == 0:
                    _alter_repeated(value, choices)
                    return
                inner = choices.one_of(list(value))
            message, fields = inner, inner.ListFields()
            continue
        if _is_repeated(value):
            _alter_repeated(value, choices)
        else:
            setattr(message, descriptor.name, _scalar(value, choices))
        return
    if fields:
        message.ClearField(choices.one_of(fields)[0].name)


def _is_repeated(value: Any) -> bool:
    return hasattr(value, "append")


def _alter_repeated(values: Any, choices: Choices) -> None:
    place = choices.number(len(values))
    kind = choices.number(3)
    if kind == 0:
        del values[place]
    elif kind == 1 or not isinstance(values[place], (int, float, str, bytes)):
        values.append(values[place])
    else:
        values[place] = _scalar(values[place], choices)


def _scalar(value: Any, choices: Choices) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        new = choices.one_of((value + 1, value - 1, choices.integer(), choices.number(32)))
        return max(-(1 << 31), min(new, (1 << 31) - 1))
    if isinstance(value, float):
        return choices.one_of((0.0, -value, float("inf"), float("nan"), 1e30, 1e-30))
    if isinstance(value, bytes):
        return altered_bytes(value, choices)
    return choices.one_of((value + "_", "", *TEXTS))
