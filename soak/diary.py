"""What the clients were promised: mails that were acknowledged, answers that were accepted, numbers seen."""

from collections import Counter
from dataclasses import dataclass, field
from threading import Event, Lock


@dataclass
class Diary:
    """Shared by all clients of a run. `stopping`: nothing new is begun any more."""

    stopping: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)
    mails: set[str] = field(default_factory=set)  # tokens that got their 250
    answers: set[str] = field(default_factory=set)  # client ids that got their 200
    received: Counter[str] = field(default_factory=Counter)  # by Message-ID, at the relay
    did: Counter[str] = field(default_factory=Counter)  # what happened how often, for the report
    problems: list[str] = field(default_factory=list)

    def note(self, what: str, times: int = 1) -> None:
        with self.lock:
            self.did[what] += times

    def broken(self, what: str) -> None:
        with self.lock:
            self.problems.append(what)
