"""`parley outbox …`: what the account sends, recipient by recipient."""

from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from parley.commands.assembled import account_named, assembled
from parley.commands.output import Row, show_rows

COLUMNS = ("id", "to", "subject", "message_id", "in_reply_to", "references", "state", "transport")
AT_ONCE = 2000


def add_to(commands: Any) -> None:
    outbox = commands.add_parser("outbox", help="outgoing mail")
    family = outbox.add_subparsers(dest="subcommand", required=True, metavar="COMMAND")
    listing = family.add_parser("list", help="every delivery of an account, the oldest first")
    listing.add_argument("account", metavar="ACCOUNT", help="its name or host")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=list_deliveries)


def list_deliveries(options: Namespace) -> None:
    """Prints id, to, subject, message_id, in_reply_to, references, state, transport."""
    with assembled():
        from parley.kernel.cells import account_scope

        address = account_named(options.account)
        with account_scope(address.pk, cell=address.cell):
            show_rows(COLUMNS, rows(), as_json=options.json)


def rows() -> Iterator[Row]:
    """Of the account in scope, by one query. Message ids with their angle brackets (RFC 5322 §3.6.4)."""
    from parley.channels.email.models import Delivery

    fields = ("pk", "address", "mail__subject", "mail__message_id", "mail__in_reply_to")
    found = Delivery.objects.order_by("id").values_list(
        *fields, "mail__references", "state", "transport"
    )
    for pk, to, subject, message_id, in_reply_to, references, state, transport in found.iterator(
        AT_ONCE
    ):
        yield {
            "id": str(pk),
            "to": to,
            "subject": subject,
            "message_id": _angled(message_id),
            "in_reply_to": _angled(in_reply_to),
            "references": " ".join(map(_angled, references.split())),
            "state": state,
            "transport": transport or None,
        }


def _angled(message_id: str) -> str:
    return f"<{message_id}>" if message_id else ""
