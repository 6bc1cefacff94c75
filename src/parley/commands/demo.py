"""`parley demo`: an account to look around in, a bicycle maker with three weeks of mail behind it.

Everything goes the way of real mail: what customers wrote is delivered as raw mail, what agents answer
is sent (and caught: all addresses end in .example). Each step has its own instant of the stopped clock.
"""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from parley.commands.assembled import assembled
from parley.commands.output import show_one

if TYPE_CHECKING:
    from parley.kernel.cells import AccountAddress

NAME, TITLE, OWNER = "demo", "Tindra Cycles", "ada@tindra.example"
AGE = timedelta(days=22)
ONSETS, VOWELS = "bdfgklmnprstv", "aeiou"


def add_to(commands: Any) -> None:
    demo = commands.add_parser("demo", help="an account to look around in, made once")
    demo.add_argument("--json", action="store_true")
    demo.set_defaults(run=run_demo)


def run_demo(options: Namespace) -> None:
    """Prints ok, host, url, email, password, tickets."""
    with assembled():
        show_one(build(), as_json=options.json)


def build() -> dict[str, Any]:
    """The account and everything in it, or what is missing of it. Returns how to get in."""
    from parley.accounts.actions import Opening
    from parley.commands.demo_life import live_through
    from parley.commands.demo_team import hire
    from parley.desk.openings import Owner, open_desk
    from parley.kernel import clock
    from parley.kernel.actors import Actor
    from parley.kernel.cells import account_scope

    opening = Opening(NAME, title=TITLE, time_zone="Europe/Copenhagen")
    owner = Owner(OWNER, name="Ada Lindqvist", password=password())
    with clock.stopped(clock.now() - AGE):
        address = open_desk(opening, owner=owner, by=Actor("operator"))
        with account_scope(address.pk, cell=address.cell):
            hire(password())
    with account_scope(address.pk, cell=address.cell), _caught():
        live_through(address)
    return _told(address)


def known() -> dict[str, Any] | None:
    """How to get into the demo account, if there is one."""
    from parley.kernel.cells import AccountAddress

    open_ones = AccountAddress.objects.filter(name=NAME, state=AccountAddress.State.OPEN)
    address = open_ones.first()
    return _told(address) if address else None


def password() -> str:
    """Of all agents of the demo. Made from the installation's secret key: it can be read out again and
    again, and strangers cannot guess it (60 bits)."""
    from parley.kernel.secrets import sign

    number = int.from_bytes(sign("demo password", NAME, length=16).encode(), "big")
    syllables = []
    for _ in range(10):
        number, onset = divmod(number, len(ONSETS))
        number, vowel = divmod(number, len(VOWELS))
        syllables.append(ONSETS[onset] + VOWELS[vowel])
    return "-".join("".join(syllables[at : at + 2]) for at in range(0, 10, 2))


@contextmanager
def _caught() -> Iterator[None]:
    """Invented people get no mail, also where the operator has a relay."""
    from django.conf import settings

    relay, settings.SMTP_RELAY = settings.SMTP_RELAY, ""
    try:
        yield
    finally:
        settings.SMTP_RELAY = relay


def _told(address: "AccountAddress") -> dict[str, Any]:
    from django.conf import settings

    from parley.accounts.sign_in.queries import login_by_email
    from parley.desk.tickets.models import Ticket
    from parley.kernel.cells import account_scope
    from parley.kernel.secrets import check_password

    with account_scope(address.pk, cell=address.cell):
        login = login_by_email(OWNER)
        as_made = login is not None and check_password(password(), login.password)[0]
        tickets = Ticket.objects.count()
    port = f":{settings.PUBLIC_PORT}" if settings.PUBLIC_PORT else ""
    return {
        "ok": True,
        "host": address.host,
        "url": f"{settings.SCHEME}://{address.host}{port}/agent/",
        "email": OWNER,
        "password": password() if as_made else None,  # somebody has chosen another
        "tickets": tickets,
    }
