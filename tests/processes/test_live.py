"""A real server, real sockets, writers in other processes: what live pages hear, and strangers do not."""

import asyncio
import contextlib
import json
import random
import signal
import socket
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import websockets

from parley.config.asgi import plain
from tests.installation import Installation
from tests.processes.served import free_port

Who = dict[str, Any]


class Site:
    """`parley web` with two accounts. Nobody works: what is heard here needs no worker."""

    def __init__(self, installation: Installation) -> None:
        self.installation, self.port = installation, free_port()
        self.one, self.other = installation.script("found", "one", "other")
        command = ("-m", "parley", "web", "--http", f"127.0.0.1:{self.port}")
        self.server = installation.serve(self.port, *command)

    def http(
        self, who: Who | None = None, *, host: str = "one.localhost", **headers: str
    ) -> httpx.Client:
        cookies = {"parley_live": who["cookie"], "parley_agent": who["cookie"]} if who else {}
        base = f"http://127.0.0.1:{self.port}"
        return httpx.Client(
            base_url=base, headers={"host": host, **headers}, cookies=cookies, timeout=60
        )

    def live(self, who: Who, *, after: int, host: str = "", origin: str = "") -> websockets.connect:
        host = host or who["host"]
        return websockets.connect(
            f"ws://{host}/live?after={after}",
            host="127.0.0.1",
            port=self.port,
            origin=origin or f"http://{host}",  # type: ignore[arg-type]
            additional_headers={"cookie": f"parley_live={who['cookie']}"},
            proxy=None,
        )

    async def write(self, who: Who, times: int, seed: int) -> int:
        return await asyncio.to_thread(self.installation.script, "write", who["account"], times, seed)


@pytest.fixture
def site(installation: Installation) -> Site:
    return Site(installation)


@dataclass
class Goal:
    """The number to read up to, once it is known."""

    last: int = 1 << 62


class Reader:
    """A page: remembers the last number it saw, comes back with it, and starts afresh if told to."""

    def __init__(self, site: Site, who: Who) -> None:
        self.site, self.who = site, who
        self.seq, self.seen, self.resyncs = who["last"], list[int](), 0
        self.subjects: set[str] = set()

    def take(self, message: dict[str, Any]) -> None:
        for subject, seq in message.get("changed", []):
            self.seen.append(seq)
            self.subjects.add(subject)
            self.seq = seq
        if "resync" in message:
            self.resyncs += 1
            self.seq = message["resync"]

    async def read(self, goal: Goal, *, drop: float = 0.0) -> None:
        rnd = random.Random()
        while self.seq < goal.last:
            with contextlib.suppress(websockets.ConnectionClosed):
                async with self.site.live(self.who, after=self.seq) as ws:
                    while self.seq < goal.last:
                        self.take(json.loads(await asyncio.wait_for(ws.recv(), 60)))
                        if rnd.random() < drop:
                            ws.transport.abort()
                            await ws.wait_closed()

    async def poll(self, goal: Goal) -> None:
        with self.site.http(self.who) as http:
            while self.seq < goal.last:
                answer = await asyncio.to_thread(http.get, f"/live/poll?after={self.seq}")
                self.take(answer.json())


def run(what: Coroutine) -> None:
    asyncio.run(asyncio.wait_for(what, 150))


def test_every_change_arrives_once_in_order_and_nobody_elses(site: Site) -> None:
    async def written(who: Who, goal: Goal, writers: int) -> None:
        """Writers get in each other's way, so that nobody knows before how much there will be."""
        await asyncio.gather(*[site.write(who, 30, seed) for seed in range(writers)])
        goal.last = await site.write(who, 0, 0) + 1
        await site.write(who, 1, 0)

    async def all_of_it() -> None:
        ours, theirs = Goal(), Goal()
        readers = [Reader(site, site.one) for _ in range(6)]
        stranger = Reader(site, site.other)
        await asyncio.gather(
            *[readers[n].read(ours, drop=0.2) for n in range(4)],
            readers[4].read(ours),
            readers[5].poll(ours),
            stranger.read(theirs, drop=0.1),
            written(site.one, ours, 3),
            written(site.other, theirs, 1),
        )
        for reader in readers:
            assert reader.seen == list(range(site.one["last"] + 1, ours.last + 1))
            assert reader.resyncs == 0
        assert len(readers[0].seen) > 30
        assert stranger.seen == list(range(site.other["last"] + 1, site.other["last"] + 32))
        assert not stranger.subjects & readers[0].subjects

        late = Reader(site, site.one)  # all from the table, nothing from memory
        await late.read(ours)
        assert late.seen == readers[0].seen

    run(all_of_it())


def test_strangers_are_refused(site: Site) -> None:
    async def status(who: Who, **given: str) -> int:
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with site.live({"host": "one.localhost"} | who, after=0, **given):
                pass
        return refused.value.response.status_code

    async def all_of_it() -> None:
        assert await status({"cookie": "guess"}) == 403
        assert await status(site.other, host="one.localhost") == 403  # a session of another account
        assert await status(site.one, host="nobody.localhost") == 403
        assert await status(site.one, origin="http://evil.example") == 403

    run(all_of_it())
    for who in (site.other, None):
        with site.http(who) as http:
            assert http.get("/live/poll?after=0").status_code == 401


