"""Everything that can be done to agents and departments."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import chain, count

from django.utils.translation import gettext_lazy as _

from parley.accounts.models import Login
from parley.accounts.sign_in import actions as sign_in
from parley.kernel import clock
from parley.kernel.actions import Refusal, action, emit
from parley.kernel.actors import Actor
from parley.kernel.numbers import unused

from . import events
from .models import DEFAULT_DEPARTMENT, Agent, Department, Membership

MAIL_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
LONGEST_DERIVED = 50  # room for a number
SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa"})
#: Local parts with a meaning of their own.
RESERVED_MAIL_NAMES = frozenset("postmaster abuse mailer-daemon noreply no-reply bounce".split())


class BadMailName(Refusal):
    code = "mail_name_invalid"
    message = _("The part before the @ has letters a–z, digits, dots and hyphens, and is not reserved.")


class MailNameTaken(Refusal):
    code = "mail_name_taken"
    message = _("Another department has this address.")


@action
def add_agent(
    name: str,
    *,
    email: str,
    role: str = Login.Role.AGENT,
    language: str = "",
    password: str = "",
    departments: Sequence[Department] | None = None,
    by: Actor,
) -> Agent:
    """An agent with a login: invited by mail, or able to sign in at once when there is a password.

    He solves tickets in `departments`; in the default one where none are said.

    Raises EmailTaken, OneOwner, WeakPassword.
    """
    login = sign_in.add_login(email, role=role, language=language, password=password, by=by)
    agent = Agent.objects.create(name=name.strip()[:100], login=login)
    emit(events.AgentAdded(agent.pk), by=by)
    if departments is None:
        departments = Department.objects.filter(public_id=DEFAULT_DEPARTMENT)
    for department in departments:
        set_member(department, agent, role=Membership.Role.SOLVER, by=by)
    return agent


Roles = Iterable[tuple[Department, Agent, str | None]]


@action
def change_agent(
    agent: Agent, *, name: str, alias: str = "", role: str | None = None, members: Roles = (), by: Actor
) -> None:
    """All that an agent's page says, or nothing of it. `role` None: as it is. Raises OneOwner."""
    rename_agent(agent, name=name, alias=alias, by=by)
    if role is not None and agent.login:
        sign_in.change_role(agent.login, role=role, by=by)
    set_members(members, by=by)


@action
def change_profile(
    agent: Agent, *, name: str, alias: str, language: str, time_zone: str, by: Actor
) -> None:
    """What an agent says about himself."""
    rename_agent(agent, name=name, alias=alias, by=by)
    if agent.login:
        sign_in.change_profile(agent.login, language=language, time_zone=time_zone, by=by)


@action
def rename_agent(agent: Agent, *, name: str, alias: str = "", by: Actor) -> None:
    name, alias = name.strip()[:100], alias.strip()[:100]
    if (agent.name, agent.alias) == (name, alias):
        return
    agent.name, agent.alias = name, alias
    agent.save(update_fields=["name", "alias"])
    emit(events.AgentChanged(agent.pk), by=by)


@action
def delete_agent(agent: Agent, *, by: Actor) -> None:
    """His sessions end at once. Raises OneOwner."""
    if agent.login:
        sign_in.delete_login(agent.login, by=by)
    agent.deleted_at = clock.now()
    agent.save(update_fields=["deleted_at"])
    Membership.objects.filter(agent=agent).delete()
    emit(events.AgentDeleted(agent.pk), by=by)


@action
def add_department(
    name: str, *, mail_name: str | None = None, public_id: str = "", by: Actor
) -> Department:
    """`mail_name` None: one is made of the name. Raises BadMailName, MailNameTaken."""
    mail_name = _free_mail_name(name) if mail_name is None else mail_name
    _check_mail_name(mail_name, but=None)
    given = {"public_id": public_id} if public_id else {}
    last = Department.objects.order_by("-position").values_list("position", flat=True).first()
    department = Department.objects.create(
        name=name.strip()[:100],
        mail_name=mail_name,
        position=0 if last is None else last + 1,
        **given,
    )
    emit(events.DepartmentAdded(department.pk), by=by)
    return department


@action
def change_department(department: Department, *, name: str, mail_name: str, by: Actor) -> None:
    """Raises BadMailName, MailNameTaken."""
    name = name.strip()[:100]
    if (department.name, department.mail_name) == (name, mail_name):
        return
    _check_mail_name(mail_name, but=department)
    department.name, department.mail_name = name, mail_name
    department.save(update_fields=["name", "mail_name"])
    emit(events.DepartmentChanged(department.pk), by=by)


@action
def set_member(department: Department, agent: Agent, *, role: str | None, by: Actor) -> None:
    """`role` None: works there no longer. The same again changes nothing."""
    now = Membership.objects.filter(department=department, agent=agent).first()
    if (now and now.role) == role:
        return
    if role is None:
        Membership.objects.filter(department=department, agent=agent).delete()
    else:
        Membership.objects.update_or_create(department=department, agent=agent, defaults={"role": role})
    emit(events.MembersChanged(department.pk, agent.pk, role), by=by)


@action
def set_members(members: Roles, *, by: Actor) -> None:
    """Many at once, or none of them."""
    for department, agent, role in members:
        set_member(department, agent, role=role, by=by)


def mail_name_from(name: str) -> str:
    """What may stand before the @, made of a department's name: Rücksendungen & Größen becomes
    ruecksendungen-groessen. Letters that have no Latin form are left out; of none left, department."""
    latin = unicodedata.normalize("NFKD", name.lower().translate(SPELT_OUT))
    words = re.findall(r"[a-z0-9]+", latin.encode("ascii", "ignore").decode())
    return "-".join(words)[:LONGEST_DERIVED].strip("-") or "department"


def _free_mail_name(name: str) -> str:
    stem = mail_name_from(name)
    numbered = chain([stem], (f"{stem}-{number}" for number in count(2)))
    allowed = (each for each in numbered if each not in RESERVED_MAIL_NAMES)
    return unused(allowed, Department.objects.filter(deleted_at=None), "mail_name")


def _check_mail_name(mail_name: str, *, but: Department | None) -> None:
    if not MAIL_NAME.fullmatch(mail_name) or mail_name in RESERVED_MAIL_NAMES:
        raise BadMailName
    if (
        Department.objects.filter(mail_name=mail_name, deleted_at=None)
        .exclude(pk=but and but.pk)
        .exists()
    ):
        raise MailNameTaken
