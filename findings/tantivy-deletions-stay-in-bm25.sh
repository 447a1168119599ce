#!/usr/bin/env bash
# tantivy goes on counting deleted documents in the statistics of BM25, so that scores depend on what is no longer there.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check tantivy==0.27.0
"$place/venv/bin/python" - "$place" <<'PYTHON'
import importlib.metadata
import sys
from pathlib import Path

import tantivy


def index_of(folder, texts):
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    builder.add_text_field("text", stored=True)
    folder.mkdir()
    index = tantivy.Index(builder.build(), path=str(folder))
    writer = index.writer(num_threads=1)
    for number, text in enumerate(texts):
        writer.add_document(tantivy.Document(id=str(number), text=text))
    writer.commit()
    return index, writer


def look(index):
    index.reload()
    searcher = index.searcher()
    score, _ = searcher.search(index.parse_query("lithium", ["text"]), 10).hits[0]
    return searcher.num_docs, round(score, 4)


kept = ["lithium prevents relapse", "ketamine in depression"]
place = Path(sys.argv[1])
index, writer = index_of(place / "deleted", [*kept, *["lithium again and again"] * 8])
for number in range(2, 10):
    writer.delete_documents_by_term("id", str(number))
writer.commit()
deleted, never = look(index), look(index_of(place / "never", kept)[0])

print(f"tantivy {importlib.metadata.version('tantivy')}")
print("expected: two documents left of ten score as two documents that were always alone")
print(f"seen: {deleted[0]} and {never[0]} documents; the same one scores {deleted[1]} after the deletion, {never[1]} where it was always alone")
sys.exit(not (deleted[0] == never[0] == 2 and deleted[1] != never[1]))
PYTHON
