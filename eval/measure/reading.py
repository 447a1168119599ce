"""What reading a question costs: beside embedding it, in a cold process, and in memory; figures go to eval/results/reading.json.

* questions: milliseconds of a processor in which each question of the sets is read, from the typed text to all that is asked for,
  and in which the same question is embedded, one right after the other
* longest: the same of texts of 2,000 characters that give the readers most to do, and how the time grows with the length
* loading: milliseconds and memory of its own that each vocabulary takes in a fresh process in which all else is loaded; and of
  all that reads a question, first use included, in this version and another in turn, which had patterns in their place
* cold: a whole `ragqa ask`, this version and another in turn: user processor time, time on the clock, and their difference
* memory: megabytes of its own of a process that has answered some questions, this version and the other in turn

What else the machine does falls on both sides of a ratio or a difference. Processes find their bytecode compiled, as installed
ones do. The other version is a commit of this repository, by default the last one before there were vocabularies.

    python eval/measure/reading.py
"""

from __future__ import annotations

import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import click
import numpy as np

from ragqa.evaluation.cases import read_cases
from ragqa.evaluation.conversations import load_dialogues
from ragqa.evaluation.gold import load_gold
from ragqa.files import write_atomic
from ragqa.language.about import NOTHING
from ragqa.models import Embedder, Vectors, load_embedder
from ragqa.pipeline import Ragqa
from ragqa.question.asked import LONGEST_QUESTION, Asked, Turn
from ragqa.question.query import Query
from ragqa.settings import load_settings

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from by_question import interval
from commands import RAGQA, SEED_QUESTION, environment, ragqa

