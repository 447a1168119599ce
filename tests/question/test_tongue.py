"""Questions in other languages than English."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragqa.question.tongue import is_foreign

pytestmark = pytest.mark.quick
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "question",
    [
        "¿Es eficaz la lamotrigina en el trastorno bipolar?",
        "La quétiapine est-elle utile dans l'anxiété ?",
        "Hilft Mirtazapin beim Einschlafen?",
        "A mirtazapina ajuda a dormir?",
        "Quali farmaci per l'insonnia negli anziani?",
        "Welke pillen helpen bij slapeloosheid?",
        "Czy mirtazapina pomaga na bezsenność?",
        "Uykusuzluk için hangi ilaç kullanılır?",
        "Hjälper mirtazapin vid sömnlöshet?",
        "Hjælper mirtazapin ved søvnløshed?",
        "Pomáhá mirtazapin při nespavosti?",
        "Ajută mirtazapina în insomnie?",
        "Segít a mirtazapin álmatlanság esetén?",
        "Auttaako mirtatsapiini unettomuuteen vai ei?",
        "Apakah mirtazapine membantu insomnia?",
        "Mirtazapine có giúp mất ngủ không?",
        "Помогает ли миртазапин при бессоннице?",
        "هل يساعد ميرتازابين على الأرق؟",
        "米氮平能治疗失眠吗？",
        "ミルタザピンは不眠に効きますか",
        "미르타자핀이 불면증에 도움이 되나요?",
        "Βοηθά η μιρταζαπίνη στην αϋπνία;",
        "ΒΟΗΘΑ Η ΜΙΡΤΑΖΑΠΙΝΗ;",
        "WELCHE DOSIS BEI KINDERN?",
    ],
)
def test_a_question_in_another_language_is_told_from_english(question: str) -> None:
    """By its script or its words, in capitals as well."""
    assert is_foreign(question)


@pytest.mark.parametrize(
    "question",
    [
        "",
        "???",
        "mirtazapine",
        "CrCl 18 memantine",
        "DBT vs MBT",
        "de novo variants",
        "in vivo / ex vivo",
        "folie à deux",
        "Ménière, Sjögren, Guillain-Barré",
        "per os or i.v.?",
        "status epilepticus, per rectum diazepam",
        "van der Berg trial of olanzapin",
        "the Österreich cohort: what did they find?",
        "TGF-β and 5-HT₂A",
        "β-blocker, α2-agonist",
        "pt c/o insomnia, hx BPD, on SSRI",
        "memantin bipolr depresion",
        "Does café au lait help naïve patients?",
        "APA, ANS, CAS, ADA and TAI",
    ],
)
def test_english_with_foreign_names_is_english(question: str) -> None:
    """Latin, French and names of people in it, shorthand, drug names alone, misspelt words."""
    assert not is_foreign(question)


def test_no_question_of_the_cases_is_taken_for_another_language() -> None:
    """All that clinicians ask in the working cases and the gold set."""
    files = [
        *(ROOT / "eval" / "gold").glob("*.jsonl"),
        *(ROOT / "eval" / "cases").glob("*.jsonl"),
        ROOT / "eval" / "triage.jsonl",
    ]
    rows = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines() if line.strip()]
    asked = [text for row in rows for text in (row.get("question"), row.get("text")) if isinstance(text, str)]
    assert len(asked) > 1000
    assert [text for text in asked if is_foreign(text)] == []
