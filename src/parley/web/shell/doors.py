"""Who may open which page: every view says it, and a view that does not is refused before it runs."""

from collections.abc import Callable
from typing import Literal, TypeVar

V = TypeVar("V", bound=Callable)
#: Agents are signed in; admins may manage people and settings.
Who = Literal["everyone", "agents", "admins"]


def open_to(who: Who) -> Callable[[V], V]:
    def mark(view: V) -> V:
        view.open_to = who  # type: ignore[attr-defined]
        return view

    return mark


def door_of(view: Callable) -> Who:
    """Raises RuntimeError for a view that has not said who may open it."""
    who = getattr(view, "open_to", None)
    if who is None:
        raise RuntimeError(f"{view.__module__}.{view.__qualname__} does not say who may open it")
    return who
