"""The worker as it runs: a process with its main loop, lanes beside it, and no poke needed."""


def test_stuck_outside_jobs_hold_up_neither_reactors_nor_timers_nor_quick_jobs(installation):
    [who] = installation.script("found", "one")
    told = installation.script("work_beside_stuck", who["account"], 2)
    # While both lanes wait for a stranger, all else is done.
    assert told["meanwhile"] == [["echo", 1], ["quick", 2], ["record", 1], ["timer", 3]]
    assert told["meanwhile_left"] == ["effects.slow", "effects.stuck", "effects.stuck"]
    assert told["meanwhile_took"] < 10
    assert told["stuck"] == 2 and told["slow"] == 1 and told["left"] == 0
    assert told["ended"] is True


def test_a_job_of_many_seconds_keeps_its_lease_and_is_done_once(installation):
    [who] = installation.script("found", "one")
    told = installation.script("work_longer_than_the_lease", who["account"])
    assert told == {"effects": 1, "claims": 1, "left": 0}


def test_a_worker_notices_what_nobody_told_it(installation):
    [who] = installation.script("found", "one")
    worker = installation.start("-m", "parley", "worker")
    installation.script("enqueue_in_silence", who["account"], 1)
    after = installation.script("await_quiet", [who["account"]], 30)
    assert after[str(who["account"])]["effects"] == [["quick", 1]]
    worker.terminate()
    assert worker.wait(30) == 0


def test_a_worker_serves_every_cell(installation):
    accounts = [who["account"] for who in installation.script("found", "one", "two", "three")]
    for account in accounts:
        installation.script("order_work", account, [1, 2])
    worker = installation.start("-m", "parley", "worker")
    after = installation.script("await_quiet", accounts, 60)
    assert after.pop("left") == []
    assert [len(each["effects"]) for each in after.values()] == [2 * 5] * 3
    worker.terminate()
    assert worker.wait(30) == 0
