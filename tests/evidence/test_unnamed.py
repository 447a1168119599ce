"""What no source names is not answered from sources on something else: names drawn from the whole vocabulary, asked for real."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random

import pytest
from samples import ROOT

from ragqa.corpus.folder import citable, load_corpus
from ragqa.language.concepts import broader, links, members
from ragqa.language.vocabulary import Concept, Kind, vocabulary
from ragqa.pipeline import Ragqa
from ragqa.question.refusal import Status

ASKED = {
    Kind.DRUG: (
        "Is {} effective in borderline personality disorder?",
        "What is the dose of {}?",
        "Is {} better than memantine in Alzheimer's disease?",
        "My patient takes {}. Is it safe in depression?",
    ),
    Kind.THERAPY: ("Is {} effective in borderline personality disorder?", "Does {} help in depression?"),
    Kind.CONDITION: ("Is memantine effective in {}?", "What is the treatment of {}?", "Does lithium help patients with {}?"),
    Kind.OUTCOME: ("Does memantine improve {}?", "What is the effect of lithium on {}?"),
}
DRAWN = 25
"""Names of each kind; by hand: a few seconds."""


def compiled() -> Iterator[Concept]:
    """Every concept of the vocabulary."""
    for index in count():
        try:
            yield vocabulary().concept_at(index)
        except IndexError:
            return


def unnamed(kind: Kind) -> list[Concept]:
    """Concepts of a kind that no source of the bundled corpus names, nor a wider or narrower one, in random order."""
    allowed = citable(load_corpus(ROOT / "corpus"), abstracts="cited")
    texts = (f"{record.title}. {record.text}" for record in (*allowed.articles, *allowed.abstracts))
    held = {concept.id for text in texts for link in links(text) for concept in link.concepts}
    every = {concept.id: concept for concept in compiled()}
    found = [one for one in every.values() if one.kind is kind and held.isdisjoint({one.id, *members(one), *broader(one)})]
    Random(1).shuffle(found)
    return [one for one in found if [link.concepts for link in links(f"Is {one.name} safe?")] == [(one,)]]


@pytest.mark.parametrize("kind", ASKED)
def test_what_no_source_names_is_not_answered_without_a_word(ragqa: Ragqa, kind: Kind) -> None:
    """Abstained from, or said before the first statement, under its own name."""
    names = unnamed(kind)[:DRAWN]
    assert len(names) > DRAWN // 2
    for place, one in enumerate(names):
        answer = ragqa.ask(ASKED[kind][place % len(ASKED[kind])].format(one.name))
        if answer.status is Status.ANSWERED:
            assert one.name in " ".join(answer.caveats), answer.question
