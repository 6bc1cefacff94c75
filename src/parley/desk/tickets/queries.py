"""The only ways a face gets hold of tickets. Each takes the person who looks."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Prefetch, Q, QuerySet

from parley.desk.team import queries as team
from parley.desk.team.models import Agent
from parley.kernel.stored_files import StoredFile

from .models import Message, MessageGroup, Status, Ticket

PAGE = 50
#: What "All" does not show.
PUT_AWAY = (Status.INIT, Status.DELETED, Status.SPAM)


def visible_to(agent: Agent) -> QuerySet[Ticket]:
    """The one visibility predicate (ARCHITECTURE §6.9): lists, counts, detail, search, live pages, export
    and webhooks all begin here."""
    rows = Ticket.objects.exclude(status=Status.INIT)
    if team.works_everywhere(agent):
        return rows
    mine = team.departments_of(agent).values("pk")
    return rows.filter(Q(department__in=mine) | Q(assignee=agent))


def get(code: str, *, seen_by: Agent) -> Ticket:
    """Raises Ticket.DoesNotExist, also when it exists and this agent may not see it."""
    rows = visible_to(seen_by).select_related("department", "assignee", "requester")
    return rows.get(code=code.upper())


@dataclass(frozen=True)
class View:
    """A list an agent can look at: key for URLs, and which tickets."""

    key: str
    where: Q


def views_of(agent: Agent) -> list[View]:
    waiting = Q(status__in=(Status.NEW, Status.OPEN))
    return [
        View("to-solve", waiting & (Q(assignee=None) | Q(assignee=agent))),
        View("mine", Q(assignee=agent) & ~Q(status__in=(*PUT_AWAY, Status.RESOLVED, Status.CLOSED))),
        View("unassigned", waiting & Q(assignee=None)),
        View("answered", Q(status=Status.ANSWERED)),
        View("resolved", Q(status__in=(Status.RESOLVED, Status.CLOSED))),
        View("all", ~Q(status__in=PUT_AWAY)),
    ]


def in_view(agent: Agent, view: View) -> QuerySet[Ticket]:
    """The latest first."""
    return newest_first(visible_to(agent).filter(view.where))


def newest_first(rows: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """As lists show them, with what a row of a list needs."""
    related = rows.select_related("department", "assignee", "requester")
    return related.order_by("-last_message_at", "-id")


def page(
    rows: QuerySet[Ticket], *, before: tuple[datetime, int] | None = None, size: int = PAGE
) -> list:
    """By key, not by offset: `before` is (last_message_at, id) of the last row seen. One more than `size`
    tells that there is more."""
    if before:
        moment, last = before
        rows = rows.filter(Q(last_message_at__lt=moment) | Q(last_message_at=moment, id__lt=last))
    return list(rows[: size + 1])


def groups_of(ticket: Ticket) -> QuerySet[MessageGroup]:
    """Everything said, the oldest first, with authors, messages and files, in a fixed number of queries."""
    messages = Message.objects.select_related("file").order_by("position")
    rows = MessageGroup.objects.filter(ticket=ticket).select_related("agent", "contact")
    return rows.prefetch_related(Prefetch("messages", messages), "contact__addresses").order_by(
        "position"
    )


def message(public_id: str, *, seen_by: Agent) -> Message:
    """Raises Message.DoesNotExist, also when its ticket may not be seen."""
    rows = Message.objects.select_related("group", "file")
    return rows.get(public_id=public_id, group__ticket__in=visible_to(seen_by).values("pk"))


@dataclass(frozen=True)
class Waiting:
    """What waits for an answer, as far as an agent sees it: New and Open tickets."""

    to_solve: int  # nobody's or his own
    mine: int
    unassigned: int
    by_department: dict[int, int]


def waiting_for(agent: Agent) -> Waiting:
    """One query over the tickets that wait; those that are done do not slow it down."""
    rows = visible_to(agent).filter(status__in=(Status.NEW, Status.OPEN)).order_by()
    counts = rows.values("department_id").annotate(
        all=Count("id"),
        mine=Count("id", filter=Q(assignee=agent)),
        unassigned=Count("id", filter=Q(assignee=None)),
    )
    found = list(counts)
    mine = sum(each["mine"] for each in found)
    unassigned = sum(each["unassigned"] for each in found)
    by_department = {each["department_id"]: each["all"] for each in found}
    return Waiting(mine + unassigned, mine, unassigned, by_department)


def held_by(agent: Agent) -> QuerySet[Ticket]:
    """What is assigned to an agent and may still come back: all but the closed."""
    return Ticket.objects.filter(assignee=agent).exclude(status=Status.CLOSED).order_by("pk")


def waiting_of(agent: Agent) -> int:
    """How many of an agent's own tickets wait for an answer."""
    return held_by(agent).filter(status__in=(Status.NEW, Status.OPEN)).count()


def others_of(ticket: Ticket, *, seen_by: Agent, most: int = 5) -> list[Ticket]:
    """The requester's other tickets, the latest first."""
    if ticket.requester_id is None:
        return []
    rows = visible_to(seen_by).filter(requester=ticket.requester_id).exclude(pk=ticket.pk)
    return list(rows.exclude(status__in=PUT_AWAY).order_by("-last_message_at", "-id")[:most])


def file(public_id: str, *, seen_by: Agent) -> StoredFile:
    """A file of a message. Raises Message.DoesNotExist, also when its ticket may not be seen."""
    rows = Message.objects.select_related("file").filter(file__public_id=public_id)
    found = rows.filter(group__ticket__in=visible_to(seen_by).values("pk")).first()
    if found is None:
        raise Message.DoesNotExist
    return found.file


def files_of(group: MessageGroup) -> list[Message]:
    """The files of a group the caller may see."""
    rows = Message.objects.select_related("file").filter(group=group, type=Message.Type.FILE)
    return list(rows.order_by("position"))
