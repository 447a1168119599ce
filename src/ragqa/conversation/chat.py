"""A conversation in the terminal: every line is a question, a choice by its number, or a command that begins with a slash."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ragqa.answer.contract import Answer, Audience
from ragqa.answer.render import as_markdown, as_text, describe, explain, wrapped
from ragqa.conversation.turns import add_turn, read_turns, turn_of
from ragqa.corpus.records import Article
from ragqa.errors import RagqaError
from ragqa.files import write_atomic
from ragqa.pipeline import Ragqa, quiet
from ragqa.question.asked import Turn

HELP = """\
Ask a question, or type the number of a choice that was offered.
  /sources            what the last answer cites, with the sentences it rests on
  /why                how the last answer came about
  /understood TEXT    ask the last question again, understood as TEXT
  /article [SLUG]     read an article: its topic and sources are preferred; without SLUG list them, "none" to stop
  /save FILE.md       write the answers of this session as Markdown; an older file is not written over
  /new                begin a new conversation
  /quit               leave"""


class Chat:
    """One reader's conversation; ``reply`` gives what to show for a line, paragraph by paragraph, None after /quit."""

    def __init__(
        self,
        ragqa: Ragqa,
        file: Path | None = None,
        article: str | None = None,
        audience: Audience | None = None,
        stage: Callable[[str], None] = quiet,
    ) -> None:
        self.ragqa = ragqa
        self.file = file
        self.article = article
        self.audience = audience
        self.stage = stage
        self.turns: list[Turn] = read_turns(file) if file else []
        self.thread = 0
        """Where in the turns the present thread begins: an article that is opened begins a new one."""
        self.answers: list[Answer] = []
        self.saved: set[Path] = set()

    def reply(self, line: str) -> Iterator[str]:
        """What a line leads to; an error is told and costs nothing of the conversation."""
        word, _, rest = line.strip().partition(" ")
        try:
            if word.startswith("/"):
                yield from self._command(word[1:].lower(), rest.strip())
            elif word:
                yield from self._ask(line.strip(), self.turns[self.thread :])
        except RagqaError as error:
            yield str(error)

    def _command(self, name: str, rest: str) -> Iterator[str]:
        known: dict[str, Callable[[str], Iterator[str]]] = {
            "sources": self._sources,
            "why": self._why,
            "understood": self._understood,
            "article": self._article,
            "save": self._save,
            "new": self._new,
        }
        if name in known:
            yield from known[name](rest)
        elif name == "help":
            yield HELP
        else:
            yield f"/{name} is no command; /help shows them"

    def _ask(self, question: str, history: Sequence[Turn], understood: str | None = None) -> Iterator[str]:
        answer = self.ragqa.ask(question, history, self.article, self.audience, understood, self.stage)
        turn = turn_of(answer)
        if self.file:
            add_turn(self.file, turn)
        self.turns.append(turn)
        self.answers.append(answer)
        repeated = answer.question == question and understood is None
        yield from as_text(answer, titled=not repeated).rstrip("\n").split("\n\n")

    def _sources(self, _: str) -> Iterator[str]:
        answer = self._last()
        for reference in answer.references:
            quotes = [s.quote for statement in answer.statements for s in statement.support if s.reference == reference.number]
            quoted = "".join(f'\n      "{quote}"' for quote in dict.fromkeys(quotes))
            yield f"[{reference.number}] {describe(reference)}{f' {reference.url}' if reference.url else ''}{quoted}"
        if not answer.references:
            yield "The last answer cites nothing."

    def _why(self, _: str) -> Iterator[str]:
        yield explain(self._last()).rstrip("\n")

    def _understood(self, text: str) -> Iterator[str]:
        if not text:
            raise RagqaError("say how: /understood What is the dose of memantine in renal impairment?")
        if not self.turns:
            raise RagqaError("nothing was asked yet")
        yield from self._ask(self.turns[-1].question, self.turns[self.thread : -1], text)

    def _article(self, slug: str) -> Iterator[str]:
        generation = self.ragqa.generation
        if not slug:
            reading = f"Reading: {self.article}." if self.article else "No article is being read."
            listed = (wrapped(f"  {article.slug}: {article.title}", "    ") for article in generation.articles())
            yield "\n".join([reading, *listed])
            return
        if slug != "none" and not isinstance(generation.find(f"article:{slug}"), Article):
            raise RagqaError(f"no approved article {slug!r}; /article lists them")
        self.article = None if slug == "none" else slug
        if self.article:
            self.thread = len(self.turns)
        yield f"Reading: {slug}. What is asked next is about it." if self.article else "No article is being read."

    def _save(self, name: str) -> Iterator[str]:
        if not name:
            raise RagqaError("name a file: /save consultation.md")
        self._last()
        file = Path(name).expanduser().resolve()
        if file.exists() and file not in self.saved:
            raise RagqaError(f"{name} exists already and is left as it is; name another file")
        write_atomic(file, ("\n\n---\n\n".join(map(as_markdown, self.answers)),))
        self.saved.add(file)
        yield f"{len(self.answers)} answers written to {name}"

    def _new(self, _: str) -> Iterator[str]:
        kept = f" {self.file} keeps the one before; this one is not written." if self.file else ""
        self.turns, self.answers, self.file, self.thread = [], [], None, 0
        yield f"A new conversation.{kept}"

    def _last(self) -> Answer:
        if not self.answers:
            earlier = " in this session; ask again to see its sources" if self.turns else ""
            raise RagqaError(f"nothing was asked yet{earlier}")
        return self.answers[-1]
