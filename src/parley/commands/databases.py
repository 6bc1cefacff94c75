"""`parley migrate`: the tables of the directory and of every cell brought up to date."""

from argparse import Namespace
from typing import Any

from parley.commands.assembled import assembled
from parley.commands.output import show_one


def add_to(commands: Any) -> None:
    migrating = commands.add_parser("migrate", help="bring the tables of all databases up to date")
    migrating.add_argument("app", nargs="?", help="one app only")
    migrating.add_argument("migration", nargs="?", help="up, or back, to this one")
    migrating.add_argument("--json", action="store_true")
    migrating.set_defaults(run=run_migrate)


def run_migrate(options: Namespace) -> None:
    """Prints ok, and for each database what was done."""
    with assembled():
        done = migrate(*filter(None, (options.app, options.migration)))
        if options.json:
            show_one({"ok": True, "checks": done}, as_json=True)
        else:
            show_one({name: each["message"] for name, each in done.items()}, as_json=False)


def migrate(*where: str) -> dict[str, dict[str, Any]]:
    """By database: ok, and a message that says how many migrations were applied."""
    from django.core.management import call_command

    before = {alias: _applied(alias) for alias in homes()}
    call_command("migrate", *where, verbosity=0)
    done = {}
    for alias in homes():
        change = _applied(alias) - before[alias]
        message = f"{change} migrations applied" if change else "was up to date"
        if change < 0:
            message = f"{-change} migrations taken back"
        done[alias] = {"ok": True, "message": message}
    return done


def homes() -> list[str]:
    """All databases: the directory's first."""
    from django.conf import settings

    return list(dict.fromkeys(["default", *settings.CELLS]))


def _applied(alias: str) -> int:
    from django.db import connections
    from django.db.migrations.recorder import MigrationRecorder

    return len(MigrationRecorder(connections[alias]).applied_migrations())
