"""What is said in a ticket can be found, by those who may see it."""

import random

import pytest

from parley.desk.contacts.models import ContactAddress
from parley.desk.tickets.actions import transfer
from parley.desk.tickets.models import Message, Ticket
from parley.desk.tickets.queries import page, visible_to
from parley.desk.tickets.search import KIND, find
from parley.kernel import reactors, search
from parley.kernel.actors import SYSTEM
from parley.kernel.cells import account_scope
from parley.kernel.search import SearchEntry
from tests.world import CANARY


def codes(agent, query):
    return [ticket.code for ticket in find(agent, query)]


@pytest.fixture
def ticket(world):
    html = "<p>The <b>filament</b> is <i>burnt</i>.</p><style>.hidden{}</style>"
    ticket = world.ticket(
        code="RWB-KLTNS-402",
        public_id="a1b2c3d4",
        subject="Broken lamp",
        email="mette@customer.example",
        name="Mette Holm",
        text="The filament is burnt.",
        html=html,
        files=(world.file(name="invoice_2029.pdf"),),
    )
    world.settle()
    return Ticket.objects.get(pk=ticket.pk)


@pytest.mark.parametrize(
    "query",
    [
        "broken lamp",
        '"filament is burnt"',
        "mette holm",
        "mette@customer.example",
        "customer.exa",
        "RWB-KLTNS-402",
        " rwb-kltns-402 ",
        "kltns",
        "a1b2c3d4",
        "A1B2C3D4",
        "invoice_2029.pdf",
        "2029",
    ],
)
def test_a_ticket_is_found_by(world, ticket, query):
    assert codes(world.owner, query) == ["RWB-KLTNS-402"]


@pytest.mark.parametrize("query", ["hidden", "bulb", CANARY, "-lamp", "", "  ", '"burnt broken"'])
def test_a_ticket_is_not_found_by(world, ticket, query):
    assert codes(world.owner, query) == []


def test_answers_and_notes_are_found_and_quoted_text_is_not(world, ticket):
    world.answer(ticket, "We send a bulb.", author=world.owner)
    world.note(Ticket.objects.get(pk=ticket.pk), "He sounded impatient.", author=world.owner)
    said = world.said("Thank you!", ticket=ticket)
    Message.objects.create(group=said, position=9, type="Q", body="marginalia")
    world.said("Anything new?", ticket=ticket)
    world.settle()
    for query in ("bulb", "impatient", "thank you", "burnt"):
        assert codes(world.owner, query) == [ticket.code]
    assert codes(world.owner, "marginalia") == []


def test_the_code_of_a_ticket_finds_it_alone_though_others_mention_it(world, ticket):
    other = world.ticket(subject="Like RWB-KLTNS-402", email="other@customer.example")
    world.settle()
    assert codes(world.owner, "rwb-kltns-402") == ["RWB-KLTNS-402"]
    assert set(codes(world.owner, "rwb kltns 402")) == {"RWB-KLTNS-402", other.code}
    assert codes(world.owner, "XXX-XXXXX-000") == []
    assert codes(world.owner, "filament") == ["RWB-KLTNS-402"]  # eight letters, and no public id


def test_the_latest_comes_first_page_by_page(world):
    tickets = []
    for n in range(5):
        world.advance(minutes=1)
        tickets.append(world.ticket(subject=f"Lamp {n}"))
    world.settle()
    first = page(find(world.owner, "lamp"), size=3)[:3]
    assert [each.subject for each in first] == ["Lamp 4", "Lamp 3", "Lamp 2"]
    rest = page(find(world.owner, "lamp"), before=(first[-1].last_message_at, first[-1].pk), size=3)
    assert [each.subject for each in rest] == ["Lamp 1", "Lamp 0"]


def test_only_what_an_agent_may_see_is_found(world, ticket):
    ada = world.agent("Ada")
    assert codes(ada, "filament") == ["RWB-KLTNS-402"]
    transfer(ticket, to=world.department("Sales"), by=SYSTEM)
    for query in ("filament", "RWB-KLTNS-402", "a1b2c3d4"):
        assert codes(ada, query) == []
    assert codes(world.owner, "filament") == ["RWB-KLTNS-402"]


def test_search_and_the_visible_agree_whatever_the_departments(world):
    rnd = random.Random(20)
    departments = [world.department(f"D{n}") for n in range(3)]
    agents = [world.agent(f"A{n}", *rnd.sample(departments, n)) for n in (1, 2, 3)]
    for n in range(12):
        ticket = world.ticket(subject=f"{rnd.choice(['red', 'blue'])} lamp {n}")
        transfer(ticket, to=rnd.choice(departments), by=SYSTEM)
    world.settle()
    for agent in [*agents, world.owner]:
        for colour in ("red", "blue"):
            expected = {t.code for t in visible_to(agent) if t.subject.startswith(colour)}
            assert set(codes(agent, f"{colour} lamp")) == expected


def test_the_neighbour_finds_his_own_and_we_find_nothing_of_his(world, intruder):
    world.settle()
    assert codes(world.owner, CANARY) == []
    with account_scope(intruder.pk):
        reactors.settle()
        agent = type(world)(intruder).owner
        assert len(codes(agent, CANARY)) >= 1


def test_a_ticket_of_many_messages_is_indexed_once_a_batch(world, ticket):
    for n in range(5):
        world.said(f"More {n}", ticket=ticket)
    before = SearchEntry.objects.get(kind=KIND, subject=ticket.pk)
    put, calls = search.put, []
    search.put = lambda *args, **kw: calls.append(args[:2]) or put(*args, **kw)
    try:
        reactors.settle()
    finally:
        search.put = put
    assert calls == [(KIND, ticket.pk)]
    assert SearchEntry.objects.get(kind=KIND, subject=ticket.pk).digest != before.digest
    assert codes(world.owner, '"more 0"') == codes(world.owner, '"more 4"') == [ticket.code]


def test_a_ticket_that_is_gone_by_the_time_is_forgotten(world, ticket):
    world.said("Erase me", ticket=ticket)
    pk = ticket.pk
    ticket.delete()
    reactors.settle()
    assert not SearchEntry.objects.filter(kind=KIND, subject=pk).exists()


def test_the_entry_has_the_time_of_the_last_message_and_all_addresses(world, ticket):
    ContactAddress.objects.create(contact=ticket.requester, email="second@home.example", position=1)
    world.advance(minutes=5)
    world.said("And another thing", ticket=ticket)
    world.settle()
    assert (
        SearchEntry.objects.get(kind=KIND, subject=ticket.pk).at == Ticket.objects.get().last_message_at
    )
    assert codes(world.owner, "second@home.example") == [ticket.code]
