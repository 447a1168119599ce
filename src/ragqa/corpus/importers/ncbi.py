"""PubMed over the network: NCBI E-utilities, ``efetch``. Only commands that say so use it; asking never does.

Usage policy: https://www.ncbi.nlm.nih.gov/books/NBK25497/. At most 3 requests a second, 10 with a key; many ids in one POST.
"""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path

from ragqa.corpus.importers.pubmed import parse_pubmed
from ragqa.corpus.records import Abstract
from ragqa.errors import Fault, NetworkError

BATCH = 200
"""Ids in one request."""
ATTEMPTS = 5
TIMEOUT = 60
"""Seconds without a byte."""
LONGEST_WAIT = 120
"""Seconds; told to wait longer, it is better to stop and say so."""
LARGEST = 256 * 1024 * 1024
"""Bytes of a reply; 200 records are about 4 MB."""

_NAME = "PubMed efetch"
_NO_NETWORK = "no network; on a machine without internet use `ragqa retractions FILE`, or `ragqa import FILE` for records"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What came back for some PubMed numbers: records, numbers PubMed does not have, and records that break the format."""

    asked: int
    records: tuple[Abstract, ...]
    missing: tuple[str, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """Why a request failed in a way that may pass, and for how long the server asks to be left alone."""

    message: str
    wait: float = 0


class Ncbi:
    """Fetches PubMed records politely: paced, retried, and patient when asked to be."""

    def __init__(
        self,
        url: str,
        email: str | None = None,
        key: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = f"{url.rstrip('/')}/efetch.fcgi"
        self._form = {"db": "pubmed", "retmode": "xml", "tool": "ragqa"}
        self._form |= {name: value for name, value in (("email", email), ("api_key", key)) if value}
        self._interval = 1 / (10 if key else 3)
        self._clock, self._sleep = clock, sleep
        self._next = clock()

    def batches(self, numbers: Sequence[str]) -> Iterator[Batch]:
        """The records of these PubMed numbers, 200 a request; each batch is there before the next is asked for.

        Raises:
            NetworkError: no reply worth reading after five attempts, or a refusal.
        """
        wanted = list(dict.fromkeys(numbers))
        for start in range(0, len(wanted), BATCH):
            yield self._batch(wanted[start : start + BATCH])

    def _batch(self, numbers: list[str]) -> Batch:
        ids = {f"pmid:{number}": number for number in numbers}
        records, faults = {}, []
        for item in parse_pubmed(self._post(numbers), _NAME):
            if isinstance(item, Fault):
                faults.append(item)
            elif item.id in ids:  # a record nobody asked for has no place in the corpus
                records[item.id] = item
        missing = tuple(number for source, number in ids.items() if source not in records)
        if faults and missing:  # one of them may be the record that could not be read
            faults.append(Fault(file=Path(_NAME), line=None, message=f"not found or not readable: {', '.join(missing)}"))
            missing = ()
        return Batch(asked=len(numbers), records=tuple(records.values()), missing=missing, faults=tuple(faults))

    def _post(self, numbers: list[str]) -> bytes:
        body = urllib.parse.urlencode(self._form | {"id": ",".join(numbers)}).encode("ascii")
        failure = _Failure(message=_NO_NETWORK)
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(max(failure.wait, 2.0 ** (attempt - 1)))
            self._keep_pace()
            reply = self._reply(body)
            if isinstance(reply, bytes):
                return reply
            failure = reply
            if failure.wait > LONGEST_WAIT:
                break
        raise NetworkError(failure.message)

    def _keep_pace(self) -> None:
        early = self._next - self._clock()
        if early > 0:
            self._sleep(early)
        self._next = self._clock() + self._interval

    def _reply(self, body: bytes) -> bytes | _Failure:
        request = urllib.request.Request(self._url, body, {"User-Agent": "ragqa"})
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
                data: bytes = response.read(LARGEST + 1)
        except urllib.error.HTTPError as error:
            with error:
                return _refusal(error)
        except (OSError, http.client.HTTPException) as error:
            return _Failure(message=f"{_NO_NETWORK} ({getattr(error, 'reason', None) or error})")
        return data if _whole(data) else _Failure(message="PubMed's reply was not a whole set of records; try again later")


def _whole(data: bytes) -> bool:
    """Whether a reply is a record set to its end: a cut one would make records look unknown to PubMed."""
    return b"<PubmedArticleSet" in data[:4096] and data[-64:].rstrip().endswith((b"</PubmedArticleSet>", b"<PubmedArticleSet/>"))


def _refusal(error: urllib.error.HTTPError) -> _Failure:
    if error.code != 429 and error.code < 500:
        raise NetworkError(f"PubMed refused the request: {error.code} {error.reason}; check the settings ncbi_*") from error
    wait = _asked_to_wait(error.headers)
    later = f"in {wait:.0f} seconds" if wait else "later"
    return _Failure(message=f"PubMed is busy: {error.code} {error.reason}; try again {later}", wait=wait)


def _asked_to_wait(headers: Message) -> float:
    """Seconds of Retry-After, written as a number or as a date; 0 where there is none."""
    value = (headers.get("Retry-After") or "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return 0
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
