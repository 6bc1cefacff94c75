"""Who did it."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["agent", "contact", "rule", "api", "operator", "system"]


@dataclass(frozen=True)
class Actor:
    """`str()` is what events store, `agent:123`; `Actor.read()` is its inverse."""

    kind: Kind
    id: int | None = None

    def __str__(self) -> str:
        return self.kind if self.id is None else f"{self.kind}:{self.id}"

    @classmethod
    def read(cls, text: str) -> "Actor":
        kind, _, number = text.partition(":")
        return cls(kind, int(number) if number else None)  # type: ignore[arg-type]


SYSTEM = Actor("system")