REMEMBERING = 5
"""Turns in which memory is looked at: it hardly differs from one to the next."""
WARMING_UP = "She took memantinn today and is well, is that safe?"
"""Has every pattern compiled that is not before it is needed, and the misspelt names read."""
LENGTHS = (LONGEST_QUESTION // 2, LONGEST_QUESTION)
LONGEST = {
    "names of drugs": ("memantine, ", "lamotrigine, ", "co-trimoxazole, ", "quetiapine, ", "St John's wort, "),
    "misspelt names": (
        "memantin ",
        "lamotrigne ",
        "bipolr ",
        "depresion ",
        "quetiapin ",
        "clozapne ",
        "risperdone ",
        "olanzepine ",
    ),
    "unlike any name": ("brastolemic ", "gundorvity ", "plaxomeral ", "tresculon ", "vordimexal ", "quabolterin ", "zenthrocyl "),
    "figures of a patient": ("84F, CrCl 18 mL/min, ", "47 kg, ", "Child-Pugh B, ", "BMI 31, ", "CKD 4, ", "aged 65 or more, "),
    "doses": ("10-20 mg bd, ", "0.5 mg/kg/d ", "-2.3 (95% CI -3.1 to -1.5; p<.001), ", "twice a day, ", "2½ tablets, "),
    "people": ("Mrs Anna Kowalska and ", "Jan van der Berg and ", "J. Müller and ", "SMITH, John and ", "Dr O'Neill and "),
    "pronouns": ("this trial ", "these patients and ", "does it ", "with them ", "the latter ", "instead "),
    "many questions": ("Is it safe? ", "What dose? ", "And in pregnancy? ", "Does memantine help? "),
    "capitals": ("BPD ", "STAR*D ", "Zanarini Rating ", "MDD ", "The Crawford Trial of "),
}
"""What a text is filled with that gives one of the readers most to do."""
PARTS = {
    "names and their concepts": "from ragqa.language.vocabulary import vocabulary; vocabulary().find('memantine in OCD')",
    "mentions": "from ragqa.language.concepts import mentions, suggestions; mentions('memantine in OCD')",
    "names of the house": "from ragqa.corpus.vocabulary import house_vocabulary; house_vocabulary(Path('corpus'))",
    "misspelt names": "suggestions('memantinn')",
    "quantities and units": "from ragqa.language.quantities import quantities; quantities('10 mg daily')",
    "places on scales": "from ragqa.language.scales import places; places('CrCl 18 mL/min')",
    "what is told of whom": "from ragqa.language.about import about; about('memantine added to sertraline')",
    "shorthand of questions": "from ragqa.question.shorthand import expanded; import ragqa.question.terms; expanded('1mg')",
}
"""The vocabularies, each with what loads it, in an order in which each needs only those before it."""
STATE = """
import json, sys, time
from pathlib import Path
import click, decimal, faiss, fractions, numpy, onnxruntime, psutil, pydantic_settings, tokenizers, tomllib
import ragqa.errors, ragqa.files

def state():
    return time.process_time(), psutil.Process().memory_full_info().uss

"""
LOADING = f"""{STATE}
found = {{}}
for name, code in json.loads(sys.argv[1]).items():
    seconds, size = state()
    exec(code)
    found[name] = [1000 * (state()[0] - seconds), (state()[1] - size) / 2**20]
print(json.dumps(found))
"""
READERS = f"""{STATE}
seconds, _ = state()
from ragqa.question.reading import Reader
from ragqa.question.understanding import understand

understand("memantine 10 mg daily in OCD")
print(1000 * (state()[0] - seconds))
"""
HELD = """
import json, sys
import psutil
from ragqa.pipeline import Ragqa
from ragqa.settings import load_settings

with Ragqa.open(load_settings(index=sys.argv[1])) as opened:
    for question in json.loads(sys.argv[2]):
        opened.ask(question)
    print(psutil.Process().memory_full_info().uss / 2**20)
"""
"""This and ``READERS`` use whatever package is on the path: these names have stayed in every version."""


class TimedEmbedder:
    """An embedder that tells how many seconds of a processor it took."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder, self.spent = embedder, 0.0
        self.name, self.dimension, self.fingerprint = embedder.name, embedder.dimension, embedder.fingerprint

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder.embed``."""
        started = time.thread_time()
        vectors = self._embedder.embed(texts)
        self.spent += time.thread_time() - started
        return vectors


def conversations() -> list[tuple[str, ...]]:
    """What is asked in the working sets, turn by turn; most have one."""
    gold = [(*(turn.question for turn in item.history), item.question) for item in load_gold(Path("eval/gold"))]
    dialogues = [tuple(turn.question for turn in dialogue.turns) for dialogue in load_dialogues(Path("eval/conversations"))]
    return [*(case.asked for case in read_cases(Path("eval/cases/bundled.jsonl"))), *gold, *dialogues]


def read(ragqa: Ragqa, embedder: TimedEmbedder, asked: Asked) -> tuple[Query, float, float]:
    """A question as it was read, and the milliseconds of reading and of embedding it."""
    embedder.spent, started = 0.0, time.thread_time()
    query = ragqa.reader(embedder).read(asked)
    if not query.refusal:
        _ = query.about(NOTHING), query.terms, query.words, query.own_words, query.strange
    reading = time.thread_time() - started - embedder.spent
    if not embedder.spent:  # an emergency is seen without
        embedder.embed([query.searched])
    return query, 1000 * reading, 1000 * embedder.spent


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and greatest."""
    median, high, most = np.percentile(values, [50, 95, 100])
    return {"p50": round(float(median), 2), "p95": round(float(high), 2), "most": round(float(most), 2)}


def warm(ragqa: Ragqa, embedder: TimedEmbedder) -> dict[str, Any]:
    """Reading beside embedding of all questions, each after the turns before it as they were understood."""
    spent = []
    for talk in conversations():
        turns: list[Turn] = []
        for question in talk:
            query, *times = read(ragqa, embedder, Asked(question=question, history=tuple(turns)))
            turns.append(Turn(question=question, standalone=query.text))
            spent.append(times)
    reading, embedding = np.array(spent).T
    return {
        "questions": len(spent),
        "reading_ms": spread(reading),
        "embedding_ms": spread(embedding),
        "ratio": spread(reading / embedding),
        "ratio_of_p95": round(float(np.percentile(reading, 95) / np.percentile(embedding, 95)), 2),
        "read_within_embedding": f"{int((reading <= embedding).sum())} of {len(spent)}",
    }


def longest(ragqa: Ragqa, embedder: TimedEmbedder) -> dict[str, dict[str, float]]:
    """Reading beside embedding of the texts that take longest; no text is read twice, since what was read is remembered."""
    rows = {}
    for name, parts in LONGEST.items():
        short, long = (read(ragqa, embedder, Asked(question=filled(parts, length)))[1:] for length in LENGTHS)
        rows[name] = {
            "reading_ms": round(long[0], 1),
            "embedding_ms": round(long[1], 1),
            "ratio": round(long[0] / long[1], 2),
            "times_half_as_long": round(long[0] / short[0], 1),
        }
    return rows


def filled(parts: Sequence[str], length: int) -> str:
    """A question of so many characters made of these parts over and over."""
    return "".join(islice(cycle(parts), length))[: length - 1].rstrip() + "?"


def process(words: Sequence[str], source: Path | None, compiled: Path) -> tuple[str, dict[str, float]]:
    """What a process printed, and its seconds: user processor time and time on the clock."""
    kept = {name: value for name, value in environment(source).items() if name != "PYTHONDONTWRITEBYTECODE"}
    user, started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime, time.perf_counter()
    done = subprocess.run(words, env=kept | {"PYTHONPYCACHEPREFIX": str(compiled)}, check=True, capture_output=True, text=True)
    wall = time.perf_counter() - started
    return done.stdout, {"user_s": resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - user, "wall_s": wall}


def beside(these: Sequence[float], others: Sequence[float]) -> dict[str, Any]:
    """Medians of both, and the median difference of a turn with its 95 % interval."""
    differences = np.array(these) - np.array(others)
    low, high = interval(lambda rows: float(np.median(differences[rows])), range(len(differences)))
    return {
        "this": round(statistics.median(these), 3),
        "other": round(statistics.median(others), 3),
        "difference": round(float(np.median(differences)), 3),
        "interval": [round(float(low), 3), round(float(high), 3)],
    }


def turnabout(turns: int) -> Iterator[tuple[int, str]]:
    """The versions by turns, the other one first in every second; turn -1 only warms up."""
    for turn in range(-1, turns):
        for version in sorted(("this", "other"), reverse=bool(turn % 2)):
            yield turn, version


def cold(sources: dict[str, Path], work: Path, turns: int) -> dict[str, Any]:
    """Whole processes: asking and memory of both versions, loading of this one."""
    gold = [item.question for item in load_gold(Path("eval/gold")) if item.split == "dev" and not item.history]
    asked = json.dumps([SEED_QUESTION, *gold[:REMEMBERING]])
    spent: dict[str, list[dict[str, float]]] = {"this": [], "other": []}
    held: dict[str, list[float]] = {"this": [], "other": []}
    reading: dict[str, list[float]] = {"this": [], "other": []}
    parts: dict[str, list[list[float]]] = {name: [] for name in PARTS}
    for turn, version in turnabout(turns):
        source, index, compiled = sources[version], str(work / version), work / f"{version}-compiled"
        _, seconds = process((*RAGQA, "ask", SEED_QUESTION, "--index", index), source, compiled)
        loading = float(process((sys.executable, "-c", READERS), source, compiled)[0])
        if turn >= 0:
            spent[version].append(seconds)
            reading[version].append(loading)
        if 0 <= turn < REMEMBERING:
            held[version].append(float(process((sys.executable, "-c", HELD, index, asked), source, compiled)[0]))
        if version == "this":
            loaded = json.loads(process((sys.executable, "-c", LOADING, json.dumps(PARTS)), source, compiled)[0])
            for name in PARTS if turn >= 0 else ():
                parts[name].append(loaded[name])
    rows = {name: np.median(np.array(values), axis=0) for name, values in parts.items()}
    total = np.sum([np.array(values) for values in parts.values()], axis=0)
    return {
        "turns": turns,
        "loading": {name: {"ms": round(float(ms), 1), "mb": round(float(mb), 1)} for name, (ms, mb) in rows.items()},
        "loading_all_ms": spread(total[:, 0]),
        "readers_ms": beside(reading["this"], reading["other"]),
        "loading_all_mb": spread(total[:, 1]),
        "ask": {
            name: beside([turn[name] for turn in spent["this"]], [turn[name] for turn in spent["other"]])
            for name in spent["this"][0]
        },
        "memory_mb": beside(held["this"], held["other"]),
    }


def package_of(commit: str, folder: Path) -> Path:
    """The package as it was at a commit, unpacked under a folder."""
    packed = subprocess.run(("git", "archive", commit, "src"), check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as held:
        held.extractall(folder, filter="data")
    return folder / "src"


@click.command(help=__doc__)
@click.option("--other", default="e2a5319", show_default=True, help="The commit to be held against.")
@click.option("--turns", default=15, show_default=True, type=click.IntRange(REMEMBERING), help="Processes of each version.")
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/reading.json"), show_default=True)
def main(other: str, turns: int, out: Path) -> None:
    """Time reading and embedding, then whole processes; three minutes on two quiet cores."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        sources = {"this": Path("src"), "other": package_of(other, work / "package")}
        for version, source in sources.items():
            ragqa("index", "--index", work / version, source=source)
        with Ragqa.open(load_settings(index=work / "this")) as opened:
            for question in (SEED_QUESTION, WARMING_UP):
                opened.ask(question)
            embedder = TimedEmbedder(load_embedder(opened.settings.model))
            found: dict[str, Any] = {"warm": warm(opened, embedder), "longest": longest(opened, embedder)}
        found |= {"other": other} | cold(sources, work, turns)
    found["load_average"] = [round(load, 1) for load in os.getloadavg()]
    write_atomic(out, [json.dumps(found, indent=1) + "\n"])
    click.echo(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
