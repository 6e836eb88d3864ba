"""What stands in for a statement that is only estimated."""

from __future__ import annotations

import pytest

from tests.cases import random_case
from zkaudit.claim import parse_claim
from zkaudit.errors import InvalidInput
from zkaudit.estimation import estimate


@pytest.mark.parametrize(
    ("claim", "fault"),
    [
        ("recall[3] == ?", "class 3 of 3"),
        ("confusion_matrix == [[999999999999999999]]", "1 classes and 999999999999999999 samples"),
        ("confusion_matrix == [[1,2,0],[3,4,0],[0,0,1]] and accuracy[group=1] >= 0", "3 classes and 11 samples"),
        ("min_group_accuracy == ? and confusion_matrix == [[20,0,0],[0,20,0],[0,0,1]]", "3 classes and 41 samples"),
    ],
)
def test_a_claim_that_no_set_of_the_size_has_is_refused(claim: str, fault: str) -> None:
    architecture = random_case().statement.commitment.architecture
    with pytest.raises(InvalidInput, match=fault):
        estimate(architecture, 20, claim=parse_claim(claim))
