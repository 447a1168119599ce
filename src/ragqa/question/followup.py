"""A follow-up question made to stand alone: what it leaves out is taken from the conversation, or asked for.

No language model. The question's mentions (treatments, conditions, populations) are held against those of the thread: a bare
mention takes the place of its like ("and in adolescents?"), a pronoun becomes the treatment it points to, a correction replaces
what it corrects, and what then lacks a treatment or a condition takes over the thread's. Where a pronoun could mean either of
two treatments, the reader is asked. A wrong reading costs little: the question as asked is searched beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from ragqa.corpus.records import Turn
from ragqa.language.concepts import Mention, Role
from ragqa.language.concepts import mentions as read_mentions
from ragqa.language.roots import root
from ragqa.language.stop import OF_FOLLOW_UPS
from ragqa.question.understanding import QuestionType, understand

REMEMBERED = 6
"""Turns looked back on; by hand: so that the work per turn stays the same however long the conversation."""


@lru_cache(maxsize=256)
def mentions(text: str) -> tuple[Mention, ...]:
    """As ``ragqa.language.concepts.mentions``, remembered: one follow-up asks again and again for those of the same few texts."""
    return read_mentions(text)


@dataclass(frozen=True, slots=True)
class Reading:
    """``text`` stands alone; a follow-up leans on what was said before; ``choices`` are whole questions, one for each thing it
    could mean.

    ``joined`` is the question behind the one before it: clumsier, and free of any rule's mistake. ``unnamed`` are words of the
    question that point to something nobody named ("this drug").
    """

    text: str
    is_follow_up: bool = False
    choices: tuple[str, ...] = ()
    joined: str = ""
    unnamed: str = ""


@dataclass(frozen=True, slots=True)
class _Thread:
    """The last question as understood, one left open, what the article read is about, what the last question brought in."""

    question: str
    pending: str
    topic: str
    newest: tuple[Mention, ...] = ()

    @property
    def base(self) -> str:
        """What a bare mention is put into."""
        return self.question or self.topic

    @property
    def clinical(self) -> bool:
        """Whether it speaks of a treatment or a condition: outside medicine these rules know too little to add words."""
        found = mentions(f"{self.question} {self.topic}")
        return any(m.role in (Role.TREATMENT, Role.CONDITION) and not _OF_ANY_TRADE.search(m.text) for m in found)

    def of(self, role: Role) -> list[str]:
        """What the thread says of a role: the last question, else the topic.

        A question need not share the topic's population, nor, where it asks about kidneys or liver, its condition.
        """
        if role is Role.NAME and self.topic and len(self.topic.split()) <= LONGEST_NAME:
            return [self.topic]
        last = mentions(self.question)
        apart = role is Role.POPULATION or (role is Role.CONDITION and any(_ORGAN.search(mention.text) for mention in last))
        return _of(role, last) or ([] if apart else _of(role, mentions(self.topic)))

    def carried(self, role: Role) -> list[str]:
        """The same, of treatments that are weighed only the one that is asked about."""
        named = self.of(role) if self.clinical or self.topic else []
        return named[:2] if role is not Role.TREATMENT or _EITHER.search(self.question) else named[:1]


def standalone(question: str, history: Sequence[Turn], topic: str = "") -> Reading:
    """Read a question in the light of the turns before it; ``topic`` is the title of the article being read."""
    thread = _thread(history, topic)
    if not (thread.question or thread.pending or topic):
        return Reading(question, unnamed=_unnamed(question))
    corrected = _corrected(question, thread) if thread.clinical or thread.pending else None
    read = corrected or _followed(question, thread)
    if not read.is_follow_up:
        said = " ".join(f"{turn.question} {turn.standalone} {turn.answer}" for turn in history[-REMEMBERED:])
        return replace(read, unnamed="" if topic else _unnamed(question, said))
    return replace(read, joined=f"{thread.question.rstrip('?. ')}: {question}") if read.is_follow_up and thread.question else read


def chosen(question: str, history: Sequence[Turn]) -> Reading | None:
    """The choice that a reply names by its number ("2", "the second"); None when it is no such reply.

    A number that none of the choices has brings them up again, and one where nothing was offered asks nothing.
    """
    number = _NUMBERED.fullmatch(question.strip(" .)?!"))
    choices = history[-1].choices if history else ()
    if not number or not (choices or number[1]):
        return None
    if not choices:
        return Reading(question)
    place = int(number[1]) if number[1] else 1 + next(i for i, word in enumerate(_ORDINALS) if word == number[2].lower())
    within = 1 <= place <= len(choices)
    return Reading(choices[place - 1], is_follow_up=True) if within else Reading(question, is_follow_up=True, choices=choices)


def refers_back(question: str) -> bool:
    """Whether a pronoun in the question stands for something said before; beside a name it seldom does ("will it rain in X")."""
    named = "[" in question or any(mention.role is Role.NAME for mention in mentions(question))
    return not named and bool(_IT.search(question) or _THEY.search(question))


def _thread(history: Sequence[Turn], topic: str) -> _Thread:
    understood: list[Turn] = []
    for turn in history[-REMEMBERED:]:
        read = Reading(turn.standalone, choices=turn.choices) if turn.standalone else standalone(turn.question, understood, topic)
        understood.append(Turn(question=turn.question, standalone=read.text, choices=read.choices))
    texts = [turn.standalone for turn in understood]
    open_ended = bool(texts) and (understood[-1].choices or (len(texts) == 1 and not topic and refers_back(texts[-1])))
    pending = texts.pop() if open_ended else ""
    newest = mentions(history[-1].question) if history else ()
    return _Thread(question=texts[-1] if texts else "", pending=pending, topic=topic, newest=newest)


def _corrected(question: str, thread: _Thread) -> Reading | None:
    """Read "no, I meant quetiapine" and replies to asking back: the question again, with what is meant in place of its like."""
    base = thread.pending or thread.question
    said = " ".join(_CORRECTION.sub(" ", question).split()).strip(" ,.:;-")
    replies = bool(thread.pending and mentions(said)) and len(said.split()) <= LONGEST_REPLY and not _ASKING.search(said)
    if not base or (said == " ".join(question.split()).strip(" ,.:;-") and not replies):
        return None
    rejected = [match[1] for match in _REJECTED.finditer(said)]
    said = " ".join(_REJECTED.sub(" ", said).split()).strip(" ,.:;-")
    wanted = mentions(said)
    rest = _content(said, wanted)
    if not wanted and (degree := _DEGREE.search(said)) and _DEGREE.search(base):
        return Reading(f"{_DEGREE.sub(degree[0], base, count=1).rstrip('?. ')} ({said})?", is_follow_up=True)
    if _ASKING.search(said) or len(rest) >= LONGEST_REMARK:  # a question of its own after the correction
        settled = _exchanged(thread.question, wanted, rejected, thread.newest)
        return Reading(_followed(said.split(": ")[-1], _Thread(settled, "", thread.topic)).text, is_follow_up=True)
    text = _exchanged(base, wanted, rejected, thread.newest)
    text = _completed(text, thread) if thread.pending else text
    return Reading(f"{text.rstrip('?. ')} ({' '.join(rest)})?" if rest else text, is_follow_up=True)


def _followed(question: str, thread: _Thread) -> Reading:
    said = _LEAD_IN.sub("", question).strip()
    own = mentions(said)
    rest = _content(said, own)
    points = bool(_POINTING.search(said))
    against = _AGAINST.match(said)
    if against and thread.base:
        return Reading(f"{thread.base.rstrip('?. ')} compared with {said[against.end() :].strip()}", is_follow_up=True)
    bare = not rest and not points and any(mention.role is not Role.NAME for mention in own)
    if bare and thread.base and (thread.clinical or _of(Role.TREATMENT, own) or _of(Role.CONDITION, own)):
        return Reading(_completed(_exchanged(thread.base, own, ()), thread), is_follow_up=True)
    if said.endswith("!") or (not points and _stands(question, said, own, rest, thread)):
        return Reading(question)
    if not points and thread.clinical and _MEASURE.search(said) and len(rest) <= LONGEST_REMARK:
        return Reading(f"{thread.base.rstrip('?. ')}, {said}", is_follow_up=True)
    if (degree := _DEGREE_ALONE.fullmatch(said.rstrip("?. "))) and _DEGREE.search(thread.base):
        return Reading(_DEGREE.sub(degree[1], thread.base, count=1), is_follow_up=True)
    choices = _choices(said, own, thread)
    if len(choices) > 1:
        return Reading(question, is_follow_up=True, choices=tuple(_completed(choice, thread) for choice in choices))
    asked_of = own and _ASKING.search(said) and not points
    pointer = _IT.search(said)
    if not choices and pointer and thread.question and thread.clinical and not _named_before(own, pointer):
        return Reading(f"{said.rstrip('?. ')}: {thread.question}", is_follow_up=True)
    text = _completed(
        choices[0] if choices else said, thread, with_population=not asked_of, specific=bool(_SPECIFIC.search(said))
    )
    if text == said and not thread.clinical:
        return Reading(question)  # with nothing to take over, it stands as asked
    return Reading(text, is_follow_up=True)


def _choices(said: str, own: Sequence[Mention], thread: _Thread) -> list[str]:
    """The question with its pronoun replaced by each treatment it could mean; none where nothing points to a treatment."""
    named = {text.casefold() for text in _of(Role.TREATMENT, own)}
    referents = [text for text in thread.of(Role.TREATMENT) or thread.of(Role.NAME) if text.casefold() not in named]
    weighed = bool(_WEIGHED.search(thread.question)) and not _ADDED.search(thread.question)
    if referents and thread.topic and not thread.clinical and (who := _WHO.search(said)) and not _named_before(own, who):
        return [f"{said[: who.start()]}{referents[0]}{_possessive(who[0])}{said[who.end() :]}"]
    pointer = _IT.search(said)
    if pointer and referents and not _named_before(own, pointer):
        compares = bool(named) and bool(_WEIGHED.search(said))
        return [_pointed(said, name) for name in referents[: MOST_CHOICES if weighed and not compares else 1]]
    conditions = thread.of(Role.CONDITION)
    if _ONE_TRIAL.search(said) and _EITHER.search(thread.question) and not named:
        several = conditions if len(conditions) > 1 else referents if weighed else []
        return [f"{said.rstrip('?. ')} with {name}?" for name in several[:MOST_CHOICES]]
    return []


def _named_before(own: Sequence[Mention], pointer: re.Match[str]) -> bool:
    """Whether the question itself names what its pronoun stands for."""
    return any(mention.role in (Role.TREATMENT, Role.NAME) and mention.end <= pointer.start() for mention in own)


def _pointed(said: str, name: str) -> str:
    return _IT.sub(lambda match: name + _possessive(match[0]), said, count=1)


def _unnamed(question: str, said: str = "") -> str:
    """The first "this" or "these" with a noun that neither the conversation nor the question itself named before."""
    found, earlier = mentions(question), said.casefold()
    for match in islice(_THIS.finditer(question), MOST_POINTERS):
        before = question[: match.start()].casefold()
        roles = {mention.role for mention in found if mention.end <= match.start()}
        named = Role.TREATMENT in roles if _MEDICINE.search(match[0]) else bool(roles - {Role.NAME, Role.POPULATION})
        own = any(mention.start < match.end() and match.start() < mention.end for mention in found)
        known = any(root(word) in text for word in match["noun"].casefold().split() for text in (before, earlier))
        if not (named or own or known):
            return match[0]
    return ""


def _possessive(pronoun: str) -> str:
    return "'s" if pronoun.lower() in ("its", "his", "their") else ""


def _stands(question: str, said: str, own: Sequence[Mention], rest: Sequence[str], thread: _Thread) -> bool:
    """Whether a question names what it is about."""
    own = [mention for mention in own if not _beside(said, mention)]  # what is compared with is not the subject
    treatments, conditions = _of(Role.TREATMENT, own), _of(Role.CONDITION, own)
    if not treatments and not _ASKING.search(said):
        return not conditions and len(rest) >= LONGEST_LEANING
    if _BARE_COMPARATIVE.search(said) and len(treatments) < 2:
        return bool(conditions) and len(rest) >= LONGEST_REMARK
    if (treatments and conditions) or (_of(Role.NAME, own) and not (thread.of(Role.TREATMENT) or thread.of(Role.CONDITION))):
        return True
    if said != question or not rest:
        return False
    known = {text.casefold() for role in (Role.TREATMENT, Role.CONDITION) for text in thread.of(role)}
    return any(text.casefold() not in known for text in [*treatments, *conditions]) or len(rest) >= LONGEST_LEANING


def _beside(text: str, mention: Mention) -> bool:
    """Whether a mention is what something else is compared with."""
    return bool(_BESIDE.search(text, max(mention.start - LONGEST_JOINT, 0), mention.start))


def _completed(text: str, thread: _Thread, with_population: bool = True, specific: bool = False) -> str:
    """The text with the thread's treatment, population and condition where it names none; what one study did, with its names."""
    held = [mention for mention in mentions(text) if not _beside(text, mention)]
    wanted = (Role.TREATMENT, Role.POPULATION, Role.CONDITION) if with_population else (Role.TREATMENT, Role.CONDITION)
    lacking = [role for role in wanted if not _of(role, held)]
    if any(_ORGAN.search(population) for population in _of(Role.POPULATION, held)):
        lacking = [role for role in lacking if role is not Role.CONDITION]  # a dose depends on it whatever is treated
    if understand(text).question_type not in _ON_ORGANS:
        lacking = [role for role in lacking if not any(map(_ORGAN.search, thread.carried(role)))]
    added = [f"{_JOINT[role]} {' or '.join(carried)}" for role in lacking if (carried := thread.carried(role))]
    if specific and (thread.clinical or thread.topic) and (qualifiers := _qualifiers(thread.question, text)):
        added.append(f"({', '.join(qualifiers)})")
    return f"{text.rstrip('?. ')} {' '.join(added)}?" if added else text


