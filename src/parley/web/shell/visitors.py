"""Who is visiting: the host says the account, the cookie says the agent. Pages and live sockets
ask here, so that they cannot disagree.

One session, three cookies: each is sent only where it is needed, so that the customer's portal on the
same host never sees an agent's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse

from parley.accounts.models import Session
from parley.accounts.sign_in import queries as sessions
from parley.accounts.sign_in.actions import SESSION_LASTS
from parley.desk.team import queries as team
from parley.desk.team.models import Agent
from parley.kernel.cells import account_scope, address_of

COOKIE_AGENT, COOKIE_LIVE, COOKIE_FILES = "parley_agent", "parley_live", "parley_files"
PATHS = {COOKIE_AGENT: "/agent/", COOKIE_LIVE: "/live", COOKIE_FILES: "/files/"}


@dataclass(frozen=True)
class Visitor:
    cell: str
    account: int
    agent: Agent | None
    session: Session | None = None


@contextmanager
def visiting(host: str, cookie: str) -> Iterator[Visitor]:
    """The visitor, with the account in scope. Raises NotServed for a host nobody answers at."""
    address = address_of(without_port(host))
    with account_scope(address.pk, cell=address.cell):
        yield visitor(address.cell, address.pk, cookie)


def visitor(cell: str, account: int, cookie: str) -> Visitor:
    """With the account in scope already."""
    session = sessions.session(cookie)
    agent = team.by_login(session.login_id) if session else None
    return Visitor(cell, account, agent, session if agent else None)


def without_port(host: str) -> str:
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host


def let_in(response: HttpResponse, secret: str) -> None:
    """The cookies of a new session."""
    for name, path in PATHS.items():
        response.set_cookie(
            name,
            secret,
            path=path,
            max_age=int(SESSION_LASTS.total_seconds()),
            secure=settings.SCHEME == "https",
            httponly=True,
            samesite="Lax",
        )


def show_out(response: HttpResponse) -> None:
    for name, path in PATHS.items():
        response.delete_cookie(name, path=path)
