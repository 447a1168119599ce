"""The signed-off answer to a question, as long as it may be shown."""

from __future__ import annotations

from ragqa.answer.contract import Answer, Audience
from ragqa.editorial.affected import rests_on
from ragqa.editorial.library import Library
from ragqa.editorial.versions import key_of
from ragqa.index import Generation
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked

APPROVED = "approved"
REVISION_WAITS = "revision_waits"


def served(library: Library, ragqa: Ragqa, asked: Asked, audience: Audience) -> Answer | None:
    """The published answer to this very question, as long as it may be shown; None when it has to be answered anew.

    While all it cites still stands in the index it is shown; where other evidence has come or gone since, it says that a
    revision waits. Never shown: an answer that cites what was edited, withdrawn or retracted since, or quotes a sentence of an
    article that cites it.
    """
    ragqa = ragqa.now()
    asked = ragqa.without_identifiers(asked)
    version = library.published(key_of(asked, audience))
    if version is None:
        return None
    cited = [reference.source_id for reference in version.answer.references]
    if any(_digest(ragqa.generation, source) != version.basis.sources.get(source) for source in cited):
        return None
    if ragqa.generation.excluded(sorted(rests_on(version.answer, ragqa.generation))):
        return None
    same = ragqa.provenance(asked, audience).sha256 == version.basis.sha256
    return version.answer.model_copy(update={"review_state": APPROVED if same else REVISION_WAITS})


def _digest(generation: Generation, source: str) -> str | None:
    return generation.digest(source) if generation.find(source) is not None else None
