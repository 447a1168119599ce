"""The question's side alone: what becomes of a question is learned, the vectors of an index stay as they are.

That learns in minutes, because every passage of an index can be a question's wrong answer without being read again, and
indexes that exist stay valid. There is a linear map of the question's vector (``learned_map``), all layers of the packaged
encoder for questions only (``learned_encoder``), and an opening of a few word embeddings that are put before every question
(``learned_opening``; Lester et al. 2021, The power of scale for parameter-efficient prompt tuning,
https://arxiv.org/abs/2104.08691). ``by_heart.py`` measures them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from loop import Recipe, train
from queries import groups, is_dev, part_of
from train_encoder import TEMPERATURE, in_parts
from train_verdicts import drawn_at
from transformers import BertModel
from transformers.modeling_outputs import BaseModelOutput
from weights import blended, recover, tokenizer

from ragqa.evaluation.retrieval import AGAINST, DEPTH, drawn, indexed, read_qrels, read_queries
from ragqa.pipeline import Ragqa
from ragqa.retrieval.ranking import PLAIN, STAGES, fused
from ragqa.settings import Settings

sys.path.append(str(Path(__file__).parents[2] / "shared"))

from by_question import ndcg
from data_sets import document_of

DRAWN, SEED = 32, 1
MAP = {"steps": 300, "rate": 1e-3}
ENCODER = Recipe(steps=120, rate=2e-5, warmup=12, every=40, seed=SEED, longest=64)
OPENING = Recipe(steps=120, rate=1e-2, warmup=12, every=40, seed=SEED, longest=96, decay=0.0)
START = "Represent this sentence for searching relevant passages:"
"""What the opening is before it is learned: the model's own instruction for questions."""
RANKINGS = {AGAINST: PLAIN, "as ragqa ranks": STAGES}
"""The vectors with the words: summed, and with all stages of ``ragqa search``."""


class Questions:
    """A data set's questions: vectors, lexical scores, and which passages are right; and the index's vectors."""

    def __init__(self, dataset: Path, work: Path, limit: int | None = None) -> None:
        settings, built = indexed(dataset, Settings(index=work / "by-heart/index"), lambda *_: None)
        qrels, texts = read_qrels(dataset, None), dict(read_queries(dataset))
        self.group = groups(qrels)
        self.name, self.names = dataset.name, drawn(sorted(name for name in self.group if name in texts), limit, 7)
        self.qrels = {name: qrels[name] for name in self.names}
        with Ragqa.open(settings) as ragqa:
            rows = range(built.manifest.counts["passages"])
            self.sources = [document_of(ragqa.generation.passage(row).source_id) for row in rows]
            self.vectors = ragqa.generation.vectors(rows)
            self.texts = [texts[name] for name in self.names]
            self.asked = ragqa.embedder.embed(self.texts)
            self.said = {
                system: [dict(ragqa.generation.lexical(text, 2 * DEPTH, stages.rare)) for text in self.texts]
                for system, stages in RANKINGS.items()
            }
        self.weight = settings.dense_weight
        wanted = [[doc for doc, grade in self.qrels[name].items() if grade > 0] for name in self.names]
        self.right = torch.tensor(np.array([np.isin(self.sources, docs) for docs in wanted]))

    def ndcg(self, asked: np.ndarray) -> dict[str, np.ndarray]:
        """nDCG@10 of each question, by the vectors alone and by each of ``RANKINGS``."""
        runs: dict[str, dict[str, dict[str, float]]] = {system: {} for system in ("dense", *RANKINGS)}
        for at, (name, query) in enumerate(zip(self.names, asked, strict=True)):
            near = self.vectors @ query
            first = np.argsort(-near, kind="stable")[: 2 * DEPTH].tolist()
            runs["dense"][name] = self._best(first, near[first])
            for system, stages in RANKINGS.items():
                said = self.said[system][at]
                rows = sorted({*first, *said})
                words = np.array([said.get(row, 0.0) for row in rows])
                runs[system][name] = self._best(rows, fused(query, self.vectors[rows], words, self.weight, stages.feedback))
        return {system: np.array(list(ndcg(self.qrels, run).values())) for system, run in runs.items()}

    def _best(self, rows: Sequence[int], scores: np.ndarray) -> dict[str, float]:
        """The best score of each source among some rows."""
        best: dict[str, float] = {}
        for row, score in zip(rows, scores.tolist(), strict=True):
            best[self.sources[row]] = max(score, best.get(self.sources[row], float("-inf")))
        return best

    def parts(self, folds: int, by: str) -> np.ndarray:
        """The fold of each question, by one of ``queries.WAYS``."""
        return np.array([part_of(self.name, name, self.group[name], folds, by) for name in self.names])


Known = Sequence[tuple[Questions, np.ndarray]]
"""Sets, each with a mark for the questions to learn."""
Model = Callable[[Questions, np.ndarray], np.ndarray]
"""Gives the vectors of a set's marked questions, shape (marked, dimension)."""


