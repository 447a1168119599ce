"""Words that are passed over: one home for the stop lists, which share what they can (``data/stop.toml``).

Each use leaves out what carries no meaning there, so the lists differ on purpose: "not" tells nothing of what a condition is
called, and much of what a follow-up asks.
"""

from __future__ import annotations

from ragqa.language.lexicon import lexicon


def _all(*names: str) -> frozenset[str]:
    groups = lexicon("language", "stop")
    return frozenset(word for name in names for word in groups[name].entries)


BEFORE_A_NAME = _all("joints", "auxiliaries", "persons", "before_a_name")
"""What stands before the name of a condition or a therapy and is no part of it."""
OF_FOLLOW_UPS = _all("joints", "persons", "follow_up")
"""Words of a follow-up question that say nothing beside what it names."""
OF_CARDS = _all("joints", "auxiliaries", "card")
"""Words that tell no sentence of a source from another."""
OF_CLAIMS = _all("claim")
"""Words left out where a claim is held against a sentence."""
