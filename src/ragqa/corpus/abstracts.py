"""Files of abstracts: where they stand, and the one record that each line holds.

corpus/abstracts/*.jsonl      one abstract a line
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ragqa.corpus.records import Abstract, explain
from ragqa.errors import Fault
from ragqa.files import json_line


def abstract_files(folder: Path) -> list[Path]:
    """Every file of abstracts of a corpus, sorted; none where there is no such folder."""
    return sorted((folder / "abstracts").glob("*.jsonl"))


def abstract_of(value: dict[str, Any] | Fault, file: Path, line: int) -> Abstract | Fault:
    """The abstract that one line holds, as ``files.json_object`` read it, or the Fault that says why it holds none."""
    if isinstance(value, Fault):
        return value
    try:
        return Abstract.model_validate(value)
    except ValidationError as error:
        return Fault(file=file, line=line, message=explain(error))


def abstract_line(abstract: Abstract) -> str:
    """The line that holds an abstract: what it does not say is left out."""
    return json_line(abstract.model_dump(mode="json", exclude_defaults=True) | {"text_origin": abstract.text_origin})
