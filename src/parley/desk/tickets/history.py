"""What was done to a ticket, as sentences in the reader's language, made from the events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from parley.desk.team.models import Agent, Department
from parley.kernel import history
from parley.kernel.actors import Actor

from .events import StatusChanged, TicketAssigned, TicketTransferred
from .models import Status, Ticket

SHOWN = ("ticket.assigned", "ticket.transferred", "ticket.status_changed")
#: What follows from words said is seen by the words themselves.
SPOKEN = (Status.ANSWERED, Status.NEW)


@dataclass(frozen=True)
class Line:
    """`sentence` has named holes in %(…)s; `names` fills them."""

    at: datetime
    icon: str
    sentence: str
    names: Mapping[str, str]


@dataclass(frozen=True)
class _Names:
    agents: Mapping[int, str]
    departments: Mapping[int, str]

    def actor(self, actor: Actor) -> str:
        if actor.kind == "agent":
            return self.agents.get(actor.id or 0, _("Somebody who has left"))
        return {"contact": _("The customer"), "rule": _("A rule"), "api": _("A program")}.get(
            actor.kind, "Parley"
        )


def lines_of(ticket: Ticket) -> list[Line]:
    """The oldest first. Three queries, however long the history."""
    happened = history.of(f"ticket-{ticket.pk}", names=SHOWN)
    names = _Names(
        dict(Agent.objects.filter(pk__in=_agents(happened)).values_list("pk", "name")),
        dict(Department.objects.values_list("pk", "name")),
    )
    found = (_line(each, names) for each in happened)
    return [line for line in found if line]


def _agents(happened: list[history.Happened]) -> set[int]:
    ids = {each.actor.id for each in happened if each.actor.kind == "agent"}
    ids |= {each.event.agent for each in happened if isinstance(each.event, TicketAssigned)}
    return {each for each in ids if each}


def _line(each: history.Happened, names: _Names) -> Line | None:
    said = SENTENCES[type(each.event)](each.event, each.actor, names)
    if said is None:
        return None
    icon, sentence, holes = said
    return Line(each.at, icon, sentence, {"actor": names.actor(each.actor)} | holes)


Said = tuple[str, str, dict[str, str]]


def _assigned(event: TicketAssigned, actor: Actor, names: _Names) -> Said:
    if event.agent is None:
        return "user-minus", _("%(actor)s took it from its agent; it is nobody’s now"), {}
    if actor == Actor("agent", event.agent):
        return "user-check", _("%(actor)s took it"), {}
    who = names.agents.get(event.agent, _("Somebody who has left"))
    return "user-check", _("%(actor)s assigned it to %(agent)s"), {"agent": who}


def _transferred(event: TicketTransferred, actor: Actor, names: _Names) -> Said:
    where = names.departments.get(event.department, "?")
    return "arrow-right-left", _("%(actor)s transferred it to %(department)s"), {"department": where}


def _moved(event: StatusChanged, actor: Actor, names: _Names) -> Said | None:
    if event.status in SPOKEN:
        return None
    if event.status == Status.RESOLVED:
        return "check-check", _("%(actor)s resolved it"), {}
    if event.status == Status.OPEN and actor.kind == "contact":
        return "rotate-ccw", _("%(actor)s wrote again; it is open"), {}
    if event.status == Status.OPEN:
        return "rotate-ccw", _("%(actor)s opened it again"), {}
    return "activity", _("%(actor)s made it %(status)s"), {"status": str(Status(event.status).label)}


SENTENCES: dict[type, Callable[[Any, Actor, _Names], Said | None]] = {
    TicketAssigned: _assigned,
    TicketTransferred: _transferred,
    StatusChanged: _moved,
}
