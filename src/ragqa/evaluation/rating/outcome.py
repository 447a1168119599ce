"""What came of a rating: verdicts of each system, which was preferred, how far raters agree, and every rating for export."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from ragqa.evaluation.rating.agreement import Ratings, alpha, interval, kappa, raw_agreement
from ragqa.evaluation.rating.sessions import SIDES, Pair, Rating, Session, SessionFolder
from ragqa.evaluation.tally import sign_test, tally, wilson

COLUMNS = ("pair", "id", "group", "question", "rater", "at", "side", "system", "verdict", "preferred", "note")


def outcome(session: SessionFolder) -> dict[str, Any]:
    """All that is told of a session, raters by number. Raises InvalidRecord where its files are damaged."""
    made, ratings, pairs = session.read(), session.ratings(), session.pairs()
    raters = pseudonyms(ratings)
    systems = dict(zip("ab", made.systems, strict=True))
    rows = [(made.system(one.pair, side), getattr(one, side)) for one in ratings for side in SIDES]
    return {
        "schema": "ragqa.rated/1",
        "name": session.name,
        "closed": session.closed,
        "systems": systems,
        "pairs": len(pairs),
        "ratings": {name: sum(one.rater == rater for one in ratings) for rater, name in raters.items()},
        "verdicts": {system: tally([verdict for of, verdict in rows if of == system]) for system in systems},
        "preferred": preferred(made, ratings),
        "agreement": agreement(made, ratings, raters),
        "disputed": list(disputed(made, pairs, ratings, raters)),
    }


def pseudonyms(ratings: Sequence[Rating]) -> dict[str, str]:
    """Raters as rater-1, rater-2 and so on, in the order in which they first rated."""
    return {name: f"rater-{number}" for number, name in enumerate(dict.fromkeys(one.rater for one in ratings), 1)}


def preferred(session: Session, ratings: Sequence[Rating]) -> dict[str, Any]:
    """How often each system was called the better one, and the two-sided exact sign test of a against b."""
    won = [session.system(one.pair, one.better) for one in ratings if one.better != "no difference"]
    low, high = wilson(won.count("a"), len(won))
    found = {"a": won.count("a"), "b": won.count("b"), "no_difference": len(ratings) - len(won)}
    return found | {"share_of_a": {"low": low, "high": high}, "p": sign_test(won.count("a"), len(won))}


def agreement(session: Session, ratings: Sequence[Rating], raters: dict[str, str]) -> dict[str, Any]:
    """Of the verdicts and of the preference: raw agreement, kappa where there are two raters, Krippendorff's alpha.

    Intervals are drawn over pairs, because two answers to one question are not two independent units.
    """
    verdicts: dict[str, dict[str, str]] = {}
    better: dict[str, dict[str, str]] = {}
    for one in ratings:
        for side in SIDES:
            verdicts.setdefault(f"{one.pair} {session.system(one.pair, side)}", {})[one.rater] = getattr(one, side)
        winner = one.better if one.better == "no difference" else session.system(one.pair, one.better)
        better.setdefault(str(one.pair), {})[one.rater] = winner
    return {"verdicts": _agreement(verdicts, raters), "preference": _agreement(better, raters)}


def _agreement(ratings: dict[str, dict[str, str]], raters: dict[str, str]) -> dict[str, Any]:
    pairs = list(dict.fromkeys(unit.split()[0] for unit in ratings))

    def again(drawn: Sequence[str]) -> Ratings:
        units = [(n, name, unit) for n, pair in enumerate(drawn) for name, unit in ratings.items() if name.split()[0] == pair]
        return {f"{n} {name}": unit for n, name, unit in units}

    found: dict[str, Any] = {
        "units": sum(len(unit) > 1 for unit in ratings.values()),
        "same": _rounded(raw_agreement(ratings)),
        "alpha": _rounded(alpha(ratings)),
        "alpha_interval": interval(pairs, lambda drawn: alpha(again(drawn))),
    }
    if len(raters) == 2:
        first, second = raters
        found["kappa"] = _rounded(kappa(ratings, first, second))
        found["kappa_interval"] = interval(pairs, lambda drawn: kappa(again(drawn), first, second))
    return found


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def disputed(
    session: Session, pairs: Sequence[Pair], ratings: Sequence[Rating], raters: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Answers of which raters said different words, with what each said."""
    for pair in pairs:
        own = [one for one in ratings if one.pair == pair.number]
        for side in SIDES:
            if len({getattr(one, side) for one in own}) > 1:
                said = {raters[one.rater]: {"verdict": getattr(one, side), "note": getattr(one, f"{side}_note")} for one in own}
                yield {"pair": pair.number, "asked": pair.asked, "system": session.system(pair.number, side), "said": said}


def rows(session: SessionFolder) -> list[dict[str, Any]]:
    """One row a rating and side, with the system told and the rater by number. Raises InvalidRecord."""
    made, ratings = session.read(), session.ratings()
    pairs, raters = {pair.number: pair for pair in session.pairs()}, pseudonyms(ratings)
    return [
        {
            "pair": one.pair,
            "id": pairs[one.pair].id,
            "group": pairs[one.pair].group,
            "question": " / ".join(pairs[one.pair].asked),
            "rater": raters[one.rater],
            "at": one.at.isoformat(),
            "side": side,
            "system": dict(zip("ab", made.systems, strict=True))[made.system(one.pair, side)],
            "verdict": getattr(one, side).value,
            "preferred": one.better if one.better == "no difference" else "yes" if one.better == side else "no",
            "note": getattr(one, f"{side}_note"),
        }
        for one in ratings
        for side in SIDES
    ]


def as_csv(table: Sequence[dict[str, Any]]) -> str:
    """The rows as CSV. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _inert(value) for name, value in row.items()} for row in table)
    return out.getvalue()


def _inert(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
