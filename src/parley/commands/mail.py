"""`parley mail …`: mail handed in as a file, as if a server had brought it."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from parley.commands.assembled import account_named, assembled
from parley.commands.output import Failure, Row, show_one, warn

SOURCE = "file"


def add_to(commands: Any) -> None:
    mail = commands.add_parser("mail", help="incoming mail")
    family = mail.add_subparsers(dest="subcommand", required=True, metavar="COMMAND")
    deliver = family.add_parser("deliver", help="take a mail from a file and file it at once")
    deliver.add_argument("account", metavar="ACCOUNT", help="its name or host")
    deliver.add_argument("file", metavar="FILE.eml", type=Path)
    deliver.add_argument("--json", action="store_true")
    deliver.set_defaults(run=deliver_file)


def deliver_file(options: Namespace) -> None:
    """Prints ticket, message, outcome."""
    try:
        raw = options.file.read_bytes()
    except OSError as error:
        raise Failure("unreadable_file", f"{options.file}: {error.strerror}") from error
    with assembled():
        from parley.kernel.cells import account_scope

        address = account_named(options.account)
        with account_scope(address.pk, cell=address.cell):
            show_one(deliver(raw, host=address.host), as_json=options.json)


def deliver(raw: bytes, *, host: str) -> Row:
    """Into the account in scope. `outcome` is filed, unreadable (a ticket with the raw file), duplicate,
    or received: it is kept, but to understand it failed, and the worker will try again."""
    from parley.channels.email import receive
    from parley.commands.at_once import work_off
    from parley.kernel.numbers import new_id
    from parley.kernel.retries import attempt
    from parley.kernel.tenancy import current_cell
    from parley.kernel.turns import writing

    sender, recipients = envelope(raw, host)
    before = new_id()
    with writing(current_cell()):
        mail = receive.accept(raw, envelope_from=sender, recipients=recipients, source=SOURCE)
        error = attempt(lambda: _in_savepoint(lambda: work_off(since=before)))
    if error:
        warn(f"parley: {type(error).__name__}: {error}")
    return _outcome(mail.pk, is_duplicate=mail.pk < before)  # keys grow with time


def _in_savepoint(work: Callable[[], None]) -> None:
    from parley.kernel.tenancy import current_cell
    from parley.kernel.turns import writing

    with writing(current_cell()):
        work()


def envelope(raw: bytes, host: str) -> tuple[str, list[str]]:
    """Sender and recipients as a server would have been told: who is named in the mail and lives at
    `host`, else the default department."""
    from parley.channels.email.mime import parse
    from parley.channels.email.parsed import Malformed
    from parley.desk.team.queries import default_department

    fallback = f"{default_department().mail_name}@{host}"
    try:
        mail = parse(raw)
    except Malformed:
        return "", [fallback]
    named = [*mail.delivered_to, *(each.email for each in (*mail.to, *mail.cc))]
    ours = [each.lower() for each in named if each.lower().endswith(f"@{host}")]
    senders = [mail.return_path or "", *(each.email for each in mail.from_)]
    return next(filter(None, senders), ""), list(dict.fromkeys(ours)) or [fallback]


def _outcome(mail_id: int, *, is_duplicate: bool) -> Row:
    from parley.channels.email.models import IncomingMail
    from parley.desk.tickets.models import Message

    mail = IncomingMail.objects.select_related("group__ticket").get(pk=mail_id)
    first = Message.objects.filter(group=mail.group).order_by("position").first()
    return {
        "ticket": mail.group.ticket.code if mail.group else None,
        "message": first.public_id if first else None,
        "outcome": "duplicate" if is_duplicate else str(mail.state),
    }
