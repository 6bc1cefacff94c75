"""Over there: accounts to measure with, each with its owner signed in and one ticket of his."""

import django

django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

from bench.installation import answer  # noqa: E402
from parley.accounts.actions import Opening  # noqa: E402
from parley.accounts.sign_in.actions import open_session  # noqa: E402
from parley.desk.openings import Owner, open_desk  # noqa: E402
from parley.desk.ports import Inbound, Person  # noqa: E402
from parley.desk.team.models import Agent  # noqa: E402
from parley.desk.tickets import actions as tickets  # noqa: E402
from parley.desk.tickets.models import Ticket  # noqa: E402
from parley.kernel import live  # noqa: E402
from parley.kernel.actors import SYSTEM  # noqa: E402
from parley.kernel.cells import account_scope  # noqa: E402
from parley.kernel.events import StoredEvent  # noqa: E402
from parley.kernel.numbers import new_id  # noqa: E402
from parley.kernel.reactors import settle  # noqa: E402

PASSWORD = "correct horse battery staple"


def found(how_many: int) -> list[dict]:
    """Makes the tables and the accounts. Returns for each: account, host, cookie, ticket, last."""
    call_command("migrate", verbosity=0)
    return [_open(f"bench{number}") for number in range(how_many)]


def _open(name: str) -> dict:
    owner = Owner(f"ada@{name}.example", "Ada", PASSWORD)
    address = open_desk(Opening(name, cell=settings.CELLS[0]), owner=owner, by=SYSTEM)
    with account_scope(address.pk):
        agent = Agent.objects.select_related("login").get()
        secret = open_session(agent.login, by=SYSTEM)
        ticket = fresh_ticket()
        settle()
        return {
            "account": address.pk,
            "host": address.host,
            "cookie": secret,
            "ticket": ticket.pk,
            "last": live.last_seq(),
        }


def fresh_ticket() -> Ticket:
    """In the account in scope, by the desk's own action."""
    inbound = Inbound(
        key=f"bench:{new_id()}",
        channel="E",
        group_type="3",
        author=Person("mette@customer.example", "Mette Holm"),
        subject="Broken lamp",
        text="It does not glow.",
    )
    return tickets.receive(inbound, by=SYSTEM).ticket


def numbers(accounts: list[int]) -> dict[int, list[int]]:
    """Of each account: how many events there are, the last one's number, and the counter."""
    told = {}
    for account in accounts:
        with account_scope(account):
            seqs = list(StoredEvent.objects.values_list("seq", flat=True))
            told[account] = [len(set(seqs)), max(seqs, default=0), live.last_seq()]
    return told


if __name__ == "__main__":
    answer({"found": found, "numbers": numbers})
