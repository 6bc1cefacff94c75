"""What tests have done in other processes: `python -m tests.scripts NAME '[args]'`."""

import contextlib
import json
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event as Flag
from threading import Thread
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import IntegrityError, connections  # noqa: E402

from parley.accounts.actions import Opening, open_account  # noqa: E402
from parley.accounts.models import Login, Session  # noqa: E402
from parley.accounts.sign_in.actions import OneOwner, add_login, open_session  # noqa: E402
from parley.desk.openings import Owner, open_desk  # noqa: E402
from parley.desk.team.models import Agent  # noqa: E402
from parley.desk.tickets import actions as tickets  # noqa: E402
from parley.desk.tickets.models import Ticket  # noqa: E402
from parley.kernel import clock, live, test_clock, throttle, wakeups  # noqa: E402
from parley.kernel.actions import action  # noqa: E402
from parley.kernel.actors import SYSTEM, Actor  # noqa: E402
from parley.kernel.cells import account_scope, cell_scope  # noqa: E402
from parley.kernel.events import EventCounter, StoredEvent  # noqa: E402
from parley.kernel.jobs import Job, enqueue  # noqa: E402
from parley.kernel.numbers import new_id  # noqa: E402
from parley.kernel.reactors import ParkedEvent  # noqa: E402
from parley.kernel.timers import Timer, set_timer  # noqa: E402
from parley.kernel.wakeups import Listener  # noqa: E402
from parley.kernel.worker import Worker  # noqa: E402
from tests.effects.actions import UNSTUCK, order, quick, record, slow, stuck  # noqa: E402
from tests.effects.models import Effect  # noqa: E402
from tests.world import CANARY, PASSWORD, World  # noqa: E402


def migrate() -> None:
    call_command("migrate", verbosity=0)


def found(*names: str) -> list[dict[str, Any]]:
    """Accounts dealt out to the cells, each with an owner who is signed in and one ticket, his."""
    migrate()
    return [_found(name, index) for index, name in enumerate(names)]


def _found(name: str, index: int) -> dict[str, Any]:
    cell = settings.CELLS[index % len(settings.CELLS)]
    owner = Owner(f"ada@{name}.example", "Ada", PASSWORD)
    address = open_desk(Opening(name, cell=cell), owner=owner, by=SYSTEM)
    with account_scope(address.pk):
        agent = Agent.objects.select_related("login").get()
        ticket = World(address).ticket(subject=CANARY if index else "Lamp")
        tickets.assign(ticket, to=agent, by=SYSTEM)
        secret = open_session(agent.login, by=SYSTEM)
        return {
            "account": address.pk,
            "host": address.host,
            "cookie": secret,
            "agent": agent.pk,
            "ticket": ticket.pk,
            "code": ticket.code,
            "last": live.last_seq(),
        }


def order_work(account: int, numbers: list[int]) -> None:
    with account_scope(account):
        for start in range(0, len(numbers), 25):
            order(numbers[start : start + 25], by=SYSTEM)


def left() -> int:
    total = 0
    for cell in settings.CELLS:
        with cell_scope(cell):
            total += Job.objects.count()
    return total


def state(account: int) -> dict[str, Any]:
    with account_scope(account):
        return {
            "effects": [[e.kind, e.n] for e in Effect.objects.all()],
            "timers": Timer.objects.count(),
            "unsettled": EventCounter.objects.exclude(settle_at=None).count(),
            "parked": ParkedEvent.objects.count(),
            "seqs": list(StoredEvent.objects.order_by("seq").values_list("seq", flat=True)),
        }


def write(account: int, times: int, seed: int = 0) -> int:
    """As agents do: bursts and pauses."""
    rnd = random.Random(seed)
    with account_scope(account):
        ticket = Ticket.objects.order_by("id").first()
        agent = Agent.objects.order_by("id").first()
        for _ in range(times):
            ticket = tickets.assign(ticket, to=None if ticket.assignee else agent, by=SYSTEM)
            if rnd.random() < 0.3:
                time.sleep(rnd.random() / 30)
        return live.last_seq()


def tell(line: object) -> None:
    print(line, flush=True)


