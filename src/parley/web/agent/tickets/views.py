"""The list of tickets, and a ticket beside its list."""

from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from parley.desk.team.models import Agent, Department
from parley.desk.tickets import queries, search
from parley.desk.tickets.models import Ticket
from parley.kernel import live
from parley.web.agent.frames import departments_seen, view_label, workspace_frame
from parley.web.responses import wants_partial
from parley.web.shell.doors import open_to
from parley.web.shell.frame import Frame

from .pages import ticket_page


@dataclass(frozen=True)
class Where:
    """Which list one is at, as the address says it."""

    view: str = "to-solve"
    department: str = ""
    q: str = ""

    @classmethod
    def read(cls, request: HttpRequest) -> "Where":
        get = request.GET.get
        return cls(get("view", "to-solve"), get("department", ""), get("q", "").strip()[:500])

    @property
    def query(self) -> str:
        """For links that stay in this list."""
        given = {"view": self.view, "department": self.department, "q": self.q}
        return urlencode({name: value for name, value in given.items() if value})


@dataclass(frozen=True)
class Listing:
    """One page of a list. `more` is the query of the next one."""

    rows: list[Ticket]
    title: str
    where: Where
    more: str = ""


@require_safe
@open_to("agents")
def home(request: HttpRequest) -> HttpResponse:
    return redirect("tickets")


@require_safe
@open_to("agents")
def listing(request: HttpRequest) -> HttpResponse:
    seq = live.last_seq()  # before the list is read: a change in between is pushed, not missed
    where, departments = Where.read(request), departments_seen(request)
    context = {
        "frame": _frame(request, where, departments, seq),
        "listing": listing_of(request, where, departments),
        "open_code": request.GET.get("open", ""),
    }
    is_part = wants_partial(request) and request.headers.get("HX-Target") == "tickets"
    page = "agent/tickets/_tickets.html" if is_part else "agent/tickets/list.html"
    return render(request, page, context)


@require_safe
@open_to("agents")
def show(request: HttpRequest, code: str) -> HttpResponse:
    seq = live.last_seq()
    ticket = visible(request, code)
    context = ticket_page(request, ticket)
    if wants_partial(request) and request.headers.get("HX-Target") == "ticket":
        return render(request, "agent/tickets/_ticket.html", context)
    where, departments = Where.read(request), departments_seen(request)
    context |= {
        "frame": _frame(request, where, departments, seq),
        "listing": listing_of(request, where, departments),
        "open_code": ticket.code,
    }
    return render(request, "agent/tickets/show.html", context)


def _frame(request: HttpRequest, where: Where, departments: list[Department], seq: int) -> Frame:
    return workspace_frame(
        request, departments=departments, view=where.view, department=where.department, live_seq=seq
    )


def visible(request: HttpRequest, code: str) -> Ticket:
    """404 when there is none, also when this agent may not see it."""
    try:
        return queries.get(code, seen_by=request.agent)  # type: ignore[attr-defined]
    except Ticket.DoesNotExist:
        raise Http404 from None


def listing_of(request: HttpRequest, where: Where, departments: list[Department]) -> Listing:
    agent: Agent = request.agent  # type: ignore[attr-defined]
    view = next((each for each in queries.views_of(agent) if each.key == where.view), None)
    if view is None:
        raise Http404
    rows, title = queries.in_view(agent, view), view_label(view.key)
    if where.q:
        rows = queries.newest_first(search.find(agent, where.q))
    if where.department:
        chosen = next((each for each in departments if each.public_id == where.department), None)
        if chosen is None:
            raise Http404
        rows, title = rows.filter(department=chosen), chosen.name
    found = queries.page(rows, before=_before(request))
    more = ""
    if len(found) > queries.PAGE:
        found = found[: queries.PAGE]
        last = found[-1]
        more = f"{where.query}&{urlencode({'before': f'{last.last_message_at.isoformat()}_{last.pk}'})}"
    return Listing(found, title, where, more)


def _before(request: HttpRequest) -> tuple[datetime, int] | None:
    """Where the page before ended. What cannot be read begins at the top."""
    moment, _, last = request.GET.get("before", "").rpartition("_")
    try:
        instant = datetime.fromisoformat(moment)
        return (instant, int(last)) if instant.tzinfo and len(last) < 20 else None
    except ValueError:
        return None
