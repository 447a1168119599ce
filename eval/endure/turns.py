"""Time per turn as a conversation grows: the same questions asked at turns 1, 10, 100 and 1,000.

python eval/endure/turns.py
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

import click

from ragqa.conversation.turns import add_turn, read_turns, turn_of
from ragqa.evaluation.conversations import load_dialogues
from ragqa.pipeline import Ragqa
from ragqa.settings import load_settings

TURNS = (1, 10, 100, 1000)
PROBES = 25


@click.command()
@click.option("--gold", type=click.Path(path_type=Path), default=Path("eval/conversations"))
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/turns.json"))
def main(gold: Path, out: Path) -> None:
    """Ask the opening questions of the gold conversations behind 0, 9, 99 and 999 turns, file read and written each time."""
    dialogues = load_dialogues(gold)
    probes = [dialogue.turns[0].question for dialogue in dialogues[-PROBES:]]
    asked = [turn.question for dialogue in dialogues[:-PROBES] for turn in dialogue.turns][:99]
    spent: dict[int, list[float]] = {turn: [] for turn in TURNS}
    with Ragqa.open(load_settings()) as ragqa, tempfile.TemporaryDirectory() as folder:
        earlier = [turn_of(ragqa.ask(question)) for question in asked]
        for turn in TURNS:
            for number, probe in enumerate(probes):
                file = Path(folder) / f"{turn}-{number}.jsonl"
                file.write_text("".join(f"{earlier[place % 99].model_dump_json()}\n" for place in range(turn - 1)), "utf-8")
                started = time.perf_counter()
                add_turn(file, turn_of(ragqa.ask(probe, read_turns(file))))
                spent[turn].append(1000 * (time.perf_counter() - started))
    found = {
        f"turn {turn}": {"median_ms": round(statistics.median(times)), "times_turn_1": round(sum(times) / sum(spent[1]), 2)}
        for turn, times in spent.items()
    }
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
