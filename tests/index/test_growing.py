"""A large index grows by what changed: it answers as one built whole would, and what is removed is in no answer."""

from __future__ import annotations

import errno
import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import ARTICLE, abstract, write_corpus, write_reviews

from ragqa.corpus.records import ReviewEvent
from ragqa.errors import IndexFault, InvalidRecord
from ragqa.index import Generation, Sizes, building, current_generation, open_index
from ragqa.index.lexical import Segment
from ragqa.index.refresh import build_index
from ragqa.models import Embedder
from ragqa.retrieval.retriever import HybridRetriever
from ragqa.settings import Settings

SMALL = Sizes(exact=40, segment=32, slack=0.4, queries=20)
"""So low that sixty records are a large index."""
DRUGS = ("lithium", "ketamine", "memantine", "sertraline", "quetiapine", "lamotrigine", "melatonin")
CONDITIONS = ("mania", "panic disorder", "insomnia", "obsessive-compulsive disorder", "post-traumatic stress disorder")
AUTHORS = ("Okafor C", "Lindqvist-Berg A", "MIRAGE investigators")
QUESTIONS = [f"Does {drug} help in {condition}?" for drug, condition in zip(DRUGS, CONDITIONS * 2, strict=False)]


def trial(number: int, version: int = 0, **changes: Any) -> dict[str, Any]:
    """A record of two sections, different for each number and version."""
    drug, condition = DRUGS[number % 7], CONDITIONS[number % 5]
    text = f"In trial {number} {10 + number * 7 + version} adults with {condition} took {drug} for {2 + number % 9} weeks."
    result = f"{drug.capitalize()} lowered the score by {version + number % 13} points, and {number % 17} people left early."
    return abstract(
        1000 + number,
        title=f"{drug} in {condition}, trial {number}",
        authors=[AUTHORS[(number + version) % 3], "et al"],
        sections=[{"text": f"{text} {result}"}],
        **changes,
    )


def found_by(generation: Generation, embedder: Embedder, settings: Settings) -> list[list[tuple[str, float]]]:
    """The ranked sources of each question, with scores."""
    return [
        [(hit.passage.id, hit.score) for hit in HybridRetriever(generation, embedder, settings).sources([question], 30)]
        for question in QUESTIONS
    ]


def assert_same_answers(one: Generation, other: Generation, embedder: Embedder, settings: Settings) -> None:
    """The same sources with the same scores, the same left out, the same records."""
    for mine, its in zip(found_by(one, embedder, settings), found_by(other, embedder, settings), strict=True):
        assert sorted(source for source, _ in mine) == sorted(source for source, _ in its)
        scores = dict(its)
        assert all(abs(score - scores[source]) < 1e-4 for source, score in mine)
        assert np.allclose([score for _, score in mine], [score for _, score in its], atol=1e-4)
    assert one.left_out() == other.left_out()
    assert one.articles_left_out() == {id_: why for id_, why in one.left_out().items() if id_.startswith("article:")}
    by = {name: one.credited(name) for name in ("Okafor", "LINDQVIST", "mirage")}
    assert by == {name: other.credited(name) for name in by}
    credited = [id_ for found in by.values() for id_, _ in found]
    assert bool(credited) == (one.manifest.counts["abstracts"] > 2)  # two of the records have no authors
    assert all(one.find(id_) and one.passage(one.rows(id_)[0]).source_id == id_ for id_ in credited)
    assert one.articles() == other.articles()
    assert one.manifest.counts == other.manifest.counts
    assert one.manifest.corpus_sha256 == other.manifest.corpus_sha256
    assert one.rarity("trial") == other.rarity("trial")


