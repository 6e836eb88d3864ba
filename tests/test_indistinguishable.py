"""Real and simulated proofs, and proofs of two models, are not told apart by tests of each field nor by classifiers.

All thresholds share an error budget: the whole file fails on a sound prover with probability below 10^-6.

The two models have one architecture and the same prediction for every input, and other weights everywhere.
A commitment is a part of the statement, and each model has its own, so a proof's header says which it was made for.
The classifier sees all of a file but what the statement says: commitment, data digest, claim and profile.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.samples import DIGESTS, RESIDUES, Bundle, bundle, features, masks_switched_off, proofs_of, two_models
from tests.simulator.oracle import asking
from tests.simulator.proof import simulate
from tests.test_zero_knowledge import parts
from zkaudit.field.koalabear import MODULUS
from zkaudit.proof import decode
from zkaudit.verifier import Policy, verify

PROOFS = 60
"""Of each kind; two thirds train the classifiers."""

BUDGET = 1e-6
"""Probability that a sound prover fails any test of this file."""

TESTS = 1000
"""More than there are single tests, so that each has BUDGET / TESTS."""

LEVEL = BUDGET / TESTS


@pytest.fixture(scope="module")
def bundles() -> dict[str, Bundle]:
    """Proofs of two models, and simulated proofs of the first one's statement."""
    first, second = two_models()
    simulations = [simulate(first.statement) for _ in range(PROOFS)]
    with asking(simulations[0].oracle):
        verify(first.statement, simulations[0].proof, Policy(minimum_bits=0, profiles=("test-insecure",)))
    return {
        "first": bundle(proofs_of(first, PROOFS)),
        "second": bundle(proofs_of(second, PROOFS)),
        "simulated": bundle([simulation.proof for simulation in simulations]),
    }


def chi_square(counts: NDArray[np.int64]) -> float:
    """The probability of counts as uneven as these where all are equally likely."""
    return float(stats.chisquare(counts).pvalue)


