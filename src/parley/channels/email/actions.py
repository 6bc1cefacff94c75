"""Everything that is written about mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError

from parley.desk import ports
from parley.desk.tickets import actions as tickets
from parley.desk.tickets.models import MessageGroup
from parley.kernel import clock, stored_files
from parley.kernel.actions import action, emit
from parley.kernel.actors import Actor
from parley.kernel.jobs import enqueue_by_name
from parley.kernel.tenancy import current_cell
from parley.kernel.turns import writing

from . import events
from .models import LONGEST_MESSAGE_ID, Delivery, IncomingMail, KnownMessageId, OutgoingMail
from .parsed import ParsedMail
from .threading import Place

SENT_AGAIN_WITHIN = timedelta(days=7)
#: After each refusal that may pass, in minutes; three days in all (RFC 5321 section 4.5.4.1 wants 4 to
#: 5, but people rather hear early that their answer did not arrive).
TRIED_AGAIN_AFTER = (1, 2, 5, 10, 20, 40, 60, 120, 240, *[360] * 11)
#: What is still to be done for a recipient.
PENDING = (Delivery.State.QUEUED, Delivery.State.CLAIMED, Delivery.State.HANDING_OVER)


class Superseded(Exception):
    """Another worker has this delivery by now; what this one was about to do is not to be done."""


@action
def accept(
    kept: stored_files.Kept,
    *,
    digest: str,
    envelope_from: str,
    recipients: list[str],
    source: str,
    repeatable: bool,
    by: Actor,
) -> IncomingMail:
    """The row of a mail whose bytes are stored, and the job to read it. See receive.accept."""
    if repeatable and (earlier := _taken_before(digest)):
        return earlier
    row = IncomingMail(
        source=source,
        envelope_from=envelope_from,
        envelope_to=recipients,
        digest=digest,
        once=digest if repeatable else "",
    )
    try:
        with writing(current_cell()):
            row.raw = stored_files.add_row(kept)
            row.save()
    except IntegrityError:  # the sender hung up and tried again while the first try was being stored
        return IncomingMail.objects.get(once=digest)
    enqueue_by_name("email.understand", key="", due_at=None, args={"mail": row.pk})
    return row


def _taken_before(digest: str) -> IncomingMail | None:
    earlier = IncomingMail.objects.filter(once=digest).first()
    if earlier and earlier.received_at < clock.now() - SENT_AGAIN_WITHIN:
        IncomingMail.objects.filter(pk=earlier.pk).update(once="")
        return None
    return earlier


@action
def file(
    row: IncomingMail, inbound: ports.Inbound, parsed: ParsedMail, where: Place, *, by: Actor
) -> MessageGroup | None:
    """The mail becomes a message group; its Message-ID is known from now on. None: it is one already."""
    if not _waits(row):
        return None
    group = tickets.receive(inbound, by=by)
    message_id = parsed.message_id[:LONGEST_MESSAGE_ID]
    row.state, row.group, row.message_id = IncomingMail.State.FILED, group, message_id
    row.references, row.evidence = " ".join(parsed.references), where.evidence()
    row.save(update_fields=["state", "group", "message_id", "references", "evidence"])
    if message_id:
        KnownMessageId.objects.create(message_id=message_id, ticket_id=group.ticket_id, group=group)
    return group


@action
def file_unreadable(
    row: IncomingMail, inbound: ports.Inbound, *, error: str, by: Actor
) -> MessageGroup | None:
    """The mail becomes a ticket that has its bytes as a file. None: it is a message group already."""
    if not _waits(row):
        return None
    group = tickets.receive(inbound, by=by)
    row.state, row.group, row.error = IncomingMail.State.UNREADABLE, group, error[:500]
    row.evidence = {"by": "unreadable", "found": ""}
    row.save(update_fields=["state", "group", "error", "evidence"])
    return group


def _waits(row: IncomingMail) -> bool:
    rows = IncomingMail.objects.select_for_update()
    return rows.filter(pk=row.pk, state=IncomingMail.State.RECEIVED).exists()


@dataclass(frozen=True)
class Recipient:
    """`field` is one of to, cc, bcc."""

    address: str
    name: str = ""
    field: str = "to"


@action
def queue(mail: OutgoingMail, recipients: Sequence[Recipient], *, by: Actor) -> OutgoingMail:
    """One row and one job for each recipient: one bad address holds up nobody."""
    mail.save()
    for each in recipients:
        row = Delivery.objects.create(
            mail=mail, address=each.address, name=each.name[:250], field=each.field
        )
        _enqueue(row, after=timedelta())
    if mail.group_id and mail.ticket_id:
        KnownMessageId.objects.create(
            message_id=mail.message_id, ticket_id=mail.ticket_id, group_id=mail.group_id
        )
    return mail


@action
def claim(delivery_id: int, *, by: Actor) -> Delivery | None:
    """For one attempt, told from others by its number. None: there is nothing left to do. A row whose
    content was on its way when its worker died is uncertain from now on."""
    row = Delivery.objects.select_for_update().get(pk=delivery_id)
    if row.state == Delivery.State.HANDING_OVER:
        _settle(row, Delivery.State.UNCERTAIN, "", by=by)
    if row.state not in (Delivery.State.QUEUED, Delivery.State.CLAIMED):
        return None
    row.state, row.attempts = Delivery.State.CLAIMED, row.attempts + 1
    row.save(update_fields=["state", "attempts"])
    return row


@action
def handing_over(row: Delivery, *, by: Actor) -> None:
    """The next byte is the content's. Raises Superseded, so that a worker who slept sends nothing
    twice."""
    mine = Delivery.objects.filter(pk=row.pk, state=Delivery.State.CLAIMED, attempts=row.attempts)
    if not mine.update(state=Delivery.State.HANDING_OVER):
        raise Superseded
    row.state = Delivery.State.HANDING_OVER


@action
def handed_over(row: Delivery, *, transport: str, reply: str, by: Actor) -> None:
    """The server has it."""
    row.handed_over_at = clock.now()
    _settle(row, Delivery.State.HANDED_OVER, reply, transport, by=by)


@action
def not_taken(row: Delivery, *, transport: str, reply: str, for_good: bool, by: Actor) -> None:
    """The server refused it, or could not be reached: tried again later and later, unless `for_good`."""
    if for_good or row.attempts > len(TRIED_AGAIN_AFTER):
        _settle(row, Delivery.State.FAILED, reply, transport, by=by)
        return
    _settle(row, Delivery.State.QUEUED, reply, transport, by=by)
    _enqueue(row, after=timedelta(minutes=TRIED_AGAIN_AFTER[row.attempts - 1]))


@action
def uncertain(row: Delivery, *, transport: str, reply: str, by: Actor) -> None:
    """Nobody knows whether the server has it. A person decides whether it is sent again."""
    _settle(row, Delivery.State.UNCERTAIN, reply, transport, by=by)


def _settle(row: Delivery, state: str, reply: str, transport: str = "", *, by: Actor) -> None:
    row.state, row.reply = state, reply[:500] or row.reply
    row.transport = transport or row.transport
    row.save(update_fields=["state", "transport", "reply", "handed_over_at"])
    mail = row.mail
    if mail.is_secret and row.transport != "caught":
        _forget_secret(mail.pk)
    if mail.ticket_id and mail.group_id:
        emit(events.DeliveryChanged(mail.ticket_id, mail.group_id, row.pk, str(state)), by=by)


def _forget_secret(mail_id: int) -> None:
    """Once nobody is to get the letter any more, nobody is to read it here either."""
    if not Delivery.objects.filter(mail_id=mail_id, state__in=PENDING).exists():
        OutgoingMail.objects.filter(pk=mail_id).update(text="", html="")


def _enqueue(row: Delivery, *, after: timedelta) -> None:
    due = clock.now() + after
    enqueue_by_name("email.send", key="", due_at=due, args={"delivery": row.pk})
