"""Live pages: how soon, and at what cost, each change reaches 500 open sockets."""

import time

import django

from bench.figures import Table, rate, spread
from bench.installation import Installation, answer, ended, ready, result
from bench.processes import cpu_seconds
from bench.scale import Scale

CHANGES_PER_SECOND = 20


def measure(installation: Installation, scale: Scale, table: Table) -> None:
    made = installation.script("bench.accounts", "found", scale(50, 5))
    server, port = installation.web()
    with ended(installation, server):
        _fan_out(installation, scale, table, made[:1], server.pid, port)
        _fan_out(installation, scale, table, made, server.pid, port)


def _fan_out(
    installation: Installation, scale: Scale, table: Table, made: list[dict], pid: int, port: int
) -> None:
    sockets, seconds = scale(500, 20), scale(10.0, 2.0)
    accounts = [each["account"] for each in made]
    heard = installation.background("bench.listeners", "listen", made, port, sockets, seconds)
    wrote = installation.background("bench.live", "change", accounts, seconds)
    for each in (wrote, heard):
        if each.stdout.readline().strip() != "ready":  # type: ignore[union-attr]
            raise RuntimeError(f"{each.args!r} did not get ready")
    used = cpu_seconds(pid)
    for each in (heard, wrote):
        each.stdin.write("go\n")  # type: ignore[union-attr]
        each.stdin.flush()  # type: ignore[union-attr]
    committed, received = result(wrote), result(heard)
    used = cpu_seconds(pid) - used
    waits, missed = _compared(committed, received["heard"], sockets // len(made))
    title = f"{sockets} sockets over {len(made)} account{'s' if len(made) > 1 else ''}"
    table.check(not missed, f"{title}: {missed} changes did not arrive, or twice")
    changes = sum(map(len, committed.values()))
    what = f"live, {title}, {changes / seconds:.0f} changes/s"
    note = (
        f"server {used:.1f} s CPU, client {received['cpu']:.1f} s, in {seconds:.0f} s; missed {missed}"
    )
    table.add(what, f"{rate(len(waits), seconds)} deliveries, {spread(waits, 50, 95, 99)}", note)


def _compared(committed: dict, heard: dict, each_account: int) -> tuple[list[float], int]:
    """Seconds from commit to receipt of each delivery; how many should have come once and did not."""
    waits, missed = [], 0
    for account, stamps in committed.items():
        for seq, at in stamps.items():
            came = heard.get(account, {}).get(seq, [])
            waits += [each - at for each in came]
            missed += abs(each_account - len(came))
    return waits, missed


def change(accounts: list[int], seconds: float) -> dict[int, dict[int, float]]:
    """Over there: at an even pace, the accounts in turn. When each number was committed, by the clock that
    all processes of a machine share."""
    django.setup(set_prefix=False)
    from django.db import transaction

    from bench.accounts import fresh_ticket
    from parley.desk.team.models import Agent
    from parley.desk.tickets import actions as tickets
    from parley.kernel import live
    from parley.kernel.actors import SYSTEM
    from parley.kernel.cells import account_scope
    from parley.kernel.tenancy import current_cell
    from parley.kernel.turns import writing

    stamps: dict[int, dict[int, float]] = {each: {} for each in accounts}
    own, last = {}, {}
    for account in accounts:
        with account_scope(account):
            own[account] = fresh_ticket(), Agent.objects.get()
            last[account] = live.last_seq()
    ready()
    begun = time.monotonic()
    for n in range(int(seconds * CHANGES_PER_SECOND)):
        time.sleep(max(0.0, begun + n / CHANGES_PER_SECOND - time.monotonic()))
        account = accounts[n % len(accounts)]
        with account_scope(account):
            ticket, agent = own[account]
            last[account] += 1

            def stamp(account: int = account) -> None:
                stamps[account][last[account]] = time.monotonic()

            with writing(current_cell()):
                transaction.on_commit(stamp, using=current_cell())  # before the wake-up is sent
                ticket = tickets.assign(ticket, to=None if ticket.assignee else agent, by=SYSTEM)
            own[account] = ticket, agent
    return stamps


if __name__ == "__main__":
    answer({"change": change})
