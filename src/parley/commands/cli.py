"""Which command was typed, and what its exit code is: 0 done, 1 it could not be done, 2 not understood.

Modules of commands are imported for every command: they import what is heavy (Django, the models) only
when they run. What is not ours falls through to Django's management commands.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from parley.commands import accounts, databases, demo, doctor, mail, outbox, serving, tickets
from parley.commands.output import Failure, show_failure

FAMILIES: tuple[ModuleType, ...] = (
    serving,
    databases,
    demo,
    doctor,
    accounts,
    tickets,
    outbox,
    mail,
)


class Parser(argparse.ArgumentParser):
    """Tells scripts that asked for JSON in JSON what was wrong."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        show_failure(Failure("usage", message), as_json="--json" in sys.argv)
        self.exit(2)


def parser() -> Parser:
    """All commands of ours. docs/cli.md is checked against it."""
    top = Parser(prog="parley", description="A help desk. Other words are Django's commands.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for family in FAMILIES:
        family.add_to(commands)
    return top


def main(argv: Sequence[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "parley.config.settings")
    ours = parser()
    if argv and argv[0] not in _names(ours) and not argv[0].startswith("-"):
        from django.core.management import execute_from_command_line

        execute_from_command_line(["parley", *argv])
        return 0
    options = ours.parse_args(argv)
    try:
        return options.run(options) or 0
    except Failure as failure:
        show_failure(failure, as_json=options.json)
        return 1
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _names(ours: Parser) -> set[str]:
    actions = [each for each in ours._actions if isinstance(each, argparse._SubParsersAction)]
    return set(actions[0].choices)
