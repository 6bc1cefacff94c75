"""A new account's desk: the department General, and the owner who answers there."""

from dataclasses import dataclass
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import override

from parley.accounts.actions import Opening, open_account
from parley.accounts.models import Login
from parley.desk.team import actions as team
from parley.desk.team.models import DEFAULT_DEPARTMENT
from parley.kernel.actors import Actor
from parley.kernel.cells import AccountAddress


@dataclass(frozen=True)
class Owner:
    """Without a password he is invited by mail."""

    email: str
    name: str = ""
    password: str = ""


def open_desk(opening: Opening, *, owner: Owner, by: Actor) -> AccountAddress:
    """An account that can take mail and be signed in to. May run again after a crash. Raises BadName,
    WeakPassword."""
    return open_account(opening, furnish=partial(_furnish, opening, owner, by), by=by)


def _furnish(opening: Opening, owner: Owner, by: Actor) -> None:
    with override(opening.language):
        general = _("General")
    team.add_department(general, mail_name="support", public_id=DEFAULT_DEPARTMENT, by=by)
    team.add_agent(
        owner.name or owner.email.partition("@")[0],
        email=owner.email,
        role=Login.Role.OWNER,
        language=opening.language,
        password=owner.password,
        by=by,
    )
