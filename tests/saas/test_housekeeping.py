"""What nobody needs any more goes, and nothing else."""

from datetime import timedelta

from parley.accounts.models import MailedKey, Session
from parley.accounts.sign_in import actions as sign_in
from parley.kernel import clock, periodic, throttle
from parley.kernel.actors import SYSTEM
from parley.kernel.cells import account_scope, cell_scope
from parley.kernel.jobs import enqueue
from parley.kernel.periodic import Periodic
from parley.kernel.tenancy import current_cell
from parley.kernel.throttle import Attempts
from parley.saas.housekeeping import sweep_cell


def sweep(world):
    with cell_scope(current_cell()):
        enqueue(sweep_cell)
        world.work()


def test_ended_sessions_keys_and_empty_buckets_go_after_a_month(world):
    secret = sign_in.open_session(world.owner.login, by=SYSTEM)
    sign_in.make_key(world.owner.login, "reset", by=SYSTEM)
    throttle.count("sign-in", "somebody", limit=5, per=timedelta(minutes=5))
    clock.move(days=20)
    sweep(world)
    assert (Session.objects.count(), MailedKey.objects.count()) == (1, 1)
    assert not Attempts.objects.exists()
    clock.move(days=30)
    fresh = sign_in.open_session(world.owner.login, by=SYSTEM)
    sweep(world)
    assert not MailedKey.objects.exists()
    assert [each.digest for each in Session.objects.all()] == [sign_in.secrets.digest(fresh)]
    assert secret != fresh
    with account_scope(world.intruder.pk):
        assert not Attempts.objects.exists()  # every account of the cell is swept


def test_chores_are_kept_as_they_are_listed(world):
    with cell_scope(current_cell()):
        periodic.keep({"housekeeping.cell": "17 * * * *", "gone.next": "0 0 * * *"})
        before = Periodic.objects.get(name="housekeeping.cell").next_at
        clock.move(minutes=5)
        periodic.keep({"housekeeping.cell": "17 * * * *"})
        assert [(row.name, row.next_at) for row in Periodic.objects.all()] == [
            ("housekeeping.cell", before)
        ]
        periodic.keep({"housekeeping.cell": "18 * * * *"})
        assert Periodic.objects.get().next_at != before
