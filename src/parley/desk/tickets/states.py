"""Which act takes a ticket from which status to which: the table is the rule and its documentation.

FEATURES §1.1 with the holes closed as ARCHITECTURE §6.8 decides. An act that is not in a status's row is
refused there, except those that leave the status as it is.
"""

from collections.abc import Mapping
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from parley.kernel.actions import Refusal

from .models import Status, Ticket

Act = Literal["customer writes", "agent replies", "resolve", "reopen"]

WORKING = (Status.NEW, Status.OPEN, Status.ANSWERED, Status.POSTPONED, Status.CHATTING, Status.CALLING)

MOVES: Mapping[Act, Mapping[Any, Any]] = {
    # New stays New until somebody has answered; Spam is appended to in silence; Closed and Deleted take
    # no message at all: the caller makes a new, linked ticket.
    "customer writes": {
        Status.NEW: Status.NEW,
        Status.OPEN: Status.OPEN,
        Status.ANSWERED: Status.OPEN,
        Status.POSTPONED: Status.OPEN,
        Status.RESOLVED: Status.OPEN,
        Status.CHATTING: Status.CHATTING,
        Status.CALLING: Status.CALLING,
        Status.SPAM: Status.SPAM,
    },
    "agent replies": {each: Status.ANSWERED for each in (*WORKING, Status.RESOLVED)},
    "resolve": {each: Status.RESOLVED for each in WORKING},
    "reopen": {
        Status.ANSWERED: Status.OPEN,
        Status.POSTPONED: Status.OPEN,
        Status.RESOLVED: Status.OPEN,
    },
}


class MoveRefused(Refusal):
    """Says which act is impossible in which status."""

    code = "status_forbids"

    def __init__(self, act: Act, status: str) -> None:
        super().__init__(act, status)
        self.message = SENTENCES[act] % {"status": Status(status).label}


SENTENCES = {
    "customer writes": _("A ticket that is %(status)s takes no messages."),
    "agent replies": _("A ticket that is %(status)s cannot be answered."),
    "resolve": _("A ticket that is %(status)s cannot be resolved."),
    "reopen": _("A ticket that is %(status)s cannot be reopened."),
}


def takes_messages(ticket: Ticket) -> bool:
    return ticket.status in MOVES["customer writes"]


def after(act: Act, ticket: Ticket) -> str:
    """The status to which the act takes the ticket. Raises MoveRefused."""
    try:
        return MOVES[act][ticket.status]
    except KeyError:
        raise MoveRefused(act, ticket.status) from None
