"""Seconds from a withdrawal to the last answer that quotes the article, by every way and whatever else is broken.

A `ragqa serve` over a copy of the bundled corpus is asked by four readers without a pause while an article is withdrawn: from the
page, over the API, and with `ragqa review withdraw`; with nothing wrong, with a faulty draft in the corpus, and while another
process holds the lock of the build. Then the server is killed at ten moments after a withdrawal was sent, and started again.
Counted from the moment at which the withdrawal was acknowledged, or, where the kill came first, stands in the log.

    python eval/endure/withdrawal.py
    python eval/endure/withdrawal.py --tries 18 --kills 0 --server ../before/src --json withdrawal-before.json  # other code
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from server import JSON, Reply, request, wait_until_ready

from ragqa.corpus.records import ReviewState
from ragqa.corpus.reviewlog import known_log
from ragqa.files import write_atomic
from ragqa.files.locking import locked
from ragqa.index.refresh import build_index
from ragqa.settings import Settings
from ragqa.web.accounts import Accounts

sys.path.append(str(Path(__file__).parents[1] / "shared"))

from bundled import approve, copied
from commands import RAGQA, environment

SLUG = "memantine-ocd"
QUESTION = "Is memantine effective in OCD?"
PASSWORD = "a password for this run alone"
READERS = 4
WATCHED = 2.5
"""Seconds for which the readers go on asking after a withdrawal."""
WAYS = ("page", "api", "command line")
TROUBLES = ("nothing", "a faulty draft", "another build")
FAULTY = "---\ntitle: !!int not a number\nupdated: 2026-13-45\n---\n"
KILL_STEP = 0.2
"""Seconds between two of the ten moments of a kill."""


@dataclass
class Site:
    """A corpus, its index and a server in a process of its own."""

    settings: Settings
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    token: str = ""
    code: Path | None = None
    """Folder of the code that serves, where it is not this one."""
    quoted: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def start(self) -> None:
        """Start the server and wait until it is ready."""
        places = {
            f"RAGQA_{name.upper()}": str(getattr(self.settings, name)) for name in ("corpus", "index", "serving", "library")
        }
        own = environment(self.code) | places | {"RAGQA_ASKS_PER_MINUTE": "0", "RAGQA_TWO_PERSON": "false"}
        log = (self.settings.serving.parent / "serve.log").open("ab")
        self.process = subprocess.Popen([*RAGQA, "serve", "--port", str(self.port)], env=own, stderr=log)
        wait_until_ready(self.process, self.port)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def request(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """See ``server.request``."""
        return request(self.port, method, path, body, headers, wait=30)

    def ask(self) -> Reply:
        """The one question, whose answer quotes the article."""
        return self.request("POST", "/api/v1/ask", {"question": QUESTION}, **JSON)

    @contextmanager
    def read(self) -> Iterator[None]:
        """Readers who ask without a pause; ``quoted`` gets the moment of each answer that quotes the article."""
        stop = threading.Event()

        def reader() -> None:
            while not stop.is_set():
                status, body, _ = self.ask()
                self.statuses[status] += 1
                if not status:
                    time.sleep(0.05)
                if status == 200 and any(r["source_id"] == f"article:{SLUG}" for r in json.loads(body)["references"]):
                    self.quoted.append(time.monotonic())

        threads = [threading.Thread(target=reader) for _ in range(READERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def withdraw(site: Site, way: str) -> bool:
    """Withdraw the article this way; whether that was acknowledged."""
    if way == "command line":
        command = [*RAGQA, "review", "withdraw", SLUG, "--by", "demo-editor"]
        return subprocess.run([*command, "--corpus", str(site.settings.corpus)], capture_output=True, check=False).returncode == 0
    if way == "api":
        headers = JSON | {"Authorization": f"Bearer {site.token}"}
        return site.request("POST", f"/api/v1/review/{SLUG}/steps", {"state": "withdrawn"}, **headers).status == 201
    cookie = signed_in(site)
    page = site.request("GET", f"/desk/articles/{SLUG}", Cookie=cookie).body.decode()
    sent = hidden(page) | {"sha256": first(r'name="sha256" value="([0-9a-f]{64})"', page), "state": "withdrawn", "note": ""}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    return site.request("POST", f"/desk/articles/{SLUG}", urlencode(sent), **headers).status == 303


def signed_in(site: Site) -> str:
    """The cookie of a session."""
    reply = site.request("GET", "/sign-in")
    visit = reply.headers["set-cookie"].split(";")[0]
    sent = hidden(reply.body.decode()) | {"name": "demo-editor", "password": PASSWORD, "next": "/desk"}
    form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": visit}
    return site.request("POST", "/sign-in", urlencode(sent), **form).headers["set-cookie"].split(";")[0]


def hidden(page: str) -> dict[str, str]:
    """The form's token."""
    return {"csrf": first(r'name="csrf" value="([^"]+)"', page)}


