"""Gold conversations: well formed, citable, and the measures computed as they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from samples import ROOT

from ragqa.corpus.folder import citable, load_corpus
from ragqa.errors import CorpusError
from ragqa.evaluation.conversations import GOLD, OURS, RAW, evaluate_dialogues, load_dialogues
from ragqa.pipeline import Ragqa


def test_the_bundled_conversations_are_whole() -> None:
    """At least sixty, of 3 to 6 turns, half dev, half test; what they want cited is citable; what is no answer cites nothing."""
    dialogues = load_dialogues(ROOT / "eval" / "conversations")
    assert len(dialogues) >= 60
    assert {len(dialogue.turns) for dialogue in dialogues} <= {3, 4, 5, 6}
    assert sum(dialogue.split == "dev" for dialogue in dialogues) == len(dialogues) / 2
    assert len({dialogue.id for dialogue in dialogues}) == len(dialogues)
    allowed = citable(load_corpus(ROOT / "corpus")).ids()
    for turn in (turn for dialogue in dialogues for turn in dialogue.turns):
        wanted = {source for group in turn.must_cite for source in group}
        assert wanted | set(turn.may_cite) <= allowed
        assert bool(wanted) == (turn.expect == "answered")


def test_the_tables_hold_every_system_and_turn(ragqa: Ragqa) -> None:
    """Two conversations: rows per turn and system, recall in 0..1, and a rewrite that is the question measures the same."""
    dialogues = [d for d in load_dialogues(ROOT / "eval" / "conversations") if d.split == "dev"][:2]
    found = evaluate_dialogues(ragqa, dialogues)
    turns = sum(len(dialogue.turns) for dialogue in dialogues)
    assert len(found["rows"]) == turns * len(found["after_the_first"])
    assert set(found["after_the_first"]) >= {RAW, OURS, GOLD, "all turns", "last turn + title"}
    for row in found["rows"]:
        assert row["recall_at_5"] is None or 0 <= row["recall_at_5"] <= 1
    same = [d for d in dialogues for t in d.turns if t.question == t.standalone]
    assert same
    assert sum(systems[OURS]["turns"] for systems in found["by_turn"].values()) == turns


def test_a_damaged_file_is_named_with_every_fault(tmp_path: Path) -> None:
    """As everywhere: file and line."""
    (tmp_path / "x.jsonl").write_text('{"id": "a"}\nnot json\n')
    with pytest.raises(CorpusError, match=r"x\.jsonl"):
        load_dialogues(tmp_path)
    with pytest.raises(CorpusError, match="holds no conversations"):
        load_dialogues(tmp_path / "none")
