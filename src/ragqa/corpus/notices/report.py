"""What came of applying notices, told to a reader who decides about patients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ragqa.corpus.gate import UNCITED
from ragqa.corpus.notices.applying import Applied, Touched
from ragqa.corpus.records import NoticeKind

_MEANING = {
    NoticeKind.RETRACTION: "RETRACTED: it supports no answer any more",
    NoticeKind.EXPRESSION_OF_CONCERN: "EXPRESSION OF CONCERN: the journal doubts it; it is still cited, with this warning",
    NoticeKind.CORRECTION: "CORRECTED: part of it was published wrongly; it is still cited, with this remark",
}

_WORDS = {
    NoticeKind.RETRACTION: ("retraction", "retractions"),
    NoticeKind.EXPRESSION_OF_CONCERN: ("expression of concern", "expressions of concern"),
    NoticeKind.CORRECTION: ("correction", "corrections"),
}


def report(applied: Applied, *, dry_run: bool = False, answers: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    """What was done, in lines for a reader who decides about patients, the gravest first.

    ``answers``: per source id a line for each stored answer that rests on it; None where there is no library.
    """
    lines: list[str] = []
    for touched in sorted(applied.touched, key=_gravity):
        lines += _told(touched)
        lines += [f"    answer {line}" for line in (answers or {}).get(touched.id, ())]
        if answers is not None and not answers.get(touched.id):
            lines.append("    no stored answer rests on it")
    for source in applied.reinstated:
        lines.append(
            f"{source} is listed as reinstated: nothing was changed; if that is right, take its notice out of the record"
        )
    lines += [f"pmid:{number} was not found in PubMed" for number in applied.missing]
    if applied.new or applied.refreshed:
        lines.append(f"{_counted(len(applied.new), 'new record')}, {_counted(len(applied.refreshed), 'record')} refreshed.")
    lines.append(_totals(applied))
    if dry_run:
        lines.append("Nothing was written.")
    elif applied.touched or applied.new or applied.refreshed:
        lines.append("Answers change when the index is built: `ragqa index`, or `ragqa regenerate` where answers were published.")
    return lines


def _gravity(touched: Touched) -> tuple[int, bool, str]:
    """Retractions first, and those an approved article cites before the others."""
    kinds = list(NoticeKind)
    return min(kinds.index(notice.kind) for notice in touched.added), not touched.cited_by, touched.id


def _told(touched: Touched) -> Iterator[str]:
    yield f"{touched.id}  {touched.title or '(no title)'}"
    for notice in touched.added:
        where = ", ".join(filter(None, (notice.source_id, notice.note)))
        yield f"    {_MEANING[notice.kind]}" + (f" ({where})" if where else "")
    for article in touched.cited_by:
        yield f"    cited by the approved article {article.slug}: {article.title}"
    if not touched.cited_by:
        yield f"    {UNCITED}"


def _totals(applied: Applied) -> str:
    if not applied.touched:
        return "No record got a notice that it did not have."
    kinds = Counter(kind for touched in applied.touched for kind in {notice.kind for notice in touched.added})
    said = ", ".join(_counted(kinds[kind], *_WORDS[kind]) for kind in NoticeKind if kinds[kind])
    articles = {article.slug for touched in applied.touched for article in touched.cited_by}
    records = _counted(len(applied.touched), "record")
    return f"{records} with new notices ({said}), cited by {_counted(len(articles), 'approved article')}."


def _counted(number: int, noun: str, several: str | None = None) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {several or noun + 's'}"
