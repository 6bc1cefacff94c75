"""What is said in a ticket, by whom, once; and whose it is."""

import pytest
from django.conf import settings
from django.db import connections, transaction

from parley.desk import ports
from parley.desk.contacts.models import Contact
from parley.desk.tickets import actions as tickets
from parley.desk.tickets import queries
from parley.desk.tickets.models import Message, MessageGroup, Ticket
from parley.kernel import clock
from parley.kernel.actions import action
from parley.kernel.actors import SYSTEM
from parley.kernel.cells import account_scope
from parley.kernel.events import StoredEvent
from parley.reactors.notifications.models import Notification
from tests.world import NOON

CELL = settings.CELLS[0]


def happened(name="ticket."):
    rows = StoredEvent.objects.filter(name__startswith=name).order_by("seq")
    return [(e.name, e.actor, e.data) for e in rows]


def fresh(ticket):
    return Ticket.objects.select_related("assignee", "department").get(pk=ticket.pk)


def said_in(ticket):
    rows = Message.objects.filter(group__ticket=ticket).order_by("group__position", "position")
    return [
        (m.group.position, m.group.type, m.type, m.format, m.body) for m in rows.select_related("group")
    ]


def test_a_strangers_first_words_make_a_contact_and_a_ticket(world):
    group = world.said("  It does\nnot glow.  ", subject="Broken lamp")
    ticket, contact = group.ticket, Contact.objects.get()
    assert (ticket.subject, ticket.status, ticket.channel, ticket.version) == (
        "Broken lamp",
        "N",
        "E",
        1,
    )
    assert (ticket.department, ticket.assignee, ticket.requester) == (world.general, None, contact)
    assert (ticket.created_at, ticket.last_message_at, ticket.preview) == (
        NOON,
        NOON,
        "It does not glow.",
    )
    assert (contact.name, [a.email for a in contact.addresses.all()]) == (
        "Mette Holm",
        ["mette@customer.example"],
    )
    assert said_in(ticket) == [(1, "3", "M", "T", "  It does\nnot glow.  ")]
    actor = f"contact:{contact.pk}"
    assert happened() == [
        ("ticket.created", actor, {"ticket": ticket.pk, "department": world.general.pk, "channel": "E"}),
        (
            "ticket.message_added",
            actor,
            {
                "ticket": ticket.pk,
                "group": group.pk,
                "type": "3",
                "agent": None,
                "contact": contact.pk,
                "automatic": False,
            },
        ),
    ]


def test_the_same_key_is_the_same_message(world):
    one = world.said(key="email:1")
    clock.move(days=1)
    again = world.said("Something else", key="email:1")
    assert one.pk == again.pk
    assert (Ticket.objects.count(), MessageGroup.objects.count()) == (1, 1)
    assert len(happened("ticket.created")) == 1


def test_a_key_is_one_accounts_own(world, intruder):
    world.said(key="email:1")
    with account_scope(intruder.pk):
        before = Ticket.objects.count()
        world.said(key="email:1")
        assert Ticket.objects.count() == before + 1


def test_words_for_a_department_go_there_and_for_none_to_general(world):
    sales = world.department("Sales")
    assert world.ticket(department=sales).department == sales
    unknown = ports.Inbound("k", "E", "3", ports.Person("x@customer.example"), department=1)
    assert tickets.receive(unknown, by=SYSTEM).ticket.department == world.general


def test_quoted_words_and_files_are_messages_of_the_group(world):
    inbound = ports.Inbound(
        key="k",
        channel="E",
        group_type="3",
        author=ports.Person("x@customer.example"),
        text="New",
        html="<p>New</p>",
        quoted="> Old",
        files=[world.file(b"one", name="a.pdf"), world.file(b"two", name="b.pdf")],
    )
    group = tickets.receive(inbound, by=SYSTEM)
    assert said_in(group.ticket) == [
        (1, "3", "M", "H", "<p>New</p>"),
        (1, "3", "Q", "T", "> Old"),
        (1, "3", "F", "T", ""),
        (1, "3", "F", "T", ""),
    ]
    files = Message.objects.filter(type="F").order_by("position")
    assert [m.file.name for m in files] == ["a.pdf", "b.pdf"]
    with files[0].file.open() as content:
        assert content.read() == b"one"


def test_an_answer_goes_to_the_customer_and_the_first_who_answers_gets_the_ticket(world):
    ada, ticket = world.agent("Ada"), world.ticket()
    clock.move(minutes=9)
    group = world.answer(ticket, "Switch it on.", author=ada, client_id="c-1")
    after = fresh(ticket)
    assert (after.status, after.assignee, after.version) == ("A", ada, 2)
    assert (after.preview, after.last_message_at) == ("Switch it on.", clock.now())
    assert (group.type, group.agent, group.position, group.client_id) == ("4", ada, 2, "c-1")
    assert [(name, actor) for name, actor, _ in happened()[2:]] == [
        ("ticket.message_added", f"agent:{ada.pk}"),
        ("ticket.assigned", f"agent:{ada.pk}"),
        ("ticket.status_changed", f"agent:{ada.pk}"),
    ]
    world.answer(ticket, "And?", author=world.agent("Bob"))
    assert fresh(ticket).assignee == ada


