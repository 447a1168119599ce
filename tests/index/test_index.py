"""The index: right neighbours, immutable generations, and a kill at any moment leaves the old one answering."""

from __future__ import annotations

import errno
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import tantivy
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from samples import ARTICLE, abstract, write_corpus

from ragqa.errors import CorpusError, IndexBusy, IndexDamaged, IndexFault, IndexMismatch, IndexMissing
from ragqa.files.locking import locked
from ragqa.index import EmbeddingCache, building, current_generation, open_index, read_manifest
from ragqa.index.refresh import build_index
from ragqa.models import CachingEmbedder, Embedder
from ragqa.pipeline import Ragqa
from ragqa.settings import Settings


def many(folder: Path, count: int) -> Path:
    """A corpus of ``count`` different abstracts."""
    records = [
        abstract(n, sections=[{"text": f"Trial number {n} gave drug {n % 7} to {n} people for {n % 11} weeks."}])
        for n in range(1, count + 1)
    ]
    return write_corpus(folder, {}, records)


def test_dense_search_equals_brute_force(tmp_path: Path, embedder: Embedder) -> None:
    """FAISS gives the values NumPy gives, best first, also for k above the size of the index."""
    settings = Settings(corpus=many(tmp_path / "c", 60), index=tmp_path / "i", abstracts="all")
    build_index(settings)
    generation = open_index(settings.index, embedder)
    count = generation.manifest.counts["passages"]
    vectors = np.fromfile(generation.folder / "vectors.f32", np.float32).reshape(count, embedder.dimension)
    query = embedder.embed(["drug 3 for 5 weeks"])
    truth = vectors @ query[0]
    for k in (1, 10, count, count + 50):
        found = generation.dense(query, k)
        assert len(found) == min(k, count)
        assert np.allclose([score for _, score in found], np.sort(truth)[::-1][:k], atol=1e-6)
        assert np.allclose([truth[row] for row, _ in found], [score for _, score in found], atol=1e-6)
    generation.close()


def test_an_index_without_passages_answers_with_nothing(tmp_path: Path, embedder: Embedder) -> None:
    """A corpus whose only article is not approved is indexed, and every search is empty."""
    corpus = write_corpus(tmp_path / "c", {"drug-a": ARTICLE}, [abstract(101), abstract(102)], {"drug-a": "submitted"})
    settings = Settings(corpus=corpus, index=tmp_path / "i")
    assert build_index(settings).manifest.counts["passages"] == 0
    with Ragqa.open(settings) as ragqa:
        assert ragqa.search("drug A", 5) == []
        assert ragqa.ask("Does drug A help in condition B?").status == "insufficient_evidence"


def test_the_lexical_index_finds_exact_terms_and_survives_any_query(settings: Settings, embedder: Embedder) -> None:
    """Query syntax, control characters and emptiness are only text; stemming finds other endings."""
    build_index(settings)
    generation = open_index(settings.index, embedder)

    @hypothesis_settings(max_examples=50, deadline=None)
    @given(st.text(max_size=100))
    def never_fails(text: str) -> None:
        generation.lexical(text, 10)

    never_fails()
    assert generation.lexical("the of and", 10) == []
    assert generation.lexical("text:[* TO *] OR (", 10) == []
    found = generation.lexical("enrolling adult", 10)
    assert "enrolled" in generation.passage(found[0][0]).text
    generation.close()


def test_every_stored_passage_is_a_slice_of_its_stored_source(settings: Settings, embedder: Embedder) -> None:
    """What an answer quotes can be checked against the generation alone."""
    report = build_index(settings)
    generation = open_index(settings.index, embedder)
    for row in range(report.manifest.counts["passages"]):
        passage = generation.passage(row)
        assert generation.record(passage.source_id).text[passage.start : passage.end] == passage.text
    generation.close()


def test_two_builds_give_identical_vectors_and_the_same_generation(tmp_path: Path, small_corpus: Path) -> None:
    """Building is a function of corpus, model and settings."""
    names, vectors = [], []
    for place in ("one", "two"):
        report = build_index(Settings(corpus=small_corpus, index=tmp_path / place))
        names.append(report.manifest.generation)
        vectors.append((tmp_path / place / names[-1] / "vectors.f32").read_bytes())
    assert names[0] == names[1]
    assert vectors[0] == vectors[1]


