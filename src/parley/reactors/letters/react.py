"""Letters to those who sign in: an invitation, a key to choose a new password."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from parley.accounts.events import LoginInvited, PasswordRequested
from parley.accounts.models import Account, Login
from parley.accounts.sign_in import actions as sign_in
from parley.desk import ports
from parley.desk.team import queries as team
from parley.kernel.actors import SYSTEM
from parley.kernel.events import StoredEvent
from parley.kernel.reactors import reactor


@reactor("letters", on=LoginInvited)
def invite(event: LoginInvited, stored: StoredEvent) -> None:
    _send(event.login, "invitation")


@reactor("letters", on=PasswordRequested)
def send_reset(event: PasswordRequested, stored: StoredEvent) -> None:
    _send(event.login, "reset")


def _send(login_id: int, purpose: str) -> None:
    login = Login.objects.filter(pk=login_id).exclude(state=Login.State.DELETED).first()
    if login is None:
        return
    account, agent = Account.objects.get(), team.by_login(login.pk)
    name = agent.name if agent else ""
    secret = sign_in.make_key(login, purpose, by=SYSTEM)
    with override(login.language or account.language):
        subject, text = _texts(purpose)
    values = {
        "account": account.name,
        "name": name or login.email,
        "link": f"{account_url(account.address)}/agent/{_PATHS[purpose]}/{secret}/",
    }
    letter = ports.Letter(login.email, name, subject % values, text % values, is_secret=True)
    ports.send_letter(letter)


_PATHS = {"invitation": "invitation", "reset": "password/reset"}


def _texts(purpose: str) -> tuple[str, str]:
    if purpose == "invitation":
        return _("You are invited to %(account)s"), _(
            "Hello %(name)s,\n\n%(account)s answers its customers with Parley and invites you to join.\n"
            "Choose your password here; the link is good for 7 days and works once:\n\n%(link)s\n"
        )
    return _("A new password for %(account)s"), _(
        "Hello %(name)s,\n\nsomebody, probably you, asked for a new password for %(account)s.\n"
        "Choose it here; the link is good for 2 hours and works once:\n\n%(link)s\n\n"
        "If it was not you, do nothing: your password stays as it is.\n"
    )


def account_url(name: str) -> str:
    port = f":{settings.PUBLIC_PORT}" if settings.PUBLIC_PORT else ""
    return f"{settings.SCHEME}://{name}.{settings.BASE_DOMAIN}{port}"
