"""Events of concurrent writers: gapless, in commit order, and no reader ever sees a hole."""

import random

WRITERS, TIMES = 4, 60


def test_writers_of_one_account_leave_no_gap_and_a_tailing_reader_never_sees_one(installation):
    [who] = installation.script("found", "one")
    last = who["last"] + WRITERS * TIMES
    readers = [installation.background("tail", who["account"], last) for _ in range(2)]
    for reader in readers:
        assert reader.stdout.readline() == "reading\n"
    writers = [
        installation.background("record_many", who["account"], TIMES, number)
        for number in range(WRITERS)
    ]
    for writer in writers:
        installation.result(writer)
    for reader in readers:
        seen = installation.result(reader)
        assert seen["seqs"] == list(range(1, last + 1))
        assert seen["looks"] > 5
    after = installation.script("state", who["account"])
    assert after["seqs"] == list(range(1, last + 1))
    assert sorted(n for kind, n in after["effects"] if kind == "many") == sorted(
        number * 10_000 + i for number in range(WRITERS) for i in range(TIMES)
    )


def test_writers_of_many_accounts_number_each_account_for_itself(installation):
    made = installation.script("found", *[f"n{i}" for i in range(4)])
    accounts = [who["account"] for who in made]
    rnd = random.Random(5)
    writers = [
        installation.background("record_everywhere", rnd.sample(accounts, 4), 20, number)
        for number in range(3)
    ]
    for writer in writers:
        installation.result(writer)
    for who in made:
        after = installation.script("state", who["account"])
        assert after["seqs"] == list(range(1, who["last"] + 3 * 20 + 1))
        assert len([1 for kind, _ in after["effects"] if kind == "many"]) == 60
