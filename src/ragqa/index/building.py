"""Building a generation aside, whole or grown from the live one, and making it live when whole."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from ragqa.corpus.catalogue import Catalogue, Decision, Progress
from ragqa.corpus.passages import RULES, passages
from ragqa.corpus.records import Abstract, Article, Passage, digest_of
from ragqa.errors import CorpusError, IndexFault
from ragqa.files import write_atomic
from ragqa.files.aside import discard
from ragqa.files.databases import is_damage
from ragqa.files.writing import linked, sync_tree
from ragqa.index.cache import EMBED_BATCH, EMBEDDINGS, EmbeddingCache
from ragqa.index.comparison import Comparison, Update, compare
from ragqa.index.lexical import WORDS, grow_lexical, write_lexical
from ragqa.index.live import make_live
from ragqa.index.manifest import (
    FORMAT,
    Clusters,
    Manifest,
    Sizes,
    checksums,
    current_generation,
    is_whole,
    read_manifest,
    sizes_of,
)
from ragqa.index.stages import Stages
from ragqa.index.store import BASE, DELTA, PassageStore, StoreWriter
from ragqa.index.vectors import BASE as BASE_ROWS
from ragqa.index.vectors import DELTA as DELTA_ROWS
from ragqa.index.vectors import removed_rows, rows_of, share_rows, write_clusters, write_removed, write_rows
from ragqa.language.sentences import sentences
from ragqa.models import CachingEmbedder, Embedder, Vectors
from ragqa.settings import Settings


class BuildReport(BaseModel):
    """What a build did: ``reused`` vectors came from the cache; ``added`` and ``removed`` passages, since the generation it was
    grown from, are None where it was built whole; ``set_aside``: faults of what was not indexed; ``seconds`` by stage.
    """

    manifest: Manifest
    fresh: bool
    embedded: int = 0
    reused: int = 0
    added: int | None = None
    removed: int | None = None
    set_aside: tuple[str, ...] = ()
    seconds: dict[str, float] = {}


def build(
    catalogue: Catalogue, embedder: Embedder, settings: Settings, progress: Progress, *, live: bool, sizes: Sizes
) -> BuildReport:
    """Build a generation from what may be indexed, make it live, and keep the one before it for open readers.

    With ``live=False`` it is only built, to be opened by its name. Only within ``exclusive``. A generation that stands for this
    corpus, model and settings already is not built again. Above ``sizes.exact`` passages, the new one is grown from the live
    one where little changed: it shares that one's large files and adds to them.
    """
    return _Build(catalogue, embedder, settings, progress, sizes).run(live)


def searchable(record: Article | Abstract, passage: Passage) -> str:
    """What is embedded and indexed for a passage: the source's title gives the context the passage itself may lack."""
    return _in_context(record.title, passage.text)


def _in_context(title: str | None, text: str) -> str:
    return f"{title}\n{text}" if title not in (None, text) else text


