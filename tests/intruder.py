"""A neighbour account with a row in every table, so that a leak has something to leak."""

from datetime import timedelta

from parley.accounts.actions import Opening
from parley.accounts.models import Login
from parley.accounts.sign_in import actions as sign_in
from parley.desk.openings import Owner, open_desk
from parley.desk.tickets import actions as tickets
from parley.desk.tickets.models import Ticket
from parley.kernel import clock, throttle
from parley.kernel.actors import SYSTEM
from parley.kernel.cells import AccountAddress, account_scope
from parley.kernel.reactors import ParkedEvent
from parley.kernel.timers import set_timer
from tests.effects.models import Effect
from tests.world import CANARY, NOON, PASSWORD, World, host_of


def open_intruder(name: str, *, cell: str) -> AccountAddress:
    """As real as acme: opened, written to, answered, settled. All its texts have the canary."""
    owner = Owner(f"owner@{CANARY}.example", f"Owner {CANARY}", PASSWORD)
    with clock.stopped(NOON - timedelta(hours=1)):
        address = open_desk(Opening(name, title=f"{CANARY} AG", cell=cell), owner=owner, by=SYSTEM)
        with account_scope(address.pk):
            furnish(World(address))
    return address


def furnish(world: World) -> None:
    """A row in every table of an account (tests/kernel/test_intruder.py says which is missing)."""
    department = world.department(f"Department {CANARY}", mail_name=CANARY)
    agent = world.agent(f"Agent {CANARY}", department, email=f"agent@{CANARY}.example")
    invited = sign_in.add_login(f"invited@{CANARY}.example", role=Login.Role.AGENT, by=SYSTEM)
    sign_in.open_session(agent.login, by=SYSTEM)
    throttle.count("sign-in", CANARY, limit=10, per=timedelta(hours=1))
    mail = world.mail(
        sender=f"customer@{CANARY}.example",
        sender_name=f"Customer {CANARY}",
        to=f"{CANARY}@{host_of(world.address.name)}",
        subject=f"Subject {CANARY}",
        text=f"Text {CANARY}",
        html=f"<p>Words <b>{CANARY}</b></p>",
        attachments=[(f"{CANARY}.txt", "text/plain", CANARY.encode())],
    )
    ticket = mail.group.ticket
    tickets.assign(ticket, to=agent, by=SYSTEM)
    world.answer(ticket, f"Answer {CANARY}", author=agent)
    world.note(Ticket.objects.get(pk=ticket.pk), f"Note {CANARY}", author=agent)
    set_timer("effect", 1, due_at=clock.now() + timedelta(days=365 * 50))
    ParkedEvent.objects.create(reactor="echo", seq=1, error=CANARY)
    Effect.objects.create(kind=CANARY, n=1)
    world.settle()
    assert invited.state == Login.State.INVITED
