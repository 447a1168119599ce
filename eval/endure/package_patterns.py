"""Every regular expression of a package: constants, those in containers and classes, those made in functions, pydantic's.

Used by ``tests/test_patterns.py`` (no pattern of ragqa is worse than linear) and ``patterns.py`` (how long each takes).
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ragqa.language.lexicon import lexicon

CALLS = {"compile": 1, "search": 2, "match": 2, "fullmatch": 2, "findall": 2, "finditer": 2, "split": 3, "sub": 4, "subn": 4}
"""Functions of ``re`` that take a pattern first, and where their flags stand."""
CHECKED_BY_PYDANTIC = {"StringConstraints", "Field", "Path", "Query", "Form"}
STAND_INS: dict[str, dict[str, Sequence[Any]]] = {
    "evidence/clarity": {"name": ("BPD",)},
    "checking/alignment": {"pattern": (r"word\s+word\s+word",)},
    "evaluation/cases": {"pattern": ("word",)},  # of a file of cases: an evaluator's own, run by nobody else
    "evaluation/judging": {"pattern": ("word",)},
    "question/danger": {"name": tuple(lexicon("question", "triage"))},
    "language/scales/band": {"pattern": ("severe(?:ly)?",), "name": ("severe",)},
    "language/wording": {"short": ("PD",), "form": ("personality disorder",), "longest_first": (["adverse effects", "placebo"],)},
}
"""By module, as a path: values for the local names that a pattern made inside a function is built from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A pattern and its place in the code; ``engine`` is "pydantic" where Rust's linear engine runs it, else "re"."""

    place: str
    pattern: re.Pattern[Any]
    engine: str = "re"


def patterns(package: str = "ragqa", strict: bool = True) -> list[Found]:
    """Every pattern of a package: compiled constants, also inside containers and classes, literals in functions, pydantic's.

    Raises:
        NameError: a pattern is made inside a function of something ``STAND_INS`` does not know; else it is left out.
    """
    root = importlib.import_module(package)
    names = [info.name for info in pkgutil.walk_packages(root.__path__, f"{package}.") if not info.name.endswith("__main__")]
    found = [each for name in names for each in _of_module(importlib.import_module(name), strict)]
    return list({(each.pattern.pattern, each.pattern.flags): each for each in reversed(found)}.values())[::-1]


def _of_module(module: ModuleType, strict: bool) -> Iterator[Found]:
    file = Path(str(module.__file__))
    tree = ast.parse(file.read_text(encoding="utf-8"))
    named = f"{module.__name__.partition('.')[2].replace('.', '/')}"
    lines = {target.id: node.lineno for node in ast.walk(tree) for target in _targets(node) if isinstance(target, ast.Name)}
    for name, value in vars(module).items():
        if name in lines:  # assigned here, not imported from where it is found already
            yield from (Found(place=f"{named}:{lines[name]} {name}", pattern=pattern) for pattern in _held(value))
    for function in (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))):
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            try:
                made = list(_called(call, module, STAND_INS.get(named, {})))
            except NameError:
                if strict:
                    raise
                continue
            yield from (Found(place=f"{named}:{call.lineno}", pattern=pattern) for pattern in made)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        for keyword in call.keywords:
            if keyword.arg == "pattern" and getattr(call.func, "id", "") in CHECKED_BY_PYDANTIC:
                pattern = eval(compile(ast.Expression(keyword.value), "pattern", "eval"), vars(module))
                yield Found(place=f"{named}:{call.lineno}", pattern=re.compile(pattern), engine="pydantic")


def _targets(node: ast.AST) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []


def _held(value: object) -> Iterator[re.Pattern[Any]]:
    """Patterns in a value: itself, or inside containers and classes."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        yield from (pattern for held in value.values() for pattern in _held(held))
    elif isinstance(value, (tuple, list, set, frozenset)):
        yield from (pattern for held in value for pattern in _held(held))
    elif isinstance(value, type):
        yield from (pattern for held in vars(value).values() if isinstance(held, re.Pattern) for pattern in _held(held))


def _called(call: ast.Call, module: ModuleType, stand_ins: Mapping[str, Sequence[Any]]) -> Iterator[re.Pattern[Any]]:
    """The patterns of a call of ``re`` inside a function."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "re" else ""
    if name not in CALLS or not call.args:
        return
    wanted = [call.args[0], *(keyword.value for keyword in call.keywords if keyword.arg == "flags"), *call.args[CALLS[name] :]]
    local = {node.id for part in wanted for node in ast.walk(part) if isinstance(node, ast.Name)} & stand_ins.keys()
    for n in range(max((len(stand_ins[key]) for key in local), default=1)):
        values = vars(module) | {key: stand_ins[key][n % len(stand_ins[key])] for key in local}
        pattern, *flags = (eval(compile(ast.Expression(part), "pattern", "eval"), values) for part in wanted)
        yield pattern if isinstance(pattern, re.Pattern) else re.compile(pattern, *flags)
