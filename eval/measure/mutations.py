"""How many changed facts the checker catches, and how many equal writings it passes: the lists of eval/mutations.

Every mutant is one sentence of a source (bundled article or abstract, or an abstract of the public sets) changed in one place
and judged against that source. The lists come from public standards, and were made without knowledge of the checker.

    python eval/measure/mutations.py --json eval/results/mutations.json
"""

from __future__ import annotations

import gzip
import json
import os
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import click
from mutation_kinds import load_kinds, mutants
from mutation_records import Kind, Mutant, Passage
from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest

from ragqa.checking.checker import Checker
from ragqa.cli.options import progress_bar
from ragqa.corpus.folder import citable, load_corpus
from ragqa.files import write_atomic
from ragqa.language.sentences import sentences, without_markers
from ragqa.models import CachingEmbedder, RecentVectors, load_embedder, load_reranker

LISTS = Path(__file__).parents[1] / "mutations"
PUBLIC = ("evidence_inference", "pubmedqa")
LABEL = re.compile(r"[A-Z][\w/&-]*(?:[ ,]+[\w/&-]+){0,4}::?\s+(?=[A-Z0-9\"“(])")
SHORTEST, LONGEST = 40, 500
Progress = Callable[[str, int, int], None]
Verdict = tuple[str, str]
Row = dict[str, Any]
Pairs = list[tuple[Passage, str]]
FOLDER = click.Path(file_okay=False, path_type=Path)


def bundled(folder: Path) -> Iterator[Passage]:
    """The articles and abstract records of the corpus folder that may be cited."""
    corpus = citable(load_corpus(folder), abstracts="all")
    for article in corpus.articles:
        yield Passage(f"article:{article.slug}", "bundled", article.text)
    for abstract in corpus.abstracts:
        yield Passage(abstract.id, "bundled", abstract.text)


