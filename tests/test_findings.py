"""Findings in other libraries: each has a row, and is a script that cleans up. None is run here, since each installs."""

from __future__ import annotations

from pathlib import Path

import pytest
from samples import ROOT

pytestmark = pytest.mark.quick
FINDINGS = sorted((ROOT / "findings").glob("*.sh"))
README = (ROOT / "findings" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: finding.stem)
def test_a_finding_has_a_row_and_leaves_nothing_behind(finding: Path) -> None:
    """It works in a folder of its own, with a pinned version, and can be run."""
    script = finding.read_text(encoding="utf-8")
    assert f"[{finding.name}]({finding.name})" in README
    assert "set -euo pipefail\nplace=$(mktemp -d)\ntrap 'rm -rf \"$place\"' EXIT\n" in script
    assert "==" in script.partition('pip" install')[2].partition("\n")[0]
    assert "import ragqa" not in script
    assert finding.stat().st_mode & 0o100
