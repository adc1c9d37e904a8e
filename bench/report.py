"""The report: figures, each with its bar (the ratio required of it), tables,
progress."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

type Slice = Callable[[], float]
"""A measurement that runs for a moment and returns a rate per second."""


class Part(Protocol):
    """One table of the report."""

    name: str

    @property
    def missed(self) -> bool:
        """Whether a figure is on the wrong side of its bar."""
        ...

    def table(self) -> str: ...
    def data(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Figure:
    """The median ratio of paired slices."""

    name: str
    pairs: list[tuple[float, float]]
    """Rates per second: what is measured, and what it is compared with."""
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def ratios(self) -> list[float]:
        """The ratios of the speeds or, where the bar is `at_most`, of the times."""
        if self.at_most is None:
            return [rate / beside for rate, beside in self.pairs]
        return [beside / rate for rate, beside in self.pairs]

    @property
    def quartiles(self) -> tuple[float, float, float]:
        if len(self.pairs) == 1:
            return (self.ratios[0],) * 3
        low, middle, high = statistics.quantiles(self.ratios, n=4, method="inclusive")
        return low, middle, high

    @property
    def missed(self) -> bool:
        ratio = self.quartiles[1]
        return (self.at_least is not None and ratio < self.at_least) or (
            self.at_most is not None and ratio > self.at_most
        )

    @property
    def rates(self) -> tuple[float, float]:
        return (
            statistics.median(rate for rate, _ in self.pairs),
            statistics.median(beside for _, beside in self.pairs),
        )

    def data(self) -> dict[str, Any]:
        low, middle, high = self.quartiles
        rate, beside = self.rates
        return {
            "ratio": round(middle, 3),
            "quartiles": [round(low, 3), round(high, 3)],
            "per_second": round(rate, 1),
            "beside_per_second": round(beside, 1),
            "bar": self.at_least if self.at_most is None else self.at_most,
            "missed": self.missed,
            "note": self.note,
            "slices": [
                [round(rate, 1), round(beside, 1)] for rate, beside in self.pairs
            ],
        }


@dataclass
class Ratios:
    """A table of figures that are compared with the same thing."""

    name: str
    title: str
    heads: tuple[str, str, str]
    """The headings for the ratio, what is measured, and what it is compared with."""
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    multiples: bool = False
    """Ratios are printed as multiples: 4.3×."""

    @property
    def missed(self) -> bool:
        return any(figure.missed for figure in self.figures)

    def table(self) -> str:
        width = max(len(figure.name) for figure in self.figures) + 2
        show = "{:.2f}×".format if self.multiples else "{:.1%}".format
        lines = [
            self.title,
            (
                f"{'':{width}}{self.heads[0]:>18}{'quartiles':>16}"
                f"{self.heads[1]:>14}{self.heads[2]:>14}{'bar':>9}"
            ),
        ]
        for figure in self.figures:
            low, middle, high = figure.quartiles
            rate, beside = figure.rates
            if figure.at_most is not None:
                bar = f"≤ {figure.at_most:{'g' if self.multiples else '.0%'}}"
            elif figure.at_least is not None:
                bar = f"≥ {figure.at_least:.0%}"
            else:
                bar = ""
            lines.append(
                f"{figure.name:{width}}{show(middle):>18}"
                f"{f'{show(low)}-{show(high)}':>16}"
                f"{rate:>14,.0f}{beside:>14,.0f}{bar:>9}"
                + ("  MISSED" if figure.missed else "")
                + (f"  {figure.note}" if figure.note else "")
            )
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def data(self) -> dict[str, Any]:
        figures = {figure.name: figure.data() for figure in self.figures}
        return {"figures": figures, "notes": self.notes}


def pair(
    slices: dict[str, tuple[Slice, Slice]], rounds: int, what: str
) -> dict[str, list[tuple[float, float]]]:
    """Run each slice and the one that it is compared with in turn, the order changing
    from round to round so that neither gains from going second; return pairs of
    rates."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in slices}
    progress = Progress(what, rounds * len(slices))
    for number in range(rounds):
        for name, (measured, beside) in slices.items():
            if number % 2:
                rate = measured()
                times[name].append((rate, beside()))
            else:
                other = beside()
                times[name].append((measured(), other))
            progress.add(1)
    progress.end()
    return times


class Progress:
    """A progress bar on a terminal; elsewhere, a line at the end."""

    def __init__(self, what: str, total: int) -> None:
        self.what = what
        self.total = max(total, 1)
        self.done = 0
        self.started = time.monotonic()

    def add(self, number: int) -> None:
        self.done += number
        if sys.stderr.isatty():
            part = min(1.0, self.done / self.total)
            drawn = "#" * round(part * 30)
            sys.stderr.write(f"\r  {self.what:24} [{drawn:30}] {part:4.0%}")
            sys.stderr.flush()

    def end(self) -> None:
        taken = f"{time.monotonic() - self.started:.0f} s"
        end = "\r\033[K" if sys.stderr.isatty() else ""
        sys.stderr.write(f"{end}  {self.what}: {taken}\n")
