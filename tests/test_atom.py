"""One bound on one metric: which bounds follow from which, and the last values that an atom admits."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from zkaudit.atom import GRAMMAR, RELATIONS, Atom, Metric, parse_atom
from zkaudit.errors import InvalidInput

SUBJECTS = {metric: {"index": 2} if metric.takes else {} for metric in Metric}
"""A bracket for the metrics that take one."""

HOLDS = {
    ">=": lambda found, value: found >= value,
    "<=": lambda found, value: found <= value,
    "==": lambda found, value: found == value,
}


def fault(**fields: Any) -> InvalidInput:
    """Why an atom is refused."""
    with pytest.raises(InvalidInput) as caught:
        Atom(**fields)
    return caught.value


@pytest.mark.parametrize("metric", [m for m in Metric if m is not Metric.CONFUSION_MATRIX])
def test_a_bound_follows_from_another_if_it_holds_wherever_the_other_does(metric: Metric) -> None:
    """All pairs of bounds at inner values, against the values that satisfy them."""
    unit = Fraction(1) if metric.is_count else Fraction(1, 6)
    possible = [unit * i for i in range(7)]
    inner = [(relation, value) for relation in RELATIONS for value in possible[1:-1]]
    atoms = {
        bound: Atom(metric=metric, relation=bound[0], value=bound[1], **SUBJECTS[metric])  # type: ignore[arg-type]
        for bound in inner
    }
    admits = {bound: {v for v in possible if HOLDS[bound[0]](v, bound[1])} for bound in inner}
    for mine, theirs in product(inner, inner):
        assert atoms[mine].follows_from(atoms[theirs]) == (admits[theirs] <= admits[mine]), (mine, theirs)


def test_an_asked_value_follows_from_a_stated_one_alone() -> None:
    asked = Atom(metric=Metric.ACCURACY, relation="==")
    for relation in RELATIONS:
        stated = Atom(metric=Metric.ACCURACY, relation=relation, value=Fraction(1, 2))
        assert asked.follows_from(stated) == (relation == "==")
        assert not stated.follows_from(asked)
    assert not asked.follows_from(asked)


def test_a_matrix_follows_from_the_same_matrix_alone() -> None:
    tables = (((1,),), ((2,),), ((1, 0), (0, 1)), ((0, 1), (1, 0)))
    matrices = [Atom(metric=Metric.CONFUSION_MATRIX, relation="==", table=table) for table in tables]
    asked = Atom(metric=Metric.CONFUSION_MATRIX, relation="==")
    for mine, theirs in product(matrices, matrices):
        assert mine.follows_from(theirs) == (mine is theirs)
    for matrix in matrices:
        assert asked.follows_from(matrix)
        assert not matrix.follows_from(asked)


def test_nothing_follows_from_another_subject() -> None:
    texts = [
        "accuracy >= 0.5", "accuracy[group=0] >= 0.5", "accuracy[group=1] >= 0.5", "recall[0] >= 0.5",
        "recall[1] >= 0.5", "precision[1] >= 0.5", "macro_f1 >= 0.5", "correct >= 0", "confusion_matrix == [[1]]",
    ]  # fmt: skip
    atoms = [parse_atom(text) for text in texts]
    for mine, theirs in product(atoms, atoms):
        assert mine.follows_from(theirs) == (mine is theirs)


@pytest.mark.parametrize("group", [-(2**63), 2**63 - 1])
def test_the_outermost_groups(group: int) -> None:
    for metric in (Metric.ACCURACY, Metric.CORRECT):
        assert parse_atom(Atom(metric=metric, relation="==", group=group).text).group == group
        further = group + (1 if group > 0 else -1)
        assert fault(metric=metric, relation="==", group=further).expected == GRAMMAR
        with pytest.raises(InvalidInput, match="not a claim"):
            parse_atom(f"{metric.title}[group={further}] == ?")


def test_the_outermost_values() -> None:
    for metric in Metric:
        if metric is Metric.CONFUSION_MATRIX:
            continue
        fields = {"metric": metric, "relation": ">=", **SUBJECTS[metric]}
        most = Fraction(10**18 - 1) if metric.is_count else Fraction(1)
        for value in (Fraction(0), most):
            assert parse_atom(Atom(value=value, **fields).text).value == value  # type: ignore[arg-type]
        assert fault(value=Fraction(-1), **fields).what == "not a claim"
        long = f"{metric.title} has a value of more than 18 digits"
        assert fault(value=Fraction(1, 10**18 + 1), **fields).what == long
        assert fault(value=most + 1, **fields).what == (long if metric.is_count else "not a claim")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1, 10**18), "0.000000000000000001"),
        # A decimal of 18 places, and one that would need 19.
        (Fraction(1, 1 << 18), "0.000003814697265625"),
        (Fraction(1, 1 << 19), "1/524288"),
        (Fraction(10**18 - 2, 10**18 - 1), f"{10**18 - 2}/{10**18 - 1}"),
    ],
)
def test_the_one_text_of_a_value(value: Fraction, text: str) -> None:
    atom = Atom(metric=Metric.ACCURACY, relation=">=", value=value)
    assert atom.text == f"accuracy >= {text}"
    assert parse_atom(atom.text) == atom


def test_a_relation_is_one_of_three() -> None:
    for relation in (">", "!=", "", "=", ">=="):
        assert fault(metric=Metric.ACCURACY, relation=relation, value=Fraction(1, 2)).expected == GRAMMAR


def test_three_metrics_are_of_one_group() -> None:
    one_group = {"accuracy", "correct", "predicted"}
    for metric in Metric:
        fields = {"metric": metric, "relation": "==", "group": 1, **SUBJECTS[metric]}
        if metric.title in one_group:
            assert parse_atom(Atom(**fields).text).group == 1  # type: ignore[arg-type]
        else:
            assert fault(**fields).what == "not a claim"


@pytest.mark.parametrize("table", [((10**18 - 1,),), ((0,),), ((1, 2), (3, 4))])
def test_tables(table: tuple[tuple[int, ...], ...]) -> None:
    atom = Atom(metric=Metric.CONFUSION_MATRIX, relation="==", table=table)
    assert parse_atom(atom.text) == atom


@pytest.mark.parametrize("table", [((10**18,),), ((-1,),), ((1, 2),), ((1,), (2,)), (), ((),)])
def test_what_is_no_table(table: tuple[tuple[int, ...], ...]) -> None:
    assert fault(metric=Metric.CONFUSION_MATRIX, relation="==", table=table).expected == GRAMMAR


@pytest.mark.parametrize(
    "fields",
    [
        {"metric": Metric.CONFUSION_MATRIX, "relation": ">="},
        {"metric": Metric.CONFUSION_MATRIX, "relation": "<=", "table": ((1,),)},
        {"metric": Metric.CONFUSION_MATRIX, "relation": "==", "index": 1},
        {"metric": Metric.CONFUSION_MATRIX, "relation": "==", "group": 1, "table": ((1,),)},
        {"metric": Metric.ACCURACY, "relation": "==", "index": 1},
        {"metric": Metric.ACCURACY, "relation": "==", "table": ((1,),)},
        {"metric": Metric.ACCURACY, "relation": "==", "value": Fraction(1), "table": ((1,),)},
        {"metric": Metric.ACCURACY, "relation": "<="},
        {"metric": Metric.ACCURACY, "relation": "<=", "value": Fraction(1, 2), "index": 1},
        {"metric": Metric.RECALL, "relation": "=="},
    ],
)
def test_what_does_not_fit_a_metric(fields: dict[str, Any]) -> None:
    assert fault(**fields).what == "not a claim"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("confusion_matrix >= ?", "not a matrix"),
        ("confusion_matrix == ?x", "not a matrix"),
        ("confusion_matrix == x?", "not a matrix"),
        ("confusion_matrix == x[[1]]", "not a matrix"),
        ("confusion_matrix >= [[1]]", "a confusion matrix is stated as == and a square of counts"),
        ("confusion_matrix == [[1,2]]", "a confusion matrix is stated as == and a square of counts"),
        ("accuracy == x?", "not a claim"),
        ("accuracy == 3/0", "division by zero"),
        ("accuracy >= 1.01", "a value of accuracy above 1"),
        ("f1[2] <= 4/3", "a value of f1 above 1"),
        ("correct >= 3.0", "not a number of samples"),
        ("predicted[1] == 4/2", "not a number of samples"),
        ("recalled[1] >= 0.5", "not a claim"),
        ("recall[1, group=2] >= 0.5", "not a claim"),
        ("accuracy[3] >= 0.5", "accuracy takes no class"),
        ("min_group_accuracy[1] >= 0.5", "min_group_accuracy takes no class"),
        ("recall >= 0.5", "recall takes a class in brackets"),
        ("precision >= 0.5", "precision takes a class in brackets"),
        ("f1 >= 0.5", "f1 takes a class in brackets"),
        ("predicted >= 3", "predicted takes a class in brackets"),
        ("predicted[group=2] >= 3", "predicted takes a class in brackets"),
        ("top_k_accuracy >= 0.5", "top_k_accuracy takes a number in brackets"),
        ("", "not a claim"),
    ],
)
def test_why_a_text_is_refused(text: str, what: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_atom(text)
    assert caught.value.what == f"{what}: {text!r}"


def test_what_a_matrix_reveals() -> None:
    for table in (None, ((1,),)):
        atom = Atom(metric=Metric.CONFUSION_MATRIX, relation="==", table=table)
        assert atom.reveals == (
            "confusion_matrix: the number of predictions of each class on the samples of each class"
        )
