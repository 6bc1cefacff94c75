"""A process the supervisor has started: a copy of itself, made by fork, that runs one part of Parley.

Forking after everything is imported starts a part in milliseconds instead of a second and shares the
imported code's memory. It is safe because the supervisor has one thread and no open database.
"""

import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from parley.commands.output import Failure

SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # seconds before it is started again
YOUNG = 10.0  # seconds; who dies earlier has not managed to start
TELLING = 5  # deaths so young, in a row, after which its last words are repeated
ORPHAN_SECONDS = 15.0

Main = Callable[[], int]


class Child:
    """`order`: those of the lowest end first when everything stops. `needs`: descriptors of the
    supervisor that this child alone keeps."""

    def __init__(self, name: str, main: Main, *, order: int, needs: Iterable[int] = ()) -> None:
        self.name, self.main, self.order, self.needs = name, main, order, frozenset(needs)
        self.pid, self.output = 0, -1
        self.started_at, self.due_at = 0.0, 0.0
        self.young_deaths = 0
        self.last_words: deque[str] = deque(maxlen=20)
        self._unfinished = b""

    def start(self, lifeline: int, ours: Iterable[int]) -> None:
        """`lifeline` is the reading end of a pipe that breaks when we die; `ours` are descriptors that
        the child must not keep alive."""
        reading, writing = os.pipe()
        self.started_at = time.monotonic()
        self.last_words.clear()
        self.pid = os.fork()
        if self.pid == 0:
            _live(self.name, self.main, lifeline, writing, {reading, *ours} - self.needs)
        os.close(writing)
        os.set_blocking(reading, False)
        self.output = reading

    def hear(self) -> bool:
        """Pass on what it says. False when it will say no more."""
        try:
            said = os.read(self.output, 65536)
        except BlockingIOError:
            return True
        if said:
            *lines, self._unfinished = (self._unfinished + said).split(b"\n")
            self.last_words.extend(line.decode("utf-8", "replace") for line in lines)
            with contextlib.suppress(OSError):  # nobody listens to us any more
                os.write(sys.stderr.fileno(), said)
        return bool(said)

    def ended(self) -> int | None:
        """How it ended (negative: by which signal), once; None while it lives."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return None
        self.pid = 0
        lived = time.monotonic() - self.started_at
        self.young_deaths = self.young_deaths + 1 if lived < YOUNG else 0
        pause = min(SHORTEST_PAUSE * 2 ** max(0, self.young_deaths - 1), LONGEST_PAUSE)
        self.due_at = time.monotonic() + pause
        return os.waitstatus_to_exitcode(status)

    def obituary(self, code: int) -> list[str]:
        """What the operator reads: one line, or all it said when it cannot even start."""
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        again = f"it starts again in {self.due_at - time.monotonic():.1f} s"
        if self.young_deaths % TELLING or not self.young_deaths:
            return [f"parley: {self.name} {how}; {again}"]
        often = f"{self.young_deaths} times in a row right after its start"
        head = f"parley: {self.name} {how}, {often}; {again}. Its last words:"
        return [head, *(f"  {line}" for line in self.last_words)]

    def tell(self, number: int) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _live(name: str, main: Main, lifeline: int, output: int, foreign: set[int]) -> None:
    """The child's whole life. Never returns: the code below the fork is the supervisor's."""
    code = 1
    try:
        os.setpgid(0, 0)  # Ctrl-C is for the supervisor, which stops us in order
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        for each in foreign:
            os.close(each)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        with contextlib.suppress(OSError):  # what `ps` calls it, on Linux
            Path("/proc/self/comm").write_text(f"parley-{name}"[:15])
        threading.Thread(target=_follow, args=(lifeline,), name="lifeline", daemon=True).start()
        code = main()
    except Failure as failure:
        sys.stderr.write(f"parley: {failure.message}\n")
    except BaseException:  # noqa: BLE001 - nothing may climb into the supervisor's code
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _follow(lifeline: int) -> None:
    """Nothing is ever written there; it ends when the supervisor does, however it does."""
    while os.read(lifeline, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ORPHAN_SECONDS)
    os._exit(1)
