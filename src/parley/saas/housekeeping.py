"""What nobody needs any more goes, account by account: sessions and keys that ended, empty buckets of
the throttle, half-written files of processes that died."""

from datetime import timedelta
from functools import partial

from parley.accounts.models import Account
from parley.accounts.sign_in import actions as sign_in
from parley.kernel import clock, files, throttle
from parley.kernel.actors import SYSTEM
from parley.kernel.all_accounts import across_accounts
from parley.kernel.cells import account_scope
from parley.kernel.jobs import Then, enqueue, job
from parley.kernel.tenancy import current_cell

KEPT = timedelta(days=30)  # so that a person can still be told "this link has ended"


@job("housekeeping.cell")
def sweep_cell() -> Then:
    """A job for each account of the cell: a failure stays with its account."""
    cell = current_cell()
    files.storage().sweep(cell)
    with across_accounts("Every account of the cell is swept in a job of its own.", cell=cell):
        accounts = list(Account.objects.values_list("pk", flat=True))
    return partial(_order, accounts)


def _order(accounts: list[int]) -> None:
    for account in accounts:
        with account_scope(account, cell=current_cell()):
            enqueue(sweep_account, key="sweep")


@job("housekeeping.account", quick=True)
def sweep_account() -> Then:
    return _sweep


def _sweep() -> None:
    throttle.sweep()
    sign_in.forget_ended(before=clock.now() - KEPT, by=SYSTEM)
