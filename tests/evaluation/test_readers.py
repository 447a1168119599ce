"""How far two readers of the labelled names agree: counted by hand, and that the README tells what is found."""

from __future__ import annotations

import random
import sys
from dataclasses import replace

import pytest
from samples import ROOT

sys.path.append(str(ROOT / "eval" / "measure"))

from linking import CONDITION, DRUG, DRUG_CLASS, NONE, Label, read_labels
from readers import Reading, agreement, read_second

pytestmark = pytest.mark.quick
LABELS = read_labels(ROOT / "eval" / "linking")
SECOND = read_second(ROOT / "eval" / "linking")
README = (ROOT / "eval" / "linking" / "README.md").read_text(encoding="utf-8")
LABEL = Label("brand-1", "dev", "brand", "Does Zestril lower potassium?", 5, 12, DRUG, ("lisinopril",), ("losartan",), ())


def test_two_readers_agree_on_a_name_by_any_that_the_label_lists() -> None:
    """Of five mentions counted by hand: another kind, another thing, and a name for what names nothing are told apart."""
    nothing = replace(LABEL, kind=NONE, names=())
    labels = [
        replace(LABEL, id="synonym", names=("lisinopril", "Prinivil tablets")),
        replace(LABEL, id="other thing"),
        replace(LABEL, id="other kind"),
        replace(nothing, id="nothing"),
        replace(nothing, id="a name too many"),
    ]
    second = [
        Reading("synonym", DRUG, "prinivil-tablets"),
        Reading("other thing", DRUG, "losartan"),
        Reading("other kind", DRUG_CLASS, "Lisinopril"),
        Reading("nothing", NONE, ""),
        Reading("a name too many", DRUG, "lisinopril"),
    ]
    found = agreement(labels, second)
    assert (found["kind"]["count"], found["kind"]["of"]) == (3, 5)
    assert (found["name"]["count"], found["name"]["of"]) == (2, 4)
    # Alike by chance: drug 3/5 * 3/5, nothing 2/5 * 1/5, class never: 11/25; (15/25 - 11/25) / (1 - 11/25) = 4/14.
    assert found["kappa"] == round(4 / 14, 3)
    assert [line.partition("'")[0].rstrip() for line in found["differ"]] == ["other thing", "other kind", "a name too many"]


def test_a_name_that_the_second_reader_leaves_out_is_no_agreement() -> None:
    """Nor is it agreement on nothing."""
    found = agreement([LABEL], [Reading(LABEL.id, DRUG, "")])
    assert (found["name"]["count"], found["name"]["of"], found["kappa"]) == (0, 1, None)
    with pytest.raises(KeyError):
        agreement([LABEL], [Reading("brand-2", DRUG, "")])


def test_the_second_reading_is_of_the_sample_that_the_readme_tells_with_the_figures_that_it_tells() -> None:
    """Drawn by a seed over both files in their order; kinds are the list's, and a name stands where there is one."""
    drawn = random.Random(80).sample([label.id for label in LABELS], 80)
    assert [reading.id for reading in SECOND] == drawn
    assert {reading.kind for reading in SECOND} <= {DRUG, DRUG_CLASS, CONDITION, NONE}
    assert [reading.id for reading in SECOND if bool(reading.name) != (reading.kind != NONE)] == []
    found = agreement(LABELS, SECOND)
    for figure in (found["kind"], found["name"]):
        assert f"{figure['count']} of {figure['of']} ({figure['low']:.3f} to {figure['high']:.3f}" in README
    assert f"Cohen's kappa {found['kappa']}" in README
    assert all(line.partition(" ")[0] in README for line in found["differ"])
