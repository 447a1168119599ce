"""One article's file: where it stands, what it says, and the texts of it that were approved.

corpus/articles/<slug>.md             YAML front matter, then Markdown
corpus/approved/<slug>/<sha256>.md    every text that was approved, so that a later one can be compared with it
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ragqa.corpus.parts import Part
from ragqa.corpus.records import Article, ArticleSpan, ReviewEvent, ReviewState, explain
from ragqa.errors import CorpusError, InvalidRecord
from ragqa.files import read_text

if TYPE_CHECKING:
    import yaml

LONGEST_ARTICLE = 64 * 1024
"""Bytes, some ten thousand words. The longest of the corpus has 3,500; the time that a page of it takes grows with them."""
FRONT_MATTER = 16 * 1024
"""Characters. The longest of the corpus has 900; reading YAML is slow, so a longer one is refused unread."""
_FRONT = re.compile(r"\A---\r?\n(.*?\n)---\r?\n", re.DOTALL)
_SPACE = re.compile(r"\s*")
_HEADING = re.compile(r"^(#{2,3}) ++(.*[^ \n]|(?<=  )) *+$", re.MULTILINE)
_PARTS = {heading: part for part in Part for heading in part.written_as}


def article_file(folder: Path, slug: str) -> Path:
    """Where the article of this slug stands."""
    return folder / "articles" / f"{slug}.md"


def article_files(folder: Path) -> list[Path]:
    """The file of every article of a corpus, sorted; none where there is no such folder."""
    return sorted((folder / "articles").glob("*.md"))


def approved_text(folder: Path, slug: str, reviews: Iterable[ReviewEvent]) -> Article | None:
    """The article as it was approved last, whatever its file says now.

    None when it never was approved, or when the text kept of that approval is missing or is not what was approved.

    Raises:
        InvalidRecord: the text kept cannot be read as an article.
    """
    approvals = [event for event in reviews if event.article == slug and event.state is ReviewState.APPROVED]
    file = kept_file(folder, slug, approvals[-1].sha256) if approvals else None
    if file is None or not file.exists():
        return None
    article = parse_article(file, slug)
    return article if article.sha256 == approvals[-1].sha256 else None


def kept_file(folder: Path, slug: str, sha256: str) -> Path:
    """Where the text of an approval is kept; its name can be checked with ``sha256sum``."""
    return folder / "approved" / slug / f"{sha256}.md"


def parse_article(file: Path, slug: str | None = None) -> Article:
    """Read one ``articles/<slug>.md``, or a file that is named otherwise. Raises InvalidRecord with the line at fault."""
    try:
        return _parsed_article(file, slug)
    except CorpusError:
        raise
    except Exception as error:
        # A fault that nobody thought of is a fault of this file, and must not take the other articles down.
        raise InvalidRecord(file, None, f"cannot be read as an article ({type(error).__name__}: {error})") from error


def _parsed_article(file: Path, slug: str | None) -> Article:
    text, data = read_text(file)
    if len(data) > LONGEST_ARTICLE:
        raise InvalidRecord(file, None, f"larger than {LONGEST_ARTICLE // 1024} KiB: split it into articles of one question each")
    meta, body, offset = _front_matter(file, text)
    try:
        return Article(
            slug=slug or file.stem,
            text=body,
            spans=_article_spans(file, body, offset),
            sha256=hashlib.sha256(data).hexdigest(),
            **meta,
        )
    except ValidationError as error:
        raise InvalidRecord(file, 1, f"front matter: {explain(error)}") from error


_TAG = "tag:yaml.org,2002:"


@cache
def _texts() -> type[yaml.SafeLoader]:
    """YAML whose values are texts, lists and mappings, or nothing; pydantic reads dates from texts. Other tags are faults."""
    import yaml

    class Texts(yaml.SafeLoader):
        pass

    Texts.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag == _TAG + "null"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Texts.yaml_constructors = {
        tag: made
        for tag, made in yaml.SafeLoader.yaml_constructors.items()
        if tag in (None, *(_TAG + name for name in ("str", "null", "seq", "map")))
    }
    return Texts


def _front_matter(file: Path, text: str) -> tuple[dict[str, Any], str, int]:
    """Metadata, body, and the number of lines before the body."""
    import yaml  # whoever asks reads no article's file

    match = _FRONT.match(text, 0, FRONT_MATTER)
    if not match:
        within = f" within {FRONT_MATTER // 1024} Ki characters" if len(text) > FRONT_MATTER else ""
        raise InvalidRecord(file, 1, f"no front matter: the file must start with a line ---, YAML, and a line ---{within}")
    try:
        meta = yaml.load(match[1], _texts())
    except RecursionError:
        raise InvalidRecord(file, 1, "bad YAML: brackets within brackets without end") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark is not None else 1
        reason = " ".join(str(getattr(error, "problem", None) or error).split())
        raise InvalidRecord(file, line, f"bad YAML: {reason[:200]}") from error
    if not isinstance(meta, dict) or not all(isinstance(key, str) for key in meta):
        raise InvalidRecord(file, 1, "front matter must be a mapping such as 'title: ...'")
    reserved = {"slug", "text", "spans", "sha256"} & meta.keys()
    if reserved:
        raise InvalidRecord(file, 1, f"front matter may not set {', '.join(sorted(reserved))}")
    space = _SPACE.match(text, match.end())
    start = space.end() if space else match.end()
    return meta, text[start:].rstrip(), text[:start].count("\n")


def _article_spans(file: Path, body: str, offset: int) -> tuple[ArticleSpan, ...]:
    headings = list(_HEADING.finditer(body))
    spans = []
    for heading, following in zip_longest(headings, headings[1:]):
        part = _PARTS.get(heading[2].lower())
        if part is None:
            line = offset + body[: heading.start()].count("\n") + 1
            raise InvalidRecord(file, line, f"unknown heading {heading[2]!r}; use one of {', '.join(_PARTS)}")
        start, end = heading.end(), following.start() if following else len(body)
        if body[start:end].strip():
            spans.append(ArticleSpan(part=part, start=start, end=end))
    names = {heading[2].lower() for heading in headings}
    for wanted in ("answer", "key points"):
        if wanted not in names:
            raise InvalidRecord(file, None, f"no section '## {wanted.capitalize()}'")
    return tuple(spans)