def contrast(asked: torch.Tensor, vectors: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """InfoNCE of each question's right passages against all passages of its index."""
    scores = asked @ vectors.T / TEMPERATURE
    return (torch.logsumexp(scores, dim=1) - torch.logsumexp(scores.masked_fill(~right, float("-inf")), dim=1)).mean()


def learned_map(known: Known) -> Model:
    """A linear map, learned on each set in turn."""
    torch.manual_seed(SEED)
    given = [(torch.tensor(q.asked), torch.tensor(q.vectors), q.right, np.flatnonzero(marked).tolist()) for q, marked in known]
    turn = torch.nn.Linear(given[0][0].shape[1], given[0][0].shape[1])
    torch.nn.init.zeros_(turn.weight)
    torch.nn.init.zeros_(turn.bias)
    optimiser = torch.optim.AdamW(turn.parameters(), lr=MAP["rate"])
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, MAP["steps"])
    for step in range(MAP["steps"]):
        asked, vectors, right, marked = given[step % len(given)]
        some = drawn_at(marked, step // len(given), min(DRAWN, len(marked)), f"{SEED}")
        loss = contrast(moved(turn, asked[some]), vectors, right[some])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return lambda questions, marked: moved(turn, torch.tensor(questions.asked[marked])).detach().numpy()


def moved(turn: torch.nn.Linear, asked: torch.Tensor) -> torch.Tensor:
    """Unit vectors, each with what the map adds to it."""
    return torch.nn.functional.normalize(asked + turn(asked), dim=1)


class Opening(torch.nn.Module):
    """The packaged encoder, which learns nothing, reading every text after ``embeddings``, which are learned."""

    def __init__(self) -> None:
        super().__init__()
        encoder = recover("bge_small_en", dropout=0.0).requires_grad_(False).eval()
        pieces = tokenizer("bge_small_en", 512).encode(START, add_special_tokens=False).ids
        self.embeddings = torch.nn.Parameter(encoder.embeddings.word_embeddings.weight[pieces].clone())
        self._encoder = (encoder,)  # in a tuple: what is saved and learned is the embeddings alone

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor) -> BaseModelOutput:
        """As ``BertModel``, its output longer by the opening; every text is of the first type."""
        (encoder,) = self._encoder
        words = encoder.embeddings.word_embeddings(input_ids)
        opened = torch.cat([words[:, :1], self.embeddings.expand(len(words), -1, -1), words[:, 1:]], dim=1)
        mask = torch.cat([attention_mask.new_ones(len(words), len(self.embeddings)), attention_mask], dim=1)
        output: BaseModelOutput = encoder(inputs_embeds=opened, attention_mask=mask)
        return output

    def save_pretrained(self, folder: Path) -> None:
        """The embeddings alone, as ``loop.train`` saves models."""
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(self.state_dict(), folder / "opening.pt")


class Asking:
    """The task (see ``loop.Task``) of putting questions near passages that stay where they are."""

    def __init__(self, model: BertModel | Opening, known: Known, recipe: Recipe) -> None:
        """A tenth of the documents' questions chooses the weights."""
        self.model, self._recipe, self._read = model, recipe, tokenizer("bge_small_en", recipe.longest)
        self._sets = []
        for questions, marked in known:
            dev = np.array([is_dev(questions.name, questions.group[name]) for name in questions.names])
            rows = (np.flatnonzero(marked & ~dev).tolist(), np.flatnonzero(marked & dev).tolist())
            self._sets.append((questions, torch.tensor(questions.vectors), *rows))
        self.data = {questions.name: {"learned": len(rows), "choosing": len(dev)} for questions, _, rows, dev in self._sets}

    def losses(self, step: int) -> Iterator[torch.Tensor]:
        """See ``loop.Task.losses``: the sets take turns."""
        questions, vectors, rows, _ = self._sets[step % len(self._sets)]
        some = drawn_at(rows, step // len(self._sets), min(DRAWN, len(rows)), f"{self._recipe.seed}")
        yield contrast(self._asked(questions, some), vectors, questions.right[some])

    def _asked(self, questions: Questions, rows: Sequence[int]) -> torch.Tensor:
        return in_parts(self.model, self._read, [questions.texts[row] for row in rows], self._recipe)

    def _searching(self, questions: Questions, rows: Sequence[int]) -> torch.Tensor:
        """As used: an opening's vectors are mixed in half with the packaged model's, one reading anchoring the other."""
        vectors = self._asked(questions, rows)
        if not isinstance(self.model, Opening):
            return vectors
        return torch.nn.functional.normalize(vectors + torch.tensor(questions.asked[rows]), dim=1)

    @torch.inference_mode()
    def measure(self) -> dict[str, float]:
        """Minus the loss on what chooses the weights, by set."""
        figures = {
            questions.name: -float(contrast(self._searching(questions, dev), vectors, questions.right[dev]))
            for questions, vectors, _, dev in self._sets
            if dev
        }
        return figures | {"choice": sum(figures.values()) / max(len(figures), 1)}

    @torch.inference_mode()
    def vectors(self, questions: Questions, marked: np.ndarray) -> np.ndarray:
        """See ``Model``."""
        return self._searching(questions, np.flatnonzero(marked)).numpy()


def learned_encoder(known: Known, folder: Path, recipe: Recipe = ENCODER, blend: float = 1.0) -> Model:
    """The packaged encoder, tuned for questions in ``folder`` (a killed run goes on there); ``blend`` is the tuned share."""
    encoder = recover("bge_small_en", dropout=0.0)
    encoder.embeddings.requires_grad_(False)
    task = Asking(encoder, known, recipe)
    train(task, recipe, task.data, folder)
    task.model = blended(BertModel.from_pretrained(folder / "best", add_pooling_layer=False), recover("bge_small_en"), blend)
    task.model.set_attn_implementation("eager")
    return task.vectors


def learned_opening(known: Known, folder: Path, recipe: Recipe = OPENING) -> Model:
    """An opening, tuned in ``folder`` (a killed run goes on there); the best is in ``folder``/best/opening.pt."""
    task = Asking(Opening(), known, recipe)
    train(task, recipe, task.data, folder)
    task.model.load_state_dict(torch.load(folder / "best/opening.pt", weights_only=True))
    return task.vectors
