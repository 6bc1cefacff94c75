"""Open pages as seen by the server: sockets that note when they hear of each change."""

import asyncio
import json
import resource
import time
from collections import defaultdict

import websockets

from bench.installation import answer, ready

PATIENCE_SECONDS = 10.0  # after the last change, for what is still on its way
AT_ONCE = 25  # sockets opened at the same time
Heard = dict[int, dict[int, list[float]]]  # by account and number: when, once for each socket


def listen(accounts: list[dict], port: int, sockets: int, seconds: float) -> dict:
    """`sockets` of them, dealt out to the accounts, until all have been silent after `seconds`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * sockets)), hard))
    return asyncio.run(_listen(accounts, port, sockets, seconds))


async def _listen(accounts: list[dict], port: int, sockets: int, seconds: float) -> dict:
    heard: Heard = defaultdict(lambda: defaultdict(list))
    opening, gate = [], asyncio.Semaphore(AT_ONCE)
    for n in range(sockets):
        opening.append(_open(accounts[n % len(accounts)], port, gate))
    opened = await asyncio.gather(*opening)
    tasks = [
        asyncio.create_task(_note(socket, heard[accounts[n % len(accounts)]["account"]]))
        for n, socket in enumerate(opened)
    ]
    await asyncio.to_thread(ready)
    used = time.process_time()
    await asyncio.sleep(seconds)
    await _until_silent(heard)
    used = time.process_time() - used
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, *(each.close() for each in opened), return_exceptions=True)
    return {"heard": heard, "cpu": used}


async def _open(account: dict, port: int, gate: asyncio.Semaphore) -> websockets.ClientConnection:
    host = f"{account['host']}:{port}"
    async with gate:
        return await websockets.connect(
            f"ws://{host}/live?after={account['last']}",
            host="127.0.0.1",
            port=port,
            origin=websockets.Origin(f"http://{host}"),
            additional_headers={"cookie": f"parley_live={account['cookie']}"},
            open_timeout=60,
        )


async def _note(socket: websockets.ClientConnection, heard: dict[int, list[float]]) -> None:
    async for message in socket:
        now = time.monotonic()
        for _, seq in json.loads(message).get("changed", ()):
            heard[seq].append(now)


async def _until_silent(heard: Heard) -> None:
    before, until = -1, time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        now = sum(len(times) for numbers in heard.values() for times in numbers.values())
        if now == before:
            return
        before = now
        await asyncio.sleep(1)


if __name__ == "__main__":
    answer({"listen": listen})
