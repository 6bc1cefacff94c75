"""`parley doctor`: what keeps this installation from working, and what the operator should know."""

import os
import shutil
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from fcntl import LOCK_EX, LOCK_NB, flock
from functools import partial
from pathlib import Path
from typing import Any

from parley.commands.assembled import setup
from parley.commands.databases import homes
from parley.commands.output import say, show_one

OLDEST_PYTHON = (3, 11)
LEAST_SPACE, LITTLE_SPACE = 200 << 20, 2 << 30  # bytes
REDIS_SECONDS = 3.0

Finding = tuple[str, bool | None, str]  # name; well, worth a warning (None), or wrong; a sentence


def add_to(commands: Any) -> None:
    doctor = commands.add_parser("doctor", help="say what is wrong with this installation")
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(run=examine)


def examine(options: Namespace) -> int:
    """Prints ok, and checks with ok, message and whether it is a warning. 1 when something is wrong."""
    setup()
    checks = {
        name: {"ok": well is not False, "message": said, "warning": well is None}
        for name, well, said in findings()
    }
    ok = all(each["ok"] for each in checks.values())
    if options.json:
        show_one({"ok": ok, "checks": checks}, as_json=True)
    else:
        width = max(map(len, checks))
        for name, each in checks.items():
            mark = "!" if each["warning"] else "✓" if each["ok"] else "✗"
            say(f"{mark} {name:<{width}}  {each['message']}")
    return 0 if ok else 1


def findings() -> Iterator[Finding]:
    """Everything that is looked at, in the order in which one would repair it."""
    yield _python()
    yield from _folder()
    yield _secret_key()
    reachable = []
    for alias in homes():
        found = list(_safely(f"database {alias}", partial(_database, alias)))
        reachable += [alias] if all(well is not False for _, well, _ in found) else []
        yield from found
    yield from _safely("redis", _redis)
    yield _relay()
    if len(reachable) == len(homes()):
        yield from _safely("workers", _at_work)
        yield from _safely("parked", _parked)


def _safely(name: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What cannot even be looked at is wrong."""
    import redis
    from django.db import Error

    try:
        yield from look()
    except (Error, OSError, redis.RedisError, RuntimeError, ValueError) as error:
        yield name, False, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        return "python", False, f"{version}; 3.11 or later is needed"
    return "python", True, version


def _folder() -> Iterator[Finding]:
    from django.conf import settings

    folder = Path(settings.DATA_DIR)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield "data folder", *_keeps_promises(folder)
    except OSError as error:
        yield "data folder", False, f"{folder}: {error.strerror}"
        return
    free = shutil.disk_usage(folder).free
    well = None if LEAST_SPACE <= free < LITTLE_SPACE else free >= LEAST_SPACE
    yield "disk space", well, f"{free / (1 << 30):.1f} GB free in {folder}"


def _keeps_promises(folder: Path) -> tuple[bool, str]:
    """Whether locks exclude each other there and content can be forced to the disk: network file systems
    may know neither, and SQLite and mail rely on both."""
    with (
        tempfile.NamedTemporaryFile(dir=folder, prefix="doctor.") as one,
        Path(one.name).open() as other,
    ):
        one.write(b"parley")
        one.flush()
        os.fsync(one.fileno())
        flock(one, LOCK_EX | LOCK_NB)
        try:
            flock(other, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return True, f"{folder} can be written, locked and synced"
    return False, f"{folder} is on a file system whose locks exclude nobody"


def _secret_key() -> Finding:
    from django.conf import settings

    if os.environ.get("PARLEY_SECRET_KEY"):
        return "secret key", True, "given by PARLEY_SECRET_KEY"
    mode = (Path(settings.DATA_DIR) / "secret_key").stat().st_mode & 0o777
    if mode != 0o600:
        return "secret key", False, f"its file has mode {mode:04o}; it must be 0600"
    return "secret key", True, "kept in the data folder with mode 0600"


def _database(alias: str) -> Iterator[Finding]:
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    connection, name = connections[alias], f"database {alias}"
    connection.ensure_connection()
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        yield name, False, f"{connection.vendor}: {missing} migrations are missing; run `parley migrate`"
        return
    yield name, True, f"{connection.vendor}: reachable and up to date"
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
            bypasses = cursor.fetchone()[0]
        said = "bypasses row-level security; use an ordinary one" if bypasses else "is an ordinary one"
        yield f"role {alias}", not bypasses, f"the role {said}"


def _redis() -> Iterator[Finding]:
    import redis
    from django.conf import settings

    if settings.REDIS_URL:
        timeouts = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS}
        redis.Redis.from_url(settings.REDIS_URL, **timeouts).ping()
        yield "redis", True, "answers"


def _relay() -> Finding:
    from django.conf import settings

    if settings.SMTP_RELAY:
        return "mail relay", True, "mail is handed to the server in PARLEY_SMTP_RELAY"
    return "mail relay", None, "mail is caught: nothing leaves until PARLEY_SMTP_RELAY is set"


def _at_work() -> Iterator[Finding]:
    from django.conf import settings

    from parley.kernel import beats, clock
    from parley.web.health import SILENT_AFTER

    now = clock.machine()
    alive = {key for key, at in beats.latest().items() if now - at < SILENT_AFTER}
    idle = [cell for cell in settings.CELLS if ("worker", cell) not in alive]
    yield "workers", not idle, f"no worker serves {', '.join(idle)}" if idle else "every cell is served"
    takes_mail = ("smtp", "") in alive
    yield "smtp", takes_mail or None, "mail is taken" if takes_mail else "nobody takes mail by SMTP"


def _parked() -> Iterator[Finding]:
    from django.conf import settings

    from parley.kernel import beats

    total: dict[str, int] = {}
    for cell in settings.CELLS:
        for kind, count in beats.parked(cell).items():
            total[kind] = total.get(kind, 0) + count
    said = ", ".join(f"{count} {kind}" for kind, count in total.items() if count)
    yield "parked", None if said else True, f"{said} wait for a person" if said else "nothing"
