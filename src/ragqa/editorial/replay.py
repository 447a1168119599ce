"""Proof that a stored answer comes out the same from its stored generation."""

from __future__ import annotations

from dataclasses import dataclass

from ragqa.editorial.affected import reasons_for
from ragqa.editorial.versions import Version
from ragqa.errors import LibraryError
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked


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
