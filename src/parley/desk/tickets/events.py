"""What can happen to a ticket. Names are public API: history, webhooks, live pages and rules read them."""

from dataclasses import dataclass

from parley.kernel.events import event


@event("ticket.created")
@dataclass(frozen=True)
class TicketCreated:
    """Something new to answer. `channel` is a letter of API.md §5."""

    ticket: int
    department: int
    channel: str


@event("ticket.message_added")
@dataclass(frozen=True)
class MessageAdded:
    """Somebody said something: `type` is the message group's letter. `agent` or `contact` is whose words
    they are; `automatic`: written by a machine on somebody's behalf (an out-of-office reply)."""

    ticket: int
    group: int
    type: str
    agent: int | None
    contact: int | None
    automatic: bool = False


@event("ticket.status_changed")
@dataclass(frozen=True)
class StatusChanged:
    """`status` and `previously` are letters of API.md §5."""

    ticket: int
    status: str
    previously: str


@event("ticket.assigned")
@dataclass(frozen=True)
class TicketAssigned:
    """Somebody became, or stopped being, responsible. Also sent when nobody is (`agent` is null)."""

    ticket: int
    agent: int | None
    previously: int | None


@event("ticket.transferred")
@dataclass(frozen=True)
class TicketTransferred:
    """It is another department's now."""

    ticket: int
    department: int
    previously: int
