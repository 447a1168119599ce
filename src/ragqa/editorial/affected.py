"""What a change of the corpus touches: entries whose basis is not what their answer was made from, and why, in words.

A basis is the passages retrieved for an answer, their records, what they may not rest on, the models and settings. The same basis
gives the same answer, so all others stay as they are without being answered again.
"""

from __future__ import annotations

from dataclasses import dataclass

from ragqa.answer.contract import Answer, Audience
from ragqa.answer.provenance import Provenance
from ragqa.corpus.catalogue import Progress
from ragqa.corpus.records import Article
from ragqa.editorial.library import Library
from ragqa.editorial.versions import State, Version
from ragqa.errors import RagqaError
from ragqa.index import Generation
from ragqa.index.refresh import silent
from ragqa.language.sentences import markers_at
from ragqa.models import CachingEmbedder
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """An entry whose basis is not what its answer was made from, with the reasons in words."""

    number: int
    key: str
    asked: Asked
    audience: Audience
    reasons: tuple[str, ...]


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


def rests_on(answer: Answer, generation: Generation) -> set[str]:
    """What an answer cites, and what the sentences of articles that it quotes cite in turn."""
    sources = {reference.number: generation.record(reference.source_id) for reference in answer.references}
    found = {record.id for record in sources.values()}
    for statement in answer.statements:
        for support in statement.support:
            record = sources[support.reference]
            if isinstance(record, Article):
                found.update(record.cited(markers_at(record.text, support.start, support.end)))
    return found
