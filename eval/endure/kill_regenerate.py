"""Kill `ragqa regenerate` at random moments: nothing is lost, nothing is done twice, and what is published stays published.

python eval/endure/kill_regenerate.py
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click

from ragqa.editorial.library import Library
from ragqa.evaluation.gold import load_gold
from ragqa.files import write_atomic
from ragqa.index.refresh import build_index
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked
from ragqa.settings import Settings

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from bundled import approve, copied, publish
from commands import RAGQA
from kills import kill

EDITED = "memantine-ocd"


@click.command()
@click.option("--kills", type=int, default=30, show_default=True)
@click.option("--questions", type=int, default=60, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/kill-regenerate.json"))
def main(kills: int, questions: int, seed: int, out: Path) -> None:
    """Publish, edit an article, then kill and finish again and again from the same library, and compare with a run left alone."""
    moments = random.Random(seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        settings, saved = prepared(folder, questions), folder / "saved.sqlite"
        places = {name: str(getattr(settings, name)) for name in ("corpus", "index", "library")}
        command = [*RAGQA, "regenerate", *(word for name, place in places.items() for word in (f"--{name}", place))]
        shutil.copy(settings.library, saved)
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        whole = time.perf_counter() - started
        expected, faults, stopped_at = rows(settings.library), [], []
        for number in range(kills):
            for leftover in folder.glob("library.sqlite*"):
                leftover.unlink(missing_ok=True)
            shutil.copy(saved, settings.library)
            kill(command, moments, 0.3 * whole, whole)
            stopped_at.append(made(settings.library))
            faults += [f"kill {number}: {fault}" for fault in damage(settings.library, questions)]
            subprocess.run(command, check=True, capture_output=True)
            if rows(settings.library) != expected:
                faults.append(f"kill {number}: not what a run left alone gives")
            click.echo(
                f"kill {number + 1}: after {stopped_at[-1]} of {made(settings.library)} answers; {len(faults)} faults so far"
            )
        found = {
            "kills": kills,
            "answers_made_again": made(settings.library),
            "made_before_the_kill": stopped_at,
            "faults": faults,
        }
    write_atomic(out, [json.dumps(found, indent=1) + "\n"])
    click.echo(json.dumps(found))


def prepared(folder: Path, questions: int) -> Settings:
    """A library of signed-off answers, and a corpus in which one article was edited since."""
    settings = copied(folder)
    build_index(settings)
    items = [item for item in load_gold(Path("eval/gold")) if not item.history and "memantine" in item.question.lower()]
    with Library(settings.library) as library, Ragqa.open(settings) as ragqa:
        publish(library, ragqa, [Asked(question=item.question) for item in items[:questions]])
    file = settings.corpus / "articles" / f"{EDITED}.md"
    file.write_text(file.read_text(encoding="utf-8").replace("20 mg/day", "20 mg a day"), encoding="utf-8")
    approve(settings.corpus, EDITED)
    build_index(settings)
    return settings


def rows(file: Path) -> Counter[tuple[str, ...]]:
    """What the library holds, times aside."""
    with sqlite3.connect(file) as database:
        return Counter(database.execute("SELECT key, state, severity, reason, basis_sha256, generation FROM versions").fetchall())


def made(file: Path) -> int:
    """How many versions were stored or redone from the edited article."""
    with sqlite3.connect(file) as database:
        wanted = "SELECT count(*) FROM versions WHERE basis_sha256 NOT IN (SELECT basis_sha256 FROM saved.versions)"
        database.execute("ATTACH ? AS saved", (str(file.with_name("saved.sqlite")),))
        return int(database.execute(wanted).fetchone()[0])


def damage(file: Path, questions: int) -> list[str]:
    """What a kill may never leave behind."""
    with sqlite3.connect(file) as database:
        whole = database.execute("PRAGMA integrity_check").fetchone()[0]
        published = database.execute("SELECT count(*) FROM versions WHERE state = 'published'").fetchone()[0]
        wanted = database.execute("SELECT count(*) FROM entries").fetchone()[0]
        twice = database.execute("SELECT count(*) FROM (SELECT 1 FROM versions GROUP BY key, basis_sha256 HAVING count(*) > 1)")
        doubled = twice.fetchone()[0]
    faults = [] if whole == "ok" else [f"file damaged: {whole}"]
    faults += [] if published == wanted else [f"{published} of {wanted} published"]
    return faults + ([f"{doubled} made twice"] if doubled else [])


if __name__ == "__main__":
    main()
