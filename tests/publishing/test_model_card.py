"""The fragment of a model card: read by the hub's own parser, safe to paste, and an edited number is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from huggingface_hub import EvalResult, ModelCardData
from huggingface_hub.repocard import metadata_load
from huggingface_hub.repocard_data import eval_results_to_model_index, model_index_to_eval_results

from tests.publishing.records import MANY, finding, record
from zkaudit.errors import InvalidInput, Reason, Rejected
from zkaudit.publishing.model_card import check_model_card, model_card_text, model_index
from zkaudit.publishing.record import Record


def read(made: Record) -> tuple[str, list[EvalResult]]:
    """The name and the results that the hub reads."""
    data = yaml.safe_load(model_card_text(made))
    assert list(data) == ["model-index"]
    return model_index_to_eval_results(data["model-index"])


@pytest.mark.parametrize("made", [record(), MANY])
def test_the_hub_reads_it(made: Record, tmp_path: Path) -> None:
    name, results = read(made)
    assert name == "digits"
    assert [result.metric_args["claim"] for result in results] == [one.atom for one in made.findings]
    assert not any(result.verified or result.verify_token for result in results)
    assert "verif" not in model_card_text(made)
    # The hub's own writer gives the same data back, and a card with this header is accepted whole.
    assert model_index_to_eval_results(eval_results_to_model_index(name, results)) == (name, results)
    card = tmp_path / "README.md"
    card.write_text(f"---\nlicense: mit\n{model_card_text(made)}---\n# A model\n")
    loaded = ModelCardData(**metadata_load(card))
    assert loaded.eval_results == results


def test_the_numbers() -> None:
    _, (bound,) = read(record())
    assert (bound.metric_type, bound.metric_value) == ("accuracy", 0.95)
    assert bound.metric_name == "accuracy >= 0.95: proved lower limit, not a measured value"
    assert bound.metric_args["population_lower_bound_95"] == 0.926123
    assert (bound.metric_args["at_least"], bound.metric_args["of"]) == (342, 360)
    _, (recall, parity, count, matrix) = read(MANY)
    assert (recall.metric_type, recall.metric_value) == ("recall", 0.9)
    # A limit from above is rounded up, so that what is published follows from what is proved.
    assert (parity.metric_type, parity.metric_value) == ("demographic_parity_difference", 0.333334)
    assert "upper limit" in parity.metric_name
    assert (count.metric_type, count.metric_value) == ("accuracy", 0.975)
    assert "exact" in count.metric_name
    assert count.metric_args["population_lower_bound_95"] == 1e-6
    assert (matrix.metric_type, matrix.metric_value) == ("confusion_matrix", [[5, 1], [0, 6]])


@pytest.mark.parametrize(
    ("atom", "value"),
    [
        ("accuracy >= 0", 0.0),
        ("accuracy >= 1", 1.0),
        ("accuracy >= 2/3", 0.666666),
        ("accuracy >= 0.0000001", 0.0),
        ("correct >= 342", 0.95),
        ("top_k_accuracy[3] >= 0.5", 0.5),
        ("equalized_odds_difference <= 0.0000001", 0.000001),
    ],
)
def test_a_number_is_a_fraction_and_never_says_more(atom: str, value: float) -> None:
    _, (result,) = read(record(finding(atom, of=360)))
    assert type(result.metric_value) is float
    assert result.metric_value == value


HOSTILE = [
    "a: b",
    "a # b",
    '"',
    "'",
    'a"\nverified: true',
    "- x",
    "*a",
    "!!python/object:os.system",
    "{a: b}",
    "null",
    "é𝔸漢",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_stays_a_text(name: str) -> None:
    """Even one that a record would refuse."""
    data = yaml.safe_load(model_card_text(record(name=name)))
    assert data["model-index"][0]["name"] == name
    assert list(data) == ["model-index"]
    assert len(data["model-index"]) == 1


def test_json_and_yaml_agree() -> None:
    loaded = yaml.safe_load(model_card_text(MANY))
    shown = model_index(MANY)
    assert loaded["model-index"][0]["results"][0]["dataset"] == shown["model-index"][0]["results"][0]["dataset"]


def test_every_edit_is_found() -> None:
    """Each character of a value in turn; ends of lines and blanks before them are free."""
    text = model_card_text(MANY)
    check_model_card(text.encode(), MANY)
    check_model_card(text.replace("\n", "\r\n").encode(), MANY)
    check_model_card(text.replace("\n", "  \n").rstrip().encode(), MANY)
    for match in re.finditer(r"[0-9a-z\"]", text):
        place = match.start()
        edited = f"{text[:place]}~{text[place + 1 :]}"
        with pytest.raises(Rejected) as caught:
            check_model_card(edited.encode(), MANY)
        assert caught.value.reason == Reason.WRONG_ATTESTATION
        assert f"line {text[:place].count(chr(10)) + 1}:" in str(caught.value)


@pytest.mark.parametrize(
    "more", ["model-index: []\n", "\n\nx: 1\n", "...\n---\nmodel-index: []\n", "\x0bverified: true"]
)
def test_lines_more_or_less_are_found(more: str) -> None:
    text = model_card_text(MANY)
    for edited in (text + more, more + text, text[: -len(text) // 3], ""):
        with pytest.raises(Rejected) as caught:
            check_model_card(edited.encode(), MANY)
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("data", [b"\xff", b" " * (1 << 21)])
def test_what_is_no_text(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        check_model_card(data, MANY)
