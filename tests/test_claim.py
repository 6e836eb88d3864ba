"""The claim language, its integer rule and the Clopper-Pearson bound."""

from __future__ import annotations

from fractions import Fraction
from math import comb, floor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from zkaudit.atom import Atom, Metric
from zkaudit.claim import MAX_ATOMS, MAX_TEXT, Claim, clopper_pearson_lower, parse_claim
from zkaudit.errors import InvalidInput
from zkaudit.findings import accuracy_of


@pytest.mark.parametrize(
    ("text", "canonical", "count"),
    [
        ("accuracy >= 0.95", "accuracy >= 0.95", 342),
        ("accuracy>=0.950", "accuracy >= 0.95", 342),
        ("  accuracy  >=  19/20 ", "accuracy >= 0.95", 342),
        ("accuracy >= 2/3", "accuracy >= 2/3", 240),
        ("accuracy >= 4/6", "accuracy >= 2/3", 240),
        ("accuracy >= 0.001", "accuracy >= 0.001", 1),
        ("accuracy >= 1", "accuracy >= 1", 360),
        ("accuracy >= 0", "accuracy >= 0", 0),
        ("accuracy >= 1.000", "accuracy >= 1", 360),
        ("correct >= 342", "correct >= 342", 342),
        ("correct >= 0342", "correct >= 342", 342),
        ("correct == 351", "correct == 351", 351),
        ("correct == 0", "correct == 0", 0),
        ("accuracy == 0.5 and correct >= 3", "accuracy == 0.5 and correct >= 3", 180),
        (
            "correct<=9 and accuracy <= 1/2 and accuracy >= 0.25",
            "accuracy >= 0.25 and accuracy <= 0.5 and correct <= 9",
            90,
        ),
    ],
)
def test_claims_and_their_one_text(text: str, canonical: str, count: int) -> None:
    claim = parse_claim(text)
    assert claim.text == canonical
    assert parse_claim(canonical) == claim
    assert accuracy_of(claim, 360) == (count, "==" in text)
    assert not claim.is_open


@pytest.mark.parametrize(
    "text",
    [
        "", "accuracy", "accuracy > 0.95", "accuracy => 0.95", "accuracy = 0.5", "accuracy >= 95%", "accuracy >= .95",
        "accuracy >= 1.01", "accuracy >= 3/2", "accuracy >= 1/0", "accuracy >= -0.5", "accuracy >= 1e-1",
        "accuracy >= 0.5/2", "accuracy >= nan", "correct > 3", "correct >= 3.0", "correct >= 6/2", "correct == -1",
        "recall >= 0.5", "Accuracy >= 0.5", "accuracy >= 0.5 and", "accuracy >= ٠.٥", "accuracy >= 0.5\n",
        "accuracy >= 0." + "9" * 19, "correct >= " + "9" * 5000,
    ],
)  # fmt: skip
def test_other_texts_are_refused_with_the_grammar(text: str) -> None:
    with pytest.raises(InvalidInput, match="correct == 351") as caught:
        parse_claim(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("recall[03]>=.9".replace(".9", "0.90"), "recall[3] >= 0.9"),
        ("f1[ 2 ] <= 6/8", "f1[2] <= 0.75"),
        ("accuracy[ group = -7 ] >= 1/3", "accuracy[group=-7] >= 1/3"),
        ("accuracy[group=-0] >= 1", "accuracy[group=0] >= 1"),
        ("predicted[4,group=9223372036854775807] == 07", "predicted[4, group=9223372036854775807] == 7"),
        ("demographic_parity_difference <= 0.1", "demographic_parity_difference[1] <= 0.1"),
        ("equalized_odds_difference[0] <= 0.1", "equalized_odds_difference[0] <= 0.1"),
        ("macro_f1 >= 0.5   and   balanced_accuracy >= 0.5", "balanced_accuracy >= 0.5 and macro_f1 >= 0.5"),
        ("recall[2] >= 0.5 and recall[10] >= 0.5 and recall[2] >= 0.50", "recall[2] >= 0.5 and recall[10] >= 0.5"),
        ("confusion_matrix == [[1, 2] , [ 03,4 ]]", "confusion_matrix == [[1,2],[3,4]]"),
        ("confusion_matrix", "confusion_matrix"),
        ("confusion_matrix == ?", "confusion_matrix"),
        ("top_k_accuracy[5] == ?", "top_k_accuracy[5] == ?"),
        ("recall[1] >= 1 and recall[0] <= 1", "recall[0] <= 1 and recall[1] >= 1"),
        ("accuracy[group=1]>=1 and accuracy[group=0]<=1", "accuracy[group=0] <= 1 and accuracy[group=1] >= 1"),
        ("correct[group=-1]<=1 and correct[group=-2]<=1", "correct[group=-2] <= 1 and correct[group=-1] <= 1"),
        ("accuracy[group=-1] >= 1 and accuracy >= 1", "accuracy >= 1 and accuracy[group=-1] >= 1"),
        ("predicted[1]>=1 and predicted[0,group=0]>=1", "predicted[0, group=0] >= 1 and predicted[1] >= 1"),
        ("min_group_accuracy >= 0.123456789012345678", "min_group_accuracy >= 0.123456789012345678"),
    ],
)
def test_atoms_and_their_one_text(text: str, canonical: str) -> None:
    claim = parse_claim(text)
    assert claim.text == canonical
    assert parse_claim(canonical) == claim
    assert claim.is_open == ("?" in text or text == "confusion_matrix")
    assert claim.implies(claim) != claim.is_open


