"""Ids that need no database to be unique, and names that outsiders may see."""

import multiprocessing
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import override_settings

from parley.desk.contacts.models import Contact
from parley.kernel import clock, numbers
from parley.kernel.numbers import NoNode, _Node, new_id, public_id, short_id, ticket_code, unused

VENDOR = connections["default"].vendor


@pytest.fixture
def places(tmp_path, db):
    """A folder of processes' places that nobody else uses; the machine's number is what it is."""
    numbers.machine_number()
    with override_settings(RUN_DIR=str(tmp_path)):
        yield tmp_path / "processes"


def moment_of(number):
    return (number >> 22) + numbers.EPOCH_MS


def node_of(number):
    return number >> 10 & 0xFFF


def test_an_id_tells_when_it_was_made_and_has_63_bits(db):
    before = int(clock.machine().timestamp() * 1000)
    made = new_id()
    after = int(clock.machine().timestamp() * 1000)
    assert before <= moment_of(made) <= after + 1000  # many at once run ahead a little
    assert 0 < made < 2**63
    longest = (((1 << 41) - 1) * 4096 + 4095) * 1024 + 1023
    assert longest == 2**63 - 1


def test_ids_of_one_process_are_unique_and_grow_over_threads(db):
    node = numbers._node
    node.next()
    with ThreadPoolExecutor(8) as threads:
        made = [list(ids) for ids in threads.map(lambda _: [node.next() for _ in range(2000)], range(8))]
    assert all(ids == sorted(ids) for ids in made)
    assert len({each for ids in made for each in ids}) == 16_000


def test_ids_grow_even_when_the_machines_clock_is_set_back(places, monkeypatch):
    node, now = _Node(), clock.machine()
    made = []
    for offset in (0, 10, -3600, -86_400, 11, 0):
        monkeypatch.setattr(clock, "machine", lambda offset=offset: now + timedelta(seconds=offset))
        made += [node.next() for _ in range(3)]
    assert made == sorted(set(made)) and len(made) == 18
    node.held.close()


def test_more_ids_than_a_millisecond_has_room_for_borrow_from_the_next(places, monkeypatch):
    frozen = clock.machine()
    monkeypatch.setattr(clock, "machine", lambda: frozen)
    node = _Node()
    made = [node.next() for _ in range(3000)]
    assert made == sorted(set(made))
    assert {moment_of(each) - moment_of(made[0]) for each in made} == {0, 1, 2}
    assert len({node_of(each) for each in made}) == 1
    node.held.close()


def _make(pipe, how_many):
    pipe.send([new_id() for _ in range(how_many)])
    pipe.recv()  # hold the place until told
    pipe.close()


def test_ids_are_unique_over_forked_processes(db):
    mine = [new_id() for _ in range(500)]
    fork, pipes = multiprocessing.get_context("fork"), []
    for _ in range(8):
        here, there = fork.Pipe()
        child = fork.Process(target=_make, args=(there, 500))
        child.start()
        pipes.append((here, child))
    made = [here.recv() for here, _ in pipes]
    mine += [new_id() for _ in range(500)]
    for here, child in pipes:
        here.send("done")
        child.join(30)
        assert child.exitcode == 0
    everything = [each for ids in made for each in ids] + mine
    assert len(set(everything)) == len(everything) == 5000
    assert len({node_of(ids[0]) for ids in [*made, mine]}) == 9


def test_ids_are_unique_over_many_processes_that_start_together(installation):
    installation.script("migrate")
    running = [installation.background("make_ids", 500, 4) for _ in range(6)]
    made = [installation.result(process) for process in running]
    everything = [each for ids in made for each in ids]
    assert len(set(everything)) == len(everything) == 6 * 500 * 4


def test_a_place_is_free_again_when_its_process_dies(installation):
    installation.script("migrate")
    holders = [installation.background("hold_place") for _ in range(3)]
    held = [int(process.stdout.readline()) for process in holders]
    assert sorted(held) == [0, 1, 2]
    holders[1].kill()
    holders[1].wait()
    again = installation.background("hold_place")
    assert int(again.stdout.readline()) == held[1]


def test_one_process_too_many_is_refused_with_a_clear_word(places):
    nodes = [_Node() for _ in range(numbers.PROCESSES)]
    first = [node.next() for node in nodes]
    assert len({node_of(each) for each in first}) == 64
    with pytest.raises(NoNode, match=f"more than 64 processes share {places}"):
        _Node().next()
    nodes[17].held.close()
    late = _Node()
    assert node_of(late.next()) == node_of(first[17])
    for node in (*nodes, late):
        node.held.close()


@pytest.mark.skipif(VENDOR != "sqlite", reason="SQLite only")
def test_one_machine_owns_a_sqlite_directory():
    assert numbers.machine_number() == 0


@pytest.mark.skipif(VENDOR != "postgresql", reason="PostgreSQL only")
@pytest.mark.django_db(transaction=True)
def test_each_machine_has_a_number_of_its_own_and_keeps_it(tmp_path):
    def number(folder):
        with override_settings(DATA_DIR=tmp_path / folder):
            return numbers.machine_number()

    mine = [number(f"machine-{n}") for n in range(5)]
    assert len(set(mine)) == 5 and [number(f"machine-{n}") for n in range(5)] == mine
    assert numbers.Machine.objects.filter(number__in=mine).count() == 5


@pytest.mark.skipif(VENDOR != "postgresql", reason="PostgreSQL only")
@pytest.mark.django_db(transaction=True)
def test_one_machine_too_many_is_refused_with_a_clear_word(tmp_path):
    taken = set(numbers.Machine.objects.values_list("number", flat=True))
    numbers.Machine.objects.bulk_create(
        numbers.Machine(number=n, secret=f"s{n}") for n in range(numbers.MACHINES) if n not in taken
    )
    with override_settings(DATA_DIR=tmp_path), pytest.raises(NoNode, match="more than 64 machines"):
        numbers.machine_number()


def test_public_ids_are_letters_and_digits():
    made = {public_id() for _ in range(2000)}
    assert len(made) == 2000
    assert all(re.fullmatch(r"[a-z0-9]{8}", each) for each in made)
    assert all(re.fullmatch(r"[a-z0-9]{4}", short_id()) for _ in range(100))


def test_ticket_codes_have_no_vowels_and_so_no_words():
    made = {ticket_code() for _ in range(5000)}
    assert len(made) == 5000
    assert all(re.fullmatch(r"[B-DF-HJ-NP-TV-XZ]{3}-[B-DF-HJ-NP-TV-XZ]{5}-\d{3}", each) for each in made)
    assert not set("AEIOUY") & set("".join(made))


def test_a_short_name_that_is_taken_is_passed_over(world):
    contact = world.contact()
    candidates = [contact.public_id, "free0000", "free1111"]
    assert unused(candidates, Contact.objects.all(), "public_id") == "free0000"
    with pytest.raises(NoNode):
        unused([contact.public_id], Contact.objects.all(), "public_id")