def _qualifiers(question: str, text: str) -> list[str]:
    """Names and numbers that say which trial, dose or setting was spoken of."""
    named = [mention.text for mention in mentions(question) if mention.role is Role.NAME]
    numbered = [match[0] for match in _QUALIFIER.finditer(question)]
    said = text.casefold()
    return [words for words in dict.fromkeys([*named, *numbered]) if words.casefold() not in said][:MOST_QUALIFIERS]


def _exchanged(base: str, wanted: Sequence[Mention], rejected: Iterable[str], newest: Sequence[Mention] = ()) -> str:
    """The base with each wanted mention in place of the rejected one, else of the first of its role; added where none is.

    ``newest``: what a correction can only mean where the base holds nothing of its role.
    """
    if any(mention.role is Role.TREATMENT or _ORGAN.search(mention.text) for mention in wanted):
        base = _NARROWED.sub(r"\1", base)  # the dose or clearance spoken of was another one's
    against = " | ".join(dict.fromkeys(text.casefold() for text in rejected))
    for role in dict.fromkeys(mention.role for mention in wanted if mention.role is not Role.NAME):
        new = " and ".join(_of(role, wanted))
        old = [mention for mention in mentions(base) if mention.role is role]
        named = [mention for mention in old if mention.text.casefold() in against]
        if role is Role.TREATMENT and _IT.search(base) and not named:
            base = _IT.sub(new, base, count=1)
        elif place := next(iter(named or old or (_brought_in(base, newest) if role is not Role.TREATMENT else ())), None):
            base = base[: place.start] + new + base[place.end :]
        else:
            base = f"{base.rstrip('?. ')} {_JOINT[role]} {new}?"
    return base


