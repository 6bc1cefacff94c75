"""Whose a recipient is, and a mail into every account it is for: what the mail door asks the database.

Runs in threads of its own; each call enters the accounts it touches. Never a relay: an address that is
no account's is refused.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import Error, close_old_connections

from parley.kernel.cells import AccountAddress, NotServed, account_scope, address_of
from parley.kernel.tenancy import entered

from . import receive
from .addresses import is_address, normalise

P = ParamSpec("P")
R = TypeVar("R")
LONGEST_ADDRESS = receive.LONGEST_ADDRESS
#: On its way in or to another cell: the mail is welcome in a minute.
_PASSING = (AccountAddress.State.MOVING, AccountAddress.State.OPENING)


class NotNow(Exception):
    """The directory, a cell or the file store is away, or the account is being moved: try again
    (4xx)."""


class Unknown(Exception):
    """No open account has this address (550 5.1.1)."""


class NoAddress(Exception):
    """No address at all (553 5.1.3)."""


def in_thread(work: Callable[P, R]) -> Callable[P, R]:
    """For a thread that serves many: broken connections are let go; what is away becomes NotNow."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        close_old_connections()
        try:
            with entered(None):  # nothing of whoever started the thread
                return work(*args, **kwargs)
        except (Error, OSError) as error:
            raise NotNow(f"{type(error).__name__}: {error}") from error
        finally:
            close_old_connections()

    return run


def account_of(recipient: str) -> AccountAddress:
    """The open account that takes mail for this address. Raises NoAddress, Unknown, NotNow."""
    if not is_address(recipient) or len(recipient) > LONGEST_ADDRESS:
        raise NoAddress(recipient)
    host = normalise(recipient).rpartition("@")[2]
    try:
        return address_of(host)
    except NotServed:
        if _is_passing(host):
            raise NotNow(f"{host} is being moved") from None
        raise Unknown(recipient) from None


def _is_passing(host: str) -> bool:
    rows = AccountAddress.objects.filter(state__in=_PASSING)
    named = [each for each in rows.filter(name=host.partition(".")[0]) if each.host == host]
    return bool(named) or rows.filter(hosts__host=host).exists()


def store(raw: bytes, *, envelope_from: str, recipients: Sequence[str], source: str) -> list[str]:
    """One mail for each account among the recipients, committed when this returns. The accounts' names.

    Raises NotNow when any of them fails: the sender tries again, and those that have the mail already
    recognise it. Where each account lives is asked anew: it may have moved since the RCPT.
    """
    shares: dict[int, tuple[AccountAddress, list[str]]] = {}
    for each in recipients:
        try:
            address = account_of(each)
        except Unknown:
            raise NotNow(f"{each} was closed in the meantime") from None
        shares.setdefault(address.pk, (address, []))[1].append(each)
    for address, own in shares.values():
        with account_scope(address.pk, cell=address.cell):
            receive.accept(raw, envelope_from=envelope_from, recipients=own, source=source)
    return [address.name for address, _ in shares.values()]
