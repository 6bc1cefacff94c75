"""Wake-ups between processes: by sockets, by NOTIFY, by Redis; heard soon, and again after a cut."""

import os
import threading
import time

import pytest
import redis
from django.conf import settings

REDIS = "redis://127.0.0.1:6379/5"
OWN = "sqlite" if "sqlite" in settings.DATABASES["default"]["ENGINE"] else "postgresql"
CELL = settings.CELLS[0]
SOON = 1.0


def redis_answers():
    try:
        with redis.Redis.from_url(REDIS, socket_connect_timeout=1) as server:
            return bool(server.ping())
    except redis.RedisError:
        return False


needs_redis = pytest.mark.skipif(
    not os.environ.get("CI") and not redis_answers(), reason="no Redis answers here"
)
BY = [
    pytest.param({}, id=OWN),
    pytest.param({"REDIS_URL": REDIS}, id="redis", marks=needs_redis),
]


class Ear:
    """A process that listens, and what it says it heard."""

    def __init__(self, installation, account):
        self.heard, self.news = [], threading.Condition()
        self.process = installation.background("listen", CELL, account)
        assert self.process.stdout.readline() == "listening\n"
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            moment, message = line.rstrip("\n").split(" ", 1)
            with self.news:
                self.heard.append((float(moment), message))
                self.news.notify_all()

    def wait(self, message, seconds):
        """When it was heard, by the machine's monotonic clock; None if not in time."""
        with self.news:
            found = self.news.wait_for(lambda: [t for t, m in self.heard if m == message], seconds)
            return found[0] if found else None


@pytest.mark.parametrize("installation", BY, indirect=True)
def test_a_poke_is_heard_in_another_process_within_a_second(installation):
    [who] = installation.script("found", "one")
    ears = [Ear(installation, who["account"]) for _ in range(2)]
    for n in range(3):
        poked = installation.script("poke", CELL, who["account"], f"news{n}")
        for ear in ears:
            heard = ear.wait(f"news{n}", 5)
            assert heard is not None and heard - poked < SOON


@pytest.mark.parametrize("installation", BY, indirect=True)
def test_what_is_written_wakes_listeners_of_its_cell(installation):
    [who] = installation.script("found", "one")
    ear = Ear(installation, who["account"])
    written = installation.script("record_at", who["account"])
    heard = ear.wait("-", 5)
    assert heard is not None and heard - written < SOON


@pytest.mark.parametrize("installation", BY, indirect=True)
def test_who_was_cut_off_listens_again(installation):
    before = pubsub_clients(installation)
    [who] = installation.script("found", "one")
    ear = Ear(installation, who["account"])
    assert installation.script("poke", CELL, who["account"], "before")
    assert ear.wait("before", 5)
    assert cut(installation, before) == 1
    until, n = time.monotonic() + 20, 0
    while ear.wait(f"after{n}", 1) is None:
        n += 1
        assert time.monotonic() < until
        installation.script("poke", CELL, who["account"], f"after{n}")


def pubsub_clients(installation):
    if "REDIS_URL" not in installation.env or not installation.env["REDIS_URL"]:
        return set()
    with redis.Redis.from_url(REDIS) as server:
        return {each["id"] for each in server.client_list(_type="pubsub") if each["db"] == "5"}


def cut(installation, before):
    """How many listening connections were ended. Sockets have none: there the listener's file is removed."""
    if installation.env.get("REDIS_URL"):
        with redis.Redis.from_url(REDIS) as server:
            mine = pubsub_clients(installation) - before
            return sum(server.client_kill_filter(_id=each) for each in mine)
    if OWN == "postgresql":
        return installation.script("cut_listeners", CELL)
    folder = installation.folder / "run" / CELL
    sockets = [each for each in folder.glob("*") if each.is_socket()]
    for each in sockets:
        each.unlink()
    return len(sockets)
