"""Known answers of the fields, the transform and the code."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.vectors.files import Case, Stream, case
from zkaudit.errors import Rejected
from zkaudit.field import arrays, extension
from zkaudit.field.extension import ONE, ZERO, Element
from zkaudit.field.koalabear import HALF, MODULUS, TWO_ADICITY, bit_reverse, inverse, root_of_unity, signed
from zkaudit.proof import elements
from zkaudit.reed_solomon.domain import Domain, interpolate
from zkaudit.reed_solomon.prover import open_columns
from zkaudit.sumcheck.verifier import prefix_sum

LARGEST: Element = (MODULUS - 1,) * 5


def field_cases() -> list[Case]:
    """`field.json`."""
    return [*_base(), *_extension(), *_decoding(), *_points()]


def _base() -> Iterator[Case]:
    stream = Stream("field")
    pairs = [(0, 0), (1, MODULUS - 1), (MODULUS - 1, MODULUS - 1), (HALF, HALF + 1), (1 << 30, 3)]
    pairs += [(stream.integer(0, MODULUS - 1), stream.integer(0, MODULUS - 1)) for _ in range(5)]
    for number, (a, b) in enumerate(pairs):
        left, right = arrays.embed(np.array([a])), arrays.embed(np.array([b]))
        expected = {
            "sum": arrays.to_elements(arrays.add(left, right))[0][0],
            "difference": arrays.to_elements(arrays.subtract(left, right))[0][0],
            "product": arrays.to_elements(arrays.multiply(left, right))[0][0],
            "inverse of a": inverse(a) if a else "none",
        }
        yield case(f"base {number}", "Arithmetic of two residues.", {"operation": "base", "a": a, "b": b}, expected)
    for value in (-1, -HALF, HALF, -128, 255, MODULUS, -(2**40)):
        residue = extension.embed(value)[0]
        expected = {"residue": residue, "representative": signed(residue)}
        given = {"operation": "embed", "integer": value}
        yield case(f"embed {value}", "The residue of an integer and its representative of least size.", given, expected)
    for bits in (0, 1, 2, 8, TWO_ADICITY):
        given = {"operation": "root of unity", "order": 1 << bits}
        yield case(f"omega of 2^{bits}", "omega(N) = 3^((p-1)/N).", given, {"root": root_of_unity(bits)})


def _extension() -> Iterator[Case]:
    stream = Stream("extension")
    x: Element = (0, 1, 0, 0, 0)
    pairs = [(ZERO, LARGEST), (ONE, LARGEST), (LARGEST, LARGEST), (x, (0, 0, 0, 0, 1)), ((7, 0, 0, 0, 0), x)]
    pairs += [(stream.element(), stream.element()) for _ in range(5)]
    for number, (a, b) in enumerate(pairs):
        expected = {
            "sum": extension.add(a, b),
            "difference": extension.subtract(a, b),
            "product": extension.multiply(a, b),
            "inverse of a": extension.inverse(a) if a != ZERO else "none",
            "bytes of a": extension.to_bytes(a),
        }
        given = {"operation": "extension", "a": a, "b": b}
        yield case(f"extension {number}", "Arithmetic of two elements modulo x^5 + x^2 - 1.", given, expected)


def _decoding() -> Iterator[Case]:
    good = extension.to_bytes(Stream("decoding").element())
    texts = {
        "an element": (good, 1),
        "two elements": (good + extension.to_bytes(LARGEST), 2),
        "no elements": (b"", 0),
        "a byte too few": (good[:-1], 1),
        "a byte too many": (good + b"\0", 1),
        "an element for two": (good, 2),
    }
    for place in range(5):
        modulus = MODULUS.to_bytes(4, "big")
        texts[f"the modulus at coefficient {place}"] = (good[: 4 * place] + modulus + good[4 * place + 4 :], 1)
    texts["all ones"] = (b"\xff" * 20, 1)
    texts["the top bit set"] = (bytes([good[0] | 128]) + good[1:], 1)
    for name, (data, count) in texts.items():
        try:
            expected: dict[str, object] = {"elements": elements(data, count, "vector")}
        except Rejected as error:
            expected = {"refused": error.reason.value}
        given = {"operation": "decode", "bytes": data, "count": count}
        yield case(f"decode {name}", "So many elements of F on the wire.", given, expected)


def _points() -> Iterator[Case]:
    stream = Stream("points")
    for variables in (0, 1, 3):
        point, other = stream.elements(variables), stream.elements(variables)
        table = arrays.to_elements(arrays.equality_table(point))
        values = stream.integers(-5, 300, (1 << variables) - (variables > 1))
        expected = {
            "table": table,
            "eq of both points": extension.equality(point, other),
            "prefix sums": [prefix_sum(point, length) for length in range((1 << variables) + 1)],
            "extension of values": arrays.dot_base(arrays.equality_table(point, len(values)), values),
        }
        given = {"operation": "point", "point": point, "other": other, "values": values}
        comment = "eq at every index, bit j of an index belonging to coordinate j; values are extended by zeros."
        yield case(f"point of {variables} coordinates", comment, given, expected)


def transform_cases() -> list[Case]:
    """`ntt.json`."""
    result = []
    stream = Stream("ntt")
    for bits in (1, 2, 3, 4, 6):
        cells = stream.integers(0, MODULUS - 1, 1 << bits)
        expected = {
            "coefficients": interpolate(cells.astype(np.uint64)),
            "points": [pow(root_of_unity(bits), bit_reverse(i, bits), MODULUS) for i in range(1 << bits)],
        }
        comment = "The polynomial of degree below W that takes cell i at points[i] = omega(W)^rev(i), lowest first."
        result.append(case(f"W = {1 << bits}", comment, {"cells": cells}, expected))
    return result


def reed_solomon_cases() -> list[Case]:
    """`reed_solomon.json`."""
    result = []
    for width, columns, pads in ((2, 4, 1), (4, 16, 3), (8, 32, 8), (16, 128, 5), (64, 1024, 23), (256, 4096, 135)):
        stream = Stream(f"reed-solomon {width} {columns} {pads}")
        domain = Domain(width, columns, pads)
        cells, own = stream.integers(0, MODULUS - 1, width), stream.integers(0, MODULUS - 1, pads)
        step = max(1, columns // 8)
        indices = sorted(
            {0, 1, width, columns - 1, *range(step // 2, columns, step)} | ({300} if columns > 300 else set())
        )
        rows = [(cells.astype(np.uint32), 1)]
        row = open_columns(domain, rows, own.astype(np.uint32).reshape(1, -1), indices)
        expected = {"points": domain.column_points(indices), "values": row.reshape(-1)}
        given = {"W": width, "n": columns, "t": pads, "cells": cells, "pads": own, "columns": indices}
        result.append(case(f"row of {width} cells", "A row over K at some of its columns.", given, expected))
    return result
