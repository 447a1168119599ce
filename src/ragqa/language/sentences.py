"""Text to sentences, each an exact slice of it, and the citation markers that stand in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ragqa.language.lexicon import lexicon
from ragqa.language.sentence_ends import END, has_ended, sentence_starts

MARKER = re.compile(r"(?<!\s)\s*+\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
"""A citation marker, [1] or [1, 2], with the white space before it."""
_MARKER_RUN = re.compile(rf"(?:{MARKER.pattern})+")
_BULLET = re.compile(r"^([^\S\n]*+[-*+] +)", re.MULTILINE)
_NOTICES = lexicon("language", "sentences")["cut_off"].pattern
_DOTS = r"(?:\.{2,}|…)"
_CUT_OFF = re.compile(
    rf"(?<!\s)\s*+(?:[(\[][\s.…]*+(?i:{_NOTICES})\b[^()\[\]\n]{{0,80}}[)\]]|{_NOTICES.upper()}|[(\[]{_DOTS}[)\]]|(?<=\s){_DOTS})"
    r"\.?[^\S\n]*+$",
    re.MULTILINE,
)
"""A notice at the end of a line that its text was cut off there, or dots that stand for the rest."""
_TRAILING_OFF = re.compile(rf"(?<!\.){_DOTS}[\"'”’»)\]]*+\Z")
_LINE_END = re.compile(r"[ \t]*+(?:\Z|[^\S \t])")
LONGEST_END = 40
"""Characters in which a sentence's end is looked for; by hand: more than its closing brackets and the markers behind them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence of a text, without the citation markers that follow it (``markers`` holds their numbers).

    ``is_whole``: false of a piece of a longer one, and of one that the text cuts off. What is missing may turn what it says.
    """

    start: int
    end: int
    text: str
    markers: tuple[int, ...] = ()
    is_whole: bool = True


def sentences(text: str, start: int, end: int) -> list[Sentence]:
    """The sentences of ``text[start:end]``; a line break always ends one."""
    return [
        Sentence(
            start=left,
            end=right,
            text=text[left:right],
            markers=tuple(markers_at(text, left, right)),
            is_whole=_is_whole(text, left, right),
        )
        for left, right in sentence_spans(text, start, end)
    ]


def asking(text: str) -> str:
    """The sentences of a text that ask, the last one where none has a question mark: what stands before them is a story."""
    told = [sentence.text for sentence in sentences(text, 0, len(text))]
    return " ".join([sentence for sentence in told if sentence.endswith("?")] or told[-1:])


def sentence_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where each sentence of ``text[start:end]`` stands in ``text``.

    Markers, bullets and notices that a text was cut off are blanked (same length) before cutting, so they never join a
    sentence's edge.
    """
    blank = _BULLET.sub(_spaces, _CUT_OFF.sub(_spaces, MARKER.sub(_spaces, text[start:end])))
    position = start
    for line in blank.splitlines(keepends=True):
        cuts = [0, *sentence_starts(line), len(line)]
        for left, right in pairwise(cuts):
            piece = line[left:right]
            if body := piece.strip():
                first = position + left + len(piece) - len(piece.lstrip())
                yield first, first + len(body)
        position += len(line)


def holds_whole_sentences(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` is made of whole sentences of ``text``: a piece may say what its sentence denies."""
    found = sentences(text, start, end)
    return bool(found) and all(sentence.is_whole for sentence in found)


def markers(text: str) -> list[int]:
    """Citation numbers of a stretch of text, in order, each once."""
    numbers = (int(number) for match in MARKER.finditer(text) for number in match[1].split(","))
    return list(dict.fromkeys(numbers))


def without_markers(text: str) -> str:
    """Text as a reader wants it: markers removed, white space folded."""
    return " ".join(MARKER.sub("", text).split())


def markers_at(text: str, left: int, right: int) -> list[int]:
    """Numbers inside a sentence and directly after it, also where the passage it was read from ends before them."""
    after = _MARKER_RUN.match(text, right)
    return markers(text[left : after.end() if after else right])


def _is_whole(text: str, left: int, right: int) -> bool:
    """Whether ``text[left:right]`` begins where a line or a sentence does, and ends where it does."""
    before = _BULLET.sub("", MARKER.sub("", text[max(0, left - LONGEST_END) : left])).rstrip(" \t")
    if before and not before[-1].isspace() and not END.search(before):
        return False
    said = text[max(left, right - LONGEST_END) : right]
    after = _MARKER_RUN.match(text, right)
    end = after.end() if after else right
    if _CUT_OFF.match(text, end):
        return has_ended(text[left:right])
    return not _TRAILING_OFF.search(said) if _LINE_END.match(text, end) else bool(END.search(said))


def _spaces(match: re.Match[str]) -> str:
    return " " * len(match[0])
