"""Everything that can be done to a ticket."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from parley.desk import ports
from parley.desk.contacts import actions as contacts
from parley.desk.team import queries as team
from parley.desk.team.models import Agent, Department
from parley.kernel import clock
from parley.kernel.actions import Refusal, action, emit
from parley.kernel.actors import SYSTEM, Actor

from . import events, queries, states
from .messages import Words, add_group
from .models import GroupType, MessageGroup, Status, Ticket

#: Columns by what changes them: an update of all of them would touch every index of the table.
ASSIGNED = ("assignee", "changed_at")
MOVED = ("status", "resolved_at", "changed_at")
SAID = ("version", "preview", "last_message_at", "changed_at")


class Stale(Refusal):
    """Somebody said something since the author looked; his words are kept by the face."""

    code = "stale"
    message = _("Something new was said in this ticket since you looked. Read it, then send again.")


class Empty(Refusal):
    code = "empty_message"
    message = _("There is nothing to send yet.")


class NotAssignable(Refusal):
    code = "not_assignable"
    message = _("This agent does not answer tickets of this department.")


@action
def receive(inbound: ports.Inbound, *, by: Actor = SYSTEM) -> MessageGroup:
    """A customer's words, into the ticket they belong to or a new one.

    Idempotent by `inbound.key`. A ticket that takes no more messages (Closed, Deleted, purged) gets a
    successor (ARCHITECTURE §6.8).
    """
    if known := MessageGroup.objects.filter(client_id=inbound.key).first():
        return known
    contact = contacts.known_as(inbound.author.address, name=inbound.author.name, by=by)
    author = Actor("contact", contact.pk)
    ticket = _locked(inbound.ticket)
    if ticket is None or not states.takes_messages(ticket):
        ticket = _create(inbound, contact.pk, by=author)
    words = Words(
        text=inbound.text,
        html=inbound.html,
        quoted=inbound.quoted,
        quoted_format=inbound.quoted_format,
        files=tuple(inbound.files),
    )
    group = add_group(
        ticket, inbound.group_type, words, contact=contact, client_id=inbound.key, by=author
    )
    emit(
        events.MessageAdded(
            ticket.pk, group.pk, group.type, None, contact.pk, automatic=inbound.automatic
        ),
        by=author,
    )
    if not inbound.automatic:
        _move(ticket, states.after("customer writes", ticket), by=author)
    ticket.save(update_fields={*SAID, *MOVED})
    return group


def _create(inbound: ports.Inbound, contact_id: int, *, by: Actor) -> Ticket:
    department = team.departments().filter(pk=inbound.department).first() or team.default_department()
    ticket = Ticket.objects.create(
        subject=inbound.subject[:500],
        channel=inbound.channel,
        department=department,
        requester_id=contact_id,
    )
    emit(events.TicketCreated(ticket.pk, department.pk, ticket.channel), by=by)
    return ticket


@action
def reply(
    ticket: Ticket,
    words: Words,
    *,
    author: Agent,
    version: int,
    client_id: str,
    resolve_too: bool = False,
    by: Actor,
) -> MessageGroup:
    """An agent's answer to the customer, by the channel the ticket came by.

    `version` is Ticket.version as the author saw it. Raises Stale, Empty, MoveRefused, ports.NoChannel. The
    same `client_id` again gives the same answer and sends nothing. The first to answer a ticket that is
    nobody's gets it.
    """
    if known := MessageGroup.objects.filter(client_id=client_id, ticket=ticket).first():
        return known
    ticket = _fresh(ticket)
    _check_words(ticket, words, version)
    answered = states.after("agent replies", ticket)
    channel = ports.channel_for(ticket.channel)
    group = add_group(ticket, channel.answer_type, words, agent=author, client_id=client_id, by=by)
    emit(events.MessageAdded(ticket.pk, group.pk, group.type, author.pk, None), by=by)
    if ticket.assignee_id is None:
        _assign(ticket, author, by=by)
    _move(ticket, answered, by=by)
    if resolve_too:
        _move(ticket, states.after("resolve", ticket), by=by)
    ticket.save(update_fields={*SAID, *ASSIGNED, *MOVED})
    return group


@action
def add_note(ticket: Ticket, words: Words, *, author: Agent, client_id: str, by: Actor) -> MessageGroup:
    """Words among ourselves; never held back by what is new. Raises Empty."""
    if known := MessageGroup.objects.filter(client_id=client_id, ticket=ticket).first():
        return known
    ticket = _fresh(ticket)
    if words.are_empty:
        raise Empty
    words = replace(words, is_note=True)
    group = add_group(ticket, GroupType.NOTE, words, agent=author, client_id=client_id, by=by)
    emit(events.MessageAdded(ticket.pk, group.pk, group.type, author.pk, None), by=by)
    ticket.save(update_fields=SAID)
    return group


@action
def assign(ticket: Ticket, *, to: Agent | None, by: Actor) -> Ticket:
    """Somebody of the ticket's department, or nobody. The same again changes nothing. Raises NotAssignable."""
    ticket = _fresh(ticket)
    if ticket.assignee_id == (to and to.pk):
        return ticket
    if to and not team.assignable(ticket.department).filter(pk=to.pk).exists():
        raise NotAssignable
    _assign(ticket, to, by=by)
    ticket.save(update_fields=ASSIGNED)
    return ticket


