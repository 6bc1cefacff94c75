"""`parley account …`: accounts, as the operator makes them by hand."""

from argparse import Namespace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from parley.commands.assembled import assembled
from parley.commands.output import Failure, show_one


def add_to(commands: Any) -> None:
    account = commands.add_parser("account", help="accounts")
    family = account.add_subparsers(dest="subcommand", required=True, metavar="COMMAND")
    create = family.add_parser("create", help="open an account that can sign in and take mail")
    create.add_argument("account", metavar="NAME", help="in front of the base domain")
    create.add_argument("--owner", required=True, metavar="EMAIL")
    create.add_argument("--password", required=True, metavar="PW", help="the owner's")
    create.add_argument("--region", metavar="R", help="eu, uk, us or sg; default: the first cell's")
    create.add_argument("--plan", metavar="P", help="not sold yet: leave it out")
    create.add_argument("--name", default="", metavar="TITLE", help="what the company calls itself")
    create.add_argument("--language", default="en", metavar="CODE")
    create.add_argument("--time-zone", default="UTC", metavar="ZONE", help="such as Europe/Copenhagen")
    create.add_argument("--json", action="store_true")
    create.set_defaults(run=create_account)


def create_account(options: Namespace) -> None:
    """Prints id, name, host, region, state."""
    with assembled():
        from parley.accounts.actions import Opening
        from parley.desk.openings import Owner, open_desk
        from parley.kernel.actors import Actor
        from parley.kernel.cells import region_of

        _check(options)
        opening = Opening(
            name=options.account,
            title=options.name,
            language=options.language,
            time_zone=options.time_zone,
            cell=_cell(options.region),
        )
        owner = Owner(options.owner, password=options.password)
        address = open_desk(opening, owner=owner, by=Actor("operator"))
        made = {
            "id": str(address.pk),
            "name": address.name,
            "host": address.host,
            "region": region_of(address.cell),
            "state": str(address.state),
        }
        show_one(made, as_json=options.json)


def _check(options: Namespace) -> None:
    from django.conf import settings

    from parley.channels.email.addresses import is_address
    from parley.kernel.cells import AccountAddress

    if options.plan:
        raise Failure("no_such_plan", "This installation sells no plans; leave --plan out.")
    if not is_address(options.owner):
        raise Failure("email_invalid", f"{options.owner} is not an e-mail address.")
    if options.language not in dict(settings.LANGUAGES):
        known = ", ".join(dict(settings.LANGUAGES))
        raise Failure("no_such_language", f"Languages are {known}.")
    try:
        ZoneInfo(options.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Failure("no_such_time_zone", f"There is no time zone {options.time_zone}.") from None
    half_made = AccountAddress.State.OPENING  # by a command that was interrupted: this one goes on
    if AccountAddress.objects.filter(name=options.account.lower()).exclude(state=half_made).exists():
        raise Failure("account_name_taken", f"There is an account {options.account} already.")


def _cell(region: str | None) -> str:
    """The first cell of the region."""
    from django.conf import settings

    from parley.kernel.cells import region_of

    for cell in settings.CELLS:
        if region in (None, region_of(cell)):
            return cell
    known = ", ".join(sorted({region_of(cell) for cell in settings.CELLS}))
    raise Failure("no_such_region", f"There is no cell in {region}; regions are {known}.")
