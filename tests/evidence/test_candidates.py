"""Sentences of the retrieved passages: which may be quoted, as which part of an answer, and where each stands in its source."""

from __future__ import annotations

from pathlib import Path

import pytest
from samples import ARTICLE, abstract

from ragqa.corpus.articles import parse_article
from ragqa.corpus.passages import passages
from ragqa.corpus.records import Abstract, Article, Part
from ragqa.evidence.candidates import Candidate, candidates
from ragqa.evidence.sources import Retrieved, Source
from ragqa.retrieval.retriever import Hit

pytestmark = pytest.mark.quick


@pytest.fixture
def article(tmp_path: Path) -> Article:
    """The sample article."""
    file = tmp_path / "drug-a.md"
    file.write_text(ARTICLE, encoding="utf-8")
    return parse_article(file)


def found(*records: Article | Abstract, barred: frozenset[int] = frozenset(), leads: tuple[str, ...] = ()) -> list[Candidate]:
    """The candidates of records, all of each retrieved."""
    hits = [Hit(passage=p, score=1.0, similarity=0.5, bm25=0.0) for record in records for p in passages(record, 1800)]
    sources = {record.id: Source(record=record, held=frozenset(), design=3, barred=barred) for record in records}
    return candidates(Retrieved(hits=tuple(hits), sources=sources), set(leads))


def trial(text: str, label: str | None = "RESULTS", number: int = 101) -> Abstract:
    """An abstract of one section."""
    return Abstract.model_validate(abstract(number, sections=[{"label": label, "text": text}]))


@pytest.mark.parametrize(
    ("text", "label", "part"),
    [
        ("Drug A lowered the score by four points.", "RESULTS", Part.EVIDENCE),
        ("Nausea and other adverse events were more common with drug A.", "RESULTS", Part.SAFETY),
        ("Adverse events were recorded at each of the visits.", "METHODS", Part.EVIDENCE),
        ("The evidence on long courses is insufficient so far.", "CONCLUSIONS", Part.UNCERTAINTY),
        ("Few women were enrolled in this trial.", "LIMITATIONS", Part.UNCERTAINTY),
        ("Begin with 5 mg once a day.", "DOSAGE", Part.RECOMMENDATION),
        ("Do not combine drug A with drug B.", "WARNINGS", Part.SAFETY),
    ],
)
def test_a_sentence_of_an_abstract_is_told_its_part_by_words_and_label(text: str, label: str, part: Part) -> None:
    """Measuring harm is not a finding about it."""
    assert [candidate.part for candidate in found(trial(text, label))] == [part]


@pytest.mark.parametrize(
    "text",
    [
        "We aimed to compare drug A with placebo.",
        "To determine whether drug A works in adults.",
        "Main outcome measures.",
        "Does drug A lower the score of adults?",
        "Does drug A lower the score of adults?.",
    ],
)
def test_what_found_nothing_out_is_no_candidate(text: str) -> None:
    """Aims, headings, fragments and questions."""
    assert found(trial(text)) == []


@pytest.mark.parametrize("notice", ["(ABSTRACT TRUNCATED AT 250 WORDS)", " …"])
def test_a_sentence_that_its_record_cuts_off_is_no_candidate(notice: str) -> None:
    """What is missing may turn what it says; the sentences before it are whole."""
    text = "Drug A lowered the score by four points. Drug A raised the weight of men and of"
    assert [candidate.text for candidate in found(trial(text + notice))] == ["Drug A lowered the score by four points."]
    closed = f"{text} women. {notice.strip()}"
    assert [candidate.text for candidate in found(trial(closed))][1:] == ["Drug A raised the weight of men and of women."]


def test_a_piece_of_a_sentence_that_is_longer_than_a_passage_is_no_candidate() -> None:
    """Passages cut it anywhere."""
    long = f"Drug A raised the weight {'of men and ' * 200}of women."
    assert [candidate.text for candidate in found(trial(f"Drug A lowered the score. {long} It lowered mood in men."))] == [
        "Drug A lowered the score.",
        "It lowered mood in men.",
    ]


def test_a_label_run_into_the_text_is_left_out_and_the_offsets_follow() -> None:
    """What is quoted is a slice of the source."""
    record = trial("RESULTS: Drug A lowered the score by four points.", None)
    (candidate,) = found(record)
    assert candidate.text == record.text[candidate.start : candidate.end] == "Drug A lowered the score by four points."
    assert candidate.words == f"{record.title} {candidate.text}"


def test_a_sentence_that_no_passage_holds_whole_is_no_candidate() -> None:
    """Cut at white space to fit, each part of it may say what the whole does not; its neighbours stay."""
    long = f"It is unclear whether {'in adults or children ' * 12}drug A lowers the score, as drug A lowers the score in half."
    record = trial(f"Drug A was given for a year. {long} Half of the adults went home.")
    hits = [Hit(passage=p, score=1.0, similarity=0.5, bm25=0.0) for p in passages(record, 200)]
    sources = {record.id: Source(record=record, held=frozenset(), design=3, barred=frozenset())}
    told = [candidate.text for candidate in candidates(Retrieved(hits=tuple(hits), sources=sources), set())]
    assert told == ["Drug A was given for a year.", "Half of the adults went home."]


def test_a_sentence_of_two_sources_is_a_candidate_once() -> None:
    """Of the source that was nearer."""
    text = "Drug A lowered the score by four points."
    assert [candidate.source_id for candidate in found(trial(text), trial(text.upper(), number=102))] == ["pmid:101"]


def test_a_sentence_of_an_article_knows_what_it_rests_on(article: Article) -> None:
    """In the part that its editors gave it; markers are no part of its text; it leads where the article is on this question."""
    told = found(article, leads=(article.id,))
    assert [(c.part, c.rests_on) for c in told] == [
        (Part.RECOMMENDATION, {"pmid:101"}),
        (Part.EVIDENCE, {"pmid:101"}),
        (Part.EVIDENCE, {"pmid:102"}),
        (Part.KEY_POINT, {"pmid:101"}),
    ]
    assert all(candidate.lead and "[" not in candidate.text for candidate in told)


def test_a_sentence_that_rests_on_what_is_barred_is_no_candidate(article: Article) -> None:
    """The others of the same article are."""
    assert [candidate.rests_on for candidate in found(article, barred=frozenset({1}))] == [{"pmid:102"}]
