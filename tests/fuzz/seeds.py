"""True artefacts that the targets change: a model of every layer kind, its files, and a proof."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.cases import Case, random_case
from tests.networks import NETWORKS, network
from zkaudit.commitment.formats import commitment_text, opening_bytes
from zkaudit.dataset import dataset_bytes
from zkaudit.model.model import model_bytes
from zkaudit.prover import prove_columns

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"


@cache
def case() -> Case:
    """A small case with every part of a proof."""
    return random_case((2, 2, 2), samples=3)


@cache
def proof() -> bytes:
    """A true proof of it."""
    return prove_columns(case().statement, case().columns()).proof


@cache
def networks() -> tuple[Case, ...]:
    """A case for each network of the tests, every layer kind among them."""
    return tuple(network(name) for name in NETWORKS)


@cache
def models() -> tuple[bytes, ...]:
    """Their `.zkm` files."""
    return tuple(model_bytes(one.model) for one in networks())


@cache
def commitments() -> tuple[bytes, ...]:
    """Their commitment files."""
    return tuple(commitment_text(one.statement.commitment).encode() for one in networks())


@cache
def opening() -> bytes:
    """An opening file."""
    return opening_bytes(case().opening)


@cache
def dataset() -> bytes:
    """A held-out set."""
    data = case().statement.dataset
    return dataset_bytes(data.inputs.T, data.labels)


@cache
def onnx_files() -> tuple[bytes, ...]:
    """Small networks with every operator that the import takes, and one of a real exporter."""
    from tests.model.test_onnx_import import ACCEPTED, _model

    made = [_model(nodes).SerializeToString() for nodes in ACCEPTED.values()]
    return (*made, (FIXTURES / "signal.onnx").read_bytes())