def tell_time(seconds: float) -> None:
    """How far the product's clock is ahead of the machine's, again and again."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        tell(ahead())
        time.sleep(0.02)


def ahead() -> float:
    return (clock.now() - clock.machine()).total_seconds()


def set_clock(seconds: float) -> None:
    test_clock.set_to(clock.machine() + timedelta(seconds=seconds))


def set_clock_refused(seconds: float) -> str:
    try:
        set_clock(seconds)
    except test_clock.NoTestClock as error:
        return type(error).__name__
    return "moved"


def make_ids(how_many: int, threads: int) -> list[int]:
    with ThreadPoolExecutor(threads) as pool:
        made = pool.map(lambda _: [new_id() for _ in range(how_many)], range(threads))
        return [each for ids in made for each in ids]


def hold_place() -> None:
    """This process's place among those that make ids, kept until it is killed."""
    tell(new_id() >> 10 & 0x3F)
    time.sleep(60)


def try_often(account: int, times: int, limit: int) -> int:
    """How many of these tries pass."""
    passed = 0
    with account_scope(account):
        for _ in range(times):
            with contextlib.suppress(throttle.TooMany):
                throttle.count("sign-in", "ada", limit=limit, per=timedelta(hours=24))
                passed += 1
    return passed


@action
def accept(n: int, *, by: Actor) -> None:
    record(n, kind="accepted", by=by)
    enqueue(quick, n=n)


def accept_for_ever(account: int, n: int) -> None:
    """What is told has been stored."""
    with account_scope(account):
        while True:
            accept(n, by=SYSTEM)
            tell(n)
            n += 1


def queued(account: int) -> list[int]:
    with account_scope(account):
        rows = Job.objects.filter(account_id=account, name="effects.quick")
        return [args["n"] for args in rows.values_list("args", flat=True)]


def record_many(account: int, times: int, number: int) -> None:
    with account_scope(account):
        for n in range(times):
            record(number * 10_000 + n, kind="many", by=SYSTEM)


def record_everywhere(accounts: list[int], times: int, number: int) -> None:
    for n in range(times):
        for account in accounts:
            with account_scope(account):
                record(number * 10_000 + n, kind="many", by=SYSTEM)


def tail(account: int, last: int) -> dict[str, Any]:
    """What a reader learns that asks for what is after the last it knows, until it knows `last`."""
    seqs: list[int] = []
    looks = 0
    until = time.monotonic() + 60
    tell("reading")
    with account_scope(account):
        while (seqs or [0])[-1] < last and time.monotonic() < until:
            seqs += [change.seq for change in live.changes(after=(seqs or [0])[-1], limit=50)]
            looks += 1
    return {"seqs": seqs, "looks": looks}


def found_without_owner(name: str) -> int:
    migrate()
    return open_account(Opening(name), by=SYSTEM).pk


def become_owner(account: int, number: int, times: int) -> list[str]:
    became = []
    with account_scope(account):
        for n in range(times):
            email = f"{number}-{n}@one.example"
            with contextlib.suppress(OneOwner, IntegrityError):
                add_login(email, role=Login.Role.OWNER, password=PASSWORD, by=SYSTEM)
                became.append(email)
    return became


def owners(account: int) -> list[str]:
    with account_scope(account):
        return list(Login.objects.filter(role=Login.Role.OWNER).values_list("email", flat=True))


def kinds(account: int) -> list[list[Any]]:
    with account_scope(account):
        return sorted([e.kind, e.n] for e in Effect.objects.all())


def await_quiet(accounts: list[int], seconds: float) -> dict[str, Any]:
    """Until no job, timer or event of these accounts waits. What there is then, by account."""
    with contextlib.suppress(TimeoutError):  # the test then shows what is missing
        until(lambda: not left() and not any(_waits(each) for each in accounts), seconds)
    return {str(each): state(each) for each in accounts} | {"left": jobs_left()}


def jobs_left() -> list[str]:
    told = []
    for cell in settings.CELLS:
        with cell_scope(cell):
            for job in Job.objects.all()[:10]:
                told.append(
                    f"{job.name} {job.args} claims {job.claims} failures {job.failures} {job.error}"
                )
    return told


def _waits(account: int) -> bool:
    with account_scope(account):
        return Timer.objects.exists() or EventCounter.objects.exclude(settle_at=None).exists()


def names_left() -> list[str]:
    left: list[str] = []
    for cell in settings.CELLS:
        with cell_scope(cell):
            left += Job.objects.values_list("name", flat=True)
    return sorted(left)


