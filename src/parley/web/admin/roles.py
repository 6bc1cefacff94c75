"""What roles are called on settings pages, and the selects that give somebody one in a department."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from parley.accounts.models import Login
from parley.desk.team.models import Membership

NOWHERE = "none"  # of the select: does not work there
PREFIX = "works-"  # and the public id of a department or an agent


def login_roles() -> dict[str, str]:
    """What one may do in the account."""
    return {Login.Role.OWNER: _("Owner"), Login.Role.ADMIN: _("Admin"), Login.Role.AGENT: _("Agent")}


def given_roles() -> list[tuple[str, str]]:
    """Those that can be given to somebody; the owner is one alone."""
    return [(role, text) for role, text in login_roles().items() if role != Login.Role.OWNER]


def member_roles() -> list[tuple[str, str]]:
    """What one does in a department, the least first."""
    return [
        (NOWHERE, _("Does not work here")),
        (Membership.Role.READER, _("Reader: sees tickets")),
        (Membership.Role.SOLVER, _("Solver: answers tickets")),
        (Membership.Role.SUPERVISOR, _("Supervisor: also assigns others")),
        (Membership.Role.MANAGER, _("Manager: also chooses members")),
    ]


class RolesForm(forms.Form):
    """One select for each public id, called works-ID. What was not sent stays as it is."""

    def __init__(self, data: QueryDict | None, public_ids: Iterable[str], now: dict[str, str]) -> None:
        super().__init__(data)
        self.now = now
        for each in public_ids:
            field = forms.ChoiceField(choices=member_roles(), required=False)
            self.fields[PREFIX + each] = field

    def chosen(self) -> dict[str, str | None]:
        """By public id, only what is to change: the role, None where it ends. After is_valid()."""
        sent = {name: role for name, role in self.cleaned_data.items() if role}
        roles = {
            name.removeprefix(PREFIX): None if role == NOWHERE else role for name, role in sent.items()
        }
        return {each: role for each, role in roles.items() if role != self.now.get(each)}

    def shown(self, public_id: str) -> str:
        """What the select stands at."""
        sent: Any = self.data.get(PREFIX + public_id) if self.is_bound else None
        return str(sent or self.now.get(public_id, NOWHERE))


def ids_sent(post: QueryDict) -> set[str]:
    """Whose roles a form is about."""
    return {name.removeprefix(PREFIX) for name in post if name.startswith(PREFIX)}
