"""The hub: one room per account with somebody listening; one reader of the table per room."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from django.db import Error, close_old_connections

from parley.kernel.cells import account_scope
from parley.kernel.live import Change, changes, last_seq, last_seqs
from parley.kernel.wakeups import Listener
from parley.web.live.rooms import AT_ONCE, Client, Room

T = TypeVar("T")
log = logging.getLogger("parley.live")
READERS = 4  # threads that look at the tables
TRY_AGAIN_SECONDS = 1.0


class Hub:
    def __init__(self, cells: Sequence[str], *, most_behind: int = 10_000) -> None:
        self.cells, self.most_behind = cells, most_behind
        self.rooms: dict[int, Room] = {}
        self.pool = ThreadPoolExecutor(READERS, thread_name_prefix="live")
        self.listeners: list[Listener] = []
        self.looking: set[asyncio.Task] = set()
        self.is_closing = False

    @property
    def listens(self) -> bool:
        """Whether news of every cell reach this process."""
        return len(self.listeners) == len(self.cells) and all(x.is_alive() for x in self.listeners)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()

        def heard(cell: str, account: int, message: dict | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._heard, cell, account, message)

        self.listeners = [Listener(cell, heard) for cell in self.cells]
        for listener in self.listeners:
            listener.start()
        yield
        for listener in self.listeners:
            listener.stopped.set()
        self.close()

    def close(self) -> None:
        """Everybody is let go at once, and comes back to whoever serves next; nothing is missed."""
        self.is_closing = True
        for room in self.rooms.values():
            for client in room.clients:
                client.wake.set()

    def _heard(self, cell: str, account: int, message: dict | None) -> None:
        room = self.rooms.get(account)
        if message and room and room.cell == cell:
            for client in room.clients:
                if client.name != message["sender"]:
                    client.whispers.append(message)
                    client.wake.set()
        elif account and room:
            room.stale.set()
        elif not account:
            task = asyncio.create_task(self._look(cell))
            self.looking.add(task)
            task.add_done_callback(self._looked)

    def _looked(self, task: asyncio.Task) -> None:
        self.looking.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("looking for news failed, it is tried again: %r", error)

    async def _look(self, cell: str) -> None:
        rooms = [room for room in self.rooms.values() if room.cell == cell]
        if rooms:
            last = await self.in_thread(last_seqs, cell, [room.account for room in rooms])
            for room in rooms:
                if last.get(room.account, 0) > room.seq:
                    room.stale.set()

    @asynccontextmanager
    async def joined(self, cell: str, account: int, after: int) -> AsyncIterator[Client]:
        room = self.rooms.setdefault(account, Room(cell, account))
        client = Client(room, after)
        room.clients.add(client)
        if room.follower is None:
            room.stale.set()
            room.follower = asyncio.create_task(self._follow(room))
        try:
            await room.known.wait()
            client.wake.set()
            yield client
        finally:
            room.clients.discard(client)
            if not room.clients and self.rooms.get(account) is room:
                del self.rooms[account]
                room.follower.cancel()

    async def _follow(self, room: Room) -> None:
        while True:
            await room.stale.wait()
            room.stale.clear()
            try:
                await self._catch_up(room)
            except Error as error:  # the database is away; the room waits for it
                log.warning("a room cannot be read, it is tried again: %r", error)
                await asyncio.sleep(TRY_AGAIN_SECONDS)
                room.stale.set()

    async def _catch_up(self, room: Room) -> None:
        if room.seq < 0:
            room.seq = await self.read(room, last_seq)
            room.known.set()
        while news := await self.read(room, lambda: changes(after=room.seq, limit=AT_ONCE)):
            room.add(news)

    async def news(self, client: Client) -> list[Change] | None:
        """What comes next for this client, in order; None if it is too far behind, or ahead."""
        room = client.room
        if not 0 <= room.seq - client.seq <= self.most_behind and not await self._caught_up(client):
            client.seq = room.seq
            return None
        if client.seq >= room.seq:
            return []
        news = room.since(client.seq)
        news = news or await self.read(room, lambda: changes(after=client.seq, limit=AT_ONCE))
        if not news or news[0].seq != client.seq + 1:  # the log was trimmed
            client.seq = room.seq
            return None
        client.seq = news[-1].seq
        return news

    async def _caught_up(self, client: Client) -> bool:
        """The page may be newer than what this process has heard of; then look again."""
        if client.seq > client.room.seq:
            return client.seq <= await self.read(client.room, last_seq)
        return False

    async def read(self, room: Room, query: Callable[[], T]) -> T:
        def scoped() -> T:
            with account_scope(room.account, cell=room.cell):
                return query()

        return await self.in_thread(scoped)

    async def in_thread(self, work: Callable[..., T], *args: object) -> T:
        def tidy() -> T:
            close_old_connections()
            return work(*args)

        return await asyncio.get_running_loop().run_in_executor(self.pool, tidy)
