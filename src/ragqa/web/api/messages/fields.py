"""What messages of the API share: fields with their bounds, the base of all, and how one is sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict, StringConstraints

Slug = Annotated[str, StringConstraints(max_length=200, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
ANSWER_ID = "^[A-Za-z0-9_-]{22}$"
"""An answer's address: random, so that nobody finds it by knowing what was asked."""


def written(message: BaseModel, status: int = 200) -> Response:
    """The response with this body. Routes write it themselves, in a thread: a long one would hold up the event loop."""
    return Response(message.model_dump_json(by_alias=True), status, media_type="application/json")


class Message(BaseModel):
    """Base of all that is sent or told: an unknown field is refused."""

    model_config = ConfigDict(extra="forbid")
