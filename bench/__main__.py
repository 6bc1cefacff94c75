"""`python -m bench [NAMES…] [--quick] [--write]`: measures, prints a table, and keeps it in docs/performance.md."""

import argparse
import os
import sys
from importlib import import_module

from bench.figures import Table
from bench.installation import SQLITE, Installation
from bench.report import say, write
from bench.scale import Scale

#: In this order; each is a module with `measure(installation, scale, table)`.
ALL = ("actions", "jobs", "live", "start", "pages", "mail", "search")
POSTGRES = "PARLEY_TEST_POSTGRES"


def main() -> int:
    """0 when everything was measured and no promise was seen broken."""
    options = _options()
    servers = {"sqlite": SQLITE, "postgresql": os.environ.get(POSTGRES, "")}
    tables: list[Table] = []
    try:
        for database in options.on or servers:
            if not servers[database]:
                sys.stderr.write(f"PostgreSQL is left out: {POSTGRES} names no server.\n")
                continue
            for name in options.names or ALL:
                tables.append(_measured(name, database, servers[database], Scale(options.quick)))
    finally:
        if options.write and tables:  # also what was measured before it was interrupted
            write(tables)
    return 1 if any(table.problems for table in tables) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ALL))
    parser.add_argument("--quick", action="store_true", help="everything small: does it work at all?")
    parser.add_argument("--on", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--write", action="store_true", help="a dated section in docs/performance.md")
    options = parser.parse_args()
    if unknown := set(options.names) - set(ALL):
        parser.error(f"there is no measurement {', '.join(sorted(unknown))}")
    return options


def _measured(name: str, database: str, server: str, scale: Scale) -> Table:
    table = Table(name, database)
    with Installation(server) as installation:
        import_module(f"bench.{name}").measure(installation, scale, table)
    say(table)
    return table


if __name__ == "__main__":
    sys.exit(main())
