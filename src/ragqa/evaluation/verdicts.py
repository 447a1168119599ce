"""What a clinician would say of an answer, in one of four words, with the reasons."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ragqa.question.refusal import Status


class Verdict(StrEnum):
    """The four words, the best first."""

    RIGHT = "right"
    INCOMPLETE = "incomplete"
    SILENT = "silent"
    MISLEADING = "misleading"


MEANING: dict[str, str] = {
    Verdict.RIGHT: "a careful clinician is served",
    Verdict.INCOMPLETE: "nothing is wrong, but something is missing, not first, or there is too much",
    Verdict.SILENT: "it should have been answered",
    Verdict.MISLEADING: "wrong, about something else, answered where it must not be, too sure, a false or a missed emergency",
}


WORST_FIRST = (Verdict.MISLEADING, Verdict.SILENT, Verdict.INCOMPLETE, Verdict.RIGHT)


@dataclass(frozen=True, slots=True)
class Judgment:
    """A verdict and why; a right answer needs no reason."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def judged_status(status: str, allowed: Collection[str]) -> Judgment | None:
    """What the kind of answer alone tells: a judgment where it is a wrong one, None where the content has to be looked at."""
    if status in allowed:
        return None
    if status == Status.URGENT:
        return Judgment(Verdict.MISLEADING, ("a false emergency",))
    if Status.URGENT in allowed:
        return Judgment(Verdict.MISLEADING, (f"a missed emergency: {status}",))
    reason = f"{status}, where {' or '.join(allowed)} is right"
    if status == Status.ANSWERED:
        return Judgment(Verdict.MISLEADING, (reason,))
    return Judgment(Verdict.SILENT if Status.ANSWERED in allowed else Verdict.INCOMPLETE, (reason,))


def judged_content(wrong: Sequence[str], gaps: Sequence[str]) -> Judgment:
    """What wrong things an answer tells and what it lacks, as one judgment: one wrong thing outweighs all else."""
    verdict = Verdict.MISLEADING if wrong else Verdict.INCOMPLETE if gaps else Verdict.RIGHT
    return Judgment(verdict, (*wrong, *gaps))