def test_an_answer_may_resolve_at_once(world):
    ticket = world.ticket()
    world.answer(ticket, resolve_too=True)
    assert fresh(ticket).status == "R"
    moves = [(d["previously"], d["status"]) for _, _, d in happened("ticket.status_changed")]
    assert moves == [("N", "A"), ("A", "R")]


@pytest.mark.parametrize("say", ["answer", "note"])
def test_the_same_client_id_is_said_once_also_by_who_has_not_seen_the_newest(world, say):
    ticket = world.ticket()
    one = getattr(world, say)(ticket, "Hello", client_id="c-1")
    world.said("More", ticket=ticket)
    before = len(happened())
    again = getattr(world, say)(ticket, "Hello", client_id="c-1")
    assert one.pk == again.pk and len(happened()) == before
    assert fresh(ticket).version == 3


def test_who_has_not_seen_the_newest_is_told_and_nothing_changes(world):
    ticket = world.ticket()
    world.said("Never mind.", ticket=ticket)
    before = happened()
    with pytest.raises(tickets.Stale), transaction.atomic(using=CELL):
        world.answer(ticket, version=1)
    assert happened() == before and fresh(ticket).version == 2
    world.answer(ticket, version=2)


@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_nothing_is_not_sent_but_a_file_alone_is(world, text):
    ticket = world.ticket()
    with pytest.raises(tickets.Empty):
        world.answer(ticket, text)
    with pytest.raises(tickets.Empty):
        world.note(ticket, text)
    world.answer(ticket, text, files=[world.file()])
    assert fresh(ticket).version == 2


def test_a_note_is_ours_and_changes_neither_status_nor_summary(world):
    ticket = world.ticket()
    group = world.note(ticket, "Difficult person")
    after = fresh(ticket)
    assert (after.status, after.assignee, after.version) == ("N", None, 2)
    assert (after.preview, after.last_message_at) == (ticket.preview, ticket.last_message_at)
    assert (group.type, group.is_public) == ("I", False)
    assert said_in(ticket)[1] == (2, "I", "N", "T", "Difficult person")


def test_positions_are_gapless_and_the_version_is_the_last(world):
    ticket = world.ticket()
    for n in range(4):
        world.note(ticket, f"{n}")
        world.said(f"{n}", ticket=ticket)
    groups = MessageGroup.objects.filter(ticket=ticket).order_by("position")
    assert [g.position for g in groups] == list(range(1, 10)) and fresh(ticket).version == 9


def test_assigning_records_who_did_it_and_tells_the_assignee(world):
    ada, bob, ticket = world.agent("Ada"), world.agent("Bob"), world.ticket()
    tickets.assign(ticket, to=bob, by=ada.actor)
    world.settle()
    assert happened("ticket.assigned") == [
        ("ticket.assigned", str(ada.actor), {"ticket": ticket.pk, "agent": bob.pk, "previously": None})
    ]
    told = Notification.objects.get()
    assert (told.agent, told.kind, told.subject) == (bob, "assigned", f"ticket-{ticket.pk}")


def test_nobody_is_told_what_they_did_themselves(world):
    ada = world.agent()
    tickets.assign(world.ticket(), to=ada, by=ada.actor)
    world.settle()
    assert not Notification.objects.exists()


def test_assigning_twice_is_one_event_and_taking_away_is_another(world):
    ada, ticket = world.agent(), world.ticket()
    tickets.assign(ticket, to=ada, by=SYSTEM)
    tickets.assign(ticket, to=ada, by=SYSTEM)
    tickets.assign(ticket, to=None, by=SYSTEM)
    told = [(d["agent"], d["previously"]) for _, _, d in happened("ticket.assigned")]
    assert told == [(ada.pk, None), (None, ada.pk)]
    assert fresh(ticket).assignee is None


def test_who_may_be_given_a_ticket(world):
    sales = world.department("Sales")
    ticket = world.ticket(department=sales)
    yes = [
        world.agent("Solver", sales),
        world.agent("Supervisor", sales, works_as="supervisor"),
        world.agent("Manager", sales, works_as="manager"),
        world.agent("Admin", world.general, role="admin"),
        world.owner,
    ]
    deleted = world.agent("Deleted", sales)
    team_of = {
        "Reader": world.agent("Reader", sales, works_as="reader"),
        "Elsewhere": world.agent("Elsewhere"),
    }
    from parley.desk.team.actions import delete_agent

    delete_agent(deleted, by=SYSTEM)
    for agent in yes:
        assert tickets.assign(ticket, to=agent, by=SYSTEM).assignee == agent
    for agent in (*team_of.values(), deleted):
        with pytest.raises(tickets.NotAssignable):
            tickets.assign(ticket, to=agent, by=SYSTEM)
    assert fresh(ticket).assignee == yes[-1]


