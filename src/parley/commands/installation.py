"""`parley serve`: prepares the databases, starts the parts, keeps them alive, ends them in order."""

import fcntl
import gc
import os
import socket
from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import IO, Any

from parley.commands import forks, processes
from parley.commands.assembled import assembled, setup
from parley.commands.children import Child
from parley.commands.herald import Places, announce
from parley.commands.output import Failure, warn
from parley.commands.supervisor import Supervisor
from parley.config.env import Env

PREDECESSOR_SECONDS = 20.0  # children of a supervisor that was killed are gone within this
FIRST, LAST = 0, 1  # order of ending


def serve(options: Namespace) -> int:
    """Until it is told to stop: 0 if nobody had to be killed for it. Raises Failure."""
    lock, patience = _lock(Env.read().data_dir)
    with lock, processes.listening_socket(options.http, patience=patience) as web:
        mail = _free(options.smtp, patience)
        _set_public_port(web)
        _import_everything()
        made = forks.answer_of(partial(_prepare, options))
        gc.collect()
        gc.freeze()  # the collector would write to what the processes share
        ours = [lock.fileno(), web.fileno()]
        say = partial(announce, web.getsockname()[:2], _places(mail, made), as_json=options.json)
        herald = forks.fork(say, closing=ours)
        supervisor = Supervisor(_children(web, mail), keep=ours, bystander=herald)
        try:
            code = supervisor.run()
        finally:
            forks.end(supervisor.bystander)
        lock.truncate(0)  # ended in order: the next one need not wait for anybody
        return code


def _children(web: socket.socket, mail: tuple[str, int]) -> list[Child]:
    pages = partial(processes.web, web, expected=("worker", "smtp"))
    children = [
        Child("web", pages, order=FIRST, needs=[web.fileno()]),
        Child("smtp", partial(processes.smtp, *mail), order=FIRST),
    ]
    for number in range(1, int(Env.read().workers) + 1):
        children.append(Child(f"worker-{number}", partial(processes.worker, ()), order=LAST))
    return children


def _lock(folder: Path) -> tuple[IO[str], float]:
    """One supervisor for each data folder, and how long to wait for what one that was killed has left:
    its children go by themselves, but not at once. Raises Failure."""
    place = folder / "run" / "supervisor"
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = place.open("a+")
    lock.seek(0)
    other = lock.read().strip()
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise Failure("already_served", f"{folder} is served already, by process {other}.") from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock, PREDECESSOR_SECONDS if other else 0.0


def _free(address: tuple[str, int], patience: float) -> tuple[str, int]:
    """The address mail will be taken at: it is tried, so that a taken one is said at once."""
    with processes.listening_socket(address, patience=patience) as probe:
        return address[0], probe.getsockname()[1]


def _set_public_port(web: socket.socket) -> None:
    """Links lead to where we listen, unless the operator says that a proxy stands in front."""
    env, port = Env.read(), web.getsockname()[1]
    if env.scheme == "http" and not env.public_port and port != 80:
        os.environ["PARLEY_PUBLIC_PORT"] = str(port)


def _import_everything() -> None:
    """Before the forks, so that each of them has it."""
    setup()
    import aiosmtpd.controller  # noqa: F401
    import uvicorn.protocols.http.h11_impl
    import uvicorn.protocols.websockets.websockets_sansio_impl  # noqa: F401
    from django.db import connections
    from django.urls import get_resolver

    from parley.config import asgi  # noqa: F401
    from parley.kernel import worker  # noqa: F401

    get_resolver()._populate()
    connections.close_all()


def _prepare(options: Namespace) -> dict[str, Any]:
    """Tables, the test clock, and the demo account where there is no account at all. Returns what the
    demo account has to say for itself; nothing where there is none."""
    with assembled():
        from parley.commands import databases, demo
        from parley.kernel.cells import AccountAddress

        databases.migrate()
        if options.test_clock:
            _set_clock(options)
        if not options.no_demo and not AccountAddress.objects.exists():
            warn("parley: first start: a demo account is being made")
            return demo.build()
        return demo.known() or {}


def _set_clock(options: Namespace) -> None:
    from parley.kernel import clock, test_clock

    try:
        test_clock.set_to(options.test_clock)
    except test_clock.Backwards as error:
        warn(f"parley: {error}; it goes on from {clock.now().isoformat(timespec='seconds')}")


def _places(mail: tuple[str, int], made: dict[str, Any]) -> Places:
    env = Env.read()
    port = f":{env.public_port}" if env.public_port else ""
    site = f"{env.scheme}://{env.base_domain}{port}/"
    return Places(site, f"{site}outbox", processes.shown(*mail), made)
