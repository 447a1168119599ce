"""Identifiers taken out of a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from ragqa.question.privacy.forms import PUBLICATION, codes, formed
from ragqa.question.privacy.names import names, unlisted_names
from ragqa.question.privacy.phones import phones
from ragqa.question.privacy.places import places
from ragqa.question.privacy.spans import WORDS, Found, Identifier, meets, without_accents

_HEADING = re.compile(
    rf"(?:(?:(?:{WORDS['heading'].pattern})\b[.:]?\s*){{0,3}}\[(?:{'|'.join(get_args(Identifier))})\]\s*[,:;.]\s*)+(?=\S)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with every identifier replaced by its kind in brackets, and the kinds, each once, as they came."""

    text: str
    kinds: tuple[Identifier, ...] = ()


def redact(text: str) -> Redacted:
    """Replace what could identify a patient: "Anna S., seen May 3, 2024" becomes "[name], seen [date]"."""
    seen = _seen(text)
    text = unicodedata.normalize("NFC", seen)  # an accent that stands by itself parts a name
    parts, at, found = [], 0, identifiers(text)
    if not found:
        return Redacted(seen)
    for span in found:
        parts += [text[at : span.start], f"[{span.kind}]"]
        at = span.end
    return Redacted("".join([*parts, text[at:]]), tuple(dict.fromkeys(span.kind for span in found)))


def _seen(text: str) -> str:
    """A text without the signs that nobody sees: they come along with what is copied from a page, and part names."""
    return text if text.isascii() else "".join(sign for sign in text if unicodedata.category(sign) != "Cf")


def without_heading(redacted: str) -> str:
    """A redacted text without the identifiers it opens with: "Mrs [name], born [date]: is it safe?" asks "is it safe?"."""
    return redacted[match.end() :] if (match := _HEADING.match(redacted)) else redacted


def identifiers(text: str) -> list[Found]:
    """Every identifier in a text, in order, none overlapping: claims on the same words become one, of the longer one's kind."""
    spared = [match.span() for match in PUBLICATION.finditer(text)]
    merged: list[Found] = []
    for claim in sorted(claim for claim in _claims(text) if not meets(spared, claim)):
        if merged and claim.start < merged[-1].end:
            longer = max(merged[-1], claim, key=lambda f: f.end - f.start)
            claim = Found(merged[-1].start, max(merged.pop().end, claim.end), longer.kind)
        merged.append(claim)
    return merged


def _claims(text: str) -> Iterator[Found]:
    """What each rule takes for an identifier; some only beside what another rule found."""
    plain = without_accents(text)
    found = [*formed(text), *names(text, plain), *places(plain), *phones(text)]
    yield from found
    if found:
        yield from codes(text)
    yield from unlisted_names(plain, beside_others=bool(found))
