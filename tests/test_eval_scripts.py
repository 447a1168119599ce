"""The scripts of eval/: each is told in its README, and finds what it imports. None is run here: that takes minutes to hours."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from samples import ROOT

pytestmark = pytest.mark.quick
EVAL = ROOT / "eval"
FOLDERS = ("learn", "measure", "endure", "report")
MODULES = sorted(EVAL.rglob("*.py"))
SCRIPTS = [file for file in MODULES if '\nif __name__ == "__main__":\n' in file.read_text(encoding="utf-8")]
README = (EVAL / "README.md").read_text(encoding="utf-8")
OWN = {file.stem: file for file in MODULES}


def name(file: Path) -> str:
    """A file's path from the project's top."""
    return str(file.relative_to(ROOT))


def imports(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Modules that a file imports names from, at its top or in a function, with the names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)


def defined(file: Path) -> set[str]:
    """Names at the top of a module of eval/."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    imported = {name for _, names in imports(tree) for name in names}
    return bound | imported | {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


@pytest.mark.parametrize("script", SCRIPTS, ids=name)
def test_every_script_has_a_row_and_says_how_it_is_run(script: Path) -> None:
    """With its command in the README, in one of the four folders, and first lines that say what it is."""
    assert re.search(rf"^\| `[^`|]*python {re.escape(name(script))}\b[^`|]*` \| [^|]+ \| [^|]+ \|$", README, re.MULTILINE)
    assert script.relative_to(EVAL).parts[0] in FOLDERS
    assert ast.get_docstring(ast.parse(script.read_text(encoding="utf-8")))


def test_the_readme_names_nothing_that_is_gone() -> None:
    """Neither a script nor a results file."""
    assert {found for found in re.findall(r"eval/[a-z_]+/[a-z_/]+\.py", README) if not (ROOT / found).exists()} == set()
    assert {found for found in re.findall(r"`([a-z-]+\.json)`", README) if not (EVAL / "results" / found).exists()} == set()


@pytest.mark.parametrize("file", MODULES, ids=name)
def test_every_name_that_is_imported_is_there(file: Path) -> None:
    """In the package and in the modules of eval/ itself, so that a move cannot strand a script that nobody runs for months."""
    for module, names in imports(ast.parse(file.read_text(encoding="utf-8"))):
        if module.split(".")[0] == "ragqa":
            found = import_module(module)
            assert [one for one in names if not hasattr(found, one) and not find_spec(f"{module}.{one}")] == []
        elif module in OWN:
            assert OWN[module].parent in (file.parent, EVAL / "shared")
            assert set(names) <= defined(OWN[module])


def test_modules_stay_short() -> None:
    """Each about one thing."""
    assert {name(file) for file in MODULES if len(file.read_text(encoding="utf-8").splitlines()) > 350} == set()


def test_modules_of_one_path_have_names_of_their_own() -> None:
    """A script's folder and shared/ are on one path: a name that stands in both would hide a module."""
    shared = {file.stem for file in (EVAL / "shared").glob("*.py")}
    assert [name(file) for file in MODULES if file.stem in shared and file.parent.name != "shared"] == []
