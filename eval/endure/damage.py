"""Damaged installations: what each command and the server make of one damaged file, and what mends it.

Makes an installation from the bundled corpus (index, a library with a signed-off answer, accounts, a conversation with its
answer, the server's secret), then copies of it with one damage each: every file type in every kind of damage, chosen with the
seed. In each, `ragqa check`, `ask`, `library list`, a server (ready, a question, an emergency, an article, a conversation) and
`ragqa index` run in processes of their own; then the commands that the faults name, then all of
it again. A copy is good where nothing ended in a traceback, a crash or a wait, nothing went down that does not need the file,
no answer was changed without a word, and after the named commands everything is as it was before the damage.

    python eval/endure/damage.py --count 200 --json eval/results/damage.json

Root reads what it may not: as root, ``setpriv --bounding-set -dac_override,-dac_read_search`` goes before the command.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
from damage_steps import alone, command, conversation_begun, imported, looked_at
from damaged_files import TYPES, Damage, chosen, damaged

from ragqa.cli import main as ragqa
from ragqa.files import write_atomic

COMMANDS = re.compile(r"`ragqa ((?:mend|index)(?: --restore)?|review restore [a-z0-9-]+)")
"""Commands in a fault or notice that mend; others show or add."""


@click.command()
@click.option("--count", default=200, show_default=True)
@click.option("--seed", default=20, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--only", help="Only types or kinds that hold this word.")
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/damage.json"))
def main(count: int, seed: int, workers: int, only: str | None, out: Path) -> None:
    """Run all of it."""
    started = time.monotonic()
    damages = [one for one in chosen(10 * count if only else count, seed) if not only or only in one.type or only in one.kind]
    imported()
    with tempfile.TemporaryDirectory() as place:
        whole = Path(place) / "whole"
        prepared(whole)
        before = looked_at(whole)
        bad = [name for name, step in before.items() if step["end"] != "done"]
        if bad:
            raise click.ClickException(f"the whole installation does not work: {[before[name] for name in bad]}")
        with ThreadPoolExecutor(workers) as pool:
            rows = list(pool.map(lambda one: tried(one, whole, Path(place), before), damages[:count]))
    found = {
        "seed": seed,
        "seconds": round(time.monotonic() - started),
        "summary": summary(rows),
        "table": table(rows),
        "rows": rows,
    }
    write_atomic(out, [json.dumps(found, indent=1, ensure_ascii=False) + "\n"])
    click.echo(json.dumps({key: found[key] for key in ("seconds", "summary")}, indent=1))
    for name, cells in table(rows).items():
        click.echo(f"{name:18} " + "  ".join(f"{kind}: {cell}" for kind, cell in cells.items() if cell != "good"))


def prepared(folder: Path) -> None:
    """A whole installation."""
    folder.mkdir()
    shutil.copytree("corpus", folder / "corpus")
    (folder / "questions.jsonl").write_text(json.dumps({"id": "q", "question": "Does lithium prevent suicide?"}) + "\n")
    (folder / "password").write_text("correct horse battery staple\n")
    for words in (
        ("index",),
        ("library", "add", "questions.jsonl"),
        ("library", "signoff", "--all", "--by", "demo-editor"),
        ("users", "add", "demo-editor", "--role", "editor", "--password-file", "password"),
    ):
        done = alone(folder, lambda words=words: command(words))
        if done["end"] != "done":
            raise click.ClickException(f"{words}: {done}")
    begun = alone(folder, conversation_begun)
    if begun["end"] != "done":
        raise click.ClickException(str(begun))


def tried(one: Damage, whole: Path, place: Path, before: dict[str, Any]) -> dict[str, Any]:
    """One damaged copy: what was seen, what mended it, and what was wrong with that."""
    folder = place / f"{one.type}-{one.kind}-{one.seed}".replace(" ", "-").replace("'", "")
    shutil.copytree(whole, folder, symlinks=True)
    damaged(one, folder)
    seen = looked_at(folder)
    named = sorted({found for step in seen.values() for found in COMMANDS.findall(step["told"])}, key=lambda n: n != "mend")
    mending = {name: alone(folder, lambda name=name: command(name.split())) for name in named}
    if mend_is_there() and not named:
        mending["mend"] = alone(folder, lambda: command(["mend"]))
    for step in list(mending.values()):
        for found in COMMANDS.findall(step["told"]):
            if found not in mending:
                mending[found] = alone(folder, lambda name=found: command(name.split()))
    after = looked_at(folder)
    again = alone(folder, lambda: command(["mend"])) if mend_is_there() else None
    wrong = judged(one, before, seen, mending, after, again)
    shutil.rmtree(folder)
    click.echo(f"{one.type:18} {one.kind:16} {'; '.join(wrong) or 'good'}", err=True)
    short = {name: step["told"] for name, step in seen.items() if step["end"] != "done" or COMMANDS.search(step["told"])}
    return {
        "type": one.type,
        "kind": one.kind,
        "seed": one.seed,
        "seen": short,
        "mended by": {name: f"{step['end']}: {step['told'][-400:]}" for name, step in mending.items()},
        "wrong": wrong,
    }


def mend_is_there() -> bool:
    """Whether this ragqa has `ragqa mend`."""
    return "mend" in ragqa.commands


def judged(
    one: Damage,
    before: dict[str, Any],
    seen: dict[str, Any],
    mending: dict[str, Any],
    after: dict[str, Any],
    again: dict[str, Any] | None,
) -> list[str]:
    """What is not as it should be."""
    wrong = []
    for name, step in seen.items():
        if step["end"] in ("traceback", "crash", "waits"):
            wrong.append(f"{name}: {step['end']}")
        elif step["end"] == "refused" and name not in TYPES[one.type][1]:
            wrong.append(f"{name}: down")
        if step["end"] == "refused" and step["lines"] > 1:
            wrong.append(f"{name}: {step['lines']} faults told for one")
    if seen["ask"]["end"] == "done" and seen["ask"]["out"] != before["ask"]["out"]:
        wrong.append("ask: another answer")
    wrong += [f"{name}: {step['end']}" for name, step in mending.items() if step["end"] in ("traceback", "crash", "waits")]
    down = sorted(name for name, step in after.items() if step["end"] != "done")
    if down:
        wrong.append(f"not mended: {', '.join(down)}")
    elif after["ask"]["out"] != before["ask"]["out"]:
        wrong.append("mended to another answer")
    if again is not None and again["end"] != "done":
        wrong.append("mend, a second time, still finds faults")
    return wrong


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts over all copies."""
    wrong = Counter(
        re.sub(r"^\w+: ", "", reason.partition(":")[0] if "mended" in reason else reason) for r in rows for reason in r["wrong"]
    )
    return {"copies": len(rows), "good": sum(not row["wrong"] for row in rows), "wrong": dict(wrong.most_common())}


def table(rows: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """File type -> kind of damage -> what was wrong with it."""
    cells: dict[str, dict[str, str]] = {}
    for row in rows:
        cells.setdefault(row["type"], {})[row["kind"]] = "; ".join(row["wrong"]) or "good"
    return cells


if __name__ == "__main__":
    main()
