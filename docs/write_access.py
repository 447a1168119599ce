"""Write docs/access.md, who may use which route, from the routes; ``--check`` fails when the file is not what it would write."""

from __future__ import annotations

import sys
from pathlib import Path

from ragqa.settings import Settings
from ragqa.web.access import admits, decision
from ragqa.web.accounts import ROLES
from ragqa.web.app import routes

TARGET = Path(__file__).parent / "access.md"
HEAD = """\
# Who may use which route

Written by `make docs` from the routes; `tests/web/test_access.py` sends every request of this table, and fails at a route that
does not decide. Where the setting `reading` is closed, guests are refused wherever it says "open"; where `asking` is, wherever it
says "open to ask". The files under `/static` are for everybody.

| method | path | guest | reader | editor | admin |
|---|---|---|---|---|---|
"""
OPEN = {"public": "yes", "may_read": "open", "may_ask": "open to ask"}


def row(method: str, path: str, decided: str) -> str:
    """One line of the table."""
    settings = Settings.model_construct(reading="open", asking="open")
    guest = OPEN.get(decided, "-")
    return (
        f"| {method} | {path} | {guest} | " + " | ".join("yes" if admits(decided, r, settings) else "-" for r in ROLES) + " |\n"
    )


if __name__ == "__main__":
    rows = [row(method, route.path, decision(route) or "?") for route in routes() for method in sorted(route.methods)]
    text = HEAD + "".join(rows)
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.exists() and TARGET.read_text() == text else "docs/access.md is out of date: run `make docs`")
    TARGET.write_text(text)
