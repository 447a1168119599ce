"""Patient identifiers in a question: found and taken out before anything is searched, stored or sent.

Rules over wording, first names (US Census 1990), cities (GeoNames, CC BY 4.0) and phone numbers (``phonenumbers``), tuned on
half of ASQ-PHI (``eval/measure/identifiers.py``). Years alone, ages, trials, eponyms and ids of publications identify nobody and
stay. See docs/decisions/0010-identifiers.md.
"""

from ragqa.question.privacy.redaction import Redacted, identifiers, redact, without_heading

__all__ = ["Redacted", "identifiers", "redact", "without_heading"]
