"""Where the lines, dots and labels of a plot lie; the template draws them as SVG, the style sheet colours them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STYLES = ("one", "two", "three")
"""Classes of lines: told apart by colour and by dashes."""
LEFT, TOP, RIGHT, BOTTOM = 52, 16, 84, 44
"""Margins, in the units of the view box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on an axis: where it lies and what it says."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A point worth marking, with its values in words."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One series: ``points`` as SVG writes them; its name stands at ``label_y`` beside the end."""

    name: str
    style: str
    points: str
    end_x: float
    label_y: float
    dots: tuple[Dot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A whole plot in a view box of ``width`` x ``height``."""

    width: int
    height: int
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    x_name: str
    y_name: str

    @property
    def left(self) -> int:
        """Where the x axis begins."""
        return LEFT

    @property
    def right(self) -> int:
        """Where the x axis ends."""
        return self.width - RIGHT

    @property
    def bottom(self) -> int:
        """Where the y axis begins."""
        return self.height - BOTTOM

    @property
    def top(self) -> int:
        """Where the y axis ends."""
        return TOP


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One part of a parted bar: where it begins, how wide it is, how many it stands for."""

    name: str
    x: float
    width: float
    count: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A bar parted by counts that add up to ``total``."""

    name: str
    y: int
    parts: tuple[Piece, ...]
    total: int


def risk_coverage(
    curves: Mapping[str, Sequence[Mapping[str, float]]], abstain_below: float, width: int = 620, height: int = 340
) -> Plot:
    """Risk (share of answers that should be none) against coverage (share answered), a line a split; the dot: ragqa."""
    top = max((point["risk"] for curve in curves.values() for point in curve), default=0.1) or 0.1
    ceiling = _ceiling(top)

    def place(point: Mapping[str, float]) -> tuple[float, float]:
        return _x(point["coverage"], width), _y(point["risk"] / ceiling, height)

    lines = []
    for (name, curve), style in zip(curves.items(), STYLES, strict=False):
        ordered = sorted(curve, key=lambda point: (point["coverage"], point["risk"]))
        rising = sorted(curve, key=lambda point: point["abstain_below"])
        here = next((point for point in rising if point["abstain_below"] >= abstain_below), None)
        label = (
            f"{name}: answers {here['coverage']:.0%} of the searched, {here['risk']:.1%} of them should be none" if here else ""
        )
        dots = (Dot(x=place(here)[0], y=place(here)[1], label=label),) if here else ()
        lines.append((name, style, [place(point) for point in ordered], dots))
    return _plot(
        lines,
        width,
        height,
        [(value, f"{value:.0%}") for value in (0, 0.25, 0.5, 0.75, 1)],
        [(part / 4, f"{ceiling * part / 4:.0%}") for part in range(5)],
        "coverage: share of searched questions answered",
        "risk",
    )


def trend(
    rows: Sequence[tuple[str, Mapping[str, float | None]]], names: Mapping[str, str], width: int = 620, height: int = 300
) -> Plot:
    """Measures over scorecards, oldest first; ``rows`` holds (label, measures), ``names`` what to draw and what to call it."""
    values = [row[name] for _, row in rows for name in names if row.get(name) is not None]
    floor = max(0.0, min((value for value in values if value is not None), default=0.0) - 0.05)
    floor = int(floor * 10) / 10
    step = 1 / max(1, len(rows) - 1)
    lines = []
    for (name, called), style in zip(names.items(), STYLES, strict=False):
        told = [(n, label, value) for n, (label, row) in enumerate(rows) if (value := row.get(name)) is not None]
        points = [(_x(n * step, width), _y((value - floor) / (1 - floor), height)) for n, _, value in told]
        dots = tuple(
            Dot(x=x, y=y, label=f"{called}, {label}: {value:.3f}") for (x, y), (_, label, value) in zip(points, told, strict=True)
        )
        lines.append((called, style, points, dots))
    every = max(1, len(rows) // 4)
    return _plot(
        lines,
        width,
        height,
        [(n * step, label) for n, (label, _) in enumerate(rows) if n % every == 0],
        [(part / 4, f"{floor + (1 - floor) * part / 4:.2f}") for part in range(5)],
        "scorecards, oldest first",
        "score",
    )


def stacked(rows: Mapping[str, Mapping[str, int]], full: float = 400) -> list[Stack]:
    """A bar for each row, parted by its counts in their order; each part tells its share."""
    stacks = []
    for n, (name, counts) in enumerate(rows.items()):
        total, called = sum(counts.values()), name.replace("-", " ")
        parts, x = [], 0.0
        for part, count in counts.items():
            width = full * count / total if total else 0.0
            label = f"{called}: {part} {count} of {total} ({count / total:.0%})" if total else ""
            parts.append(Piece(name=part, x=round(x, 1), width=round(width, 1), count=count, label=label))
            x += width
        stacks.append(Stack(name=called, y=30 * n, parts=tuple(parts), total=total))
    return stacks


def _plot(
    lines: Sequence[tuple[str, str, Sequence[tuple[float, float]], tuple[Dot, ...]]],
    width: int,
    height: int,
    x_ticks: Sequence[tuple[float, str]],
    y_ticks: Sequence[tuple[float, str]],
    x_name: str,
    y_name: str,
) -> Plot:
    drawn = [line for line in lines if line[2]]
    labels = _apart([points[-1][1] for _, _, points, _ in drawn])
    return Plot(
        width=width,
        height=height,
        x_ticks=tuple(Tick(at=_x(value, width), label=label) for value, label in x_ticks),
        y_ticks=tuple(Tick(at=_y(value, height), label=label) for value, label in y_ticks),
        lines=tuple(
            Line(
                name=name,
                style=style,
                points=" ".join(f"{x:g},{y:g}" for x, y in points),
                end_x=points[-1][0],
                label_y=label_y,
                dots=dots,
            )
            for (name, style, points, dots), label_y in zip(drawn, labels, strict=True)
        ),
        x_name=x_name,
        y_name=y_name,
    )


def _x(share: float, width: int) -> float:
    return round(LEFT + share * (width - LEFT - RIGHT), 1)


def _y(share: float, height: int) -> float:
    return round(height - BOTTOM - share * (height - TOP - BOTTOM), 1)


def _ceiling(value: float) -> float:
    """The next round number of an axis."""
    return next(step for step in (0.04, 0.08, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if value <= step)


def _apart(heights: Sequence[float], least: float = 15) -> list[float]:
    """Heights of labels, pushed down where one would stand on another."""
    placed: dict[int, float] = {}
    below = float("-inf")
    for n in sorted(range(len(heights)), key=lambda n: heights[n]):
        below = max(heights[n], below + least)
        placed[n] = below
    return [placed[n] for n in range(len(heights))]
