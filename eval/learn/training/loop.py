"""One training loop for both models: checkpoints, resume after a kill, a learning curve, the same weights every time.

A step depends on its number, the seed and the weights alone (examples, order and dropout are drawn from the first two), so
a run that was killed ends with the weights of one that was not.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from transformers.utils import logging

sys.path.append(str(Path(__file__).parents[2] / "shared"))

from data_sets import rows

CLIP = 1.0
logging.disable_progress_bar()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a run is, apart from its data; written beside the weights.

    ``rate`` rises for ``warmup`` steps and then falls in a straight line to nothing at ``steps``. Every ``every`` steps the
    model is measured and everything is saved.
    """

    steps: int
    rate: float
    warmup: int
    every: int
    seed: int = 1
    decay: float = 0.01
    longest: int = 128
    half: bool = False
    """Products in bfloat16, faster on processors that multiply it (``amx_bf16`` in /proc/cpuinfo)."""

    def rate_at(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        return self.rate * min((step + 1) / max(self.warmup, 1), (self.steps - step) / max(self.steps - self.warmup, 1), 1.0)

    def precision(self) -> torch.autocast:
        """The context in which the model is asked."""
        return torch.autocast("cpu", torch.bfloat16, enabled=self.half)


class Task(Protocol):
    """What is learned."""

    model: torch.nn.Module

    def losses(self, step: int) -> Iterator[torch.Tensor]:
        """Parts of one step's loss, each read and let go before the next is made: memory for one part suffices."""

    def measure(self) -> dict[str, float]:
        """Figures on what is not trained on; ``choice`` decides which weights are kept as the best."""


def train(task: Task, recipe: Recipe, data: dict[str, Any], folder: Path, stop: int | None = None) -> dict[str, float]:
    """Train up to ``recipe.steps`` (or ``stop``), going on from ``folder`` where a run of the same recipe and data left off.

    ``data`` tells what is learned from. Writes it and the recipe, ``log.jsonl`` (a line a step, figures where measured),
    ``checkpoint.pt`` (newest), ``newest/``, ``best/`` and, to end the run by, ``pid``.

    Raises:
        ValueError: ``folder`` holds a run of another recipe, or of other data.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _same(folder / "data.json", data)
    _same(folder / "recipe.json", asdict(recipe), changeable={"every": recipe.every})
    (folder / "pid").write_text(f"{os.getpid()}\n", encoding="utf-8")
    optimiser = torch.optim.AdamW(_groups(task.model, recipe.decay), lr=recipe.rate)
    done, best, log = _resume(task.model, optimiser, folder)
    started, first = (time.perf_counter(), time.process_time()), done
    for step in range(done, min(stop or recipe.steps, recipe.steps)):
        row = {"step": step + 1, "loss": _step(task, optimiser, recipe, step), "rate": recipe.rate_at(step)}
        last = step + 1 == min(stop or recipe.steps, recipe.steps)
        if (step + 1) % recipe.every == 0 or last:
            task.model.eval()
            row |= task.measure()
            better = row["choice"] > best["choice"]
            best = row if better else best
            _save(task.model, optimiser, folder, [*log, row], better=better)
        log.append(row)
        _report(folder, row, started, step + 1 - first, recipe.steps - step - 1)
    return best


def run_of(folder: Path) -> dict[str, Any]:
    """What a run's folder tells of it: recipe, data, and the log with the loss of every step."""
    told = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("recipe", "data")}
    return told | {"log": list(rows(folder / "log.jsonl"))}


def run_behind(model: Path) -> dict[str, Any]:
    """Under "run" the run whose folder holds a model's weights; nothing where none does, as of an exported model."""
    return {"run": run_of(model.parent)} if (model.parent / "log.jsonl").exists() else {}


def _step(task: Task, optimiser: torch.optim.Optimizer, recipe: Recipe, step: int) -> float:
    task.model.train()
    torch.manual_seed(recipe.seed * 1_000_003 + step)
    for group in optimiser.param_groups:
        group["lr"] = recipe.rate_at(step)
    optimiser.zero_grad(set_to_none=True)
    total = 0.0
    for loss in task.losses(step):
        loss.backward()
        total += float(loss.detach())
    torch.nn.utils.clip_grad_norm_(task.model.parameters(), CLIP)
    optimiser.step()
    return total


def _groups(model: torch.nn.Module, decay: float) -> list[dict]:
    """Biases and layer norms are not pulled towards zero; frozen weights are left out."""
    learned = [value for value in model.parameters() if value.requires_grad]
    return [
        {"params": [value for value in learned if value.dim() > 1], "weight_decay": decay},
        {"params": [value for value in learned if value.dim() <= 1], "weight_decay": 0.0},
    ]


def _same(file: Path, own: dict[str, Any], changeable: dict[str, Any] | None = None) -> None:
    """Keep what a run is; how often it is saved may change on the way, because that does not change the weights."""
    if file.exists() and (other := json.loads(file.read_text(encoding="utf-8"))) | (changeable or {}) != own:
        raise ValueError(f"{file.parent} holds a run of another {file.stem} ({other}): name another folder, or ask for the same")
    file.write_text(json.dumps(own, indent=1) + "\n", encoding="utf-8")


def _resume(model: torch.nn.Module, optimiser: torch.optim.Optimizer, folder: Path) -> tuple[int, dict[str, float], list[dict]]:
    """Steps done, the best measured row, the log; steps logged after the checkpoint were not kept and are done again."""
    nothing = {"choice": float("-inf")}
    if not (folder / "checkpoint.pt").exists():
        (folder / "log.jsonl").write_text("", encoding="utf-8")
        return 0, nothing, []
    kept = torch.load(folder / "checkpoint.pt", weights_only=True)
    model.load_state_dict(kept["model"])
    optimiser.load_state_dict(kept["optimiser"])
    log = kept["log"]
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in log), encoding="utf-8")
    return len(log), max((row for row in log if "choice" in row), key=lambda row: row["choice"], default=nothing), log


def _save(model: torch.nn.Module, optimiser: torch.optim.Optimizer, folder: Path, log: list[dict], *, better: bool) -> None:
    """The weights first, the checkpoint last and whole: it is what a resumed run believes."""
    model.save_pretrained(folder / "newest")
    if better:
        model.save_pretrained(folder / "best")
    part = folder / "checkpoint.part"
    torch.save({"model": model.state_dict(), "optimiser": optimiser.state_dict(), "log": log}, part)
    part.replace(folder / "checkpoint.pt")


def _report(folder: Path, row: dict, started: tuple[float, float], done: int, left: int) -> None:
    """The row to the log; to the terminal with seconds a step (measuring included) and the hours left."""
    seconds, busy = (time.perf_counter() - started[0]) / done, (time.process_time() - started[1]) / done
    with (folder / "log.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")
    figures = ", ".join(f"{name} {value:.4g}" for name, value in row.items())
    pace = f"{seconds:.2f} s a step ({busy:.2f} of a processor), {left * seconds / 3600:.2f} h left"
    print(f"{time.strftime('%H:%M:%S')} {figures}; {pace}", flush=True)
