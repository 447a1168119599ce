"""Weights between two forms: the packages' int8 ONNX graphs, and transformers models that can be trained.

``recover`` dequantises a packaged graph into a transformers model; ``quantised`` writes a model's weights back into that
same graph, fewer layers and another number of outputs allowed. The graph keeps its nodes, so a trained model runs as fast
as the packaged one and needs no exporter. A weight is known by the node that multiplies with it: the node is named after
the module, its initialisers only numbered.

    python eval/learn/training/weights.py --work /tmp/train --data ../shared/data

recovers both models into ``--work`` and compares each with its package on abstracts of scifact.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import click
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from scipy.stats import kendalltau
from tokenizers import Tokenizer
from transformers import BertConfig, BertForSequenceClassification, BertModel

from ragqa.models import BGE_FILES, RERANKER_FILES, OnnxEmbedder, load_reranker, packaged_weights, verify_weights

sys.path.append(str(Path(__file__).parents[2] / "shared"))

from data_sets import rows

PACKAGES = {"bge_small_en": BGE_FILES, "reranker_en": RERANKER_FILES}
SHAPE = {"hidden_size": 384, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 1536}
"""Both packaged models are BERT of this shape."""
HALF = 64
"""Weights are kept within -64..64: two products of an unsigned byte and such a weight fit 16 bits, so that processors
without 8-bit dot products compute the same sums as those with them. One scale a column makes up for the lost bit."""
_LAYER = re.compile(r"encoder[./]layer\.(\d+)\b")


def packaged_graph(package: str) -> onnx.ModelProto:
    """The ONNX model of ``bge_small_en`` or ``reranker_en``; raises ModelUnavailable when its bytes are not the known ones."""
    folder = packaged_weights(package)
    verify_weights(folder, PACKAGES[package])
    return onnx.load(folder / "model.onnx")


def recover(
    package: str, layers: int = SHAPE["num_hidden_layers"], outputs: int = 1, dropout: float = 0.1
) -> BertModel | BertForSequenceClassification:
    """A packaged model in float32, cut to its first layers; a head with another number of outputs starts untrained.

    Gives a ``BertModel`` for the encoder and a ``BertForSequenceClassification`` for the cross-encoder.
    """
    state = _dequantised(packaged_graph(package).graph)
    state = {name: value for name, value in state.items() if _layer_of(name) < layers}
    shape = SHAPE | {"num_hidden_layers": layers}
    config = BertConfig(**shape, num_labels=outputs, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
    headed = "classifier.bias" in state
    if headed and outputs != len(state["classifier.bias"]):
        del state["classifier.weight"], state["classifier.bias"]
    model = BertForSequenceClassification(config) if headed else BertModel(config, add_pooling_layer=False)
    model.set_attn_implementation("eager")  # gradients through torch's fused attention take twice as long on a CPU
    lacking, unknown = model.load_state_dict(state, strict=False)
    if unknown or not set(lacking) <= {"classifier.weight", "classifier.bias"}:
        raise ValueError(f"{package} does not fit its shape: without {lacking}, left over {unknown}")
    return model


def _dequantised(graph: onnx.GraphProto) -> dict[str, torch.Tensor]:
    """Weights by the name transformers gives them."""
    stored = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    multiplied = _multiplied(graph)
    state = {}
    for name, value in stored.items():
        base = name.removesuffix("_quantized")
        if base != name:
            real = (value.astype(np.float32) - stored[f"{base}_zero_point"].astype(np.float32)) * stored[f"{base}_scale"]
            state[multiplied.get(base, base)] = torch.from_numpy(real.T.copy() if base in multiplied else real)
        elif not name.endswith(("_scale", "_zero_point")):
            state[name] = torch.from_numpy(value.copy())
    return state


def _multiplied(graph: onnx.GraphProto) -> dict[str, str]:
    """Initialisers that a MatMulInteger reads, transposed, with the weight each holds."""
    return {
        node.input[1].removesuffix("_quantized"): re.sub(r"/(?:MatMul|Gemm_MatMul)_quant$", "", node.name)
        .strip("/")
        .replace("/", ".")
        + ".weight"
        for node in graph.node
        if node.op_type == "MatMulInteger"
    }


def _layer_of(name: str) -> int:
    found = _LAYER.search(name)
    return int(found[1]) if found else -1


def quantised(package: str, model: torch.nn.Module) -> onnx.ModelProto:
    """The package's graph with a model's weights in it, int8: one scale a column for products, one a table for embeddings."""
    whole = packaged_graph(package)
    layers, state = model.config.num_hidden_layers, {name: value.detach().numpy() for name, value in model.state_dict().items()}
    _cut(whole.graph, layers)
    multiplied = _multiplied(whole.graph)
    for item in whole.graph.initializer:
        base = item.name.removesuffix("_quantized")
        if base != item.name:
            name = multiplied.get(base, base)
            parts = _columns(state[name].T) if base in multiplied else _table(state[name])
            for part, value in zip(("quantized", "scale", "zero_point"), parts, strict=True):
                _put(whole.graph, f"{base}_{part}", value)
        elif item.name in state:
            item.CopyFrom(numpy_helper.from_array(state[item.name], item.name))
    if "classifier.bias" in state:
        whole.graph.output[0].type.tensor_type.shape.dim[1].dim_value = len(state["classifier.bias"])
    del whole.graph.value_info[:]  # shapes of the packaged outputs; onnxruntime works them out again
    onnx.checker.check_model(whole)
    return whole


def blended(model: torch.nn.Module, other: torch.nn.Module, share: float) -> torch.nn.Module:
    """The first model with its weights at ``share``, the other's (of the same shape) at the rest."""
    theirs = other.state_dict()
    model.load_state_dict({name: share * value + (1 - share) * theirs[name] for name, value in model.state_dict().items()})
    return model.eval()


