"""What changed between two answers to one question, sentence by sentence and citation by citation, and how much it matters."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from ragqa.answer import Answer, Reference, Statement
from ragqa.records import Part
from ragqa.render import HEADINGS, describe, escaped, printable, template
from ragqa.verify import unsupported

ACTED_ON = {Part.RECOMMENDATION, Part.SAFETY, Part.KEY_POINT}
"""Parts of an answer that a clinician acts on: a change there is a change of the recommendation."""
ALIKE = 0.55
"""Share of common words (difflib's ratio) from which a sentence is the other one, changed."""
_WORD = re.compile(r"\w+(?:[.,]\d+)*|\S")
_TELLING = re.compile(r"\w+(?:[.,]\d+)*")


class Severity(IntEnum):
    """How much a change matters to whoever acts on the answer, the least first."""

    SAME = 0
    WORDING = 1
    EVIDENCE = 2
    RECOMMENDATION = 3

    @property
    def words(self) -> str:
        """For readers."""
        return ("nothing changed", "wording changed", "evidence changed", "recommendation changed")[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One sentence before and after; None where there was, or is, none. Sources are ids, so that renumbering is no change."""

    part: Part
    before: str | None
    after: str | None
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All changes, the gravest first, with what else changed in words."""

    severity: Severity
    changes: tuple[Change, ...]
    notes: tuple[str, ...]


def compare(before: Answer, after: Answer) -> Difference:
    """Pair the sentences of two answers and say what changed.

    A sentence is paired with the same one, else with the one most alike in the same part. It counts as reworded only when
    each of the two sentences is proven to say the other.
    """
    changes = [change for pair in _pairs(before, after) if (change := _change(*pair, before, after))]
    changes.sort(key=lambda change: -change.severity)
    found = list(_notes(before, after))
    severity = max((*(change.severity for change in changes), *(note[0] for note in found)), default=Severity.SAME)
    if severity is Severity.SAME and before.said() != after.said():
        severity = Severity.WORDING  # order, numbering, the question as understood
    return Difference(severity=severity, changes=tuple(changes), notes=tuple(words for _, words in found))


def _pairs(before: Answer, after: Answer) -> Iterator[tuple[Statement | None, Statement | None]]:
    old, new = list(before.statements), list(after.statements)
    for statement in before.statements:
        same = next((s for s in new if s.text == statement.text and s.section is statement.section), None)
        if same:
            old.remove(statement)
            new.remove(same)
            yield statement, same
    candidates = [(_likeness(a, b), i, j) for i, a in enumerate(old) for j, b in enumerate(new) if a.section is b.section]
    paired_old: set[int] = set()
    paired_new: set[int] = set()
    for likeness, i, j in sorted(candidates, reverse=True):
        if likeness >= ALIKE and i not in paired_old and j not in paired_new:
            paired_old.add(i)
            paired_new.add(j)
            yield old[i], new[j]
    for i, statement in enumerate(old):
        if i not in paired_old:
            yield statement, None
    for j, statement in enumerate(new):
        if j not in paired_new:
            yield None, statement


def _likeness(a: Statement, b: Statement) -> float:
    one, other = (_WORD.findall(statement.text.casefold()) for statement in (a, b))
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


def _change(old: Statement | None, new: Statement | None, before: Answer, after: Answer) -> Change | None:
    was, now = _sources(old, before), _sources(new, after)
    lost, gained = tuple(s for s in was if s not in now), tuple(s for s in now if s not in was)
    if old and new:
        if old.text == new.text and not (lost or gained):
            return None
        reworded = old.text == new.text or _says_the_same(old.text, new.text)
        severity = Severity.EVIDENCE if lost or gained else Severity.WORDING
        if not reworded:
            severity = Severity.RECOMMENDATION if new.section in ACTED_ON else Severity.EVIDENCE
    else:
        part = (old or new).section  # type: ignore[union-attr] # one of the two is always there
        severity = Severity.RECOMMENDATION if part in ACTED_ON else Severity.EVIDENCE
    return Change(
        part=(new or old).section,  # type: ignore[union-attr]
        before=old.text if old else None,
        after=new.text if new else None,
        lost=lost,
        gained=gained,
        severity=severity,
    )


def _says_the_same(a: str, b: str) -> bool:
    if [word.casefold() for word in _TELLING.findall(a)] == [word.casefold() for word in _TELLING.findall(b)]:
        return True
    return unsupported(a, b) is None and unsupported(b, a) is None


def _sources(statement: Statement | None, answer: Answer) -> list[str]:
    ids = {reference.number: reference.source_id for reference in answer.references}
    return [ids[number] for number in statement.citations] if statement else []


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
    if len(before.conflicts) != len(after.conflicts):
        yield Severity.EVIDENCE, f"disagreements between sources: {len(before.conflicts)} before, {len(after.conflicts)} now"


def as_text(difference: Difference, title: str, after: Answer) -> str:
    """For a terminal: what was taken out in [- -], what was put in in {+ +}."""
    lines = [title, "=" * min(96, len(title)), difference.severity.words.capitalize()]
    lines += [f"  {note}" for note in difference.notes]
    for change in difference.changes:
        lines += ["", f"{HEADINGS[change.part]} ({change.severity.words})", f"  {_marked(change, '[-', '-]', '{+', '+}')}"]
        lines += [f"    {line}" for line in _citations(change, after)]
    return printable("\n".join(lines)) + "\n"


def as_markdown(difference: Difference, title: str, after: Answer) -> str:
    """For a document: struck through and bold."""
    lines = [f"## {escaped(title)}", f"**{difference.severity.words.capitalize()}**"]
    lines += [f"- {escaped(note)}" for note in difference.notes]
    for change in difference.changes:
        words = [(kind, escaped(text)) for kind, text in _runs(change.before or "", change.after or "")]
        marked = " ".join({"-": f"~~{text}~~", "+": f"**{text}**"}.get(kind, text) for kind, text in words)
        lines += [f"### {HEADINGS[change.part]} ({change.severity.words})", marked]
        lines += [f"- {escaped(line)}" for line in _citations(change, after)]
    return printable("\n\n".join(lines)) + "\n"


def as_html(differences: Sequence[tuple[int, str, Difference, Answer]]) -> str:
    """One page of differences (number, title, difference, new answer), escaped, without scripts or outside assets."""
    page = template("differences.html").render(
        differences=differences,
        headings=HEADINGS,
        runs=lambda change: list(_runs(change.before or "", change.after or "")),
        citations=_citations,
    )
    return printable(page) + "\n"


def _citations(change: Change, after: Answer) -> list[str]:
    known: dict[str, Reference] = {reference.source_id: reference for reference in after.references}
    lost = [f"no longer cites {source}" for source in change.lost]
    return lost + [f"now cites {source}: {describe(known[source])}" for source in change.gained]


def _marked(change: Change, *signs: str) -> str:
    minus, unminus, plus, unplus = signs
    runs = _runs(change.before or "", change.after or "")
    return " ".join({"-": f"{minus}{text}{unminus}", "+": f"{plus}{text}{unplus}"}.get(kind, text) for kind, text in runs)


def _runs(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Stretches of words that stayed (" "), went ("-") or came ("+"), in reading order."""
    old, new = before.split(), after.split()
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield " ", " ".join(old[a:b])
            continue
        if a < b:
            yield "-", " ".join(old[a:b])
        if c < d:
            yield "+", " ".join(new[c:d])
