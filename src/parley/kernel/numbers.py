"""Ids and codes: primary keys that need no database to be unique, and names that outsiders may see.

A primary key is 63 bits: 41 of machine time in milliseconds since 2025, 12 of node (6 a machine, 6 a
process on it), 10 of sequence. Keys made later are larger, so an index grows at its end; they
stay what they are when an account moves to another cell or installation.
"""

import fcntl
import os
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from django.conf import settings
from django.db import connections, models

from . import clock

EPOCH_MS = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp() * 1000)
PROCESSES = MACHINES = 64
SEQUENCE = 1 << 10
LETTERS_AND_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"
CONSONANTS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: a code must not spell a word


class NoNode(RuntimeError):
    """More processes (or machines) than ids have room for."""


class _Node:
    """This process's place among all that make ids. A lock held for life guards it: it ends with us."""

    def __init__(self) -> None:
        self.lock, self.last, self.pid, self.number = Lock(), 0, 0, 0
        self.held: Any = None

    def next(self) -> int:
        with self.lock:
            if self.pid != os.getpid():  # first use, or a child after a fork
                self._take_place()
            tick = (int(clock.machine().timestamp() * 1000) - EPOCH_MS) * SEQUENCE
            self.last = max(self.last + 1, tick)  # also when the machine's clock is set back
            moment, sequence = divmod(self.last, SEQUENCE)
            return (moment * MACHINES * PROCESSES + self.number) * SEQUENCE + sequence

    def _take_place(self) -> None:
        folder = Path(settings.RUN_DIR) / "processes"
        folder.mkdir(parents=True, exist_ok=True)
        for process in range(PROCESSES):
            held = (folder / str(process)).open("a")
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.close()
                continue
            self.held, self.pid = held, os.getpid()
            self.number = machine_number() * PROCESSES + process
            return
        raise NoNode(f"more than {PROCESSES} processes share {folder}")


_node = _Node()


def new_id() -> int:
    """A primary key nobody else will ever make. Needs no database once the process has its place."""
    return _node.next()


class Machine(models.Model):
    """A computer that makes ids, known by what it keeps in its data folder."""

    home = "directory"
    number = models.PositiveSmallIntegerField(primary_key=True)
    secret = models.CharField(max_length=64, unique=True)

    class Meta:
        app_label = "kernel"


def machine_number() -> int:
    """0 where the directory is SQLite, which one machine owns; else this data folder's, claimed once."""
    if connections["default"].vendor == "sqlite":
        return 0
    place = Path(settings.DATA_DIR) / "machine"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_suffix(f".{os.getpid()}")
        fresh.write_text(str(_claim_machine(secrets.token_hex(16))))
        try:
            os.link(fresh, place)  # two processes that start together: the first to link wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return int(place.read_text())


CLAIM = """
INSERT INTO kernel_machine (number, secret)
SELECT free, %s FROM generate_series(0, %s) AS free
WHERE NOT EXISTS (SELECT 1 FROM kernel_machine WHERE number = free) ORDER BY free LIMIT 1
ON CONFLICT DO NOTHING RETURNING number
"""


def _claim_machine(secret: str) -> int:
    own = connections["default"].copy()  # in no transaction of ours: a claim must not roll back
    try:
        for _ in range(MACHINES):
            with own.cursor() as cursor:
                cursor.execute(CLAIM, [secret, MACHINES - 1])
                if row := cursor.fetchone():
                    return row[0]
    finally:
        own.close()
    raise NoNode(f"more than {MACHINES} machines share one directory")


class IdField(models.BigIntegerField):
    """The primary key of every row: see the module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"primary_key": True, "default": new_id, "editable": False}
        super().__init__(*args, **kwargs)


def public_id(length: int = 8) -> str:
    """What outsiders may call a row: letters and digits, unguessable only in the crowd, not a secret."""
    return "".join(secrets.choice(LETTERS_AND_DIGITS) for _ in range(length))


def short_id() -> str:
    """Four places, for what an account has dozens of: tags and groups (API.md §4)."""
    return public_id(4)


def ticket_code() -> str:
    """Such as `RWB-KLTNS-402`: 2.6e13 of them, free of vowels and so of words."""
    letters = "".join(secrets.choice(CONSONANTS) for _ in range(8))
    return f"{letters[:3]}-{letters[3:]}-{secrets.randbelow(1000):03d}"


class PublicIdField(models.CharField):
    """A row's name in URLs, API, webhooks and mails. Its model says that it is unique in the account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs = {"max_length": 12, "default": public_id, "editable": False} | kwargs
        super().__init__(*args, **kwargs)


def unused(candidates: Iterable[str], taken: models.QuerySet, field: str) -> str:
    """The first candidate that no row of `taken` has in `field`: for short names, which collide."""
    for each in candidates:
        if not taken.filter(**{field: each}).exists():
            return each
    raise NoNode(f"no {field} left")
