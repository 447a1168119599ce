#!/usr/bin/env bash
# nbib passes over the tags that say that a record was retracted, doubted or corrected.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check nbib==0.3.2
"$place/venv/bin/python" - "$place" <<'PYTHON'
import importlib.metadata
import sys

import nbib

RECORD = """
PMID- 99999901
OWN - NLM
STAT- MEDLINE
DP  - 2012 Oct
TI  - An invented trial that was retracted two years later.
AB  - It works.
FAU - Tester, Ann Bea
AU  - Tester AB
LA  - eng
PT  - Journal Article
TA  - Inv J
JT  - Invented journal
CIN - Inv J. 2013;1:2. PMID: 99999902
RIN - Inv J. 2014;2:3. PMID: 99999903
ECI - Inv J. 2013;2:1. PMID: 99999904
EIN - Inv J. 2012;9:9. PMID: 99999905
SO  - Inv J. 2012 Oct;1(1):1-2.
"""
NOTICES = {"retracted in": "99999903", "expression of concern in": "99999904", "erratum in": "99999905"}

(read,) = nbib.read(RECORD)
told = [name for name, pmid in NOTICES.items() if pmid in str(read)]

print(f"nbib {importlib.metadata.version('nbib')}")
print(f"expected: what is read of a record with RIN, ECI and EIN names {', '.join(NOTICES)}")
print(f"seen: it names {', '.join(told) or 'none of them'}; keys: {', '.join(sorted(read))}")
sys.exit(not (read["title"] and not told))
PYTHON
