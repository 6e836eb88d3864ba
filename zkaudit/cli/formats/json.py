"""One JSON object: a proof's own, or one with the results of several."""

from __future__ import annotations

from zkaudit.cli.formats.judgement import Judgement, worst
from zkaudit.cli.outcome import Outcome


def json(judgements: list[Judgement]) -> Outcome:
    """The outcome whose fields are the object."""
    if len(judgements) == 1:
        return judgements[0].outcome
    end = worst(judgements)
    results = [one.outcome.object() for one in judgements]
    return Outcome(status=end.status, reason=end.reason, exit_code=end.exit_code, fields={"results": results})
