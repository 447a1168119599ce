"""Write a trained model as int8 ONNX with its card and manifest, and measure what the eight bits cost.

The folder holds ``model.onnx`` (the package's graph with the trained weights), ``tokenizer.json``, ``MODEL_CARD.md`` (figures
that were measured, nothing else) and ``manifest.json`` (SHA-256 and size of each file). A model larger than 40 MB is refused.

    nice python eval/learn/training/export.py --model WORK/verdicts-12/best --output WORK/export/verdicts --data ../shared/data
    ... --figures WORK/verdicts.json
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template

import click
import numpy as np
import onnx
import onnxruntime
import torch
from claims import pairs
from loop import run_of
from tokenizers import Tokenizer
from transformers import BertForSequenceClassification, BertModel
from weights import packaged_weights, padded, quantised, tokenizer

from ragqa.models import softmax

sys.path.append(str(Path(__file__).parents[2] / "shared"))

from data_sets import rows

LARGEST = 40_000_000
"""Bytes a shipped model may have."""
COMPARED = 150
"""Texts on which the eight bits are compared with the trained weights."""


class Exported:
    """An exported model, run one text at a time on one thread, as ``ragqa.models`` runs the packaged ones."""

    def __init__(self, folder: Path, longest: int = 512) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(longest)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])

    def run(self, text: str, second: str | None = None) -> np.ndarray:
        """The model's output for one text or pair."""
        encoding = self._tokenizer.encode(text, second)
        ids, types = np.array([encoding.ids], np.int64), np.array([encoding.type_ids], np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": types}
        return self._session.run(None, inputs)[0][0]

    def probabilities(self, texts: Sequence[tuple[str, str]]) -> np.ndarray:
        """Shape (pairs, outputs)."""
        return softmax(np.stack([self.run(*pair) for pair in texts]))

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """Unit CLS vectors, shape (texts, dimension)."""
        rows = np.stack([self.run(text)[0] for text in texts])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def write(model: torch.nn.Module, package: str, folder: Path) -> dict[str, dict]:
    """Model, tokenizer and manifest into ``folder``; gives the manifest.

    Raises:
        click.ClickException: the model is larger than may be shipped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(quantised(package, model), folder / "model.onnx")
    shutil.copyfile(packaged_weights(package) / "tokenizer.json", folder / "tokenizer.json")
    size = (folder / "model.onnx").stat().st_size
    if size > LARGEST:
        raise click.ClickException(
            f"{folder / 'model.onnx'} has {size:,} bytes; {LARGEST:,} is the most that is shipped: cut layers"
        )
    return manifest(folder)


def manifest(folder: Path) -> dict[str, dict]:
    """SHA-256 and bytes of every other file of the folder, also written to ``manifest.json``."""
    files = sorted(file for file in folder.iterdir() if file.name != "manifest.json")
    found = {f.name: {"sha256": hashlib.sha256(f.read_bytes()).hexdigest(), "bytes": f.stat().st_size} for f in files}
    (folder / "manifest.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


@torch.inference_mode()
def lost(model: torch.nn.Module, package: str, exported: Exported, texts: Sequence[tuple[str, str | None]]) -> dict[str, float]:
    """How far the int8 outputs are from the float32 ones, one text at a time.

    Of a cross-encoder the differences of its probabilities and the share of equal decisions, of an encoder the cosines.
    """
    read = tokenizer(package, 512)
    if isinstance(model, BertModel):
        own = np.stack([model(**padded([read.encode(*t)])).last_hidden_state[0, 0].numpy() for t in texts])
        cosines = (own / np.linalg.norm(own, axis=1, keepdims=True) * exported.vectors([t for t, _ in texts])).sum(axis=1)
        return {"texts": len(texts), "cosine": float(cosines.mean()), "worst cosine": float(cosines.min())}
    own = np.stack([model(**padded([read.encode(*t)])).logits[0].softmax(dim=0).numpy() for t in texts])
    theirs = exported.probabilities(texts)
    return {
        "pairs": len(texts),
        "difference of a probability": float(np.abs(own - theirs).mean()),
        "worst difference": float(np.abs(own - theirs).max()),
        "same decision": float((own.argmax(axis=1) == theirs.argmax(axis=1)).mean()),
    }


def repeats(folder: Path, texts: Sequence[tuple[str, str | None]]) -> bool:
    """Whether every output is the same, bit for bit, in another order, in another session, and with others beside it."""
    first, second = Exported(folder), Exported(folder)
    outputs = [first.run(*text) for text in texts]
    turned = [second.run(*text) for text in reversed(texts)][::-1]
    with ThreadPoolExecutor(4) as pool:
        beside = list(pool.map(lambda text: first.run(*text), texts))
    return all(np.array_equal(a, b) and np.array_equal(a, c) for a, b, c in zip(outputs, turned, beside, strict=True))


def card(template: Path, run: Path, measured: dict, figures: Path | None) -> str:
    """The card: a run's own data, recipe and best step, what eight bits cost, and the figures of another script if named."""
    told = run_of(run)
    best = max((row for row in told["log"] if "choice" in row), key=lambda row: row["choice"])
    blocks = {
        "recipe": told["recipe"],
        "data": told["data"],
        "best": {"steps done": len(told["log"]), "chosen": best},
        "int8": measured,
        "figures": json.loads(figures.read_text(encoding="utf-8")) if figures else "not measured yet",
    }
    texts = {name: json.dumps(block, indent=1) for name, block in blocks.items()}
    return Template(template.read_text(encoding="utf-8")).substitute(texts)


def sample(data: Path, kind: str) -> list[tuple[str, str | None]]:
    """Dev pairs for a cross-encoder, abstracts for an encoder."""
    if kind == "encoder":
        found = list(rows(data / "scifact/corpus.jsonl.gz"))[-COMPARED:]
        return [(f"{row['title']}\n{row['text']}", None) for row in found]
    dev = [pair for pair in pairs(data, Path())[0] if pair.share == "dev"]
    return [(pair.claim, pair.text) for pair in dev[:: max(len(dev) // COMPARED, 1)]]


@click.command()
@click.option("--model", "folder", type=click.Path(path_type=Path, exists=True), required=True, help="A run's best/ or newest/.")
@click.option("--kind", type=click.Choice(["verdicts", "encoder"]), default="verdicts", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option(
    "--figures", type=click.Path(path_type=Path, exists=True), help="JSON of measure_verdicts.py or measure_encoder.py."
)
@click.option("--threads", default=1, show_default=True)
def main(folder: Path, kind: str, output: Path, data: Path, figures: Path | None, threads: int) -> None:
    """Export, compare, write card and manifest."""
    torch.set_num_threads(threads)
    package = "reranker_en" if kind == "verdicts" else "bge_small_en"
    family = BertForSequenceClassification if kind == "verdicts" else BertModel
    model = family.from_pretrained(folder, **({} if kind == "verdicts" else {"add_pooling_layer": False})).eval()
    write(model, package, output)
    texts = sample(data, kind)
    measured = lost(model, package, Exported(output), texts) | {"repeats bit for bit": repeats(output, texts[:30])}
    (output / "MODEL_CARD.md").write_text(
        card(Path(__file__).parent / f"card_{kind}.md", folder.parent, measured, figures), encoding="utf-8"
    )
    click.echo(json.dumps(measured | {"manifest": manifest(output)}, indent=1))


if __name__ == "__main__":
    main()
