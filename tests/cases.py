"""Small statements that the tests share: random integer networks with labels of a known accuracy."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from zkaudit.claim import parse_claim
from zkaudit.commitment import Opening, commit
from zkaudit.dataset import HeldOutSet
from zkaudit.model.architecture import Architecture, Dense, Requantise
from zkaudit.model.evaluator import evaluate
from zkaudit.model.model import Model
from zkaudit.relation import Integers
from zkaudit.statement import Statement
from zkaudit_circuits.network import witness


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
            self.statement.count,
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
    profile: str = "test-insecure",
    seed: int = 0,
) -> Case:
    """A random network and inputs; every third label is wrong where there are two classes or more.

    Without a claim the statement is that at least the true count is correct.
    """
    generator = np.random.default_rng(seed)
    layers: list[Dense | Requantise] = []
    kernels, biases = [], []
    for index, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        if index:
            layers.append(Requantise(shift=shift, activation=activation))
        layers.append(Dense(inputs=inputs, outputs=outputs, bias_limbs=2))
        kernels.append(generator.integers(-128, 128, (outputs, inputs)).astype(np.int8))
        biases.append(generator.integers(-3000, 3000, outputs))
    low, high = input_interval
    architecture = Architecture(
        input_shape=(widths[0],), input_low=low, input_high=high, input_scale=(1.0).hex(), layers=tuple(layers)
    )
    model = Model(architecture=architecture, kernels=tuple(kernels), biases=tuple(biases), report={})
    inputs = generator.integers(low, high + 1, (widths[0], samples))
    labels = evaluate(architecture, kernels, biases, inputs).predictions.copy()
    labels[::3] = (labels[::3] + 1) % widths[-1]
    correct = int((evaluate(architecture, kernels, biases, inputs).predictions == labels).sum())
    commitment, opening = commit(architecture, model.weight_cells())
    statement = Statement(
        commitment=commitment,
        dataset=HeldOutSet(inputs=inputs, labels=labels),
        claim=parse_claim(claim or f"correct >= {correct}"),
        profile=profile,
    )
    return Case(statement=statement, model=model, opening=opening, correct=correct)
