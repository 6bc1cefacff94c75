"""What was measured, and how it is said: rows of a table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One line of the table. `value` is said as it stands; `note` says what it includes or leaves out."""

    what: str
    value: str
    note: str = ""


@dataclass
class Table:
    """The figures of one measurement on one database."""

    name: str
    database: str
    figures: list[Figure] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # promises that were seen broken

    def add(self, what: str, value: str, note: str = "") -> None:
        self.figures.append(Figure(what, value, note))

    def check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.problems.append(otherwise)


def percentile(values: Iterable[float], part: float) -> float:
    """The value below which `part` (0 to 1) of them lie. Raises ValueError for none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def spread(seconds: Sequence[float], *parts: int) -> str:
    """Such as `p50 3.1 ms, p99 12 ms`."""
    return ", ".join(f"p{part} {milliseconds(percentile(seconds, part / 100))}" for part in parts)


def milliseconds(seconds: float) -> str:
    value = seconds * 1000
    return f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms" if value >= 1 else f"{value:.2f} ms"


def rate(number: float, seconds: float) -> str:
    return f"{number / seconds:,.0f}/s"
