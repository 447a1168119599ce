"""What tuning on these questions can and cannot do: the question's side alone, the index's vectors unchanged.

``--tune`` chooses what of ``asking.py`` is learned. Measured are questions that were not learned, in three ways. Folds by
question: other questions about the same documents were learned. Folds by document (``queries.groups``): other questions of
the set. Other sets: nothing of the set. Only the last two say something about documents that are new; the sets of ``--only``
are measured, never learned. Means and differences, with 95 % intervals from a bootstrap over questions, of the vectors alone
and with the words: the plain sum, and all stages of ``ragqa search``.

    python eval/learn/sample_beir.py ../shared/data/medquad WORK/medquad-3000 --documents 3000
    nice python eval/learn/training/by_heart.py --work WORK ../shared/data/scifact ../shared/data/pubmedqa \
        ../shared/data/evidence_inference WORK/medquad-3000 --only ../shared/data/bioasq_7b_11b
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch
from asking import ENCODER, OPENING, Known, Model, Questions, learned_encoder, learned_map, learned_opening
from queries import WAYS

sys.path.append(str(Path(__file__).parents[2] / "shared"))

from by_question import paired

Learn = Callable[[Known, str], Model]
"""Learns; the name tells one model of a table from the others."""


def by_folds(sets: Sequence[Questions], by: str, folds: int, learn: Learn) -> list[np.ndarray]:
    """Vectors of each set's questions by the model that learned the other folds of every set."""
    parts = [questions.parts(folds, by) for questions in sets]
    tuned = [questions.asked.copy() for questions in sets]
    for fold in range(folds):
        model = learn([(questions, part != fold) for questions, part in zip(sets, parts, strict=True)], f"{by}-{fold}")
        for vectors, questions, part in zip(tuned, sets, parts, strict=True):
            vectors[part == fold] = model(questions, part == fold)
    return tuned


def by_other_sets(sets: Sequence[Questions], learnable: int, learn: Learn) -> list[np.ndarray]:
    """Vectors of each set's questions by the model that learned the others among the first ``learnable`` sets."""
    every = {questions.name: np.ones(len(questions.names), bool) for questions in sets}
    models: dict[tuple[str, ...], Model] = {}
    tuned = []
    for questions in sets:
        others = [other for other in sets[:learnable] if other is not questions]
        names = tuple(other.name for other in others)
        if names not in models:
            models[names] = learn([(other, every[other.name]) for other in others], "only-" + "-".join(names))
        tuned.append(models[names](questions, every[questions.name]))
    return tuned


@click.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--only", type=click.Path(path_type=Path), multiple=True, help="A set that is measured and never learned.")
@click.option("--tune", type=click.Choice(["map", "encoder", "opening"]), default="map", show_default=True)
@click.option("--blend", default=1.0, show_default=True, help="Share of the tuned encoder's weights, the rest the packaged ones.")
@click.option("--folds", default=5, show_default=True)
@click.option("--half", is_flag=True, help="Products in bfloat16, for processors that multiply it.")
@click.option("--threads", default=1, show_default=True)
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--limit", default=1500, show_default=True, help="Questions a set.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=Path("eval/results/by-heart.json"))
def main(
    folders: tuple[Path, ...],
    only: tuple[Path, ...],
    tune: str,
    blend: float,
    folds: int,
    half: bool,
    threads: int,
    work: Path,
    limit: int,
    json_file: Path,
) -> None:
    """Print nDCG@10 tuned beside untuned, a way of holding back and a set a row; keep them under --tune in --json."""
    torch.set_num_threads(threads)
    sets = [Questions(folder, work, limit) for folder in (*folders, *only)]
    untuned = [questions.ndcg(questions.asked) for questions in sets]

    def learn(known: Known, named: str) -> Model:
        click.echo(f"learning {named}")
        if tune == "map":
            return learned_map(known)
        if tune == "opening":
            return learned_opening(known, work / "opening" / named, replace(OPENING, half=half))
        return learned_encoder(known, work / "asking" / named, replace(ENCODER, half=half), blend)

    result: dict = {questions.name: {"questions": len(questions.names)} for questions in sets}
    for way in ("other sets", *WAYS):
        others = way == "other sets"
        tuned = by_other_sets(sets, len(folders), learn) if others else by_folds(sets[: len(folders)], way, folds, learn)
        for questions, before, asked in zip(sets, untuned, tuned, strict=False):
            after = questions.ndcg(asked)
            row = {system: paired(after[system], before[system]) for system in before}
            result[questions.name][way if others else f"folds by {way}"] = row
            click.echo(json.dumps({questions.name: {way: row}}))
        kept = json.loads(json_file.read_text(encoding="utf-8")) if json_file.exists() else {}
        kept |= {"schema": "ragqa.by-heart/1", tune if blend == 1 else f"{tune} at {blend}": result}
        json_file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
