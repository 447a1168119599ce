"""Processes killed at a random moment, wherever they are by then."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Sequence


def kill(command: Sequence[str], moments: random.Random, earliest: float, latest: float) -> None:
    """Start a command, send SIGKILL between so many seconds after its start, and wait until it is gone.

    The moment is drawn from ``moments``; a command that has ended by then is not harmed.
    """
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        time.sleep(moments.uniform(earliest, latest))
        running.kill()
