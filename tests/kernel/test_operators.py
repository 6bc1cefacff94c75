"""Acts on the directory: each with its reason, in a log that nobody edits."""

from dataclasses import dataclass

import pytest
from django.db import transaction

from parley.kernel import clock
from parley.kernel.actors import SYSTEM, Actor
from parley.kernel.cells import AccountAddress
from parley.kernel.operators import NoReason, OperatorEvent, operator_action, record

STAFF = Actor("operator", 3)
pytestmark = pytest.mark.usefixtures("world")


@dataclass(frozen=True)
class Renamed:
    """An address reads differently. Of the tests only, so it is not registered."""

    name = "address.renamed"
    address: int


@operator_action
def rename(address, *, to, by, reason, fails=False):
    address.name = to
    address.save()
    record(Renamed(address.pk))
    if fails:
        raise OSError


def log():
    return list(OperatorEvent.objects.order_by("seq"))


def test_an_act_is_recorded_with_who_why_and_when(world):
    before = len(log())
    rename(world.address, to="lamps", by=STAFF, reason="  asked by phone  ")
    event = log()[-1]
    assert (event.seq, event.name, event.data) == (
        before + 1,
        "address.renamed",
        {"address": world.address.pk},
    )
    assert (event.actor, event.reason, event.at) == ("operator:3", "asked by phone", clock.now())


def test_numbers_are_gapless_from_one(world):
    for n in range(3):
        rename(world.address, to=f"lamps{n}", by=STAFF, reason="asked")
    with pytest.raises(OSError):
        rename(world.address, to="broken", by=STAFF, reason="asked", fails=True)
    rename(world.address, to="last", by=STAFF, reason="asked")
    assert [event.seq for event in log()] == list(range(1, len(log()) + 1))


def test_a_failed_act_leaves_no_trace(world):
    before = len(log())
    with pytest.raises(OSError):
        rename(world.address, to="broken", by=STAFF, reason="asked", fails=True)
    assert len(log()) == before
    assert AccountAddress.objects.get(pk=world.address.pk).name == "acme"


@pytest.mark.parametrize("reason", [None, "", "   ", 7])
def test_without_a_reason_nothing_is_done(world, reason):
    given = {} if reason is None else {"reason": reason}
    with pytest.raises(NoReason):
        rename(world.address, to="x", by=STAFF, **given)
    assert AccountAddress.objects.get(pk=world.address.pk).name == "acme"


@pytest.mark.parametrize(
    "by", [None, "operator", Actor("agent", 1), Actor("contact", 1), Actor("rule", 1)]
)
def test_only_the_operators_side_acts_on_the_directory(world, by):
    with pytest.raises(TypeError):
        rename(world.address, to="x", by=by, reason="asked")


@pytest.mark.parametrize("by", [STAFF, SYSTEM, Actor("api", 4)])
def test_staff_the_system_and_the_operators_api_may(world, by):
    rename(world.address, to="lamps", by=by, reason="asked")
    assert log()[-1].actor == str(by)


def test_a_record_belongs_inside_an_act():
    with pytest.raises(RuntimeError):
        record(Renamed(1))


EDITS = {
    "save": lambda e: e.save(),
    "delete": lambda e: e.delete(),
    "update": lambda e: OperatorEvent.objects.filter(pk=e.pk).update(reason="x"),
    "bulk_delete": lambda e: OperatorEvent.objects.all().delete(),
    "bulk_update": lambda e: OperatorEvent.objects.bulk_update([e], ["reason"]),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_the_log_is_never_edited(edit):
    before = [(e.pk, e.reason) for e in log()]
    event = log()[0]
    event.reason = "something else"
    with pytest.raises(TypeError), transaction.atomic():
        edit(event)
    assert [(e.pk, e.reason) for e in log()] == before


def test_a_reason_is_kept_to_its_length(world):
    rename(world.address, to="lamps", by=STAFF, reason="x" * 600)
    assert len(log()[-1].reason) == 500
