"""Passages and sentences are exact slices, whatever the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import ARTICLE, abstract

from ragqa.corpus.articles import parse_article
from ragqa.corpus.parts import Part
from ragqa.corpus.passages import label_at, part_at, passages
from ragqa.corpus.records import Abstract
from ragqa.index import searchable
from ragqa.language.sentences import sentences

pytestmark = pytest.mark.quick

SENTENCE = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=400)


@given(texts=st.lists(SENTENCE.filter(lambda text: text.strip()), min_size=1, max_size=6), limit=st.integers(20, 300))
def test_passages_are_slices_within_the_limit_and_lose_no_word(texts: list[str], limit: int) -> None:
    """For any text: slice equality, the length limit, order without overlap, and only white space is left between passages."""
    record = Abstract.model_validate(abstract(1, sections=[{"text": text} for text in texts]))
    found = passages(record, limit)
    position = 0
    for passage in found:
        assert record.text[passage.start : passage.end] == passage.text
        assert 0 < len(passage.text) <= limit
        assert passage.start >= position
        assert not record.text[position : passage.start].strip()
        position = passage.end
    assert not record.text[position:].strip()


def test_of_a_record_without_text_the_title_can_be_quoted() -> None:
    """Many papers have no abstract: the title is one passage, searched once, not twice."""
    record = Abstract.model_validate(abstract(1, title="Rivastigmine in delirium: a stopped trial.", sections=[]))
    (passage,) = passages(record, 300)
    assert passage.text == record.text == record.title == searchable(record, passage)


def test_an_article_is_cut_at_its_headings(tmp_path: object) -> None:
    """A passage never spans two parts, and markers are read from the sentence they follow."""
    from pathlib import Path

    file = Path(str(tmp_path)) / "drug-a.md"
    file.write_text(ARTICLE)
    article = parse_article(file)
    found = passages(article, 1800)
    assert [part_at(article, passage.start) for passage in found] == [Part.RECOMMENDATION, Part.EVIDENCE, Part.KEY_POINT]
    first, second = sentences(article.text, found[1].start, found[1].end)
    assert first.text.startswith("In a randomised trial")
    assert first.text.endswith("symptom score.")
    assert (first.markers, second.markers) == ((1,), (2,))


def test_a_label_is_found_by_offset() -> None:
    """Of the abstract section that a place stands in."""
    record = Abstract.model_validate(abstract(1))
    assert label_at(record, record.text.index("lowered")) == "RESULTS"
