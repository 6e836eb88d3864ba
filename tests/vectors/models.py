"""Known answers of what a statement is made of: architectures, their evaluation, data, claims and the commitment."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from tests.networks import NETWORKS, dense, identity, relu
from tests.vectors.files import Case, Stream, case
from zkaudit.claim import clopper_pearson_lower, parse_claim
from zkaudit.commitment import ring
from zkaudit.commitment.ajtai import RANDOMNESS_KIND, WEIGHT_KIND, Commitment, commitment_value, pack_residues
from zkaudit.commitment.formats import commitment_text, parse_commitment
from zkaudit.commitment.link import Link
from zkaudit.dataset import HeldOutSet, RawDataset, quantise_inputs
from zkaudit.errors import InvalidInput
from zkaudit.field import arrays
from zkaudit.field.koalabear import MODULUS
from zkaudit.model.architecture import Architecture, Layer, Requantise, Sum, SumPool
from zkaudit.model.evaluator import evaluate
from zkaudit.model.model import Model


def model_of(
    name: str, shape: tuple[int, ...], layers: tuple[Layer, ...], interval: tuple[int, int] = (0, 255)
) -> Model:
    """A network with weights that its name fixes."""
    stream = Stream(f"model {name}")
    low, high = interval
    architecture = Architecture(
        input_shape=shape, input_low=low, input_high=high, input_scale=(0.5).hex(), layers=layers
    )
    kernels, biases = [], []
    for layer in architecture.weighted_layers:
        wide = layer.weight_limbs > 1
        most = 32639 if wide else 127
        kernels.append(stream.integers(-most, most, layer.kernel_shape).astype(np.int16 if wide else np.int8))
        largest = 3000 if layer.bias_limbs > 1 else 127
        biases.append(stream.integers(-largest, largest, layer.kernel_shape[0]))
    return Model(architecture=architecture, kernels=tuple(kernels), biases=tuple(biases), report={})


TIES: tuple[Layer, ...] = (dense(2, 3), relu(4), dense(3, 3))
"""A network whose weights are chosen by hand."""

SHAPES: dict[str, tuple[tuple[int, ...], tuple[Layer, ...], tuple[int, int]]] = {
    "dense": ((3,), (dense(3, 2), relu(6), dense(2, 2)), (0, 255)),
    "one class": ((2,), (dense(2, 1),), (-128, 127)),
    "a shift of zero": ((3,), (dense(3, 2), identity(0), dense(2, 3)), (-3, 3)),
    "an activation at the end": ((3,), (dense(3, 4), identity(7)), (0, 255)),
    "multipliers": ((2,), (dense(2, 3), identity(9, (3, -5, 0)), dense(3, 2)), (0, 255)),
    "a table of one entry": (
        (2,),
        (dense(2, 2), Requantise(shift=8, activation="table", table=(7,), table_low=-1), dense(2, 2)),
        (0, 255),
    ),
    "a pool that counts padding": (
        (1, 3, 3),
        (
            Sum(multipliers=(1,)),
            relu(0),
            SumPool(kernel=(2, 2), stride=(2, 2), padding=(1, 1, 0, 0), multiplier=3, exclude_padding=False),
            relu(1),
            dense(4, 2),
        ),
        (0, 255),
    ),
    **{name: (shape, layers, (-3, 200)) for name, (shape, layers, _) in NETWORKS.items()},
}
"""Input shape, layers and input interval by name."""


def ties() -> Model:
    """A network that saturates, rounds halves up and has equal logits."""
    model = model_of("ties", (2,), TIES)
    kernels = (np.array([[1, 0], [-1, 0], [0, 1]], np.int8), np.array([[1, 0, 0], [1, 0, 0], [0, 1, 1]], np.int8))
    return replace(model, kernels=kernels, biases=(np.array([3840, 0, -8]), np.zeros(3, np.int64)))


def architecture_cases() -> list[Case]:
    """`architectures.json`."""
    result = []
    for name, (shape, layers, interval) in SHAPES.items():
        architecture = model_of(name, shape, layers, interval).architecture
        expected = {
            "digest": architecture.digest(),
            "shapes": architecture.shapes,
            "intervals": ["accumulator" if interval is None else interval for interval in architecture.intervals],
            "weight cells": architecture.weight_count,
            "classes": architecture.classes,
        }
        given = {"architecture": architecture.canonical()}
        result.append(case(name, "Digest, and shape and interval of each tensor, the input first.", given, expected))
    return [*result, *_refused_architectures()]


def _refused_architectures() -> Iterator[Case]:
    shape, layers, _ = SHAPES["dense"]
    honest = model_of("dense", shape, layers).architecture.canonical()

    def changed(layer: int | None, **fields: object) -> dict[str, Any]:
        form = copy.deepcopy(honest)
        target = form if layer is None else form["layers"][layer]
        for key, value in fields.items():
            if value == "absent":
                del target[key]
            else:
                target[key] = value
        return form

    cases = {
        "other semantics": changed(None, semantics="zkaudit-int8/v2"),
        "an unknown key": changed(None, spare=0),
        "a missing key": changed(None, input_low="absent"),
        "no layers": changed(None, layers=[]),
        "an input interval without zero": changed(None, input_low=1),
        "an input beyond the interval": changed(None, input_high=256),
        "a scale in decimal": changed(None, input_scale="0.5"),
        "a scale in a short form": changed(None, input_scale="0x1.0p-1"),
        "a negative scale": changed(None, input_scale="-0x1.0000000000000p-1"),
        "an unknown kind": changed(0, kind="softmax"),
        "an unknown field of a layer": changed(0, spare=0),
        "a missing field of a layer": changed(0, outputs="absent"),
        "a boolean for an integer": changed(0, bias_limbs=True),
        "a default that is written out": changed(0, weight_limbs=1),
        "the source before written out": changed(0, sources=[0]),
        "a source that comes later": changed(0, sources=[2]),
        "too many bias limbs": changed(0, bias_limbs=4),
        "a shift beyond 24": changed(1, shift=25),
        "an unknown activation": changed(1, activation="gelu"),
        "a table for another activation": changed(1, table=[1]),
        "a wrong number of inputs": changed(2, inputs=3),
        "a dense layer that reads an accumulator": changed(2, sources=[1]),
        "a requantisation that reads an activation": changed(1, sources=[0]),
    }
    for name, form in cases.items():
        try:
            Architecture.from_canonical(copy.deepcopy(form))
        except InvalidInput:
            given = {"architecture": form}
            yield case(name, "Not an architecture.", given, {"refused": "unreadable"})
        else:
            raise ValueError(f"{name} is accepted")


def evaluation_cases() -> list[Case]:
    """`evaluation.json`."""
    result = []
    for name, (shape, layers, interval) in SHAPES.items():
        result.append(_evaluated(name, model_of(name, shape, layers, interval), _inputs(name, shape, interval)))
    comment = "Accumulators of 3840 + x saturate at 255, halves round up, negative ones are cut, and equal logits tie."
    edges = np.array([[255, 0, 8, 7, 9, 248], [24, 0, 0, 16, 15, 255]])
    return [*result, _evaluated("ties and saturation", ties(), edges, comment)]


def _inputs(name: str, shape: tuple[int, ...], interval: tuple[int, int]) -> np.ndarray:
    """Zeros, the greatest inputs, and three samples in between, (features, 5)."""
    features = int(np.prod(shape))
    drawn = Stream(f"inputs {name}").integers(*interval, (features, 3))
    ends = [np.full((features, 1), value) for value in (0, interval[1])]
    return np.concatenate([*ends, drawn], axis=1)


def _evaluated(
    name: str, model: Model, inputs: np.ndarray, comment: str = "Every logit and prediction, sample by sample."
) -> Case:
    trace = evaluate(model.architecture, model.kernels, model.biases, inputs)
    given = {
        "architecture": model.architecture.canonical(),
        "weight cells": model.weight_cells(),
        "samples": inputs.T,
    }
    expected = {"logits": trace.logits.reshape(-1, inputs.shape[1]).T, "predictions": trace.predictions}
    return case(name, comment, given, expected)


def input_cases() -> list[Case]:
    """`inputs.json`: raw values, as the hexadecimal texts of doubles, to integers."""
    edge = 0.5 - 2.0**-54
    scales = {
        "halves": (0.5, [0.0, 0.24, 0.25, 0.75, 1.25, 127.5, 127.74, -0.25]),
        "just below a half": (1.0, [edge, 0.5, 1.5, 2.5, 254.5, 255.49]),
        "a tenth": (0.1, [0.1, 0.25, 0.35, 0.7, 25.5, 0.15000000000000002]),
        "the ends take half a step": (1.0, [255.5, -0.5]),
    }
    result = []
    for name, (scale, values) in scales.items():
        architecture = _scaled(scale)
        given = {"scale": scale.hex(), "low": 0, "high": 255, "values": [value.hex() for value in values]}
        integers = _quantised(architecture, values)
        comment = "floor(x / scale + 1/2) in IEEE doubles; a value up to half a step outside takes the nearest end."
        result.append(case(name, comment, given, {"integers": integers}))
    refusals = {
        "beyond the upper end": 255.50000000000003,
        "beyond the lower end": -0.5000000000000001,
        "not a number": float("nan"),
        "infinite": float("inf"),
    }
    for name, value in refusals.items():
        try:
            _quantised(_scaled(1.0), [value])
        except InvalidInput:
            given = {"scale": (1.0).hex(), "low": 0, "high": 255, "values": [value.hex()]}
            result.append(case(name, "The set is refused.", given, {"refused": "statement"}))
        else:
            raise ValueError(f"{name} is accepted")
    return result


def _scaled(scale: float) -> Architecture:
    return Architecture(input_shape=(1,), input_low=0, input_high=255, input_scale=scale.hex(), layers=(dense(1, 1),))


def _quantised(architecture: Architecture, values: list[float]) -> np.ndarray:
    labels = np.zeros(len(values), np.int64)
    return quantise_inputs(architecture, RawDataset(inputs=np.array(values)[:, None], labels=labels)).inputs[0]


def heldout_cases() -> list[Case]:
    """`heldout.json`."""
    stream = Stream("held-out")
    result = []
    for features, samples in ((1, 1), (3, 2), (2, 5)):
        inputs = stream.integers(-128, 255, (features, samples))
        labels = stream.integers(0, 9, samples)
        result.append(_heldout(f"{samples} of {features} features", inputs, labels))
    inputs, labels = np.array([[1, 2], [3, 4]]), np.array([0, 1])
    result.append(_heldout("a set", inputs, labels))
    result.append(_heldout("the samples exchanged", inputs[:, ::-1], labels[::-1]))
    result.append(_heldout("features and samples exchanged", inputs.T, labels))
    result.append(_heldout("another label", inputs, np.array([0, 2])))
    result.append(_heldout("groups", inputs, labels, np.array([7, -1])))
    result.append(_heldout("other groups", inputs, labels, np.array([-1, 7])))
    result.append(_heldout("the ends of the intervals", np.array([[-128, 255]]), np.array([0, 2**31 - 1])))
    return result


def _heldout(name: str, inputs: np.ndarray, labels: np.ndarray, groups: np.ndarray | None = None) -> Case:
    digest = HeldOutSet(inputs=inputs, labels=labels, groups=groups).digest()
    given = {"samples": inputs.T, "labels": labels, "groups": "none" if groups is None else groups}
    return case(name, "The digest of integers, labels and groups; one list a sample.", given, {"digest": digest})


CLAIMS = (
    "accuracy >= 0.95", "accuracy>=0.950", "  accuracy  >=  19/20 ", "accuracy >= 2/3", "accuracy >= 4/6",
    "accuracy >= 0.001", "accuracy >= 1", "accuracy >= 0", "accuracy >= 1.000", "accuracy >= 1/3",
    "accuracy >= 0.55", "accuracy >= 1/1048576", "accuracy >= 0.000000000000000001", "accuracy >= 1/999999999999999999",
    "correct >= 342", "correct >= 0342", "correct == 351", "correct == 0", "correct>=0", "correct <= 5",
    "accuracy == 0.95", "accuracy <= 0.5", "accuracy[ group = -3 ] >= .5".replace(".5", "0.5"),
    "correct[group=2] == 7", "predicted[3] >= 1", "predicted[3, group=1] <= 4", "balanced_accuracy >= 0.5",
    "recall[3] >= 0.90", "precision[0] >= 2/4", "f1[2] <= 1/3", "macro_f1 >= 0.1", "top_k_accuracy[5] >= 0.99",
    "confusion_matrix == [[1, 2], [3,4]]", "confusion_matrix", "demographic_parity_difference <= 0.1",
    "demographic_parity_difference[2] <= 0.1", "equalized_odds_difference <= 1/10", "min_group_accuracy >= 0.5",
    "recall[0] == ?", "recall[1] >= 0.5 and accuracy >= 0.5", "recall[10] >= 0.5 and recall[9] >= 0.5",
    "accuracy <= 0.9 and accuracy >= 0.1", "accuracy >= 0.5 and accuracy >= 1/2",
    "accuracy[group=1] >= 0.5 and accuracy[group=-1] >= 0.5 and accuracy >= 0.25",
)  # fmt: skip
"""Texts of claims."""

NO_CLAIMS = (
    "", " ", "accuracy", "accuracy > 0.95", "accuracy >= 95%",
    "accuracy >= .95", "accuracy >= 1.", "accuracy >= 1.01", "accuracy >= 3/2", "accuracy >= 1/0", "accuracy >= -0.5",
    "accuracy >= 1e-1", "accuracy >= 0.5/2", "accuracy >= nan", "accuracy  >=  19 / 20", "accuracy >= +0.5",
    "correct > 3", "correct >= 3.0", "correct >= 6/2", "correct == -1", "Accuracy >= 0.5", "accuracy >= 0.5;",
    "speed >= 0.5", "accuracy[0] >= 0.5", "recall >= 0.5", "recall[group=1] >= 0.5", "recall[-1] >= 0.5",
    "predicted[1] >= 0.5", "accuracy >= 0.5 and", "accuracy >= 0.5 and accuracy >= 0.6",
    "accuracy >= 0.6 and accuracy <= 0.5", "accuracy == 0.5 and accuracy >= 0.4", "confusion_matrix >= [[1]]",
    "confusion_matrix == [[1,2]]", "confusion_matrix == [[-1]]", "accuracy >= ?", "accuracy >= 0.5 or correct >= 3",
    "accuracy >= ٠.٥", "accuracy >= 0.5\n", "accuracy\t>= 0.5", "accuracy >= 0." + "9" * 19, "correct >= " + "9" * 19,
)  # fmt: skip
"""Texts that are none."""


def claim_cases() -> list[Case]:
    """`claims.json`."""
    result = []
    for text in CLAIMS:
        claim = parse_claim(text)
        if parse_claim(claim.text) != claim:
            raise ValueError(f"{text!r} has no canonical text")
        expected = {"canonical": claim.text, "open": claim.is_open}
        comment = "The canonical text, and whether a value is left to the proof."
        result.append(case(f"claim {text!r}", comment, {"text": text}, expected))
    for text in NO_CLAIMS:
        try:
            parse_claim(text)
        except InvalidInput:
            shown = ascii(text[:40])
            result.append(case(f"no claim {shown}", "Not a claim.", {"text": text}, {"refused": "claim"}))
        else:
            raise ValueError(f"{text!r} is accepted")
    for successes, samples in ((0, 1), (1, 1), (0, 360), (351, 360), (360, 360), (1, 2**20), (2**19, 2**20)):
        millionths = round(clopper_pearson_lower(successes, samples) * 10**6)
        given = {"correct": successes, "samples": samples}
        comment = "The one-sided 95 % lower bound of Clopper and Pearson in millionths, rounded down."
        result.append(case(f"bound of {successes} of {samples}", comment, given, {"millionths": millionths}))
    return result


def commitment_cases() -> list[Case]:
    """`commitment.json`."""
    result = []
    for kind, elements in ((WEIGHT_KIND, (0, 1, 63, 64)), (RANDOMNESS_KIND, (0, 2047))):
        for index in elements:
            row = ring.uniform_block(kind, index // ring.BLOCK)[index % ring.BLOCK].astype(np.int64) % MODULUS
            given = {"operation": "element", "kind": kind.decode(), "index": index}
            expected = {"first": row[:8], "last": row[-2:]}
            comment = "The first eight and the last two coefficients of a public ring element."
            result.append(case(f"{kind.decode()}_{index}", comment, given, expected))
    stream = Stream("commitment")
    for cells in (1, 14, 512, 1025):
        weights = stream.integers(-128, 127, cells).astype(np.int8)
        randomness = stream.integers(-127, 127, 2048).astype(np.int8)
        value = commitment_value(weights, randomness)
        given = {"operation": "value", "weight cells": weights, "randomness": randomness}
        comment = "The ring element, packed in 1984 bytes, of weight cells and scalars."
        result.append(case(f"{cells} weight cells", comment, given, {"value": pack_residues(value)}))
    result.append(_link(stream))
    model = model_of("dense", SHAPES["dense"][0], SHAPES["dense"][1])
    randomness = stream.integers(-127, 127, 2048).astype(np.int8)
    value = commitment_value(model.weight_cells(), randomness)
    commitment = Commitment(architecture=model.architecture, value=value)
    text = commitment_text(commitment)
    given = {"operation": "digest", "file": text}
    expected = {"digest": commitment.digest(), "value": pack_residues(value)}
    result.append(case("a commitment file", "The file's text and the digest of its canonical form.", given, expected))
    return [*result, *_refused_commitments(text)]


def _link(stream: Stream) -> Case:
    """The claim that binds committed cells to a value."""
    tau, cells = stream.elements(9), 20
    value = stream.integers(0, MODULUS - 1, 512).astype(np.uint32)
    link = Link(tau)
    scalars = arrays.to_elements(link.randomness_coefficients())
    given = {"operation": "link", "tau": tau, "weight cells": cells, "value": pack_residues(value)}
    expected = {
        "target": link.target(value),
        "weights": arrays.to_elements(link.weight_coefficients(cells)),
        "randomness": {str(j): scalars[j] for j in (0, 1, 2047)},
    }
    comment = "The value <T, com>, the weight of each weight cell, and the weights of some scalars."
    return case("a link", comment, given, expected)


def _refused_commitments(text: str) -> Iterator[Case]:
    first = text.index('"value": [') + len('"value": [\n    "')
    faults = {
        "another format": text.replace("zkaudit-commitment", "zkaudit-commitments"),
        "another version": text.replace('"version": 1', '"version": 2'),
        "another scheme": text.replace("ajtai-koalabear-512-2048", "ajtai-koalabear-512-1024"),
        "a key twice": text.replace('"version": 1,', '"version": 1, "version": 1,'),
        "a fraction": text.replace('"version": 1,', '"version": 1.0,'),
        "an altered value": text[:first] + ("1" if text[first] != "1" else "2") + text[first + 1 :],
        "an altered architecture": text.replace('"shift": 6', '"shift": 7'),
        "an upper-case digit": text[:first] + "A" + text[first + 1 :],
        "a residue that is not canonical": text[:first] + "ffffffff" + text[first + 8 :],
        "a byte order mark": "\ufeff" + text,
        "text behind the map": text + "{}",
    }
    for name, data in faults.items():
        if data == text:
            raise ValueError(f"{name} changes nothing")
        try:
            parse_commitment(data.encode())
        except InvalidInput:
            given = {"operation": "digest", "file": data}
            yield case(name, "Not a commitment file.", given, {"refused": "unreadable"})
        else:
            raise ValueError(f"{name} is accepted")
