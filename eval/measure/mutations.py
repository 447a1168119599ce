"""How many falsified statements the checker catches: true sentences of the bundled corpus with one fact changed.

Each kind of change is made to 40 sentences drawn with a fixed seed; a mutation is caught when the verdict is not "supports".
The last rows show the other side: true sentences as they stand, and true sentences with a changed word order (a clause moved),
which should pass. Nothing here was used to train the checker.

    python eval/measure/mutations.py --corpus corpus --json eval/results/mutations.json
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import click

from ragqa.checking.checker import Checker
from ragqa.corpus.folder import citable, load_corpus
from ragqa.corpus.records import Abstract, Article
from ragqa.language.concepts import names
from ragqa.language.direction import opposite
from ragqa.language.sentences import sentences, without_markers
from ragqa.models import CachingEmbedder, RecentVectors, load_embedder, load_reranker
from ragqa.settings import load_settings

EACH = 40
DRUGS = ("sertraline", "haloperidol", "diazepam", "carbamazepine", "bupropion", "methylphenidate")
UNITS = {"mg/day": "g/day", "mg": "g", "weeks": "months", "months": "weeks", "years": "months", "%": " points", "hours": "days"}
_NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w-])")
_UNIT = re.compile(r"(?<=\d)(\s?)(mg/day|mg|weeks|months|years|%|hours)(?![\w/])")
_VERB = re.compile(r"\b(is|are|was|were|did|does|can|has|have|had)\b(?! not)")
_DIRECTION = re.compile(
    r"\b(?:increased|decreased|higher|lower|reduced|improved|more|less|fewer|better|worse|greater|superior|longer|shorter|raised|lowered)\b"
)

Mutation = Callable[[str, random.Random], str | None]


def number(text: str, draw: random.Random) -> str | None:
    """One number changed by a tenth to a double."""
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    chosen = draw.choice(found)
    value = float(chosen[0])
    other = value * draw.choice((0.5, 1.1, 2)) + (1 if value < 3 else 0)
    changed = f"{other:.2f}" if "." in chosen[0] else str(round(other) + (round(other) == value))
    return text[: chosen.start()] + changed + text[chosen.end() :]


def unit(text: str, draw: random.Random) -> str | None:
    """One unit exchanged."""
    found = list(_UNIT.finditer(text))
    if not found:
        return None
    chosen = draw.choice(found)
    return text[: chosen.start(2)] + UNITS[chosen[2]] + text[chosen.end() :]


def drug(text: str, draw: random.Random) -> str | None:
    """One drug exchanged for another."""
    found = [name for name in names(text) if name.lower() not in DRUGS and not name[0].isdigit()]
    return text.replace(draw.choice(found), draw.choice(DRUGS)) if found else None


def negation(text: str, draw: random.Random) -> str | None:
    """A verb denied, or a denial taken out."""
    if " not " in text:
        return text.replace(" not ", " ", 1)
    found = list(_VERB.finditer(text))
    if not found:
        return None
    chosen = draw.choice(found)
    return f"{text[: chosen.end()]} not{text[chosen.end() :]}"


def direction(text: str, draw: random.Random) -> str | None:
    """A word of direction turned round."""
    return opposite(text) if _DIRECTION.search(text) and " not " not in text else None


MUTATIONS: dict[str, Mutation] = {"number": number, "unit": unit, "drug": drug, "negation": negation, "direction": direction}


def moved(text: str) -> str | None:
    """The first clause moved to the end: the same words, the same facts."""
    head, comma, rest = text.rstrip(".").partition(", ")
    if not comma or len(head.split()) < 3 or len(rest.split()) < 4 or "," in rest:
        return None
    return f"{rest[0].upper()}{rest[1:]} {head[0].lower()}{head[1:]}."


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path))
@click.option("--json", "json_file", type=click.Path(path_type=Path))
@click.option("--seed", type=int, default=11, show_default=True)
def main(corpus: Path | None, json_file: Path | None, seed: int) -> None:
    """Print, for each kind of change, how many were made and the share caught."""
    allowed = citable(load_corpus(load_settings(corpus=corpus).corpus), abstracts="cited")
    records: list[Article | Abstract] = [*allowed.articles, *allowed.abstracts]
    true = [
        (without_markers(sentence.text), record)
        for record in records
        for sentence in sentences(record.text, 0, len(record.text))
        if len(sentence.text.split()) >= 8
    ]
    draw = random.Random(seed)
    draw.shuffle(true)
    checker = Checker(CachingEmbedder(load_embedder(), RecentVectors()), load_reranker())
    table = {}
    for kind, mutate in MUTATIONS.items():
        made = [(changed, record) for text, record in true if (changed := mutate(text, draw)) and changed != text][:EACH]
        table[kind] = _share(checker, made, caught=True)
    table["citation swapped"] = _share(
        checker, [(text, draw.choice([r for r in records if r is not own])) for text, own in true[:EACH]], True
    )
    table["true, as it stands"] = _share(checker, true[:EACH], caught=False)
    table["true, clause moved"] = _share(checker, [(m, r) for text, r in true if (m := moved(text))][:EACH], caught=False)
    for kind, row in table.items():
        click.echo(
            f"{kind:22}{row['made']:>5}  {'caught' if 'caught' in row else 'passed'} {row.get('caught', row.get('passed')):.3f}"
        )
    if json_file:
        json_file.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _share(checker: Checker, claims: list[tuple[str, Article | Abstract]], caught: bool) -> dict[str, object]:
    passed = [(text, checker.judge(text, record.text).verdict == "supports") for text, record in claims]
    wrong = [text for text, supported in passed if supported == caught]
    return {"made": len(passed), "caught" if caught else "passed": round(1 - len(wrong) / len(passed), 3), "wrong": wrong}


if __name__ == "__main__":
    main()
