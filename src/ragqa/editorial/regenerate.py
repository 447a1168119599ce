"""The library kept true: what a change of the corpus touched is answered again, compared, and queued for sign-off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ragqa.answer.contract import Answer, Audience
from ragqa.answer.provenance import Provenance
from ragqa.corpus.catalogue import Progress
from ragqa.editorial.affected import Affected, affected, rests_on
from ragqa.editorial.difference import Severity, compare
from ragqa.editorial.library import Library
from ragqa.editorial.retractions import take_back
from ragqa.editorial.versions import State, Version, key_of
from ragqa.errors import RagqaError
from ragqa.index import Generation
from ragqa.index.refresh import silent
from ragqa.models import CachingEmbedder
from ragqa.parallel import each
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Redone:
    """An affected entry after it was answered again; ``number`` is the version that waits or was put in place, if any."""

    affected: Affected
    severity: Severity
    number: int | None


@dataclass(slots=True, kw_only=True)
class Report:
    """What a run did: how many entries were looked at, what was redone, what failed and why, what was taken back."""

    looked_at: int = 0
    redone: list[Redone] = field(default_factory=list)
    failed: list[tuple[Affected, str]] = field(default_factory=list)
    unpublished: list[int] = field(default_factory=list)

    def by_severity(self) -> Counter[str]:
        """How many redone answers changed how much."""
        return Counter(redone.severity.words for redone in self.redone)


def propose(
    library: Library, ragqa: Ragqa, questions: Sequence[Asked], audience: Audience, workers: int, tick: Progress = silent
) -> Report:
    """Answer questions that the library does not hold yet, for sign-off; stopped half-way, the same call goes on."""
    clean = map(ragqa.without_identifiers, questions)
    keys = {key_of(asked, audience): asked for asked in clean}
    new = [(key, asked) for key, asked in keys.items() if not (library.published(key) or library.waiting(key))]
    entries = [Affected(number=0, key=key, asked=asked, audience=audience, reasons=("new question",)) for key, asked in new]
    report = Report(looked_at=len(keys))
    for entry, result in _answered(ragqa, library, entries, workers, tick):
        if isinstance(result, RagqaError):
            report.failed.append((entry, str(result)))
            continue
        answer, basis = result
        sources = rests_on(answer, ragqa.generation)
        number = library.add_version(entry.key, entry.asked, answer, basis, sources, severity="new", reason="new question")
        report.redone.append(Redone(affected=entry, severity=Severity.RECOMMENDATION, number=number))
    return report


def regenerate(library: Library, ragqa: Ragqa, workers: int, tick: Progress = silent) -> Report:
    """Answer again whatever a change touched; replace at once where only the wording changed, queue the rest for sign-off.

    Every answer is stored as soon as it is made: killed at any moment, the next run does what is left and nothing twice.
    """
    unpublished = take_back(library, ragqa.generation)
    entries, unchanged, looked_at = affected(library, ragqa, tick)
    library.confirm(unchanged, ragqa.generation.manifest.generation)
    report = Report(looked_at=looked_at, unpublished=unpublished)
    for entry, result in _answered(ragqa, library, entries, workers, tick):
        if isinstance(result, RagqaError):
            report.failed.append((entry, str(result)))
        else:
            report.redone.append(_store(library, ragqa.generation, entry, *result))
    return report


def estimate(library: Library, entries: Sequence[Affected], workers: int) -> float:
    """Seconds that answering these again may take, going by what each took before."""
    took = (library.version(entry.number).answer.trace.milliseconds.get("total", 0.0) for entry in entries)
    return sum(took) / 1000 / workers


def _answered(
    ragqa: Ragqa, library: Library, entries: Sequence[Affected], workers: int, tick: Progress
) -> Iterator[tuple[Affected, tuple[Answer, Provenance] | RagqaError]]:
    remembering = CachingEmbedder(ragqa.embedder, library)

    def answer(entry: Affected) -> Answer:
        return ragqa.ask(entry.asked.question, entry.asked.history, entry.asked.article, entry.audience)

    for place, (entry, result) in enumerate(each(answer, entries, workers), start=1):
        if isinstance(result, RagqaError):
            yield entry, result
        else:
            yield entry, (result, ragqa.provenance(entry.asked, entry.audience, remembering))
        tick("answering", place, len(entries))


def _store(library: Library, generation: Generation, entry: Affected, answer: Answer, basis: Provenance) -> Redone:
    before = library.version(entry.number)
    difference = compare(before.answer, answer)
    reason = "; ".join(entry.reasons)
    shown = before.state is State.PUBLISHED
    if shown and difference.severity is Severity.SAME:
        library.rebase(before.number, basis, answer.trace.generation)
        return Redone(affected=entry, severity=difference.severity, number=None)
    if proposed := _said_already(library, entry.key, answer):
        library.rebase(proposed.number, basis, answer.trace.generation)
        waits = proposed.state is State.WAITING
        return Redone(affected=entry, severity=difference.severity, number=proposed.number if waits else None)
    number = library.add_version(
        entry.key,
        entry.asked,
        answer,
        basis,
        rests_on(answer, generation),
        severity=difference.severity.words,
        reason=reason,
        published=shown and difference.severity is Severity.WORDING,
    )
    return Redone(affected=entry, severity=difference.severity, number=number)


def _said_already(library: Library, key: str, answer: Answer) -> Version | None:
    """The version that says just this and waits for sign-off, or was rejected: nobody has to read it twice."""
    proposed = (version for version in library.history(key) if version.state in (State.WAITING, State.REJECTED))
    return next((version for version in proposed if version.answer.said() == answer.said()), None)
