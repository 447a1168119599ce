"""The parts of an answer and of an article: one table with a row for each, in reading order.

The composer reads order and number from here, the renderings of answers, articles and differences their headings, the reader of
article files the headings that it accepts, and the comparison of two texts what counts as a change of the recommendation.
Another part is another row.
"""

from __future__ import annotations

from enum import StrEnum

from ragqa.settings import Audience


class Part(StrEnum):
    """Where a statement belongs in an answer, and which heading of an article it stands under."""

    most: int
    """Most statements of this part in one answer."""
    acted_on: bool
    """Whether a clinician acts on it: a change here is a change of the recommendation."""
    for_clinicians: str
    for_patients: str
    written_as: tuple[str, ...]
    """Headings of an article's file that begin it, in lower case."""

    def __new__(
        cls, name: str, most: int, acted_on: bool, for_clinicians: str, for_patients: str, written_as: tuple[str, ...]
    ) -> Part:
        """A row of the table; ``name`` is the part's in JSON."""
        part = str.__new__(cls, name)
        part._value_ = name
        part.most, part.acted_on, part.written_as = most, acted_on, written_as
        part.for_clinicians, part.for_patients = for_clinicians, for_patients
        return part

    # fmt: off
    #                name            most  acted on  for clinicians        for patients               headings in an article
    RECOMMENDATION = "recommendation", 3,  True,     "Recommendation",     "What is advised",         ("answer", "recommendation")
    EVIDENCE =       "evidence",       5,  False,    "From the research",  "From the research",       ("evidence",)
    SAFETY =         "safety",         2,  True,     "Safety",             "Side effects and safety", ("safety",)
    UNCERTAINTY =    "uncertainty",    2,  False,    "What is uncertain",  "What is not certain",     ("uncertainty",)
    KEY_POINT =      "key_point",      3,  True,     "Key points",         "In short",                ("key points",)
    # fmt: on

    def heading(self, audience: Audience = "clinician") -> str:
        """What stands above the part's statements, for this reader."""
        return self.for_patients if audience == "patient" else self.for_clinicians
