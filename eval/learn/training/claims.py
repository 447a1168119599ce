"""Claims beside sentences that support them, contradict them, or do neither: what the three-output model learns from.

* scifact (claims CC BY 4.0, abstracts ODC-By): each rationale with its label; sentences of the same abstract outside every
  rationale, and the nearest sentences of an abstract cited by a claim without evidence, say neither
* evidence_inference (MIT): a question about an outcome, an intervention and a comparator makes three claims; the labelled
  direction's is supported by the evidence span, the other two contradicted; sentences of the abstract that report no result
  (aims, methods) and spans on other outcomes of the same trial say neither
* pubmedqa (MIT): a yes/no question as ``ragqa.checking.checker`` turns it into a claim, beside the conclusion: yes supports, no
  contradicts, maybe does neither

Sources are held back as in ``eval/learn/training/train_checker.py``; whatever an evaluation set holds too is left out (``Seen``).

    python eval/learn/training/claims.py --data ../shared/data
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click

from ragqa.checking.classifier import Verdict
from ragqa.evaluation.gold import load_gold
from ragqa.language.direction import direction, opposite, reports_significance
from ragqa.language.sentences import sentences
from ragqa.question.understanding import AUXILIARY, claim_of

sys.path.append(str(Path(__file__).parents[2] / "shared"))

from data_sets import folded, number_of, rows, share_of

LABELS: dict[str, Verdict] = {"SUPPORT": "supports", "CONTRADICT": "contradicts"}
ANSWERS: dict[str, Verdict] = {"yes": "supports", "no": "contradicts", "maybe": "not_enough"}
PROMPT = re.compile(
    r"With respect to (.*), what is the reported difference between patients receiving (.*) and those receiving (.*)\?$", re.S
)
DIRECTIONS = {
    "increase": (
        "{0} was higher with {1} than with {2}.",
        "{1} increases {0} compared with {2}.",
        "{0} was lower with {2} than with {1}.",
        "Compared with {2}, {1} led to greater {0}.",
    ),
    "decrease": (
        "{0} was lower with {1} than with {2}.",
        "{1} decreases {0} compared with {2}.",
        "{0} was higher with {2} than with {1}.",
        "Compared with {2}, {1} reduced {0}.",
    ),
    "no significant difference": (
        "There was no significant difference in {0} between {1} and {2}.",
        "{1} does not change {0} compared with {2}.",
        "{0} did not differ significantly between {2} and {1}.",
        "Compared with {2}, {1} had no significant effect on {0}.",
    ),
}
"""Ways to say each direction; the first is the one that is measured with, the third exchanges the sides."""
BESIDE, NEAREST, SILENT, ELSEWHERE = 2, 3, 2, 2
"""Texts taken for "neither": outside the rationales; nearest of an abstract without evidence; without a result; on another
outcome, none of whose words they share."""
WORDS = 5, 80
"""Fewest and most words of a text: shorter is a heading, longer is cut by the model."""
TABLE = 0.2
"""Share of digits from which an evidence span is a row of a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A claim, a text (one sentence or a few), and what the text says of the claim."""

    data: str
    source: str
    claim: str
    text: str
    verdict: Verdict

    @property
    def share(self) -> str:
        """Its source's: ``train``, ``dev`` or ``held back``."""
        return share_of(self.source)


def scifact(data: Path) -> Iterator[Pair]:
    """Training claims with rationales and with what stands beside them."""
    corpus = {row["_id"]: row["metadata"]["sentences"] for row in rows(data / "scifact/corpus.jsonl.gz")}
    for row in rows(data / "scifact/labels.jsonl.gz"):
        told = partial(Pair, data="scifact", claim=row["claim"])
        for source in dict.fromkeys(e["doc_id"] for e in row["evidence"]):
            rationales = [e for e in row["evidence"] if e["doc_id"] == source]
            for rationale in rationales:
                text = " ".join(corpus[source][i].strip() for i in rationale["sentences"])
                pair = told(source=source, text=text, verdict=LABELS[rationale["label"]])
                yield pair
                yield from turned(pair)
            taken = {i for rationale in rationales for i in rationale["sentences"]}
            free = [text for i, text in enumerate(corpus[source]) if i not in taken]
            for text in sorted(free, key=lambda text: number_of(row["claim"], text))[:BESIDE]:
                yield told(source=source, text=text.strip(), verdict="not_enough")
        if not row["evidence"]:
            source = row["cited_doc_ids"][0]
            for text in nearest(row["claim"], corpus[source], NEAREST):
                yield told(source=source, text=text.strip(), verdict="not_enough")


