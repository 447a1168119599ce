"""Two files of answers to pairs that are worth a rater's time."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ragqa.answer.contract import Answer
from ragqa.errors import InvalidRecord
from ragqa.files import read_jsonl


@dataclass(frozen=True, slots=True)
class Answered:
    """One line of a file: what was asked, the last of it judged, and the answer."""

    id: str
    group: str
    asked: tuple[str, ...]
    answer: Answer


@dataclass(frozen=True, slots=True)
class Drawn:
    """A question with the answers of both systems."""

    id: str
    group: str
    asked: tuple[str, ...]
    a: Answer
    b: Answer


def read_answers(file: Path) -> dict[str, Answered]:
    """By id, the answers of ``ragqa eval cases --judged`` or of ``ragqa answer``; a case that got none is left out.

    Raises:
        InvalidRecord: a line is neither.
    """
    found = {}
    for line, value in read_jsonl(file):
        try:
            if isinstance(value, Mapping) and value.get("answer", value) is None:
                continue
            one = _asked(value)  # type: ignore[arg-type]
        except (ValidationError, TypeError, KeyError, AttributeError) as error:
            told = "holds no answer; `ragqa eval cases FILE --judged OUT` and `ragqa answer` write files that do"
            raise InvalidRecord(file, line, told) from error
        found[one.id] = one
    return found


def _asked(value: Mapping[str, Any]) -> Answered:
    made = dict(value.get("answer", value))
    made.pop("answer_id", None)
    answer = Answer.model_validate(made)
    said = value.get("asked") or value.get("turns") or (value.get("question") or answer.question,)
    return Answered(id=str(value["id"]), group=str(value.get("group", "")), asked=tuple(map(str, said)), answer=answer)


def draw(
    a: Mapping[str, Answered], b: Mapping[str, Answered], count: int, seed: int, *, only_different: bool = False
) -> list[Drawn]:
    """At most ``count`` questions that both answered, spread over the groups as evenly as they allow, in an order of chance."""
    pairs = [Drawn(one.id, one.group, one.asked, one.answer, b[name].answer) for name, one in sorted(a.items()) if name in b]
    if only_different:
        pairs = [pair for pair in pairs if pair.a.said() != pair.b.said()]
    chance = random.Random(seed)
    chance.shuffle(pairs)
    chosen = _in_turn(pairs)[:count]
    chance.shuffle(chosen)
    return chosen


def _in_turn(pairs: Sequence[Drawn]) -> list[Drawn]:
    """The first of every group, then the second of every group, and so on."""
    groups: dict[str, list[Drawn]] = {}
    for pair in pairs:
        groups.setdefault(pair.group, []).append(pair)
    longest = max(map(len, groups.values()), default=0)
    return [group[n] for n in range(longest) for group in groups.values() if n < len(group)]