class _Build:
    """One run of ``build``."""

    def __init__(self, catalogue: Catalogue, embedder: Embedder, settings: Settings, progress: Progress, sizes: Sizes) -> None:
        self.catalogue, self.embedder, self.settings, self.sizes = catalogue, embedder, settings, sizes
        self.folder = settings.index
        self.recipe = digest_of(
            FORMAT, RULES, WORDS, embedder.fingerprint, settings.abstracts, settings.passage_characters, sizes.model_dump_json()
        )
        self.stages = Stages(progress)
        self.kept: EmbeddingCache
        self.caching: Embedder
        self.embedded = self.reused = 0

    def run(self, live: bool) -> BuildReport:
        before = self._live()
        with self.stages.timed("comparing"):
            compared = self._compared(before)
        if before is not None and before.recipe == self.recipe and before.corpus_sha256 == compared.corpus_sha256:
            return BuildReport(manifest=before, fresh=False, seconds=self.stages.seconds)
        report = self._grown_where_whole(before, compared, live) if before is not None and compared.few else None
        report = report or self._whole(compared, live)
        if live and report.fresh:
            make_live(self.folder, report.manifest.generation, self.settings.generations)
        return report.model_copy(update={"seconds": {stage: round(taken, 3) for stage, taken in self.stages.seconds.items()}})

    def _live(self) -> Manifest | None:
        """The manifest of the live generation; None where there is none that this ragqa can read and that is whole on disk."""
        name = current_generation(self.folder)
        return self._stored(name) if name else None

    def _stored(self, name: str) -> Manifest | None:
        """The manifest of a stored generation, None where it is not whole."""
        try:
            manifest = read_manifest(self.folder / name)
        except IndexFault:
            return None
        return manifest if is_whole(self.folder / name, manifest) else None

    def _compared(self, before: Manifest | None) -> Comparison:
        """What is to be indexed now, compared with the live generation where the new one could be grown from it."""
        decisions = self.catalogue.decisions(self.settings.abstracts)
        if before is None or before.recipe != self.recipe or before.clusters is None:
            return compare(None, decisions, 0)
        try:
            with closing(PassageStore(self.folder / before.generation)) as store:
                held = store.marks()
                return compare(held, decisions, round(self.sizes.slack * before.base_rows))
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            return compare(None, self.catalogue.decisions(self.settings.abstracts), 0)

    def _grown_where_whole(self, before: Manifest, compared: Comparison, live: bool) -> BuildReport | None:
        """As ``_grown``; None too where the generation before turns out to be damaged, so that the new one is built whole."""
        try:
            return self._grown(before, compared, live)
        except CorpusError:
            raise
        except (sqlite3.DatabaseError, RuntimeError, ValueError, TypeError, LookupError) as error:
            if isinstance(error, sqlite3.DatabaseError) and not is_damage(error):
                raise
            return None

    def _whole(self, compared: Comparison, live: bool) -> BuildReport:
        """A generation of its own files."""
        with self._aside(digest_of(self.recipe, compared.corpus_sha256)[:16], live) as (name, work):
            if work is None:
                return self._existing(name)
            rows = self._cut(work, compared.sources)
            with closing(PassageStore(work)) as store:
                write_rows(work / BASE_ROWS, self._embedded(store, 0, rows))
                with self.stages.timed("writing"):
                    write_lexical(work / "lexical", self.stages.told("writing", rows, _texts(store, 0, rows)), self.sizes.segment)
                clusters = self._clustered(work, store, rows) if rows > self.sizes.exact else None
            return self._finished(work, name, BuildReport(manifest=self._manifest(name, compared, rows, clusters), fresh=True))

    def _grown(self, before: Manifest, compared: Comparison, live: bool) -> BuildReport | None:
        """A generation that shares the large files of the one before; None where too much changed."""
        old = self.folder / before.generation
        with self._aside(digest_of(self.recipe, compared.corpus_sha256, before.generation)[:16], live) as (name, work):
            if work is None:
                return self._existing(name)
            share_rows(old, work)
            linked(old / BASE, work / BASE)
            first = before.base_rows + len(rows_of(old / DELTA_ROWS, before.dimension))
            end, removed = self._cut_updates(old, work, compared.updates, first)
            gone = {*removed_rows(old), *removed}
            if end - before.base_rows + len(gone) > self.sizes.slack * before.base_rows:
                return None
            write_removed(work, gone)
            with closing(PassageStore(work)) as store:
                write_rows(work / DELTA_ROWS, self._embedded(store, first, end))
                with self.stages.timed("writing"):
                    grow_lexical(
                        old / "lexical", work / "lexical", lambda a, b: _texts(store, a, b), set(removed), end, self.sizes.segment
                    )
            manifest = self._manifest(name, compared, end - len(gone), before.clusters)
            manifest = manifest.model_copy(update={"parent": before.generation, "base_rows": before.base_rows})
            report = BuildReport(manifest=manifest, fresh=True, added=end - first, removed=len(removed))
            return self._finished(work, name, report, before)

    @contextmanager
    def _aside(self, name: str, live: bool) -> Iterator[tuple[str, Path | None]]:
        """A hidden folder to build this generation in; None where it stands already and need not be live."""
        if not live and self._stored(name) is not None:
            yield name, None
            return
        work = self.folder / f".building-{name}"
        work.mkdir()
        try:
            with closing(EmbeddingCache(self.folder / EMBEDDINGS)) as self.kept:
                self.caching = CachingEmbedder(self.embedder, self.kept)
                yield name, work
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _existing(self, name: str) -> BuildReport:
        return BuildReport(manifest=read_manifest(self.folder / name), fresh=False)

    def _cut(self, work: Path, sources: int) -> int:
        """Cut every source that may be indexed into passages, in the order of ids; the number of passages."""
        with self.stages.timed("cutting"), _writing(StoreWriter(work / BASE)) as store:
            for decision in self.stages.told("cutting", sources, self.catalogue.decisions(self.settings.abstracts)):
                self._put(store, decision)
        return store.rows

    def _cut_updates(self, old: Path, work: Path, updates: Sequence[Update], first: int) -> tuple[int, list[int]]:
        """Cut what is new; the row after the last, and the rows that went."""
        if (old / DELTA).exists():
            shutil.copyfile(old / DELTA, work / DELTA)
        removed: list[int] = []
        with self.stages.timed("cutting"), _writing(StoreWriter(work / DELTA, first, work / BASE)) as store:
            for update in self.stages.told("cutting", len(updates), updates):
                removed.extend(store.forget(update.id))
                if update.now is not None:
                    self._put(store, update.now)
        return store.rows, removed

    def _put(self, store: StoreWriter, decision: Decision) -> None:
        if decision.reason is not None:
            store.leave_out(decision.id, decision.reason)
            return
        record = self.catalogue.record(decision.id)
        store.add(record, decision.digest, passages(record, self.settings.passage_characters))

    def _embedded(self, store: PassageStore, first: int, end: int) -> Iterator[Vectors]:
        """The vectors of these rows, block by block."""
        texts = (text for _, text in self.stages.told("embedding", end - first, _texts(store, first, end)))
        with self.stages.timed("embedding"):
            while some := list(islice(texts, EMBED_BATCH)):
                yield self.caching.embed(some)
            self.embedded, self.reused = self.kept.added, end - first - self.kept.added

    def _clustered(self, work: Path, store: PassageStore, rows: int) -> Clusters:
        with self.stages.timed("embedding"):
            asked = _questions(store, rows, self.sizes.queries)
            queries = np.vstack([self.caching.embed(asked[n : n + EMBED_BATCH]) for n in range(0, len(asked), EMBED_BATCH)])
        with self.stages.timed("clustering"):
            return write_clusters(work, self.embedder.dimension, queries, self.sizes, partial(self.stages.progress, "clustering"))

    def _manifest(self, name: str, compared: Comparison, rows: int, clusters: Clusters | None) -> Manifest:
        return Manifest(
            format=FORMAT,
            generation=name,
            model=self.embedder.name,
            fingerprint=self.embedder.fingerprint,
            dimension=self.embedder.dimension,
            metric="cosine similarity (inner product of unit vectors)",
            corpus_sha256=compared.corpus_sha256,
            abstracts=self.settings.abstracts,
            passage_characters=self.settings.passage_characters,
            counts=compared.counts | {"passages": rows},
            review_head=self.catalogue.review_head,
            recipe=self.recipe,
            base_rows=rows,
            clusters=clusters,
        )

    def _finished(self, work: Path, name: str, report: BuildReport, before: Manifest | None = None) -> BuildReport:
        """Give the whole generation its name. ``before``: the one it was grown from, whose shared files are not read again."""
        with self.stages.timed("storing"):
            old = self.folder / before.generation if before else None
            sums = checksums(work, old, before.sha256 if before else None)
            manifest = report.manifest.model_copy(update={"files": sizes_of(work), "sha256": sums})
            write_atomic(work / "manifest.json", [manifest.model_dump_json(indent=2) + "\n"])
            sync_tree(work)
            final = self.folder / name
            if final.is_dir() and not final.is_symlink():
                shutil.rmtree(final)  # a damaged or no longer live copy of this very generation
            else:
                discard(final)
            work.rename(final)
        return report.model_copy(update={"manifest": manifest, "embedded": self.embedded, "reused": self.reused})


@contextmanager
def _writing(store: StoreWriter) -> Iterator[StoreWriter]:
    try:
        yield store
    except BaseException:
        store.abandon()
        raise
    store.close()


def _texts(store: PassageStore, first: int, end: int) -> Iterator[tuple[int, str]]:
    """Row and searchable text of the passages in these rows."""
    return ((row, _in_context(title, text)) for row, title, text in store.texts(first, end))


def _questions(store: PassageStore, rows: int, count: int) -> list[str]:
    """A sentence from each of ``count`` passages: what comes nearest to questions that the corpus can be asked."""
    random = np.random.default_rng(7)
    asked = []
    for row in random.choice(rows, min(count, rows), replace=False).tolist():
        text = store.passage(row).text
        said = sentences(text, 0, len(text))
        asked.append(said[int(random.integers(len(said)))].text if said else text)
    return asked
