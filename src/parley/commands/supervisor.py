"""Keeps the processes of an installation alive, and ends them in order.

One thread, one loop: it waits for signals, for what children say, and for the next one to be started.
"""

import contextlib
import os
import selectors
import signal
import time
from collections.abc import Iterable, Sequence

from parley.commands.children import Child
from parley.commands.output import warn

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
LONGEST_LOOK = 1.0  # seconds
STOP_SECONDS = 15.0  # for those of one order; then they are killed


class Supervisor:
    """`keep` are descriptors of ours, such as a lock, that no child may hold on to. `bystander` is a
    process that ends by itself and is not missed."""

    def __init__(
        self, children: Sequence[Child], *, keep: Iterable[int] = (), bystander: int = 0
    ) -> None:
        self.bystander = bystander
        self.children = sorted(children, key=lambda child: child.order)
        self.selector = selectors.DefaultSelector()
        self.lifeline, self.life = os.pipe()
        self.heard, self.woken = os.pipe()
        self.keep = list(keep)
        self.asked_to_stop = 0

    def run(self) -> int:
        """Until SIGTERM or SIGINT; a second one kills. 0 when everything ended in order."""
        self._listen()
        while not self.asked_to_stop:
            for child in self.children:
                if not child.pid and child.due_at <= time.monotonic():
                    self._start(child)
            self._look(self._pause())
            self._bury()
        well = self._stop()
        self._close()
        return 0 if well else 1

    def _listen(self) -> None:
        for end in (self.heard, self.woken):
            os.set_blocking(end, False)
        for number in SIGNALS:
            signal.signal(number, self._note)
        signal.set_wakeup_fd(self.woken, warn_on_full_buffer=False)
        self.selector.register(self.heard, selectors.EVENT_READ, None)

    def _note(self, number: int, _frame: object) -> None:
        if number != signal.SIGCHLD:
            self.asked_to_stop += 1

    def _start(self, child: Child) -> None:
        others = [each.output for each in self.children if each.output >= 0]
        ours = [self.life, self.heard, self.woken, self.selector.fileno()]  # type: ignore[attr-defined]
        child.start(self.lifeline, [*ours, *others, *self.keep])
        self.selector.register(child.output, selectors.EVENT_READ, child)

    def _pause(self) -> float:
        now = time.monotonic()
        waits = [child.due_at - now for child in self.children if not child.pid]
        return max(0.0, min([LONGEST_LOOK, *waits]))

    def _look(self, seconds: float) -> None:
        for key, _ in self.selector.select(seconds):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.heard, 512)
            elif not key.data.hear():
                self._hang_up(key.data)

    def _hang_up(self, child: Child) -> None:
        self.selector.unregister(child.output)
        os.close(child.output)
        child.output = -1

    def _bury(self) -> None:
        if self.bystander and os.waitpid(self.bystander, os.WNOHANG)[0]:
            self.bystander = 0
        for child in self.children:
            if not child.pid or (code := child.ended()) is None:
                continue
            while child.output >= 0:  # its last words; its own children may still hold the other end
                if not child.hear() or not self._more(child):
                    self._hang_up(child)
            if not self.asked_to_stop:
                warn(*child.obituary(code))

    def _more(self, child: Child) -> bool:
        return any(key.data is child for key, _ in self.selector.select(0))

    def _stop(self) -> bool:
        """Who takes things in ends first, who works on them last. Whether nobody had to be killed."""
        well = True
        for order in sorted({child.order for child in self.children}):
            these = [child for child in self.children if child.order == order]
            for child in these:
                child.tell(signal.SIGTERM)
            until = time.monotonic() + STOP_SECONDS
            while any(child.pid for child in these):
                if self.asked_to_stop > 1 or time.monotonic() > until:
                    well = False
                    for child in self.children if self.asked_to_stop > 1 else these:
                        child.tell(signal.SIGKILL)
                self._look(0.1)
                self._bury()
        return well

    def _close(self) -> None:
        signal.set_wakeup_fd(-1)
        self.selector.close()
        for end in (self.lifeline, self.life, self.heard, self.woken):
            os.close(end)
