"""`python -m soak [--minutes N] [--seed N] [--write]`: chaos for a while, then the ledger is checked."""

import argparse
import os
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from bench.__main__ import POSTGRES
from bench.installation import SQLITE, Installation, free_port
from soak.correspondents import Agent, Customer
from soak.diary import Diary
from soak.monkey import Monkey
from soak.readers import Reader
from soak.relay import relay

PLACE = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"
CUSTOMERS, AGENTS, READERS, WORKERS = 3, 2, 4, 2
SETTLE_SECONDS = 300.0  # a dead worker's leases run out after one minute


@dataclass(frozen=True)
class Run:
    installation: Installation
    diary: Diary
    account: dict
    seed: int


def main() -> int:
    """0 when every promise was kept."""
    options = _options()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**9)
    _say(f"seed {seed}, {options.minutes:g} minutes on {options.on}")
    server = os.environ.get(POSTGRES, "") if options.on == "postgresql" else SQLITE
    if not server:
        _say(f"{POSTGRES} names no server.")
        return 2
    diary, relay_port = Diary(), free_port()
    variables = {
        "PARLEY_WORKERS": str(WORKERS),
        "PARLEY_SMTP_RELAY": f"smtp://127.0.0.1:{relay_port}",
        "DJANGO_SETTINGS_MODULE": "parley.config.settings",
    }
    sink = relay(diary, relay_port)
    sink.start()
    try:
        with Installation(server, **variables) as installation:
            [account] = installation.script("bench.accounts", "found", 1)
            told = _live_through(Run(installation, diary, account, seed), options.minutes * 60)
    finally:
        sink.stop()
    line = _summary(options, seed, diary, told)
    _say(line, *(f"BROKEN: {problem}" for problem in diary.problems))
    if options.write:
        PLACE.write_text(f"{PLACE.read_text().rstrip()}\n{line}\n")
    return 1 if diary.problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, help="of what is killed, and when")
    parser.add_argument("--on", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--write", action="store_true", help="a dated line in docs/reliability.md")
    return parser.parse_args()


def _live_through(run: Run, seconds: float) -> dict:
    """What the ledger says in the end."""
    http, smtp, diary = free_port(), free_port(), run.diary
    monkey = Monkey(run.installation, diary, http=http, smtp=smtp, seed=f"{run.seed} monkey")
    monkey.start()
    readers = [Reader(run.account, http, diary, f"{run.seed} reader {n}") for n in range(READERS)]
    host = run.account["host"]
    writers: list[Customer | Agent] = [
        *(Customer(f"c{n}", host, smtp, diary, f"{run.seed} c{n}") for n in range(CUSTOMERS)),
        *(Agent(run.account, http, diary, f"{run.seed} agent {n}") for n in range(AGENTS)),
    ]
    reading = [Thread(target=each.live, daemon=True) for each in readers]
    writing = [Thread(target=each.live, daemon=True) for each in (monkey, *writers)]
    for thread in (*reading, *writing):
        thread.start()
    diary.stopping.wait(seconds)
    diary.stopping.set()
    for thread in writing:
        thread.join()
    last = _settled(run)
    _wait_for(readers, last)
    for reader in readers:
        reader.enough.set()
    for thread in reading:
        thread.join()
    for reader in readers:
        reader.check(last)
    promised = (sorted(diary.mails), sorted(diary.answers), dict(diary.received))
    told = run.installation.script("soak.ledger", "check", run.account["account"], *promised)
    diary.problems += told["wrong"]
    return told


def _settled(run: Run) -> int:
    """The last number, when nothing is left to do."""
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        left = run.installation.script("soak.ledger", "waiting", run.account["account"])
        last = left.pop("last")
        if not any(left.values()):
            return last
        if time.monotonic() > until:
            run.diary.broken(f"not settled after {SETTLE_SECONDS:.0f} s: {left}")
            return last
        time.sleep(1)


def _wait_for(readers: list[Reader], last: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and any(reader.seq < last for reader in readers):
        time.sleep(0.2)


def _summary(options: argparse.Namespace, seed: int, diary: Diary, told: dict) -> str:
    did = ", ".join(f"{times} {what}" for what, times in sorted(diary.did.items()))
    date = time.strftime("%Y-%m-%d", time.gmtime())
    outcome = f"{len(diary.problems)} promises broken" if diary.problems else "all promises kept"
    return (
        f"- {date}, {options.minutes:g} minutes, {options.on}, seed {seed}: {outcome}. "
        f"{len(diary.mails)} mails acknowledged, {len(diary.answers)} answers accepted "
        f"({told['uncertain']} deliveries uncertain), {told['events']} events; {did}."
    )


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
