"""Agents at their pages: what a browser sends and how long it waits."""

import re
import smtplib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx

from bench.installation import answer
from bench.mail import composed
from bench.processes import cpu_seconds

LIST = "/agent/tickets/?view=all"
HTMX = {"HX-Request": "true", "HX-Target": "ticket"}
Shot = Callable[[httpx.Client], httpx.Response]


def browser(account: dict, port: int) -> httpx.Client:
    """Signed in."""
    headers = {"host": f"{account['host']}:{port}", "origin": f"http://{account['host']}:{port}"}
    cookies = {"parley_agent": account["cookie"]}
    return httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers=headers, cookies=cookies, timeout=120
    )


def listings(account: dict, port: int, how_many: int) -> None:
    with browser(account, port) as client:
        for _ in range(how_many):
            client.get(LIST).raise_for_status()


def until_listed(account: dict, port: int, smtp: int, how_many: int) -> list[float]:
    """Mails one by one: seconds from the 250 until the list shows it."""
    waits = []
    with browser(account, port) as client:
        for _ in range(how_many):
            subject, address = f"Lamp {uuid4().hex}", f"{uuid4().hex}@customer.example"
            to = f"support@{account['host']}"
            with smtplib.SMTP("127.0.0.1", smtp, local_hostname="bench.example") as server:
                server.sendmail(address, [to], composed(address, to, subject))
                accepted = time.perf_counter()
            while subject not in client.get(LIST).raise_for_status().text:
                if time.perf_counter() > accepted + 60:
                    break
            waits.append(time.perf_counter() - accepted)
    return waits


def load(
    account: dict, port: int, pid: int, page: str, clients: int, codes: list[str]
) -> dict[str, Any]:
    """`page` is list, ticket or reply; each client asks for its share of the codes. Seconds each took, and
    what the server used up for them."""
    browsers = [browser(account, port) for _ in range(clients)]
    shares = [codes[n::clients] for n in range(clients)]
    prepare = {"list": _list, "ticket": _ticket, "reply": _reply}[page]
    shots = [[prepare(one, code) for code in share] for one, share in zip(browsers, shares, strict=True)]
    for one in browsers:  # its connection is open before the clock runs
        one.get("/health")
    used, begun = cpu_seconds(pid), time.perf_counter()
    together = Barrier(clients)
    with ThreadPoolExecutor(clients) as pool:
        waits = list(pool.map(partial(_shoot, together), browsers, shots))
    took, used = time.perf_counter() - begun, cpu_seconds(pid) - used
    for one in browsers:
        one.close()
    return {"waits": [wait for of in waits for wait in of], "seconds": took, "cpu": used}


def _shoot(together: Barrier, client: httpx.Client, shots: list[Shot]) -> list[float]:
    waits = []
    together.wait()
    for shot in shots:
        start = time.perf_counter()
        shot(client).raise_for_status()
        waits.append(time.perf_counter() - start)
    return waits


def _list(client: httpx.Client, code: str) -> Shot:
    return lambda client: client.get(LIST)


def _ticket(client: httpx.Client, code: str) -> Shot:
    return lambda client: client.get(f"/agent/tickets/{code}/", headers=HTMX)


def _reply(client: httpx.Client, code: str) -> Shot:
    """The form is fetched beforehand, as it is on the screen of who types."""
    page = client.get(f"/agent/tickets/{code}/").raise_for_status().text
    form = {
        "text": "Have you tried to switch it on? Please tell us which lamp it is.",
        "version": _hidden(page, "version"),
        "client_id": uuid4().hex,
        "csrfmiddlewaretoken": _hidden(page, "csrfmiddlewaretoken"),
    }
    return lambda client: client.post(f"/agent/tickets/{code}/replies/", data=form, headers=HTMX)


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    if found is None:
        raise LookupError(name)
    return found[1]


if __name__ == "__main__":
    answer({"listings": listings, "until_listed": until_listed, "load": load})
