"""The only ways a face gets hold of agents and departments."""

from dataclasses import dataclass

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery

from parley.accounts.models import Session
from parley.accounts.sign_in import queries as sign_in

from .models import DEFAULT_DEPARTMENT, Agent, Department, Membership


def agents() -> QuerySet[Agent]:
    """Those who answer, by name, with their logins."""
    return Agent.objects.filter(deleted_at=None).select_related("login").order_by("name", "id")


def agent(public_id: str) -> Agent:
    """Raises Agent.DoesNotExist."""
    return agents().get(public_id=public_id)


def by_login(login_id: int) -> Agent | None:
    return Agent.objects.select_related("login").filter(login_id=login_id, deleted_at=None).first()


def departments() -> QuerySet[Department]:
    return Department.objects.filter(deleted_at=None).order_by("position", "id")


def department(public_id: str) -> Department:
    """Raises Department.DoesNotExist."""
    return departments().get(public_id=public_id)


def default_department() -> Department:
    return Department.objects.get(public_id=DEFAULT_DEPARTMENT)


def department_for_mail(local_part: str) -> Department | None:
    return departments().filter(mail_name=local_part.lower()).first()


def works_everywhere(agent: Agent) -> bool:
    """Owner and admins see everything (ARCHITECTURE §6.9)."""
    return bool(agent.login and agent.login.administers)


def departments_of(agent: Agent) -> QuerySet[Department]:
    """Where the agent sees tickets."""
    if works_everywhere(agent):
        return departments()
    return departments().filter(memberships__agent=agent)


def members(department: Department) -> QuerySet[Membership]:
    rows = Membership.objects.filter(department=department, agent__deleted_at=None)
    return rows.select_related("agent").order_by("agent__name", "agent_id")


def assignable(department: Department) -> QuerySet[Agent]:
    """Who may be given a ticket of the department: its members but readers, and whoever sees everything."""
    answering = Q(memberships__department=department) & ~Q(memberships__role=Membership.Role.READER)
    ids = Agent.objects.filter(answering | Q(login__role__in=("owner", "admin"))).values("pk")
    return agents().filter(pk__in=ids)


PAGE = 50


@dataclass(frozen=True)
class AgentPage:
    """`rows` have `last_seen_at` (of their latest session, or None) and their `memberships` with
    departments; `following` is the public id to go on after, empty on the last page."""

    rows: list[Agent]
    following: str


def page_of_agents(*, after: str = "", size: int = PAGE) -> AgentPage:
    """By name, by key and not by offset. Raises Agent.DoesNotExist for an `after` nobody ever had."""
    rows = agents()
    if after:
        last = Agent.objects.get(public_id=after)
        rows = rows.filter(Q(name__gt=last.name) | Q(name=last.name, pk__gt=last.pk))
    sessions = Session.objects.filter(login=OuterRef("login")).order_by("-last_seen_at")
    seen = Subquery(sessions.values("last_seen_at")[:1])
    found = list(rows.annotate(last_seen_at=seen).prefetch_related(_memberships())[: size + 1])
    return AgentPage(found[:size], found[size - 1].public_id if len(found) > size else "")


def _memberships() -> Prefetch:
    rows = Membership.objects.filter(department__deleted_at=None).select_related("department")
    return Prefetch("memberships", rows.order_by("department__position", "department_id"))


def roles_of(agent: Agent) -> dict[int, str]:
    """In which departments (primary keys) an agent works, and as what."""
    return dict(Membership.objects.filter(agent=agent).values_list("department_id", "role"))


def roles_in(department: Department) -> dict[int, str]:
    """Which agents (primary keys) work in a department, and as what."""
    rows = Membership.objects.filter(department=department, agent__deleted_at=None)
    return dict(rows.values_list("agent_id", "role"))


def member_counts() -> dict[int, int]:
    """How many agents work in each department (primary keys); those without are left out."""
    rows = Membership.objects.filter(agent__deleted_at=None).order_by()
    return dict(rows.values_list("department_id").annotate(Count("id")))


def sessions_of(agent: Agent) -> int:
    """In how many browsers an agent is signed in."""
    return sign_in.sessions_of(agent.login).count() if agent.login else 0
