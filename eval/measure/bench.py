"""Speed and memory, side by side in one run; figures go to eval/results/bench.json.

* encoder: passages/s one at a time on all cores (as ragqa does) against batches of 8 and 64 in one session, on the same texts
* cold: seconds of a whole `ragqa ask` process, against a process that only imports sentence-transformers
* warm: p50 and p95 of answering every gold question in one process, and resident memory

    python eval/measure/bench.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import onnxruntime
import psutil
from tokenizers import Tokenizer

from ragqa.corpus.folder import citable, load_corpus
from ragqa.corpus.passages import passages
from ragqa.evaluation.gold import load_gold
from ragqa.evaluation.measures import percentile
from ragqa.files import write_atomic
from ragqa.index import searchable
from ragqa.models import OnnxEmbedder, packaged_weights
from ragqa.pipeline import Ragqa
from ragqa.settings import load_settings

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from commands import RAGQA, SEED_QUESTION

ROUNDS = 3


def best(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Seconds of the fastest of some rounds."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def encoder(texts: list[str]) -> dict[str, float]:
    """Passages a second, and each way as a ratio to batches of 8."""
    folder = packaged_weights("bge_small_en")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(512)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = psutil.cpu_count() or 1
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])

    def batched(size: int) -> None:
        tokenizer.enable_padding()
        for start in range(0, len(texts), size):
            encodings = tokenizer.encode_batch(texts[start : start + size])
            ids = np.array([encoding.ids for encoding in encodings], np.int64)
            mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
            session.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})

    ours = OnnxEmbedder()
    speed = {
        "one_at_a_time": len(texts) / best(lambda: ours.embed(texts)),
        "batch_8": len(texts) / best(lambda: batched(8)),
        "batch_64": len(texts) / best(lambda: batched(64)),
    }
    return {name: round(value, 1) for name, value in speed.items()} | {
        "ratio_to_batch_8": round(speed["one_at_a_time"] / speed["batch_8"], 3)
    }


def cold() -> dict[str, float]:
    """Seconds of whole processes."""

    def process(*words: str) -> Callable[[], Any]:
        return lambda: subprocess.run(words, check=True, capture_output=True)

    ask = best(process(*RAGQA, "ask", SEED_QUESTION))
    torch = best(process(sys.executable, "-c", "import sentence_transformers"), rounds=1)
    return {"ragqa_ask_s": round(ask, 2), "import_sentence_transformers_s": round(torch, 2), "ratio": round(ask / torch, 3)}


def warm() -> dict[str, Any]:
    """Milliseconds a question over the gold set, asked twice; the second round finds the files in memory."""
    items = load_gold(Path("eval/gold"))
    with Ragqa.open(load_settings()) as ragqa:
        ragqa.ask(SEED_QUESTION)
        stages = [ragqa.ask(item.question, item.history).trace.milliseconds for item in items]
    searched = [stage for stage in stages if "compose" in stage]
    spent = {
        "whole answer": [stage["total"] for stage in stages],
        "compose": [stage["compose"] for stage in searched],
        "check": [stage["check"] for stage in searched],
    }
    loaded = sorted({"torch", "transformers", "sentence_transformers"} & set(sys.modules))
    return {
        "questions": len(items),
        "searched": len(searched),
        "p50_ms": {stage: percentile(times, 50) for stage, times in spent.items()},
        "p95_ms": {stage: percentile(times, 95) for stage, times in spent.items()},
        "resident_mb": round(psutil.Process().memory_info().rss / 2**20),
        "torch_modules_loaded": loaded,
    }


@click.command()
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/bench.json"), show_default=True)
def main(out: Path) -> None:
    """Time answers, whole processes and the encoder, side by side; a few minutes on two quiet cores."""
    allowed = citable(load_corpus(load_settings().corpus))
    records = [*allowed.articles, *allowed.abstracts]
    found: dict[str, Any] = {"warm": warm(), "cold": cold()}
    found["encoder"] = encoder([searchable(r, p) for r in records for p in passages(r, 600)])
    write_atomic(out, [json.dumps(found, indent=1) + "\n"])
    click.echo(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
