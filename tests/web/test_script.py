"""The script's reader of server-sent events, in the JavaScript engine that playwright brings."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from ragqa.web.app import STATIC

playwright = pytest.importorskip("playwright", reason="playwright brings the engine: pip install -e .[dev]")
NODE = Path(playwright.__file__).parent / "driver" / "node"
pytestmark = pytest.mark.skipif(not NODE.exists(), reason="this playwright brings no engine of its own")
RUN = """
const stream = new ReadableStream({ start(out) {
  for (const piece of PIECES) out.enqueue(new TextEncoder().encode(piece));
  out.close();
} });
const found = [];
for await (const event of events(stream)) found.push([event.name, event.data]);
console.log(JSON.stringify(found));
"""
LINES = [
    "event: stage",
    'data: "a\u2028b\u0085c\u2029d"',
    "",
    ": a comment",
    "id: 7",
    "event:turn",
    'data: {"x":',
    "data: 1}",
    "",
    "",
    "",
]


def read(pieces: list[str]) -> object:
    """Names and data of the events in these pieces of a stream."""
    script = (STATIC / "ragqa.js").read_text(encoding="utf-8")
    reader = script[script.index("async function* events(") : script.index("let region")]
    code = f"const PIECES = {json.dumps(pieces)};\n{reader}\n{RUN}"
    command = [str(NODE), "--input-type=module", "-"]
    return json.loads(subprocess.run(command, input=code, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_events_are_read_as_the_standard_says(end: str, size: int) -> None:
    """Lines end in CR LF, CR or LF and nothing else, wherever the pieces are cut; comments and other fields are passed over."""
    text = end.join(LINES)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert read(pieces) == [["stage", "a\u2028b\u0085c\u2029d"], ["turn", {"x": 1}]]
