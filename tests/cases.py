"""Small statements that the tests share: random integer networks with labels of a known accuracy."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from zkaudit.claim import parse_claim
from zkaudit.commitment import Opening, commit
from zkaudit.dataset import HeldOutSet
from zkaudit.evaluation import close_on
from zkaudit.model.architecture import Architecture, Dense, Layer, Requantise
from zkaudit.model.evaluator import evaluate
from zkaudit.model.model import Model
from zkaudit.relation import Cells, Integers
from zkaudit.statement import Statement
from zkaudit_circuits.network import witness


def cells(
    column: str, positions: ArrayLike, samples: ArrayLike | None = None, weights: ArrayLike | None = None
) -> Cells:
    """Cells of a functional, by default one position for each of the first samples, with the weight one."""
    places = np.asarray(positions, np.int64)
    every = np.arange(len(places)) if samples is None else np.asarray(samples, np.int64)
    ones = np.ones(len(places), np.int64) if weights is None else np.asarray(weights, np.int64)
    return Cells(column=column, positions=places, samples=every, weights=ones)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A model, its opened commitment, and a true statement about it."""

    statement: Statement
    model: Model
    opening: Opening
    correct: int

    def columns(self) -> dict[str, Integers]:
        """The honest witness."""
        return witness(
            self.model.architecture,
            self.model.kernels,
            self.model.biases,
            self.model.weight_cells(),
            self.opening.randomness,
            self.statement.dataset.inputs,
            self.statement.gadget,
            self.statement.layout.circuit,
        )


def random_case(
    widths: tuple[int, ...] = (5, 4, 3),
    samples: int = 5,
    *,
    shift: int = 6,
    activation: str = "relu",
    input_interval: tuple[int, int] = (0, 255),
    claim: str = "",
    groups: int = 0,
    profile: str = "test-insecure",
    challenge: bytes | None = None,
    seed: int = 0,
) -> Case:
    """A random network and inputs; every third label is wrong where there are two classes or more.

    Without a claim the statement is that at least the true count is correct.
    Groups are numbered from -1, and drawn for each sample.
    """
    layers: list[Layer] = []
    for index, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        if index:
            layers.append(Requantise(shift=shift, activation=activation))
        layers.append(Dense(inputs=inputs, outputs=outputs, bias_limbs=2))
    return network_case(
        (widths[0],),
        tuple(layers),
        samples,
        input_interval=input_interval,
        claim=claim,
        groups=groups,
        profile=profile,
        challenge=challenge,
        seed=seed,
    )


def network_case(
    input_shape: tuple[int, ...],
    layers: tuple[Layer, ...],
    samples: int,
    *,
    input_interval: tuple[int, int] = (0, 255),
    claim: str = "",
    groups: int = 0,
    profile: str = "test-insecure",
    challenge: bytes | None = None,
    seed: int = 0,
) -> Case:
    """Random weights and inputs for given layers; labels and claim as in `random_case`.

    An open claim takes the model's own values.
    """
    generator = np.random.default_rng(seed)
    low, high = input_interval
    architecture = Architecture(
        input_shape=input_shape, input_low=low, input_high=high, input_scale=(1.0).hex(), layers=layers
    )
    kernels, biases = [], []
    for layer in architecture.weighted_layers:
        wide = layer.weight_limbs > 1
        least, beyond = (-32639, 32640) if wide else (-128, 128)
        kernels.append(generator.integers(least, beyond, layer.kernel_shape).astype(np.int16 if wide else np.int8))
        biases.append(generator.integers(-3000, 3000, layer.kernel_shape[0]))
    model = Model(architecture=architecture, kernels=tuple(kernels), biases=tuple(biases), report={})
    inputs = generator.integers(low, high + 1, (architecture.features, samples))
    predictions = evaluate(architecture, kernels, biases, inputs).predictions
    labels = predictions.copy()
    labels[::3] = (labels[::3] + 1) % architecture.classes
    correct = int((predictions == labels).sum())
    commitment, opening = commit(architecture, model.weight_cells())
    drawn = generator.integers(0, groups, samples) - 1 if groups else None
    dataset = HeldOutSet(inputs=inputs, labels=labels, groups=drawn)
    statement = Statement(
        commitment=commitment,
        dataset=dataset,
        claim=close_on(model, dataset, parse_claim(claim or f"correct >= {correct}")),
        profile=profile,
        challenge=challenge,
    )
    return Case(statement=statement, model=model, opening=opening, correct=correct)
