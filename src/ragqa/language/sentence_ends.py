"""Where a sentence ends in clinical text, and where a full stop only shortens a word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ragqa.language.lexicon import lexicon

LONGEST_BEFORE = 60
"""Characters before a full stop that are looked at; by hand: three words, of which one is long."""
LONGEST_BRACKET = 300
"""Characters before a full stop in which an open bracket is looked for; by hand: a result with its interval and p value."""

_WORDS = {name: frozenset(group.entries) for name, group in lexicon("language", "sentences").items()}
_OPENING = "([{\"'“‘«"
_MARKUP = r"<(?:[A-Za-z!?]|/[A-Za-z])"
_CITED = r"(?:(?<=[a-z]{4}\.)\d{1,3}(?:[,–-]\d{1,3}){0,5})"
"""Numbers of references, once raised, right after the stop of a word."""
_CLOSING = r"[\"'”’»)\]]*+"
END = re.compile(rf"[.!?…]{_CLOSING}(?:\s[\"”])?{_CITED}?\Z")
"""The end of a text that ends where a sentence may."""
_STOP = re.compile(
    rf"(?<![.!?…])(?P<run>[.!?…]++)(?P<closing>{_CLOSING}(?:\s[\"”](?=\s)|{_CITED}(?=\s{{1,4}}[A-Z]))?)"
    r"(?:(?P<blank>\s++)|(?<=[a-z]{4}\.)(?=(?:[A-Z][a-z]{2,20}|[A-Z]{3,20})[\s:/])|(?<=[\d)]\.)(?=(?:[A-Z][a-z]{1,20}|A)\s)"
    rf"|(?<=[\w)%].)(?={_MARKUP}))"
)
"""Where a sentence may end. Of those without a blank: a word in lower case, a number or a bracket before a capitalised word, and
anything before markup."""
_NEXT = re.compile(
    r"(?:\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})\)\s{1,4}(?=[A-Z]))?(?P<signs>(?:[^\w\s]\s?){0,12}+)(?P<word>[\w'’-]*+\.?)"
)
"""The word after a stop, with its full stop, and the number of a list, (2) or b), or the signs before it."""
_MARKED_UP = re.compile(_MARKUP)
_JOINING = re.compile(r"[,;:.!?…)\]}»”%]|[=+&±×÷/](?!\s?[^\w\s])")
"""Signs that open no sentence, since they close or join; several of the latter are a line drawn."""
_WRITTEN_OUT = re.compile(r"[a-z]{5,}")
"""A word that is seldom a shortened one: of 424 whose full stop stands before a small letter, in all texts of five public sets,
only ``subsp`` was; such words are in ``never_last``."""
_ENUMERATOR = re.compile(r"\d{1,2}|[A-Za-z]|[ivxIVX]{1,4}")
_DOTTED = re.compile(r"(?:[a-z]\.)+[a-z]|(?P<capitals>(?:[A-Z]\.)+[A-Z]|Ph\.D)")
_WEB = re.compile(r"www\.|[/@]")


def sentence_starts(text: str) -> Iterator[int]:
    """Where each sentence of one line begins, but for the first: after the white space that follows the one before."""
    begin = 0
    for stop in _STOP.finditer(text):
        if stop.end() < len(text) and _ends(text, begin, stop):
            begin = stop.end()
            yield begin


def has_ended(sentence: str) -> bool:
    """Whether a sentence after which its text is cut off is whole: it closes, but in no bracket and on no shortened word."""
    stop = END.search(sentence)
    before = sentence[max(0, stop.start() - LONGEST_BEFORE) : stop.start()].split() if stop else []
    if not stop or not before:
        return False
    shown = sentence[max(0, stop.start() - LONGEST_BRACKET) :]
    return not (_goes_on(shown, before) or _shortens(before, "", len(before) == 1))


def _ends(text: str, begin: int, stop: re.Match[str]) -> bool:
    """Whether the sentence that begins at ``begin`` ends at this stop."""
    following = _NEXT.match(text, stop.end())
    before = text[max(begin, stop.start() - LONGEST_BEFORE) : stop.start()].split()
    if not following or _JOINING.match(following["signs"]):
        return False
    signs, word = following["signs"], following["word"]
    apart = bool(word) and not signs.startswith("(") and _is_written_out(stop, before)
    if not (apart or _opens(signs, word) or _MARKED_UP.match(text, stop.end())):
        return False
    if word[:1].isdigit() and _goes_on(text[max(begin, stop.start() - LONGEST_BRACKET) : stop.start()], before):
        return False
    alone = len(before) == 1
    if stop["run"] != "." or (stop["closing"] and not alone):
        return True
    on_the_web = stop["blank"] is None and before and _WEB.search(before[-1])
    return bool(before) and not on_the_web and not _shortens(before, word, alone)


def _is_written_out(stop: re.Match[str], before: Sequence[str]) -> bool:
    """Whether one stop stands right after a word that it does not shorten: whatever follows, brackets apart, stands by itself."""
    single = len(stop["run"]) == 1 and stop["run"] != "…" and not stop["closing"]
    return single and bool(before) and bool(_WRITTEN_OUT.fullmatch(before[-1]))


def _opens(signs: str, word: str) -> bool:
    """Whether a sentence can begin with this word: a capital, a number outside brackets, or a name such as p53 and α-MSH."""
    first, bare = word[:1], word.rstrip(".")
    if first.isdigit():
        return not any(sign in _OPENING for sign in signs)
    if first.isupper():
        return bare not in _WORDS["journals"]
    named = not first.isascii() or any(char.isupper() or char.isdigit() for char in word)
    return first.islower() and named and bare not in _WORDS["never_first"]


def _goes_on(shown: str, before: Sequence[str]) -> bool:
    """Whether a number after this belongs to it: inside brackets, after 0, after i.v. or (s.d.), and after no, vol and such."""
    last = before[-1].lstrip(_OPENING) if before else ""
    lower = last if last.isupper() else last.lower()
    shortened = last == "0" or lower in _WORDS["before_number"] or bool(_DOTTED.fullmatch(last))
    return shortened or shown.count("(") > shown.count(")")


def _shortens(before: Sequence[str], word: str, alone: bool) -> bool:
    """Whether a full stop between these words shortens the last of them; ``alone``: a sentence would hold nothing else."""
    last = before[-1].lstrip(_OPENING)
    lower = last if last.isupper() else last.lower()
    if lower in _WORDS["never_last"] or last in _WORDS["titles"] or last in _WORDS["journals"]:
        return True
    if (alone or (before[-2:-1] and before[-2].endswith(";"))) and _ENUMERATOR.fullmatch(last):
        return True
    dotted = _DOTTED.fullmatch(last)
    if lower in _WORDS["rarely_last"] or (dotted and dotted["capitals"]):
        return word.lower() not in _WORDS["openers"]
    return _is_letter(last) and not word[:1].isdigit() and (last != before[-1] or _is_initial(before[:-1], word))


def _is_initial(before: Sequence[str], word: str) -> bool:
    """Whether a single capital before this word shortens a name (J. Smith, S. Typhi), unlike that of vitamin D and group B."""
    if word.lower() in _WORDS["openers"]:
        return False
    previous = before[-1].strip(f"{_OPENING},;:")
    if previous.lower() in _WORDS["before_initials"]:
        return not (len(before) > 1 and _is_letter(before[-2].strip(f"{_OPENING},;")))
    if previous.lower() in _WORDS["labels"] or _is_letter(previous) or (previous.isupper() and not word.isupper()):
        return previous.endswith(".")
    return previous[:1].isupper() or before[-1].endswith(",")


def _is_letter(word: str) -> bool:
    return len(word) == 1 and word.isupper()
