"""The circuit without cryptography: every relation evaluated over galois.GF(p), and which cells each one touches."""

from zkaudit.checking.circuit import check, check_columns, cover
from zkaudit.checking.report import CheckReport, ColumnCoverage, ConstraintCoverage, Violation

__all__ = ["CheckReport", "ColumnCoverage", "ConstraintCoverage", "Violation", "check", "check_columns", "cover"]