def test_only_new_text_is_embedded_and_an_unchanged_corpus_is_not_built_again(settings: Settings) -> None:
    """Adding one abstract embeds one passage; nothing changed means nothing done."""
    first = build_index(settings)
    assert (first.fresh, first.reused) == (True, 0)
    assert build_index(settings).fresh is False
    lines = settings.corpus / "abstracts" / "more.jsonl"
    lines.write_text(json.dumps(abstract(104)) + "\n")
    wide = settings.model_copy(update={"abstracts": "all"})
    report = build_index(wide)
    assert report.embedded == 2  # 103, never indexed before, and 104
    assert report.reused == first.embedded


def test_another_model_than_the_manifest_names_is_refused(settings: Settings, embedder: Embedder) -> None:
    """Vectors of two models are never compared, and the message says what to run."""
    build_index(settings)
    name = current_generation(settings.index)
    manifest = settings.index / str(name) / "manifest.json"
    manifest.write_text(manifest.read_text().replace(embedder.fingerprint, "onnx:other"))
    with pytest.raises(IndexMismatch, match="run `ragqa index`"):
        open_index(settings.index, embedder)


def test_a_missing_index_says_what_to_run(tmp_path: Path, embedder: Embedder) -> None:
    """No index is not an empty index."""
    with pytest.raises(IndexMissing, match="run `ragqa index`"):
        open_index(tmp_path / "nowhere", embedder)


def test_a_second_builder_is_turned_away(settings: Settings) -> None:
    """One build at a time in one folder; the other process is told, not corrupted."""
    settings.index.mkdir()
    with (settings.index / "LOCK").open("ab") as stream, locked(stream), pytest.raises(IndexBusy):
        build_index(settings)