def first(pattern: str, text: str) -> str:
    """What the pattern captures."""
    found = re.search(pattern, text)
    return found[1] if found else ""


def approved(site: Site) -> None:
    """Approve the article again, and wait until it is quoted."""
    approve(site.settings.corpus, SLUG)
    if site.code:  # code that does not follow the log by itself
        build_index(site.settings)
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        if f"article:{SLUG}".encode() in site.ask().body:
            return
        time.sleep(0.1)
    sys.exit("the approved article did not come back into answers within 60 s")


def tried(site: Site, way: str, trouble: str) -> float:
    """Seconds from the acknowledged withdrawal to the last answer that quotes the article; negative where none came after it."""
    draft = site.settings.corpus / "articles" / "zz-draft.md"
    if trouble == "a faulty draft":
        draft.write_text(FAULTY)
    with (
        (site.settings.index / "LOCK").open("ab") as lock,
        locked(lock) if trouble == "another build" else nullcontext(),
        site.read(),
    ):
        time.sleep(0.3)
        site.quoted.clear()
        if not withdraw(site, way):
            print(f"the withdrawal from the {way} was refused")
            return float("inf")
        done = time.monotonic()
        time.sleep(WATCHED)
    draft.unlink(missing_ok=True)
    return max(site.quoted, default=done - 1) - done


def killed(site: Site, moment: int) -> float:
    """The same with the server killed so many steps after the withdrawal was sent, and started again; NaN where it never was."""
    with site.read():
        time.sleep(0.3)
        sender = threading.Thread(target=withdraw, args=(site, "api"))
        sender.start()
        time.sleep(KILL_STEP * moment)
        site.kill()
        done = time.monotonic()
        sender.join()
        site.quoted.clear()
        recorded = withdrawn(site)
        site.start()
        time.sleep(1.0)
    if not recorded:
        return float("nan")
    return max(site.quoted, default=done - 1) - done


def withdrawn(site: Site) -> bool:
    """Whether the log says so of the article."""
    events = [event for event in known_log(site.settings.corpus).events if event.article == SLUG]
    return events[-1].state is ReviewState.WITHDRAWN


def prepared(folder: Path) -> Site:
    """A copy of the corpus, its index, and an editor."""
    settings = copied(folder)
    build_index(settings)
    site = Site(settings)
    with closing(Accounts(settings.serving / "accounts.sqlite")) as accounts:
        accounts.add("demo-editor", "editor", PASSWORD)
        site.token = accounts.issue("demo-editor", "measuring")
    with socket.create_server(("127.0.0.1", 0)) as free:
        site.port = free.getsockname()[1]
    return site


def main() -> None:
    """Measure, print, and write eval/results/withdrawal.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=90, help="withdrawals, by each way and with each trouble in turn")
    parser.add_argument("--kills", type=int, default=10, help="withdrawals with a kill, at ten moments in turn")
    parser.add_argument("--server", type=Path, help="folder of the code that serves; without it this one")
    parser.add_argument("--json", type=Path, default=Path("eval/results/withdrawal.json"))
    options = parser.parse_args()
    cells = [(way, trouble) for way in WAYS for trouble in TROUBLES]
    found: dict[str, list[float]] = defaultdict(list)
    unrecorded = 0
    with tempfile.TemporaryDirectory() as temporary:
        site = prepared(Path(temporary))
        site.code = options.server
        site.start()
        for number in range(options.tries):
            way, trouble = cells[number % len(cells)]
            found[f"{way}, {trouble}"].append(tried(site, way, trouble))
            approved(site)
            print(f"{number + 1:3} {way}, {trouble}: {found[f'{way}, {trouble}'][-1]:+.3f} s", flush=True)
        for number in range(options.kills):
            seconds = killed(site, number % 10)
            unrecorded += seconds != seconds
            if seconds == seconds:
                found["a kill, then a new start"].append(seconds)
            print(f"kill after {1000 * KILL_STEP * (number % 10):.0f} ms: {seconds:+.3f} s", flush=True)
            if withdrawn(site):
                approved(site)
        site.kill()
    report = {
        "tries": options.tries,
        "kills": options.kills,
        "kills that came before the withdrawal was recorded": unrecorded,
        "statuses of the readers' questions": {str(status): count for status, count in sorted(site.statuses.items())},
        "seconds from the withdrawal to the last answer that quotes it (negative: none came after it)": {
            name: {"tries": len(all_), "median": round(statistics.median(all_), 3), "largest": round(max(all_), 3)}
            for name, all_ in sorted(found.items())
        },
    }
    write_atomic(options.json, [json.dumps(report, indent=2, ensure_ascii=False) + "\n"])
    print(json.dumps(report, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
