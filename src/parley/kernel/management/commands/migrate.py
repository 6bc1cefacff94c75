"""Migrate the directory and every cell, and put row-level security on whatever tables there are."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.commands.migrate import Command as DjangoMigrate

from parley.kernel import periodic
from parley.kernel.all_accounts import across_accounts
from parley.kernel.cells import cell_scope
from parley.kernel.rls import protect


class Command(DjangoMigrate):
    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=None)

    def get_check_kwargs(self, options: dict[str, Any]) -> dict[str, Any]:
        return super().get_check_kwargs(options) | {"databases": _homes(options["database"])}

    def handle(self, *args: Any, **options: Any) -> None:
        for alias in _homes(options.pop("database")):
            with across_accounts("Migrations rebuild tables of all accounts.", cell=alias):
                super().handle(*args, database=alias, **options)
                protect(alias)
            if alias in settings.CELLS and not options.get("app_label"):
                with cell_scope(alias):
                    periodic.keep(settings.CHORES)


def _homes(one: str | None) -> list[str]:
    return [one] if one else list(dict.fromkeys(["default", *settings.CELLS]))
