"""Files in the layout of the public data sets."""

from __future__ import annotations

import gzip
import json
from pathlib import Path


def packed(file: Path, rows: list[dict]) -> None:
    """Write rows as a packed JSON Lines file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(file, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)
