"""Word lists: each group says its source, and a damaged list is told in one line."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ragqa
from ragqa.errors import PackageDamaged
from ragqa.language.lexicon import Group, any_of, groups, lexicon

pytestmark = pytest.mark.quick

LISTS = sorted((file.parent.parent.name, file.stem) for file in Path(str(resources.files(ragqa))).glob("*/data/*.toml"))


@pytest.mark.parametrize(("room", "name"), LISTS)
def test_every_list_that_ships_can_be_read_and_used_as_a_pattern(room: str, name: str) -> None:
    """Each entry is a part of a regular expression on its own, so that a slip in one is told by its own text."""
    for group in lexicon(room, name).values():
        assert all(re.compile(entry) for entry in group.entries)


def test_words_are_parted_by_white_space_and_lines_by_line() -> None:
    """A line may hold blanks; the source is kept."""
    found = groups('[a]\nsource = "by hand"\nwords = "one two"\n[b]\nsource = "INN"\nlines = """\n of two\n\n of three \n"""\n')
    assert found == {
        "a": Group(source="by hand", entries=("one", "two")),
        "b": Group(source="INN", entries=("of two", "of three")),
    }
    assert found["b"].pattern == "of two|of three"


def test_entries_may_have_several_forms_and_stand_for_something() -> None:
    """Synonyms as rows, abbreviations as a table."""
    assert Group(source="-", entries=("renal; kidney",)).rows() == (("renal", "kidney"),)
    assert Group(source="-", entries=("CT = cognitive therapy; computed tomography",)).table() == {
        "CT": ("cognitive therapy", "computed tomography")
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[a]\nwords = 'one'", r"\[a\]"),
        ("[a]\nsource = ' '\nwords = 'one'", r"\[a\] must name its source"),
        ("[a]\nsource = 'by hand'\nwords = ' '", r"\[a\] must name its source and hold an entry"),
        ("[a]\nsource = 'by hand'\nwords = ['one']", r"\[a\]"),
        ("[a]\nsource = 'by hand'\nwords = 'one'\nline = 'two'", r"\[a\]"),
        ("a = 1", r"\[a\]"),
        ("[a\nsource = 'by hand'", "line 1"),
    ],
)
def test_a_malformed_list_names_the_group_or_the_line(text: str, told: str) -> None:
    """No source, no entries, another key, another type, no TOML."""
    with pytest.raises(ValueError, match=told):
        groups(text)


def test_a_list_that_is_missing_is_told_with_what_to_do() -> None:
    """As one message of ragqa's, not a traceback."""
    with pytest.raises(PackageDamaged, match=r"nowhere\.toml cannot be used: .*install ragqa again"):
        lexicon("language", "nowhere")


@given(
    st.lists(st.text(alphabet="abc-'", min_size=1, max_size=5), min_size=1, max_size=20), st.text(alphabet="abc-'", max_size=5)
)
def test_a_pattern_of_words_matches_these_words_and_no_others(words: list[str], other: str) -> None:
    """Whatever they begin with."""
    pattern = re.compile(any_of(words))
    assert all(pattern.fullmatch(word) for word in words)
    assert (pattern.fullmatch(other) is not None) == (other in words)
