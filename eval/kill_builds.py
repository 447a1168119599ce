"""Kill `ragqa index` fifty times at random moments: the old index must answer after each, and the next run must complete.

python eval/kill_builds.py --kills 50 --seed 7
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

import click

from ragqa.index import current_generation
from ragqa.pipeline import Ragqa, build_index
from ragqa.settings import Settings

SEED = "Is memantine effective as a first-line treatment for Borderline Personality Disorder?"


@click.command()
@click.option("--kills", default=50, show_default=True)
@click.option("--seed", default=7, show_default=True)
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("corpus"))
def main(kills: int, seed: int, corpus: Path) -> None:
    """Build once, grow the corpus, kill the second build again and again, asking the old index after each kill."""
    with tempfile.TemporaryDirectory() as place:
        folder, grown = Path(place) / "index", Path(place) / "corpus"
        shutil.copytree(corpus, grown)
        settings = Settings(corpus=grown, index=folder, abstracts="all")
        before = build_index(settings).manifest.generation
        expected = _ask(settings)
        for n in range(1200):
            _add(grown, n)
        command = [sys.executable, "-m", "ragqa", "index", "--corpus", grown, "--index", folder, "--abstracts", "all"]
        moments, whole, finished = random.Random(seed), 0, 0
        for _ in range(kills):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(moments.uniform(0.05, 4.0))
            process.send_signal(signal.SIGKILL)
            process.wait()
            if current_generation(folder) != before:
                finished += 1
                break
            whole += _ask(settings) == expected
        report = build_index(settings)
        click.echo(
            f"{kills} kills: the old index answered as before after {whole}; {finished} builds were live before the kill. "
            f"Next run: {report.manifest.counts['abstracts']} abstracts, {report.embedded} embedded, {report.reused} reused "
            f"from killed runs, {len(list(folder.glob('.building-*')))} leftovers."
        )
        sys.exit(0 if whole == kills else 1)


def _add(corpus: Path, number: int) -> None:
    record = {
        "id": f"doc:grown-{number}",
        "sections": [{"text": f"Record {number} was added to make the build long. " + f"It says {number} in many words. " * 20}],
        "text_origin": "summary",
        "source": "written by eval/kill_builds.py",
    }
    with (corpus / "abstracts" / "grown.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(record) + "\n")


def _ask(settings: Settings) -> object:
    with Ragqa.open(settings) as ragqa:
        answer = ragqa.ask(SEED).to_json()
    answer["trace"].pop("milliseconds")
    return answer


if __name__ == "__main__":
    main()
