"""The corpus: articles, abstracts, and the texts kept of approvals."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from pydantic import ValidationError

from ragqa.corpus.abstracts import abstract_files, abstract_line, abstract_of
from ragqa.corpus.articles import approved_text, article_file, article_files, parse_article
from ragqa.corpus.records import Abstract, ReviewEvent
from ragqa.corpus.reviewlog import known_log
from ragqa.editorial.review import put_back
from ragqa.errors import Fault, IndexFault, InvalidRecord
from ragqa.files import UNREADABLE, json_object, open_stream, raw_lines, read_bytes, write_atomic
from ragqa.files.aside import keep_aside
from ragqa.files.places import no_folder
from ragqa.index import current_generation, read_manifest, stored_generations
from ragqa.index.manifest import damage
from ragqa.index.store import PassageStore
from ragqa.mend.found import Damage, reason
from ragqa.settings import Settings


def articles(corpus: Path, restore: bool) -> Iterator[Damage]:
    """Articles that cannot be read. With ``restore`` the text approved last takes their place."""
    if no_folder(corpus / "articles"):
        return  # told once, as that
    reviews = known_log(corpus).events
    missing = {event.article for event in reviews if not os.path.lexists(article_file(corpus, event.article))}
    files = [*article_files(corpus), *(article_file(corpus, slug) for slug in missing)]
    for file in sorted(files):
        try:
            parse_article(file)
        except InvalidRecord as error:
            fault = error.faults[0]
            seen = f"line {fault.line}: {fault.message}" if fault.line else fault.message
            yield _article(corpus, file, seen, reviews, restore)


def _article(corpus: Path, file: Path, seen: str, reviews: Iterable[ReviewEvent], restore: bool) -> Damage:
    try:
        kept = approved_text(corpus, file.stem, reviews)
    except InvalidRecord:
        kept = None
    if kept is None:
        return Damage(
            file=file, seen=seen, advice="mend what is named, or take the file out of the folder; no approved text of it is kept"
        )
    if not restore:
        return Damage(
            file=file, seen=seen, advice="mend what is named, or `ragqa mend --restore` puts back the text approved last"
        )

    def repair() -> str:
        aside = put_back(corpus, kept)
        return "the text approved last was put back" + (f"; what was there is {aside.name}" if aside else "")

    return Damage(file=file, seen=seen, advice="put back the text approved last", repair=repair)


def abstracts(settings: Settings, restore: bool) -> Iterator[Damage]:
    """Files of abstracts with lines that hold no record. With ``restore`` the records that the index holds take their place."""
    for file in abstract_files(settings.corpus):
        good, seen = _records(file)
        if seen is None:
            continue
        if not restore:
            advice = (
                "restore it from a copy or import it again, or `ragqa mend --restore` puts back the records that the index holds"
            )
            yield Damage(file=file, seen=seen, advice=advice)
            continue
        yield Damage(
            file=file, seen=seen, advice="put back the records that the index holds", repair=_restoring(settings, file, good)
        )


def _records(file: Path) -> tuple[list[bytes], str | None]:
    """The lines that hold a record, and what is wrong with the first that does not."""
    good: list[bytes] = []
    wrong: list[str] = []
    ids: set[str] = set()
    try:
        with open_stream(file) as stream:
            for number, line in raw_lines(stream, file):
                value = line if isinstance(line, Fault) else json_object(line, file, number)
                record = abstract_of(value, file, number)
                if isinstance(record, Abstract) and record.id not in ids and isinstance(line, bytes):
                    ids.add(record.id)
                    good.append(line.rstrip(b"\n") + b"\n")
                else:
                    wrong.append(f"line {number}: {record.message if isinstance(record, Fault) else 'stands there twice'}")
    except UNREADABLE as error:
        wrong.append(reason(error))
    more = f" (and {len(wrong) - 1} more lines)" if len(wrong) > 1 else ""
    if not (good or wrong):
        return good, "it holds no record"
    return good, wrong[0] + more if wrong else None


def _restoring(settings: Settings, file: Path, good: list[bytes]) -> Callable[[], str]:
    def repair() -> str:
        held = {str(json_id) for other in _others(file) for json_id in _ids(other)} | set(_ids_of(good, file))
        lost = [record for record in _indexed(settings.index) if record.id not in held]
        lines = [abstract_line(one) for one in lost]
        aside = keep_aside(file)
        if not (good or lines):
            file.unlink(missing_ok=True)
            return f"there was nothing to put back, so it was taken away; what was there is {aside.name}"
        write_atomic(file, [*good, *lines], mode=0o644)
        return (
            f"{len(good)} records kept, {len(lost)} put back from the index; apply lists of retractions again. "
            f"What was there is {aside.name}; records that no approved article cites are only there"
        )

    return repair


def _others(file: Path) -> list[Path]:
    return [other for other in sorted(file.parent.glob("*.jsonl")) if other != file]


def _ids(file: Path) -> Iterator[str]:
    good, _ = _records(file)
    yield from _ids_of(good, file)


def _ids_of(lines: Iterable[bytes], file: Path) -> Iterator[str]:
    for line in lines:
        value = json_object(line, file, 0)
        if isinstance(value, dict):
            yield str(value["id"])


def _indexed(folder: Path) -> list[Abstract]:
    """The abstracts of the newest generation that is whole; none where there is none."""
    for name in dict.fromkeys(filter(None, [current_generation(folder), *stored_generations(folder)])):
        try:
            if damage(folder / name, read_manifest(folder / name)) is None:
                with closing(PassageStore(folder / name)) as store:
                    return list(store.abstracts())
        except (IndexFault, sqlite3.Error, ValidationError):
            continue
    raise IndexFault(f"no generation in {folder} is whole, so that no record can be put back: restore the file from a copy")


def approved(corpus: Path) -> Iterator[Damage]:
    """Texts kept of approvals, each named by its SHA-256."""
    for file in sorted((corpus / "approved").glob("*/*.md")):
        try:
            seen = None if hashlib.sha256(read_bytes(file)).hexdigest() == file.stem else "it is not the text that was approved"
        except OSError as error:
            seen = reason(error)
        if seen is None:
            continue
        present = article_file(corpus, file.parent.name)
        with suppress(OSError):
            data = read_bytes(present)
            if hashlib.sha256(data).hexdigest() == file.stem:
                yield _copied(file, seen, data)
                continue
        yield Damage(file=file, seen=seen, advice="restore it from a copy; only `ragqa review diff` reads it")


def _copied(file: Path, seen: str, data: bytes) -> Damage:
    def repair() -> str:
        aside = keep_aside(file)
        write_atomic(file, [data], mode=0o644)
        return f"copied again from the article; what was there is {aside.name}"

    return Damage(file=file, seen=seen, advice="copy it again from the article", repair=repair)