def turned(pair: Pair) -> Iterator[Pair]:
    """A supported claim with one word of direction exchanged or a denial taken out, which the text then contradicts."""
    said = opposite(pair.claim)
    whole = not said.startswith("It is not true") and said[:1].isupper() == pair.claim[:1].isupper()
    if pair.verdict == "supports" and whole:
        yield replace(pair, claim=said, verdict="contradicts")


def nearest(claim: str, texts: Iterable[str], most: int) -> list[str]:
    """Texts that share the most words with a claim."""
    words = set(folded(claim).split())
    return sorted(texts, key=lambda text: -len(words & set(folded(text).split())))[:most]


def evidence_inference(data: Path) -> Iterator[Pair]:
    """Three claims a question with a span that decides it, each put in one of the ways of ``DIRECTIONS``."""
    corpus = {row["_id"]: row["text"] for row in rows(data / "evidence_inference/corpus.jsonl.gz")}
    prompts = {row["_id"]: PROMPT.match(row["text"]) for row in rows(data / "evidence_inference/queries.jsonl.gz")}
    labelled = list(rows(data / "evidence_inference/labels.jsonl.gz"))
    told_by: dict[str, set[str]] = {}
    for row in labelled:
        told_by.setdefault(row["pmcid"], set()).update(_spans(row["labels"]))
    for row in labelled:
        prompt, found = prompts.get(row["query_id"]), agreed(row["labels"])
        if prompt is None or found is None:
            continue
        told = partial(Pair, data="evidence_inference", source=row["pmcid"])
        asked = [" ".join(part.split()) for part in prompt.groups()]
        for text in sorted(_spans(e for e in row["labels"] if found in e["label"])):
            for kind in DIRECTIONS:
                verdict: Verdict = "supports" if kind == found else "contradicts"
                yield told(claim=_said(kind, asked, text), text=text, verdict=verdict)
        others = sorted(told_by[row["pmcid"]] - _spans(row["labels"]), key=partial(number_of, row["query_id"]))
        unsaid = nearest(" ".join(asked), silent(corpus.get(row["pmcid"], "")), SILENT)
        unsaid += [text for text in others if not _content(asked[0]) & _content(text)][:ELSEWHERE]
        for number, text in enumerate(unsaid):
            kind = list(DIRECTIONS)[number_of(row["query_id"], str(number)) % len(DIRECTIONS)]
            yield told(claim=_said(kind, asked, text), text=text, verdict="not_enough")


def _spans(labels: Iterable[dict]) -> set[str]:
    """Evidence spans that are prose, on one line each."""
    spans = {" ".join(label["evidence"].split()) for label in labels}
    return {s for s in spans if sum(map(str.isdigit, s)) < TABLE * len(s) and len(s.split()) >= WORDS[0]}


def _content(text: str) -> set[str]:
    """Beginnings of the longer words."""
    return {word[:6] for word in folded(text).split() if len(word) > 3}


def agreed(labels: list[dict]) -> str | None:
    """The direction that all labels, or more than half of them, give; None when they disagree."""
    votes = Counter(next(kind for kind in DIRECTIONS if kind in label["label"]) for label in labels).most_common()
    return votes[0][0] if 2 * votes[0][1] > len(labels) else None


def silent(text: str) -> list[str]:
    """Sentences of an abstract that report no result: nothing went up or down, stayed the same, was significant or effective."""
    said = [sentence.text for sentence in sentences(text, 0, len(text))]
    return [one for one in said if direction(one) is None and not reports_significance(one) and "effective" not in one]


