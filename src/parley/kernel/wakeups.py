"""Tell sleeping processes that there is news. A lost wake-up costs a moment, never a message:
the tables are the truth, and every listener also looks by itself now and then.

SQLite: a datagram to each listener's Unix socket, and `PRAGMA data_version` for writers that do not
poke. PostgreSQL: NOTIFY. Between machines: Redis, when there is one.
"""

import contextlib
import json
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any
from uuid import uuid4

import redis
from django.conf import settings
from django.db import connections

# For whom (0: nobody in particular), and an ephemeral message if it carries one.
Heard = Callable[[str, int, dict | None], None]
LOOK_SECONDS = 0.25


def poke(cell: str, account: int, message: dict | None = None) -> None:
    """Wake whoever sleeps for news of the account. Returns at once and never fails the caller."""
    note = json.dumps([account, message])
    if not settings.REDIS_URL and connections[cell].vendor == "sqlite":
        _poke_sockets(_sockets(cell), note.encode())
    else:
        _crier().notes.put((cell, note))


class Crier(Thread):
    """Sends notes to PostgreSQL or Redis from a thread of its own, many at once when many wait.

    After the commit, not in it: NOTIFY holds a lock of the whole server while it commits.
    """

    def __init__(self) -> None:
        super().__init__(name="crier", daemon=True)
        self.notes: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self.pid = os.getpid()
        self.own: dict[str, Any] = {}

    def run(self) -> None:
        while True:
            waiting = {self.notes.get(): None}
            while not self.notes.empty():
                waiting[self.notes.get()] = None
            by_cell: dict[str, list[str]] = {}
            for cell, note in waiting:
                by_cell.setdefault(cell, []).append(note)
            for cell, notes in by_cell.items():
                try:
                    self._cry(cell, notes)
                except Exception:  # noqa: BLE001 - connection lost: they will look by themselves
                    self.own.pop(cell, None)

    def _cry(self, cell: str, notes: list[str]) -> None:
        if settings.REDIS_URL:
            for note in notes:
                _redis().publish(f"parley:{cell}", note)
            return
        own = self.own.get(cell)
        if own is None:
            own = self.own[cell] = connections[cell].copy()
            own.ensure_connection()
            # A wake-up may commit without waiting for the disk.
            own.connection.execute("SET synchronous_commit TO off")
        own.connection.execute(
            "SELECT pg_notify('parley', note) FROM unnest(%s::text[]) AS note", [notes]
        )


_one_crier: list[Crier] = []
_crier_lock = Lock()


def _crier() -> Crier:
    with _crier_lock:
        if not _one_crier or _one_crier[0].pid != os.getpid():  # a fork takes no threads along
            _one_crier[:] = [Crier()]
            _one_crier[0].start()
        return _one_crier[0]


def _poke_sockets(folder: Path, note: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for address in folder.glob("*"):
            try:
                sender.sendto(note, str(address))
            except ConnectionRefusedError:  # its owner was killed
                address.unlink(missing_ok=True)
            except OSError:  # full, or gone: it will look by itself
                continue


class Listener(Thread):
    """Calls `heard` from its own thread. Threads start without a scope, so it touches no rows."""

    def __init__(self, cell: str, heard: Heard) -> None:
        super().__init__(name=f"listen-{cell}", daemon=True)
        self.cell, self.heard, self.stopped = cell, heard, Event()

    def run(self) -> None:
        notes: Callable[[], Iterator[str | bytes]]
        if settings.REDIS_URL:
            notes = self._redis_notes
        elif connections[self.cell].vendor == "postgresql":
            notes = self._postgres_notes
        else:
            notes = self._sqlite_notes
        while not self.stopped.is_set():
            with contextlib.suppress(Exception):  # connection lost: listen again, look meanwhile
                for note in notes():
                    account, message = json.loads(note) if note else (0, None)
                    self.heard(self.cell, account, message)
            self.stopped.wait(LOOK_SECONDS)
            self.heard(self.cell, 0, None)

    def _sqlite_notes(self) -> Iterator[bytes]:
        address = _sockets(self.cell) / uuid4().hex[:12]
        watched = sqlite3.connect(settings.DATABASES[self.cell]["NAME"])
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mine:
            mine.bind(str(address))
            mine.settimeout(LOOK_SECONDS)
            seen = None
            try:
                while not self.stopped.is_set():
                    try:
                        yield mine.recv(65536)
                    except TimeoutError:
                        if not address.exists():  # somebody cleared the folder: begin again
                            return
                        version = watched.execute("PRAGMA data_version").fetchone()
                        if version != seen:
                            seen = version
                            yield b""
            finally:
                address.unlink(missing_ok=True)
                watched.close()

    def _postgres_notes(self) -> Iterator[str]:
        own = connections[self.cell].copy()
        own.ensure_connection()
        try:
            own.connection.execute("LISTEN parley")
            while not self.stopped.is_set():
                for note in own.connection.notifies(timeout=1):
                    yield note.payload
                yield ""
        finally:
            own.close()

    def _redis_notes(self) -> Iterator[bytes]:
        with _redis().pubsub(ignore_subscribe_messages=True) as channel:
            channel.subscribe(f"parley:{self.cell}")
            while not self.stopped.is_set():
                note = channel.get_message(timeout=1)
                yield note["data"] if note else b""


def _sockets(cell: str) -> Path:
    folder = Path(settings.RUN_DIR) / cell
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, health_check_interval=30)
