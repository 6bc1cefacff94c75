"""What every test has: databases with an intruder in them, a stopped clock, no network."""

import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.core.management.commands.flush import Command as Flush

from parley.kernel import cells, clock, numbers, wakeups
from parley.kernel.all_accounts import across_accounts
from parley.kernel.cells import AccountAddress, account_scope
from tests.clients import WatchedClient
from tests.installation import Installation
from tests.intruder import open_intruder
from tests.world import ACME, FAR, INTRUDER, NOON, World, open_acme


def _unfenced(flush: Any) -> Any:
    """After a test that commits, Django empties all tables, whoever's rows they hold."""

    def handle(self: Any, **options: Any) -> Any:
        with across_accounts("a test that committed clears up", cell=options["database"]):
            return flush(self, **{**options, "allow_cascade": True})

    return handle


Flush.handle = _unfenced(Flush.handle)
# The same examples in every run, so that a failure is the change's own; `HYPOTHESIS_PROFILE=explore` looks
# for new ones.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

NEEDS_DATABASES = {"world", "intruder", "far_intruder", "client", "db", "transactional_db"}


class Blocked(RuntimeError):
    """A test tried to reach the world outside."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:  # a test that forgets a database would be refused in the middle
        marked = item.get_closest_marker("django_db")
        if marked or NEEDS_DATABASES & set(getattr(item, "fixturenames", ())):
            options = {**(marked.kwargs if marked else {}), "databases": list(settings.DATABASES)}
            item.add_marker(pytest.mark.django_db(**options), append=False)


@pytest.fixture(scope="session", autouse=True)
def _only_this_machine() -> Iterator[None]:
    """Loopback and Unix sockets only; names but localhost are not looked up."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded(original: Any) -> Any:
        def call(self: socket.socket, address: Any) -> Any:
            if self.family != socket.AF_UNIX and not _is_here(address[0]):
                raise Blocked(f"{address} is not this machine")
            return original(self, address)

        return call

    def looked_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host is None or _is_here(host):
            return look_up(host, *args, **kwargs)
        raise socket.gaierror(socket.EAI_NONAME, f"tests do not look up {host}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded(connect))
        patch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
        patch.setattr(socket, "getaddrinfo", looked_up)
        yield


def _is_here(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(name.split("%")[0]).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cells._remembered.clear()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The accounts are opened once; each test's transaction leaves them as they are."""
    with django_db_blocker.unblock():
        _open_all()
    yield
    for crier in wakeups._one_crier:  # a database that somebody listens to cannot be dropped
        for connection in crier.own.values():
            connection.connection.close()
    if numbers._node.held:
        numbers._node.held.close()


def _open_all() -> None:
    if AccountAddress.objects.filter(name=ACME).exists():
        return
    open_intruder(INTRUDER, cell=settings.CELLS[0])
    open_intruder(FAR, cell=settings.CELLS[-1])
    open_acme()


@pytest.fixture
def accounts(db: None) -> dict[str, AccountAddress]:
    """By name. Opened anew where a test that commits has emptied the tables."""
    _open_all()
    return {address.name: address for address in AccountAddress.objects.all()}


@pytest.fixture
def intruder(accounts: dict[str, AccountAddress]) -> AccountAddress:
    """In the same cell as the world."""
    return accounts[INTRUDER]


@pytest.fixture
def far_intruder(accounts: dict[str, AccountAddress]) -> AccountAddress:
    """In another cell, where there is one."""
    return accounts[FAR]


@pytest.fixture
def world(accounts: dict[str, AccountAddress]) -> Iterator[World]:
    address = accounts[ACME]
    with clock.stopped(NOON), account_scope(address.pk):
        world = World(address)
        world.intruder = accounts[INTRUDER]
        yield world


@pytest.fixture
def client(db: None) -> WatchedClient:
    """At the world's host; fails the test when an answer shows a word of the intruder's."""
    return WatchedClient()


@pytest.fixture
def installation(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """Real processes with databases of their own."""
    own = Installation(**getattr(request, "param", {}))
    yield own
    own.end()
