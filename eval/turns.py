"""Time per turn as a conversation grows: turns 1, 10 and 100, and what the length alone costs.

python eval/turns.py
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path

import click

from ragqa.conversation import add_turn, read_turns, turn_of
from ragqa.dialogue import load_dialogues
from ragqa.followup import standalone
from ragqa.pipeline import Ragqa
from ragqa.settings import load_settings

WINDOW = 5
"""Turns around 10 and 100 whose median is given, so that one hard question does not speak for the length."""


@click.command()
@click.option("--gold", type=click.Path(path_type=Path), default=Path("eval/conversations"))
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/turns.json"))
def main(gold: Path, out: Path) -> None:
    """Ask the gold conversations one after the other as a single conversation of 100 turns, three times."""
    questions = [turn.question for dialogue in load_dialogues(gold) for turn in dialogue.turns][:104]
    spent: list[list[float]] = [[] for _ in questions]
    reading: list[list[float]] = [[] for _ in questions]
    with Ragqa.open(load_settings()) as ragqa:
        ragqa.ask(questions[0])
        for _ in range(3):
            file = out.with_suffix(".jsonl")
            for place, question in enumerate(questions):
                started = time.perf_counter()
                history = read_turns(file)
                answer = ragqa.ask(question, history)
                add_turn(file, turn_of(answer))
                spent[place].append(1000 * (time.perf_counter() - started))
                started = time.perf_counter()
                standalone(question, history)
                reading[place].append(1000 * (time.perf_counter() - started))
            file.unlink()

    def around(times: list[list[float]], turn: int) -> float:
        near = times[max(0, turn - 1 - WINDOW) : turn + WINDOW]
        return round(statistics.median(value for values in near for value in values), 2)

    found = {
        "whole_turn_ms": {f"turn {turn}": around(spent, turn) for turn in (1, 10, 100)},
        "reading_the_question_ms": {f"turn {turn}": around(reading, turn) for turn in (1, 10, 100)},
    }
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