@pytest.mark.parametrize(
    "text",
    [
        "accuracy[] >= 0.5", "accuracy[3] >= 0.5", "recall[-1] >= 0.5", "recall[1, group=2] >= 0", "recall[1][2] >= 0",
        "macro_f1[1] >= 0.5", "top_k_accuracy >= 0.5", "top_k_accuracy[0] >= 0.5", "min_group_accuracy[1] >= 0",
        "accuracy[group=9223372036854775808] >= 0", "accuracy[group=1.5] >= 0", "predicted[1, group=] >= 0",
        "predicted[1 group=2] >= 0", "predicted[, group=2] >= 0", "predicted[1] >= 0.5", "confusion_matrix >= [[1]]",
        "confusion_matrix == [[1,2]]", "confusion_matrix == [[1,],[2]]", "confusion_matrix == [[1,2],[3,-4]]",
        "confusion_matrix == [[1,2],[3,4]", "confusion_matrix == 3", "accuracy == [[1]]", "accuracy >= ?",
        "accuracy >= 0.5 and accuracy >= 0.6", "accuracy == 0.5 and accuracy >= 0.4", "f1[0] >= 0.6 and f1[0] <= 0.5",
        "accuracy >= 0.5 andcorrect >= 3", "accuracy >= 0.5 or correct >= 3", "roc_auc >= 0.5", "f1 >= 0.5",
        " and ".join(f"recall[{c}] >= 0.5" for c in range(257)), "confusion_matrix == [[" + "1," * 40_000 + "1]]",
    ],
)  # fmt: skip
def test_other_atoms_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_claim(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 900


@pytest.mark.parametrize(
    "text",
    [
        "accuracy" + " " * 60_000 + "x", " " * 60_000 + "and", "accuracy >= 0.5" + " and" * 15_000, "a" * 60_000,
        "recall[" + " " * 60_000 + "x] >= 0.5", "confusion_matrix == [[" + "1, " * 20_000 + "x]]",
        "confusion_matrix == " + "[" * 60_000, "confusion_matrix == [[" + " ," * 30_000 + "]]",
    ],
    ids=range(8),
)  # fmt: skip
def test_long_texts_are_refused(text: str) -> None:
    # Whoever tries each of many spaces for the end of a word does not come to an end here.
    with pytest.raises(InvalidInput):
        parse_claim(text)


def test_a_claim_is_checked_at_construction() -> None:
    half = Fraction(1, 2)
    for fields in (
        {"metric": Metric.ACCURACY, "relation": ">", "value": half},
        {"metric": Metric.ACCURACY, "relation": ">=", "value": Fraction(3, 2)},
        {"metric": Metric.ACCURACY, "relation": ">=", "value": Fraction(-1, 2)},
        {"metric": Metric.ACCURACY, "relation": ">="},
        {"metric": Metric.ACCURACY, "relation": ">=", "value": Fraction(1, 10**18 + 1)},
        {"metric": Metric.ACCURACY, "relation": ">=", "value": half, "index": 1},
        {"metric": Metric.CORRECT, "relation": "==", "value": half},
        {"metric": Metric.RECALL, "relation": ">=", "value": half},
        {"metric": Metric.RECALL, "relation": ">=", "value": half, "index": -1},
        {"metric": Metric.RECALL, "relation": ">=", "value": half, "index": 1, "group": 1},
        {"metric": Metric.CONFUSION_MATRIX, "relation": "==", "table": ((1, 2),)},
        {"metric": Metric.CONFUSION_MATRIX, "relation": "==", "table": ((-1,),)},
        {"metric": Metric.CONFUSION_MATRIX, "relation": "==", "value": half},
    ):
        with pytest.raises(InvalidInput):
            Atom(**fields)  # type: ignore[arg-type]
    first, second = parse_claim("accuracy >= 0.5 and correct >= 3").atoms
    for atoms in ((), (second, first), (first, first)):
        with pytest.raises(InvalidInput):
            Claim(atoms=atoms)
    wide = Atom(metric=Metric.CONFUSION_MATRIX, relation="==", table=((10**17,) * 70,) * 70)
    with pytest.raises(InvalidInput, match="characters"):
        Claim(atoms=(wide,))


def fault_of(text: str) -> str:
    """Why a text is refused."""
    with pytest.raises(InvalidInput) as caught:
        parse_claim(text)
    return caught.value.what


def test_the_most_atoms() -> None:
    atoms = [f"recall[{place}] >= 0.5" for place in range(MAX_ATOMS + 1)]
    most = parse_claim(" and ".join(atoms[:-1]))
    assert len(most.atoms) == MAX_ATOMS
    assert fault_of(" and ".join(atoms)).startswith(f"{MAX_ATOMS + 1} atoms")
    with pytest.raises(InvalidInput, match=f"{MAX_ATOMS + 1} atoms"):
        Claim(atoms=(*most.atoms, *parse_claim(atoms[-1]).atoms))
    # The same atom again and again counts before it is dropped.
    assert len(parse_claim(" and ".join(atoms[:1] * MAX_ATOMS)).atoms) == 1
    assert fault_of(" and ".join(atoms[:1] * (MAX_ATOMS + 1))).startswith(f"{MAX_ATOMS + 1} atoms")


def test_the_longest_text() -> None:
    assert parse_claim("accuracy >= 0.5".ljust(MAX_TEXT)).text == "accuracy >= 0.5"
    assert fault_of("accuracy >= 0.5".ljust(MAX_TEXT + 1)) == f"{MAX_TEXT + 1} characters"


def test_the_largest_matrix() -> None:
    # Of 70 rows: brackets and commas, one digit a cell, and further digits where they fit.
    spare = MAX_TEXT - len("confusion_matrix == []") - 70 * 2 - 69 - 70 * 69 - 70 * 70
    for more in (0, 1):
        cells = [10 ** ((spare + more) // 4900 + (place < (spare + more) % 4900)) for place in range(4900)]
        table = tuple(tuple(cells[row * 70 : row * 70 + 70]) for row in range(70))
        atom = Atom(metric=Metric.CONFUSION_MATRIX, relation="==", table=table)
        assert len(atom.text) == MAX_TEXT + more
        if more:
            with pytest.raises(InvalidInput, match=f"{MAX_TEXT + 1} characters"):
                Claim(atoms=(atom,))
        else:
            assert parse_claim(Claim(atoms=(atom,)).text).atoms == (atom,)


@pytest.mark.parametrize(
    ("claim", "asked", "closes"),
    [
        ("accuracy == 0.5", "accuracy == ?", True),
        ("accuracy >= 0.5", "accuracy == ?", False),
        ("accuracy == ?", "accuracy == ?", False),
        ("correct == 5", "accuracy == ?", False),
        ("accuracy == 0.5 and f1[1] >= 0.5", "accuracy == ? and f1[1] >= 0.5", True),
        ("accuracy == 0.5 and f1[1] >= 0.6", "accuracy == ? and f1[1] >= 0.5", False),
        ("accuracy == 0.5 and f1[1] == 0.6", "accuracy == ? and f1[1] >= 0.5", False),
        ("accuracy == ? and f1[1] >= 0.5", "accuracy == ? and f1[1] >= 0.5", False),
        ("accuracy == ? and f1[1] == 0.5", "accuracy == ? and f1[1] == ?", False),
        ("accuracy == 0.5", "accuracy == ? and f1[1] >= 0.5", False),
        ("accuracy == 0.5 and f1[1] >= 0.5", "accuracy == ?", False),
        ("confusion_matrix == [[1]]", "confusion_matrix", True),
        ("confusion_matrix", "confusion_matrix", False),
        ("accuracy == 0.5", "accuracy == 0.5", True),
        ("accuracy >= 0.5", "accuracy >= 0.5", True),
        ("accuracy >= 0.6", "accuracy >= 0.5", False),
    ],
)
def test_what_closes_an_open_claim(claim: str, asked: str, closes: bool) -> None:
    assert parse_claim(claim).is_closing_of(parse_claim(asked)) == closes


def test_a_claim_of_groups_says_so() -> None:
    for text, needed in (
        ("accuracy >= 0.5 and recall[1] >= 0.5", False),
        ("accuracy >= 0.5 and correct[group=0] >= 1", True),
        ("min_group_accuracy >= 0.5", True),
    ):
        assert parse_claim(text).needs_groups == needed


@given(
    st.text(max_size=40)
    | st.from_regex(
        r"(accuracy|correct|f1|predicted|confusion_matrix)(\[[0-9]{0,2}(, )?(group=-?[0-9])?\])? (>=|<=|==) "
        r"[0-9./\[\],?]{1,12}( and correct >= 3)?",
        fullmatch=True,
    )
)
def test_any_text_is_a_claim_or_refused(text: str) -> None:
    try:
        claim = parse_claim(text)
    except InvalidInput:
        return
    assert parse_claim(claim.text) == claim


@given(st.fractions(0, 1, max_denominator=10**9), st.integers(1, 10**6))
@example(Fraction(55, 100), 100)
def test_the_threshold_is_an_exact_integer_rule(share: Fraction, samples: int) -> None:
    claim = parse_claim(f"accuracy >= {share.numerator}/{share.denominator}")
    count, exact = accuracy_of(claim, samples)
    assert count is not None
    assert not exact
    assert Fraction(count, samples) >= share
    assert count == 0 or Fraction(count - 1, samples) < share
    assert parse_claim(claim.text) == claim


def exact_bound(successes: int, samples: int, doubt: Fraction) -> float:
    """The bound in rational arithmetic."""
    low, high = 0, 10**6
    while high - low > 1:
        middle = (low + high) // 2
        tail = sum(
            comb(samples, i) * middle**i * (10**6 - middle) ** (samples - i) for i in range(successes, samples + 1)
        )
        low, high = (middle, high) if tail <= doubt * 10 ** (6 * samples) else (low, middle)
    return low / 10**6


@given(st.integers(2, 40), st.data())
def test_the_lower_bound_is_exact_for_small_sets(samples: int, draw: st.DataObject) -> None:
    successes = draw.draw(st.integers(1, samples))
    assert clopper_pearson_lower(successes, samples) == exact_bound(successes, samples, Fraction(5, 100))


@given(st.integers(1, 1 << 20), st.fractions(0, 1))
@example(360, Fraction(351, 360))
@example(1 << 20, Fraction(1))
@example(1 << 20, Fraction(1, 2))
@example(1 << 20, Fraction(1, 1 << 20))
def test_the_lower_bound_against_scipy(samples: int, share: Fraction) -> None:
    successes = max(1, floor(share * samples))
    reference = float(stats.beta.ppf(0.05, successes, samples - successes + 1))
    bound = clopper_pearson_lower(successes, samples)
    assert reference - 1.001e-6 <= bound <= reference + 1e-12


def test_the_lower_bound_of_other_confidences() -> None:
    for confidence in (Fraction(1, 2), Fraction(9, 10), Fraction(999, 1000)):
        reference = float(stats.beta.ppf(float(1 - confidence), 338, 23))
        assert clopper_pearson_lower(338, 360, confidence) == pytest.approx(reference, abs=1.001e-6)
    for bad in (Fraction(1, 3), Fraction(1)):
        with pytest.raises(ValueError, match="no bound"):
            clopper_pearson_lower(1, 2, bad)


def test_edges_of_the_lower_bound() -> None:
    assert clopper_pearson_lower(0, 5) == 0.0
    assert clopper_pearson_lower(1, 1) in (0.05, 0.049999)
    assert clopper_pearson_lower(360, 360) == floor(0.05 ** (1 / 360) * 10**6) / 10**6
    for successes, samples in ((-1, 5), (6, 5), (0, 0)):
        with pytest.raises(ValueError, match="no bound"):
            clopper_pearson_lower(successes, samples)


@pytest.mark.parametrize("successes", [1000, 1 << 19, (1 << 20) - 1000, 1 << 20])
def test_the_lower_bound_takes_few_terms(successes: int) -> None:
    terms = 0

    class Counted(int):
        def __sub__(self, other: int) -> int:
            nonlocal terms
            terms += 1
            return int(self) - other

    clopper_pearson_lower(successes, Counted(1 << 20))
    # Twenty tails, each of a few standard deviations and not of half a million terms.
    assert 20 <= terms < 50_000
