"""The library kept true: what a change of the corpus touches is found, answered again, compared, and queued for sign-off.

An answer is touched when its basis changed: the passages retrieved for it, their records, what they may not rest on, the models
and settings. The same basis gives the same answer, so all others stay as they are without being answered again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ragqa.answer.contract import Answer, Audience
from ragqa.answer.provenance import Provenance
from ragqa.corpus.catalogue import Progress
from ragqa.corpus.folder import retracted_ids
from ragqa.corpus.records import Article, Asked
from ragqa.editorial.difference import Difference, Severity, compare
from ragqa.editorial.library import Library, State, Version, key_of
from ragqa.errors import LibraryError, RagqaError
from ragqa.index import Generation, current_generation
from ragqa.index.refresh import build_index, silent
from ragqa.language.sentences import sentences
from ragqa.models import CachingEmbedder
from ragqa.parallel import each
from ragqa.pipeline import Ragqa
from ragqa.settings import Settings

APPROVED = "approved"
REVISION_WAITS = "revision_waits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """An entry whose basis is not what its answer was made from, with the reasons in words."""

    number: int
    key: str
    asked: Asked
    audience: Audience
    reasons: tuple[str, ...]


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


def served(library: Library, ragqa: Ragqa, asked: Asked, audience: Audience) -> Answer | None:
    """The published answer to this very question, as long as it may be shown; None when it has to be answered anew.

    While all it cites still stands in the index it is shown; where other evidence has come or gone since, it says that a
    revision waits. Never shown: an answer that cites what was edited, withdrawn or retracted since.
    """
    asked = ragqa.without_identifiers(asked)
    version = library.published(key_of(asked, audience))
    if version is None:
        return None
    cited = [reference.source_id for reference in version.answer.references]
    if any(_digest(ragqa.generation, source) != version.basis.sources.get(source) for source in cited):
        return None
    same = ragqa.provenance(asked, audience).sha256 == version.basis.sha256
    return version.answer.model_copy(update={"review_state": APPROVED if same else REVISION_WAITS})


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
        number = library.propose(entry.key, entry.asked, answer, basis, sources, severity="new", reason="new question")
        report.redone.append(Redone(affected=entry, severity=Severity.RECOMMENDATION, number=number))
    return report


def affected(library: Library, ragqa: Ragqa, tick: Progress = silent) -> tuple[list[Affected], list[int], int]:
    """Entries whose answer no longer rests on what the index holds, the numbers of those that do, and how many were looked at.

    What was already redone from the present basis, and waits for sign-off or was rejected, is not listed again.
    """
    remembering = CachingEmbedder(ragqa.embedder, library)
    found: list[Affected] = []
    unchanged: list[int] = []
    entries = list(library.latest())
    for place, (number, key, state, stored, asked, audience) in enumerate(entries, start=1):
        tick("comparing", place, len(entries))
        try:
            basis = ragqa.provenance(asked, audience, remembering)
        except RagqaError as error:
            found.append(Affected(number=number, key=key, asked=asked, audience=audience, reasons=(str(error),)))
            continue
        if state is not State.UNPUBLISHED and basis.sha256 == stored:
            unchanged.append(number)
        elif not library.proposed(key, basis.sha256):
            reasons = reasons_for(library.version(number), basis, ragqa.generation)
            found.append(Affected(number=number, key=key, asked=asked, audience=audience, reasons=reasons))
    return found, unchanged, len(entries)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What no reader is shown any more: numbers of unpublished answers (None without a library), and the live generation."""

    unpublished: list[int] | None
    generation: str | None


def take_back_retracted(settings: Settings, progress: Progress = silent) -> TakenBack:
    """Neither the library nor the index goes on showing what the corpus says is retracted, whoever found it out and whenever.

    Where there is no library, or no index, none is made.

    Raises:
        CorpusError: the corpus has faults, so that the index stays as it was; the answers are unpublished all the same.
    """
    unpublished = None
    if settings.library.exists():
        with Library(settings.library) as library:
            unpublished = library.unpublish(retracted_ids(settings.corpus), "was retracted")
    generation = None
    if current_generation(settings.index) is not None:
        generation = build_index(settings, progress).manifest.generation
    return TakenBack(unpublished=unpublished, generation=generation)


