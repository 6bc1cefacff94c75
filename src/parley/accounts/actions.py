"""Opening an account: first its number and address in the directory, then its rows in the cell."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from parley.kernel.actions import Refusal, action, emit
from parley.kernel.actors import Actor
from parley.kernel.cells import AccountAddress, account_scope
from parley.kernel.operators import operator_action, record

from .events import AccountOpened
from .models import Account

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
RESERVED = frozenset(
    "www console api app mail smtp imap pop mx ns ns1 ns2 static assets files live admin root help support "
    "status billing localhost autoconfig autodiscover postmaster abuse security".split()
)


class BadName(Refusal):
    code = "account_name_invalid"
    message = _("An account's name has 1 to 63 letters a–z, digits and hyphens, and is not reserved.")


@dataclass(frozen=True)
class Opening:
    """What an account begins with."""

    name: str  # in front of the base domain
    title: str = ""  # what the company calls itself
    language: str = "en"
    time_zone: str = "UTC"
    cell: str = ""  # empty: the first


def open_account(
    opening: Opening, *, furnish: Callable[[], object] = lambda: None, by: Actor
) -> AccountAddress:
    """Two databases, no common transaction: each step may run again and does the rest.

    `furnish` puts in what the layers above need from the first moment, in the same transaction as the
    account's row. Raises BadName. An account that is there already is returned as it is.
    """
    name = opening.name.lower()
    if not NAME.fullmatch(name) or name in RESERVED:
        raise BadName
    address = _reserve(name, opening.cell or settings.CELLS[0], by=by, reason="an account is opened")
    if address.state == AccountAddress.State.OPENING:
        with account_scope(address.pk, cell=address.cell):
            _settle_in(address.pk, opening, furnish, by=by)
        _open(address, by=by, reason="its rows are in its cell")
    return address


@operator_action
def _reserve(name: str, cell: str, *, by: Actor, reason: str) -> AccountAddress:
    address, fresh = AccountAddress.objects.get_or_create(name=name, defaults={"cell": cell})
    if fresh:
        record(AccountOpened(address.pk))
    return address


@operator_action
def _open(address: AccountAddress, *, by: Actor, reason: str) -> None:
    address.state = AccountAddress.State.OPEN
    address.save(update_fields=["state"])


@action
def _settle_in(account_id: int, opening: Opening, furnish: Callable[[], object], *, by: Actor) -> None:
    if not Account.objects.exists():
        Account.objects.create(
            id=account_id,
            name=opening.title or opening.name,
            address=opening.name.lower(),
            language=opening.language,
            time_zone=opening.time_zone,
        )
        emit(AccountOpened(account_id), by=by)
        furnish()
