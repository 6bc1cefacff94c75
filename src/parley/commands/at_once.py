"""What an act has queued, done before the act is committed: nobody else can see those jobs yet."""

from parley.kernel import clock, jobs, reactors
from parley.kernel.jobs import Job
from parley.kernel.tenancy import current_account_id


def work_off(since: int) -> None:
    """The account's jobs with a key from `since` on, and those that they queue, inside the caller's
    transaction. Raises what they raise."""
    mine = Job.objects.filter(account_id=current_account_id(), claim="", parked_at=None, pk__gte=since)
    while due := list(mine.filter(due_at__lte=clock.now()).order_by("pk")):
        for each in due:
            jobs.run(each)


def settle(since: int) -> None:
    """What follows from the events up to here, and the jobs that follow from that."""
    work_off(since)
    reactors.settle()
    work_off(since)
