"""Kill `ragqa regenerate` at random moments: nothing is lost, nothing is done twice, and what is published stays published.

python eval/endure/kill_regenerate.py
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click

from ragqa.corpus.records import Asked
from ragqa.editorial.library import Library, State
from ragqa.editorial.regenerate import propose
from ragqa.evaluation.gold import load_gold
from ragqa.files import write_atomic
from ragqa.index.refresh import build_index
from ragqa.parallel import cores
from ragqa.pipeline import Ragqa
from ragqa.settings import Settings

sys.path.append(str(Path(__file__).parents[1] / "measure"))

from desk import EDITED, approve


@click.command()
@click.option("--kills", type=int, default=30, show_default=True)
@click.option("--questions", type=int, default=60, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/kill-regenerate.json"))
def main(kills: int, questions: int, seed: int, out: Path) -> None:
    """Publish, edit an article, then kill and finish again and again from the same library, and compare with a run left alone."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        settings, saved = prepared(folder, questions), folder / "saved.sqlite"
        command = [sys.executable, "-m", "ragqa", "regenerate", "--corpus", str(settings.corpus), "--index", str(settings.index)]
        command += ["--library", str(settings.library)]
        shutil.copy(settings.library, saved)
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        whole = time.perf_counter() - started
        expected, faults, stopped_at = rows(settings.library), [], []
        for kill in range(kills):
            for leftover in folder.glob("library.sqlite*"):
                leftover.unlink(missing_ok=True)
            shutil.copy(saved, settings.library)
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
                time.sleep(chance.uniform(0.3, 1) * whole)
                running.send_signal(signal.SIGKILL)
            stopped_at.append(made(settings.library))
            faults += [f"kill {kill}: {fault}" for fault in damage(settings.library, questions)]
            subprocess.run(command, check=True, capture_output=True)
            if rows(settings.library) != expected:
                faults.append(f"kill {kill}: not what a run left alone gives")
            click.echo(
                f"kill {kill + 1}: after {stopped_at[-1]} of {made(settings.library)} answers; {len(faults)} faults so far"
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
    shutil.copytree("corpus", folder / "corpus")
    settings = Settings(corpus=folder / "corpus", index=folder / "index", library=folder / "library.sqlite")
    build_index(settings)
    items = [item for item in load_gold(Path("eval/gold")) if not item.history and "memantine" in item.question.lower()]
    with Library(settings.library) as library, Ragqa.open(settings) as ragqa:
        propose(library, ragqa, [Asked(question=item.question) for item in items[:questions]], "clinician", cores())
        for version in library.versions(State.WAITING):
            library.sign_off(version.number, "demo-editor")
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
