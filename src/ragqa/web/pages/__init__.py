"""The pages that people see; ``routers`` is what ``app`` includes."""

from __future__ import annotations

from fastapi import APIRouter

routers: tuple[APIRouter, ...] = ()
