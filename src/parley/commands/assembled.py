"""Django ready for use, and what goes wrong below turned into a sentence for the operator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from parley.commands.output import Failure

if TYPE_CHECKING:
    from parley.kernel.cells import AccountAddress


@contextmanager
def assembled() -> Iterator[None]:
    """Everything is imported and registered. Refusals and failing databases become Failure."""
    setup()
    from django.db import DatabaseError

    from parley.kernel.actions import Refusal

    try:
        yield
    except Refusal as refusal:
        raise Failure(refusal.code, str(refusal.message)) from refusal
    except DatabaseError as error:
        raise Failure("database", f"{error} (has `parley migrate` run?)") from error


def setup() -> None:
    """Raises Failure when the settings make no sense."""
    import django

    try:
        django.setup(set_prefix=False)
    except (ValueError, OSError) as error:
        raise Failure("settings", str(error)) from error


def account_named(text: str) -> "AccountAddress":
    """An open account by its name or a host at which it answers. Raises Failure."""
    from parley.kernel.cells import AccountAddress, NotServed, address_of

    if "." in text:
        try:
            return address_of(text)
        except NotServed:
            raise Failure("no_such_account", f"No account answers at {text}.") from None
    address = AccountAddress.objects.filter(name=text.lower()).first()
    if address is None:
        raise Failure("no_such_account", f"There is no account {text}.")
    if address.state != AccountAddress.State.OPEN:
        raise Failure("account_not_open", f"The account {text} is {address.state}.")
    return address
