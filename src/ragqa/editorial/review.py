"""The review workflow: an article is submitted, read, approved or withdrawn, and each step is an event that stays.

draft -> submitted -> under_review -> approved;  any of them -> withdrawn;  withdrawn -> submitted
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from ragqa.corpus.articles import approved_text, article_file, kept_file, parse_article
from ragqa.corpus.folder import Corpus, read_corpus
from ragqa.corpus.gate import review_states
from ragqa.corpus.records import SLUG, Article, ReviewEvent, ReviewState, explain
from ragqa.corpus.reviewlog import append_event, read_log, writing
from ragqa.errors import CorpusError, Fault, InvalidRecord, ReviewError
from ragqa.files import read_bytes, sha256_of, write_atomic
from ragqa.files.aside import keep_aside

NEXT: dict[ReviewState, frozenset[ReviewState]] = {
    ReviewState.DRAFT: frozenset({ReviewState.SUBMITTED, ReviewState.WITHDRAWN}),
    ReviewState.SUBMITTED: frozenset({ReviewState.SUBMITTED, ReviewState.UNDER_REVIEW, ReviewState.WITHDRAWN}),
    ReviewState.UNDER_REVIEW: frozenset({ReviewState.APPROVED, ReviewState.SUBMITTED, ReviewState.WITHDRAWN}),
    ReviewState.APPROVED: frozenset({ReviewState.SUBMITTED, ReviewState.WITHDRAWN}),
    ReviewState.WITHDRAWN: frozenset({ReviewState.SUBMITTED}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleInReview:
    """Where an article stands: its last event, whether its text was edited since that, and the steps that are possible now."""

    article: Article
    state: ReviewState
    last: ReviewEvent | None
    edited: bool
    possible: tuple[ReviewState, ...]


_WAITS_FIRST = (
    ReviewState.UNDER_REVIEW,
    ReviewState.SUBMITTED,
    ReviewState.DRAFT,
    ReviewState.APPROVED,
    ReviewState.WITHDRAWN,
)


def articles_in_review(corpus: Corpus) -> list[ArticleInReview]:
    """Every article, those that wait for an editor first, the longest waiting of these before the others."""
    last = {event.article: event for event in corpus.reviews}
    found = [_in_review(article, corpus.states[slug], last.get(slug)) for slug, article in corpus.articles.items()]
    return sorted(
        found, key=lambda one: (_WAITS_FIRST.index(one.state), one.last.at.timestamp() if one.last else 0, one.article.slug)
    )


def _in_review(article: Article, state: ReviewState, last: ReviewEvent | None) -> ArticleInReview:
    edited = last is not None and last.sha256 != article.sha256
    return ArticleInReview(article=article, state=state, last=last, edited=edited, possible=tuple(sorted(NEXT[state])))


def edited_since_approval(folder: Path, corpus: Corpus) -> list[Fault]:
    """Articles whose last step is an approval of another text than their file holds: edited, or damaged so that they still read.

    No program can tell which, so it is no fault of the corpus; each says what makes the article answer again.
    """
    return [
        _edited(folder, one.article.slug, one.last)
        for one in articles_in_review(corpus)
        if one.edited and one.last is not None and one.last.state is ReviewState.APPROVED
    ]


def _edited(folder: Path, slug: str, approval: ReviewEvent) -> Fault:
    back = f", or the approved text is put back with `ragqa review restore {slug}`"
    message = (
        f"is not the text that was approved on {approval.at:%Y-%m-%d}: it is not answered from until it is submitted and "
        f"approved{back if kept_file(folder, slug, approval.sha256).is_file() else ''}"
    )
    return Fault(file=article_file(folder, slug), line=None, message=message)


def restore_approved(corpus: Path, slug: str) -> Path | None:
    """Put the text of an article that was approved last in its file; where the file held another, its new name beside it.

    Raises:
        ReviewError: no such text was kept, or this is no slug.
        InvalidRecord: the text kept cannot be read, or the review log was changed.
    """
    check_slug(slug)
    kept = approved_text(corpus, slug, read_log(corpus))
    if kept is None:
        raise ReviewError(f"no approved text of {slug} was kept as it was approved: restore its file from a copy")
    return put_back(corpus, kept)


def put_back(corpus: Path, kept: Article) -> Path | None:
    """As ``restore_approved``, of a text that ``approved_text`` gave; None too where the file holds it already."""
    file = article_file(corpus, kept.slug)
    data = read_bytes(kept_file(corpus, kept.slug, kept.sha256))
    try:
        if read_bytes(file) == data:
            return None
    except OSError:
        pass  # whatever it is, it is kept under another name
    aside = keep_aside(file) if os.path.lexists(file) else None
    write_atomic(file, [data], mode=0o644)
    return aside


def record_step(
    corpus: Path,
    slug: str,
    state: ReviewState,
    by: str,
    note: str | None = None,
    *,
    two_person: bool = True,
    sha256: str | None = None,
) -> ReviewEvent:
    """Append one step, bound to the article's present content; the text of an approval is kept beside the log.

    ``sha256`` names the content that whoever takes the step has read. An article can be withdrawn whatever its file holds.

    Raises:
        ReviewError: the step is not allowed from where the article stands, or not to this role, or the content is another; no
            slug, or no name of a role.
        InvalidRecord: the article does not exist or cannot be read, or the log was changed.
    """
    check_slug(slug)
    file = article_file(corpus, slug)
    if state is ReviewState.APPROVED and (faults := read_corpus(corpus).set_aside.get(slug)):
        raise CorpusError(list(faults))
    with writing(corpus, restore=state is ReviewState.WITHDRAWN) as events:
        content = _withdrawn_content(file, slug, events) if state is ReviewState.WITHDRAWN else parse_article(file).sha256
        if sha256 not in (None, content):
            raise ReviewError(
                f"the text of {slug} was edited since it was read (sha256 {content}): read it again, then take the step"
            )
        present = review_states({slug: content}, events)[slug]
        if state not in NEXT[present]:
            allowed = ", ".join(sorted(step.value for step in NEXT[present]))
            raise ReviewError(f"{slug} is {present.value}: it cannot become {state.value} now. Possible: {allowed}")
        event = _event(slug, content, state, by, note)
        if state is ReviewState.APPROVED:
            if two_person:
                _check_two_persons(event, events)
            _check_started(event, events)
            _keep(file, kept_file(corpus, slug, content))
        return append_event(corpus, events, event)


def _withdrawn_content(file: Path, slug: str, events: Sequence[ReviewEvent]) -> str:
    """The content that a withdrawal names: the file's bytes, or where they cannot be read those of the last event."""
    try:
        return sha256_of(file)
    except OSError:
        last = next((event.sha256 for event in reversed(events) if event.article == slug), None)
        if last is None:
            raise InvalidRecord(file, None, "no such article; `ragqa check` lists those there are") from None
        return last


