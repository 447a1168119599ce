"""The answer's invariants: it cannot be made without a disclaimer, a citation, or a source that says it."""

from __future__ import annotations

import pytest
from answers import PASSAGE, RECORD, RECORDS, SECOND, answer, draft
from pydantic import ValidationError
from samples import abstract

from ragqa.answer.contract import DISCLAIMERS, Answer
from ragqa.checking.statements import Statement, Support, cite
from ragqa.corpus.parts import Part
from ragqa.corpus.passages import passages
from ragqa.corpus.records import Abstract
from ragqa.errors import UncitedStatement, UnknownCitation, UnsupportedStatement
from ragqa.question.refusal import Status

pytestmark = pytest.mark.quick


def test_a_right_answer_is_made_and_its_json_has_the_contract_names() -> None:
    """The names that programs depend on, schema first."""
    made = answer().to_json()
    assert next(iter(made)) == "schema"
    assert made["schema"] == "ragqa.answer/1"
    assert {"id", "question", "standalone_question", "status", "statements", "references", "evidence"} <= made.keys()
    assert {"conflicts", "message", "disclaimer", "audience", "review_state", "trace"} <= made.keys()
    support = made["statements"][0]["support"][0]
    assert support.keys() == {"reference", "passage", "quote", "start", "end", "score"}
    assert RECORD.text[support["start"] : support["end"]] == support["quote"]
    assert made["references"][0]["source_id"] == "pmid:101"


@pytest.mark.parametrize("text", ["", "short", " " * 60, "\u202e" * 60, "\u200b" * 60, "x" * 60, DISCLAIMERS["patient"]])
def test_no_answer_without_its_disclaimer(text: str) -> None:
    """Nothing, a stub, what nobody sees, another text, that for another reader: refused when made and when read from a file."""
    with pytest.raises(ValidationError):
        answer(disclaimer=text)
    kept = answer().to_json()
    assert Answer.model_validate(kept).disclaimer == DISCLAIMERS["clinician"]
    with pytest.raises(ValidationError):
        Answer.model_validate(kept | {"disclaimer": text})


def test_a_statement_without_citation_is_refused() -> None:
    """Neither without number nor without quote."""
    good = answer().statements[0]
    for change in ({"citations": ()}, {"support": ()}):
        with pytest.raises(UncitedStatement):
            answer(statements=(good.model_copy(update=change),))


def test_a_citation_that_resolves_to_nothing_rejects_the_answer() -> None:
    """A number outside the references never survives with its sentence."""
    good = answer().statements[0]
    with pytest.raises(UnknownCitation):
        answer(statements=(good.model_copy(update={"citations": (1, 2)}),))
    with pytest.raises(UnknownCitation):
        answer(references=())


def test_a_source_that_was_not_retrieved_cannot_be_cited() -> None:
    """A real record is still unknown when it was not retrieved for this answer."""
    with pytest.raises(UnknownCitation, match="pmid:101 was not retrieved"):
        cite([draft()], {})


@pytest.mark.parametrize("change", [{"start": -1}, {"end": 10_000}, {"start": SECOND, "end": SECOND}])
def test_offsets_outside_the_passage_are_refused(change: dict[str, int]) -> None:
    """A quote must be a slice of the passage."""
    with pytest.raises(UnsupportedStatement):
        cite([draft(**change)], RECORDS)


@pytest.mark.parametrize("part", ["Drug A", "drug A lowers it.", "lowers it.", "It is unclear whether drug A"])
def test_a_part_of_a_sentence_cannot_be_quoted(part: str) -> None:
    """It may say what the whole does not."""
    whole = "It is unclear whether drug A lowers it."
    record = Abstract.model_validate(abstract(101, sections=[{"label": None, "text": whole}]))
    (place,) = passages(record, 1800)
    records = {record.id: record}
    assert cite([draft(whole, passage=place, start=0, end=len(whole))], records)
    start = whole.index(part) if part in whole else whole.index("drug A")
    with pytest.raises(UnsupportedStatement, match="no whole sentence"):
        cite([draft(part, passage=place, start=start, end=start + len(part))], records)


def test_a_passage_that_is_not_what_its_source_says_is_refused() -> None:
    """A store that was tampered with shows at once."""
    forged = PASSAGE.model_copy(update={"text": PASSAGE.text.replace("101", "999")})
    with pytest.raises(UnsupportedStatement):
        cite([draft(passage=forged)], RECORDS)


def test_abstaining_needs_a_message_and_no_statements() -> None:
    """A value, not an empty string: status and message belong together."""
    assert answer(status=Status.INSUFFICIENT_EVIDENCE, statements=(), references=(), message="Nothing on this.").statements == ()
    with pytest.raises(ValidationError, match="must be told why"):
        answer(status=Status.INSUFFICIENT_EVIDENCE, statements=(), references=())
    with pytest.raises(ValidationError, match="exactly when"):
        answer(status=Status.INSUFFICIENT_EVIDENCE, message="Nothing on this.")


def test_sources_are_numbered_by_first_use() -> None:
    """One number a source, in order of first use, however often it is cited."""
    other = Abstract.model_validate(abstract(102))
    place = passages(other, 1800)[0]
    drafts = [draft(passage=place, text=other.text[SECOND:]), draft(), draft(passage=place, text=other.text[SECOND:])]
    statements, used = cite(drafts, {**RECORDS, other.id: other})
    assert [statement.citations for statement in statements] == [(1,), (2,), (1,)]
    assert used == ("pmid:102", "pmid:101")


def test_answers_are_frozen() -> None:
    """What was checked cannot be changed afterwards."""
    made = answer()
    with pytest.raises(ValidationError):
        made.disclaimer = ""  # type: ignore[misc]
    statement = Statement(text="x", section=Part.SAFETY, citations=(1,), support=())
    with pytest.raises(ValidationError):
        statement.text = "y"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Support(reference=1, passage="p", quote="q", start=0, end=1, score=0.5, extra=1)  # type: ignore[call-arg]
