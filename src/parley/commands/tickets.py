"""`parley ticket …`: an account's tickets as a list."""

from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from parley.commands.assembled import account_named, assembled
from parley.commands.output import Row, show_rows

COLUMNS = ("code", "status", "subject", "requester", "department", "agent", "created", "messages")
AT_ONCE = 2000


def add_to(commands: Any) -> None:
    ticket = commands.add_parser("ticket", help="tickets")
    family = ticket.add_subparsers(dest="subcommand", required=True, metavar="COMMAND")
    listing = family.add_parser("list", help="all tickets of an account, the oldest first")
    listing.add_argument("account", metavar="ACCOUNT", help="its name or host")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=list_tickets)


def list_tickets(options: Namespace) -> None:
    """Prints code, status, subject, requester, department, agent, created, messages."""
    with assembled():
        from parley.kernel.cells import account_scope

        address = account_named(options.account)
        with account_scope(address.pk, cell=address.cell):
            show_rows(COLUMNS, rows(), as_json=options.json)


def rows() -> Iterator[Row]:
    """Of the account in scope, by one query. `messages` counts what customers can see."""
    from django.db.models import Count, OuterRef, Q, Subquery

    from parley.desk.contacts.models import ContactAddress
    from parley.desk.tickets.models import PUBLIC_GROUPS, Status, Ticket

    address = ContactAddress.objects.filter(contact=OuterRef("requester")).order_by("position", "id")
    said = Count("groups", filter=Q(groups__type__in=PUBLIC_GROUPS))
    tickets = Ticket.objects.annotate(address=Subquery(address.values("email")[:1]), said=said)
    fields = ("code", "status", "subject", "address", "department__name", "assignee__name")
    found = tickets.order_by("created_at", "id").values_list(*fields, "created_at", "said")
    for code, status, subject, email, department, agent, created, messages in found.iterator(AT_ONCE):
        yield {
            "code": code,
            "status": Status(status).name.lower(),
            "subject": subject,
            "requester": email,
            "department": department,
            "agent": agent,
            "created": created.astimezone(UTC).isoformat(timespec="seconds"),
            "messages": messages,
        }
