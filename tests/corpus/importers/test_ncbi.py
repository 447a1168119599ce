"""PubMed over the network, against recorded replies on loopback: paced, retried, patient, and clear when it fails."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from efetch import ARTICLES, Efetch, article_set

from ragqa.corpus.importers import ncbi
from ragqa.corpus.importers.ncbi import Ncbi
from ragqa.errors import NetworkError


class Clock:
    """Time that passes only while something sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def time(self) -> float:
        """Now."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


def client(url: str, clock: Clock, **given: str) -> Ncbi:
    """A client in the clock's time."""
    return Ncbi(url, clock=clock.time, sleep=clock.sleep, **given)


def test_many_ids_go_in_batches_each_once(efetch: Efetch) -> None:
    """450 numbers, one twice, are three POSTs of at most 200; what PubMed does not have is named."""
    numbers = [str(number) for number in range(101, 551)]
    batches = list(client(efetch.url, Clock()).batches([*numbers, "101"]))
    assert [form["id"].count(",") + 1 for form in efetch.asked] == [200, 200, 50]
    assert [record.id for batch in batches for record in batch.records] == ["pmid:101", "pmid:102", "pmid:104"]
    missing = [number for batch in batches for number in batch.missing]
    assert len(missing) == 447
    assert missing[:2] == ["103", "105"]


def test_the_form_names_tool_email_and_key(efetch: Efetch) -> None:
    """What NCBI asks clients to say; what is not set is left out."""
    list(client(efetch.url, Clock()).batches(["101"]))
    list(client(efetch.url, Clock(), email="editor@example.org", key="secret").batches(["101"]))
    plain = {"db": "pubmed", "retmode": "xml", "tool": "ragqa", "id": "101"}
    assert efetch.asked == [plain, plain | {"email": "editor@example.org", "api_key": "secret"}]


@pytest.mark.parametrize(("key", "limit"), [("", 3), ("secret", 10)])
def test_the_pace_keeps_to_the_limit(efetch: Efetch, monkeypatch: pytest.MonkeyPatch, key: str, limit: int) -> None:
    """No second sees more than 3 requests, 10 with a key."""
    monkeypatch.setattr(ncbi, "BATCH", 1)
    clock, starts = Clock(), []
    for _ in client(efetch.url, clock, key=key).batches([str(n) for n in range(1, 26)]):
        starts.append(clock.now)
    assert len(starts) == 25
    assert all(later - earlier >= 1 - 1e-9 for earlier, later in zip(starts, starts[limit:], strict=False))


@pytest.mark.parametrize("code", [429, 500, 502, 503])
def test_a_busy_server_is_asked_again_with_growing_pauses(efetch: Efetch, code: int) -> None:
    """Two refusals that may pass cost two pauses, then the records are there."""
    efetch.replies = [(code, {}, b"busy")] * 2
    clock = Clock()
    (batch,) = client(efetch.url, clock).batches(["101"])
    assert [record.id for record in batch.records] == ["pmid:101"]
    assert clock.slept == [1, 2]


def test_retry_after_is_honoured(efetch: Efetch) -> None:
    """In seconds or as a date."""
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    efetch.replies = [(429, {"Retry-After": "17"}, b""), (503, {"Retry-After": until}, b""), (503, {"Retry-After": "soon"}, b"")]
    clock = Clock()
    list(client(efetch.url, clock).batches(["101"]))
    assert clock.slept[0] == 17
    assert 80 < clock.slept[1] <= 90
    assert clock.slept[2] == 4


def test_being_told_to_wait_too_long_ends_it(efetch: Efetch) -> None:
    """An hour is not waited for; the message says how long."""
    efetch.replies = [(429, {"Retry-After": "3600"}, b"")]
    clock = Clock()
    with pytest.raises(NetworkError, match="try again in 3600 seconds"):
        list(client(efetch.url, clock).batches(["101"]))
    assert clock.slept == []


def test_a_refusal_that_will_not_pass_is_not_repeated_and_keeps_the_key(efetch: Efetch) -> None:
    """A bad request is asked once; the key is not part of the message."""
    efetch.replies = [(400, {}, b"API key invalid")]
    with pytest.raises(NetworkError, match="refused the request: 400") as caught:
        list(client(efetch.url, Clock(), key="secret").batches(["101"]))
    assert len(efetch.asked) == 1
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        (200, {}, b'{"error": "backend failed"}'),
        (200, {}, b""),
        (200, {}, article_set(ARTICLES["101"])[:-30]),
        (200, {"Content-Length": "100000"}, article_set(ARTICLES["101"])[:300]),
    ],
    ids=["no-xml", "empty", "cut", "connection-lost"],
)
def test_half_a_reply_is_no_reply(efetch: Efetch, reply: tuple[int, dict[str, str], bytes]) -> None:
    """It is asked for again, for else its records would look as if PubMed did not have them; five times, then it is an error."""
    efetch.replies = [reply]
    (batch,) = client(efetch.url, Clock()).batches(["101"])
    assert [record.id for record in batch.records] == ["pmid:101"]
    efetch.replies = [reply] * 9
    asked = len(efetch.asked)
    with pytest.raises(NetworkError):
        list(client(efetch.url, Clock()).batches(["101"]))
    assert len(efetch.asked) - asked == 5


def test_no_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port nobody listens on: retried, then the way out."""
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        clock = Clock()
        with pytest.raises(NetworkError, match="no network; on a machine without internet use `ragqa retractions FILE`"):
            list(client(f"http://127.0.0.1:{taken.getsockname()[1]}", clock).batches(["101"]))
    assert len(clock.slept) == 4


def test_entities_are_inert(efetch: Efetch) -> None:
    """A reply that declares entities, to a file or a billion laughs, shows nothing of them and costs only its own records."""
    prolog = '<!DOCTYPE PubmedArticleSet [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY a "lol"><!ENTITY b "&a;&a;">]>\n'
    hostile = [ARTICLES["102"].replace("Made for", f"&{name};") for name in ("x", "b")]
    efetch.replies = [(200, {}, article_set(*hostile, ARTICLES["101"], prolog=prolog))]
    (batch,) = client(efetch.url, Clock()).batches(["101", "102"])
    assert [record.id for record in batch.records] == ["pmid:101"]
    assert [fault.message for fault in batch.faults] == [
        "refers to &x;; entities are not expanded",
        "refers to &b;; entities are not expanded",
        "not found or not readable: 102",
    ]
    assert batch.missing == ()


def test_records_nobody_asked_for_are_left_out(efetch: Efetch) -> None:
    """A server does not decide what enters the corpus."""
    efetch.replies = [(200, {}, article_set(ARTICLES["101"], ARTICLES["104"]))]
    (batch,) = client(efetch.url, Clock()).batches(["101"])
    assert [record.id for record in batch.records] == ["pmid:101"]
