"""Into which ticket a mail belongs, and why: proofs, the strongest first (ARCHITECTURE §5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from parley.desk.contacts import queries as contacts
from parley.desk.tickets.models import MessageGroup, Ticket
from parley.desk.tickets.states import takes_messages

from .compose import code_in
from .identity import NOBODY, code_of_address, code_of_message_id
from .models import LONGEST_MESSAGE_ID, KnownMessageId
from .parsed import ParsedMail

By = Literal["answer_address", "own_message_id", "known_message_id", "subject_code", "nothing"]
_MOST_IDS = 100  # of those a mail refers to, the nearest ones
_MOST_TICKETS = 20  # that are looked at for one mail: careless senders use a Message-ID again


@dataclass(frozen=True)
class Place:
    """`ticket` None: a new one. `found` is what was recognised, for "why is this here?"."""

    ticket: Ticket | None
    by: By
    found: str = ""

    def evidence(self) -> dict[str, str]:
        return {"by": self.by, "found": self.found}


def place(mail: ParsedMail, *, sender: str, recipients: list[str]) -> Place:
    """`sender` is normalised, `recipients` are the envelope's. A signature of ours is proof by itself;
    an id or a code that anybody may know only together with a sender who takes part in the ticket.

    The first proof wins; one of a ticket that takes no more messages only where there is no other, so
    that the second mail to a closed ticket finds the successor of the first.
    """
    finished = None
    for found in _proofs(mail, sender, recipients):
        if found.ticket and takes_messages(found.ticket):
            return found
        finished = finished or found
    return finished or Place(None, "nothing")


def takes_part(email: str, ticket: Ticket) -> bool:
    """The requester, or somebody who has written into the ticket before."""
    contact = contacts.takes_part(email) if email != NOBODY else None
    if contact is None:
        return False
    if ticket.requester_id == contact.pk:
        return True
    return MessageGroup.objects.filter(ticket=ticket, contact=contact).exists()


def _proofs(mail: ParsedMail, sender: str, recipients: list[str]) -> Iterator[Place]:
    for address in recipients:
        if (code := code_of_address(address)) and (ticket := _by_code(code)):
            yield Place(ticket, "answer_address", address)
    ids = list(dict.fromkeys([*mail.in_reply_to, *reversed(mail.references)]))[:_MOST_IDS]
    for each in ids:
        if (code := code_of_message_id(each)) and (ticket := _by_code(code)):
            yield Place(ticket, "own_message_id", each)
    for known in _known(ids):
        if takes_part(sender, known.ticket):
            yield Place(known.ticket, "known_message_id", known.message_id)
    shown = code_in(mail.subject)
    if shown and (ticket := _by_code(shown)) and takes_part(sender, ticket):
        yield Place(ticket, "subject_code", shown)


def _known(ids: list[str]) -> list[KnownMessageId]:
    """In the order of the ids, of equal ones the latest first."""
    cut = [each[:LONGEST_MESSAGE_ID] for each in ids]
    rows = KnownMessageId.objects.select_related("ticket").filter(message_id__in=cut).order_by("-id")
    return sorted(rows[:_MOST_TICKETS], key=lambda row: cut.index(row.message_id))


def _by_code(code: str) -> Ticket | None:
    return Ticket.objects.filter(code=code).first()
