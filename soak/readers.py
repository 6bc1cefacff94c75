"""Live pages that lose their connection at random and come back with the last number they saw."""

import asyncio
import contextlib
import json
import random
from threading import Event

import websockets

from soak.diary import Diary

DROP = 0.02  # after each message
SILENCE_SECONDS = 5.0


class Reader:
    """`seen` is every number in the order of arrival."""

    def __init__(self, account: dict, port: int, diary: Diary, seed: str) -> None:
        self.account, self.port, self.diary = account, port, diary
        self.random, self.begun = random.Random(seed), account["last"]
        self.seq, self.seen, self.enough = self.begun, list[int](), Event()

    def live(self) -> None:
        asyncio.run(self._live())

    async def _live(self) -> None:
        while not self.enough.is_set():
            with contextlib.suppress(websockets.WebSocketException, OSError, TimeoutError):
                async with self._opened() as socket:
                    await self._read(socket)
            self.diary.note("live pages that came back")
            await asyncio.sleep(0.1)

    def _opened(self) -> websockets.connect:
        host = f"{self.account['host']}:{self.port}"
        return websockets.connect(
            f"ws://{host}/live?after={self.seq}",
            host="127.0.0.1",
            port=self.port,
            origin=websockets.Origin(f"http://{host}"),
            additional_headers={"cookie": f"parley_live={self.account['cookie']}"},
            open_timeout=5,
            close_timeout=1,
        )

    async def _read(self, socket: websockets.ClientConnection) -> None:
        while not self.enough.is_set():
            try:
                self._take(json.loads(await asyncio.wait_for(socket.recv(), SILENCE_SECONDS)))
            except TimeoutError:
                continue
            if self.random.random() < DROP:
                socket.transport.abort()

    def _take(self, message: dict) -> None:
        for _, seq in message.get("changed", ()):
            self.seen.append(seq)
            self.seq = seq
        if "resync" in message:
            self.diary.broken(f"a live page at {self.seq} was told to start afresh")
            self.seq = message["resync"]

    def check(self, last: int) -> None:
        """Every number after the first page's, once, in order."""
        if self.seen != list(range(self.begun + 1, last + 1)):
            self.diary.broken(
                f"a live page saw {len(self.seen)} numbers, {len(set(self.seen))} of them different, "
                f"up to {self.seq}; there are {last - self.begun}, up to {last}"
            )
