"""An answer held against its case. It is read as the JSON contract, so that an older build's answer is judged as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ragqa.answer.appraisal import LEVELS
from ragqa.evaluation.cases import Case
from ragqa.evaluation.verdicts import Judgment, Verdict, judged_content, judged_status
from ragqa.question.refusal import Status

NOT_TOLD = frozenset(
    {
        *("id", "answer_id", "digest", "schema", "question", "standalone_question", "status", "disclaimer", "audience"),
        *("review_state", "trace", "references", "removed", "statements"),
    }
)
"""Fields of an answer that say nothing of the subject, or that are read by themselves."""
SHOWN = 110
"""Characters of a wrong first sentence that a reason shows."""


def judge(case: Case, answer: Mapping[str, Any] | None) -> Judgment:
    """What a clinician would say of an answer; of none at all, that it is silent."""
    if answer is None:
        return Judgment(Verdict.SILENT, ("no answer came back",))
    if wrong_kind := judged_status(answer["status"], case.status):
        return wrong_kind
    if answer["status"] != Status.ANSWERED:
        gaps = [f"message lacks /{p}/" for p in case.message if not _found(p, answer.get("message") or "")]
        return judged_content((), gaps)
    statements = [statement["text"] for statement in answer["statements"]]
    told = "\n".join([*statements, *_strings(answer)])
    wrong = [f"tells /{pattern}/" for pattern in case.never if _found(pattern, told)]
    gaps = [*_missing(case, statements, told), *_uncited(case, answer), *_ill_ordered(case, statements)]
    too_high, too_low = _strength(case, answer)
    return judged_content([*wrong, *too_high], [*gaps, *too_low])


def _missing(case: Case, statements: Sequence[str], told: str) -> Iterator[str]:
    said = "\n".join(statements)
    for groups, text, verb in ((case.say, said, "say"), (case.tell, told, "tell")):
        for group in groups:
            if not any(_found(pattern, text) for pattern in group):
                yield f"does not {verb} /{' | '.join(group)}/"


def _uncited(case: Case, answer: Mapping[str, Any]) -> Iterator[str]:
    cited = {reference["source_id"] for reference in answer["references"]}
    yield from (f"does not cite {source}" for source in case.cite if source not in cited)
    if case.cite_any and cited.isdisjoint(case.cite_any):
        yield f"cites none of {', '.join(case.cite_any)}"


def _ill_ordered(case: Case, statements: Sequence[str]) -> Iterator[str]:
    if case.first and not any(_found(pattern, statements[0]) for pattern in case.first):
        yield f"opens with: {statements[0][:SHOWN]}"
    if case.most is not None and len(statements) > case.most:
        yield f"{len(statements)} statements, {case.most} at most"


def _strength(case: Case, answer: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What is too sure, which misleads, and what is not sure enough, which is a gap."""
    strength = (answer.get("evidence") or {}).get("strength", LEVELS[0])
    if not case.strength or strength in case.strength:
        return [], []
    reason = [f"strength {strength}, where {' or '.join(case.strength)} is right"]
    too_sure = LEVELS.index(strength) > max(LEVELS.index(level) for level in case.strength)
    return (reason, []) if too_sure else ([], reason)


def _strings(value: Any) -> Iterator[str]:
    """Every text in nested data that a reader is told."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            if name not in NOT_TOLD:
                yield from _strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)


def _found(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None
