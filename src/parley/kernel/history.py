"""What happened to one thing, read back from the events: for histories and audits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .actors import Actor
from .events import StoredEvent


@dataclass(frozen=True)
class Happened:
    """`event` is the frozen dataclass that was emitted."""

    seq: int
    event: Any
    actor: Actor
    at: datetime
    caused_by: int | None


def of(subject: str, *, names: Collection[str], most: int = 500) -> list[Happened]:
    """The latest `most` of the named events of the account in scope, the oldest first. `subject` is kind-id."""
    rows = StoredEvent.objects.filter(subject=subject, name__in=names).order_by("-seq")[:most]
    return [
        Happened(row.seq, row.load(), Actor.read(row.actor), row.at, row.caused_by)
        for row in reversed(rows)
    ]
