"""Kinds of changed fact and of equal writing: what turns one true sentence of a source into a mutant.

A kind is one of the functions in ``MAKERS`` with its data from ``changes.toml`` or ``equal.toml``. A function offers edits of
one place; ``mutants`` throws out those that would prove nothing: of a changed fact, where the sentence says the same value
twice or the source itself holds the changed value, and of either, where the result stands in the source word for word.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from mutation_numbers import (
    arms,
    convert,
    inverted,
    other_number,
    other_year,
    p_crossed,
    power,
    tenfold,
    to_digits,
    to_words,
    transposed,
    word_changed,
)
from mutation_records import Edit, Kind, Mutant, Passage
from mutation_texts import folded, is_number, number_pattern, pattern, value, values
from mutation_words import abbreviation, rewrite, swap, unchanged


def load_kinds(folder: Path) -> list[Kind]:
    """The kinds of both lists, changed facts first."""
    kinds: list[Kind] = []
    for file, changed in (("changes.toml", True), ("equal.toml", False)):
        data = tomllib.loads((folder / file).read_text(encoding="utf-8"))
        for name, fields in data["kinds"].items():
            unknown = set(fields["source"]) - set(data["sources"])
            if unknown:
                raise ValueError(f"{file}: {name}: unknown source {unknown}")
            kinds.append(Kind(name=name, changed=changed, **fields))
    return kinds


def mutants(kind: Kind, passage: Passage, sentence: str, random: Random) -> Iterator[Mutant]:
    """The mutants of a sentence that prove something, in random order."""
    if not eligible(kind, sentence):
        return
    edits = list(MAKERS[kind.make](kind, passage, sentence, random))
    random.shuffle(edits)
    for edit in edits:
        edit = with_article(sentence, edit)
        if proves(kind, passage, sentence, edit):
            claim = sentence[: edit.start] + edit.new + sentence[edit.end :]
            old = sentence[edit.start : edit.end]
            yield Mutant(kind.name, kind.changed, passage.id, passage.split, sentence, claim, old, edit.new)


def eligible(kind: Kind, sentence: str) -> bool:
    """Whether a kind takes the sentence at all."""
    if kind.needs and not pattern(kind.needs).search(sentence):
        return False
    return not (kind.unless and pattern(kind.unless).search(sentence))


def proves(kind: Kind, passage: Passage, sentence: str, edit: Edit) -> bool:
    """Whether an edit gives another sentence, and of a changed fact, one that the source does not say elsewhere."""
    old = sentence[edit.start : edit.end]
    claim = sentence[: edit.start] + edit.new + sentence[edit.end :]
    if kind.make == "unchanged":
        return True
    if old == edit.new or claim in passage.text:
        return False
    if not kind.changed:
        return True
    if folded(claim) in passage.folded:
        return False
    return not (kind.once and said_twice(sentence, edit)) and is_absent(kind, passage, sentence, edit)


def said_twice(sentence: str, edit: Edit) -> bool:
    """Whether the edited words, or the edited number, stand in the sentence more than once."""
    old = sentence[edit.start : edit.end]
    if is_number(old):
        return [value(number) for number in re.findall(number_pattern(), sentence)].count(value(old)) > 1
    return len(re.findall(rf"(?<!\w){re.escape(old.strip())}(?!\w)", sentence, re.IGNORECASE)) > 1


def is_absent(kind: Kind, passage: Passage, sentence: str, edit: Edit) -> bool:
    """Whether the source does not hold the changed value."""
    if kind.absent == "nothing":
        return True
    if kind.absent == "value":
        return not values(edit.value) & passage.values
    if kind.absent == "text":
        words = re.escape(folded(edit.value).strip())
        return not re.search(rf"(?<!\w)(?<!non-){words}(?!\w)", passage.folded)
    return window(sentence, edit) not in passage.folded


def window(sentence: str, edit: Edit) -> str:
    """The changed words with one word on either side."""
    before = re.search(r"\S*\s*$", sentence[: edit.start])
    after = re.match(r"\s*\S*", sentence[edit.end :])
    return folded((before[0] if before else "") + edit.new + (after[0] if after else ""))


def with_article(sentence: str, edit: Edit) -> Edit:
    """The edit with "a" or "an" before it mended."""
    article = re.search(r"\b([Aa])(n?) $", sentence[: edit.start])
    first = re.match(r"[a-z]+", edit.new)
    if not article or not first or not re.match(r"[a-z]", sentence[edit.start : edit.end]):
        return edit
    vowel = re.match(r"[aeio]|u(?!ni|se|su)|hour", first[0]) is not None
    return Edit(article.start(), edit.end, f"{article[1]}{'n' if vowel else ''} {edit.new}", edit.value)


Maker = Callable[[Kind, Passage, str, Random], Iterator[Edit]]
NUMBER_MAKERS: tuple[Maker, ...] = (tenfold, transposed, other_number, other_year, p_crossed, inverted, arms, word_changed)
WRITING_MAKERS: tuple[Maker, ...] = (to_digits, to_words, power, convert, unchanged, abbreviation)
MAKERS = {maker.__name__: maker for maker in (*NUMBER_MAKERS, *WRITING_MAKERS, swap, rewrite)}
