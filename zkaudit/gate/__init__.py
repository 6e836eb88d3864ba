"""The gate of a pipeline: what a caller asks of a proof, which of it was checked, and the end of it."""

from zkaudit.gate.checks import Check, CheckName, State
from zkaudit.gate.demands import Demands, load_demands
from zkaudit.gate.evidence import Evidence, find_evidence
from zkaudit.gate.examination import Examination, examine
from zkaudit.gate.helper import verify_claim
from zkaudit.gate.result import write_result
from zkaudit.gate.signatures import TrustedKeys

__all__ = [
    "Check",
    "CheckName",
    "Demands",
    "Evidence",
    "Examination",
    "State",
    "TrustedKeys",
    "examine",
    "find_evidence",
    "load_demands",
    "verify_claim",
    "write_result",
]
