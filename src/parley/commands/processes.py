"""What each process of an installation does, until it is told to stop. Returns its exit code."""

import os
import signal
import smtplib
import socket
import threading
import time
from collections.abc import Sequence
from functools import partial

from parley.commands.output import Failure

DRAIN_SECONDS = 10
BACKLOG = 2048
PROBE_SECONDS = 3.0


def listening_socket(address: tuple[str, int], *, patience: float = 0.0) -> socket.socket:
    """Bound before anything is started, so that a taken port is said at once; `patience` in seconds,
    where whoever has it is about to go. Raises Failure."""
    host, port = address
    until = time.monotonic() + patience
    while True:
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
            sock.listen(BACKLOG)
            return sock
        except OSError as error:
            sock.close()
            if time.monotonic() > until:
                said = f"Cannot listen on {shown(host, port)}: {error.strerror or error}."
                raise Failure("address_in_use", said) from error
        time.sleep(0.1)


def shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def web(sock: socket.socket, *, expected: Sequence[str] = ("worker",)) -> int:
    """Pages and the live hub. Lets go of live pages at once and of requests when they are answered."""
    import uvicorn

    from parley.config.asgi import application
    from parley.web.live.endpoints import LONGEST_WHISPER

    app = application(expected=expected)

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.hub.close()  # a poll would else be waited for
            await super().shutdown(sockets)

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # config/asgi.py counts the proxies itself
        lifespan="on",
        ws="websockets-sansio",
        ws_max_size=LONGEST_WHISPER,
        ws_per_message_deflate=False,  # names are short; it would cost 33 kB a socket
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises them again when it is done
        signal.signal(number, _done)
    server = Server(config)
    server.run(sockets=[sock])
    return 0 if server.started else 1


def _done(*_: object) -> None:
    return None


def worker(cells: Sequence[str], *, lease: float = 60.0) -> int:
    """Timers, reactors and jobs. Ends when what it has begun is done."""
    from django.conf import settings

    from parley.kernel.beats import Pulse
    from parley.kernel.worker import Worker

    if unknown := set(cells) - set(settings.CELLS):
        raise Failure("no_such_cell", f"There is no cell {', '.join(sorted(unknown))}.")
    mine = Worker(list(cells) or settings.CELLS, lease=lease)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, mine.stop)
    pulse = Pulse("worker", _name(), mine.cells)
    pulse.start()
    mine.run()
    pulse.stop()
    return 0


def smtp(host: str, port: int) -> int:
    """Takes mail. Its beat is of the server itself: it is asked for its greeting."""
    from parley.channels.email.smtp import serve
    from parley.kernel.beats import Pulse

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    pulse = Pulse("smtp", _name(), is_well=partial(_greets, host, port))
    pulse.start()
    try:
        serve(host, port, stopping)
    finally:
        pulse.stop()
    return 0


def _greets(host: str, port: int) -> bool:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    try:
        with smtplib.SMTP(reachable, port, timeout=PROBE_SECONDS) as server:
            return server.noop()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


def _name() -> str:
    """One life of one process: a number is given again after a restart of the machine, this is not."""
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{os.urandom(4).hex()}"
