"""Kinds of damage, the files of an installation that get it, and who may be down for it."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ARTICLE, OTHER = "memantine-ocd", "memantine-autism"
KINDS = (
    "truncated",
    "torn",
    "swapped",
    "wrong content",
    "unreadable",
    "pipe",
    "link to itself",
    "folder",
    "empty",
    "byte flipped",
    "wrong encoding",
)
INDEX = frozenset({"ask", "ready", "question", "emergency"})
TYPES: dict[str, tuple[str, frozenset[str]]] = {
    "article": (f"corpus/articles/{ARTICLE}.md", frozenset({"check", "index"})),
    "abstracts": ("corpus/abstracts/*.jsonl", frozenset({"check", "index"})),
    "review log": ("corpus/reviews.jsonl", frozenset({"check", "index"})),
    "approved text": (f"corpus/approved/{ARTICLE}/*.md", frozenset()),
    "CURRENT": ("index/CURRENT", INDEX),
    "manifest": ("index/*/manifest.json", INDEX),
    "passages": ("index/*/passages.sqlite", INDEX),
    "vectors": ("index/*/vectors.f32", INDEX),
    "list of segments": ("index/*/lexical/segments.json", INDEX),
    "tantivy's list": ("index/*/lexical/meta.json", INDEX),
    "segment": ("index/*/lexical/*.term", INDEX),
    "catalogue": ("index/catalogue.sqlite", frozenset()),
    "embeddings": ("index/embeddings.sqlite", frozenset()),
    "library": ("library.sqlite", frozenset({"library"})),
    "accounts": ("serving/accounts.sqlite", frozenset()),
    "archive": ("serving/answers.sqlite", frozenset({"conversation"})),
    "conversation": ("serving/conversations/*.jsonl", frozenset({"conversation"})),
    "secret": ("serving/secret", frozenset()),
}
"""File type -> where it is, and which steps may fail, in one line, while it is damaged. An ``index`` step never needs what it
rebuilds; a server may need the index to start, so that all but its emergency answer may wait for it."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One damage to one file."""

    type: str
    kind: str
    seed: int


def chosen(count: int, seed: int) -> list[Damage]:
    """Every type with every kind, in an order of the seed; from the start again, with other bytes, where more are wanted."""
    pairs = [(name, kind) for name in TYPES for kind in KINDS]
    random.Random(seed).shuffle(pairs)
    return [Damage(*pairs[number % len(pairs)], seed + number) for number in range(count)]


def damaged(one: Damage, folder: Path) -> Path:
    """Do the damage; the file it was done to."""
    file = sorted(folder.glob(TYPES[one.type][0]))[0]
    data = file.read_bytes()
    if file.suffix == ".sqlite":
        for other in (file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
            other.unlink(missing_ok=True)
    file.unlink()
    if one.kind == "pipe":
        os.mkfifo(file)
    elif one.kind == "link to itself":
        file.symlink_to(file.name)
    elif one.kind == "folder":
        file.mkdir()
    else:
        file.write_bytes(changed(one, data, folder))
    if one.kind == "unreadable":
        file.chmod(0)
    return file


def changed(one: Damage, data: bytes, folder: Path) -> bytes:
    """The bytes in place of those that were there."""
    text = b"\0" not in data[:4096] and one.type != "secret"
    place = random.Random(one.seed).randrange(max(1, len(data)))
    swaps = (
        (folder / "library.sqlite" if one.type != "library" else folder / "serving" / "secret")
        if text
        else (folder / "corpus" / "articles" / f"{OTHER}.md")
    )
    made: dict[str, Callable[[], bytes]] = {
        "truncated": lambda: data[: len(data) // 2],
        "torn": lambda: data[:-7],
        "swapped": lambda: swaps.read_bytes(),
        "wrong content": lambda: other_content(one.type, data),
        "unreadable": lambda: data,
        "empty": lambda: b"",
        "byte flipped": lambda: data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :],
        "wrong encoding": lambda: data.decode("latin-1").encode("utf-16"),
    }
    return made[one.kind]()


def other_content(name: str, data: bytes) -> bytes:
    """Well-formed, but not what belongs there."""
    if name in ("article", "approved text"):
        return b"---\ntitle: [1, {2: 3}]\nupdated: 2026-13-45\ntopics: !!python/object:os.system x\n---\n\n## Answer\n\nYes.\n"
    if name in ("abstracts", "review log", "conversation"):
        return b'[1, 2]\n{"id": 7, "article": null, "question": {}}\n'
    if name == "CURRENT":
        return b"../../elsewhere\n"
    if name == "manifest":
        return json.dumps(
            json.loads(data) | {"dimension": -(10**30), "counts": [], "files": {"passages.sqlite": "much"}}
        ).encode()
    if name in ("list of segments", "tantivy's list"):
        return b'[{"first": "a"}, 7]'
    if name in ("vectors", "segment", "secret"):
        return bytes(len(data))
    with tempfile.TemporaryDirectory() as place:
        database = sqlite3.connect(Path(place) / "other.sqlite")
        database.execute("CREATE TABLE versions (colour TEXT)")
        database.commit()
        database.close()
        return (Path(place) / "other.sqlite").read_bytes()
