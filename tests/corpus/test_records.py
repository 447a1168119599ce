"""Records parse or refuse; nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from samples import abstract

from ragqa.corpus.records import Abstract, Notice, NoticeKind

pytestmark = pytest.mark.quick

TEXT = st.text(min_size=1).filter(lambda text: text.strip())
SECTIONS = st.lists(st.fixed_dictionaries({"label": st.one_of(st.none(), TEXT), "text": TEXT}), max_size=5)


@given(sections=SECTIONS, title=st.one_of(st.none(), TEXT))
def test_every_record_round_trips_and_its_sections_are_slices(sections: list[dict[str, str]], title: str | None) -> None:
    """A record written as JSON and read again is equal, and each section is exactly its slice of the text."""
    record = Abstract.model_validate(abstract(1, sections=sections, title=title))
    assert Abstract.model_validate_json(record.model_dump_json()) == record
    for section, (label, start, end) in zip(record.sections, record.spans(), strict=True):
        assert (label, record.text[start:end]) == (section.label, section.text)


def test_a_doi_has_one_spelling() -> None:
    """DOIs are case-insensitive, so two spellings are one source."""
    upper = Abstract.model_validate(abstract(1, id="doi:10.1176/APPI.AJP.163.5.833"))
    assert upper.id == "doi:10.1176/appi.ajp.163.5.833"
    assert upper.pmid is None


@pytest.mark.parametrize("bad", ["pmid:", "pmid:0", "pmid:12a", "doi:11.1/x", "12345", "article:x", "doc:", "doc:a b", ""])
def test_an_id_that_names_nothing_is_refused(bad: str) -> None:
    """A malformed identifier never becomes a record, and the message shows what is expected."""
    with pytest.raises(ValidationError, match="is not a source id"):
        Abstract.model_validate(abstract(1, id=bad))


@pytest.mark.parametrize("field", [{"title": ""}, {"journal": "  "}, {"sections": [{"text": ""}]}, {"colour": "red"}])
def test_empty_metadata_and_unknown_fields_are_refused(field: dict[str, object]) -> None:
    """Missing is None; an empty string or a field nobody knows is a fault."""
    with pytest.raises(ValidationError):
        Abstract.model_validate(abstract(1, **field))


@pytest.mark.parametrize(("kind", "retracted"), [("retraction", True), ("correction", False), ("expression_of_concern", False)])
def test_only_a_retraction_retracts(kind: str, retracted: bool) -> None:
    """Corrections and expressions of concern are notices, not retractions."""
    record = Abstract.model_validate(abstract(1, notices=[{"kind": kind}]))
    assert record.notices == (Notice(kind=NoticeKind(kind)),)
    assert record.retracted is retracted
