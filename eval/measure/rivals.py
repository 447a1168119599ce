"""ragqa beside haystack-ai and txtai on one BEIR folder, with the same embedding weights; figures go to eval/results/rivals.json.

Each system runs in a process of its own, one after the other: it indexes the documents from nothing, then answers every question
alone. All read bge-small-en-v1.5 from the same int8 ONNX file. ragqa uses its own code for that; the other two are given the
function ``encode`` below (eight texts at a time when indexing, which is the fastest way to run the file in one session). Their
hybrid modes are scored at several settings and the best on these very questions counts; ragqa runs as it is.

Not in the figures: haystack's and txtai's own ways to load a model, which need a network or torch; and that ragqa's index is on
disk when it is built, while those of the others are in memory.

    python3.11 -m venv VENV && VENV/bin/pip install -r eval/measure/rivals.txt
    python eval/measure/rivals.py ../shared/data/scifact --python VENV/bin/python
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SYSTEMS = {"ragqa": "ragqa.evaluation.retrieval", "haystack": "haystack.components.retrievers.in_memory", "txtai": "txtai"}
"""What is compared, with the module whose import is not counted as indexing."""
DEPTH = 100
BATCH = 8
Run = dict[str, list[str]]
spent = {"encoding": 0.0}
"""Seconds in the embedding model."""


def read(file: Path) -> list[dict[str, Any]]:
    """The lines of a JSON Lines file, packed or not."""
    data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return [json.loads(line) for line in data.decode().splitlines()]


def packed(folder: Path, name: str) -> Path:
    """A file of the folder, packed or not."""
    return folder / name if (folder / name).exists() else folder / f"{name}.gz"


def documents(folder: Path) -> dict[str, str]:
    """Title and text of each document, as all three index them."""
    return {row["_id"]: f"{row.get('title') or ''}\n{row['text']}".strip() for row in read(packed(folder, "corpus.jsonl"))}


def questions(folder: Path) -> dict[str, str]:
    """The questions of the first qrels file."""
    judged = sorted((folder / "qrels").glob("*.tsv"))[0].read_text(encoding="utf-8").splitlines()[1:]
    wanted = {line.split("\t")[0] for line in judged}
    return {row["_id"]: row["text"] for row in read(packed(folder, "queries.jsonl")) if row["_id"] in wanted}


def encoder(weights: Path) -> Callable[[list[str]], Any]:
    """The int8 ONNX file as a function from texts to unit vectors."""
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(weights / "tokenizer.json"))
    tokenizer.enable_truncation(512)
    tokenizer.enable_padding()
    session = onnxruntime.InferenceSession(str(weights / "model.onnx"), providers=["CPUExecutionProvider"])

    def encode(texts: list[str]) -> Any:
        started = time.perf_counter()
        vectors = []
        for start in range(0, len(texts), BATCH):
            encodings = tokenizer.encode_batch(texts[start : start + BATCH])
            ids = np.array([encoding.ids for encoding in encodings], np.int64)
            mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
            inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            first = session.run(None, inputs)[0][:, 0]
            vectors.append(first / np.linalg.norm(first, axis=1, keepdims=True))
        spent["encoding"] += time.perf_counter() - started
        return np.concatenate(vectors)

    return encode


def haystack(texts: dict[str, str], weights: Path) -> dict[str, Callable[[str], list[str]]]:
    """In-memory store, BM25 and embedding retrievers, joined; components are called directly, which is their fastest."""
    from haystack import Document
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    encode = encoder(weights)
    store = InMemoryDocumentStore(embedding_similarity_function="dot_product", return_embedding=False)
    vectors = encode(list(texts.values()))
    store.write_documents(
        [
            Document(id=name, content=text, embedding=vector.tolist())
            for (name, text), vector in zip(texts.items(), vectors, strict=True)
        ]
    )
    words = InMemoryBM25Retriever(store, top_k=DEPTH, scale_score=True)
    dense = InMemoryEmbeddingRetriever(store, top_k=DEPTH, scale_score=True)
    joiners = {
        "reciprocal rank fusion": DocumentJoiner("reciprocal_rank_fusion", top_k=DEPTH),
        "distribution-based fusion": DocumentJoiner("distribution_based_rank_fusion", top_k=DEPTH),
    } | {
        f"weighted sum, {weight} dense": DocumentJoiner("merge", weights=[1 - weight, weight], top_k=DEPTH)
        for weight in (0.5, 0.7, 0.9)
    }

    def search(joiner: Any) -> Callable[[str], list[str]]:
        def ranked(question: str) -> list[str]:
            said = words.run(query=question)["documents"]
            near = dense.run(query_embedding=encode([question])[0].tolist())["documents"]
            return [document.id for document in joiner.run(documents=[said, near])["documents"]]

        return ranked

    return {name: search(joiner) for name, joiner in joiners.items()}


def txtai(texts: dict[str, str], weights: Path) -> dict[str, Callable[[str], list[str]]]:
    """Hybrid embeddings: FAISS and its own BM25 index."""
    from txtai import Embeddings

    encode = encoder(weights)

    def transform(batch: list[str]) -> Any:
        return encode(list(batch))

    embeddings = Embeddings(method="external", transform=transform, hybrid=True)
    embeddings.index((name, text, None) for name, text in texts.items())

    def search(weight: float) -> Callable[[str], list[str]]:
        return lambda question: [name for name, _ in embeddings.search(question, DEPTH, weights=weight)]

    return {f"hybrid, {weight} dense": search(weight) for weight in (0.3, 0.5, 0.7, 0.8, 0.9, 0.95)}


def ragqa(folder: Path, place: Path) -> Callable[[str], list[str]]:
    """As ``ragqa search`` does it, in an index built from nothing."""
    from ragqa.evaluation.retrieval import indexed
    from ragqa.index.refresh import silent
    from ragqa.pipeline import Ragqa
    from ragqa.retrieval.retriever import HybridRetriever
    from ragqa.settings import load_settings

    local, _ = indexed(folder, load_settings(index=place / "default"), silent)
    opened = Ragqa.open(local)

    def ranked(question: str) -> list[str]:
        hits = HybridRetriever(opened.generation, opened.embedder, opened.settings).sources([question], DEPTH)
        return [hit.passage.source_id.removeprefix("doc:") for hit in hits]

    return ranked


def one_system(system: str, folder: Path, weights: Path) -> dict[str, Any]:
    """Index, then ask every question at every setting; figures and rankings by setting."""
    import psutil

    texts, asked = documents(folder), questions(folder)
    importlib.import_module(SYSTEMS[system])
    with tempfile.TemporaryDirectory() as place:
        started = time.perf_counter()
        if system == "ragqa":
            searches = {"as it is": ragqa(folder, Path(place))}
        else:
            searches = {"haystack": haystack, "txtai": txtai}[system](texts, weights)
        indexing = time.perf_counter() - started
        encoding = spent["encoding"] or None
        settings = {}
        for name, search in searches.items():
            run: Run = {}
            times, spent["encoding"] = [], 0.0
            for query, text in asked.items():
                began = time.perf_counter()
                run[query] = search(text)
                times.append(1000 * (time.perf_counter() - began))
            settings[name] = {"run": run, "times": times, "encoding": 1000 * spent["encoding"] / len(asked) or None}
        memory = psutil.Process().memory_info().rss / 2**20
    return {
        "documents": len(texts),
        "indexing_s": indexing,
        "of_it_encoding_s": encoding,
        "resident_mb": memory,
        "settings": settings,
    }


def compared(folder: Path, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """One row a system, at its best setting; the nDCG@10 of every setting beside it."""
    sys.path.append(str(Path(__file__).parents[1] / "shared"))

    from by_question import ndcg

    from ragqa.evaluation.measures import percentile, randomisation_p
    from ragqa.evaluation.retrieval import read_qrels

    qrels, rows, by_query = read_qrels(folder, None), {}, {}
    for system, figures in found.items():
        scored = {}
        for name, setting in figures["settings"].items():
            run = {q: {d: 1.0 - place / 1000 for place, d in enumerate(ranked)} for q, ranked in setting["run"].items()}
            scored[name] = list(ndcg(qrels, run).values())
        best = max(scored, key=lambda name: sum(scored[name]))
        by_query[system], times = scored[best], figures["settings"][best]["times"]
        rows[system] = {
            "setting": best,
            "nDCG@10": round(sum(scored[best]) / len(qrels), 4),
            "documents_per_s": round(figures["documents"] / figures["indexing_s"], 1),
            "query_p50_ms": percentile(times, 50),
            "query_p95_ms": percentile(times, 95),
            "resident_mb": round(figures["resident_mb"]),
            "indexing_beside_the_model_s": _beside(figures["indexing_s"], figures["of_it_encoding_s"]),
            "query_model_mean_ms": _rounded(figures["settings"][best]["encoding"]),
            "every_setting": {name: round(sum(scores) / len(qrels), 4) for name, scores in scored.items()},
        }
    for system, scores in by_query.items():
        if system != "ragqa":
            rows[system]["p_against_ragqa"] = randomisation_p(by_query["ragqa"], scores)
    return {"schema": "ragqa.rivals/1", "dataset": folder.name, "queries": len(qrels), "systems": rows}


def _beside(total: float, encoding: float | None) -> float | None:
    return None if encoding is None else round(total - encoding, 1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def main() -> None:
    """Run all three, or one as a child."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, nargs="?", default=Path("../shared/data/scifact"), help="BEIR folder")
    parser.add_argument("--python", type=Path, help="interpreter of the venv that holds haystack-ai and txtai")
    parser.add_argument("--json", type=Path, default=Path("eval/results/rivals.json"))
    parser.add_argument("--system", choices=SYSTEMS, help=argparse.SUPPRESS)
    parser.add_argument("--weights", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if not packed(given.dataset, "corpus.jsonl").exists():
        sys.exit(f"{given.dataset} holds no corpus.jsonl(.gz): name a folder in the BEIR layout")
    if given.system:
        json.dump(one_system(given.system, given.dataset, given.weights), sys.stdout)
        return
    if given.python is None:
        sys.exit("name the interpreter of a venv with eval/measure/rivals.txt installed: --python VENV/bin/python")
    from ragqa.files import write_atomic
    from ragqa.models import packaged_weights

    found = {}
    for system in SYSTEMS:
        print(f"{system} ...", file=sys.stderr, flush=True)
        interpreter = sys.executable if system == "ragqa" else str(given.python)
        words = [__file__, str(given.dataset), "--system", system, "--weights", str(packaged_weights("bge_small_en"))]
        environment = os.environ | {"HAYSTACK_TELEMETRY_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
        done = subprocess.run([interpreter, *words], env=environment, stdout=subprocess.PIPE, check=True)
        found[system] = json.loads(done.stdout)
    table = compared(given.dataset, found) | {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    write_atomic(given.json, [json.dumps(table, indent=1) + "\n"])
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