def random_changes(
    moments: random.Random, records: dict[int, dict[str, Any]], approvals: list[dict[str, Any]], step: int
) -> None:
    """Some records added, edited, retracted and deleted; now and then the article is withdrawn or approved again."""
    highest = max(records)
    for number in range(highest + 1, highest + 1 + moments.randrange(4)):
        records[number] = trial(number)
    for number in moments.sample(sorted(set(records) - {101, 102}), 3):
        deed = moments.choice(["edit", "delete", "retract", "leave"])
        if deed == "delete":
            del records[number]
        elif deed == "edit":
            records[number] = trial(number, step)
        elif deed == "retract":
            records[number] = trial(number, step, notices=[{"kind": "retraction"}])
    if moments.random() < 0.4:
        approvals.append(approvals[-1] | {"state": moments.choice(["withdrawn", "approved"])})


@pytest.mark.parametrize("abstracts", ["all", "cited"])
def test_an_index_grown_step_by_step_answers_as_one_built_whole(tmp_path: Path, embedder: Embedder, abstracts: Any) -> None:
    """The oracle: after each of eight seeded steps the grown index and a whole build of the same corpus are asked the same."""
    moments = random.Random(11)
    cited = "\n".join(f"  - pmid:{1000 + n}" for n in range(60, 120)) if abstracts == "cited" else ""
    article = ARTICLE.replace("  - pmid:102\n", f"  - pmid:102\n{cited}\n") if cited else ARTICLE
    if cited:
        article += "".join(f"\nTrial {n} agrees. [{n - 57}]\n" for n in range(60, 120))
    records = {101: abstract(101), 102: abstract(102)} | {n: trial(n) for n in range(120, 190)}
    if cited:
        records |= {n: trial(n) for n in range(60, 120) if n not in (101, 102)}
        article = article.replace("pmid:1101", "pmid:1201").replace("pmid:1102", "pmid:1202")
        records |= {201: trial(201), 202: trial(202)}
    corpus = write_corpus(tmp_path / "c", {"drug-a": article}, list(records.values()))
    approvals = [json.loads((corpus / "reviews.jsonl").read_text())]
    settings = Settings(corpus=corpus, index=tmp_path / "grown", abstracts=abstracts)
    build_index(settings, sizes=SMALL)
    ways = []
    for step in range(1, 9):
        protected = {n: r for n, r in records.items() if cited and (60 <= n < 120 or n in (201, 202))}
        random_changes(moments, records, approvals, step)
        records |= {n: r for n, r in protected.items() if n not in records}
        (corpus / "abstracts" / "all.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records.values()))
        write_reviews(corpus, approvals)
        report = build_index(settings, sizes=SMALL)
        ways.append("unchanged" if not report.fresh else "grown" if report.manifest.parent else "whole")
        other = Settings(corpus=corpus, index=tmp_path / f"whole-{step}", abstracts=abstracts)
        other.index.mkdir()
        shutil.copy(settings.index / "embeddings.sqlite", other.index)
        assert build_index(other, sizes=SMALL).manifest.parent is None
        grown, whole = open_index(settings.index, embedder), open_index(other.index, embedder)
        assert_same_answers(grown, whole, embedder, settings)
        grown.close()
        whole.close()
    assert {"grown", "whole"} <= set(ways), ways


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of sixty trials, indexed once as a large one."""
    folder = tmp_path_factory.mktemp("large")
    corpus = write_corpus(folder / "c", {}, [trial(number) for number in range(60)])
    build_index(Settings(corpus=corpus, index=folder / "i", abstracts="all"), sizes=SMALL)
    return folder


@pytest.fixture
def large(tmp_path: Path, built: Path) -> Settings:
    """Settings of a copy of it, to change."""
    folder = shutil.copytree(built, tmp_path / "large")
    return Settings(corpus=folder / "c", index=folder / "i", abstracts="all")


def add(settings: Settings, *numbers: int) -> None:
    """Records in a file of their own."""
    lines = "".join(json.dumps(trial(number)) + "\n" for number in numbers)
    (settings.corpus / "abstracts" / f"more-{numbers[0]}.jsonl").write_text(lines)


def delete(settings: Settings, number: int) -> None:
    """Take a record out of its file."""
    file = settings.corpus / "abstracts" / "all.jsonl"
    file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if f'"pmid:{1000 + number}"' not in line))


def test_the_recall_of_the_clusters_is_measured_and_kept(large: Settings, embedder: Embedder) -> None:
    """Above the exact size the manifest says how many clusters are searched and what that finds; below it there are none."""
    generation = open_index(large.index, embedder)
    clusters = generation.manifest.clusters
    assert clusters is not None
    assert clusters.recall_at_10 >= SMALL.recall
    assert (clusters.lists, clusters.queries) == (31, 20)
    query = embedder.embed(["ketamine in panic disorder"])
    vectors = np.fromfile(generation.folder / "vectors.f32", np.float32).reshape(60, embedder.dimension)
    for row, score in generation.dense(query, 10):
        assert score == pytest.approx(float(vectors[row] @ query[0]), abs=1e-6)
    assert len(generation.dense(query, 1000)) == 60
    generation.close()
    assert build_index(large).manifest.clusters is None


def test_growing_shares_the_large_files_and_embeds_only_what_is_new(large: Settings) -> None:
    """The rows, clusters and passages of before are the same files, not copies; two records added are two texts embedded."""
    before = large.index / str(current_generation(large.index))
    add(large, 61, 62)
    report = build_index(large, sizes=SMALL)
    assert (report.embedded, report.reused, report.added, report.removed) == (2, 0, 2, 0)
    assert report.manifest.parent == before.name
    after = large.index / report.manifest.generation
    for name in ("vectors.f32", "clusters.faiss", "passages.sqlite"):
        assert (after / name).samefile(before / name)
    assert report.manifest.counts["passages"] == 62


def test_a_copy_serves_where_links_are_refused(large: Settings, embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without hard links costs room, not answers."""

    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr("ragqa.files.writing.os.link", refuse)
    add(large, 61)
    report = build_index(large, sizes=SMALL)
    assert report.manifest.parent
    generation = open_index(large.index, embedder)
    assert "trial 61 " in generation.passage(generation.lexical("61", 1)[0][0]).text
    generation.close()


def test_a_deleted_record_is_in_no_answer(large: Settings, embedder: Embedder) -> None:
    """Not by its words, not by its meaning, not by its id; the generation before still has it."""
    question = trial(17)["sections"][0]["text"]
    before = str(current_generation(large.index))
    delete(large, 17)
    report = build_index(large, sizes=SMALL)
    assert (report.added, report.removed) == (0, 1)
    old, new = open_index(large.index, embedder, before), open_index(large.index, embedder)
    for generation, there in ((old, True), (new, False)):
        hits = HybridRetriever(generation, embedder, large).sources([question], 100)
        assert ("pmid:1017" in {hit.passage.source_id for hit in hits}) is there
        assert (generation.find("pmid:1017") is not None) is there
    with pytest.raises(IndexFault, match="pmid:1017 is not in the generation"):
        new.digest("pmid:1017")
    old.close()
    new.close()


def test_a_full_disk_while_growing_keeps_the_old_generation(large: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing half-grown stays, and what both would share is untouched."""
    before = str(current_generation(large.index))
    files = {file: file.read_bytes() for file in (large.index / before).rglob("*") if file.is_file()}

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    add(large, 61)
    delete(large, 3)
    with monkeypatch.context() as patched:
        patched.setattr(building, "grow_lexical", full)
        with pytest.raises(IndexFault, match="No space left"):
            build_index(large, sizes=SMALL)
    assert current_generation(large.index) == before
    assert not list(large.index.glob(".building-*"))
    report = build_index(large, sizes=SMALL)
    assert (report.manifest.parent, report.added, report.removed) == (before, 1, 1)
    assert {file: file.read_bytes() for file in files} == files


@pytest.mark.parametrize("name", ["clusters.faiss", "passages.sqlite", "vectors.f32"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_nothing_grows_from_a_damaged_generation(large: Settings, embedder: Embedder, name: str, damage: str) -> None:
    """A file that is cut or missing is not carried on: the next build is whole, and answers."""
    file = large.index / str(current_generation(large.index)) / name
    file.write_bytes(file.read_bytes()[:5000]) if damage == "cut" else file.unlink()
    add(large, 61)
    assert build_index(large, sizes=SMALL).manifest.parent is None
    generation = open_index(large.index, embedder)
    assert len(generation.dense(embedder.embed(["lithium"]), 100)) == 61
    generation.close()


def test_too_many_changes_build_whole(large: Settings) -> None:
    """Past the bound nothing is dragged along any more: all files are new, and nothing but the names of sources is the same."""
    add(large, *range(61, 80))
    assert build_index(large, sizes=SMALL).manifest.parent
    add(large, *range(80, 90))
    report = build_index(large, sizes=SMALL)
    assert report.manifest.parent is None
    assert not (large.index / report.manifest.generation / "delta.sqlite").exists()
    assert report.manifest.base_rows == report.manifest.counts["passages"] == 89


def test_a_grown_generation_has_a_name_of_its_own(large: Settings) -> None:
    """The name stands for the corpus and the way there: a whole build of the same corpus is another generation."""
    add(large, 61)
    grown = build_index(large, sizes=SMALL).manifest
    assert build_index(large, sizes=SMALL).fresh is False
    (large.index / "CURRENT").unlink()
    whole = build_index(large, sizes=SMALL).manifest
    assert grown.corpus_sha256 == whole.corpus_sha256
    assert grown.generation != whole.generation


def test_small_segments_are_gathered(large: Settings) -> None:
    """Ten additions of one record do not leave ten segments to search."""
    for number in range(61, 71):
        add(large, number)
        report = build_index(large, sizes=SMALL)
        assert report.manifest.parent
    listed = json.loads((large.index / report.manifest.generation / "lexical" / "segments.json").read_text())
    segments = [Segment(**entry) for entry in listed]
    assert len(segments) <= 2 + 4
    assert [segment.first for segment in segments[1:]] == [segment.end for segment in segments[:-1]]


def test_a_retraction_reaches_a_grown_index(large: Settings, embedder: Embedder) -> None:
    """The retracted record is left out with its reason, and comes back when the notice is taken off."""
    file = large.corpus / "abstracts" / "all.jsonl"
    text = file.read_text()
    file.write_text(text.replace(json.dumps(trial(5)), json.dumps(trial(5, notices=[{"kind": "retraction"}]))))
    for expected in ({"pmid:1005": "retracted"}, {}):
        assert build_index(large, sizes=SMALL).manifest.parent
        generation = open_index(large.index, embedder)
        assert generation.left_out() == generation.excluded(["pmid:1005", "pmid:1006"]) == expected
        assert (generation.find("pmid:1005") is None) is bool(expected)
        generation.close()
        file.write_text(text)


def test_a_cut_review_log_stops_growing_too(tmp_path: Path) -> None:
    """The log must still hold the last event that the live generation knew, however it was built."""
    corpus = write_corpus(
        tmp_path / "c", {"drug-a": ARTICLE}, [abstract(101), abstract(102), *(trial(number) for number in range(60))]
    )
    settings = Settings(corpus=corpus, index=tmp_path / "i", abstracts="all")
    build_index(settings, sizes=SMALL)
    events = [ReviewEvent.model_validate_json(line) for line in (corpus / "reviews.jsonl").read_text().splitlines()]
    again = events[0].model_dump(mode="json") | {"note": "read once more"}
    write_reviews(corpus, [events[0].model_dump(mode="json"), again])
    add(settings, 61)
    assert build_index(settings, sizes=SMALL).manifest.parent
    write_reviews(corpus, [events[0].model_dump(mode="json")])
    add(settings, 62)
    with pytest.raises(InvalidRecord, match="the review log was cut"):
        build_index(settings, sizes=SMALL)
