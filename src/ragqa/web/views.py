"""Pages from templates: every value is escaped, an undefined name is an error, and each page knows who reads it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse

from ragqa.answer.render import printable
from ragqa.web.access import reader
from ragqa.web.visits import csrf_token, keep_visit


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """The templates of ``ragqa/web/templates``."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("ragqa.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
    )


def render(request: Request, name: str, **context: Any) -> HTMLResponse:
    """A page from the template ``name``, which also sees ``request``, ``who`` (the Reader), ``csrf`` and ``settings``."""
    page = (
        environment()
        .get_template(name)
        .render(request=request, who=reader(request), csrf=csrf_token(request), settings=request.app.state.settings, **context)
    )
    response = HTMLResponse(printable(page))
    keep_visit(request, response)
    return response
