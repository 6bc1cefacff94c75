"""Over there: an account that has been busy for years, made quickly, past the actions.

Words are drawn as in real texts: few are in most messages, most are in few.
"""

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import accumulate
from typing import Any

import django

django.setup(set_prefix=False)

from django.db import connections, models  # noqa: E402

from bench.accounts import found  # noqa: E402
from bench.installation import answer  # noqa: E402
from parley.desk.contacts.models import Contact, ContactAddress  # noqa: E402
from parley.desk.team.models import Agent, Department  # noqa: E402
from parley.desk.tickets.models import Message, MessageGroup, Status, Ticket  # noqa: E402
from parley.desk.tickets.search import KIND  # noqa: E402
from parley.kernel import clock, live, search  # noqa: E402
from parley.kernel.cells import account_scope  # noqa: E402
from parley.kernel.events import EventCounter, StoredEvent  # noqa: E402
from parley.kernel.tenancy import current_cell, entered  # noqa: E402
from parley.kernel.turns import writing  # noqa: E402

VOCABULARY, WORDS, CHUNK = 20_000, 40, 1000
LONG, LONG_TICKETS = 10, 500  # messages of those tickets whose pages are measured, and how many they are
STATUSES = {Status.RESOLVED: 70, Status.ANSWERED: 20, Status.OPEN: 7, Status.NEW: 3}  # per cent


def build(tickets: int, messages: int, indexed: bool) -> dict[str, Any]:
    """Returns the account, codes of tickets with ten messages each, and how many there are of what."""
    [account] = found(1)
    with account_scope(account["account"]):
        writer = _Writer(tickets, messages, indexed)
        writer.write()
        codes = [each.code for each in writer.long]
        made = {"tickets": Ticket.objects.count(), "messages": Message.objects.count()}
    return {"account": account, "codes": codes, **made}


class _Writer:
    def __init__(self, tickets: int, messages: int, indexed: bool) -> None:
        self.random, self.indexed = random.Random(1), indexed
        self.words = [f"w{n:x}lamp{n % 7}" if n > 50 else f"common{n}" for n in range(VOCABULARY)]
        self.weights = list(accumulate(1 / (n + 1) for n in range(VOCABULARY)))
        self.seq, self.now = live.last_seq(), clock.now()
        self.agent, self.department = Agent.objects.get(), Department.objects.get()
        self.long: list[Ticket] = []
        self.lengths = list(self._lengths(tickets, messages))

    def _lengths(self, tickets: int, messages: int) -> Iterator[int]:
        """Of each ticket in messages; all together as asked for."""
        long = min(LONG_TICKETS, tickets // 10)
        yield from [LONG] * long
        rest, left = tickets - long, messages - LONG * long
        yield from (left * (n + 1) // rest - left * n // rest for n in range(rest))

    def write(self) -> None:
        contacts = self._contacts(max(1, len(self.lengths) // 4))
        for start in range(0, len(self.lengths), CHUNK):
            with writing(current_cell()):
                self._write_chunk(start, contacts)
        EventCounter.objects.update(last=self.seq, settle_at=None)
        _let_settle()

    def _contacts(self, how_many: int) -> list[Contact]:
        made = [Contact(name=f"Customer {n}") for n in range(how_many)]
        with writing(current_cell()):
            _keep(Contact, made)
            _keep(
                ContactAddress,
                [ContactAddress(contact=c, email=f"c{n}@many.example") for n, c in enumerate(made)],
            )
        return made

    def _write_chunk(self, start: int, contacts: list[Contact]) -> None:
        rows: dict[type[models.Model], list] = {
            each: [] for each in (Ticket, MessageGroup, Message, StoredEvent)
        }
        said: dict[int, list[str]] = {}
        for n in range(start, min(start + CHUNK, len(self.lengths))):
            ticket = self._ticket(n, contacts[n % len(contacts)])
            rows[Ticket].append(ticket)
            said[ticket.pk] = [ticket.code, ticket.subject]
            self._event(
                rows, "ticket.created", ticket, {"department": self.department.pk, "channel": "E"}
            )
            for position in range(1, self.lengths[n] + 1):
                said[ticket.pk].append(self._group(rows, ticket, position))
            ticket.preview = said[ticket.pk][-1][:200]
            if self.lengths[n] == LONG:
                self.long.append(ticket)
        for model, made in rows.items():
            _keep(model, made)
        if self.indexed:
            for ticket in rows[Ticket]:
                search.put(KIND, ticket.pk, said[ticket.pk], at=ticket.last_message_at)

    def _ticket(self, n: int, contact: Contact) -> Ticket:
        at = self.now - timedelta(minutes=n)
        return Ticket(
            subject=self._text(6),
            status=self.random.choices(list(STATUSES), list(STATUSES.values()))[0],
            department=self.department,
            assignee=self.agent if n % 3 else None,
            requester=contact,
            created_at=at - timedelta(days=1),
            changed_at=at,
            last_message_at=at,
            version=self.lengths[n],
        )

    def _group(self, rows: dict, ticket: Ticket, position: int) -> str:
        theirs, text = position % 2 == 1, self._text(WORDS)
        group = MessageGroup(
            ticket=ticket,
            position=position,
            type="3" if theirs else "4",
            agent=None if theirs else self.agent,
            contact=ticket.requester if theirs else None,
            created_at=ticket.last_message_at,
        )
        rows[MessageGroup].append(group)
        rows[Message].append(Message(group=group, position=1, type="M", body=text))
        self._event(
            rows,
            "ticket.message_added",
            ticket,
            {
                "group": group.pk,
                "type": group.type,
                "agent": group.agent_id,
                "contact": group.contact_id,
                "automatic": False,
            },
        )
        return text

    def _event(self, rows: dict, name: str, ticket: Ticket, data: dict) -> None:
        self.seq += 1
        rows[StoredEvent].append(
            StoredEvent(
                seq=self.seq,
                name=name,
                subject=f"ticket-{ticket.pk}",
                data={"ticket": ticket.pk} | data,
                actor="system",
                at=ticket.last_message_at,
            )
        )

    def _text(self, length: int) -> str:
        return " ".join(self.random.choices(self.words, cum_weights=self.weights, k=length))


def _let_settle() -> None:
    """What autovacuum does within minutes: statistics for the planner, the index's pending list merged."""
    connection = connections[current_cell()]
    if connection.vendor == "postgresql":
        with entered(None), connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def _keep(model: Any, rows: list) -> None:
    model.objects.bulk_create(rows, batch_size=CHUNK)


if __name__ == "__main__":
    answer({"build": build})
