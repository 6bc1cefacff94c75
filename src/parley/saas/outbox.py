"""The outbox of a development installation: what would have left, from all accounts.

Exists only where no relay is configured and the base domain is this machine's own, so that the reader of
the page and the owner of all the mail are one person.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from django.conf import settings

from parley.kernel.all_accounts import across_accounts

R = TypeVar("R")


class NotHere(LookupError):
    """This installation sends real mail, or strangers can reach it."""


def is_open() -> bool:
    """Whether anybody who reaches the base domain may read all mail."""
    domain = settings.BASE_DOMAIN
    return not settings.SMTP_RELAY and (domain == "localhost" or domain.endswith(".localhost"))


def from_every_account(read: Callable[[], Iterable[R]]) -> list[tuple[str, R]]:
    """What `read` finds in each cell, with the cell's name. Raises NotHere."""
    if not is_open():
        raise NotHere
    found: list[tuple[str, R]] = []
    for cell in settings.CELLS:
        with across_accounts("In development one page shows all caught mail.", cell=cell):
            found += [(cell, each) for each in read()]
    return found
