"""The mail door: an SMTP server (RFC 5321) that says 250 when a mail is on disk, and never before.

One thread runs the connections, so that slow senders hold nothing; a few others talk to the database.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Barrier, BrokenBarrierError, Event
from typing import TypeVar

from django.conf import settings
from django.db import connections

from . import intake
from .smtp_session import Session

R = TypeVar("R")
log = logging.getLogger("parley.smtp")
GRACE_SECONDS = 10.0  # for mails on their way in when we are asked to stop
LOOK_SECONDS = 0.1  # how often we look whether we are


@dataclass(frozen=True)
class Limits:
    """What one stranger may use. `seconds` are of silence."""

    connections: int = 500
    connections_per_ip: int = 20
    idle_seconds: float = 300.0
    data_seconds: float = 3600.0  # for one mail, however busily it comes
    mails: int = 100  # on one connection
    recipients: int = 1000  # of one mail
    errors: int = 20  # on one connection
    threads: int = 8


@dataclass
class Door:
    """What all connections share: how many there are, the threads that ask the database, whether we
    stop."""

    limits: Limits
    pool: ThreadPoolExecutor
    largest: int  # bytes of a mail
    sessions: set[Session] = field(default_factory=set)
    from_ip: Counter[str] = field(default_factory=Counter)
    is_closing: bool = False

    def enter(self, session: Session) -> str | None:
        """None, or the words with which it is turned away."""
        if self.is_closing:
            return "421 4.3.2 The server is shutting down, try again later"
        if len(self.sessions) >= self.limits.connections:
            return "421 4.3.2 Too many connections, try again later"
        if self.from_ip[session.ip] >= self.limits.connections_per_ip:
            return "421 4.7.0 Too many connections from your address"
        self.sessions.add(session)
        self.from_ip[session.ip] += 1
        return None

    def leave(self, session: Session) -> None:
        if session in self.sessions:
            self.sessions.discard(session)
            self.from_ip[session.ip] -= 1
            self.from_ip += Counter()  # forgets those at nought

    async def ask(self, work: Callable[..., R], *args: object, **kwargs: object) -> R:
        """In one of the threads, with fresh connections and no account in scope. Raises
        intake.NotNow."""
        call = partial(intake.in_thread(work), *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self.pool, call)


def serve(host: str, port: int, stopping: Event, *, limits: Limits | None = None) -> None:
    """Takes mail at host and port until `stopping` is set; then refuses new mails and finishes, within
    ten seconds, those that are being sent. Raises OSError where the port cannot be had."""
    limits = limits or Limits()
    with ThreadPoolExecutor(limits.threads, thread_name_prefix="smtp") as pool:
        door = Door(limits, pool, settings.LARGEST_MAIL)
        try:
            asyncio.run(_serve(door, host, port, stopping))
        finally:
            _close_connections(pool, limits.threads)


async def _serve(door: Door, host: str, port: int, stopping: Event) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(door, loop), host, port, backlog=200)
    log.debug("taking mail at %s:%d", host, port)
    try:
        while not stopping.is_set():
            await asyncio.sleep(LOOK_SECONDS)
        door.is_closing = True
        server.close()
        await _let_finish(door)
    finally:
        server.close()
        for session in list(door.sessions):
            session.abort()
        await asyncio.sleep(0)  # so that the connections hear of it


async def _let_finish(door: Door) -> None:
    for session in list(door.sessions):
        session.dismiss()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GRACE_SECONDS):
            while door.sessions:
                await asyncio.sleep(LOOK_SECONDS / 2)


def _close_connections(pool: ThreadPoolExecutor, threads: int) -> None:
    """Every thread closes its own, for no other may: they wait for each other, so that none does it
    twice."""
    together = Barrier(threads)

    def close() -> None:
        with contextlib.suppress(BrokenBarrierError):
            together.wait(GRACE_SECONDS)
        connections.close_all()

    for _ in range(threads):
        pool.submit(close)
