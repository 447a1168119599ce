"""What every composer keeps to, the real one and a small one that quotes the best sentence of each source."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from ragqa.checking.drafts import verified
from ragqa.checking.statements import cite
from ragqa.checking.support import check_statement
from ragqa.composing.draft import Composer, Draft, Quote
from ragqa.composing.extractive import ExtractiveComposer
from ragqa.evidence.gathering import Evidence
from ragqa.language.sentences import without_markers
from ragqa.language.wording import plain, spell_out
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked
from ragqa.question.query import Query
from ragqa.settings import Audience, Settings


class BestOfEach:
    """The best judged sentence of each source."""

    fingerprint = "best of each"

    def compose(self, query: Query, evidence: Evidence) -> tuple[Draft, ...]:
        """One draft a source."""
        best = {candidate.source_id: candidate for candidate in reversed(evidence.candidates)}
        return tuple(
            Draft(text=one.text, section=one.part, quotes=(Quote(passage=one.passage, start=one.start, end=one.end, score=1.0),))
            for one in best.values()
        )


COMPOSERS = [ExtractiveComposer(), BestOfEach()]
ANSWERED = ["Is memantine used in obsessive-compulsive disorder?", "Does lithium prevent suicide?"]
UNANSWERED = ["What is the best antibiotic for community-acquired pneumonia?"]


def read(ragqa: Ragqa, question: str) -> tuple[Query, Evidence]:
    """A question with its evidence."""
    query = ragqa.reader().read(Asked(question=question))
    return query, ragqa.gathered(query, ragqa.retrieved(query))


@pytest.mark.parametrize("composer", COMPOSERS, ids=lambda composer: composer.fingerprint)
@pytest.mark.parametrize("question", ANSWERED)
def test_every_draft_names_the_quotes_it_was_made_from(ragqa: Ragqa, composer: Composer, question: str) -> None:
    """Inside passages that were retrieved, so that the checker can hold each against its source."""
    query, evidence = read(ragqa, question)
    drafts = composer.compose(query, evidence)
    assert drafts
    for draft in drafts:
        assert draft.text.strip()
        for quote in draft.quotes:
            assert quote.passage.source_id in evidence.retrieved.records
            assert quote.passage.start <= quote.start < quote.end <= quote.passage.end


@pytest.mark.parametrize("composer", COMPOSERS, ids=lambda composer: composer.fingerprint)
@pytest.mark.parametrize("question", ANSWERED)
def test_what_the_checker_passes_becomes_statements(ragqa: Ragqa, composer: Composer, question: str) -> None:
    """The rest of the way does not ask who wrote a draft."""
    query, evidence = read(ragqa, question)
    records = evidence.retrieved.records
    statements, cited = cite(verified(composer.compose(query, evidence), records, query.audience), records)
    assert statements
    assert set(cited) <= records.keys()
    for statement in statements:
        check_statement(statement)


@pytest.mark.parametrize("composer", COMPOSERS, ids=lambda composer: composer.fingerprint)
@pytest.mark.parametrize("question", UNANSWERED)
def test_behind_a_closed_gate_nothing_is_composed(ragqa: Ragqa, composer: Composer, question: str) -> None:
    """Evidence that is not enough holds no candidates."""
    query, evidence = read(ragqa, question)
    assert evidence.closed
    assert composer.compose(query, evidence) == ()


@pytest.mark.parametrize("composer", COMPOSERS, ids=lambda composer: composer.fingerprint)
def test_equal_evidence_gives_equal_drafts(ragqa: Ragqa, composer: Composer) -> None:
    """And the composer names itself the same way each time."""
    query, evidence = read(ragqa, ANSWERED[0])
    assert composer.compose(query, evidence) == composer.compose(query, evidence)
    assert composer.fingerprint == type(composer)().fingerprint != ""


class Free(BestOfEach):
    """Writes what it likes beside its quotes."""

    fingerprint = "free"

    def __init__(self, write: Callable[[str], str]) -> None:
        self.write = write

    def compose(self, query: Query, evidence: Evidence) -> tuple[Draft, ...]:
        """The drafts of the other, in other words."""
        return tuple(replace(draft, text=self.write(draft.text)) for draft in super().compose(query, evidence))


@pytest.mark.parametrize("audience", ["clinician", "patient"])
@pytest.mark.parametrize(
    "write",
    [
        lambda text: text.partition(",")[0].rpartition(" ")[0],
        lambda text: text.replace("-", ""),
        lambda text: f"Surely {text}",
        lambda text: text.replace("memantine", "ketamine").replace("Memantine", "Ketamine"),
        lambda text: f"{text} Give 40 mg.",
        lambda text: text.upper(),
        lambda text: re.sub(r"\bOCD\b|\bBPD\b", "old chronic dementia (OCD)", text) + " ",
    ],
)
def test_what_a_composer_writes_of_its_own_reaches_no_reader(
    ragqa: Ragqa, write: Callable[[str], str], audience: Audience
) -> None:
    """Whatever it changes: the statements are the sentences of sources, in the wording that can be undone."""
    other = Ragqa(ragqa.settings, ragqa.embedder, ragqa.generation)
    other.composer = Free(write)
    for statement in other.ask(ANSWERED[0], audience=audience).statements:
        own = statement.support[0]
        record = ragqa.generation.record(own.passage.partition("#")[0])
        assert record.text[own.start : own.end] == own.quote
        spelled = spell_out(without_markers(own.quote), record.text, set())
        assert write(without_markers(own.quote)) == without_markers(own.quote)
        assert statement.text in (spelled, without_markers(own.quote), plain(spelled), plain(without_markers(own.quote)))


def test_an_answer_is_made_by_the_composer_it_is_given(ragqa: Ragqa) -> None:
    """Another composer, another answer, with another digest."""
    other = Ragqa(ragqa.settings, ragqa.embedder, ragqa.generation)
    other.composer = BestOfEach()
    ours, theirs = ragqa.ask(ANSWERED[0]), other.ask(ANSWERED[0])
    assert [statement.text for statement in theirs.statements] != [statement.text for statement in ours.statements]
    assert theirs.digest != ours.digest


@pytest.mark.parametrize("composer", COMPOSERS, ids=lambda composer: composer.fingerprint)
def test_another_generation_is_answered_from_by_the_same_composer(bundled_settings: Settings, composer: Composer) -> None:
    """As after a swap of the index: what was chosen stays chosen."""
    with Ragqa.open(bundled_settings) as ragqa:
        ragqa.composer = composer
        with ragqa.beside(ragqa.generation.manifest.generation) as other:
            assert (other.composer, other.reranker, other.embedder) == (composer, ragqa.reranker, ragqa.embedder)
            assert other.generation is not ragqa.generation
            assert other.gate is not ragqa.gate
