"""A whole Parley of its own, with databases, workers and server as real processes."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from django.conf import settings

ROOT = Path(__file__).parents[1]
ALIASES = list(settings.DATABASES)


def is_sqlite() -> bool:
    return "sqlite" in settings.DATABASES["default"]["ENGINE"]


class Installation:
    """The same shape as the settings under test: as many databases, of the same kind."""

    def __init__(self, **env: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="parley-own-"))  # short: Unix sockets lie in it
        self.processes: list[subprocess.Popen] = []
        urls = {alias: self._url(alias) for alias in ALIASES}
        self.env = os.environ | {
            "PARLEY_TESTS_INSTALLED": "1",
            "DATABASE_URL": urls["default"],
            "PARLEY_CELLS": " ".join(f"{c}={urls[c]}" for c in settings.CELLS if c != "default"),
            "PARLEY_DATA": str(self.folder),
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            **env,
        }

    def _name(self, alias: str) -> str:
        return f"parley_own_{os.getpid()}_{alias}"

    def _url(self, alias: str) -> str:
        own = settings.DATABASES[alias]
        if "sqlite" in own["ENGINE"]:
            return f"sqlite:///{self.folder / alias}.sqlite3"
        name = self._name(alias)
        self._psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
        return f"postgresql://{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT'] or 5432}/{name}"

    def _psql(self, *statements: str) -> None:
        import psycopg

        own = settings.DATABASES["default"]
        place = {
            "host": own["HOST"],
            "port": own["PORT"],
            "user": own["USER"],
            "password": own["PASSWORD"],
        }
        with psycopg.connect(dbname="postgres", autocommit=True, **place) as connection:
            for statement in statements:
                connection.execute(statement)

    def start(self, *command: str, **options: Any) -> subprocess.Popen:
        process = subprocess.Popen([sys.executable, *command], env=self.env, cwd=ROOT, **options)
        self.processes.append(process)
        return process

    def background(self, name: str, *args: object) -> subprocess.Popen:
        """A function of tests.scripts over there, that goes on; its lines come by `stdout`."""
        command = ("-m", "tests.scripts", name, json.dumps(args))
        return self.start(*command, stdout=subprocess.PIPE, text=True)

    def script(self, name: str, *args: object) -> Any:
        """Run a function of tests.scripts over there; what it returns comes back as JSON."""
        process = self.background(name, *args)
        return self.result(process)

    def result(self, process: subprocess.Popen) -> Any:
        out, _ = process.communicate(timeout=180)
        assert process.returncode == 0, f"ended with {process.returncode}: {out}"
        lines = out.splitlines()
        return json.loads(lines[-1]) if lines else None

    def serve(self, port: int, *command: str) -> subprocess.Popen:
        server = self.start(*command)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return server
            assert server.poll() is None, "the server did not start"
            time.sleep(0.05)
        raise TimeoutError

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        if not is_sqlite():
            self._psql(*[f"DROP DATABASE IF EXISTS {self._name(a)} WITH (FORCE)" for a in ALIASES])
        shutil.rmtree(self.folder, ignore_errors=True)
