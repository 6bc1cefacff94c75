"""`parley serve` and its parts, which can run alone: `parley web`, `parley worker`, `parley smtp`."""

import os
from argparse import ArgumentTypeError, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HTTP, SMTP = "127.0.0.1:8000", "127.0.0.1:2525"
Address = tuple[str, int]


def add_to(commands: Any) -> None:
    serve = commands.add_parser("serve", help="everything on this machine: pages, workers, mail")
    serve.add_argument("--http", type=address, default=address(HTTP), metavar="HOST:PORT")
    serve.add_argument("--smtp", type=address, default=address(SMTP), metavar="HOST:PORT")
    serve.add_argument("--data", type=Path, metavar="DIR", help="instead of PARLEY_DATA")
    serve.add_argument("--test-clock", type=instant, metavar="INSTANT", help="ISO 8601; sandboxes only")
    serve.add_argument("--no-demo", action="store_true", help="an empty installation stays empty")
    serve.add_argument("--json", action="store_true", help="say where to go in JSON")
    serve.set_defaults(run=run_serve)
    web = commands.add_parser("web", help="pages and live updates")
    web.add_argument("--http", type=address, default=address(HTTP), metavar="HOST:PORT")
    web.add_argument("--json", action="store_true")
    web.set_defaults(run=run_web)
    worker = commands.add_parser("worker", help="one worker")
    worker.add_argument("--lease", type=float, default=60.0, metavar="SECONDS", help="of a job")
    worker.add_argument("cells", nargs="*", metavar="CELL", help="default: all")
    worker.add_argument("--json", action="store_true")
    worker.set_defaults(run=run_worker)
    smtp = commands.add_parser("smtp", help="the server that takes mail")
    smtp.add_argument("--smtp", type=address, default=address(SMTP), metavar="HOST:PORT")
    smtp.add_argument("--json", action="store_true")
    smtp.set_defaults(run=run_smtp)


def address(text: str) -> Address:
    """HOST:PORT; [::1]:8000 for IPv6; :8000 for all of IPv4; port 0 for any that is free."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ArgumentTypeError(f"{text} is not HOST:PORT")
    return host.strip("[]") or "0.0.0.0", int(port)


def instant(text: str) -> datetime:
    """ISO 8601; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is not an instant such as 2030-01-31T09:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def run_serve(options: Namespace) -> int:
    """Everything, until it is told to stop."""
    if options.data:
        os.environ["PARLEY_DATA"] = str(options.data.resolve())
    if options.test_clock:
        os.environ["PARLEY_TEST_CLOCK"] = "on"
    from parley.commands.installation import serve

    return serve(options)


def run_web(options: Namespace) -> int:
    from parley.commands import processes
    from parley.commands.assembled import setup

    setup()
    return processes.web(processes.listening_socket(options.http))


def run_worker(options: Namespace) -> int:
    from parley.commands import processes
    from parley.commands.assembled import setup

    setup()
    return processes.worker(options.cells, lease=options.lease)


def run_smtp(options: Namespace) -> int:
    from parley.commands import processes
    from parley.commands.assembled import setup

    setup()
    return processes.smtp(*options.smtp)
