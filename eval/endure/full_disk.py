"""Every writing command on a full disk and in a read-only folder: a clear error, exit code 1, and no file changed.

sudo python eval/endure/full_disk.py     (mounts a small file system in memory)
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path

import click

from ragqa.files import write_atomic

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from bundled import copied
from commands import RAGQA, ragqa
from data_sets import rows, write_rows

MIB = 24
"""Size of the file system: the corpus, an index, a library and a little more."""
PUBMED = """<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>{number}</PMID><Article><ArticleTitle>Made for a test of full
disks</ArticleTitle><Abstract><AbstractText>{text}</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"""
FETCHED = 888888888


class PubMed(BaseHTTPRequestHandler):
    """PubMed on loopback: whatever is asked for, the one record."""

    def do_POST(self) -> None:
        """Reply as efetch does."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(PUBMED.format(number=FETCHED, text="Nothing was found. " * 4000).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@click.command()
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/full-disk.json"))
def main(out: Path) -> None:
    """Prepare a desk on the small file system, fill it, run each command; then the same read-only."""
    found: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as place, ThreadingHTTPServer(("127.0.0.1", 0), PubMed) as pubmed:
        threading.Thread(target=pubmed.serve_forever, daemon=True).start()
        os.environ["RAGQA_NCBI_URL"] = f"http://127.0.0.1:{pubmed.server_port}"
        disk = Path(place)
        run("mount", "-t", "tmpfs", "-o", f"size={MIB}m", "tmpfs", str(disk))
        try:
            commands = prepared(disk)
            filler = disk / "filler"
            fill(filler)
            found["full disk"] = {name: tried(command, disk) for name, command in commands.items()}
            filler.unlink()
            run("mount", "-o", "remount,ro", str(disk))
            found["read-only"] = {name: tried(command, disk) for name, command in commands.items()}
            run("mount", "-o", "remount,rw", str(disk))
            left = {name: command for name, command in commands.items() if not found["full disk"][name].startswith("done")}
            found["with room again"] = {name: tried(command, disk, fails=False) for name, command in left.items()}
        finally:
            run("umount", "-l", str(disk))
            pubmed.shutdown()
    write_atomic(out, [json.dumps(found, indent=1) + "\n"])
    click.echo(json.dumps(found, indent=1))


