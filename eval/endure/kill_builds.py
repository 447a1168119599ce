"""Kill `ragqa index` fifty times at random moments: a whole index must answer after each, and the next run must complete.

python eval/endure/kill_builds.py --kills 50 --seed 7
python eval/endure/kill_builds.py --kills 50 --seed 7 --grown     (builds add to the live generation, as those of a large index)
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from ragqa.index import Sizes, current_generation
from ragqa.index.refresh import build_index
from ragqa.pipeline import Ragqa
from ragqa.settings import Settings

SEED = "Is memantine effective as a first-line treatment for Borderline Personality Disorder?"

GROWING = Sizes(exact=50, slack=1e6)
"""So low, and so patient, that the bundled corpus is a large index which every build adds to."""
ADDED = 60
"""Records added before each kill, so that every build has new text to embed and write."""


@click.command()
@click.option("--kills", default=50, show_default=True)
@click.option("--seed", default=7, show_default=True)
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("corpus"))
@click.option("--grown", is_flag=True, help="Kill builds that add to the live generation.")
@click.option("--build-only", hidden=True, type=click.Path(path_type=Path), help="Build the corpus into this folder once.")
def main(kills: int, seed: int, corpus: Path, grown: bool, build_only: Path | None) -> None:
    """Build once; then add to the corpus, build, kill and ask, again and again."""
    sizes = GROWING if grown else Sizes()
    if build_only is not None:
        build_index(Settings(corpus=corpus, index=build_only, abstracts="all"), sizes=sizes)
        return
    with tempfile.TemporaryDirectory() as place:
        folder, copy = Path(place) / "index", Path(place) / "corpus"
        shutil.copytree(corpus, copy)
        settings = Settings(corpus=copy, index=folder, abstracts="all")
        before = build_index(settings, sizes=sizes).manifest.generation
        expected = _ask(settings)
        command = [sys.executable, "-m", "ragqa", "index", "--corpus", copy, "--index", folder, "--abstracts", "all"]
        if grown:
            command = [sys.executable, __file__, "--grown", "--corpus", copy, "--build-only", folder]
        moments, old, new = random.Random(seed), 0, 0
        for kill in range(kills):
            for number in range(ADDED):
                _add(copy, kill * ADDED + number)
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(moments.uniform(0.3, 3.5))
            process.send_signal(signal.SIGKILL)
            process.wait()
            name, answer = current_generation(folder), _ask(settings)
            if name == before:
                old += answer == expected
            else:  # the swap came before the kill: the new generation must be whole, and is the old one from now on
                new += answer["trace"]["generation"] == name
                before, expected = name, answer
        report = build_index(settings, sizes=sizes)
        click.echo(
            f"{kills} kills: {old} times the old index answered as before, {new} times the new one was already live and whole. "
            f"Next run, {'grown' if report.manifest.parent else 'whole'}: {report.manifest.counts['abstracts']} abstracts, "
            f"{report.embedded} embedded, {report.reused} reused, "
            f"{len(list(folder.glob('.building-*')))} leftovers."
        )
        sys.exit(0 if old + new == kills else 1)


def _add(corpus: Path, number: int) -> None:
    record = {
        "id": f"doc:grown-{number}",
        "sections": [{"text": f"Record {number} was added to make the build long. " + f"It says {number} in many words. " * 20}],
        "text_origin": "summary",
        "source": "written by eval/endure/kill_builds.py",
    }
    with (corpus / "abstracts" / "grown.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(record) + "\n")


def _ask(settings: Settings) -> dict[str, Any]:
    with Ragqa.open(settings) as ragqa:
        answer = ragqa.ask(SEED).to_json()
    answer["trace"].pop("milliseconds")
    return answer


if __name__ == "__main__":
    main()
