"""The answers to several questions as one."""

from __future__ import annotations

import pytest
from answers import answer
from hypothesis import given
from hypothesis import strategies as st
from test_assembly import MADE, query

from ragqa.answer.appraisal import LEVELS
from ragqa.answer.combining import combined, tells_more
from ragqa.answer.contract import Answer, Certainty, Conflict, Strength
from ragqa.answer.render import RENDERERS, render, sections
from ragqa.question.refusal import Status

pytestmark = pytest.mark.quick

BASE = answer()
NOTHING = answer(status="insufficient_evidence", statements=(), references=(), message="Nothing on this.")


def of(*sources: str, strength: Strength = "low", **changes: object) -> Answer:
    """An answer that cites these sources, one a statement."""
    references = tuple(
        BASE.references[0].model_copy(update={"number": number, "source_id": source}) for number, source in enumerate(sources, 1)
    )
    statements = tuple(
        BASE.statements[0].model_copy(
            update={
                "text": f"As {source} says.",
                "citations": (number,),
                "support": (BASE.statements[0].support[0].model_copy(update={"reference": number}),),
            }
        )
        for number, source in enumerate(sources, 1)
    )
    certainty = Certainty(strength=strength, why=f"Because {strength}.")
    return answer(statements=statements, references=references, evidence=certainty, **changes)


@given(
    st.lists(
        st.lists(st.sampled_from([f"pmid:{n}" for n in range(1, 6)]), min_size=1, max_size=4, unique=True), min_size=1, max_size=4
    )
)
def test_every_statement_cites_what_it_cited_under_one_list(cited: list[list[str]]) -> None:
    """Each source once, in order of first use; each question has its own statements."""
    whole = combined(query("A? B?"), [of(*sources) for sources in cited], MADE)
    ids = {reference.number: reference.source_id for reference in whole.references}
    flat = [source for sources in cited for source in sources]
    assert [ids[statement.citations[0]] for statement in whole.statements] == flat
    assert list(ids.values()) == list(dict.fromkeys(flat))
    assert [ids[statement.support[0].reference] for statement in whole.statements] == flat
    assert [one.statements for one in whole.questions] == [len(sources) for sources in cited]


def test_what_is_not_answered_is_told_under_its_question() -> None:
    """In every rendering; what an answered one's reader must know stands there too."""
    parts = [of("pmid:1", standalone_question="Does A help?", caveats=("No source speaks of C.",)), NOTHING]
    whole = combined(query("Does A help? And B?"), parts, MADE)
    assert whole.status is Status.ANSWERED
    headings = [heading for heading, _ in sections(whole)]
    assert headings == ["1. Does A help? No source speaks of C.", f"2. {NOTHING.standalone_question} Nothing on this."]
    assert [len(statements) for _, statements in sections(whole)] == [1, 0]
    for style in RENDERERS:
        assert "Nothing on this." in " ".join(render(whole, style).split())


@given(st.lists(st.sampled_from(LEVELS), min_size=1, max_size=4))
def test_the_strength_is_that_of_the_weakest(strengths: list[Strength]) -> None:
    """And each is told for its questions."""
    whole = combined(query("A? B?"), [of("pmid:1", strength=strength) for strength in strengths], MADE)
    assert whole.evidence is not None
    assert whole.evidence.strength == min(strengths, key=LEVELS.index)
    assert all(whole.evidence.why.count(f"Because {strength}.") == 1 for strength in set(strengths))


@pytest.mark.parametrize(
    ("parts", "whole", "more"),
    [
        ([of("pmid:1"), of("pmid:2")], of("pmid:3", "pmid:1"), True),
        ([of("pmid:1"), of("pmid:2", "pmid:3")], of("pmid:3", "pmid:1"), False),
        ([of("pmid:1"), of("pmid:2")], NOTHING, True),
        ([of("pmid:1"), NOTHING], of("pmid:3"), False),
        ([NOTHING, NOTHING], NOTHING, False),
    ],
)
def test_clauses_are_several_questions_where_each_is_answered_by_something_new(
    parts: list[Answer], whole: Answer, more: bool
) -> None:
    """Else the text asks one."""
    assert tells_more(parts, whole) is more


def test_a_disagreement_keeps_its_sides() -> None:
    """Under the numbers of the whole answer."""
    second = of("pmid:2", "pmid:1", conflicts=(Conflict.model_validate({"about": "Gain.", "for": (1,), "against": (2,)}),))
    whole = combined(query("A? B?"), [of("pmid:1"), second], MADE)
    assert [(one.for_, one.against) for one in whole.conflicts] == [((2,), (1,))]


def test_statements_of_no_question_are_refused() -> None:
    """Whoever puts such an answer together."""
    whole = combined(query("A? B?"), [of("pmid:1"), of("pmid:2")], MADE)
    with pytest.raises(ValueError, match="belongs to one of them"):
        Answer.model_validate(whole.model_dump(by_alias=True) | {"questions": [whole.questions[0].model_dump()]})