def test_a_full_disk_keeps_the_old_generation(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """No space while writing is one clear error; the index before still answers and nothing half-written stays."""
    build_index(settings)
    before = current_generation(settings.index)
    lines = settings.corpus / "articles" / "drug-a.md"
    lines.write_text(ARTICLE.replace("8 weeks", "9 weeks"))
    wide = settings.model_copy(update={"abstracts": "all"})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(building, "write_lexical", full)
    with pytest.raises(IndexFault, match="No space left"):
        build_index(wide)
    assert current_generation(settings.index) == before
    assert not list(settings.index.glob(".building-*"))


def test_a_faulty_corpus_leaves_the_index_as_it_was(settings: Settings) -> None:
    """A record that an approved article cites no longer parses: nothing is built and nothing removed."""
    build_index(settings)
    before = current_generation(settings.index)
    records = settings.corpus / "abstracts" / "all.jsonl"
    records.write_text(records.read_text().replace('"pmid:101"', '"pmid:101'))
    with pytest.raises(CorpusError):
        build_index(settings)
    assert current_generation(settings.index) == before


def test_a_reader_keeps_its_generation_while_a_new_one_is_built(settings: Settings, embedder: Embedder) -> None:
    """A swap under an open index changes nothing for its reader."""
    build_index(settings)
    generation = open_index(settings.index, embedder)
    build_index(settings.model_copy(update={"abstracts": "all"}))
    assert generation.manifest.counts["abstracts"] == 2
    assert generation.lexical("drug", 10)
    assert generation.passage(0).text
    assert open_index(settings.index, embedder).manifest.counts["abstracts"] == 3
    generation.close()


def test_a_build_killed_at_random_moments_leaves_a_whole_index_answering(tmp_path: Path, embedder: Embedder) -> None:
    """After each kill a whole generation, old or new, opens and finds; after the last, the next run completes.

    Fifty kills run in ``eval/endure/kill_builds.py``; six are enough to guard the mechanism here.
    """
    corpus, folder = many(tmp_path / "c", 40), tmp_path / "i"
    settings = Settings(corpus=corpus, index=folder, abstracts="all")
    before = build_index(settings).manifest.generation
    counts = {before: 40}
    many(corpus, 400)
    command = [sys.executable, "-m", "ragqa", "index", "--corpus", corpus, "--index", folder, "--abstracts", "all"]
    moments = random.Random(7)
    for _ in range(6):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.4, 1.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
        generation = open_index(folder, embedder)
        name = generation.manifest.generation
        assert generation.manifest.counts["passages"] == counts.get(name, 400), "the old one or the new one, whole"
        assert generation.lexical("trial", 3)
        generation.close()
    assert build_index(settings).manifest.counts["abstracts"] == 400
    assert not list(folder.glob(".building-*"))


def test_an_index_in_a_folder_that_may_not_be_written(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tantivy wants a lock even to read; where the folder refuses it, the same files answer through links, removed on close."""
    build_index(settings)
    opened = tantivy.Index.open
    refused: list[str] = []

    def open_unless_original(folder: str) -> tantivy.Index:
        if Path(folder).is_relative_to(settings.index):
            refused.append(folder)
            raise ValueError("Failed to acquire Lockfile: IoError(ReadOnlyFilesystem)")
        return opened(folder)

    with Ragqa.open(settings) as ragqa:
        expected = ragqa.generation.lexical("condition B", 10)
    monkeypatch.setattr("ragqa.index.lexical.tantivy.Index.open", open_unless_original, raising=True)
    before = set(Path(tempfile.gettempdir()).glob("ragqa-lexical-*"))
    with Ragqa.open(settings) as ragqa:
        assert refused
        assert ragqa.generation.lexical("condition B", 10) == expected
    assert set(Path(tempfile.gettempdir()).glob("ragqa-lexical-*")) <= before


@hypothesis_settings(deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.dictionaries(
            st.sampled_from(["format", "dimension", "counts", "files", "clusters", "generation"]),
            st.recursive(st.one_of(st.none(), st.integers(), st.text(max_size=5), st.floats()), lambda inner: st.lists(inner)),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_any_bytes_as_a_manifest_are_one_or_a_fault(data: bytes) -> None:
    """Whatever a manifest holds, nothing but IndexFault comes of it, in one line."""
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "manifest.json").write_bytes(data)
        with pytest.raises(IndexFault) as caught:
            read_manifest(Path(place))
    assert "\n" not in str(caught.value)
    assert "`ragqa" in str(caught.value)


@pytest.mark.parametrize(
    "value", [{"dimension": -1}, {"dimension": 10**12}, {"files": {"../../etc": 1}}, {"counts": {"passages": -4}}]
)
def test_absurd_values_in_a_manifest_are_damage(settings: Settings, embedder: Embedder, value: dict[str, object]) -> None:
    """A size below nothing, a dimension beyond memory or a file outside the folder is not believed."""
    build_index(settings)
    file = settings.index / str(current_generation(settings.index)) / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | value))
    with pytest.raises(IndexDamaged, match="run `ragqa mend`"):
        open_index(settings.index, embedder)


@pytest.mark.parametrize("name", ["passages.sqlite", "vectors.f32", "lexical/meta.json", "lexical/*.term", "lexical/*.idx"])
def test_one_flipped_byte_is_found_at_opening_and_mended_by_the_next_build(
    settings: Settings, embedder: Embedder, name: str
) -> None:
    """The file is as long as it was; its checksum tells, and the index is built anew under the same name."""
    first = build_index(settings).manifest.generation
    file = next(iter(sorted((settings.index / first).glob(name))))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    file.write_bytes(data)
    with pytest.raises(IndexDamaged, match="is not what was built"):
        open_index(settings.index, embedder)
    assert build_index(settings).fresh
    opened = open_index(settings.index, embedder)
    assert opened.manifest.generation == first
    opened.close()


def test_damage_beyond_what_opening_compares_is_one_fault_in_use(
    settings: Settings, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a large index opening compares sizes alone; what SQLite then says of a page names the generation and the command."""
    monkeypatch.setattr("ragqa.index.generation.CHECKED_AT_OPEN", 0)
    first = build_index(settings).manifest.generation
    file = settings.index / first / "passages.sqlite"
    data = bytearray(file.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    file.write_bytes(data)
    opened = open_index(settings.index, embedder)
    with pytest.raises(IndexDamaged, match=f"{first} is damaged"):
        opened.passage(0)
    opened.close()


def test_a_cache_that_is_damaged_in_use_is_begun_anew(tmp_path: Path, embedder: Embedder) -> None:
    """Its pages are destroyed behind its back; the same texts get the same vectors, and the next run finds them kept."""
    file = tmp_path / "embeddings.sqlite"
    texts = [f"Trial {n} of drug A" for n in range(40)]
    with closing(EmbeddingCache(file)) as cache:
        before = CachingEmbedder(embedder, cache).embed(texts)
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    file.write_bytes(data)
    with closing(EmbeddingCache(file)) as cache:
        caching = CachingEmbedder(embedder, cache)
        assert np.array_equal(caching.embed(texts), before)
        assert np.array_equal(caching.embed(texts), before)
        assert cache.added == len(texts)
