"""How large a measurement is: as it is meant, or so small that a test can run it."""

from dataclasses import dataclass
from typing import TypeVar

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Scale:
    """Called with both sizes of a thing, it chooses."""

    quick: bool = False

    def __call__(self, full: N, small: N) -> N:
        return small if self.quick else full
