"""The names that published studies go by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import abstract

from ragqa.corpus.credits import FIRST, credits, folded
from ragqa.corpus.records import Abstract

pytestmark = pytest.mark.quick


def named(*authors: str, journal: str | None = None) -> frozenset[str]:
    """What a record of these authors goes by."""
    return credits(Abstract.model_validate(abstract(1, authors=list(authors), journal=journal)))


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("Ridker PM", {"ridker"}),
        ("Nissen SE Jr", {"nissen"}),
        ("Müller-Lissner S", {"muller-lissner", "muller", "lissner"}),
        ("van der Berg JA", {"van der berg"}),
        ("O'Connor CM", {"o'connor"}),
        ("Okafor, Chidi", {"okafor"}),
        ("SPRINT Research Group", {"sprint"}),
        ("et al", set()),
        ("World Health Organization", set()),
    ],
)
def test_a_study_goes_by_the_family_name_or_the_acronym_of_its_group(author: str, names: set[str]) -> None:
    """Without initials, suffixes and accents; a body without an acronym is no name of a study."""
    assert named(author) == names


@pytest.mark.parametrize(
    ("journal", "names"),
    [
        ("Cochrane Database of Systematic Reviews", {"cochrane"}),
        ("JAMA Internal Medicine", {"jama"}),
        ("Lancet", {"lancet"}),
        ("Annals of Internal Medicine", set()),
        (None, set()),
    ],
)
def test_a_journal_is_a_name_where_studies_are_called_by_it(journal: str | None, names: set[str]) -> None:
    """By its acronym, its only word, or the name of its collaboration."""
    assert named(journal=journal) == names


@given(st.lists(st.from_regex(r"[A-Z][a-z]{3,9} [A-Z]{1,2}", fullmatch=True), max_size=8))
def test_only_the_first_authors_name_a_study(authors: list[str]) -> None:
    """Each by one folded name."""
    assert named(*authors) == {folded(author.split()[0]) for author in authors[:FIRST]}
