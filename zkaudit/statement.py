"""What is proved: a commitment, a held-out set, a claim and a profile; every size of a proof follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zkaudit import wire
from zkaudit.claim import Claim
from zkaudit.commitment.ajtai import Commitment
from zkaudit.constraints import claim_gadget
from zkaudit.dataset import HeldOutSet, check_dataset
from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import HALF
from zkaudit.layout import Layout, shape_of
from zkaudit.opening.verifier import RowLayout
from zkaudit.pads.messages import TableauLayout
from zkaudit.parameters import Profile, profile
from zkaudit.soundness import Account, OracleParameters, account, choose_parameters
from zkaudit.transcript import Label, Transcript
from zkaudit_circuits.claim import ClaimGadget
from zkaudit_circuits.network import lower

PROTOCOL = "zkaudit/v1"
"""Name and version of the protocol; a change of any byte of the transcript changes it."""

LARGEST_PADDING = 1 << 24
"""Performance knob: cap of the zero bytes that are absorbed to the circuit's size."""


@dataclass(frozen=True)
class Statement:
    """The whole statement, built by the verifier from files of its own.

    `challenge` is the digest of the challenge that the proof answers, 32 bytes, or None where there is none:
    a proof for one challenge is no proof for another, nor for none.
    The dataset's inputs are integers in the architecture's interval and its labels are classes:
    the no-wrap bounds rest on both, so both are checked here again.
    InvalidInput for a data set that does not fit the architecture, for a claim that is open, undefined on the data set
    or met by no predictions, or for a layer whose integers could wrap.
    """

    commitment: Commitment
    dataset: HeldOutSet
    claim: Claim
    profile: str = "standard-128"
    challenge: bytes | None = None

    def __post_init__(self) -> None:
        if self.challenge is not None and len(self.challenge) != wire.DIGEST_BYTES:
            raise InvalidInput(
                f"a challenge digest of {len(self.challenge)} bytes",
                where="statement",
                expected=f"{wire.DIGEST_BYTES} bytes",
            )
        check_dataset(self.commitment.architecture, self.dataset)
        if self.claim.is_open:
            raise InvalidInput("a value is left open", where="claim", expected="the values that the proof states")

    @cached_property
    def parameters(self) -> Profile:
        """The numbers of the profile."""
        return profile(self.profile)

    @property
    def samples(self) -> int:
        """Samples of the held-out set."""
        return self.dataset.samples

    @cached_property
    def gadget(self) -> ClaimGadget:
        """The claim as integer inequalities on the predictions."""
        return claim_gadget(self.claim, self.dataset, self.commitment.architecture.classes)

    @cached_property
    def layout(self) -> Layout:
        """The circuit and the places of everything in it."""
        layout = Layout(lower(self.commitment.architecture, self.gadget))
        lookups = layout.table_rows + layout.lookup_count
        if lookups > HALF:
            raise InvalidInput(
                f"{lookups} lookups could wrap around the field",
                where="statement",
                expected=f"at most {HALF}",
                next_step="use fewer samples",
            )
        return layout

    @cached_property
    def oracles(self) -> tuple[OracleParameters, OracleParameters]:
        """The sizes of the witness oracle and of the pad oracle."""
        return choose_parameters(self.parameters, shape_of(self.layout))

    @cached_property
    def rows(self) -> RowLayout:
        """The rows of the witness oracle."""
        rows = RowLayout(self.layout, self.oracles[0])
        if rows.row_variables < 1:
            raise RuntimeError("the profile has no oracle for this statement")
        return rows

    @cached_property
    def tableau(self) -> TableauLayout:
        """The rows of the pad oracle."""
        return TableauLayout(self.layout.full_plan, self.oracles[1])

    @cached_property
    def account(self) -> Account:
        """Every soundness error of this statement under its profile."""
        return account(self.parameters, shape_of(self.layout), *self.oracles)

    def open_transcript(self, witness_root: bytes, pad_root: bytes) -> Transcript:
        """The transcript after the roots, the statement, the circuit padding and the hash chain.

        Source: docs/protocol.md, "Transcript".
        """
        transcript = Transcript(PROTOCOL)
        transcript.absorb(Label.WITNESS_ROOT, witness_root)
        transcript.absorb(Label.PAD_ROOT, pad_root)
        transcript.absorb(Label.STATEMENT, wire.pack(self._description()))
        cells = self.layout.batched_cells + self.layout.static_cells + self.layout.lookup_count
        transcript.absorb(Label.CIRCUIT_PADDING, bytes(min(cells, LARGEST_PADDING)))
        transcript.harden(self.parameters.chain_steps)
        return transcript

    def _description(self) -> dict[str, object]:
        """Everything public, canonical; inputs sample by sample as big-endian 32-bit integers."""
        witness, pads = self.oracles
        return {
            "architecture": self.commitment.architecture.digest(),
            "challenge": self.challenge or b"",
            "circuit": self.layout.circuit.digest(),
            "claim": self.claim.text,
            "commitment": self.commitment.canonical(),
            "groups": b"" if self.dataset.groups is None else self.dataset.groups.astype(">i8").tobytes(),
            "inputs": np.ascontiguousarray(self.dataset.inputs.T).astype(">i4").tobytes(),
            "labels": self.dataset.labels.astype(">i4").tobytes(),
            "pad oracle": [pads.message, pads.columns, pads.pads, self.tableau.rows],
            "profile": self.profile,
            "samples": self.samples,
            "witness oracle": [witness.message, witness.columns, witness.pads, self.rows.rows],
        }