def public(folder: Path) -> Iterator[Passage]:
    """The abstracts of the public sets."""
    for name in PUBLIC:
        with gzip.open(folder / name / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                yield Passage(f"{name}:{row['_id']}", "public", row["text"])


def claims(passage: Passage) -> Iterator[str]:
    """The whole sentences of a source that say something, without markers and section labels."""
    for sentence in sentences(passage.text, 0, len(passage.text)):
        text = without_markers(passage.text[sentence.start : sentence.end]).removeprefix("- ")
        label = LABEL.match(text)
        text = text[label.end() :] if label else text
        if SHORTEST <= len(text) <= LONGEST and re.match(r"[\"“(]?[A-Z0-9]", text) and re.search(r"[a-z\d%)\]\"”]\.$", text):
            yield text


def pairs_of(passages: Iterable[Passage], random: Random, progress: Progress, stage: str) -> Pairs:
    """Every sentence with its source, in random order."""
    passages = list(passages)
    found = []
    for done, passage in enumerate(passages, start=1):
        found += [(passage, claim) for claim in claims(passage)]
        progress(stage, done, len(passages))
    random.shuffle(found)
    return found


def first_mutant(kind: Kind, passage: Passage, sentence: str, seed: int) -> Mutant | None:
    """One mutant of the sentence, the same for the same seed whatever other kinds are run."""
    random = Random(f"{seed}:{kind.name}:{sentence}")
    return next(mutants(kind, passage, sentence, random), None)


def made_of(kind: Kind, pairs: Pairs, seed: int, most: int) -> list[Mutant]:
    """At most so many mutants of a kind, one a sentence."""
    found = (first_mutant(kind, passage, sentence, seed) for passage, sentence in pairs)
    return list(islice((mutant for mutant in found if mutant), most))


def make_all(
    kinds: Sequence[Kind], own: Pairs, others: Pairs, seed: int, each: int, progress: Progress
) -> dict[str, list[Mutant]]:
    """The mutants of every kind: half of them from the bundled sources if these hold so many, the rest from the public ones."""
    made: dict[str, list[Mutant]] = {}
    for done, kind in enumerate(kinds, start=1):
        found = made_of(kind, own, seed, each // 2 if others else each)
        made[kind.name] = found + made_of(kind, others, seed, each - len(found))
        progress("make", done, len(kinds))
    return made


_checker: list[Checker] = []


def start_checker() -> None:
    """Load this process's own checker."""
    _checker.append(Checker(CachingEmbedder(load_embedder(), RecentVectors()), load_reranker()))


def judge(pair: tuple[str, str]) -> Verdict:
    """The verdict on a claim, and the checker's reason."""
    finding = _checker[0].judge(*pair)
    return finding.verdict, str(finding.reason)


def judge_all(pairs: Sequence[tuple[str, str]], jobs: int, progress: Progress) -> list[Verdict]:
    """The verdicts on claims, in their order; judged source by source, for a source is encoded but once."""
    order = sorted(range(len(pairs)), key=lambda at: pairs[at][1])
    verdicts: dict[int, Verdict] = {}
    with ProcessPoolExecutor(jobs, initializer=start_checker) as pool:
        for at, verdict in zip(order, pool.map(judge, (pairs[at] for at in order), chunksize=32), strict=True):
            verdicts[at] = verdict
            progress("judge", len(verdicts), len(pairs))
    return [verdicts[at] for at in range(len(pairs))]


def share(right: int, made: int) -> dict[str, float | None]:
    """A share with its Wilson 95 % interval."""
    if not made:
        return {"share": None, "low": None, "high": None}
    interval = binomtest(right, made).proportion_ci(method="wilson")
    return {"share": round(right / made, 4), "low": round(float(interval.low), 4), "high": round(float(interval.high), 4)}


def is_right(mutant: Mutant, verdict: Verdict) -> bool:
    """Whether a changed fact was caught, or an equal writing passed."""
    return (verdict[0] != "supports") == mutant.changed


def wrong_example(mutant: Mutant, verdict: Verdict) -> dict[str, str]:
    """A wrong verdict, to be read."""
    return {"source": mutant.source_id, "sentence": mutant.sentence, "claim": mutant.claim, "old": mutant.old, "new": mutant.new,
            "verdict": verdict[0], "reason": verdict[1]}  # fmt: skip


def row_of(kind: Kind, judged: Sequence[tuple[Mutant, Verdict]], examples: int = 10) -> Row:
    """A kind's figures."""
    right: Counter[str] = Counter(mutant.split for mutant, verdict in judged if is_right(mutant, verdict))
    made: Counter[str] = Counter(mutant.split for mutant, _ in judged)
    own = [(mutant, verdict) for mutant, verdict in judged if mutant.split == "bundled"]  # public sets are never copied
    wrong = [wrong_example(mutant, verdict) for mutant, verdict in own if not is_right(mutant, verdict)]
    return {
        "kind": kind.name,
        "side": "changed" if kind.changed else "equal",
        "source": list(kind.source),
        "made": len(judged),
        "right": right.total(),
        **share(right.total(), len(judged)),
        "by_split": {split: {"made": made[split], "right": right[split]} for split in sorted(made)},
        "verdicts": dict(Counter(verdict for _, (verdict, _) in judged)),
        "wrong": Random(kind.name).sample(wrong, min(examples, len(wrong))),
    }


def tally(kinds: Sequence[Kind], made: dict[str, list[Mutant]], verdicts: Sequence[Verdict]) -> list[Row]:
    """The figures of every kind, the worst first."""
    judged: dict[str, list[tuple[Mutant, Verdict]]] = defaultdict(list)
    for mutant, verdict in zip((mutant for kind in kinds for mutant in made[kind.name]), verdicts, strict=True):
        judged[mutant.kind].append((mutant, verdict))
    rows = [row_of(kind, judged[kind.name]) for kind in kinds]
    return sorted(rows, key=lambda row: (row["side"], 2.0 if row["share"] is None else row["share"]))


def print_table(rows: Sequence[Row], side: str) -> None:
    """One side's figures as a table."""
    word = "caught" if side == "changed" else "passed"
    table = Table("kind", "made", word, "share", "Wilson 95 %", "bundled", "public", title=f"{side}: {word}, worst first")
    for row in (row for row in rows if row["side"] == side):
        parts = (row["by_split"].get(split) for split in ("bundled", "public"))
        splits = [f"{part['right']}/{part['made']}" if part else "-" for part in parts]
        figures = ("-", "-") if row["share"] is None else (f"{row['share']:.1%}", f"{row['low']:.1%} to {row['high']:.1%}")
        table.add_row(row["kind"], str(row["made"]), str(row["right"]), *figures, *splits)
    Console(width=130).print(table)


def print_samples(made: dict[str, list[Mutant]], count: int, seed: int) -> None:
    """Some mutants of every kind, to be read by eye."""
    for name, found in made.items():
        click.echo(f"\n## {name} ({len(found)})")
        for mutant in Random(f"{seed}:{name}").sample(found, min(count, len(found))):
            click.echo(f"- [{mutant.old!r} -> {mutant.new!r}] {mutant.claim}")


def chosen(names: str | None) -> list[Kind]:
    """The kinds that are asked for."""
    kinds = load_kinds(LISTS)
    wanted = set(names.split(",")) if names else {kind.name for kind in kinds}
    unknown = wanted - {kind.name for kind in kinds}
    if unknown:
        raise click.BadParameter(f"no such kind: {', '.join(sorted(unknown))}", param_hint="--kinds")
    return [kind for kind in kinds if kind.name in wanted]


def sources(corpus: Path, folder: Path, split: str | None, seed: int, progress: Progress) -> tuple[Pairs, Pairs]:
    """The sentences of the bundled and of the public sources, as far as they are asked for."""
    random = Random(seed)
    own = pairs_of(bundled(corpus), random, progress, "bundled") if split != "public" else []
    others = pairs_of(public(folder), random, progress, "public") if split != "bundled" else []
    return own, others


def judged_rows(kinds: Sequence[Kind], made: dict[str, list[Mutant]], pairs: Pairs, jobs: int, progress: Progress) -> list[Row]:
    """Judge every mutant against its source."""
    texts = {passage.id: passage.text for passage, _ in pairs}
    todo = [(mutant.claim, texts[mutant.source_id]) for kind in kinds for mutant in made[kind.name]]
    return tally(kinds, made, judge_all(todo, jobs, progress))


@click.command()
@click.option("--corpus", type=FOLDER, default="corpus", show_default=True, help="Bundled corpus.")
@click.option("--public", "folder", type=FOLDER, default="../shared/data", show_default=True, help="Folder of the public sets.")
@click.option("--split", type=click.Choice(["bundled", "public"]), help="Only these sources (default: both).")
@click.option("--kinds", "names", help="Only these kinds, parted by commas.")
@click.option("--each", type=click.IntRange(1), default=300, show_default=True, help="At most so many of a kind.")
@click.option("--seed", type=int, default=1, show_default=True, help="Which sentences and which changes.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True, help="Processes.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the table here.")
@click.option("--samples", type=click.IntRange(1), help="Print so many mutants of each kind, and judge nothing.")
def main(corpus: Path, folder: Path, split: str | None, names: str | None, each: int, seed: int, jobs: int,
         json_file: Path | None, samples: int | None) -> None:  # fmt: skip
    """Judge sentences with one changed fact, or with one equal writing, against their sources."""
    kinds = chosen(names)
    if split != "bundled" and not all((folder / name).is_dir() for name in PUBLIC):
        raise click.UsageError(f"{folder} holds no {' or '.join(PUBLIC)}: give --public, or --split bundled")
    started = time.monotonic()
    with progress_bar() as progress:
        own, others = sources(corpus, folder, split, seed, progress)
        made = make_all(kinds, own, others, seed, each, progress)
        rows = [] if samples else judged_rows(kinds, made, own + others, jobs, progress)
    if samples:
        print_samples(made, samples, seed)
        return
    for side in ("changed", "equal"):
        print_table(rows, side)
    count, seconds = sum(row["made"] for row in rows), time.monotonic() - started
    click.echo(f"{count} judgments in {seconds:.0f} s with {jobs} processes ({1000 * seconds / max(count, 1):.0f} ms each)")
    if json_file:
        report = {
            "schema": "ragqa.mutations/1",
            **{"seed": seed, "each": each, "split": split or "both", "judgments": count},
            "sentences": {"bundled": len(own), "public": len(others)},
            "kinds": {row["kind"]: row for row in rows},
        }
        write_atomic(json_file, [json.dumps(report, ensure_ascii=False, indent=1) + "\n"])


if __name__ == "__main__":
    main()
