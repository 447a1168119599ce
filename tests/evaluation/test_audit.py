"""`ragqa verify`: ragqa's own answers pass; invented, swapped, retracted and uncited statements do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ragqa.errors import InvalidRecord
from ragqa.evaluation.audit import CitedText, audit, read_cited_texts
from ragqa.pipeline import Ragqa
from ragqa.settings import Settings

QUESTIONS = ("Does lithium prevent suicide?", "Does DBT reduce self-harm?", "What are the side effects of memantine?")
TRIAL = "In 33 people with BPD, an 8-week placebo-controlled trial added memantine 10 mg/day for 7 days and then 20 mg/day."


@pytest.mark.parametrize("audience", ["clinician", "patient"])
def test_answers_of_ragqa_pass_their_own_audit(ragqa: Ragqa, audience: Any) -> None:
    """Every statement, for either reader."""
    for question in QUESTIONS:
        checks = audit(CitedText.model_validate(ragqa.ask(question, audience=audience).to_json()), ragqa)
        assert checks
        assert {check.outcome for check in checks} == {"supported"}


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Memantine 20 mg/day was tested in 33 people with BPD for 8 weeks [1].", "supported"),
        ("In 93 people with BPD, an 8-week placebo-controlled trial added memantine [1].", "not_enough"),
        ("In 33 people with BPD, an 8-month placebo-controlled trial added memantine [1].", "not_enough"),
        ("In 33 people with BPD, an 8-week placebo-controlled trial added ketamine [1].", "not_enough"),
        ("Memantine cures BPD [7].", "unknown_source"),
        ("Memantine cures BPD.", "uncited"),
    ],
)
def test_outside_text_is_checked_sentence_by_sentence(ragqa: Ragqa, text: str, outcome: str) -> None:
    """What a given source says passes; a changed number, unit or drug, an unknown source, no citation do not."""
    given = CitedText.model_validate({"text": text, "references": [{"number": 1, "text": TRIAL}]})
    (check,) = audit(given, ragqa)
    assert check.outcome == outcome
    assert check.reason


def test_a_source_of_the_index_is_looked_up_and_a_retracted_one_named(ragqa: Ragqa, bundled_settings: Settings) -> None:
    """By its id; what the gate left out says why."""
    from ragqa.corpus.folder import load_corpus

    retracted = next(a.id for a in load_corpus(bundled_settings.corpus).abstracts.values() if a.retracted)
    given = CitedText.model_validate(
        {
            "statements": [
                {
                    "text": "Memantine is not recommended as a first-line treatment for borderline personality disorder.",
                    "citations": [1],
                },
                {"text": "Anything at all about BPD.", "citations": [2]},
                {"text": "Anything at all about BPD.", "citations": [3]},
            ],
            "references": [
                {"number": 1, "source_id": "article:memantine-first-line-bpd"},
                {"number": 2, "source_id": retracted},
                {"number": 3, "source_id": "pmid:99999999"},
            ],
        }
    )
    assert [check.outcome for check in audit(given, ragqa)] == ["supported", "excluded_source", "unknown_source"]


def test_a_quote_that_its_source_does_not_hold_is_false(ragqa: Ragqa) -> None:
    """Invented, or at other offsets than it says."""
    answer = ragqa.ask(QUESTIONS[0]).to_json()
    answer["statements"][0]["support"][0]["quote"] = "Lithium cures everything."
    assert audit(CitedText.model_validate(answer), ragqa)[0].outcome == "false_quote"


DENYING = "No trial found that lithium lowered the number of deaths. Lithium was well tolerated(ABSTRACT TRUNCATED)"


@pytest.mark.parametrize(
    ("text", "quote", "outcome"),
    [
        ("Lithium lowered the number of deaths.", "lithium lowered the number of deaths.", "not_enough"),
        ("Lithium was well tolerated.", "Lithium was well tolerated", "not_enough"),
        (
            "No trial found that lithium lowered the number of deaths.",
            "No trial found that lithium lowered the number of deaths.",
            "supported",
        ),
    ],
)
def test_a_piece_of_a_sentence_as_a_quote_proves_nothing(ragqa: Ragqa, text: str, quote: str, outcome: str) -> None:
    """The sentence it was taken from may deny it, or be cut off before it does."""
    given = CitedText.model_validate(
        {
            "statements": [{"text": text, "citations": [1], "support": [{"reference": 1, "quote": quote}]}],
            "references": [{"number": 1, "text": DENYING}],
        }
    )
    assert audit(given, ragqa)[0].outcome == outcome


def test_the_command_says_what_failed_and_exits_with_1(
    ragqa: Ragqa, bundled_settings: Settings, tmp_path: Path, run: Callable[..., Any]
) -> None:
    """0 when all is supported, 1 when anything is not, one line a statement."""
    answer = ragqa.ask(QUESTIONS[0]).to_json()
    file = tmp_path / "answer.json"
    file.write_text(json.dumps(answer))
    where = ("--corpus", bundled_settings.corpus, "--index", bundled_settings.index)
    good = run("verify", file, *where)
    assert good.exit_code == 0, good.output
    answer["statements"][0]["citations"] = [99]
    file.write_text(json.dumps(answer))
    bad = run("verify", file, *where, "--json")
    assert bad.exit_code == 1
    assert json.loads(bad.output.splitlines()[0])["outcome"] == "unknown_source"
    assert "not supported by what they cite" in bad.output


@pytest.mark.parametrize(
    "content", ["", "not json", '{"statements": 3}', '{"text": ""}', "[1]", '{"text": "A.", "references": [{"x": 1}]}']
)
def test_a_malformed_file_is_refused_with_its_place(tmp_path: Path, content: str) -> None:
    """Nothing is checked, and the reason is given."""
    file = tmp_path / "cited.json"
    file.write_text(content)
    with pytest.raises(InvalidRecord):
        read_cited_texts(file)


def test_several_texts_stand_one_a_line(tmp_path: Path) -> None:
    """JSON Lines, as `ragqa answer` writes them."""
    file = tmp_path / "cited.jsonl"
    file.write_text('{"text": "One [1]."}\n{"text": "Two [1]. Three [2]."}\n')
    assert [len(text.all_statements()) for text in read_cited_texts(file)] == [1, 2]
