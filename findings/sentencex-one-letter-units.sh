#!/usr/bin/env bash
# A unit or a name that ends in one letter ("mmol/L.", "12 h.", "vitamin D.") is taken for an initial: the next sentence is glued to it.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check sentencex==1.0.32
HOME="$place" "$place/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

from sentencex import segment

GLUED = (
    "Potassium rose to 5.1 mmol/L. Mortality fell.",
    "Patients were observed for 12 h. All patients recovered.",
    "Temperature was 38 C. Culture was negative.",
    "They took vitamin D. Fractures were rarer.",
    "They had hepatitis C. Mortality was higher.",
)
CUT = (
    "Blood loss was 300 mL. Two patients died.",
    "The dose was 5 mg. Nausea was common.",
    "HbA1c was 7.1 %. Hypoglycaemia was rare.",
)

print("sentencex", importlib.metadata.version("sentencex"))
print("expected: two sentences each, as with units of several letters or signs:")
same = True
for text in CUT:
    found = [part.strip() for part in segment("en", text)]
    same &= len(found) == 2
    print(f"seen: {found}")
print("and so here:")
for text in GLUED:
    found = [part.strip() for part in segment("en", text)]
    same &= len(found) == 1
    print(f"seen: {found}")
sys.exit(not same)
PYTHON