def homogeneous(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """The probability of two histograms as different as these from one distribution."""
    table = np.stack([first, second])
    return float(stats.chi2_contingency(table[:, table.sum(axis=0) > 0]).pvalue)


def residue_p_values(values: NDArray[np.float64]) -> Iterator[float]:
    """Tests of residues (proofs, n) against uniform and independent ones."""
    flat = values.reshape(-1)
    yield chi_square(np.bincount((flat * 64).astype(np.int64), minlength=64))
    yield float(stats.kstest(flat, "uniform").pvalue)
    # The four bytes, whose first one has fewer values.
    words = np.round(flat * MODULUS).astype(np.int64)
    for place in range(3):
        yield chi_square(np.bincount(words >> 8 * place & 255, minlength=256))
    yield chi_square(np.bincount(words & 1, minlength=2))
    # Neighbours are independent: of pairs, sixteen by sixteen cells.
    pairs = (values[:, :-1] * 16).astype(np.int64) * 16 + (values[:, 1:] * 16).astype(np.int64)
    yield chi_square(np.bincount(pairs[:, ::2].reshape(-1), minlength=256))


def position_p_values(values: NDArray[np.float64]) -> Iterator[float]:
    """Means and spreads over the proofs at each position: the most extreme one, times the number of positions."""
    count, positions = values.shape
    for power, mean in ((1, 0.0), (2, 1 / 12)):
        moments = (values - 0.5) ** power
        deviation = np.sqrt((1 / 12 if power == 1 else 1 / 80 - 1 / 144) / count)
        extreme = np.abs(moments.mean(axis=0) - mean).max() / deviation
        # Sums of bounded variables: Bernstein's bound, with no appeal to a limit.
        exponent = extreme**2 / 2 / (1 + extreme * (0.5 if power == 1 else 1 / 6) / (3 * deviation * count))
        yield min(1.0, 2 * positions * float(np.exp(-exponent)))


@pytest.mark.parametrize("kind", ["first", "second", "simulated"])
@pytest.mark.parametrize("field", RESIDUES)
def test_every_field_of_residues_is_uniform(bundles: dict[str, Bundle], kind: str, field: str) -> None:
    values = bundles[kind].residues[field]
    assert values.size >= 100 * 256
    assert min(residue_p_values(values)) > LEVEL
    assert min(position_p_values(values)) > LEVEL


@pytest.mark.parametrize("kind", ["first", "second", "simulated"])
def test_every_field_of_bytes_is_uniform(bundles: dict[str, Bundle], kind: str) -> None:
    one = bundles[kind]
    for field in DIGESTS:
        data = one.digests[field].reshape(-1)
        assert chi_square(np.bincount(data >> 4, minlength=16)) > LEVEL, field
        assert chi_square(np.bincount(data & 15, minlength=16)) > LEVEL, field
    for field, data in one.paths.items():
        assert chi_square(np.bincount(data, minlength=256)) > LEVEL, field


@pytest.mark.parametrize("kind", ["second", "simulated"])
def test_prover_and_simulator_and_two_provers_agree(bundles: dict[str, Bundle], kind: str) -> None:
    first, other = bundles["first"], bundles[kind]
    for field in RESIDUES:
        one, two = first.residues[field], other.residues[field]
        assert one.shape == two.shape
        assert stats.ks_2samp(one.reshape(-1), two.reshape(-1)).pvalue > LEVEL, field
        histograms = [np.bincount((v * 256).astype(np.int64).reshape(-1), minlength=256) for v in (one, two)]
        assert homogeneous(*histograms) > LEVEL, field
    for place in range(3):
        buckets = [np.bincount(np.minimum(b.nonces[:, place] // 8, 7), minlength=8) for b in (first, other)]
        assert homogeneous(*buckets) > LEVEL
    sizes = [len(b.paths["witness path"]) / b.size for b in (first, other)]
    assert abs(sizes[0] - sizes[1]) < 0.05 * sizes[0]


def classifiers() -> dict[str, object]:
    return {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200)),
        "gradient boosting": GradientBoostingClassifier(n_estimators=60, max_features="sqrt", random_state=0),
    }


def held_out(one: NDArray[np.float64], two: NDArray[np.float64], name: str) -> tuple[int, int]:
    """How many of the held-out proofs a classifier that was trained on the others gets right, and of how many."""
    cut = len(one) * 2 // 3
    model = classifiers()[name]
    labels = np.repeat([0, 1], cut)
    model.fit(np.concatenate([one[:cut], two[:cut]]), labels)  # type: ignore[attr-defined]
    tested = np.concatenate([one[cut:], two[cut:]])
    truth = np.repeat([0, 1], [len(one) - cut, len(two) - cut])
    return int((model.predict(tested) == truth).sum()), len(truth)  # type: ignore[attr-defined]


def beyond_chance(right: int, of: int) -> bool:
    """Whether so many right answers have a probability below the level where the classifier guesses.

    Each class has half of the held-out proofs, so whatever rule was learnt is right with mean one half, and the number
    of right answers is no more spread than that of fair coins (Hoeffding 1956).
    """
    return float(stats.binom.sf(right - 1, of, 0.5)) < BUDGET / 10


@pytest.mark.parametrize("name", classifiers())
@pytest.mark.parametrize("kind", ["second", "simulated"])
def test_no_classifier_tells_proofs_apart(bundles: dict[str, Bundle], kind: str, name: str) -> None:
    right, of = held_out(features(bundles["first"]), features(bundles[kind]), name)
    assert not beyond_chance(right, of), f"{right} of {of}"


@pytest.fixture(scope="module")
def bare() -> list[NDArray[np.float64]]:
    """Proofs of both models by a prover without randomness."""
    with masks_switched_off():
        return [features(bundle(proofs_of(case, 40))) for case in two_models()]


@pytest.mark.parametrize("name", classifiers())
def test_the_classifier_tells_the_models_apart_without_masks(bare: list[NDArray[np.float64]], name: str) -> None:
    """The same classifiers find out a prover whose masks, pads and salts are switched off, on fewer proofs."""
    right, of = held_out(*bare, name)
    assert beyond_chance(right, of), f"{right} of {of}"


def test_two_models_differ_and_predict_alike() -> None:
    first, second = two_models()
    assert (first.model.weight_cells() != second.model.weight_cells()).mean() > 0.5
    one, two = first.columns(), second.columns()
    assert (one["argmax/prediction"] == two["argmax/prediction"]).all()
    assert (one["requantise 1/output"] != two["requantise 1/output"]).any()
    shapes = [{name: cells.shape for name, cells in columns.items()} for columns in (one, two)]
    assert shapes[0] == shapes[1]
    assert first.statement.layout.circuit.digest() == second.statement.layout.circuit.digest()


def test_the_tests_notice_what_they_are_for(bundles: dict[str, Bundle]) -> None:
    """Words reduced modulo p, values that repeat, a position that is biased, and neighbours that follow each other."""
    shape = bundles["first"].residues["pad cells"].shape
    generator = np.random.default_rng(1)
    reduced = generator.integers(0, 1 << 32, shape) % MODULUS / MODULUS
    assert min(residue_p_values(reduced)) < LEVEL
    biased = generator.random(shape)
    biased[:, 7] /= 10
    assert min(position_p_values(biased)) < LEVEL
    pairs = generator.random(shape)
    pairs[:, 1::2] = pairs[:, ::2][:, : pairs[:, 1::2].shape[1]]
    assert min(residue_p_values(pairs)) < LEVEL


# The same proof made twice.


def test_proofs_of_one_witness_share_no_masked_value() -> None:
    """No cell is equal beyond chance, at its own place or anywhere, no salt, no root, no digest of a path."""
    case, _ = two_models()
    proofs = [decode(proof) for proof in proofs_of(case, 6)]
    digests = [proof.witness_root for proof in proofs] + [proof.pad_root for proof in proofs]
    for proof in proofs:
        for opened in (proof.witness, proof.pads):
            digests += [data[i : i + 32] for data in (opened.salts, opened.path) for i in range(0, len(data), 32)]
    assert len(set(digests)) == len(digests)
    for name in parts(proofs[0]):
        values = [np.frombuffer(parts(proof)[name], ">u4") for proof in proofs]
        same_place = sum(int((a == b).sum()) for i, a in enumerate(values) for b in values[:i])
        pairs = 15 * values[0].size
        assert stats.poisson.sf(same_place - 1, pairs / MODULUS) > LEVEL, name
        # Within and between proofs, each residue as a rule once.
        every = np.concatenate(values)
        repeats = every.size - np.unique(every).size
        assert stats.poisson.sf(repeats - 1, every.size**2 / 2 / MODULUS) > LEVEL, name
