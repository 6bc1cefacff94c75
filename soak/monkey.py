"""Kills: a random part every few seconds, the supervisor now and then, and starts it again."""

import contextlib
import os
import random
import signal
import subprocess
import time

from bench.installation import Installation, wait_until_well
from bench.processes import name, parent
from soak.diary import Diary

PART_SECONDS = (1.0, 6.0)
SUPERVISOR = 0.08  # of the kills
START_PATIENCE = 90.0


class Monkey:
    def __init__(
        self, installation: Installation, diary: Diary, *, http: int, smtp: int, seed: str
    ) -> None:
        self.installation, self.diary, self.random = installation, diary, random.Random(seed)
        self.http, self.smtp = http, smtp
        self.serve: subprocess.Popen

    def start(self) -> None:
        """Everything, until it is well. The parts of a killed supervisor may hold the ports for a while."""
        until = time.monotonic() + START_PATIENCE
        while time.monotonic() < until:
            addresses = ("--http", f"127.0.0.1:{self.http}", "--smtp", f"127.0.0.1:{self.smtp}")
            command = ("serve", "--no-demo", *addresses)
            self.serve = self.installation.parley(*command, stdout=subprocess.DEVNULL)
            with contextlib.suppress(RuntimeError):
                wait_until_well(self.http, self.serve, pause=0.1)
                return
            self.diary.note("starts that were refused")
            self.installation.stop(self.serve)
            time.sleep(0.5)
        self.diary.broken(f"it did not start again within {START_PATIENCE:.0f} s")

    def live(self) -> None:
        while not self.diary.stopping.wait(self.random.uniform(*PART_SECONDS)):
            if self.random.random() < SUPERVISOR:
                self.serve.kill()
                self.diary.note("supervisors killed")
                self.installation.stop(self.serve)
                self.start()
            else:
                self._kill_a_part()

    def _kill_a_part(self) -> None:
        parts = []
        for pid in self.installation.living():
            with contextlib.suppress(OSError):
                if parent(pid) == self.serve.pid:
                    parts.append((name(pid), pid))
        if parts:
            kind, pid = self.random.choice(sorted(parts))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.diary.note(f"{kind.rstrip('-0123456789')} killed")
