"""The README's own code and links work."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from samples import ROOT

from ragqa.settings import Settings

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs(bundled_settings: Settings) -> None:
    """The example, as printed, gives cited statements and the disclaimer."""
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code
    environment = os.environ | {"RAGQA_CORPUS": str(bundled_settings.corpus), "RAGQA_INDEX": str(bundled_settings.index)}
    done = subprocess.run([sys.executable, "-c", code[1]], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "lithium" in done.stdout.lower()
    assert "no substitute for clinical judgment" in done.stdout


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_every_link_leads_somewhere(link: str) -> None:
    """No dead path."""
    assert (ROOT / link).exists()
