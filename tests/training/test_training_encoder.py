"""The encoder: weights recovered, trained for real at a small size, exported, measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import asking
import by_heart
import by_question
import click
import export
import loop
import measure_encoder
import numpy as np
import pytest
import queries
import torch
import train_encoder
import weights
from layout import packed
from onnx import numpy_helper
from queries import Query

from ragqa.models import OnnxEmbedder, load_embedder

RECIPE = loop.Recipe(steps=16, rate=5e-4, warmup=2, every=8, longest=32)
SUBJECTS = ("asthma", "gout", "migraine", "anaemia", "eczema", "sciatica")
TEXTS = {("small", name): f"About {name}\nWhat helps people with {name} was studied here." for name in SUBJECTS}
ASKED = [
    Query(data="small", id=str(n), text=f"Which treatment is best for {name}?", answers=(name,), group=name)
    for n, name in enumerate(SUBJECTS)
]
HARD = {("small", query.id): [other] for query, other in zip(ASKED, [*SUBJECTS[1:], SUBJECTS[0]], strict=True)}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def started() -> train_encoder.Encoder:
    """A task at its beginning: the same weights every time."""
    model = weights.recover("bge_small_en", layers=2, dropout=0.0)
    return train_encoder.Encoder(model, ASKED, TEXTS, HARD, RECIPE, slots={"small": 3})


def test_recovered_weights_are_the_packaged_model() -> None:
    """In float32 the vectors are those of the int8 package, but for what eight bits cost."""
    figures = weights.compare_encoder(weights.recover("bge_small_en").eval(), list(TEXTS.values())[:3])
    assert figures["worst"] > 0.99


def test_ndcg_of_a_known_ranking() -> None:
    """An answer in second place is worth 1 / log2(3); one of two answers found first is worth 1 of 1 + 1 / log2(3)."""
    second = weights.ndcg(np.array([[0.9, 0.8, 0.1]]), [{1}])
    assert second == pytest.approx(1 / np.log2(3))
    assert weights.ndcg(np.array([[0.9, 0.8, 0.7, 0.1]]), [{0, 3}], depth=3) == pytest.approx(1 / (1 + 1 / np.log2(3)))


def test_recovered_cross_encoder_ranks_as_the_packaged_one() -> None:
    """Same order of texts that clearly differ; logits within what eight bits cost."""
    texts = ["Gout is treated with colchicine.", "Gout is a disease of joints.", "Ships sail on the sea."]
    figures = weights.compare_cross_encoder(weights.recover("reranker_en").eval(), ["What treats gout?"], texts)
    assert figures["kendall"] == 1.0
    assert figures["worst"] < 1.0


def test_untrained_weights_go_back_into_the_graph(tmp_path: Path) -> None:
    """Recovered and written again, the encoder still gives the packaged vectors, and repeats them bit for bit."""
    export.write(weights.recover("bge_small_en"), "bge_small_en", tmp_path)
    texts = list(TEXTS.values())
    found = export.Exported(tmp_path).vectors(texts)
    assert (found * OnnxEmbedder().embed(texts)).sum(axis=1).min() > 0.99
    assert export.repeats(tmp_path, [(text, None) for text in texts])


def test_products_fit_processors_without_8_bit_dot_products() -> None:
    """Weights that are multiplied stay within -64..64, and each column uses that range."""
    graph = weights.quantised("bge_small_en", weights.recover("bge_small_en", layers=1)).graph
    products = [
        numpy_helper.to_array(i) for i in graph.initializer if i.name.startswith("onnx::MatMul") and i.name.endswith("_quantized")
    ]
    assert len(products) == 6
    assert all(np.abs(weight.astype(int)).max(axis=0).tolist() == [64] * weight.shape[1] for weight in products)


def test_sets_are_named_with_what_a_step_draws() -> None:
    """A set without a number, or one that is not known, is said with a right example."""
    assert train_encoder.slots_of("scifact:20,medquad:6") == {"scifact": 20, "medquad": 6}
    for wrong in ("scifact", "scifact:", "bioasq_7b_11b:4", ""):
        with pytest.raises(click.BadParameter, match="not like scifact:12,"):
            train_encoder.slots_of(wrong)


def test_half_precision_leads_the_same_way() -> None:
    """Oracle: float32. Products in bfloat16 give nearly its loss, and weights that move in nearly its direction."""
    moved, losses = [], []
    for half in (False, True):
        model = weights.recover("bge_small_en", layers=2, dropout=0.0)
        task = train_encoder.Encoder(model, ASKED, TEXTS, HARD, replace(RECIPE, half=half), slots={"small": 3})
        (loss,) = task.losses(0)
        loss.backward()
        losses.append(float(loss.detach()))
        moved.append(torch.cat([value.grad.flatten() for value in model.parameters() if value.grad is not None]))
    assert losses[1] == pytest.approx(losses[0], abs=0.05)
    assert float(torch.nn.functional.cosine_similarity(*moved, dim=0)) > 0.95


def test_a_document_that_answers_is_never_a_wrong_one() -> None:
    """Two queries of one document: each would push away what answers the other."""
    asked = [Query(data="small", id=i, text="", answers=("gout",), group="gout") for i in ("1", "2")]
    keys = [("small", "gout"), ("small", "gout"), ("small", "asthma")]
    one = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    loss = train_encoder.contrast(one, torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), asked, keys)
    assert float(loss) == pytest.approx(0.0, abs=1e-6)


def test_a_small_run_learns_and_resumes(tmp_path: Path) -> None:
    """Stopped and gone on with, the weights are those of an uninterrupted run; the loss falls."""
    loop.train(started(), RECIPE, {}, tmp_path / "whole")
    loop.train(started(), RECIPE, {}, tmp_path / "parts", stop=8)
    loop.train(started(), RECIPE, {}, tmp_path / "parts")
    kept = [torch.load(tmp_path / name / "checkpoint.pt", weights_only=True) for name in ("whole", "parts")]
    for name, value in kept[0]["model"].items():
        assert torch.allclose(value, kept[1]["model"][name], atol=1e-6), name
    losses = [row["loss"] for row in kept[0]["log"]]
    assert losses == pytest.approx([row["loss"] for row in kept[1]["log"]], abs=1e-5)
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])


def test_blending_goes_from_one_model_to_the_other() -> None:
    """At 1 the tuned weights, at 0 the packaged ones, in between their mean."""
    first, second = (weights.recover("bge_small_en", layers=1) for _ in range(2))
    with torch.no_grad():
        second.encoder.layer[0].output.dense.bias += 1
    name = "encoder.layer.0.output.dense.bias"
    expected = 0.75 * first.state_dict()[name] + 0.25 * second.state_dict()[name]
    assert torch.allclose(weights.blended(first, second, 0.75).state_dict()[name], expected)


def test_queries_leave_out_what_is_evaluated(small_data: Path, project: Path) -> None:
    """A question of an evaluation set is not learned from."""
    judged = small_data / "pubmedqa/qrels/dev.tsv"
    judged.parent.mkdir()
    judged.write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n", encoding="utf-8")
    assert {query.id for query in queries.queries(small_data, project, ["pubmedqa"])} == {"q1", "q2"}
    packed(small_data / "kqa/queries.jsonl.gz", [{"_id": "k", "text": "does drug D help"}])
    assert [query.id for query in queries.queries(small_data, project, ["pubmedqa"])] == ["q1"]


def test_queries_of_the_same_documents_stay_together() -> None:
    """By query alone a model would be measured on documents it learned: it gains what it has by heart, and nothing elsewhere."""
    judged = {"1": {"b": 1, "a": 1}, "2": {"c": 1}, "3": {"b": 1, "d": 1}, "4": {"d": 1, "c": 0}, "5": {"c": 0}}
    assert queries.groups(judged) == {"1": "a", "2": "c", "3": "a", "4": "a"}
    for turned in (dict(reversed(judged.items())), {q: dict(reversed(docs.items())) for q, docs in judged.items()}):
        assert queries.groups(turned) == queries.groups(judged)
    assert {queries.part_of("small", "asked", str(n), 5, "document") for n in range(100)} == set(range(5))


def test_folds_are_by_document_or_by_question() -> None:
    """Ten questions of one document share a fold by document, and are spread by question."""
    asked = [Query(data="small", id=str(n), text="", answers=("gout",), group="gout") for n in range(10)]
    assert len({query.part(5, "document") for query in asked}) == 1
    assert len({query.part(5, "question") for query in asked}) > 1


def about_the_next_subject(tmp_path: Path) -> asking.Questions:
    """Questions that the document on another subject answers: only who learned that ranks it first."""
    data = tmp_path / "small"
    packed(data / "corpus.jsonl.gz", [{"_id": doc, "title": "", "text": text} for (_, doc), text in TEXTS.items()])
    turned = dict(zip(SUBJECTS, [*SUBJECTS[1:], SUBJECTS[0]], strict=True))
    packed(data / "queries.jsonl.gz", [{"_id": name, "text": f"What helps in {name}?"} for name in SUBJECTS])
    (data / "qrels").mkdir()
    judged = "".join(f"{name}\t{doc}\t1\n" for name, doc in turned.items())
    (data / "qrels/all.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}", encoding="utf-8")
    return asking.Questions(data, tmp_path)


def test_what_is_learned_by_heart_is_found(tmp_path: Path) -> None:
    """A question whose document the words do not tell is ranked right once learned, and was not before."""
    asked = about_the_next_subject(tmp_path)
    every, before = np.ones(len(SUBJECTS), bool), asked.ndcg(asked.asked)["dense"]
    after = asked.ndcg(asking.learned_map([(asked, every)])(asked, every))["dense"]
    assert before.mean() < after.mean() == 1.0
    recipe = replace(asking.ENCODER, steps=12, rate=2e-4, warmup=2, every=12)
    after = asked.ndcg(asking.learned_encoder([(asked, every)], tmp_path / "run", recipe)(asked, every))["dense"]
    assert before.mean() < after.mean()
    assert sorted(after)[1] == 1.0  # the one that chooses the weights was not learned
    moved = by_heart.by_folds([asked], "question", 5, lambda known, named: lambda questions, marked: -questions.asked[marked])
    assert np.array_equal(moved[0], -asked.asked)


def test_an_opening_learns_and_resumes(tmp_path: Path) -> None:
    """The loss falls while the encoder stays as it is; killed and gone on with, the opening is the same."""
    asked = about_the_next_subject(tmp_path)
    known, recipe = [(asked, np.ones(len(SUBJECTS), bool))], replace(asking.OPENING, steps=16, warmup=2, every=8)
    learned = asking.learned_opening(known, tmp_path / "whole", recipe)
    begun = asking.Asking(asking.Opening(), known, recipe)
    loop.train(begun, recipe, begun.data, tmp_path / "parts", stop=8)
    asking.learned_opening(known, tmp_path / "parts", recipe)
    whole, parts = (torch.load(tmp_path / name / "best/opening.pt", weights_only=True) for name in ("whole", "parts"))
    assert torch.allclose(whole["embeddings"], parts["embeddings"], atol=1e-5)
    losses = [row["loss"] for row in loop.run_of(tmp_path / "whole")["log"]]
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])
    assert [name for name, _ in begun.model.named_parameters()] == ["embeddings"]
    found = learned(*known[0])
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


@torch.inference_mode()
def test_an_opening_is_read_as_words_before_the_question() -> None:
    """Oracle: before it is learned, the encoder itself reading the words it starts from and then the text, of any length."""
    texts, read = ["What helps in gout?", "gout"], weights.tokenizer("bge_small_en", 64)
    opened = train_encoder.vectors(asking.Opening(), read, texts)
    plain = train_encoder.vectors(weights.recover("bge_small_en").eval(), read, [f"{asking.START} {text}" for text in texts])
    assert torch.allclose(opened, plain, atol=1e-5)


def test_hard_negatives_come_from_ragqas_own_index(tmp_path: Path) -> None:
    """Documents on a like subject, never one that answers; measured with the untuned model, tuned equals untuned."""
    data = tmp_path / "data"
    packed(data / "small/corpus.jsonl.gz", [{"_id": doc, "title": "", "text": text} for (_, doc), text in TEXTS.items()])
    rows = list(queries.mine(ASKED[:2], data, tmp_path / "work", ["small"], set()))
    assert [row["id"] for row in rows] == ["0", "1"]
    assert all(row["hard"] and ASKED[i].answers[0] not in row["hard"] for i, row in enumerate(rows))
    (data / "small/qrels").mkdir()
    judged = "".join(f"{query.id}\t{query.answers[0]}\t1\n" for query in ASKED)
    (data / "small/qrels/all.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}", encoding="utf-8")
    asked = {query.id: query.text for query in ASKED[:2]}
    table = measure_encoder.ranked(data / "small", load_embedder(), asked, tmp_path / "work", 0)
    assert table["dense"] == {"0": 1.0, "1": 1.0}


def test_intervals_are_of_the_same_queries() -> None:
    """A constant gain has an interval of no width, whatever the queries' own scores."""
    untuned = np.linspace(0, 0.8, 20)
    figures = by_question.paired(untuned + 0.1, untuned)
    assert figures["difference"] == 0.1
    assert figures["interval"] == [0.1, 0.1]
