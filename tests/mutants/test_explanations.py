"""The faults that are explained exist, each explained once."""

from collections import Counter

from tests.imports import VERIFIER, closure, modules
from tests.mutants.__main__ import explained
from tests.mutants.mutations import mutants_of


def test_an_explanation_is_of_a_fault() -> None:
    listed = Counter(explained())
    assert len(listed) > 200
    assert [name for name, count in listed.items() if count > 1] == []
    faults = {
        mutant.name
        for module in closure(*VERIFIER) & modules().keys()
        for mutant in mutants_of(module, modules()[module])
    }
    assert listed.keys() - faults == set()
