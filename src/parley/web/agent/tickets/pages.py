"""What a ticket's page needs: everything said and done in it, in order, and who may do what next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.http import HttpRequest
from django.utils.safestring import mark_safe

from parley.channels.email.queries import states_of
from parley.desk.contacts.queries import main_address
from parley.desk.team import queries as team
from parley.desk.tickets import history, queries, states
from parley.desk.tickets.history import Line
from parley.desk.tickets.models import Message, MessageGroup, Ticket
from parley.kernel import html


@dataclass(frozen=True)
class Said:
    """One message group as the timeline shows it."""

    group: MessageGroup
    voice: str  # theirs, ours, note
    name: str
    key: str  # what the avatar's colour is made from
    own: Message
    words: str  # safe HTML of our own making; empty: shown in a frame
    quoted: Message | None
    quoted_words: str
    files: list[Message]
    delivery: Any = None
    at: datetime | None = None


def ticket_page(request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
    """The context of agent/tickets/_ticket.html; a fixed number of queries."""
    agent = request.agent  # type: ignore[attr-defined]
    return {
        "ticket": ticket,
        "timeline": timeline_of(ticket),
        "address": main_address(ticket.requester) if ticket.requester else "",
        "departments": list(team.departments()),
        "agents": list(team.assignable(ticket.department)),
        "others": queries.others_of(ticket, seen_by=agent),
        "can_reply": ticket.status in states.MOVES["agent replies"],
        "can_resolve": ticket.status in states.MOVES["resolve"],
        "can_reopen": ticket.status in states.MOVES["reopen"],
        "typed": {"reply": "", "note": ""},
        "client_ids": {face: uuid4().hex for face in ("reply", "note")},
        "refusal": None,
    }


def timeline_of(ticket: Ticket) -> list[Said | Line]:
    """Words and acts, the oldest first."""
    groups = list(queries.groups_of(ticket))
    deliveries = states_of([group.pk for group in groups if group.agent_id])
    said: list[Said | Line] = [_said(group, deliveries.get(group.pk)) for group in groups]
    return sorted([*said, *history.lines_of(ticket)], key=_moment)


def _moment(item: Said | Line) -> datetime:
    return item.group.created_at if isinstance(item, Said) else item.at


def _said(group: MessageGroup, delivery: Any) -> Said:
    rows = list(group.messages.all())
    own = next(row for row in rows if row.type in (Message.Type.TEXT, Message.Type.NOTE))
    quoted = next((row for row in rows if row.type == Message.Type.QUOTED), None)
    person = group.agent or group.contact
    voice = "theirs" if group.contact_id else "ours"
    return Said(
        group=group,
        voice=voice if group.is_public else "note",
        name=(person.name if person else "") or _address(group),
        key=person.public_id if person else "",
        own=own,
        words=_words(own, is_ours=voice == "ours"),
        quoted=quoted,
        quoted_words=_words(quoted, is_ours=False) if quoted else "",
        files=[row for row in rows if row.file_id],
        delivery=delivery,
        at=group.created_at,
    )


def _address(group: MessageGroup) -> str:
    addresses = list(group.contact.addresses.all()) if group.contact else []
    return addresses[0].email if addresses else ""


def _words(message: Message, *, is_ours: bool) -> str:
    """Text becomes HTML of ours. HTML from outside is shown in a frame: nothing of it on our own page."""
    if message.format == Message.Format.TEXT:
        return mark_safe(html.from_text(message.body))
    return mark_safe(html.clean_reply(message.body)) if is_ours else ""
