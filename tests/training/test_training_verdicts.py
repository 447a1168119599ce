"""The three-output model: trained for real at a small size, killed, resumed, exported."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import export
import loop
import measure_verdicts
import numpy as np
import pytest
import torch
import train_verdicts
import weights
from claims import Pair
from data_sets import share_of
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score
from transformers import BertForSequenceClassification

LAYERS = 2
FIRST_LOSS = 1.0991
"""Of the first step, measured."""
RECIPE = loop.Recipe(steps=24, rate=5e-4, warmup=2, every=12, longest=48)
TEXTS = {
    "supports": ("Drug {0} lowers pain.", "Pain was lower with drug {0} than with placebo."),
    "contradicts": ("Drug {0} lowers pain.", "Drug {0} did not change pain."),
    "not_enough": ("Drug {0} lowers pain.", "The clinic of drug {0} opened in spring."),
}


def pairs() -> list[Pair]:
    """A pair of each verdict for six drugs, the last of them of the dev share."""
    sources = [
        *[f"s{n}" for n in range(50) if share_of(f"s{n}") == "train"][:5],
        next(f"s{n}" for n in range(99) if share_of(f"s{n}") == "dev"),
    ]
    return [
        Pair(data="scifact", source=source, claim=claim.format(name), text=text.format(name), verdict=verdict)
        for source, name in zip(sources, ("Axil", "Borel", "Cadin", "Domin", "Elvas", "Fenor"), strict=True)
        for verdict, (claim, text) in TEXTS.items()
    ]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def started() -> train_verdicts.Verdicts:
    """A task at its beginning: the same weights every time."""
    return train_verdicts.Verdicts(train_verdicts.beginning(LAYERS, seed=1), pairs(), RECIPE, slots={"scifact": 2}, frozen=1)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an uninterrupted run."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("run")
    loop.train(started(), RECIPE, {"pairs": 18}, folder)
    return folder


def log(folder: Path) -> list[dict]:
    """The learning curve."""
    return [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_small_run_learns_and_repeats(run: Path) -> None:
    """The loss starts where it was measured, and falls."""
    losses = [row["loss"] for row in log(run)]
    assert losses[0] == pytest.approx(FIRST_LOSS, abs=0.02)
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])
    assert [row["step"] for row in log(run) if "choice" in row] == [12, 24]


def test_a_killed_run_ends_with_the_same_weights(run: Path, tmp_path: Path) -> None:
    """Stopped between checkpoints and gone on with: weights and learning curve are those of a run that was not."""
    loop.train(started(), RECIPE, {}, tmp_path, stop=12)
    with (tmp_path / "log.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"step": 13, "loss": 9.9}\n')  # a step that no checkpoint holds
    loop.train(started(), RECIPE, {}, tmp_path)
    first, second = (BertForSequenceClassification.from_pretrained(folder / "newest") for folder in (run, tmp_path))
    for (name, one), other in zip(first.state_dict().items(), second.state_dict().values(), strict=True):
        assert torch.allclose(one, other, atol=1e-6), name
    assert [row["loss"] for row in log(tmp_path)] == pytest.approx([row["loss"] for row in log(run)], abs=1e-5)


def test_another_run_does_not_go_on_in_the_same_folder(run: Path) -> None:
    """Half a run of each would be neither, by another recipe or with other data."""
    with pytest.raises(ValueError, match="another recipe"):
        loop.train(started(), replace(RECIPE, steps=25), {"pairs": 18}, run)
    with pytest.raises(ValueError, match="another data"):
        loop.train(started(), RECIPE, {"pairs": 17}, run)


def test_frozen_parts_keep_their_weights(run: Path) -> None:
    """Embeddings and the bottom layer are what they were; the layer above is not."""
    before, after = (
        train_verdicts.beginning(LAYERS, seed=1).bert,
        BertForSequenceClassification.from_pretrained(run / "newest").bert,
    )
    assert torch.equal(before.embeddings.word_embeddings.weight, after.embeddings.word_embeddings.weight)
    same = [torch.equal(before.encoder.layer[n].output.dense.weight, after.encoder.layer[n].output.dense.weight) for n in (0, 1)]
    assert same == [True, False]


def test_it_begins_as_the_cross_encoder_it_was() -> None:
    """Before training, a text that answers is less "neither" than one that does not."""
    model, read = train_verdicts.beginning(12, seed=1), weights.tokenizer("reranker_en", 64)
    claim = "Does memantine help in obsessive-compulsive disorder?"
    texts = ["Memantine reduced symptoms of obsessive-compulsive disorder.", "Bread is baked from flour and water."]
    found = train_verdicts.probabilities(model, read, [(claim, text) for text in texts])
    assert found[0, 2] < 0.5 < found[1, 2]
    assert found[0, 0] == pytest.approx(float(found[0, 1]), abs=1e-6)


def test_the_exported_model_decides_alike_and_repeats(run: Path, tmp_path: Path) -> None:
    """int8 ONNX of fewer layers and three outputs: close to float32, the same bits every time, named in its manifest."""
    model = BertForSequenceClassification.from_pretrained(run / "newest").eval()
    manifest = export.write(model, "reranker_en", tmp_path)
    assert set(manifest) == {"model.onnx", "tokenizer.json"}
    texts = [(pair.claim, pair.text) for pair in pairs()]
    lost = export.lost(model, "reranker_en", export.Exported(tmp_path), texts)
    assert lost["difference of a probability"] < 0.05
    assert export.repeats(tmp_path, texts[:6])
    own = train_verdicts.probabilities(model, weights.tokenizer("reranker_en", 512), texts).numpy()
    assert export.Exported(tmp_path).probabilities(texts) == pytest.approx(own, abs=0.2)


def test_the_card_holds_what_the_run_measured(run: Path) -> None:
    """Best step and recipe are the run's own; figures that nobody measured are said to be missing."""
    template = Path(export.__file__).parent / "card_verdicts.md"
    text = export.card(template, run, {"same decision": 1.0}, None)
    best = max((row for row in log(run) if "choice" in row), key=lambda row: row["choice"])
    assert f'"choice": {best["choice"]}' in text
    assert '"pairs": 18' in text
    assert "not measured yet" in text


def test_every_pair_of_a_group_is_drawn_before_any_is_drawn_again() -> None:
    """Steps go through a group in rounds, each in another order."""
    drawn = [item for step in range(6) for item in train_verdicts.drawn_at(list(range(4)), step, 2, "seed")]
    rounds = [drawn[:4], drawn[4:8], drawn[8:]]
    assert [sorted(part) for part in rounds] == [[0, 1, 2, 3]] * 3
    assert len({tuple(part) for part in rounds}) > 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1))
def test_macro_f1_is_scikit_learns(rows: list[tuple[int, int]]) -> None:
    """Oracle: scikit-learn over all three classes."""
    truth, said = np.array([t for t, _ in rows]), np.array([s for _, s in rows])
    theirs = f1_score(truth, said, average="macro", labels=[0, 1, 2], zero_division=0)
    assert measure_verdicts.macro_f1(truth, said) == pytest.approx(theirs)


def test_verdicts_need_the_threshold_and_directions_the_best_support() -> None:
    """Supports and contradicts together must reach it; of three claims the most supported one is the direction."""
    found = np.array([[0.5, 0.1, 0.4], [0.1, 0.5, 0.4], [0.3, 0.1, 0.6]])
    assert measure_verdicts.verdicts(found, 0.6).tolist() == [0, 1, 2]
    assert measure_verdicts.verdicts(found, 0.7).tolist() == [2, 2, 2]
    assert measure_verdicts.directions(found).tolist() == [0]
