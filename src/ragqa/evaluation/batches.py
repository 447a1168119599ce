"""Question files: read, answered in a batch that a kill may cut short, or searched for as a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from ragqa.answer.contract import Answer
from ragqa.corpus.catalogue import Progress
from ragqa.errors import CorpusError, Fault, RagqaError
from ragqa.files import read_jsonl
from ragqa.files.appending import append_line, cut_partial_line
from ragqa.index.refresh import silent
from ragqa.parallel import each
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked
from ragqa.retrieval.retriever import Hit


class BatchQuestion(Asked):
    """One line of a question file."""

    id: str

    @property
    def asked(self) -> Asked:
        """The question without its id."""
        return Asked(question=self.question, history=self.history, article=self.article)


def read_batch(file: Path) -> list[BatchQuestion]:
    """All questions of a file. Raises CorpusError with every faulty line, duplicate ids included."""
    questions: dict[str, BatchQuestion] = {}
    faults: list[Fault] = []
    for line, value in read_jsonl(file):
        if isinstance(value, Fault):
            faults.append(value)
            continue
        named = {"id": value.get("id", value.get("_id")), "question": value.get("question", value.get("text"))}
        extra = {key: value[key] for key in ("history", "article") if value.get(key) is not None}
        try:
            question = BatchQuestion.model_validate(named | extra, strict=False)
        except ValidationError:
            message = 'expected {"id", "question"} or {"_id", "text"}, both text; history as [{"question", "answer"}]'
            faults.append(Fault(file=file, line=line, message=message))
            continue
        if question.id in questions:
            faults.append(Fault(file=file, line=line, message=f"duplicate id {question.id}"))
        if not question.question.strip():
            faults.append(Fault(file=file, line=line, message="the question is empty"))
        questions[question.id] = question
    if not questions and not faults:
        faults.append(Fault(file=file, line=None, message="holds no question"))
    if faults:
        raise CorpusError(faults)
    return list(questions.values())


def read_questions(file: Path) -> Iterable[tuple[str, str]]:
    """Id and text of each line, in ragqa's ({"id","question"}) or BEIR's ({"_id","text"}) names.

    Raises:
        CorpusError: with every faulty line, before the first question is used.
    """
    return [(question.id, question.question) for question in read_batch(file)]


def answer_batch(
    ragqa: Ragqa, batch: Sequence[BatchQuestion], output: Path, progress: Progress = silent, workers: int = 1
) -> Counter[str]:
    """Answer each question not yet in ``output``, one whole line each, in order; returns how many have which status.

    A line is the JSON contract, with the question's id first and as ``id``, and the answer's own id as ``answer_id``.

    A question that fails stops no other: it is counted as "failed", written with its reason to ``<output>.failed.jsonl``, and
    tried again the next time.

    Raises:
        RagqaError: ``output`` holds answers from another generation, which may not be mixed with new ones.
    """
    done = _answered(output, ragqa.generation.manifest.generation)
    counts = Counter(done[question.id] for question in batch if question.id in done)
    left = [question for question in batch if question.id not in done]
    failed = output.with_name(f"{output.name}.failed.jsonl")
    failed.unlink(missing_ok=True)

    def answer(question: BatchQuestion) -> Answer:
        return ragqa.ask(question.question, question.history, question.article)

    for number, (question, result) in enumerate(each(answer, left, workers), start=len(batch) - len(left) + 1):
        if isinstance(result, RagqaError):
            asked = ragqa.storable(question.question)
            append_line(failed, {"id": question.id, "question": asked, "error": str(result)}, durable=False)
            counts["failed"] += 1
        else:
            row = result.to_json()
            append_line(output, {"id": question.id, "answer_id": row.pop("id")} | row, durable=False)
            counts[result.status.value] += 1
        progress("answering", number, len(batch))
    return counts


def _answered(output: Path, generation: str) -> dict[str, str]:
    """Ids and statuses already answered; a last line cut off by a kill or a full disk is removed first."""
    if not output.exists():
        return {}
    cut_partial_line(output)
    done = {}
    for line, value in read_jsonl(output):
        if isinstance(value, Fault) or "id" not in value or "trace" not in value:
            raise RagqaError(f"{output}:{line} is not an answer; name another file with -o")
        if value["trace"]["generation"] != generation:
            raise RagqaError(
                f"{output} holds answers from generation {value['trace']['generation']}, the index is now {generation}: "
                "name another file with -o, or delete this one"
            )
        done[value["id"]] = value["status"]
    return done


def trec_lines(query: str, hits: Iterable[Hit]) -> str:
    """``qid Q0 source_id rank score ragqa``, one line a source."""
    return "".join(f"{query} Q0 {hit.passage.source_id} {rank} {hit.score:.6f} ragqa\n" for rank, hit in enumerate(hits, start=1))
