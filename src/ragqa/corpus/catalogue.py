"""What each file of a corpus held when it was last read, kept beside the index: a build reads again only what changed.

    indexes/<name>/catalogue.sqlite     per file its stamp; per source its place, its digest and what the gate must know

An article is read every time: its stamp is the SHA-256 of its bytes. A file of abstracts whose stamp (device, inode, size,
times of change of content and of status, in nanoseconds) is as it was is not opened; any other is compared with what was read
before, line by line by SHA-256, and only lines that stood nowhere before are parsed. What a stamp proves:
``docs/decisions/0018-growing.md``. A file with a fault has no stamp, so that it is looked at, and told of, every time. The
catalogue holds places, not records: ``record`` reads the corpus itself and refuses what is no longer what was catalogued.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from ragqa.corpus.articles import article_file, parse_article
from ragqa.corpus.faults import (
    abstract_of,
    citation_faults,
    duplicate,
    empty,
    event_faults,
    folder_faults,
    marker_faults,
    raise_all,
    told,
)
from ragqa.corpus.folder import require_folder
from ragqa.corpus.gate import Gate, review_states
from ragqa.corpus.records import Abstract, Article, ReviewEvent, ReviewState, digest_of
from ragqa.corpus.reviewlog import Log, head_of, known_log
from ragqa.errors import CorpusChanged, Fault, InvalidRecord, printable_name
from ragqa.files import UNREADABLE, json_object, open_stream, raw_lines, sha256_of
from ragqa.files.aside import discard
from ragqa.files.databases import is_damage
from ragqa.files.places import require_usable

CATALOGUE = "catalogue.sqlite"
PARSING = "1"
"""Raise it whenever the same line or article would become another record: every catalogue is then made anew."""

SETTLED = 2.0
"""Seconds a file must have been left alone before its stamp is trusted: file systems keep times in steps of up to two seconds,
so that a second change within one step would not show.
"""

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""

STREAMS = 64
"""Files of abstracts held open at a time while records are read."""

_TABLES = """
CREATE TABLE made_by (parsing TEXT);
CREATE TABLE files (number INTEGER PRIMARY KEY, name TEXT UNIQUE, stamp TEXT);
CREATE TABLE sources (
    id TEXT PRIMARY KEY, kind TEXT, digest BLOB, retracted INTEGER, file INTEGER, line INTEGER, start INTEGER, length INTEGER,
    sha256 BLOB, citations TEXT
) WITHOUT ROWID;
CREATE INDEX places ON sources (file, start);
"""
_ASIDE = "CREATE TEMP TABLE aside (sha256 BLOB PRIMARY KEY, id TEXT, digest BLOB, retracted INTEGER) WITHOUT ROWID"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate decided on a source: ``reason`` is None for one that may be indexed, else why it is left out."""

    id: str
    kind: str
    digest: bytes
    reason: str | None


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a JSON Lines file: its number, its first byte and its bytes."""

    number: int
    start: int
    data: bytes

    @property
    def end(self) -> int:
        return self.start + len(self.data)


class Catalogue:
    """The sources of one corpus folder, as they were when ``refresh`` was last called. One process at a time may have it open."""

    def __init__(self, file: Path, corpus: Path) -> None:
        self.corpus = corpus
        self.reviews: tuple[ReviewEvent, ...] = ()
        self.faults: tuple[Fault, ...] = ()
        self._names: dict[int, str] = {}
        self._streams: dict[int, IO[bytes]] = {}
        self._database = _opened(file)

    @property
    def review_head(self) -> str | None:
        """Chain of the last event of the review log."""
        return head_of(self.reviews) or None

    def refresh(self, progress: Progress) -> None:
        """Bring the catalogue up to date with the folder; progress counts thousands of bytes of files that may have changed.

        An article or a line with a fault is set aside, and ``faults`` name it, as long as nothing approved depends on it.

        Raises:
            CorpusError: what an approved article says or cites has a fault, or the review log cannot be relied on; with every
                fault of every file. The catalogue is as it was.
        """
        require_folder(self.corpus)
        self._close_streams()
        found = _Faults()
        log = known_log(self.corpus)
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._refresh(progress, found)
            self._database.execute("DELETE FROM temp.aside")
            if self._blocking(log, found):
                raise_all(told(self.corpus, found.all()))
            self._set_faulty_aside(found)
        except BaseException:
            if self._database.in_transaction:  # a full disk has ended it already
                self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
        self.reviews = log.events
        self.faults = tuple(told(self.corpus, found.all()))
        self._names = dict(self._database.execute("SELECT number, name FROM files").fetchall())

    def decisions(self, abstracts: str) -> Iterator[Decision]:
        """Every source in the order of its id, with the gate's decision; ``abstracts`` as for ``gate.Gate``."""
        articles = {
            source.removeprefix("article:"): (sha256.hex(), json.loads(citations))
            for source, sha256, citations in self._database.execute(
                "SELECT id, sha256, citations FROM sources WHERE kind = 'article'"
            )
        }
        states = review_states({slug: sha256 for slug, (sha256, _) in articles.items()}, self.reviews)
        gate = Gate(states, {slug: citations for slug, (_, citations) in articles.items()}, abstracts)
        for source, kind, digest, retracted in self._database.execute(
            "SELECT id, kind, digest, retracted FROM sources ORDER BY id"
        ):
            reason = (
                gate.article(source.removeprefix("article:"))
                if kind == "article"
                else gate.abstract(source, retracted=bool(retracted))
            )
            yield Decision(source, kind, digest, reason)

    def record(self, source_id: str) -> Article | Abstract:
        """The record of a catalogued source, read from its place in the corpus.

        Raises:
            CorpusChanged: the place does not hold what was catalogued: the corpus is being changed at this moment.
        """
        number, line, start, length, digest = self._database.execute(
            "SELECT file, line, start, length, digest FROM sources WHERE id = ?", (source_id,)
        ).fetchone()
        file = self.corpus / self._names[number]
        found: Article | Abstract | Fault | None = None
        with suppress(InvalidRecord, *UNREADABLE):
            found = parse_article(file) if length is None else self._abstract(number, line, start, length)
        if found is None or isinstance(found, Fault) or record_digest(found) != digest:
            raise CorpusChanged(file, line, f"{source_id} was changed while the index was being built: run `ragqa index` again")
        return found

    def close(self) -> None:
        """Release the files."""
        self._database.close()
        self._close_streams()

    def _close_streams(self) -> None:
        while self._streams:
            self._streams.popitem()[1].close()

    def _abstract(self, number: int, line: int, start: int, length: int) -> Abstract | Fault:
        file = self.corpus / self._names[number]
        if number not in self._streams:
            if len(self._streams) >= STREAMS:
                self._streams.pop(next(iter(self._streams))).close()
            self._streams[number] = _seekable(file)
        stream = self._streams[number]
        stream.seek(start)
        return abstract_of(json_object(stream.read(length), file, line), file, line)

    def _refresh(self, progress: Progress, found: _Faults) -> None:
        known = {name: (number, stamp) for number, name, stamp in self._database.execute("SELECT number, name, stamp FROM files")}
        present = _files(self.corpus)
        for name in [name for name in present if name != printable_name(name)]:
            found.of("", [Fault(file=self.corpus / name, line=None, message="its name is no text on one line: rename the file")])
            del present[name]
        for name in known.keys() - present.keys():
            self._set_aside(known[name][0])
            self._database.execute("DELETE FROM sources WHERE file = ?", (known[name][0],))
            self._database.execute("DELETE FROM files WHERE number = ?", (known[name][0],))
        changed = {name: stamp for name, stamp in present.items() if known.get(name, (0, None))[1] != stamp or not stamp}
        reading = _Bytes(progress, sum(_size(self.corpus / name) for name in changed))
        rest: dict[str, tuple[int, _Line | None]] = {}
        for name, stamp in changed.items():
            number = self._number(name, stamp)
            rest[name] = (number, self._first_difference(name, number, found, reading))
        for name, (number, line) in rest.items():
            if name.endswith(".md"):
                self._read_article(name, number, found, reading)
            elif line is not None:
                self._read_abstracts(name, number, line, found, reading)
        reading.finish()

    def _number(self, name: str, stamp: str) -> int:
        """The number of a file, noted with its new stamp."""
        upsert = "INSERT INTO files (name, stamp) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET stamp = excluded.stamp"
        self._database.execute(upsert, (name, stamp))
        (number,) = self._database.execute("SELECT number FROM files WHERE name = ?", (name,)).fetchone()
        return int(number)

    def _first_difference(self, name: str, number: int, found: _Faults, reading: _Bytes) -> _Line | None:
        """The first line that is not what was read before, None where all is; what stood there and after it is forgotten.

        Of a file that cannot be read on, what comes after that place is forgotten too.
        """
        if name.endswith(".md"):
            self._database.execute("DELETE FROM sources WHERE file = ?", (number,))
            return None
        before = self._database.execute("SELECT start, sha256 FROM sources WHERE file = ? ORDER BY start", (number,))
        differing, read = None, _Line(0, 0, b"")
        try:
            for line in _lines(self.corpus / name):
                if isinstance(line, Fault):
                    differing = _Line(read.number + 1, read.end, b"")
                    break
                if before.fetchone() != (line.start, hashlib.sha256(line.data).digest()):
                    differing = line
                    break
                read = line
                reading.add(len(line.data))
        except InvalidRecord as error:
            found.of(name, error.faults)
        self._set_aside(number, differing.start if differing else read.end)
        return differing

    def _set_aside(self, number: int, start: int = 0) -> None:
        """Forget where the lines of a file stood, from byte ``start`` on, but not what they held: most will stand elsewhere."""
        lines = "SELECT sha256, id, digest, retracted FROM sources WHERE file = ? AND start >= ?"
        self._database.execute(f"INSERT OR IGNORE INTO temp.aside {lines}", (number, start))
        self._database.execute("DELETE FROM sources WHERE file = ? AND start >= ?", (number, start))

    def _read_article(self, name: str, number: int, found: _Faults, reading: _Bytes) -> None:
        reading.add(_size(self.corpus / name))
        try:
            article = parse_article(self.corpus / name)
        except InvalidRecord as error:
            found.of(name, error.faults)
            return
        found.of(name, marker_faults(self.corpus, article))
        place = (number, None, None, None, bytes.fromhex(article.sha256), json.dumps(article.citations))
        self._insert((article.id, "article", record_digest(article), False, *place))

    def _read_abstracts(self, name: str, number: int, first: _Line, found: _Faults, reading: _Bytes) -> None:
        file = self.corpus / name
        for line in found.lines(name, _lines(file, first.start, first.number - 1)):
            if isinstance(line, Fault):
                found.of(name, [line])
                continue
            reading.add(len(line.data))
            sha256 = hashlib.sha256(line.data).digest()
            held = self._held(line, sha256, file)
            if isinstance(held, Fault):
                found.of(name, [held])
                continue
            source, digest, retracted = held
            try:
                place = (number, line.number, line.start, len(line.data), sha256, None)
                self._insert((source, "abstract", digest, retracted, *place))
            except sqlite3.IntegrityError:
                found.of(name, [self._duplicate(source, name, line.number)])
                found.ambiguous.add(source)

    def _held(self, line: _Line, sha256: bytes, file: Path) -> tuple[str, bytes, bool] | Fault:
        """Id, digest and retraction of the record in a line; it is parsed only where no such line stood anywhere before."""
        aside = self._database.execute("SELECT id, digest, retracted FROM temp.aside WHERE sha256 = ?", (sha256,)).fetchone()
        if aside is not None:
            return aside[0], aside[1], bool(aside[2])
        abstract = abstract_of(json_object(line.data, file, line.number), file, line.number)
        return abstract if isinstance(abstract, Fault) else (abstract.id, record_digest(abstract), abstract.retracted)

    def _insert(self, row: tuple[Any, ...]) -> None:
        self._database.execute("INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def _duplicate(self, source_id: str, name: str, line: int) -> Fault:
        """Of two places the one that comes later is at fault."""
        other = self._database.execute(
            "SELECT name, line FROM sources JOIN files ON number = file WHERE id = ?", (source_id,)
        ).fetchone()
        (first, first_line), (second, second_line) = sorted([other, (name, line)])
        return duplicate(self.corpus / second, second_line, source_id, f"{Path(first).name}:{first_line}")

    def _blocking(self, log: Log, found: _Faults) -> bool:
        """Note what only all files together show; whether anything approved depends on a fault, or faults leave nothing."""
        (count,) = self._database.execute("SELECT count(*) FROM (SELECT 1 FROM sources LIMIT 1)").fetchone()
        if not (count or found.by_file):
            found.of("", [empty(self.corpus)])
        of_folders = folder_faults(self.corpus)
        found.of("", [*filter(None, [log.fault]), *event_faults(self.corpus, log.events), *of_folders])
        rows = self._database.execute("SELECT id, sha256, citations FROM sources WHERE kind = 'article' ORDER BY id").fetchall()
        states = review_states({source.removeprefix("article:"): sha256.hex() for source, sha256, _ in rows}, log.events)
        blocking = not count or bool(of_folders) or (log.fault is not None and not log.torn)
        approved = 0
        for source, _, listed in rows:
            slug, citations = source.removeprefix("article:"), json.loads(listed)
            name = f"articles/{slug}.md"
            found.of(name, citation_faults(article_file(self.corpus, slug), citations, _Held(self._database)))
            faulty = name in found.by_file or not found.ambiguous.isdisjoint(citations)
            blocking = blocking or (faulty and states[slug] is ReviewState.APPROVED)
            approved += not faulty and states[slug] is ReviewState.APPROVED
        emptied = any(name.endswith(".md") for name in found.by_file) and not approved
        return blocking or emptied

    def _set_faulty_aside(self, found: _Faults) -> None:
        """Articles with a fault are no sources; files with one are read again next time."""
        for name in filter(None, found.by_file):
            if name.endswith(".md"):
                where = "file = (SELECT number FROM files WHERE name = ?)"
                self._database.execute(f"DELETE FROM sources WHERE {where}", (name,))
            self._database.execute("UPDATE files SET stamp = '' WHERE name = ?", (name,))


class _Faults:
    """What is wrong, by the file it is in ("" for what no one file shows), and ids that stand more than once."""

    def __init__(self) -> None:
        self.by_file: dict[str, list[Fault]] = {}
        self.ambiguous: set[str] = set()

    def of(self, name: str, faults: Iterable[Fault]) -> None:
        """Note the faults of a file, if any."""
        if faults := list(faults):
            self.by_file.setdefault(name, []).extend(faults)

    def lines(self, name: str, lines: Iterator[_Line | Fault]) -> Iterator[_Line | Fault]:
        """The same lines, up to where the file cannot be read on."""
        try:
            yield from lines
        except InvalidRecord as error:
            self.of(name, error.faults)

    def all(self) -> list[Fault]:
        """Every fault."""
        return [fault for faults in self.by_file.values() for fault in faults]


class _Held:
    """The ids of the catalogued abstracts, for ``in``."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __contains__(self, source: object) -> bool:
        found = self._database.execute("SELECT 1 FROM sources WHERE id = ? AND kind = 'abstract'", (source,)).fetchone()
        return found is not None


class _Bytes:
    """Tells how much of the changed files was read, in steps that a reader can see."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total = progress, total
        self._done = self._told = 0
        progress("reading kB", 0, total // 1000)

    def add(self, count: int) -> None:
        self._done += count
        if self._done - self._told >= 1 << 20:
            self._told = self._done
            self._progress("reading kB", min(self._done, self._total) // 1000, self._total // 1000)

    def finish(self) -> None:
        self._progress("reading kB", self._total // 1000, self._total // 1000)


def record_digest(record: Article | Abstract) -> bytes:
    """sha256 of the whole record, so that any edit of it shows."""
    return bytes.fromhex(digest_of(record.model_dump_json()))


def _opened(file: Path) -> sqlite3.Connection:
    """The catalogue's file; one that another ragqa made, or that is damaged, is made anew: all it says can be read again."""
    for last in (False, True):
        try:
            require_usable(file)
            database = sqlite3.connect(file, isolation_level=None)
        except OSError:
            if last:
                raise
            discard(file)
            continue
        try:
            if database.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
                database.executescript(f"BEGIN;{_TABLES}INSERT INTO made_by VALUES ('{PARSING}');COMMIT;")
            if database.execute("SELECT parsing FROM made_by").fetchone() == (PARSING,):
                database.execute(_ASIDE)
                return database
        except sqlite3.DatabaseError as error:
            database.close()
            if last or not is_damage(error):
                raise
        database.close()
        discard(file)
    raise sqlite3.OperationalError(f"{file} cannot be made")


def _files(corpus: Path) -> dict[str, str]:
    """Name and stamp of every file of records, sorted."""
    files = [*sorted((corpus / "articles").glob("*.md")), *sorted((corpus / "abstracts").glob("*.jsonl"))]
    return {f"{file.parent.name}/{file.name}": _stamp(file) for file in files}


def _stamp(file: Path) -> str:
    """What tells whether a file was changed; "" where nothing does, as of one that cannot be read."""
    try:
        if file.suffix == ".md":
            return sha256_of(file)
        status = file.stat()
    except OSError:
        return ""
    changed = max(status.st_mtime_ns, status.st_ctime_ns)
    if time.time_ns() - changed < SETTLED * 1e9:
        return ""
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def _size(file: Path) -> int:
    """Bytes of a file; 0 for a link that leads nowhere."""
    with suppress(OSError):
        return file.stat().st_size
    return 0


def _lines(file: Path, start: int = 0, before: int = 0) -> Iterator[_Line | Fault]:
    """The lines from byte ``start`` on, with ``before`` lines before it; of a gzipped file these are its unpacked bytes."""
    try:
        with open_stream(file) as stream:
            stream.seek(start)
            for number, data in raw_lines(stream, file):
                if isinstance(data, Fault):
                    yield Fault(file=file, line=number + before, message=data.message)
                else:
                    yield _Line(number + before, stream.tell() - len(data), data)
    except UNREADABLE as error:
        raise InvalidRecord(file, None, f"cannot be read: {error}") from error


def _seekable(file: Path) -> IO[bytes]:
    """The file, open for reading anywhere. A gzipped one is unpacked aside: every step back in it would unpack it again."""
    stream = open_stream(file)
    if not isinstance(stream, gzip.GzipFile):
        return stream
    with stream:
        unpacked = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads records closes it
        shutil.copyfileobj(stream, unpacked)
        return cast("IO[bytes]", unpacked)
