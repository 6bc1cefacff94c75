"""Workers and writers are real processes here, and are killed at random moments."""

import random
import time
from collections import Counter

JOBS = 80


def test_killed_workers_lose_nothing_and_do_nothing_twice(installation):
    rnd = random.Random()
    one, other = installation.script("found", "one", "other")
    numbers = list(range(JOBS))
    for who in (one, other):
        installation.script("order_work", who["account"], numbers)

    def worker():
        return installation.start("-m", "parley", "worker", "--lease", "1.5")

    workers, killed = [worker() for _ in range(3)], 0
    while killed < 8:
        time.sleep(rnd.uniform(0.1, 1.2))
        workers.pop(0).kill()
        workers.append(worker())
        killed += 1
    states = installation.script("await_quiet", [one["account"], other["account"]], 120)
    assert states["left"] == []
    for each in workers:
        each.terminate()
    assert [each.wait(30) for each in workers] == [0, 0, 0]

    for who in (one, other):
        after = states[str(who["account"])]
        counts = Counter(map(tuple, after["effects"]))
        # The reactor echoes both, the outside job's effect and the timer's.
        for kind, times in {"job": 1, "quick": 1, "timer": 1, "echo": 2}.items():
            assert {n: counts[kind, n] for n in numbers} == dict.fromkeys(numbers, times), kind
        assert counts.total() == 5 * JOBS
        assert (after["timers"], after["unsettled"], after["parked"]) == (0, 0, 0)
        assert after["seqs"] == list(range(1, len(after["seqs"]) + 1))
        assert len(after["seqs"]) == who["last"] + 2 * JOBS


def test_what_a_killed_writer_had_acknowledged_is_there_exactly_once(installation):
    rnd = random.Random()
    [who] = installation.script("found", "one")
    acknowledged, writers = [], []
    for start in range(0, 600_000, 100_000):
        writer = installation.background("accept_for_ever", who["account"], start)
        writers.append(writer)
        first = int(writer.stdout.readline())  # it is at work
        time.sleep(rnd.uniform(0.05, 0.8))
        writer.kill()
        rest = writer.stdout.read().splitlines(keepends=True)
        told = [int(line) for line in rest if line.endswith("\n")]  # the last line may be torn
        acknowledged += [first, *told]
    after = installation.script("state", who["account"])
    counts = Counter(n for kind, n in after["effects"] if kind == "accepted")
    assert len(acknowledged) == len(set(acknowledged)) >= 6
    assert {n: counts[n] for n in acknowledged} == dict.fromkeys(acknowledged, 1)
    # At most one of each writer was stored and not told any more; none twice; each with its job and event.
    assert set(counts.values()) == {1} and len(counts) - len(acknowledged) <= len(writers)
    assert sorted(installation.script("queued", who["account"])) == sorted(counts)
    assert after["seqs"] == list(range(1, who["last"] + len(counts) + 1))