def _brought_in(base: str, newest: Sequence[Mention]) -> list[Mention]:
    """Conditions and populations of the base that the last question brought in."""
    texts = {mention.text for mention in newest if mention.role in (Role.CONDITION, Role.POPULATION)}
    return [mention for mention in mentions(base) if mention.text in texts]


def _of(role: Role, found: Sequence[Mention]) -> list[str]:
    unique = {mention.text.casefold(): mention.text for mention in reversed(found) if mention.role is role}
    return list(reversed(unique.values()))


def _content(text: str, own: Sequence[Mention]) -> list[str]:
    """Words that are no mention and say something."""
    edges = [0, *(edge for mention in own for edge in (mention.start, mention.end)), len(text)]
    outside = " ".join(text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
    return [word for word in _WORD.findall(outside) if word.casefold() not in OF_FOLLOW_UPS]


LONGEST_JOINT = 60
"""Characters before a mention that are looked at for words of comparing; by hand: "compared with", a word more and blanks."""
LONGEST_NAME = 5
"""Words of a topic that is a name rather than a question; by hand: a question of fewer words is hardly asked."""
MOST_QUALIFIERS = 2
"""Names and numbers of a trial taken over; by hand: the name and one number find it, more would outweigh the question."""
MOST_CHOICES = 9
"""Things a pronoun may mean; by hand: a reader chooses by one digit."""
MOST_POINTERS = 20
"""Times that "this" or "these" with a noun is looked into; by hand: a question of 2,000 characters could hold two hundred."""
LONGEST_REPLY = 6
"""Words of a reply to a question asked back; by hand: "no, the one for adolescents please" has six."""
LONGEST_REMARK = 4
"""Telling words beside what a correction names, from which it is a question of its own; by hand;
`ragqa eval conversations --split dev` shows what another one costs."""
LONGEST_LEANING = 7
"""Telling words from which a question that names its treatment or condition says enough; by hand;
`ragqa eval conversations --split dev` shows what another one costs."""

_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_NUMBERED = re.compile(rf"(?:(?:number|option|no\.?|#)\s*)?(?:(\d)|(?:the )?({'|'.join(_ORDINALS)})(?: one)?)", re.IGNORECASE)
_JOINT = {Role.TREATMENT: "with", Role.POPULATION: "in", Role.CONDITION: "in", Role.NAME: "in"}
_WORD = re.compile(r"[\w*'-]+")
_LEAD_IN = re.compile(
    r"^(?:(?:ok(?:ay)?|so|and|but|or|also|then|thanks|thank you|right|hm+|well|great|"
    r"what about|how about|what if|what of|is there any|back to|going back to|as for)\b[\s,.:]*)+",
    re.IGNORECASE,
)
_CORRECTION = re.compile(
    r"^(?:no|nope|oops|sorry|wait(?! a)|actually|correction|hang on|my mistake|apologies)\b"
    r"(?:[\s,.:;-]+(?:no|sorry|not that|wait|i(?= mean))\b)*|"
    r"\b(?:i|we) (?:actually )?(?:meant?|was asking about|wanted)\b(?: to (?:say|ask)(?: about)?)?|"
    r"(?:^|(?<=[,.:;-] ))meant?\b(?: to (?:say|ask)(?: about)?)?|\bi mean\b|^(?:rather|make that)\b",
    re.IGNORECASE,
)
_REJECTED = re.compile(
    r"\b(?:not|no|without|rather than|instead of) (?:the |for |in )?([\w' -]{1,200}?)(?=[,;:.?]|\bbut\b|$)", re.IGNORECASE
)
_IT = re.compile(
    r"\b(?:its?\b(?! (?:is|was) (?:better|best|good|bad) (?:to|never|not|if)\b)|"
    r"(?:this|that|the|said) (?:drug|medication|medicine|treatment|therapy|one|agent|intervention|approach)|"
    r"(?:this|that)"
    r"(?= (?:safe|works?|helps?|effective|better|worse|first|recommended|useful|bad|good|ok|okay)\b)|"
    r"(?<=than )(?:this|that)\b)(?! own)",
    re.IGNORECASE,
)
_OF_ANY_TRADE = re.compile(r"(?:program(?:me)?|apps?|plans?|training)$", re.IGNORECASE)
"""A payment plan is no treatment: alone such a word does not make a conversation one about medicine."""
_THIS = re.compile(
    r"\b(?:this|these) (?!(?:is|was|are|were|one|ones|can|could|will|would|does|do|did|has|have|may|mean|also|not|too|really|"
    r"kinds?|types?|sorts?|case|cases|way|regard|point|time|moment|morning|afternoon|evening|night|day|week|weekend|month|years?|"
    r"different|same|safe|effective|common|for|in|on|to|as|and|or|from|with|by|at|of|the|a|an|\w+(?:ed|s(?=\b[^.?]* than\b)))\b)"
    r"(?P<noun>[a-z]{3,}(?: [a-z]{3,})?)",
    re.IGNORECASE,
)
_MEDICINE = re.compile(r"\b(?:drug|medic\w+|treatment|therap\w+|agent|tablet|dos\w+)", re.IGNORECASE)
_ONE_TRIAL = re.compile(r"\b(?:that|this|the) (?:trial|study)\b", re.IGNORECASE)
_EITHER = re.compile(r"\b(?:or|and|both|either|between)\b", re.IGNORECASE)
_ASKING = re.compile(
    r"^(?:is|are|was|were|do|does|did|can|could|should|has|have|will|would|what|which|how|why|when|who|where)\b|:\s",
    re.IGNORECASE,
)
_QUALIFIER = re.compile(
    r"\b(?:(?:low|high|fixed|extended|immediate|double|open|long|short)-\w+|"
    r"\d\w*(?:[.,-]\w+)*(?: ?(?:mg|mcg|g|ml)(?:/\w+)?)?|[\w-]{0,40}\d\b)"
)
_MEASURE = re.compile(r"\d")
"""A number narrows the last question down: "at 84 mg?", "crcl about 40"."""
_NARROWED = re.compile(r"^((?:\S+\s){3,99}?[^\s,?]+)\?*,\s(?>[^,]*\d).*+$")
"""A whole question and the number that narrows it down."""
_WHO = re.compile(r"\b(?:he|she|him|his|they|their|them|her)\b", re.IGNORECASE)
"""In a conversation about medicine these are patients; about a name they are that name."""
_THEY = re.compile(r"\b(?:they|them|these|those|(?:this|that) (?:drug|one|trial|study|treatment|therapy))\b", re.IGNORECASE)
_SPECIFIC = re.compile(
    r"\b(?:(?:that|this|the|those|these|both) (?:\w+ )?(?:trials?|stud(?:y|ies)|group|arms?|"
    r"patients|review|guideline)|they|them|took part)\b|\b(?:was|did|were|had) (?:it|they|there)\b",
    re.IGNORECASE,
)
"""Words for what one study did: then its names and numbers matter."""
_ORGAN = re.compile(r"renal|kidney|hepatic|liver|dialysis|child-pugh", re.IGNORECASE)
_ON_ORGANS = (QuestionType.DOSE, QuestionType.GENERAL)
"""Question types that kidneys and liver matter to: what a dose depends on does not narrow another question."""
_DEGREE_ALONE = re.compile(
    r"(?:in |for )?(?:the )?(mild|moderate|severe)(?: (?:disease|disorder|illness|cases?|one|form))?", re.IGNORECASE
)
_DEGREE = re.compile(r"\b(?:mild|moderate|severe)(?:[- ]to[- ](?:moderate|severe))?\b", re.IGNORECASE)
_POINTING = re.compile(
    r"(?<!worth )\b(?:it|its|they|them|their|he|she|his|her|this|that|those|these|there|either|both|same|other|others|instead|"
    r"one|ones|the former|the latter|"
    r"the (?:trial|trials|study|studies|drug|drugs|medication|treatment|therapy|review|"
    r"article|dose|evidence|effect|authors))\b(?! (?:own|is (?:there|it))\b)",
    re.IGNORECASE,
)
_BARE_COMPARATIVE = re.compile(
    r"\b(?:better|safer|worse|superior|inferior|stronger|preferable|best|safest|(?:more|less|most|least) \w+)\b"
    r"(?!.{0,200}\bthan\b)",
    re.IGNORECASE,
)
_BESIDE = re.compile(r"\b(?:vs\.?|versus|than|compared (?:to|with)|against)\s+(?:\w+\s)?$", re.IGNORECASE)
_AGAINST = re.compile(r"^(?:vs\.?|versus|compared (?:to|with)|against|than|over)\b", re.IGNORECASE)
_WEIGHED = re.compile(r"\b(?:vs\.?|versus|than|compar\w+|against|or|both|either|and|between)\b", re.IGNORECASE)
_ADDED = re.compile(
    r"\b(?:add(?:ed|ing|s)?|addition|adjunct\w*|augment\w*|combin\w+|plus|on top of|alongside|after|despite|when|from|to)\b",
    re.IGNORECASE,
)
