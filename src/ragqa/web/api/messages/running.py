"""What is told to whoever runs the server."""

from __future__ import annotations

from typing import Literal

from ragqa.web.api.messages.fields import Message


class Health(Message):
    """The process runs."""

    status: Literal["ok"]


class Ready(Message):
    """Questions can be answered, from this generation; ``faults`` name what does not do its work meanwhile."""

    status: Literal["ready"]
    generation: str
    faults: tuple[str, ...] = ()
