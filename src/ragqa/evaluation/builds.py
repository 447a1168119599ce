"""Another build of ragqa, asked by its own commands: those whose names and output stay (docs/ARCHITECTURE.md)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from ragqa.corpus.catalogue import Progress
from ragqa.errors import RagqaError
from ragqa.evaluation.cases import Case
from ragqa.evaluation.judged import JudgedAnswer
from ragqa.files import json_line, write_atomic
from ragqa.index.refresh import silent


@dataclass(frozen=True, slots=True)
class Build:
    """A checkout, run with its own environment (.venv) where it has one, else with the one that is running now."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Build:
        """The build in a folder. Raises RagqaError where there is none."""
        if not (folder / "src" / "ragqa" / "__main__.py").exists():
            raise RagqaError(f"{folder} is no checkout of ragqa (src/ragqa is not there) and no file of judged answers (.jsonl)")
        return cls(folder.resolve())

    @property
    def python(self) -> str:
        """Its interpreter."""
        own = self.folder / ".venv" / "bin" / "python"
        return str(own if own.exists() else sys.executable)

    def run(self, *words: str | Path) -> str:
        """What a command prints. Raises RagqaError with its complaint."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder / "src"), "HF_HUB_OFFLINE": "1"}
        command = [self.python, "-m", "ragqa", *map(str, words)]
        run = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        if run.returncode:
            raise RagqaError(f"{self.folder}: ragqa {words[0]} failed: {(run.stderr or run.stdout).strip()[-2000:]}")
        return run.stdout


def ask_build(
    build: Build, cases: Sequence[Case], corpus: Path, progress: Progress = silent, workers: int = 1
) -> list[JudgedAnswer]:
    """The answers of another build to the cases, judged by this one. It builds an index of its own, which is thrown away.

    Raises:
        RagqaError: the build cannot index the corpus, or not answer the file of questions.
    """
    with TemporaryDirectory() as name:
        work = Path(name)
        options = ("--corpus", str(corpus.resolve()), "--index", str(work / "index"))
        build.run("index", *options)
        answers: dict[str, Mapping[str, Any] | None] = {}
        answers |= _answered(build, [case for case in cases if not case.turns], work, options)
        talks = [case for case in cases if case.turns]
        with ThreadPoolExecutor(workers) as pool:
            held = pool.map(lambda case: _held(build, case, work, options), talks)
            for number, (case, answer) in enumerate(zip(talks, held, strict=True), start=1):
                answers[case.id] = answer
                progress("conversations", number, len(talks))
    return [JudgedAnswer.of(case, dict(found) if (found := answers.get(case.id)) else None) for case in cases]


def _answered(build: Build, cases: Sequence[Case], work: Path, options: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Answers by id, all from one process."""
    if not cases:
        return {}
    asked, out = work / "asked.jsonl", work / "answers.jsonl"
    write_atomic(
        asked, [json_line(case.model_dump(mode="json", include={"id", "question", "history", "article"})) for case in cases]
    )
    build.run("answer", asked, "-o", out, *options)
    rows = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    return {row["id"]: row for row in rows if "status" in row}


def _held(build: Build, case: Case, work: Path, options: Sequence[str]) -> Mapping[str, Any] | None:
    """The answer to the last turn; None where a turn failed, which is no reason to stop the others."""
    conversation = work / f"{uuid4().hex}.jsonl"
    article = ("--article", case.article) if case.article else ()
    said = ""
    try:
        for turn in case.turns:
            said = build.run("ask", "--conversation", conversation, "--format", "json", *article, *options, "--", turn)
    except RagqaError:
        return None
    answer: Mapping[str, Any] = json.loads(said)
    return answer
