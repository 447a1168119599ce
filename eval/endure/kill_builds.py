"""Kill `ragqa index` fifty times at random moments: a whole index must answer after each, and the next run must complete.

python eval/endure/kill_builds.py --kills 50 --seed 7
python eval/endure/kill_builds.py --kills 50 --seed 7 --grown     (builds add to the live generation, as those of a large index)
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from ragqa.files.appending import append_line
from ragqa.index import Sizes, current_generation
from ragqa.index.refresh import build_index
from ragqa.pipeline import Ragqa
from ragqa.settings import Settings

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from bundled import copied
from commands import RAGQA, SEED_QUESTION
from kills import kill

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
        settings = copied(Path(place), corpus, abstracts="all")
        before = build_index(settings, sizes=sizes).manifest.generation
        expected = _ask(settings)
        folder, copy = str(settings.index), str(settings.corpus)
        command = [*RAGQA, "index", "--corpus", copy, "--index", folder, "--abstracts", "all"]
        if grown:
            command = [sys.executable, __file__, "--grown", "--corpus", copy, "--build-only", folder]
        moments, old, new = random.Random(seed), 0, 0
        for start in range(0, kills * ADDED, ADDED):
            for number in range(start, start + ADDED):
                _add(settings.corpus, number)
            kill(command, moments, 0.3, 3.5)
            name, answer = current_generation(settings.index), _ask(settings)
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
            f"{len(list(settings.index.glob('.building-*')))} leftovers."
        )
        sys.exit(0 if old + new == kills else 1)


def _add(corpus: Path, number: int) -> None:
    record = {
        "id": f"doc:grown-{number}",
        "sections": [{"text": f"Record {number} was added to make the build long. " + f"It says {number} in many words. " * 20}],
        "text_origin": "summary",
        "source": "written by eval/endure/kill_builds.py",
    }
    append_line(corpus / "abstracts" / "grown.jsonl", record, durable=False)


def _ask(settings: Settings) -> dict[str, Any]:
    with Ragqa.open(settings) as ragqa:
        answer = ragqa.ask(SEED_QUESTION).to_json()
    answer["trace"].pop("milliseconds")
    return answer


if __name__ == "__main__":
    main()
