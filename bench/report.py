"""How figures are shown: on the terminal, and as a dated section of docs/performance.md."""

import os
import platform
import sqlite3
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from bench.figures import Table

PLACE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
NEWEST_FIRST = "<!-- measured sections follow, the newest first -->"
LIBRARIES = ("Django", "uvicorn", "websockets", "aiosmtpd", "psycopg")


def say(table: Table) -> None:
    width = max((len(each.what) for each in table.figures), default=0)
    lines = [f"\n{table.name} on {table.database}"]
    lines += [f"  {each.what:<{width}}  {each.value}  {each.note}".rstrip() for each in table.figures]
    lines += [f"  BROKEN: {problem}" for problem in table.problems]
    if not table.problems:
        lines.append("  no promise was seen broken")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def write(tables: Sequence[Table]) -> None:
    """Above the sections that are there. Raises ValueError where the file has no place for it."""
    text = PLACE.read_text()
    head, mark, rest = text.partition(NEWEST_FIRST)
    if not mark:
        raise ValueError(f"{PLACE} has no line {NEWEST_FIRST}")
    PLACE.write_text(f"{head}{mark}\n\n{section(tables)}\n{rest.lstrip()}")


def section(tables: Sequence[Table]) -> str:
    """Markdown: the machine, then one table with a column for each database."""
    date = time.strftime("%Y-%m-%d, %H:%M UTC", time.gmtime())
    databases = list(dict.fromkeys(table.database for table in tables))
    lines = [f"## {date}", "", machine(), ""]
    lines += [f"| | {' | '.join(databases)} |", f"|---|{'---|' * len(databases)}"]
    for name in dict.fromkeys(table.name for table in tables):
        of = {table.database: table for table in tables if table.name == name}
        lines += _rows([of.get(database, Table(name, database)) for database in databases])
    broken = [problem for table in tables for problem in table.problems]
    lines += ["", *(f"**Broken:** {problem}" for problem in broken)]
    return "\n".join(lines).rstrip() + "\n"


def _rows(tables: list[Table]) -> list[str]:
    cells = [{each.what: _cell(each.value, each.note) for each in table.figures} for table in tables]
    named = dict.fromkeys(what for column in cells for what in column)
    return [f"| {what} | {' | '.join(column.get(what, '') for column in cells)} |" for what in named]


def _cell(value: str, note: str) -> str:
    return f"{value} ({note})" if note else value


def machine() -> str:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    load = os.getloadavg()[1]
    known = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{os.cpu_count()} cores, {pages * size / 2**30:.0f} GB, {platform.system()}; "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {known}. "
        f"Load average over five minutes at the end: {load:.1f}."
    )
