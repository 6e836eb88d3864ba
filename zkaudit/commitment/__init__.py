"""The Ajtai commitment to a model: published once, opened in zero knowledge by every audit."""

from zkaudit.commitment.ajtai import Commitment, Opening, commit, verify_opening
from zkaudit.commitment.formats import load_commitment, load_opening, save_commitment, save_opening

__all__ = [
    "Commitment",
    "Opening",
    "commit",
    "load_commitment",
    "load_opening",
    "save_commitment",
    "save_opening",
    "verify_opening",
]
