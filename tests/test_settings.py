"""Settings: file, then environment, then what is given; nonsense is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragqa.errors import SettingsError
from ragqa.settings import load_settings

pytestmark = pytest.mark.quick


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three places set the same thing; the nearest to the user counts, and None means not given."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ragqa.toml").write_text('corpus = "file"\nsources = 3\nmodel = "file"\n')
    monkeypatch.setenv("RAGQA_CORPUS", "environment")
    monkeypatch.setenv("RAGQA_MODEL", "environment")
    settings = load_settings(model="given", index=None)
    assert (settings.sources, settings.corpus, settings.model) == (3, Path("environment"), "given")


@pytest.mark.parametrize(
    ("toml", "named"),
    [
        ("dense_weight = 2", "dense_weight"),
        ("nonsense = 1", "nonsense"),
        ("dense_weight =", "ragqa.toml"),
        ("sources = 0", "sources"),
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toml: str, named: str) -> None:
    """Out of range, unknown, or not TOML: the error says which setting or file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ragqa.toml").write_text(toml)
    with pytest.raises(SettingsError, match=named):
        load_settings()
