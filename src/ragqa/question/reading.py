"""Asked to Query: identifiers out, the follow-up made to stand alone, what is asked made out, and refused what is no question.

reader = Reader(generation, embedder, vocabulary, cleaner, audience)
query = reader.read(Asked(question="and in adolescents?", history=turns))
if query.refusal: ...
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragqa.corpus.records import Article
from ragqa.errors import RagqaError
from ragqa.index import Generation
from ragqa.models import Check, Embedder, unhurried
from ragqa.question.asked import LONGEST_QUESTION, MOST_CHOICES, Asked, Turn, clipped
from ragqa.question.cleaning import Cleaner
from ragqa.question.followup import REMEMBERED, Reading, apart, chosen, standalone
from ragqa.question.privacy import without_heading
from ragqa.question.query import Query
from ragqa.question.refusal import NOTHING_ASKED, REFUSALS, Refusal, Status
from ragqa.question.terms import Vocabulary
from ragqa.question.tongue import is_foreign
from ragqa.question.triage import emergency, refuse, searchable
from ragqa.question.understanding import understand
from ragqa.settings import Audience


class Reader:
    """Reads the questions that are asked of one generation."""

    def __init__(
        self,
        generation: Generation,
        embedder: Embedder,
        vocabulary: Vocabulary,
        cleaner: Cleaner,
        audience: Audience,
        check: Check = unhurried,
    ) -> None:
        """``audience`` where a question does not say whom it is answered for; ``check`` is called before a question is read."""
        self._generation, self._embedder, self._vocabulary = generation, embedder, vocabulary
        self._cleaner, self._audience, self._check = cleaner, audience, check

    def read(self, asked: Asked, audience: Audience | None = None, wanted: str | None = None, *, as_one: bool = False) -> Query:
        """A question that may be searched for, or with its refusal.

        ``wanted`` is how the reader wants it understood; ``as_one``: whatever it holds, it is read as one question.

        Raises:
            RagqaError: the question is empty or too long, or the article being read is not in the index.
        """
        return self.judged(self.worded(asked, audience, wanted, as_one=as_one))

    def worded(self, asked: Asked, audience: Audience | None = None, wanted: str | None = None, *, as_one: bool = False) -> Query:
        """As ``read``, of the wording alone, without any model: the only refusal is an emergency that it tells of."""
        self._check()
        said, meant = self._cleaner.question(asked.question), self._cleaner.question(wanted) if wanted else None
        turns = tuple(self._cleaner.turn(turn) for turn in asked.history[-REMEMBERED:])
        article = self._article(asked.article) if asked.article else None
        topic = article.title if article else ""
        reader = audience or self._audience
        calm = searchable(said.text) if reader == "clinician" else None
        text, turns = _asked_again(said.text if calm is None else calm, calm is not None, turns)
        reading = Reading(meant.text) if meant else _in_context(without_heading(text), turns, topic, as_one)
        return Query(
            asked=said.text,
            reading=reading,
            understanding=understand(self._vocabulary.searched(reading.text)),
            audience=reader,
            vocabulary=self._vocabulary,
            turns=turns,
            article=asked.article,
            wanted=meant.text if meant else None,
            removed=tuple(dict.fromkeys((*said.kinds, *(meant.kinds if meant else ())))),
            preferred=_preferred(article, asked.history if reading.is_follow_up else ()),
            refusal=None if calm is not None else emergency(said.text, reader),
            calm=calm is not None,
        )

    def judged(self, query: Query) -> Query:
        """A question whose wording was read, with its vector, or with its refusal."""
        if query.refusal:
            return query
        if not query.reading.asks:
            return replace(query, refusal=NOTHING_ASKED)
        embedded = self._embedded(query, [*query.reading.choices, query.text][0])
        follows = query.reading.is_follow_up
        refused = refuse(query.asked, embedded.vector, embedded.fingerprint, follows, query.audience, query.calm)
        if is_foreign(query.wanted or query.asked) and not (refused and refused.status is Status.URGENT):
            refused = Refusal(status=Status.OUT_OF_SCOPE, message=REFUSALS["language"])
        return replace(embedded, refusal=refused or _ambiguous(query.reading))

    def joined(self, query: Query) -> Query | None:
        """The follow-up behind the question before it, to be tried where its own reading finds no answer; None for others."""
        if not query.reading.joined:
            return None
        text = query.reading.joined
        again = replace(
            query,
            reading=replace(query.reading, text=text),
            understanding=understand(self._vocabulary.searched(text)),
            carries=False,
        )
        return self._embedded(again, text)

    def _embedded(self, query: Query, text: str) -> Query:
        return replace(
            query, vector=self._embedder.embed([self._vocabulary.searched(text)]), fingerprint=self._embedder.fingerprint
        )

    def _article(self, slug: str) -> Article:
        record = self._generation.find(f"article:{slug}")
        if not isinstance(record, Article):
            raise RagqaError(f"no approved article {slug!r} in the index; `ragqa check` lists the articles and their states")
        return record


def _asked_again(text: str, calm: bool, turns: tuple[Turn, ...]) -> tuple[str, tuple[Turn, ...]]:
    """The question to be read and the turns before it: where it only says that the one before was no emergency, that one."""
    if calm and not text and turns and turns[-1].status == Status.URGENT:
        return turns[-1].question, turns[:-1]
    return text, turns


def _in_context(said: str, turns: Sequence[Turn], topic: str, as_one: bool) -> Reading:
    """A question read after its turns, no text longer than a question may be, no more choices than a turn remembers."""
    read = chosen(said, turns) or (None if as_one else apart(said)) or standalone(said, turns, topic)
    return replace(
        read,
        text=clipped(read.text, LONGEST_QUESTION),
        joined=clipped(read.joined, LONGEST_QUESTION),
        choices=tuple(clipped(choice, LONGEST_QUESTION) for choice in read.choices[:MOST_CHOICES]),
    )


def _preferred(article: Article | None, history: Sequence[Turn]) -> frozenset[str]:
    """The article being read and what it cites; of a follow-up also what was just cited."""
    just_cited = {cited.source_id for cited in history[-1].cited} if history else set()
    return frozenset((article.id, *article.citations) if article else ()) | just_cited


def _ambiguous(reading: Reading) -> Refusal | None:
    """Ask back about a follow-up that could mean several things; None for others."""
    if not reading.choices:
        return None
    return Refusal(
        status=Status.NEEDS_CLARIFICATION,
        message="After what was said before, this could mean several things. Choose one, or ask again naming the one you mean.",
        alternatives=reading.choices,
    )