RELEASED_AT_ONCE = 500


@action
def release_from(agent: Agent, *, by: Actor) -> int:
    """All his tickets that are not closed for good become nobody's. Returns how many they were."""
    released = 0
    held = queries.held_by(agent).select_for_update().values_list("pk", flat=True)
    while ids := list(held[:RELEASED_AT_ONCE]):
        Ticket.objects.filter(pk__in=ids).update(assignee=None, changed_at=clock.now())
        for each in ids:
            emit(events.TicketAssigned(each, None, agent.pk), by=by)
        released += len(ids)
    return released


@action
def transfer(ticket: Ticket, *, to: Department, by: Actor) -> Ticket:
    """To another department, also one the agent cannot see. An assignee who does not answer there is off."""
    ticket = _fresh(ticket)
    if ticket.department == to:
        return ticket
    previously, ticket.department = ticket.department, to
    emit(events.TicketTransferred(ticket.pk, to.pk, previously.pk), by=by)
    if ticket.assignee and not team.assignable(to).filter(pk=ticket.assignee.pk).exists():
        _assign(ticket, None, by=by)
    ticket.changed_at = clock.now()
    ticket.save(update_fields={"department", *ASSIGNED})
    return ticket


@action
def resolve(ticket: Ticket, *, by: Actor) -> Ticket:
    """Raises MoveRefused."""
    ticket = _fresh(ticket)
    _move(ticket, states.after("resolve", ticket), by=by)
    ticket.save(update_fields=MOVED)
    return ticket


@action
def reopen(ticket: Ticket, *, by: Actor) -> Ticket:
    """Raises MoveRefused."""
    ticket = _fresh(ticket)
    _move(ticket, states.after("reopen", ticket), by=by)
    ticket.save(update_fields=MOVED)
    return ticket


def _check_words(ticket: Ticket, words: Words, version: int) -> None:
    if words.are_empty:
        raise Empty
    if version < ticket.version:
        raise Stale


def _assign(ticket: Ticket, to: Agent | None, *, by: Actor) -> None:
    previously, ticket.assignee, ticket.changed_at = ticket.assignee_id, to, clock.now()
    emit(events.TicketAssigned(ticket.pk, to and to.pk, previously), by=by)


def _move(ticket: Ticket, status: str, *, by: Actor) -> None:
    if ticket.status == status:
        return
    previously, ticket.status, ticket.changed_at = ticket.status, status, clock.now()
    ticket.resolved_at = clock.now() if status == Status.RESOLVED else None
    emit(events.StatusChanged(ticket.pk, str(status), str(previously)), by=by)


def _fresh(ticket: Ticket) -> Ticket:
    """As it is now, and ours until the transaction ends."""
    found = _locked(ticket.pk)
    if found is None:
        raise Ticket.DoesNotExist
    return found


def _locked(ticket_id: int | None) -> Ticket | None:
    return Ticket.objects.select_for_update().filter(pk=ticket_id).first() if ticket_id else None
