"""How often somebody may try: the promise of `limit` and `per`, and that no try goes uncounted."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from parley.kernel import clock, throttle
from parley.kernel.cells import account_scope
from parley.kernel.throttle import Attempts, TooMany

CELL = settings.CELLS[0]
MINUTE = timedelta(minutes=1)


def passes(who="ada", limit=3, per=MINUTE):
    try:
        throttle.count("sign-in", who, limit=limit, per=per)
    except TooMany:
        return False
    return True


def test_so_many_at_once_and_then_one_at_a_time(world):
    assert [passes() for _ in range(5)] == [True, True, True, False, False]
    with pytest.raises(TooMany) as refused:
        throttle.count("sign-in", "ada", limit=3, per=MINUTE)
    assert refused.value.retry_after == 20
    clock.move(seconds=19)
    assert not passes()
    clock.move(seconds=1)
    assert [passes(), passes()] == [True, False]
    clock.move(minutes=1)
    assert [passes() for _ in range(4)] == [True, True, True, False]


def test_each_matter_person_and_account_has_its_own_bucket(world, intruder):
    assert [passes() for _ in range(4)] == [True, True, True, False]
    assert passes("bob")
    throttle.count("password", "ada", limit=3, per=MINUTE)
    with account_scope(intruder.pk):
        assert passes()


def test_a_refused_try_does_not_lengthen_the_wait(world):
    for _ in range(50):
        passes()
    clock.move(seconds=20)
    assert passes()


def test_to_forget_is_to_begin_anew(world):
    assert [passes() for _ in range(4)] == [True, True, True, False]
    throttle.forget("sign-in", "ada")
    assert [passes() for _ in range(4)] == [True, True, True, False]


def test_no_address_is_stored_and_empty_buckets_are_swept(world):
    passes("ada@acme.example")
    passes("bob@acme.example", limit=1)
    assert not any("@" in key or "ada" in key for key in Attempts.objects.values_list("key", flat=True))
    clock.move(seconds=30)
    assert throttle.sweep() == 1
    clock.move(seconds=31)
    assert throttle.sweep() == 1
    assert not Attempts.objects.exists()


class _Undone(Exception):
    pass


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    limit=st.integers(1, 6),
    per=st.integers(1, 300),
    pauses=st.lists(st.floats(0, 120, allow_nan=False), max_size=25),
)
def test_never_more_than_promised_in_any_stretch_and_free_after_per(world, limit, per, pauses):
    span, passed, start = timedelta(seconds=per), [], clock.now()
    with pytest.raises(_Undone), transaction.atomic(using=CELL):
        for pause in pauses:
            clock.move(seconds=pause)
            if passes(limit=limit, per=span):
                passed.append((clock.now() - start).total_seconds())
        for i, first in enumerate(passed):
            for j, last in enumerate(passed[i:], 1):
                assert j <= limit + (last - first) * limit / per + 1e-3
        clock.move(seconds=per)
        assert [passes(limit=limit, per=span) for _ in range(limit + 1)] == [True] * limit + [False]
        raise _Undone
    clock.move(to=start)


def test_tries_of_several_processes_at_once_are_all_counted(installation):
    [who] = installation.script("found", "one")
    running = [installation.background("try_often", who["account"], 30, 40) for _ in range(4)]
    passed = [installation.result(process) for process in running]
    assert sum(passed) == 40 and installation.script("try_often", who["account"], 1, 40) == 0
