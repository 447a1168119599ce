"""Reading and writing files so that a fault names its line and a crash leaves the old file whole.

    reading, jsonl        whole files and lines, plain or gzipped
    writing, appending    whole or not at all, kept by the disk
    locking               who writes is alone
    databases             SQLite files
    aside                 what is damaged, under another name
    packaged              what ships with ragqa
    places                what stands at a place, before it is opened

What every room reads and writes with is here; the rest is imported from its module.
"""

from ragqa.files.jsonl import json_line, json_object, raw_lines, read_jsonl
from ragqa.files.reading import UNREADABLE, open_regular, open_stream, read_bytes, read_text, sha256_of
from ragqa.files.writing import write_atomic

__all__ = [
    "UNREADABLE",
    "json_line",
    "json_object",
    "open_regular",
    "open_stream",
    "raw_lines",
    "read_bytes",
    "read_jsonl",
    "read_text",
    "sha256_of",
    "write_atomic",
]
