"""Every regular expression of a package, and for each the texts that nearly match it: what a bad pattern chokes on.

Used by ``tests/test_patterns.py`` (no pattern of ragqa is worse than linear) and ``patterns.py`` (how long each takes).
``sre`` below is the one place that reads the standard library's own parser, which is private.
"""

from __future__ import annotations

import ast
import importlib
import multiprocessing
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from re import _parser as sre  # type: ignore[attr-defined] # private: the tests say when a new Python changes it
from types import ModuleType
from typing import Any

CALLS = {"compile": 1, "search": 2, "match": 2, "fullmatch": 2, "findall": 2, "finditer": 2, "split": 3, "sub": 4, "subn": 4}
"""Functions of ``re`` that take a pattern first, and where their flags stand."""
CHECKED_BY_PYDANTIC = {"StringConstraints", "Field", "Path", "Query", "Form"}
STAND_INS: dict[str, dict[str, Sequence[Any]]] = {
    "evidence/clarity": {"abbreviation": ("BPD",)},
    "checking/checker": {"pattern": (r"word\s+word\s+word",)},
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


Tree = Sequence[tuple[Any, Any]]
"""What the parser makes of a pattern: pairs of an operation and its arguments."""
REPEATS = {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}
POOL = "aA1 .,-'&/_\n(\"[x]:;#%=@?!Zz09\t)<>\x00"
"""Characters tried for a set: letters, digits and the marks that patterns of prose name."""
END = "\x00\n"
"""What no word, number or mark goes on with, and no line."""
WORDS = (
    "a", "A", "1", " ", ".", ",", "\n", "-", "'", "[", "(", "a ", "A ", "1 ", "a.", "a-", "1,", "Aa ", "Aa-Aa ", "aA1", "[1]",
    "[1] ", "(a) ", " \n", ". ", ", ", "Name Surname ", "the ", "not ", "and the ", "is it ", "a\n", "# ", "* ", "1.1 ",
    "a@", "a@a.", "http://", "<a>", "---\n",
)  # fmt: skip
"""Pumped whatever the pattern is."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A text of any size: ``before`` once, then ``pump`` again and again, then what fails."""

    before: str
    pump: str

    def fill(self, size: int) -> str:
        """The text of about this many characters."""
        return self.before + self.pump * max((size - len(self.before)) // len(self.pump), 1) + END

    def __str__(self) -> str:
        return f"{self.before!r} {self.pump!r} {self.pump!r} ..."


def near_misses(pattern: re.Pattern[Any]) -> list[Unit]:
    """Texts that begin as the pattern does, go on as its repeats do and end as it does not."""
    return list(dict.fromkeys(_units(pattern)))


def _units(pattern: re.Pattern[Any]) -> Iterator[Unit]:
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    tree = list(sre.parse(source, pattern.flags & ~re.UNICODE))
    yield from (Unit("", word) for word in WORDS)
    for variant in range(4):
        whole = _example(tree, variant)
        yield from (Unit("", text) for text in (whole, whole[:-1], f"{whole} ", f"{whole[:-1]} ") if text)
    for before, body in _repeats(tree, ""):
        pumps = [text for text in dict.fromkeys(_example(body, n) for n in range(_variants(body))) if text]
        for pump in [*pumps, "".join(pumps), " ".join(pumps)]:
            if pump:
                yield Unit(before, pump)
                yield Unit("", before + pump * 2)
                yield Unit("", f"{before}{pump} ")


def _repeats(tree: Tree, before: str) -> Iterator[tuple[str, Tree]]:
    """Each repeated part with an example of what comes before it."""
    for operation, value in tree:
        for inner in _inside(operation, value):
            if operation in REPEATS and value[1] > 1:
                yield before, inner
            yield from _repeats(inner, before)
        before += _example([(operation, value)], 0)


def _inside(operation: Any, value: Any) -> list[Tree]:
    if operation in REPEATS:
        return [list(value[2])]
    if operation is sre.BRANCH:
        return [list(part) for part in value[1]]
    if operation is sre.SUBPATTERN:
        return [list(value[3])]
    if operation is sre.ATOMIC_GROUP:
        return [list(value)]
    if operation in (sre.ASSERT, sre.ASSERT_NOT):
        return [list(value[1])]
    return []


def _variants(tree: Tree) -> int:
    """How many examples show each alternative and each sort of character once."""
    own = [len(_choices(operation, value)) for operation, value in tree]
    return max([1, *own, *(_variants(part) for operation, value in tree for part in _inside(operation, value))])


def _example(tree: Tree, variant: int) -> str:
    """A text that the tree matches but for its look-arounds; ``variant`` chooses among alternatives and characters."""
    return "".join(_one(operation, value, variant) for operation, value in tree)


def _one(operation: Any, value: Any, variant: int) -> str:
    if operation in REPEATS:
        return _example(list(value[2]), variant) * max(value[0], min(1, value[1]))
    if operation in (sre.SUBPATTERN, sre.ATOMIC_GROUP):
        return _example(_inside(operation, value)[0], variant)
    choices = _choices(operation, value)
    chosen = choices[variant % len(choices)] if choices else ""
    return chosen if isinstance(chosen, str) else _example(chosen, variant // len(choices))


def _choices(operation: Any, value: Any) -> list[Any]:
    """The alternatives of a branch, or the characters of the pool that a set takes; nothing for what has no width."""
    if operation is sre.BRANCH:
        return _inside(operation, value)
    if operation is sre.LITERAL:
        return [chr(value)]
    if operation is sre.NOT_LITERAL:
        return [char for char in POOL if char != chr(value)][:2]
    if operation is sre.ANY:
        return ["a", " "]
    if operation is sre.IN:
        named = [chr(low) for kind, low in value if kind is sre.LITERAL]
        return [*(char for char in POOL if _in_set(char, value)), *(char for char in named if char not in POOL)][:12]
    return []


def _in_set(char: str, items: Sequence[tuple[Any, Any]]) -> bool:
    taken = any(_takes(char, kind, value) for kind, value in items)
    return taken != any(kind is sre.NEGATE for kind, _ in items)


def _takes(char: str, kind: Any, value: Any) -> bool:
    if kind is sre.LITERAL:
        return ord(char) == value
    if kind is sre.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    if kind is not sre.CATEGORY:
        return False
    sort = str(value).rpartition("_")[2]
    taken = {"DIGIT": char.isdigit(), "SPACE": char.isspace(), "WORD": char.isalnum() or char == "_"}[sort]
    return taken != ("_NOT_" in str(value))


METHODS = ("finditer", "fullmatch", "search", "sub")
"""The first two do all the work: ``search``, ``sub``, ``split`` walk as ``finditer`` does, ``match`` as ``fullmatch``."""
SMALL = 4_000
"""Characters at which all near-misses are tried, to find the slowest."""
SLOWEST = 3
"""Near-misses of a pattern, the slowest by each of the first two methods, that are tried at full size and by every method."""


def seconds(pattern: re.Pattern[Any], method: str, unit: Unit, size: int) -> float:
    """Processor time of one run over a whole text: every match, or the one there is."""
    text: Any = unit.fill(size) if isinstance(pattern.pattern, str) else unit.fill(size).encode("utf-8")
    started = time.thread_time()
    if method == "sub":
        pattern.sub(text[:0], text)
    elif method == "finditer":
        for _ in pattern.finditer(text):
            pass
    else:
        getattr(pattern, method)(text)
    return time.thread_time() - started


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """A text on which a pattern did not come to an end within the limit."""

    found: Found
    method: str
    unit: Unit
    size: int

    def __str__(self) -> str:
        return f"{self.found.place}: {self.method} of {self.unit} at {self.size} characters"


@dataclass(frozen=True, slots=True)
class Run:
    """What a worker does next: one pattern, by its number, over one text."""

    number: int
    method: str
    unit: Unit
    size: int


def slow(found: Sequence[Found], size: int, limit: float, workers: int = 2) -> list[Slow]:
    """The patterns that take more than ``limit`` seconds of processor time on a near-miss of up to ``size`` characters.

    Each worker is a process under a timer of the operating system, which ends it: no engine has to be asked to stop.

    Raises:
        RuntimeError: a worker ended for another reason.
    """
    with ThreadPoolExecutor(workers) as pool:
        shares = pool.map(lambda n: list(_watched(found[n::workers], size, limit)), range(workers))
        return [each for share in shares for each in share]


def _watched(found: Sequence[Found], size: int, limit: float) -> Iterator[Slow]:
    context, waiting = multiprocessing.get_context("spawn"), list(found)
    while waiting:
        ours, theirs = context.Pipe(duplex=False)
        sources = [(each.pattern.pattern, each.pattern.flags) for each in waiting]
        worker = context.Process(target=_work, args=(theirs, sources, size, limit))
        worker.start()
        theirs.close()
        with ours:
            last = _last(ours)
        worker.join()
        if worker.exitcode == 0:
            return
        if worker.exitcode != -signal.SIGPROF or last is None:
            raise RuntimeError(f"the worker ended with {worker.exitcode} at {last}")
        yield Slow(found=waiting[last.number], method=last.method, unit=last.unit, size=last.size)
        waiting = waiting[last.number + 1 :]


def _last(reports: Connection) -> Run | None:
    """The last that a worker said before it ended."""
    last: Run | None = None
    while True:
        try:
            last = reports.recv()
        except EOFError:
            return last


def _work(reports: Connection, sources: Sequence[tuple[Any, int]], size: int, limit: float) -> None:
    for number, source in enumerate(sources):
        pattern = re.compile(*source)

        def timed(method: str, unit: Unit, size: int, number: int = number, pattern: re.Pattern[Any] = pattern) -> float:
            """Say what is done next and do it under a timer whose signal nobody handles, so that it ends the process."""
            reports.send(Run(number, method, unit, size))
            signal.setitimer(signal.ITIMER_PROF, limit)
            took = seconds(pattern, method, unit, size)
            signal.setitimer(signal.ITIMER_PROF, 0)
            return took

        for unit in slowest(pattern, lambda unit, method: timed(method, unit, SMALL)):
            for method in METHODS:
                timed(method, unit, size)


def slowest(pattern: re.Pattern[Any], timed: Callable[[Unit, str], float]) -> list[Unit]:
    """The near-misses that take a pattern longest, by each of the first two methods."""
    units = near_misses(pattern)
    return list(
        dict.fromkeys(
            unit
            for method in METHODS[:2]
            for _, unit in sorted(((-timed(unit, method), unit) for unit in units), key=lambda each: each[0])[:SLOWEST]
        )
    )
