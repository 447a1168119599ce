"""A house's own names: what is read, and every fault with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragqa.corpus.vocabulary import FILE, House, house_vocabulary
from ragqa.language.vocabulary import NOTHING, compiled

pytestmark = pytest.mark.quick


def house(folder: Path, text: str | bytes) -> House:
    """The house whose file holds this."""
    (folder / FILE).write_bytes(text if isinstance(text, bytes) else text.encode())
    return house_vocabulary(folder)


def test_a_corpus_without_such_a_file_adds_nothing(tmp_path: Path) -> None:
    """And has no fault."""
    assert house_vocabulary(tmp_path) == House()


def test_names_join_the_concept_that_is_known_or_make_one(tmp_path: Path) -> None:
    """By kind; members may be named by any of their names; no_names takes a name away."""
    read = house(
        tmp_path,
        """
[drug]
"Memantine" = ["Axuramed"]
"Zorbin" = []
[drug_class]
"house starters" = []
[members]
"house starters" = ["Zorbin", "Namenda"]
[no_names]
"brands we do not use" = ["Zyprexa"]
""",
    )
    assert read.faults == ()
    held = compiled().with_added(read.added)
    assert [meaning.id for meaning in held.meanings("axuramed")] == ["drug:memantine"]
    assert [meaning.id for meaning in held.meanings("ZORBIN")] == ["drug:zorbin"]
    assert held.meanings("Zyprexa") == ()
    (starters,) = held.meanings("house starters")
    assert held.reached(starters, up=False) >= {"drug:zorbin", "drug:memantine"}
    assert "drug:olanzapine" not in held.reached(starters, up=False)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('[drug]\n"a drug" = ["one"\n', None, "no TOML"),
        ("[drug]\nx = = 1\n", 2, "no TOML"),
        ('# one\n[drugs]\n"zorbin" = []\n', 2, "no such section"),
        ("drug = 3\n", 1, "must be a section"),
        ('[drug]\n\n"zorbin" = "one"\n', 3, "must be a list"),
        ('[drug]\n"zorbin" = [1]\n', 2, "must be a list"),
        ('[drug]\n"?" = []\n', 2, "two letters"),
        ('[drug]\n"zorbin" = ["one two three four five six seven eight nine"]\n', 2, "8 words"),
        (f'[drug]\n"{"z" * 101}" = []\n', 2, "100 characters"),
        ('[members]\n"no such class" = ["memantine"]\n', 2, "no class of drugs"),
        ('[members]\n"SSRIs" = ["sertraline", "zorbin"]\n', 2, "'zorbin' is no drug"),
        (b'[drug]\n"\xff" = []\n', 2, "not UTF-8"),
        (b'[drug]\n"a\x00" = []\n', 2, "NUL"),
    ],
)
def test_every_fault_has_its_line(tmp_path: Path, text: str | bytes, line: int | None, message: str) -> None:
    """Whatever the file holds: malformed, of another form, of another encoding."""
    (fault,) = house(tmp_path, text).faults
    assert message in fault.message
    assert fault.file == tmp_path / FILE
    if line is not None:
        assert fault.line == line


def test_what_has_a_fault_adds_nothing_and_the_rest_does(tmp_path: Path) -> None:
    """A wrong line does not take the others with it."""
    read = house(tmp_path, '[drug]\n"zorbin" = []\n"?" = []\n')
    assert len(read.faults) == 1
    assert compiled().with_added(read.added).known("zorbin")


def test_too_many_names_are_none(tmp_path: Path) -> None:
    """A file that is no vocabulary is not held in memory for ever."""
    read = house(tmp_path, "[drug]\n" + "".join(f'"zorbin{at}x" = []\n' for at in range(20_001)))
    assert read.added == NOTHING
    assert "20000 at most" in read.faults[0].message
