"""Damaged installations: what each command and the server make of one damaged file, and what mends it.

Makes an installation from the bundled corpus (index, a library with a signed-off answer, accounts, a conversation with its
answer, the server's secret), then copies of it with one damage each: every file type in every kind of damage, chosen with the
seed. In each, `ragqa check`, `ask`, `library list`, a server (ready, a question, an emergency, an article, a conversation) and
`ragqa index` run in processes of their own; then the commands that the faults name, then all of
it again. A copy is good where nothing ended in a traceback, a crash or a wait, nothing went down that does not need the file,
no answer was changed without a word, and after the named commands everything is as it was before the damage.

    python eval/endure/damage.py --count 200 --json eval/results/damage.json

Root reads what it may not: as root, ``setpriv --bounding-set -dac_override,-dac_read_search`` goes before the command.
"""

from __future__ import annotations

import json
import os
import random
import re
import select
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

from ragqa.cli import main as ragqa
from ragqa.files import write_atomic

QUESTION = "Is memantine used in obsessive-compulsive disorder?"
EMERGENCY = "I have taken all my lithium tablets and want to die"
ARTICLE, OTHER = "memantine-ocd", "memantine-autism"
SECONDS = 120
"""For one step, generously: the slowest builds the first index."""
Work = Callable[[], dict[str, Any]]
"""A step, which tells how it ended."""

KINDS = (
    "truncated",
    "torn",
    "swapped",
    "wrong content",
    "unreadable",
    "pipe",
    "link to itself",
    "folder",
    "empty",
    "byte flipped",
    "wrong encoding",
)
INDEX = frozenset({"ask", "ready", "question", "emergency"})
TYPES: dict[str, tuple[str, frozenset[str]]] = {
    "article": (f"corpus/articles/{ARTICLE}.md", frozenset({"check", "index"})),
    "abstracts": ("corpus/abstracts/*.jsonl", frozenset({"check", "index"})),
    "review log": ("corpus/reviews.jsonl", frozenset({"check", "index"})),
    "approved text": (f"corpus/approved/{ARTICLE}/*.md", frozenset()),
    "CURRENT": ("index/CURRENT", INDEX),
    "manifest": ("index/*/manifest.json", INDEX),
    "passages": ("index/*/passages.sqlite", INDEX),
    "vectors": ("index/*/vectors.f32", INDEX),
    "list of segments": ("index/*/lexical/segments.json", INDEX),
    "tantivy's list": ("index/*/lexical/meta.json", INDEX),
    "segment": ("index/*/lexical/*.term", INDEX),
    "catalogue": ("index/catalogue.sqlite", frozenset()),
    "embeddings": ("index/embeddings.sqlite", frozenset()),
    "library": ("library.sqlite", frozenset({"library"})),
    "accounts": ("serving/accounts.sqlite", frozenset()),
    "archive": ("serving/answers.sqlite", frozenset({"conversation"})),
    "conversation": ("serving/conversations/*.jsonl", frozenset({"conversation"})),
    "secret": ("serving/secret", frozenset()),
}
"""File type -> where it is, and which steps may fail, in one line, while it is damaged. An ``index`` step never needs what it
rebuilds; a server may need the index to start, so that all but its emergency answer may wait for it."""
COMMANDS = re.compile(r"`ragqa ((?:mend|index)(?: --restore)?|review restore [a-z0-9-]+)")
"""Commands in a fault or notice that mend; others show or add."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One damage to one file."""

    type: str
    kind: str
    seed: int


