"""The editor's desk on a copy of the bundled corpus: publish, change the evidence, regenerate, sign off.

All answers not touched are redone too, to show that none of them would have changed.

python eval/measure/desk.py

The retraction here is made up for the story, and stays in the copy.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from ragqa.corpus.records import ReviewState
from ragqa.editorial.affected import affected
from ragqa.editorial.difference import as_text
from ragqa.editorial.library import Library
from ragqa.editorial.queue import sign_off_queue
from ragqa.editorial.regenerate import regenerate
from ragqa.editorial.review import record_step
from ragqa.editorial.versions import State
from ragqa.evaluation.gold import load_gold
from ragqa.files import write_atomic
from ragqa.index.refresh import build_index
from ragqa.parallel import cores, each
from ragqa.pipeline import Ragqa
from ragqa.question.asked import Asked
from ragqa.settings import Settings

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from bundled import copied, edit, publish
from data_sets import rows, write_rows

RETRACTED = "pmid:12450955"
EDITED, WITHDRAWN = "memantine-ocd", "schema-therapy-bpd"
JOINED, TRIAL = "lithium-suicide-prevention", "pmid:20092882"
"""An article that comes to cite a trial which the corpus held and nothing cited."""
CITED_LAST = "  - pmid:34787653\n"
FINDING = (
    "In the BALANCE trial lithium alone or with valproate prevented relapse of bipolar I disorder better than valproate alone."
)


@click.command()
@click.option("--questions", type=int, default=200, show_default=True)
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/desk.json"))
@click.option("--keep", type=click.Path(path_type=Path), help="Leave corpus, index and library here.")
def main(questions: int, out: Path, keep: Path | None) -> None:
    """Tell the story once and write its figures."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or Path(temporary)
        settings = copied(folder)
        items = load_gold(Path("eval/gold"))
        asked = [Asked(question=item.question) for item in items if not item.history][:questions]
        found = story(settings, asked)
    write_atomic(out, [json.dumps(found, indent=1) + "\n"])


def story(settings: Settings, asked: Sequence[Asked]) -> dict[str, object]:
    """Publish, change, regenerate, compare with redoing everything, sign off."""
    with Library(settings.library) as library:
        build_index(settings)
        with Ragqa.open(settings) as ragqa:
            made = publish(library, ragqa, asked)
        click.echo(f"published {library.counts()['published']} of {made.looked_at} answers")
        change(settings.corpus)
        build_index(settings)
        with Ragqa.open(settings) as ragqa:
            listed, unchanged, looked_at = affected(library, ragqa)
            click.echo(f"\n{len(listed)} of {looked_at} answers rest on something that changed:")
            for entry in listed:
                click.echo(f"  {entry.number:4} {entry.asked.question[:80]}\n       {'; '.join(entry.reasons)[:200]}")
            missed = compare_with_redoing(library, ragqa, unchanged)
            report = regenerate(library, ragqa, cores())
            click.echo(f"\nunpublished at once: {report.unpublished}")
            click.echo(f"made again {len(report.redone)}: {dict(report.by_severity())}")
            click.echo(f"a second run finds {len(affected(library, ragqa)[0])} left to do")
        queue = sign_off_queue(library)
        click.echo(f"\n{len(queue)} wait for sign-off; the gravest:\n")
        for version, _, difference in queue[:3]:
            if difference:
                click.echo(as_text(difference, f"{version.number}. {version.answer.question}"))
        cites = [
            v.number for v in library.versions(State.PUBLISHED) if any(r.source_id == RETRACTED for r in v.answer.references)
        ]
        for version, _, _ in queue:
            library.sign_off(version.number, "demo-editor")
        click.echo(f"published answers that cite {RETRACTED}: {cites}; after sign-off {library.counts()}")
        return {
            "answers": looked_at,
            "affected": len(listed),
            "severity": dict(report.by_severity()),
            "unpublished_at_once": len(report.unpublished),
            "not_touched_and_redone_to_compare": len(unchanged),
            "of_these_different": len(missed),
            "published_citing_the_retracted_paper": len(cites),
        }


def change(corpus: Path) -> None:
    """Retract one paper, edit one approved article, withdraw another, and let a third cite a further trial."""
    for file in sorted((corpus / "abstracts").glob("*.jsonl")):
        records = list(rows(file))
        for row in records:
            if row["id"] == RETRACTED:
                row["notices"] = [{"kind": "retraction", "note": "made up for a demonstration"}]
        write_rows(file, records)
    edit(corpus, EDITED, ("Memantine should not be used routinely in", "Memantine is not for routine use in"))
    edit(corpus, JOINED, (CITED_LAST, f"{CITED_LAST}  - {TRIAL}\n"), ("### Evidence\n", f"### Evidence\n\n{FINDING} [5]\n"))
    record_step(corpus, WITHDRAWN, ReviewState.WITHDRAWN, "demo-editor")


def compare_with_redoing(library: Library, ragqa: Ragqa, numbers: Sequence[int]) -> list[int]:
    """Of the answers not to be touched, those that would have come out different."""
    versions = [library.version(number) for number in numbers]
    redone = each(lambda version: ragqa.ask(library.asked(version.key).question), versions, cores())
    missed = [
        version.number for version, again in redone if isinstance(again, Exception) or again.said() != version.answer.said()
    ]
    click.echo(f"\nthe other {len(versions)} redone to compare: {len(missed)} came out different {missed or ''}")
    return missed


if __name__ == "__main__":
    main()