def _cut(graph: onnx.GraphProto, layers: int) -> None:
    """Let what read the last layer's output read that of layer ``layers``, and take out what then leads nowhere."""
    last, kept = (_outcome(graph, number - 1) for number in (SHAPE["num_hidden_layers"], layers))
    if last == kept:
        return
    for node in graph.node:
        node.input[:] = [kept if name == last else name for name in node.input]
    needed, nodes = {kept if item.name == last else item.name for item in graph.output}, []
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed.update(node.input)
            nodes.append(node)
    if last == graph.output[0].name:
        for node in nodes:
            node.input[:], node.output[:] = (
                [last if name == kept else name for name in side] for side in (node.input, node.output)
            )
    nodes, initialisers = nodes[::-1], [item for item in graph.initializer if item.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(initialisers)


def _outcome(graph: onnx.GraphProto, layer: int) -> str:
    """Name of a layer's output."""
    return next(n.output[0] for n in graph.node if n.name.endswith(f"encoder/layer.{layer}/output/LayerNorm/Add_1"))


def _columns(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """int8 within ``HALF`` either side, scale and zero point (0) of each column."""
    scale = np.maximum(np.abs(weight).max(axis=0) / HALF, 1e-12).astype(np.float32)
    return np.clip(np.rint(weight / scale), -HALF, HALF).astype(np.int8), scale, np.zeros(len(scale), np.int8)


def _table(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """uint8, scale and zero point of a whole table."""
    low, high = min(float(weight.min()), 0.0), max(float(weight.max()), 0.0)
    scale = np.float32((high - low) / 255)
    zero = np.uint8(np.rint(-low / scale))
    return np.clip(np.rint(weight / scale) + zero, 0, 255).astype(np.uint8), np.array(scale), np.array(zero)


def _put(graph: onnx.GraphProto, name: str, value: np.ndarray) -> None:
    next(item for item in graph.initializer if item.name == name).CopyFrom(numpy_helper.from_array(value, name))


def save(model: torch.nn.Module, package: str, folder: Path) -> Path:
    """A transformers folder with the package's tokenizer."""
    model.save_pretrained(folder)
    shutil.copyfile(packaged_weights(package) / "tokenizer.json", folder / "tokenizer.json")
    return folder


def tokenizer(package: str, longest: int) -> Tokenizer:
    """The package's tokenizer, cutting at ``longest`` word pieces as ``ragqa.models`` does: the longer text first."""
    read = Tokenizer.from_file(str(packaged_weights(package) / "tokenizer.json"))
    read.enable_truncation(longest)
    read.no_padding()
    return read


def padded(encodings: list) -> dict[str, torch.Tensor]:
    """Encodings as one batch, as long as the longest of them, or a little longer: torch plans anew for every new shape."""
    longest = -(-max(len(e.ids) for e in encodings) // 32) * 32

    def filled(rows: list[list[int]]) -> torch.Tensor:
        return torch.tensor([row + [0] * (longest - len(row)) for row in rows])

    return {
        "input_ids": filled([e.ids for e in encodings]),
        "token_type_ids": filled([e.type_ids for e in encodings]),
        "attention_mask": filled([[1] * len(e.ids) for e in encodings]),
    }


@torch.inference_mode()
def compare_encoder(model: BertModel, texts: list[str], asked: list[str] = (), answers: list[set[int]] = ()) -> dict[str, float]:
    """A model's CLS vectors beside the package's: cosines, and how alike each text ranks the others (Kendall).

    With questions and, for each, the places of the texts that answer it: nDCG@10 of both.
    """
    read = tokenizer("bge_small_en", 512)
    both = [*texts, *asked]
    rows = np.stack([model(**padded([read.encode(text)])).last_hidden_state[0, 0].numpy() for text in both])
    own, theirs = rows / np.linalg.norm(rows, axis=1, keepdims=True), OnnxEmbedder().embed(both)
    cosines, n = (own * theirs).sum(axis=1), len(texts)
    pairs = zip(own[:n] @ own[:n].T, theirs[:n] @ theirs[:n].T, strict=True)
    taus = [kendalltau(np.delete(a, i), np.delete(b, i))[0] for i, (a, b) in enumerate(pairs)]
    figures = {"texts": n, "cosine": cosines.mean(), "worst": cosines.min(), "kendall": np.mean(taus)}
    if asked:
        figures["questions"] = len(asked)
        figures["ndcg"] = ndcg(own[n:] @ own[:n].T, answers)
        figures["ndcg of the package"] = ndcg(theirs[n:] @ theirs[:n].T, answers)
    return {name: float(value) for name, value in figures.items()}


def ndcg(scores: np.ndarray, answers: list[set[int]], depth: int = 10) -> float:
    """Mean nDCG of rankings, shape (questions, texts), each question's answers all worth the same."""
    gains = 1 / np.log2(np.arange(2, depth + 2))
    found = [
        [place in right for place in np.argsort(-row, kind="stable")[:depth]] for row, right in zip(scores, answers, strict=True)
    ]
    ideal = [gains[: len(right)].sum() for right in answers]
    return float(np.mean([(gains[: len(row)] * row).sum() / best for row, best in zip(found, ideal, strict=True)]))


@torch.inference_mode()
def compare_cross_encoder(model: BertForSequenceClassification, claims: list[str], texts: list[str]) -> dict[str, float]:
    """Difference between a model's logits and the package's, and how alike they rank the texts for a claim (Kendall)."""
    read, reranker = tokenizer("reranker_en", 512), load_reranker()
    taus, differences = [], []
    for claim in claims:
        own = [float(model(**padded([read.encode(claim, text)])).logits[0, 0]) for text in texts]
        theirs = reranker.score(claim, texts)
        taus.append(kendalltau(own, theirs)[0])
        differences += [abs(a - b) for a, b in zip(own, theirs, strict=True)]
    return {
        "pairs": len(differences),
        "difference": float(np.mean(differences)),
        "worst": max(differences),
        "kendall": float(np.mean(taus)),
    }


@click.command()
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option("--texts", "count", default=120, show_default=True, help="Abstracts to compare on.")
@click.option("--threads", default=1, show_default=True)
def main(work: Path, data: Path, count: int, threads: int) -> None:
    """Recover both models and print how closely each reproduces its package."""
    torch.set_num_threads(threads)
    labelled = [row for row in rows(data / "scifact/labels.jsonl.gz") if row["evidence"]][: max(count // 2, 1)]
    answers = [{e["doc_id"] for e in row["evidence"]} for row in labelled]
    corpus = {row["_id"]: f"{row['title']}\n{row['text']}" for row in rows(data / "scifact/corpus.jsonl.gz")}
    ids = list(dict.fromkeys([*sorted(set().union(*answers)), *corpus]))[:count]
    texts, claims = [corpus[doc] for doc in ids], [row["claim"] for row in labelled]
    places = [{ids.index(doc) for doc in right if doc in ids} for right in answers]
    few = max(count // 10, 3)
    encoder, reranker = recover("bge_small_en").eval(), recover("reranker_en").eval()
    result = {
        "bge_small_en": compare_encoder(encoder, texts, claims, places),
        "reranker_en": compare_cross_encoder(reranker, claims[:few], [text[:600] for text in texts[:few]]),
    }
    for package, model in (("bge_small_en", encoder), ("reranker_en", reranker)):
        save(model, package, work / package)
    click.echo(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