def pubmedqa(data: Path) -> Iterator[Pair]:
    """Dev questions that begin with an auxiliary, as claims, beside the conclusion of the abstract."""
    questions = {row["_id"]: row["text"] for row in rows(data / "pubmedqa/queries.jsonl.gz")}
    for row in rows(data / "pubmedqa/labels.jsonl.gz"):
        question = questions[row["query_id"]]
        if AUXILIARY.match(question):
            pair = Pair(
                data="pubmedqa",
                source=row["pmid"],
                claim=claim_of(question),
                text=row["long_answer"],
                verdict=ANSWERS[row["label"]],
            )
            yield pair
            yield from turned(pair)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the evaluation sets hold: ids of records, and questions, claims and titles as folded words."""

    ids: frozenset[str]
    texts: frozenset[str]

    def holds(self, pair: Pair, title: str) -> bool:
        """Whether a pair is from an evaluated record or asks what an evaluation set asks."""
        return pair.source in self.ids or folded(pair.claim) in self.texts or (folded(title) in self.texts if title else False)


def evaluated(data: Path, project: Path) -> Seen:
    """Ids and texts of bioasq, kqa, mtrag, the gold set with its dialogues' corpus, and the calibration questions."""
    ids, texts = set(), set()
    for row in rows(data / "bioasq_7b_11b/corpus.jsonl.gz"):
        ids.add(row["_id"])
        texts.add(row["title"])
    for name in ("bioasq_7b_11b", "kqa"):
        texts |= {row["text"] for row in rows(data / name / "queries.jsonl.gz")}
    texts |= {item.question for item in load_gold(project / "eval/gold")}
    texts |= {row["question"] for row in rows(project / "eval/calibration.jsonl")}
    for file in sorted((project / "corpus/abstracts").glob("*.jsonl")):
        for row in rows(file):
            ids.add(row["id"].removeprefix("pmid:"))
            texts.add(row["title"])
    return Seen(ids=frozenset(ids), texts=frozenset(filter(None, map(folded, texts))))


def pairs(data: Path, project: Path) -> tuple[list[Pair], Counter[str]]:
    """Every pair to learn from or to choose by, and how many were left out for which reason."""
    found = [*scifact(data), *evidence_inference(data), *pubmedqa(data)]
    seen, titles = evaluated(data, project), _titles(data)
    held = {folded(pair.claim) for pair in found if pair.share == "held back"}
    kept: dict[tuple[str, str], Pair] = {}
    dropped: Counter[str] = Counter()
    for pair in found:
        key = folded(pair.claim), folded(pair.text)
        if reason := _unfit(pair, titles.get((pair.data, pair.source), ""), seen, held):
            dropped[reason] += 1
        elif key in kept:
            dropped["twice, same verdict" if kept[key].verdict == pair.verdict else "twice, other verdict: first kept"] += 1
        else:
            kept[key] = pair
    return list(kept.values()), dropped


def _unfit(pair: Pair, title: str, seen: Seen, held: set[str]) -> str | None:
    if pair.share == "held back":
        return "source held back"
    if folded(pair.claim) in held:
        return "claim of a held-back source"
    if seen.holds(pair, title):
        return "in an evaluation set"
    return None if WORDS[0] <= len(pair.text.split()) <= WORDS[1] else "text too short or too long"


def _titles(data: Path) -> dict[tuple[str, str], str]:
    sets = ("scifact", "evidence_inference")
    return {(name, row["_id"]): row["title"] for name in sets for row in rows(data / name / "corpus.jsonl.gz")}


def _said(kind: str, asked: list[str], text: str) -> str:
    ways = DIRECTIONS[kind]
    return ways[number_of(*asked, text) % len(ways)].format(*asked)


def counts(found: Iterable[Pair]) -> dict[str, dict[str, int]]:
    """Pairs of each data set and share by verdict."""
    table: dict[str, dict[str, int]] = {}
    for pair in found:
        row = table.setdefault(f"{pair.data}, {pair.share}", {"supports": 0, "contradicts": 0, "not_enough": 0})
        row[pair.verdict] += 1
    return dict(sorted(table.items()))


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option("--project", type=click.Path(path_type=Path), default=Path(), show_default=True)
def main(data: Path, project: Path) -> None:
    """Print how many pairs there are, by data set, share and verdict, and what was left out."""
    found, dropped = pairs(data, project)
    click.echo(json.dumps({"pairs": counts(found), "left out": dict(dropped.most_common())}, indent=1))


if __name__ == "__main__":
    main()
