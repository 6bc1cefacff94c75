"""A Parley of its own: a data folder, a database, and processes that always end."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[1]
SQLITE = "sqlite"
PREFIX = "parley-bench-"  # short: Unix sockets lie in the folder
END_SECONDS = 20.0
START_SECONDS = 60.0
SCRIPT_SECONDS = 900.0
LAST_WORDS = 40  # lines


class Installation:
    """`database` is "sqlite" or the address of a PostgreSQL server whose role may make databases, such as
    postgresql://role@127.0.0.1:5432. Further variables of the product's go into `env`."""

    def __init__(self, database: str = SQLITE, **env: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.log = self.folder / "log"
        self.server = "" if database == SQLITE else database
        self.name = f"parley_bench_{os.getpid()}_{self.folder.name.removeprefix(PREFIX).lower()}"
        self.processes: list[subprocess.Popen] = []
        self.env = _without_parley(os.environ) | {
            "PARLEY_DATA": str(self.folder),
            "DATABASE_URL": self._made_database() if self.server else "",
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            **env,
        }
        if not self.server:
            del self.env["DATABASE_URL"]

    def __enter__(self) -> "Installation":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind and self.log.exists():
            sys.stderr.write(
                "".join(self.log.read_text(errors="replace").splitlines(True)[-LAST_WORDS:])
            )
        self.end()

    def _made_database(self) -> str:
        self._sql(f'CREATE DATABASE "{self.name}"')
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{self.name}"))

    def _sql(self, statement: str) -> None:
        import psycopg

        place = urlunsplit(urlsplit(self.server)._replace(path="/postgres"))
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(statement)

    def start(self, *command: str, **options: Any) -> subprocess.Popen:
        """`python COMMAND`, in a session of its own."""
        process = subprocess.Popen(
            [sys.executable, *command], env=self.env, cwd=ROOT, start_new_session=True, **options
        )
        self.processes.append(process)
        return process

    def parley(self, *words: str, **options: Any) -> subprocess.Popen:
        """A command of the product's. What it logs is shown only when the measurement fails."""
        with self.log.open("ab") as log:
            return self.start("-m", "parley", *words, stderr=log, **options)

    def background(self, module: str, name: str, *args: object) -> subprocess.Popen:
        """A function of a module over there; it may say lines and wait for some, and returns JSON."""
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        return self.start("-m", module, name, json.dumps(args), **pipes)

    def script(self, module: str, name: str, *args: object) -> Any:
        return result(self.background(module, name, *args))

    def web(self) -> tuple[subprocess.Popen, int]:
        """A server of pages, and the port at which it answers."""
        port = free_port()
        server = self.parley("web", "--http", f"127.0.0.1:{port}")
        wait_for_port(port, server)
        return server, port

    def smtp(self) -> tuple[subprocess.Popen, int]:
        port = free_port()
        server = self.parley("smtp", "--smtp", f"127.0.0.1:{port}")
        wait_for_port(port, server)
        return server, port

    def living(self) -> list[int]:
        """All processes that work in this folder, also those that children started: by their variables."""
        mark = f"PARLEY_DATA={self.folder}\0".encode()
        found = []
        for place in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if mark in place.read_bytes() + b"\0" and int(place.parent.name) != os.getpid():
                    found.append(int(place.parent.name))
        return found

    def stop(self, *processes: subprocess.Popen) -> None:
        """In order; who does not end by himself is killed."""
        for each in processes:
            if each.poll() is None:
                each.terminate()
        until = time.monotonic() + END_SECONDS
        for each in processes:
            try:
                each.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()
            for pipe in (each.stdin, each.stdout):
                if pipe:
                    with contextlib.suppress(OSError):
                        pipe.close()
            self.processes.remove(each)

    def end(self) -> None:
        """Nothing of it is left when this returns."""
        self.stop(*self.processes)
        for pid in self.living():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.server:
            self._sql(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        shutil.rmtree(self.folder, ignore_errors=True)


def result(process: subprocess.Popen) -> Any:
    """What a background function returned. Raises RuntimeError when it failed."""
    out, _ = process.communicate(timeout=SCRIPT_SECONDS)
    if process.returncode:
        raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
    return json.loads(out.splitlines()[-1])


def together(processes: list[subprocess.Popen]) -> list[Any]:
    """Each says when it is ready, then all begin; what they return, in their order."""
    for each in processes:
        if each.stdout.readline().strip() != "ready":  # type: ignore[union-attr]
            raise RuntimeError(f"{each.args!r} did not get ready")
    for each in processes:
        each.stdin.write("go\n")  # type: ignore[union-attr]
        each.stdin.flush()  # type: ignore[union-attr]
    return [result(each) for each in processes]


def tell(line: str) -> None:
    """Over there: a line for who started us."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def ready() -> None:
    """Over there: prepared, waiting for the others."""
    tell("ready")
    sys.stdin.readline()


def answer(functions: dict[str, Any]) -> None:
    """Over there: run the function that was asked for, and say what it returns."""
    tell(json.dumps(functions[sys.argv[1]](*json.loads(sys.argv[2]))))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port: int, server: subprocess.Popen) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if server.poll() is not None:
            raise RuntimeError(f"{server.args!r} ended with {server.returncode}")
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


def wait_until_well(port: int, server: subprocess.Popen, *, pause: float = 0.01) -> float:
    """Seconds until /health says 200."""
    begun = time.monotonic()
    while time.monotonic() < begun + START_SECONDS:
        if health(port) == 200:
            return time.monotonic() - begun
        if server.poll() is not None:
            raise RuntimeError(f"{server.args!r} ended with {server.returncode}")
        time.sleep(pause)
    raise TimeoutError("it did not get well")


def health(port: int) -> int:
    """The status of /health; 0 when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _without_parley(environment: Any) -> dict[str, str]:
    ours = ("PARLEY_", "DATABASE_URL", "REDIS_URL", "DJANGO_")
    return {name: value for name, value in environment.items() if not name.startswith(ours)}


@contextlib.contextmanager
def ended(installation: Installation, *processes: subprocess.Popen) -> Iterator[None]:
    """The processes are stopped afterwards, however it goes."""
    try:
        yield
    finally:
        installation.stop(*processes)
