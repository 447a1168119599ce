"""Drafts to checked drafts: worded for the reader, and dropped where a source does not say them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ragqa.checking.support import unsupported
from ragqa.composing.draft import Draft, Quote
from ragqa.corpus.records import Abstract, Article
from ragqa.language.corroboration import uncorroborated
from ragqa.language.sentences import without_markers
from ragqa.language.wording import plain, spell_out
from ragqa.settings import Audience

Records = Mapping[str, Article | Abstract]
"""What was retrieved for this answer, by source id."""


def verified(drafts: Sequence[Draft], records: Records, audience: Audience) -> list[Draft]:
    """The drafts that the checker passes, each with the quotes that support it.

    A draft that is not its source's own sentence is dropped; a rewording that cannot be proven falls back to that sentence.
    """
    passed = []
    for draft, plainly in zip(drafts, _reworded(drafts, records, audience), strict=True):
        own, *others = draft.quotes
        if draft.text == without_markers(_words_of(own, records)):
            text = draft.text if unsupported(plainly.text, draft.text) else plainly.text
            kept = [quote for quote in others if uncorroborated(_words_of(own, records), _words_of(quote, records)) is None]
            passed.append(replace(draft, text=text, quotes=(own, *kept)))
    return passed


def _reworded(drafts: Sequence[Draft], records: Records, audience: Audience) -> list[Draft]:
    """Abbreviations spelled out at first use; for patients plain language too."""
    seen: set[str] = set()
    reworded = []
    for draft in drafts:
        text = spell_out(draft.text, records[draft.quotes[0].passage.source_id].text, seen)
        reworded.append(replace(draft, text=plain(text) if audience == "patient" else text))
    return reworded


def _words_of(quote: Quote, records: Records) -> str:
    return records[quote.passage.source_id].text[quote.start : quote.end]
