"""What changed between two answers to one question, or two texts of one article: sentence by sentence, citation by citation, and
how much it matters.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from ragqa.answer.contract import Answer
from ragqa.answer.render import describe, escaped, printable, template
from ragqa.checking.support import unsupported
from ragqa.corpus.parts import Part
from ragqa.corpus.records import Article
from ragqa.language.sentences import sentences, without_markers

ALIKE = 0.55
"""Share of common words (difflib's ratio) from which a sentence is the other one, changed; by hand."""
_WORD = re.compile(r"\w+(?:[.,]\d+)*|\S")


class Severity(IntEnum):
    """How much a change matters to whoever acts on the answer, the least first."""

    SAME = 0
    WORDING = 1
    EVIDENCE = 2
    RECOMMENDATION = 3

    @property
    def words(self) -> str:
        """The severity in words for readers."""
        return ("nothing changed", "wording changed", "evidence changed", "recommendation changed")[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceChange:
    """One sentence before and after; None where there was, or is, none. Sources are ids, so that renumbering is no change."""

    part: Part
    before: str | None
    after: str | None
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All changes, the gravest first; ``notes`` say what else changed, ``described`` what each gained source is, by id."""

    severity: Severity
    changes: tuple[SentenceChange, ...]
    notes: tuple[str, ...]
    described: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """One sentence with the ids of the sources it cites."""

    text: str
    part: Part
    sources: tuple[str, ...]


def compare(before: Answer | None, after: Answer) -> Difference:
    """Pair the sentences of two answers and say what changed; without one before, everything is new.

    A sentence is paired with the same one, else with the one most alike in the same part. It counts as reworded only when
    each of the two sentences is proven to say the other.
    """
    notes = list(_notes(before, after)) if before else [(Severity.RECOMMENDATION, "a new question")]
    found = _difference(_said(before) if before else [], _said(after), notes)
    severity = found.severity
    if before and severity is Severity.SAME and before.said() != after.said():
        severity = Severity.WORDING  # order, numbering, the question as understood
    described = {reference.source_id: describe(reference) for reference in after.references}
    return Difference(severity=severity, changes=found.changes, notes=found.notes, described=described)


def compare_articles(before: Article, after: Article, described: Mapping[str, str]) -> Difference:
    """What changed between two texts of one article, as ``compare``; ``described`` holds each source's reference line, by id."""
    notes = [(Severity.RECOMMENDATION, f"title: {before.title} -> {after.title}")] if before.title != after.title else []
    found = _difference(_written(before), _written(after), notes)
    severity = found.severity
    if severity is Severity.SAME and before.sha256 != after.sha256:
        severity = Severity.WORDING  # order, dates, white space
    return Difference(severity=severity, changes=found.changes, notes=found.notes, described=described)


def _difference(before: list[_Said], after: list[_Said], notes: list[tuple[Severity, str]]) -> Difference:
    changes = [change for pair in _pairs(before, after) if (change := _change(*pair))]
    changes.sort(key=lambda change: -change.severity)
    severity = max((*(change.severity for change in changes), *(note[0] for note in notes)), default=Severity.SAME)
    return Difference(severity=severity, changes=tuple(changes), notes=tuple(words for _, words in notes))


def _said(answer: Answer) -> list[_Said]:
    ids = {reference.number: reference.source_id for reference in answer.references}
    return [_Said(text=s.text, part=s.section, sources=tuple(ids[n] for n in s.citations)) for s in answer.statements]


def _written(article: Article) -> list[_Said]:
    return [
        _Said(
            text=without_markers(sentence.text),
            part=span.part,
            sources=article.cited(sentence.markers),
        )
        for span in article.spans
        for sentence in sentences(article.text, span.start, span.end)
    ]


def _pairs(before: list[_Said], after: list[_Said]) -> Iterator[tuple[_Said | None, _Said | None]]:
    old, new = list(before), list(after)
    for said in before:
        same = next((s for s in new if s.text == said.text and s.part is said.part), None)
        if same:
            old.remove(said)
            new.remove(same)
            yield said, same
    candidates = [(_likeness(a, b), i, j) for i, a in enumerate(old) for j, b in enumerate(new) if a.part is b.part]
    paired_old: set[int] = set()
    paired_new: set[int] = set()
    for likeness, i, j in sorted(candidates, reverse=True):
        if likeness >= ALIKE and i not in paired_old and j not in paired_new:
            paired_old.add(i)
            paired_new.add(j)
            yield old[i], new[j]
    for i, said in enumerate(old):
        if i not in paired_old:
            yield said, None
    for j, said in enumerate(new):
        if j not in paired_new:
            yield None, said


def _likeness(a: _Said, b: _Said) -> float:
    one, other = (_WORD.findall(said.text.casefold()) for said in (a, b))
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


def _change(old: _Said | None, new: _Said | None) -> SentenceChange | None:
    was, now = old.sources if old else (), new.sources if new else ()
    lost, gained = tuple(s for s in was if s not in now), tuple(s for s in now if s not in was)
    part = (old or new).part  # type: ignore[union-attr] # one of the two is always there
    severity = Severity.RECOMMENDATION if part.acted_on else Severity.EVIDENCE
    if old and new:
        if old.text == new.text and not (lost or gained):
            return None
        if _says_the_same(old.text, new.text):
            severity = Severity.EVIDENCE if lost or gained else Severity.WORDING
    return SentenceChange(
        part=part,
        before=old.text if old else None,
        after=new.text if new else None,
        lost=lost,
        gained=gained,
        severity=severity,
    )


def _says_the_same(a: str, b: str) -> bool:
    return unsupported(a, b) is None and unsupported(b, a) is None


def _notes(before: Answer, after: Answer) -> Iterator[tuple[Severity, str]]:
    """What changed beside the sentences."""
    if before.status is not after.status:
        yield Severity.RECOMMENDATION, f"status: {before.status.value} before, {after.status.value} now"
    strengths = [answer.evidence.strength if answer.evidence else "none" for answer in (before, after)]
    if strengths[0] != strengths[1]:
        yield Severity.EVIDENCE, f"strength of evidence: {strengths[0]} before, {strengths[1]} now".replace("_", " ")
    told = {reference.source_id: reference for reference in before.references}
    for reference in after.references:
        earlier = told.get(reference.source_id)
        for notice in reference.notices if earlier else ():
            if earlier and notice not in earlier.notices:
                yield Severity.EVIDENCE, f"{reference.source_id}: {notice.replace('_', ' ')} published"
    if before.caveats != after.caveats:
        yield Severity.EVIDENCE, f"what is not covered: {' '.join(after.caveats) or 'nothing'}"
    if len(before.conflicts) != len(after.conflicts):
        yield Severity.EVIDENCE, f"disagreements between sources: {len(before.conflicts)} before, {len(after.conflicts)} now"


def as_text(difference: Difference, title: str) -> str:
    """For a terminal: what was taken out in [- -], what was put in in {+ +}."""
    lines = [title, "=" * min(96, len(title)), difference.severity.words.capitalize()]
    lines += [f"  {note}" for note in difference.notes]
    for change in difference.changes:
        lines += ["", f"{change.part.heading()} ({change.severity.words})", f"  {_marked(change, '[-', '-]', '{+', '+}')}"]
        lines += [f"    {line}" for line in citations(change, difference)]
    return printable("\n".join(lines)) + "\n"


def as_markdown(difference: Difference, title: str) -> str:
    """For a document: struck through and bold."""
    lines = [f"## {escaped(title)}", f"**{difference.severity.words.capitalize()}**"]
    lines += [f"- {escaped(note)}" for note in difference.notes]
    for change in difference.changes:
        words = [(kind, escaped(text)) for kind, text in runs(change)]
        marked = " ".join({"-": f"~~{text}~~", "+": f"**{text}**"}.get(kind, text) for kind, text in words)
        lines += [f"### {change.part.heading()} ({change.severity.words})", marked]
        lines += [f"- {escaped(line)}" for line in citations(change, difference)]
    return printable("\n\n".join(lines)) + "\n"


def as_html(differences: Sequence[tuple[str, Difference]], heading: str) -> str:
    """One page of differences (title, difference) under a heading, escaped, without scripts or outside assets."""
    page = template("differences.html", "editorial").render(
        differences=differences, heading=heading, runs=lambda change: list(runs(change)), citations=citations
    )
    return printable(page) + "\n"


def citations(change: SentenceChange, difference: Difference) -> list[str]:
    """What a sentence no longer cites, and what it cites now, in words."""
    lost = [f"no longer cites {source}" for source in change.lost]
    return lost + [f"now cites {source}: {difference.described.get(source, 'not in the corpus')}" for source in change.gained]


def runs(change: SentenceChange) -> Iterator[tuple[str, str]]:
    """Stretches of words that stayed (" "), went ("-") or came ("+"), in reading order."""
    old, new = (change.before or "").split(), (change.after or "").split()
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield " ", " ".join(old[a:b])
            continue
        if a < b:
            yield "-", " ".join(old[a:b])
        if c < d:
            yield "+", " ".join(new[c:d])


def _marked(change: SentenceChange, *signs: str) -> str:
    minus, unminus, plus, unplus = signs
    return " ".join({"-": f"{minus}{text}{unminus}", "+": f"{plus}{text}{unplus}"}.get(kind, text) for kind, text in runs(change))