def _check_started(approval: ReviewEvent, events: Sequence[ReviewEvent]) -> None:
    """An approval needs a review that was started on this very content."""
    last = next(event for event in reversed(events) if event.article == approval.article)
    if last.sha256 != approval.sha256:
        raise ReviewError(
            f"the text of {approval.article} was edited since its review was started: submit and start it again, so that what "
            "is approved was read"
        )


def _keep(file: Path, kept: Path) -> None:
    """Copy the text approved to where its SHA-256 names it; before the event, so that no approval is without its text."""
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != kept.stem:
        raise InvalidRecord(file, None, "the file was edited while the step was taken: read it again, then repeat the step")
    write_atomic(kept, [data])


def check_slug(slug: str) -> None:
    """Raises ReviewError when this cannot name an article: a slug is part of a file's name and must lead nowhere else."""
    if not re.fullmatch(SLUG, slug):
        raise ReviewError(
            f"{slug!r} is no slug: an article's slug is its file's name without .md, of a-z, 0-9 and single hyphens"
        )


def check_name(by: str) -> None:
    """Raises ReviewError when a name holds what nobody sees: control, format, private or unassigned characters."""
    unseen = [character for character in by.strip() if _unseen(character)]
    if unseen:
        codes = ", ".join(dict.fromkeys(f"U+{ord(character):04X}" for character in unseen[:5]))
        raise ReviewError(f"the name of who takes a step may not hold {codes}, which nobody sees: type it anew")


def same_person(name: str, other: str) -> bool:
    """Whether two names read the same: in any case, width or composed form, whatever unseen or spare white space is in them."""
    return _as_read(name) == _as_read(other)


def _as_read(name: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(" " if one.isspace() else one for one in folded if one.isspace() or not _unseen(one)).split())


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN or bool(_IGNORABLE.match(character))


_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_IGNORABLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]")
"""Shown as nothing though by category a letter, mark or symbol: Unicode's default ignorables, and the empty Braille cell."""


def _event(slug: str, sha256: str, state: ReviewState, by: str, note: str | None) -> ReviewEvent:
    check_name(by)
    try:
        return ReviewEvent.model_validate(
            {
                "article": slug,
                "sha256": sha256,
                "state": state,
                "by": by,
                "at": datetime.now(UTC).replace(microsecond=0),
                "note": note,
            }
        )
    except ValidationError as error:
        raise ReviewError(f"the step cannot be recorded: {explain(error)}") from error


def _check_two_persons(approval: ReviewEvent, events: Iterable[ReviewEvent]) -> None:
    """An approval needs a submission of the very same content, and every one of them by somebody else."""
    submitters = [
        event.by
        for event in events
        if (event.article, event.sha256, event.state) == (approval.article, approval.sha256, ReviewState.SUBMITTED)
    ]
    if not submitters:
        raise ReviewError(
            f"the present content of {approval.article} was never submitted: it was edited since. "
            f"Submit it first: ragqa review submit {approval.article} --by ROLE"
        )
    if any(same_person(approval.by, submitter) for submitter in submitters):
        raise ReviewError(
            f"{approval.by} submitted this content of {approval.article} and may not approve it: somebody else must "
            "(the setting two_person = false lifts this)"
        )