def take_back(library: Library, generation: Generation) -> list[int]:
    """Unpublish every answer resting on a paper that the index leaves out as retracted."""
    retracted = [source for source, reason in generation.left_out().items() if reason == "retracted"]
    return library.unpublish(retracted, "was retracted")


def estimate(library: Library, entries: Sequence[Affected], workers: int) -> float:
    """Seconds that answering these again may take, going by what each took before."""
    took = (library.version(entry.number).answer.trace.milliseconds.get("total", 0.0) for entry in entries)
    return sum(took) / 1000 / workers


def rests_on(answer: Answer, generation: Generation) -> set[str]:
    """What an answer cites, and what the sentences of articles that it quotes cite in turn."""
    sources = {reference.number: generation.record(reference.source_id) for reference in answer.references}
    found = {record.id for record in sources.values()}
    for statement in answer.statements:
        for support in statement.support:
            record = sources[support.reference]
            if isinstance(record, Article):
                said = sentences(record.text, support.start, support.end)
                found.update(record.citations[number - 1] for sentence in said for number in sentence.markers)
    return found


def reasons_for(version: Version, basis: Provenance, generation: Generation) -> tuple[str, ...]:
    """Why an answer has to be made again, in words."""
    before = version.basis
    reasons = [
        f"{name} was {before.made_with.get(name, 'not recorded')}, is {value}"
        for name, value in basis.made_with.items()
        if before.made_with.get(name) != value
    ]
    gone = [source for source in before.sources if source not in basis.sources]
    left_out = generation.excluded(gone)
    for source in gone:
        indexed = generation.find(source) is not None
        reasons.append(f"{source} {'no longer among the nearest' if indexed else left_out.get(source, 'removed')}")
    for source, digest in basis.sources.items():
        if source not in before.sources:
            reasons.append(f"{source} now among the nearest")
        elif before.sources[source] != digest:
            reasons.append(f"{source} edited")
    reasons += [f"{source} {reason}" for source, reason in basis.barred.items() if before.barred.get(source) != reason]
    reasons += [f"{source} may be quoted again" for source in before.barred if source not in basis.barred]
    if version.state is State.UNPUBLISHED:
        reasons.insert(0, f"unpublished: {version.note}" if version.note else "unpublished")
    return tuple(dict.fromkeys(reasons)) or ("other passages of the same sources",)


def waiting(library: Library) -> list[tuple[Version, Version | None, Difference | None]]:
    """The queue for sign-off, gravest first: each waiting version, the one it would replace, and the difference."""
    queue = []
    for version in library.versions(State.WAITING):
        before = library.published(version.key) or _last_shown(library, version)
        queue.append((version, before, compare(before.answer, version.answer) if before else None))
    return sorted(queue, key=lambda item: (-(item[2].severity if item[2] else Severity.RECOMMENDATION), item[0].number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Whether an answer came out the same from its stored generation; ``differences`` says what did not."""

    version: Version
    differences: tuple[str, ...]


def replay(version: Version, ragqa: Ragqa, asked: Asked) -> Replay:
    """Answer a question again from the generation its answer was last confirmed in; ``ragqa`` has that generation open.

    Raises:
        LibraryError: ``ragqa`` has another generation open.
    """
    if ragqa.generation.manifest.generation != version.generation:
        raise LibraryError(f"answer {version.number} belongs to generation {version.generation}: open that one")
    audience = version.answer.audience
    basis = ragqa.provenance(asked, audience)
    found = [] if basis.sha256 == version.basis.sha256 else list(reasons_for(version, basis, ragqa.generation))
    again = ragqa.ask(asked.question, asked.history, asked.article, audience)
    was, now = version.answer.said(), again.said()
    found += [f"{name} differs" for name in was if was[name] != now[name]]
    return Replay(version=version, differences=tuple(found))


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
    number = library.propose(
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


def _last_shown(library: Library, version: Version) -> Version | None:
    """What readers saw before it was taken back."""
    shown = [v for v in library.history(version.key) if v.number < version.number and v.state is State.UNPUBLISHED]
    return shown[-1] if shown else None


def _digest(generation: Generation, source: str) -> str | None:
    return generation.digest(source) if generation.find(source) is not None else None
