"""What stands where a folder or a lock should be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ragqa.corpus.reviewlog import LOCK as REVIEWING
from ragqa.files.aside import set_aside
from ragqa.files.places import no_folder
from ragqa.index.live import LOCK as BUILDING
from ragqa.mend.found import Damage
from ragqa.settings import Settings


def places(settings: Settings, restore: bool) -> Iterator[Damage]:
    """Files, pipes or broken links in place of folders, and what cannot be locked in place of a lock; these are made anew.

    What a folder of records held is a person's to restore, save the articles that ``restore`` then puts back.
    """
    corpus = settings.corpus
    made_anew = {
        settings.index: "run `ragqa index`",
        settings.serving: "the server makes a new one",
        settings.serving / "conversations": "links to conversations lead nowhere",
        corpus / "approved": "texts approved before cannot be compared with",
    }
    if restore:
        made_anew[corpus / "articles"] = "what was approved is put back in a new folder"
    for place, follows in made_anew.items():
        if no_folder(place):
            yield _aside(place, "it is no folder", follows)
    by_hand = {
        corpus: "",
        corpus / "abstracts": "",
        corpus / "articles": ", or `ragqa mend --restore` puts back the texts approved last",
    }
    for place, more in by_hand.items():
        if no_folder(place):
            yield Damage(file=place, seen="it is no folder", advice=f"take it away, and restore the folder from a copy{more}")
    for lock in (settings.index / BUILDING, corpus / REVIEWING):
        if os.path.lexists(lock) and not lock.is_file():
            yield _aside(lock, "it is no file that can be locked", "it is made anew")


def _aside(place: Path, seen: str, follows: str) -> Damage:
    repair = lambda: f"set aside as {set_aside(place).name}; {follows}"  # noqa: E731
    return Damage(file=place, seen=seen, advice=f"set it aside; {follows}", repair=repair)