@click.command()
@click.option("--count", default=200, show_default=True)
@click.option("--seed", default=20, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--only", help="Only types or kinds that hold this word.")
@click.option("--json", "out", type=click.Path(path_type=Path), default=Path("eval/results/damage.json"))
def main(count: int, seed: int, workers: int, only: str | None, out: Path) -> None:
    """Run all of it."""
    started = time.monotonic()
    damages = [one for one in chosen(10 * count if only else count, seed) if not only or only in one.type or only in one.kind]
    imported()
    with tempfile.TemporaryDirectory() as place:
        whole = Path(place) / "whole"
        prepared(whole)
        before = looked_at(whole)
        bad = [name for name, step in before.items() if step["end"] != "done"]
        if bad:
            raise click.ClickException(f"the whole installation does not work: {[before[name] for name in bad]}")
        with ThreadPoolExecutor(workers) as pool:
            rows = list(pool.map(lambda one: tried(one, whole, Path(place), before), damages[:count]))
    found = {
        "seed": seed,
        "seconds": round(time.monotonic() - started),
        "summary": summary(rows),
        "table": table(rows),
        "rows": rows,
    }
    write_atomic(out, [json.dumps(found, indent=1, ensure_ascii=False) + "\n"])
    click.echo(json.dumps({key: found[key] for key in ("seconds", "summary")}, indent=1))
    for name, cells in table(rows).items():
        click.echo(f"{name:18} " + "  ".join(f"{kind}: {cell}" for kind, cell in cells.items() if cell != "good"))


def chosen(count: int, seed: int) -> list[Damage]:
    """Every type with every kind, in an order of the seed; from the start again, with other bytes, where more are wanted."""
    pairs = [(name, kind) for name in TYPES for kind in KINDS]
    random.Random(seed).shuffle(pairs)
    return [Damage(*pairs[number % len(pairs)], seed + number) for number in range(count)]


def imported() -> None:
    """All libraries and models, before the first step forks: each would load them again."""
    import faiss  # noqa: F401
    import onnxruntime  # noqa: F401
    import tantivy  # noqa: F401

    import ragqa.corpus.notices
    import ragqa.editorial.library
    import ragqa.editorial.regenerate
    import ragqa.evaluation.gold
    import ragqa.mend
    import ragqa.pipeline
    import ragqa.web.app  # noqa: F401
    from ragqa.models import CrossEncoder, OnnxEmbedder
    from ragqa.models.onnx import OnnxModel

    loaded: dict[Path, OnnxModel] = {}
    begin = OnnxModel.__init__

    def shared(self: Any, folder: Path, files: dict[str, str]) -> None:
        if folder in loaded:
            self.__dict__.update(loaded[folder].__dict__, _workers=ThreadPoolExecutor(1))
        else:
            begin(self, folder, files)
            loaded[folder] = self

    OnnxModel.__init__ = shared  # type: ignore[method-assign]
    OnnxEmbedder()
    CrossEncoder().pieces("word")


def prepared(folder: Path) -> None:
    """A whole installation."""
    folder.mkdir()
    shutil.copytree("corpus", folder / "corpus")
    (folder / "questions.jsonl").write_text(json.dumps({"id": "q", "question": "Does lithium prevent suicide?"}) + "\n")
    (folder / "password").write_text("correct horse battery staple\n")
    for words in (
        ("index",),
        ("library", "add", "questions.jsonl"),
        ("library", "signoff", "--all", "--by", "demo-editor"),
        ("users", "add", "demo-editor", "--role", "editor", "--password-file", "password"),
    ):
        done = alone(folder, lambda words=words: command(words))
        if done["end"] != "done":
            raise click.ClickException(f"{words}: {done}")
    begun = alone(folder, conversation_begun)
    if begun["end"] != "done":
        raise click.ClickException(str(begun))


def damaged(one: Damage, folder: Path) -> Path:
    """Do the damage; the file it was done to."""
    file = sorted(folder.glob(TYPES[one.type][0]))[0]
    data = file.read_bytes()
    if file.suffix == ".sqlite":
        for other in (file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
            other.unlink(missing_ok=True)
    file.unlink()
    if one.kind == "pipe":
        os.mkfifo(file)
    elif one.kind == "link to itself":
        file.symlink_to(file.name)
    elif one.kind == "folder":
        file.mkdir()
    else:
        file.write_bytes(changed(one, data, folder))
    if one.kind == "unreadable":
        file.chmod(0)
    return file


def changed(one: Damage, data: bytes, folder: Path) -> bytes:
    """The bytes in place of those that were there."""
    text = b"\0" not in data[:4096] and one.type != "secret"
    place = random.Random(one.seed).randrange(max(1, len(data)))
    swaps = (
        (folder / "library.sqlite" if one.type != "library" else folder / "serving" / "secret")
        if text
        else (folder / "corpus" / "articles" / f"{OTHER}.md")
    )
    made: dict[str, Callable[[], bytes]] = {
        "truncated": lambda: data[: len(data) // 2],
        "torn": lambda: data[:-7],
        "swapped": lambda: swaps.read_bytes(),
        "wrong content": lambda: other_content(one.type, data),
        "unreadable": lambda: data,
        "empty": lambda: b"",
        "byte flipped": lambda: data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :],
        "wrong encoding": lambda: data.decode("latin-1").encode("utf-16"),
    }
    return made[one.kind]()


def other_content(name: str, data: bytes) -> bytes:
    """Well-formed, but not what belongs there."""
    if name in ("article", "approved text"):
        return b"---\ntitle: [1, {2: 3}]\nupdated: 2026-13-45\ntopics: !!python/object:os.system x\n---\n\n## Answer\n\nYes.\n"
    if name in ("abstracts", "review log", "conversation"):
        return b'[1, 2]\n{"id": 7, "article": null, "question": {}}\n'
    if name == "CURRENT":
        return b"../../elsewhere\n"
    if name == "manifest":
        return json.dumps(
            json.loads(data) | {"dimension": -(10**30), "counts": [], "files": {"passages.sqlite": "much"}}
        ).encode()
    if name in ("list of segments", "tantivy's list"):
        return b'[{"first": "a"}, 7]'
    if name in ("vectors", "segment", "secret"):
        return bytes(len(data))
    with tempfile.TemporaryDirectory() as place:
        import sqlite3

        database = sqlite3.connect(Path(place) / "other.sqlite")
        database.execute("CREATE TABLE versions (colour TEXT)")
        database.commit()
        database.close()
        return (Path(place) / "other.sqlite").read_bytes()


def tried(one: Damage, whole: Path, place: Path, before: dict[str, Any]) -> dict[str, Any]:
    """One damaged copy: what was seen, what mended it, and what was wrong with that."""
    folder = place / f"{one.type}-{one.kind}-{one.seed}".replace(" ", "-").replace("'", "")
    shutil.copytree(whole, folder, symlinks=True)
    damaged(one, folder)
    seen = looked_at(folder)
    named = sorted({found for step in seen.values() for found in COMMANDS.findall(step["told"])}, key=lambda n: n != "mend")
    mending = {name: alone(folder, lambda name=name: command(name.split())) for name in named}
    if mend_is_there() and not named:
        mending["mend"] = alone(folder, lambda: command(["mend"]))
    for step in list(mending.values()):
        for found in COMMANDS.findall(step["told"]):
            if found not in mending:
                mending[found] = alone(folder, lambda name=found: command(name.split()))
    after = looked_at(folder)
    again = alone(folder, lambda: command(["mend"])) if mend_is_there() else None
    wrong = judged(one, before, seen, mending, after, again)
    shutil.rmtree(folder)
    click.echo(f"{one.type:18} {one.kind:16} {'; '.join(wrong) or 'good'}", err=True)
    short = {name: step["told"] for name, step in seen.items() if step["end"] != "done" or COMMANDS.search(step["told"])}
    return {
        "type": one.type,
        "kind": one.kind,
        "seed": one.seed,
        "seen": short,
        "mended by": {name: f"{step['end']}: {step['told'][-400:]}" for name, step in mending.items()},
        "wrong": wrong,
    }


def mend_is_there() -> bool:
    """Whether this ragqa has `ragqa mend`."""
    return "mend" in ragqa.commands


def judged(
    one: Damage,
    before: dict[str, Any],
    seen: dict[str, Any],
    mending: dict[str, Any],
    after: dict[str, Any],
    again: dict[str, Any] | None,
) -> list[str]:
    """What is not as it should be."""
    wrong = []
    for name, step in seen.items():
        if step["end"] in ("traceback", "crash", "waits"):
            wrong.append(f"{name}: {step['end']}")
        elif step["end"] == "refused" and name not in TYPES[one.type][1]:
            wrong.append(f"{name}: down")
        if step["end"] == "refused" and step["lines"] > 1:
            wrong.append(f"{name}: {step['lines']} faults told for one")
    if seen["ask"]["end"] == "done" and seen["ask"]["out"] != before["ask"]["out"]:
        wrong.append("ask: another answer")
    wrong += [f"{name}: {step['end']}" for name, step in mending.items() if step["end"] in ("traceback", "crash", "waits")]
    down = sorted(name for name, step in after.items() if step["end"] != "done")
    if down:
        wrong.append(f"not mended: {', '.join(down)}")
    elif after["ask"]["out"] != before["ask"]["out"]:
        wrong.append("mended to another answer")
    if again is not None and again["end"] != "done":
        wrong.append("mend, a second time, still finds faults")
    return wrong


def looked_at(folder: Path) -> dict[str, Any]:
    """Every step; the build last, since it mends."""
    done = apart(
        folder,
        {
            "check": lambda: command(["check"]),
            "ask": lambda: command(["ask", QUESTION]),
            "library": lambda: command(["library", "list"]),
            "server": server,
            "index": lambda: command(["index"]),
        },
    )
    served = done.pop("server")
    if served["end"] == "done":
        return done | json.loads(served["out"])
    return done | dict.fromkeys(("ready", "question", "emergency", "article", "conversation"), served)


def command(words: Any) -> dict[str, Any]:
    """Run a command in this process."""
    done = CliRunner().invoke(ragqa, list(words))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return step("traceback", f"{type(done.exception).__name__}: {done.exception}")
    if done.exit_code and words[0] == "mend":
        return step("refused", done.stdout + done.stderr)
    if done.exit_code:
        return step("refused", done.stderr.partition("Error: ")[2] or done.stdout + done.stderr)
    return step("done", done.stdout + done.stderr, done.stdout if words[0] == "ask" else "")


def step(end: str, told: str = "", out: str = "") -> dict[str, Any]:
    """How a step ended: done, refused, traceback, crash or waits; what it told; how many faults these are."""
    lines = [line for line in told.splitlines() if line.strip()]
    faults = [line for line in lines if line.startswith("  ")]
    return {"end": end, "told": told[:8000], "lines": len(faults) or len(lines), "out": out}


def client(app: Any) -> Any:
    """The app, served in this process to a client on loopback."""
    from starlette.testclient import TestClient

    return TestClient(app, base_url="http://localhost", raise_server_exceptions=True)


def conversation_begun() -> dict[str, Any]:
    """Start a server, and ask in a conversation."""
    from ragqa.settings import load_settings
    from ragqa.web.app import create_app

    with client(create_app(load_settings())) as http:
        begun = http.post("/api/v1/conversations").json()["id"]
        http.post(f"/api/v1/conversations/{begun}/turns", json={"question": QUESTION}).raise_for_status()
        Path("conversation").write_text(begun)
    return step("done")


def server() -> dict[str, Any]:
    """Start a server and look at each route; a start that fails is the whole step's end."""
    from ragqa.errors import RagqaError
    from ragqa.settings import load_settings
    from ragqa.web.app import create_app

    try:
        http = client(create_app(load_settings()))
        http.__enter__()
    except RagqaError as error:
        return step("refused", f"the server does not start: {error}")
    except BaseException as error:  # noqa: BLE001 - whatever it is, it would be a traceback
        return step("traceback", f"the server does not start: {type(error).__name__}: {error}")
    talk = Path("conversation").read_text()
    requests: dict[str, Callable[[], Any]] = {
        "ready": lambda: http.get("/api/v1/ready"),
        "question": lambda: http.post("/api/v1/ask", json={"question": QUESTION}),
        "emergency": lambda: http.post("/api/v1/ask", json={"question": EMERGENCY}),
        "article": lambda: http.get(f"/articles/{OTHER}"),
        "conversation": lambda: http.get(f"/api/v1/conversations/{talk}"),
    }
    return step("done", out=json.dumps({name: requested(ask) for name, ask in requests.items()}))


def requested(ask: Callable[[], Any]) -> dict[str, Any]:
    """One request."""
    try:
        response = ask()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a traceback in the log
        return step("traceback", f"{type(error).__name__}: {error}")
    return step("done") if response.status_code == 200 else step("refused", f"{response.status_code} {response.text[:300]}")


def alone(folder: Path, work: Work) -> dict[str, Any]:
    """One step in a process of its own."""
    return apart(folder, {"step": work})["step"]


def apart(folder: Path, steps: dict[str, Work]) -> dict[str, Any]:
    """Do steps in a forked process, in the folder; where one waits for ever or crashes, the next ones get a new process."""
    done: dict[str, Any] = {}
    while waiting := {name: work for name, work in steps.items() if name not in done}:
        done |= _some(folder, waiting)
    return done


def _some(folder: Path, steps: dict[str, Work]) -> dict[str, Any]:
    """The steps up to the first that waits or crashes, that one included."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _in_child(folder, steps, writing)
    os.close(writing)
    done: dict[str, Any] = {}
    data, waits = b"", False
    while not waits and len(done) < len(steps) and (some := _read(reading)) != b"":
        waits = some is None
        data += some or b""
        *lines, data = data.split(b"\n")
        for line in lines:
            done |= json.loads(line)
    if waits:
        os.kill(child, signal.SIGKILL)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    left = [name for name in steps if name not in done]
    return done | {left[0]: step("waits" if waits else "crash", f"status {status}")} if left else done


def _read(reading: int) -> bytes | None:
    """What comes next; b"" at the end, None where nothing comes within SECONDS."""
    return os.read(reading, 65536) if select.select([reading], [], [], SECONDS)[0] else None


def _in_child(folder: Path, steps: dict[str, Work], writing: int) -> None:
    """The steps; the process ends here whatever happens, also where nobody reads any more what it tells."""
    try:
        os.chdir(folder)
        os.environ.update(
            {"HOME": str(folder), "RAGQA_CORPUS": "corpus", "RAGQA_INDEX": "index", "RAGQA_LIBRARY": "library.sqlite"},
            RAGQA_SERVING="serving",
            RAGQA_REQUEST_SECONDS=str(SECONDS),
        )
        os.dup2(os.open(os.devnull, os.O_RDWR), 2)
        for name, work in steps.items():
            try:
                done = work()
            except BaseException as error:  # noqa: BLE001 - told as what it is
                done = step("traceback", f"{type(error).__name__}: {error}")
            os.write(writing, json.dumps({name: done}).encode("utf-8", "replace") + b"\n")
    finally:
        os._exit(0)


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts over all copies."""
    wrong = Counter(
        re.sub(r"^\w+: ", "", reason.partition(":")[0] if "mended" in reason else reason) for r in rows for reason in r["wrong"]
    )
    return {"copies": len(rows), "good": sum(not row["wrong"] for row in rows), "wrong": dict(wrong.most_common())}


def table(rows: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """File type -> kind of damage -> what was wrong with it."""
    cells: dict[str, dict[str, str]] = {}
    for row in rows:
        cells.setdefault(row["type"], {})[row["kind"]] = "; ".join(row["wrong"]) or "good"
    return cells


if __name__ == "__main__":
    main()
