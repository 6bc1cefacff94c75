"""Actions each second: eight processes that assign tickets to and fro, in one account and in eight."""

from functools import partial

import django

from bench.figures import Table, milliseconds, percentile, rate
from bench.installation import Installation, answer, ready, together
from bench.scale import Scale

MOST_WRITERS = 8


def measure(installation: Installation, scale: Scale, table: Table) -> None:
    writers = scale(MOST_WRITERS, 2)
    made = installation.script("bench.accounts", "found", writers)
    accounts = [each["account"] for each in made]
    numbers = partial(installation.script, "bench.accounts", "numbers", accounts)
    before = numbers()
    for title, whose in (("one account", accounts[:1] * writers), (f"{writers} accounts", accounts)):
        told = together(
            [installation.background("bench.actions", "write", each, scale(5.0, 1.0)) for each in whose]
        )
        after = numbers()
        _check_numbers(table, before, after, sum(each["done"] + each["made"] for each in told))
        _tell(table, f"actions, {title}, {writers} writers", told, scale(5.0, 1.0))
        before = after


def _check_numbers(table: Table, before: dict, after: dict, events: int) -> None:
    for account, (count, last, counter) in after.items():
        table.check(
            count == last == counter, f"events of account {account} have gaps: {count} of {last}"
        )
    numbered = sum(after[each][1] - before[each][1] for each in after)
    table.check(numbered == events, f"{events} events were made, {numbered} are numbered")


def _tell(table: Table, what: str, told: list[dict], seconds: float) -> None:
    done = sum(each["done"] for each in told)
    p50 = percentile([each["p50"] for each in told], 0.5)
    p99, cpu = max(each["p99"] for each in told), sum(each["cpu"] for each in told)
    waits = f"p50 {milliseconds(p50)}, worst p99 {milliseconds(p99)}"
    table.add(what, f"{rate(done, seconds)}, {waits}", f"{cpu / done * 1000:.2f} ms CPU each")


def write(account: int, seconds: float) -> dict:
    """Over there."""
    django.setup(set_prefix=False)
    import resource
    import time

    from bench.accounts import fresh_ticket
    from parley.desk.team.models import Agent
    from parley.desk.tickets import actions as tickets
    from parley.kernel.actors import SYSTEM
    from parley.kernel.cells import account_scope
    from parley.kernel.events import StoredEvent

    waits = []
    with account_scope(account):
        ticket, agent = fresh_ticket(), Agent.objects.get()
        made = StoredEvent.objects.filter(subject=f"ticket-{ticket.pk}").count()
        ready()
        used = resource.getrusage(resource.RUSAGE_SELF)
        until = time.perf_counter() + seconds
        while (start := time.perf_counter()) < until:
            ticket = tickets.assign(ticket, to=None if ticket.assignee else agent, by=SYSTEM)
            waits.append(time.perf_counter() - start)
        now = resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    p50, p99 = percentile(waits, 0.5), percentile(waits, 0.99)
    return {"done": len(waits), "made": made, "p50": p50, "p99": p99, "cpu": cpu}


if __name__ == "__main__":
    answer({"write": write})