def prepared(disk: Path) -> dict[str, list[str]]:
    """A corpus with one unread change, an index, a library, and the commands that write."""
    copied(disk)
    folders = ["--corpus", str(disk / "corpus"), "--index", str(disk / "index")]
    library = ["--library", str(disk / "library.sqlite")]
    questions, records = disk / "questions.jsonl", disk / "records.xml"
    asked = {"q1": "Does lithium prevent suicide?", "q2": "Is ketamine used in PTSD?"}
    write_rows(questions, ({"id": id, "question": text} for id, text in asked.items()))
    records.write_text(PUBMED.format(number=999999999, text="Nothing was found. " * 4000), encoding="utf-8")
    ragqa("library", "add", questions, *folders, *library)
    more = disk / "more.jsonl"
    write_rows(more, ({"id": f"m{n}", "question": f"Is memantine {n} mg/day used in OCD?"} for n in range(30)))
    (disk / "retracted.txt").write_text("12450955\n", encoding="utf-8")
    file = disk / "corpus" / "articles" / "memantine-ocd.md"
    file.write_text(file.read_text(encoding="utf-8").replace("20 mg/day", "20 mg a day"), encoding="utf-8")
    serving, password = ["--serving", str(disk / "serving")], disk / "password"
    password.write_text("correct horse battery staple\n", encoding="utf-8")
    ragqa("users", "add", "demo-editor", "--role", "editor", "--password-file", password, *serving)
    gold = disk / "gold"
    write_rows(gold / "one.jsonl", islice(rows(Path("eval/gold/a1.jsonl")), 1))
    corpus = ["--corpus", str(disk / "corpus")]
    return {
        "import": [*RAGQA, "import", str(records), *corpus],
        "review submit": [*RAGQA, "review", "submit", "memantine-ocd", "--by", "demo-author", *corpus],
        "review start": [*RAGQA, "review", "start", "memantine-ocd", "--by", "demo-editor", *corpus],
        "review approve": [*RAGQA, "review", "approve", "memantine-ocd", "--by", "demo-editor", *corpus],
        "review withdraw": [*RAGQA, "review", "withdraw", "memantine-autism", "--by", "demo-editor", *corpus],
        "index": [*RAGQA, "index", *folders],
        "answer": [*RAGQA, "answer", str(more), "-o", str(disk / "answers.jsonl"), *folders],
        "ask --conversation": [*RAGQA, "ask", "Is memantine used in OCD?", "--conversation", str(disk / "talk.jsonl"), *folders],
        "search --run": [*RAGQA, "search", "--queries", str(more), "--run", str(disk / "run.trec"), *folders],
        "library add": [*RAGQA, "library", "add", str(more), *folders, *library],
        "library signoff": [*RAGQA, "library", "signoff", "1", "--by", "demo-editor", *library],
        "library reject": [*RAGQA, "library", "reject", "2", "--by", "demo-editor", *library],
        "regenerate": [*RAGQA, "regenerate", *folders, *library],
        "fetch": [*RAGQA, "fetch", str(FETCHED), *folders, *library],
        "users add": [*RAGQA, "users", "add", "demo-reader", "--password-file", str(password), *serving],
        "users password": [*RAGQA, "users", "password", "demo-editor", "--password-file", str(password), *serving],
        "users token": [*RAGQA, "users", "token", "demo-editor", *serving],
        "users remove": [*RAGQA, "users", "remove", "demo-editor", *serving],
        "retractions": [*RAGQA, "retractions", str(disk / "retracted.txt"), *folders, *library],
        "chat": [*RAGQA, "chat", "--conversation", str(disk / "chat.jsonl"), *folders],
        "eval --json": [*RAGQA, "eval", "--gold", str(gold), "--json", str(disk / "scorecard.json"), *folders],
    }


def tried(command: list[str], disk: Path, fails: bool = True) -> str:
    """Run a command; says "refused" with its last line, or what went wrong with that."""
    before = state(disk)
    done = subprocess.run(command, input="Is memantine used in OCD?\n", capture_output=True, text=True, check=False)
    last = (done.stderr.strip().splitlines() or [""])[-1].replace(str(disk), "DISK")[:300]
    if not fails:
        return "done" if done.returncode == 0 else f"FAILED AFTERWARDS: {last}"
    if "Traceback" in done.stderr:
        return f"TRACEBACK: {last}"
    after = {name: digest for name, digest in state(disk).items() if name in before or (disk / name).stat().st_size}
    changed = sorted(name for name, digest in after.items() if before.get(name) != digest)
    changed += sorted(name for name in before if not (disk / name).exists())
    if done.returncode == 0:
        return f"done, there was room for it in the last page (changed: {', '.join(changed) or 'nothing'})"
    return f"{'refused' if not changed else 'refused, but changed ' + ', '.join(changed)}: {last}"


def state(disk: Path) -> dict[str, str]:
    """SHA-256 of every file, SQLite's own helpers aside."""
    files = (file for file in disk.rglob("*") if file.is_file() and not file.name.endswith(("-wal", "-shm", "LOCK", ".lock")))
    return {str(file.relative_to(disk)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def fill(file: Path) -> None:
    """Take all the room there is."""
    with file.open("wb", buffering=0) as stream:
        for size in (1 << 16, 1 << 10, 1):
            try:
                while True:
                    stream.write(b"x" * size)
            except OSError:
                continue


def run(*command: str) -> None:
    """Run a command that must work."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"{' '.join(command[:4])} ...: {done.stderr.strip()[-500:]}")


if __name__ == "__main__":
    main()
