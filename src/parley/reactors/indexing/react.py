"""What is said in a ticket can be found: its document in the search index follows it."""

from collections.abc import Iterator

from parley.desk.tickets.events import MessageAdded, TicketCreated
from parley.desk.tickets.models import Message, Ticket
from parley.desk.tickets.search import KIND
from parley.kernel import html, search
from parley.kernel.events import StoredEvent
from parley.kernel.reactors import AT_ONCE, reactor

FOLLOWED = (TicketCreated.name, MessageAdded.name)  # type: ignore[attr-defined]
LONGEST = 20_000  #: characters indexed of one message
ENOUGH = 400_000  #: characters indexed of one ticket, the newest messages first


@reactor("indexing", on=TicketCreated)
def index_created(event: TicketCreated, stored: StoredEvent) -> None:
    _follow(event.ticket, stored)


@reactor("indexing", on=MessageAdded)
def index_said(event: MessageAdded, stored: StoredEvent) -> None:
    _follow(event.ticket, stored)


def _follow(ticket_id: int, stored: StoredEvent) -> None:
    if _is_read_again(ticket_id, stored):
        return
    ticket = Ticket.objects.select_related("requester").filter(pk=ticket_id).first()
    if ticket is None:
        search.remove(KIND, ticket_id)
    else:
        search.put(KIND, ticket.pk, list(_fields(ticket)), at=ticket.last_message_at)


def _is_read_again(ticket_id: int, stored: StoredEvent) -> bool:
    """A mail makes a ticket and a message; an import makes a hundred. The last of a batch is enough."""
    soon = StoredEvent.objects.filter(seq__gt=stored.seq, seq__lt=stored.seq + AT_ONCE)
    return soon.filter(name__in=FOLLOWED, data__ticket=ticket_id).exists()


def _fields(ticket: Ticket) -> Iterator[str]:
    yield ticket.code
    yield ticket.subject
    if ticket.requester:
        yield ticket.requester.name
        yield from ticket.requester.addresses.order_by("position").values_list("email", flat=True)
    length = 0
    for message in _messages(ticket):
        text = _text(message)
        length += len(text)
        yield text
        if length >= ENOUGH:
            return


def _messages(ticket: Ticket) -> Iterator[Message]:
    """Said to, by or about the customer, and the files; not what was only quoted."""
    rows = Message.objects.filter(group__ticket=ticket).exclude(type=Message.Type.QUOTED)
    ordered = rows.select_related("file").order_by("-group__position", "position")
    return ordered.iterator(chunk_size=100)


def _text(message: Message) -> str:
    if message.file:
        return message.file.name
    text = html.to_text(message.body) if message.format == Message.Format.HTML else message.body
    return text[:LONGEST]
