"""What a sentence says about direction: more, less, no difference, or the opposite of another sentence.

Direction is read from words, with the words that turn it round (negations) counted apart. Used to check statements, to find
sources that disagree, and to answer yes or no.
"""

from __future__ import annotations

import re
from typing import Literal

Direction = Literal["more", "less", "none"]

NEGATION = re.compile(
    r"\b(?:no|not|never|neither|nor|none|without|cannot|fail(?:s|ed|ure)? to|lack(?:s|ed|ing)?|unable|absence of|"
    r"ineffective|unlikely)\b|n't\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\b(?:increas|higher|high|greater|more|elevat|enhanc|promot|up-?regulat|improv|rais|rise|risen|activat|stimulat|"
    r"induc|longer|larger|better|"
    r"superior|gain|exacerbat|facilitat|augment|accelerat|positiv|stronger|favou?r|outperform)\w*",
    re.IGNORECASE,
)
_LESS = re.compile(
    r"\b(?:decreas|lower|low|less|fewer|reduc|diminish|attenuat|inhibit|suppress|down-?regulat|impair|declin|prevent|"
    r"block|shorter|smaller|"
    r"worse|inferior|loss|protect|abolish|abrogat|slow|negativ|weak|deficien|deplet|lack)\w*",
    re.IGNORECASE,
)
_NO_DIFFERENCE = re.compile(
    r"\b(?:no (?:\w+ ){0,4}(?:differences?|effects?|associations?|changes?|benefits?|evidence|impact|role|relation\w*|"
    r"correlation|increases?|"
    r"decreases?|reductions?|improvements?|advantages?|superiority)|(?:not|n't|nor) (?:\w+ ){0,3}(?:differ\w*|"
    r"associated|affect|chang\w+|improv\w+|"
    r"reduc\w+|increas\w+|significant\w*|correlat\w+|separate|outperform|beat|superior|better|effective|alter\w*)|"
    r"similar(?:ly)?|unaffected|"
    r"unchanged|comparable|non-?significant\w*|failed to|neither|no more effective)\b|\bp\s*[>=]\s*0?\.(?:[1-9]|0[6-9])",
    re.IGNORECASE,
)
COMPARED = re.compile(
    r"\b(?:than|compared|versus|vs|placebo|control|against|superior|outperform\w*|favou?red|effective|"
    r"significant(?:ly)?|improved|reduced|"
    r"lowered|beat|fewer)\b",
    re.IGNORECASE,
)
"""A sentence that reports a difference between groups or from before to after, not one that describes a study."""
SIGNIFICANT = re.compile(r"\bp\s*[<≤]\s*0?\.\d|\bp\s*=\s*0?\.0[0-4]|\bsignificant(?:ly)?\b", re.IGNORECASE)

_OPPOSITES = (
    ("increases", "decreases"),
    ("increase", "decrease"),
    ("increased", "decreased"),
    ("increasing", "decreasing"),
    ("higher", "lower"),
    ("high", "low"),
    ("greater", "smaller"),
    ("more", "less"),
    ("improves", "worsens"),
    ("improve", "worsen"),
    ("improved", "worsened"),
    ("enhances", "impairs"),
    ("enhance", "impair"),
    ("promotes", "inhibits"),
    ("promote", "inhibit"),
    ("activates", "inhibits"),
    ("activation", "inhibition"),
    ("upregulated", "downregulated"),
    ("upregulates", "downregulates"),
    ("upregulation", "downregulation"),
    ("induces", "prevents"),
    ("induce", "prevent"),
    ("better", "worse"),
    ("superior", "inferior"),
    ("longer", "shorter"),
    ("positive", "negative"),
    ("gain", "loss"),
    ("raises", "lowers"),
    ("raised", "lowered"),
    ("elevated", "reduced"),
    ("effective", "ineffective"),
    ("beneficial", "harmful"),
    ("presence", "absence"),
    ("sensitive", "resistant"),
    ("stronger", "weaker"),
    ("larger", "smaller"),
    ("reduces", "increases"),
    ("reduce", "increase"),
    ("reduced", "increased"),
    ("reduction", "increase"),
    ("fewer", "more"),
    ("favoured", "disfavoured"),
    ("recommended", "not recommended"),
    ("leads", "does not lead"),
    ("lead", "do not lead"),
    ("associated", "not associated"),
    ("causes", "prevents"),
    ("does", "does not"),
    ("do", "do not"),
    ("did", "did not"),
    ("is", "is not"),
    ("are", "are not"),
    ("was", "was not"),
    ("were", "were not"),
    ("has", "lacks"),
    ("have", "lack"),
    ("can", "cannot"),
    ("with", "without"),
)
"""Earlier pairs are tried first: turning "increases" round says more than putting "not" after "is"."""
_OPPOSITE = {word: other for first, second in reversed(_OPPOSITES) for word, other in ((second, first), (first, second))}
_NEGATED = re.compile(
    r"\b(?:does not|do not|did not|is not|are not|was not|were not|not|no|cannot|lacks?|without)\b\s*", re.IGNORECASE
)


def balance(text: str) -> int:
    """1 when words of more outweigh words of less, -1 the other way, 0 when neither does."""
    difference = len(_MORE.findall(text)) - len(_LESS.findall(text))
    return (difference > 0) - (difference < 0)


def direction_words(text: str) -> list[str]:
    """Every word of more, of less and of negation, in order, lower case."""
    return [match[0].lower() for pattern in (_MORE, _LESS, NEGATION) for match in pattern.finditer(text)]


def reports_no_difference(text: str) -> bool:
    """Whether a sentence says that something made no difference, or none that is significant."""
    return bool(_NO_DIFFERENCE.search(text))


def direction(text: str) -> Direction | None:
    """What a result sentence reports; None where its words do not say."""
    if reports_no_difference(text):
        return "none"
    turned = balance(text)
    return "more" if turned > 0 else "less" if turned < 0 else None


def negated(text: str) -> bool:
    """Whether the negations in a text are odd in number."""
    return len(NEGATION.findall(text)) % 2 == 1


def opposite(claim: str) -> str:
    """The claim turned round: its negation taken out, else its first word of direction swapped, else denied as a whole."""
    if found := _NEGATED.search(claim):
        return (claim[: found.start()] + claim[found.end() :]).strip()
    words = claim.split(" ")
    ranked = [(rank, i) for i, word in enumerate(words) for rank, key in enumerate(_OPPOSITE_ORDER) if word.lower() == key]
    if not ranked:
        return f"It is not true that {claim}"
    place = min(ranked)[1]
    return " ".join([*words[:place], _OPPOSITE[words[place].lower()], *words[place + 1 :]])


_OPPOSITE_ORDER = tuple(dict.fromkeys(word for pair in _OPPOSITES for word in pair if " " not in word))