def until(what: Callable[[], bool], seconds: float = 30) -> float:
    """How long it took."""
    start = time.monotonic()
    while not what():
        if time.monotonic() > start + seconds:
            raise TimeoutError
        time.sleep(0.02)
    return time.monotonic() - start


def work_beside_stuck(account: int, lanes: int) -> dict[str, Any]:
    """A worker all of whose lanes wait; then what it does nevertheless, and what when they go on."""
    worker = Worker(settings.CELLS, lanes=lanes)
    thread = Thread(target=worker.run, daemon=True)
    with account_scope(account):
        for n in range(lanes):
            enqueue(stuck, n=n)
    thread.start()
    with account_scope(account):
        until(lambda: Job.objects.exclude(claim="").count() == lanes)
        enqueue(slow, n=9)
        enqueue(quick, n=2)
        record(1, kind="record", by=SYSTEM)
        set_timer("effect", 3, due_at=clock.now())
        wanted = [["echo", 1], ["quick", 2], ["record", 1], ["timer", 3]]
        took = until(lambda: [each for each in kinds(account) if each != ["echo", 3]] == wanted)
        told: dict[str, Any] = {
            "meanwhile": [each for each in kinds(account) if each != ["echo", 3]],
            "meanwhile_took": took,
            "meanwhile_left": names_left(),
        }
        UNSTUCK.set()
        until(lambda: not names_left())
        told["stuck"] = Effect.objects.filter(kind="stuck").count()
        told["slow"] = Effect.objects.filter(kind="job", n=9).count()
        told["left"] = left()
    worker.stop()
    thread.join(20)
    return told | {"ended": not thread.is_alive()}


def work_longer_than_the_lease(account: int) -> dict[str, Any]:
    """Two workers; the job takes several leases of the first who has it."""
    workers = [Worker(settings.CELLS, lease=0.6, lanes=1) for _ in range(2)]
    threads = [Thread(target=worker.run, daemon=True) for worker in workers]
    with account_scope(account):
        enqueue(stuck, n=1)
        for thread in threads:
            thread.start()
        until(lambda: Job.objects.exclude(claim="").exists())
        started = time.monotonic()
        until(lambda: time.monotonic() - started > 2.5)
        claims = Job.objects.get().claims
        UNSTUCK.set()
        until(lambda: not names_left())
        effects = Effect.objects.filter(kind="stuck").count()
    for worker in workers:
        worker.stop()
    for thread in threads:
        thread.join(20)
    return {"effects": effects, "claims": claims, "left": left()}


def enqueue_in_silence(account: int, n: int) -> None:
    """As enqueue does, and nobody is told."""
    with account_scope(account):
        job = Job(
            account_id=account, name="effects.quick", args={"n": n}, quick=True, due_at=clock.now()
        )
        Job.objects.bulk_create([job])


def listen(cell: str, account: int) -> None:
    """Tells what is heard for the account, and when, by the machine's monotonic clock."""

    def heard(_: str, whom: int, message: dict | None) -> None:
        if whom == account:
            tell(f"{time.monotonic()} {(message or {}).get('text', '-')}")

    looked = Flag()
    Listener(cell, lambda *note: (looked.set(), heard(*note))).start()
    looked.wait(10)
    time.sleep(0.3)  # a first look means that it is about to listen, or listens
    tell("listening")
    time.sleep(120)


def poke(cell: str, account: int, text: str) -> float:
    moment = time.monotonic()
    wakeups.poke(cell, account, {"text": text})
    time.sleep(0.3)  # the crier is a thread that ends with us
    return moment


def record_at(account: int) -> float:
    with account_scope(account):
        record(1, by=SYSTEM)
    moment = time.monotonic()
    time.sleep(0.3)
    return moment


def cut_listeners(cell: str) -> int:
    with connections[cell].cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND query = 'LISTEN parley'"
        )
        return cursor.fetchone()[0]


def sign_out(account: int) -> None:
    with account_scope(account):
        Session.objects.all().delete()


def say(account: int, kind: str, subject: str) -> None:
    with account_scope(account):
        live.say(kind, subject, sender="elsewhere")


if __name__ == "__main__":
    answer = globals()[sys.argv[1]](*json.loads(sys.argv[2]))
    print(json.dumps(answer), flush=True)
