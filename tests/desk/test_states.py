"""The table of moves, cell by cell: each act in each of the eleven statuses."""

import pytest
from django.conf import settings
from django.db import transaction

from parley.desk.tickets import actions as tickets
from parley.desk.tickets import states
from parley.desk.tickets.models import Status, Ticket
from parley.kernel import clock
from parley.kernel.actors import SYSTEM
from parley.kernel.events import StoredEvent

CELL = settings.CELLS[0]

# act: status before -> status after; "-": refused. In the order of Status: I N T P C A W R L X B.
TABLE = {
    "customer writes": "-N TP CCCC -- B",
    "agent replies": "-AAA AAAA -- -",
    "resolve": "-RRR RRR- -- -",
    "reopen": "---- -CCC -- -",
}
ACTS = {
    "customer writes": lambda world, ticket: world.said("More.", ticket=ticket),
    "agent replies": lambda world, ticket: world.answer(ticket),
    "resolve": lambda world, ticket: tickets.resolve(ticket, by=SYSTEM),
    "reopen": lambda world, ticket: tickets.reopen(ticket, by=SYSTEM),
}
CELLS = [
    (act, before.value, after)
    for act, row in TABLE.items()
    for before, after in zip(Status, row.replace(" ", ""), strict=True)
]


def test_the_table_here_is_the_products_and_has_every_cell():
    assert len(CELLS) == 44 and set(TABLE) == set(states.MOVES)
    ours = {act: {b: a for x, b, a in CELLS if x == act and a != "-"} for act in TABLE}
    assert ours == {act: {str(b): str(a) for b, a in row.items()} for act, row in states.MOVES.items()}


@pytest.mark.parametrize("act, before, after", CELLS)
def test_each_act_in_each_status(world, act, before, after):
    ticket = world.ticket(status=before)
    clock.move(minutes=5)
    if after == "-" and act != "customer writes":
        with pytest.raises(states.MoveRefused) as refused, transaction.atomic(using=CELL):
            ACTS[act](world, ticket)
        assert refused.value.code == "status_forbids"
        assert str(Status(before).label) in str(refused.value.message)
    else:
        ACTS[act](world, ticket)
    fresh = Ticket.objects.get(pk=ticket.pk)
    expected = before if after == "-" else after
    assert fresh.status == expected
    moves = StoredEvent.objects.filter(name="ticket.status_changed", data__ticket=ticket.pk)
    told = [(e.data["previously"], e.data["status"]) for e in moves]
    assert told == ([] if expected == before else [(before, expected)])
    if expected != before:
        assert fresh.resolved_at == (clock.now() if expected == "R" else None)
        assert fresh.changed_at == clock.now()


@pytest.mark.parametrize("before", ["I", "L", "X"])
def test_words_for_a_ticket_that_takes_none_make_a_new_one(world, before):
    ticket = world.ticket(status=before)
    group = world.said("Are you there?", ticket=ticket, subject="Re: Broken lamp")
    assert group.ticket_id != ticket.pk
    successor = Ticket.objects.get(pk=group.ticket_id)
    assert (successor.status, successor.subject, successor.version) == ("N", "Re: Broken lamp", 1)
    assert successor.requester == ticket.requester
    assert Ticket.objects.get(pk=ticket.pk).version == 1


def test_an_automatic_mail_is_added_and_moves_nothing(world):
    ticket = world.ticket(status="R")
    world.said("I am on holiday.", ticket=ticket, automatic=True)
    fresh = Ticket.objects.get(pk=ticket.pk)
    assert (fresh.status, fresh.version) == ("R", 2)


def test_a_resolved_tickets_second_life_forgets_when_it_was_resolved(world):
    ticket = tickets.resolve(world.ticket(), by=SYSTEM)
    assert ticket.resolved_at == clock.now()
    world.said("Not yet!", ticket=ticket)
    fresh = Ticket.objects.get(pk=ticket.pk)
    assert (fresh.status, fresh.resolved_at) == ("C", None)
