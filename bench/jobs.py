"""Jobs each second: what one and two real workers get done of jobs that do nothing."""

import time

import django

from bench.figures import Table, rate
from bench.installation import Installation, answer, ended
from bench.scale import Scale

SETTLE_SECONDS = 1.5  # until the workers' listeners are up


def measure(installation: Installation, scale: Scale, table: Table) -> None:
    [account] = installation.script("bench.accounts", "found", 1)
    many, few = scale(2000, 100), scale(500, 50)
    put = installation.script("bench.jobs", "put_singly", account["account"], few)
    table.add("jobs enqueued, each in a transaction of its own", rate(few, put))
    for number in (1, 2):
        workers = [installation.parley("worker") for _ in range(number)]
        with ended(installation, *workers):
            installation.script("bench.jobs", "drained")  # what was put, and the start-up
            time.sleep(SETTLE_SECONDS)
            for sort in ("quick", "outside"):
                took = installation.script("bench.jobs", "put_and_wait", account["account"], sort, many)
                what = f"{sort} jobs done, {number} worker{'s' if number > 1 else ''}"
                table.add(what, rate(many, took), "from their commit to the last one's end")


def put_singly(account: int, how_many: int) -> float:
    """Over there. Seconds."""
    django.setup(set_prefix=False)
    from bench.handlers import quick
    from parley.kernel.cells import account_scope
    from parley.kernel.jobs import enqueue

    with account_scope(account):
        start = time.perf_counter()
        for n in range(how_many):
            enqueue(quick, n=n)
        return time.perf_counter() - start


def put_and_wait(account: int, sort: str, how_many: int) -> float:
    """Over there. Seconds from the commit of all of them until none is left."""
    django.setup(set_prefix=False)
    from bench import handlers
    from parley.kernel.cells import account_scope
    from parley.kernel.jobs import enqueue
    from parley.kernel.tenancy import current_cell
    from parley.kernel.turns import writing

    handler = {"quick": handlers.quick, "outside": handlers.outside}[sort]
    with account_scope(account):
        with writing(current_cell()):
            for n in range(how_many):
                enqueue(handler, n=n)
            start = time.perf_counter()
        drained()
        return time.perf_counter() - start


def drained() -> None:
    """Over there: returns when no job is left."""
    django.setup(set_prefix=False)
    from django.conf import settings

    from parley.kernel.cells import cell_scope
    from parley.kernel.jobs import Job

    with cell_scope(settings.CELLS[0]):
        while Job.objects.exists():
            time.sleep(0.01)


if __name__ == "__main__":
    answer({"put_singly": put_singly, "put_and_wait": put_and_wait, "drained": drained})
