"""When two words are forms of one."""

from __future__ import annotations

import pytest

from ragqa.language.roots import holds_root, root

pytestmark = pytest.mark.quick


def test_forms_of_a_word_share_its_root() -> None:
    """Its first letters, as many as asked for."""
    assert root("randomised") == root("randomly") == "random"
    assert root("randomised", 7) != root("randomly", 7)
    assert root("drug") == "drug"


@pytest.mark.parametrize(
    ("stem", "held", "same"),
    [
        ("pregnant", "pregnanc", True),
        ("perfus", "perfor", False),
        ("treat", "treatment", False),
    ],
)
def test_stems_are_of_one_root_when_they_begin_alike(stem: str, held: str, same: bool) -> None:
    """Most of the stem; a short one is only itself."""
    assert holds_root({held, "other"}, stem) is same
