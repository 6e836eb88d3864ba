"""The random oracle of the transcript, programmed: some of its answers were chosen before the questions were known.

The questions are the histories of a transcript, the answers the seeds of its challenges.
All else is the real transcript: framing, labels, and how a challenge is derived from its seed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

import zkaudit.statement
from zkaudit.transcript import Label, Transcript

SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of a transcript: a message that was absorbed, or a challenge whose seed was drawn."""

    label: Label
    message: bytes
    is_challenge: bool


@dataclass(slots=True)
class Schedule:
    """What happened on a transcript whose challenges do not depend on its history: uniform seeds in order."""

    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RandomOracle:
    """Answers at the histories that were programmed; elsewhere the oracle answers as SHA-256 does."""

    answers: dict[bytes, bytes]


class _FreeTranscript(Transcript):
    """Draws a uniform seed for every challenge, whatever came before, and notes everything in the schedule."""

    schedule: Schedule

    def absorb(self, label: Label, message: bytes) -> None:
        super().absorb(label, message)
        self.schedule.steps.append(Step(label, message, False))

    def challenge_bytes(self, label: Label) -> bytes:
        seed = secrets.token_bytes(SEED_BYTES)
        self.schedule.steps.append(Step(label, seed, True))
        return seed


class _ProgrammedTranscript(Transcript):
    """The real transcript, asking a random oracle."""

    oracle: RandomOracle

    def challenge_bytes(self, label: Label) -> bytes:
        self._frame(b"C", label, 0)
        history = self._state.digest()
        seed = self.oracle.answers.get(history, history)
        self._state.update(seed)
        return seed


@contextmanager
def _transcripts(kind: type[Transcript]) -> Iterator[None]:
    with patch.object(zkaudit.statement, "Transcript", kind):
        yield


@contextmanager
def free_challenges() -> Iterator[Schedule]:
    """Within it, the transcripts of statements have challenges that were drawn beforehand."""
    own = Schedule()

    class Free(_FreeTranscript):
        schedule = own

    with _transcripts(Free):
        yield own


@contextmanager
def asking(own: RandomOracle) -> Iterator[None]:
    """Within it, the transcripts of statements ask this oracle."""

    class Programmed(_ProgrammedTranscript):
        oracle = own

    with _transcripts(Programmed):
        yield


def program(schedule: Schedule, messages: dict[Label, bytes]) -> RandomOracle:
    """The oracle under which the schedule's challenges are those of its own history.

    `messages` replaces those that were not known when the schedule was written.
    """
    answers: dict[bytes, bytes] = {}
    history = Transcript(schedule.steps[0].message.decode())
    for step in schedule.steps[1:]:
        if step.is_challenge:
            history._frame(b"C", step.label, 0)
            answers[history._state.digest()] = step.message
            history._state.update(step.message)
        else:
            history.absorb(step.label, messages.get(step.label, step.message))
    return RandomOracle(answers)
