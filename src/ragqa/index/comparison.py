"""What is to be indexed now, beside what a generation holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ragqa.corpus.catalogue import Decision


@dataclass(frozen=True, slots=True)
class Update:
    """A source that the generation does not hold as it is ``now``; None for one that the corpus no longer holds."""

    id: str
    now: Decision | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``corpus_sha256``: of all that is to be indexed or left out. ``updates`` bring a generation there, where ``few``.

    ``counts`` are of articles and abstracts that may be indexed and of sources left out, ``sources`` is their sum.
    """

    corpus_sha256: str
    counts: dict[str, int]
    sources: int
    updates: tuple[Update, ...]
    few: bool


def compare(before: Iterable[tuple[str, bytes | str]] | None, now: Iterable[Decision], most: int) -> Comparison:
    """Compare what a generation holds, as ``PassageStore.marks`` gives it, with the gate's present decisions.

    Both come in the order of ids. More than ``most`` updates are not collected; with nothing to compare with there are none.
    """
    digest = hashlib.sha256()
    counts = {"articles": 0, "abstracts": 0, "excluded": 0}
    updates: list[Update] = []

    def counted() -> Iterator[Decision]:
        for decision in now:
            counts["excluded" if decision.reason is not None else f"{decision.kind}s"] += 1
            mark = _mark(decision)
            digest.update(
                f"{len(decision.id)} {decision.id} ".encode() + (mark if isinstance(mark, bytes) else mark.encode()) + b"\n"
            )
            yield decision

    for update in _updates(iter(before or ()), counted()):
        if before is not None and len(updates) <= most:
            updates.append(update)
    return Comparison(
        corpus_sha256=digest.hexdigest(),
        counts=counts,
        sources=sum(counts.values()),
        updates=tuple(updates),
        few=before is not None and len(updates) <= most,
    )


def _mark(decision: Decision) -> bytes | str:
    """What a generation remembers of a source: the digest of its record, or why it was left out."""
    return decision.digest if decision.reason is None else decision.reason


def _updates(before: Iterator[tuple[str, bytes | str]], now: Iterator[Decision]) -> Iterator[Update]:
    """Both streams walked at once."""
    old, new = next(before, None), next(now, None)
    while old is not None or new is not None:
        if old is not None and (new is None or old[0] < new.id):
            yield Update(old[0], None)
            old = next(before, None)
        elif new is not None and (old is None or new.id < old[0]):
            yield Update(new.id, new)
            new = next(now, None)
        elif old is not None and new is not None:
            if old[1] != _mark(new):
                yield Update(new.id, new)
            old, new = next(before, None), next(now, None)