def test_typing_is_heard_by_others_of_the_account_and_never_stored(site: Site) -> None:
    async def heard(ws: Any) -> dict[str, Any]:
        return json.loads(await asyncio.wait_for(ws.recv(), 10))

    async def all_of_it() -> None:
        after, subject = site.one["last"], f"ticket-{site.one['ticket']}"
        async with (
            site.live(site.one, after=after) as here,
            site.live(site.one, after=after) as there,
            site.live(site.other, after=site.other["last"]) as stranger,
        ):
            await here.send(json.dumps({"kind": "typing", "subject": subject}))
            said = await heard(there)
            assert (said["kind"], said["subject"]) == ("typing", subject)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(stranger.recv(), 0.5)
            await here.send(json.dumps({"kind": "typing", "subject": "<script>"}))
            with pytest.raises(websockets.ConnectionClosed):
                await asyncio.wait_for(here.recv(), 10)

    run(all_of_it())
    assert site.installation.script("state", site.one["account"])["seqs"][-1] == site.one["last"]


@pytest.mark.parametrize("installation", [{"PARLEY_LIVE_MOST_BEHIND": "20"}], indirect=True)
def test_a_page_too_far_behind_or_ahead_starts_afresh(site: Site) -> None:
    async def all_of_it() -> None:
        last = await site.write(site.one, 40, 1)
        for after in (0, last + 1000):
            async with site.live(site.one, after=after) as ws:
                assert json.loads(await asyncio.wait_for(ws.recv(), 10)) == {"resync": last}
        almost = Reader(site, site.one)
        almost.seq = last - 20
        await almost.read(Goal(last))
        assert almost.seen == list(range(last - 19, last + 1)) and not almost.resyncs

    run(all_of_it())


def test_a_server_that_ends_lets_go_of_live_pages_at_once(site: Site) -> None:
    async def all_of_it() -> None:
        async with site.live(site.one, after=site.one["last"]) as ws:
            await asyncio.wait_for((await ws.ping()), 10)
            site.server.send_signal(signal.SIGTERM)
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(ws.recv(), 8)
        assert closed.value.rcvd and closed.value.rcvd.code == 1012
        assert await asyncio.to_thread(site.server.wait, 8) == 0

    run(all_of_it())


def test_health_is_told_on_any_host_and_misses_the_worker(site: Site) -> None:
    for host in ("one.localhost", "localhost", "nobody.example"):
        with site.http(host=host) as http:
            answer = http.get("/health")
            assert answer.status_code == 503 and "server" not in answer.headers
            checks = answer.json()["checks"]
            wrong = {name.split()[0]: each["message"] for name, each in checks.items() if not each["ok"]}
            assert wrong == {"worker": "is not running"}
            assert http.head("/health").content == b""


def test_what_is_too_large_is_refused_in_words_the_sender_reads(site: Site) -> None:
    big = b"x" * (31 << 20)
    with site.http(accept="text/html") as browser:
        page = browser.post("/agent/", content=big)
        assert page.status_code == 413 and page.headers["content-type"].startswith("text/html")
        assert "larger than 30 MB" in page.text
    with site.http(accept="application/json") as program:
        answer = program.post("/agent/", content=big)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_a_torn_upload_holds_nobody_up(site: Site) -> None:
    head = "POST /agent/ HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: 100\r\n\r\n"
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", site.port)) as raw:
            raw.sendall(f"{head}half=".encode())
    with site.http() as http:
        assert http.get("/health").status_code == 503


def scope(*headers: tuple[bytes, bytes], kind: str = "http") -> dict[str, Any]:
    scheme = "ws" if kind == "websocket" else "http"
    return {"type": kind, "scheme": scheme, "client": ("192.0.2.9", 4711), "headers": list(headers)}


FORWARDED = ((b"x-forwarded-for", b"203.0.113.7, 198.51.100.2"), (b"x-forwarded-proto", b"https"))


def test_what_proxies_add_counts_only_as_far_as_proxies_are_ours() -> None:
    assert plain(scope(*FORWARDED), proxies=0) == scope()
    one = plain(scope(*FORWARDED), proxies=1)
    assert (one["client"], one["scheme"], one["headers"]) == (("198.51.100.2", 0), "https", [])
    assert plain(scope(*FORWARDED), proxies=2)["client"] == ("203.0.113.7", 0)
    assert plain(scope(*FORWARDED), proxies=3)["client"] == ("203.0.113.7", 0)
    assert plain(scope(*FORWARDED, kind="websocket"), proxies=1)["scheme"] == "wss"


@pytest.mark.parametrize(
    ("told", "client"),
    [
        (b"198.51.100.2:4711", ("198.51.100.2", 0)),
        (b"[2001:db8::1]:4711", ("2001:db8::1", 0)),
        (b"2001:db8::1", ("2001:db8::1", 0)),
        (b"nonsense", ("192.0.2.9", 4711)),
        (b"", ("192.0.2.9", 4711)),
    ],
)
def test_an_address_is_taken_in_every_form_and_nonsense_in_none(told: bytes, client: tuple) -> None:
    assert plain(scope((b"x-forwarded-for", told)), proxies=1)["client"] == client


def test_headers_reach_wsgi_as_one_may_trust_them() -> None:
    given = scope((b"x_forwarded_for", b"1"), (b"cookie", b"a=1"), (b"host", b"h"), (b"cookie", b"b=2"))
    assert plain(given, proxies=0)["headers"] == [(b"host", b"h"), (b"cookie", b"a=1; b=2")]
