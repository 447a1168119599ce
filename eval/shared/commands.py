"""Commands of ragqa in processes of their own, of this source tree or of another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

RAGQA = (sys.executable, "-m", "ragqa")
SEED_QUESTION = "Is memantine effective as a first-line treatment for Borderline Personality Disorder?"
"""The question that the bundled corpus was made for."""


def environment(source: Path | None) -> dict[str, str]:
    """This process's, offline; ``source`` is the folder of the package to run (``../before/src``) instead of this one."""
    other = {"PYTHONPATH": str(source.resolve())} if source else {}
    return os.environ | {"HF_HUB_OFFLINE": "1"} | other


def ragqa(*words: str | Path, said: str = "", source: Path | None = None) -> str:
    """Run a command to its end with this on its input; what it printed.

    Raises:
        click.ClickException: it failed; with what it told.
    """
    command = [*RAGQA, *map(str, words)]
    done = subprocess.run(command, input=said, env=environment(source), capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"ragqa {' '.join(command[3:])}: {done.stderr or done.stdout}")
    return done.stdout
