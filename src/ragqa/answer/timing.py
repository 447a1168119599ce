"""How long the stages of one answer took."""

from __future__ import annotations

import time

from ragqa.answer.contract import Answer


class Timer:
    """Begins when it is made."""

    def __init__(self) -> None:
        self._began = self._last = time.perf_counter()
        self._milliseconds: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """A stage ended."""
        now = time.perf_counter()
        self._milliseconds[stage], self._last = round(1000 * (now - self._last), 2), now

    def told(self, answer: Answer) -> Answer:
        """The answer with the milliseconds of each stage and of all in its trace."""
        spent = self._milliseconds | {"total": round(1000 * (time.perf_counter() - self._began), 2)}
        return answer.model_copy(update={"trace": answer.trace.model_copy(update={"milliseconds": spent})})
