"""A server on loopback that stands in for PubMed's efetch: the recorded records asked for, or what a test puts in line."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs

from samples import ROOT

RECORDED = (ROOT / "tests" / "corpus" / "importers" / "fixtures" / "efetch.xml").read_text(encoding="utf-8")
ARTICLES = {
    number: text for text, number in re.findall(r"(<PubmedArticle>.*?<PMID[^>]*>(\d+)<.*?</PubmedArticle>)", RECORDED, re.DOTALL)
}

Reply = tuple[int, dict[str, str], bytes]


def article_set(*articles: str, prolog: str = "") -> bytes:
    """Records as one reply."""
    return f"<?xml version='1.0'?>\n{prolog}<PubmedArticleSet>\n{''.join(articles)}\n</PubmedArticleSet>\n".encode()


class Efetch:
    """The server; ``asked`` holds the forms received, ``replies`` what is answered before the records are."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.replies: list[Reply] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Efetch:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reply(self, form: dict[str, str]) -> Reply:
        """What is in line, or the recorded articles among those asked for."""
        self.asked.append(form)
        if self.replies:
            return self.replies.pop(0)
        return 200, {}, article_set(*(ARTICLES[number] for number in form["id"].split(",") if number in ARTICLES))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                assert self.path == "/efetch.fcgi"
                code, headers, data = server.reply({name: values[0] for name, values in parse_qs(body).items()})
                self.send_response(code)
                for name, value in {"Content-Length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
