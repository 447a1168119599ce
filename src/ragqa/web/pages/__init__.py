"""The pages that people see; ``routers`` is what ``app`` includes."""

from __future__ import annotations

from fastapi import APIRouter

from ragqa.web.pages import desk, evaluator, rating, reader, talk

routers: tuple[APIRouter, ...] = (reader.router, talk.router, evaluator.router, rating.router, desk.router)
