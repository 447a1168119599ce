"""Whether a question is in another language than English, which is the one that ragqa reads.

By script, else by words: those that English alone asks with against those of each other language. A question that holds none of
either, as names and shorthand do, is taken for English.
"""

from __future__ import annotations

import re
import unicodedata

from ragqa.language.lexicon import lexicon

OTHER_SCRIPT = 0.1
"""Share of letters in a script that is neither Latin nor Greek from which a question is in that script; by hand: English holds a
Greek letter or two, and no others."""
GREEK = 0.5
"""The same share of Greek letters."""
ENOUGH = 2
"""Weight of another language's words and letters over that of English words from which a question is in it; by hand: one word
that no English holds, or two that may come with a name."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LETTER = re.compile(r"[^\W\d_]")
_PARTS = re.compile(r"['-]")
_OPENING = re.compile(r"[¿¡]")
_LISTS = {name: frozenset(group.entries) for name, group in lexicon("question", "tongues").items()}
_ENGLISH, _CLINICAL, _SHARED, _DOUBTFUL, _LETTERS, _BORROWED = (
    _LISTS.pop(name) for name in ("english", "clinical_english", "shared", "doubtful", "letters", "borrowed_letters")
)
_TONGUES = [words - _SHARED for words in _LISTS.values()]


def is_foreign(question: str) -> bool:
    """Whether a question is in another language than English."""
    if _in_another_script(_LETTER.findall(question)):
        return True
    words: list[str] = _WORD.findall(question)
    accented = sum(_accented(word) for word in words if word[0].islower())
    plain = (word.lower().replace("’", "'") for word in words if question.isupper() or not word.isupper())  # capitals abbreviate
    told = [part for word in plain for part in {word, *_PARTS.split(word)}]
    english = sum(2 * (word in _ENGLISH) + (word in _CLINICAL) for word in told)
    other = max(_weight(told, tongue) for tongue in _TONGUES)
    return other + accented + 2 * bool(_OPENING.search(question)) >= ENOUGH + english


def _in_another_script(letters: list[str]) -> bool:
    others = [name for letter in letters if letter > "\u024f" and not (name := unicodedata.name(letter, "")).startswith("LATIN")]
    greek = sum(name.startswith("GREEK") for name in others)
    return greek > GREEK * len(letters) or len(others) - greek > OTHER_SCRIPT * len(letters)


def _accented(word: str) -> int:
    return 2 * (not _LETTERS.isdisjoint(word)) or int(not _BORROWED.isdisjoint(word))


def _weight(words: list[str], tongue: frozenset[str]) -> int:
    return sum(1 + (word not in _DOUBTFUL) for word in words if word in tongue)