def test_a_transfer_puts_a_ticket_out_of_sight_of_those_who_do_not_work_there(world):
    sales = world.department("Sales")
    ada, sue = world.agent("Ada"), world.agent("Sue", sales)
    ticket = tickets.assign(world.ticket(), to=ada, by=SYSTEM)
    assert queries.get(ticket.code, seen_by=ada) == ticket
    tickets.transfer(ticket, to=sales, by=ada.actor)
    after = fresh(ticket)
    assert (after.department, after.assignee) == (sales, None)
    with pytest.raises(Ticket.DoesNotExist):
        queries.get(ticket.code, seen_by=ada)
    assert queries.get(ticket.code, seen_by=sue) == ticket
    assert [(n, d) for n, _, d in happened("ticket.")[-2:]] == [
        (
            "ticket.transferred",
            {"ticket": ticket.pk, "department": sales.pk, "previously": world.general.pk},
        ),
        ("ticket.assigned", {"ticket": ticket.pk, "agent": None, "previously": ada.pk}),
    ]
    before = len(happened())
    tickets.transfer(ticket, to=sales, by=SYSTEM)
    assert len(happened()) == before


def test_an_assignee_who_answers_there_too_keeps_the_ticket(world):
    sales = world.department("Sales")
    both = world.agent("Both", world.general, sales)
    ticket = tickets.assign(world.ticket(), to=both, by=SYSTEM)
    assert tickets.transfer(ticket, to=sales, by=SYSTEM).assignee == both


def test_two_answers_from_one_sight_are_not_both_sent(world):
    ticket = world.ticket()
    world.answer(ticket, "First", version=1)
    with pytest.raises(tickets.Stale):
        world.answer(ticket, "Second", version=1)
    assert [body for *_, body in said_in(ticket)][1:] == ["First"]


def test_a_purged_ticket_takes_no_act(world):
    ticket = world.ticket()
    Ticket.objects.filter(pk=ticket.pk).delete()
    for act in (tickets.resolve, tickets.reopen):
        with pytest.raises(Ticket.DoesNotExist):
            act(ticket, by=SYSTEM)
    assert world.said("Hello?", ticket=ticket).ticket_id != ticket.pk


def test_a_failed_act_takes_its_words_back(world):
    ticket = world.ticket()

    @action
    def fails(*, by):
        world.answer(ticket)
        raise OSError

    with pytest.raises(OSError):
        fails(by=SYSTEM)
    assert fresh(ticket).version == 1 and len(said_in(ticket)) == 1


def test_long_subjects_and_names_are_cut_not_refused(world):
    group = world.said(subject="s" * 900, name="n" * 900)
    assert len(group.ticket.subject) == 500 and len(Contact.objects.get().name) == 200


def test_a_ticket_answers_to_its_code_in_any_case(world):
    ticket = world.ticket()
    assert queries.get(ticket.code.lower(), seen_by=world.owner) == ticket
    with pytest.raises(Ticket.DoesNotExist):
        queries.get("BBB-BBBBB-000", seen_by=world.owner)


def costs(work):
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connections[CELL]) as asked:
        work()
    return len(asked)


def test_three_and_thirty_groups_cost_the_same(world):
    ada = world.agent("Ada")

    def look(ticket):
        for group in queries.groups_of(ticket):
            for message in group.messages.all():
                _ = message.file and message.file.name
            _ = (group.agent and group.agent.name, group.contact and group.contact.name)

    few, many = world.ticket(), world.ticket(files=[world.file()])
    for ticket, times in ((few, 1), (many, 14)):
        for n in range(times):
            world.said(f"{n}", ticket=ticket, files=[world.file()], email=f"{n}@customer.example")
            world.answer(ticket, f"{n}", author=ada, files=[world.file()])
    assert (queries.groups_of(few).count(), queries.groups_of(many).count()) == (3, 29)
    assert costs(lambda: look(few)) == costs(lambda: look(many)) <= 4


def test_three_and_thirty_tickets_cost_the_same(world):
    [view] = [v for v in queries.views_of(world.owner) if v.key == "all"]

    def look():
        rows = queries.page(queries.in_view(world.owner, view))
        for each in rows:
            _ = (each.department.name, each.assignee and each.assignee.name, each.requester.name)
        return len(rows)

    for n in range(3):
        world.answer(world.ticket(email=f"{n}@customer.example"))
    few = costs(look)
    for n in range(27):
        world.answer(world.ticket(email=f"more{n}@customer.example"))
    assert look() == 30 and costs(look) == few == 1
