"""`parley serve` under test: started on free ports, asked how it is, and its processes found."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.installation import Installation

Report = dict[str, Any]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False


def run(installation: Installation, *command: str) -> subprocess.CompletedProcess:
    """`parley COMMAND` until it ends."""
    whole = [sys.executable, "-m", "parley", *command]
    return subprocess.run(
        whole, env=installation.env, cwd="/", capture_output=True, text=True, timeout=120, check=False
    )


def until(what: Any, *, seconds: float = 60.0) -> Any:
    """The first truth that `what` returns."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.02)
    raise TimeoutError(what)


class Served:
    def __init__(self, installation: Installation, *options: str) -> None:
        self.installation, self.options = installation, options
        self.http, self.smtp = free_port(), free_port()
        self.start()

    @property
    def addresses(self) -> list[str]:
        return ["--http", f"127.0.0.1:{self.http}", "--smtp", f"127.0.0.1:{self.smtp}"]

    def start(self) -> None:
        command = ("-m", "parley", "serve", *self.addresses, "--json", *self.options)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self.process = self.installation.start(*command, **pipes)

    def places(self) -> Report:
        """What it says when it is ready."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, self.process.stderr and self.process.stderr.read()
        return json.loads(line)

    def health(self) -> tuple[int, Report]:
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=20)
        try:
            connection.request("GET", "/health")
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            return 0, {}
        finally:
            connection.close()

    def is_well(self) -> bool:
        return self.health()[0] == 200

    def greets(self) -> bool:
        """Whether mail is taken."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.smtp), 5) as mail:
            return mail.recv(4) == b"220 "
        return False

    def children(self) -> dict[str, int]:
        """Living children by name, without their `parley-`."""
        found = {}
        place = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in place.read_text().split():
            with contextlib.suppress(OSError):
                name = Path(f"/proc/{pid}/comm").read_text().strip()
                if name.startswith("parley-"):
                    found[name.removeprefix("parley-")] = int(pid)
        return found

    def end(self) -> str:
        """Asked to stop, it ends well; what it had to say on standard error."""
        self.process.terminate()
        _, said = self.process.communicate(timeout=40)
        assert self.process.returncode == 0, said
        return said


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
