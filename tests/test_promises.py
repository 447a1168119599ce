"""Every row of the README's table of what cannot happen has its section in docs/promises.md, which names tests that exist."""

from __future__ import annotations

import ast
import re

import pytest
from samples import ROOT

pytestmark = pytest.mark.quick


def rows() -> list[str]:
    """What cannot happen, as the README's table has it, without links."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| never | because |\n|---|---|\n")[2].partition("\n\n")[0]
    cells = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()]
    return [re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", cell).replace("`", "") for cell in cells]


def sections() -> dict[str, str]:
    """The page's sections by their headings."""
    page = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))


def test_the_page_has_a_section_for_each_row_in_the_readmes_order() -> None:
    """And none besides."""
    assert len(rows()) > 10
    assert list(sections()) == [row[0].upper() + row[1:] for row in rows()]


@pytest.mark.parametrize("heading", sections())
def test_each_section_names_what_was_tried_and_tests_that_exist(heading: str) -> None:
    """By file and function."""
    section = sections()[heading]
    assert "Tried: " in section
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", section)
    assert named
    assert len(named) == section.count("::")
    for file, function in named:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}::{function}"
