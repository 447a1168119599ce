"""For each pattern the texts that nearly match it: what a bad pattern chokes on.

``sre`` below is the one place that reads the standard library's own parser, which is private.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from re import _parser as sre  # type: ignore[attr-defined] # private: the tests say when a new Python changes it
from typing import Any

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
