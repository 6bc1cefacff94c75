"""What an agent answered leaves by the channel of its ticket."""

from parley.desk import ports
from parley.desk.tickets.events import MessageAdded
from parley.desk.tickets.models import PUBLIC_GROUPS, Ticket
from parley.kernel.events import StoredEvent
from parley.kernel.reactors import reactor


@reactor("delivery", on=MessageAdded)
def send_answer(event: MessageAdded, stored: StoredEvent) -> None:
    if event.agent and event.type in PUBLIC_GROUPS:
        ticket = Ticket.objects.get(pk=event.ticket)
        ports.channel_for(ticket.channel).deliver(ports.Outbound(event.ticket, event.group))
