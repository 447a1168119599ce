"""For whoever runs the server: does it live, can it answer, what does it do, what does it offer."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from ragqa.web.access import may_read, public
from ragqa.web.api.messages.running import Health, Ready
from ragqa.web.problems import Problem
from ragqa.web.state import engine, figures

router = APIRouter(prefix="/api/v1", tags=["running"])


@router.get("/health", dependencies=[Depends(public)])
async def health() -> Health:
    """The process runs."""
    return Health(status="ok")


@router.get("/ready", dependencies=[Depends(public)])
async def ready(request: Request) -> Ready:
    """Questions can be answered; 503 while the server starts or stops."""
    if request.app.state.draining:
        raise Problem(503, "unavailable", "the server is stopping", {"Retry-After": "5"})
    found, state = engine(request), request.app.state
    beside = {
        "nobody can sign in": state.accounts.fault,
        "the server's secret is not kept": state.secret_fault,
        "answers cannot be kept": state.archive.fault,
        "old conversations are not cleared": state.clearing.fault,
    }
    faults = (*found.faults(), *(words for words, fault in beside.items() if fault))
    return Ready(status="ready", generation=found.index.name, faults=faults)


@router.get(
    "/metrics",
    dependencies=[Depends(may_read)],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": "ragqa_pending 0.0\n"}}}},
)
def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    return Response(figures(request).page(), media_type=CONTENT_TYPE_LATEST)


@router.get("/openapi.json", dependencies=[Depends(public)], include_in_schema=False)
def openapi(request: Request) -> Response:
    """The document that describes this API."""
    return JSONResponse(request.app.openapi())
