"""Pages: processor time, wait and queries of a list, a ticket and an answer, in a large account."""

import django

from bench.figures import Table, milliseconds, rate, spread
from bench.installation import Installation, answer, ended
from bench.scale import Scale

PAGES = {"list": "list, 50 rows", "ticket": "ticket, 10 messages", "reply": "an answer sent"}


def measure(installation: Installation, scale: Scale, table: Table) -> None:
    size = scale(20_000, 100), scale(80_000, 400)
    large = installation.script("bench.large", "build", *size, False)
    queries = installation.script("bench.pages", "queries", large["account"], large["codes"][0])
    codes, many = large["codes"][1:], scale(200, 8)
    server, port = installation.web()
    with ended(installation, server):
        _load(installation, large["account"], port, server.pid, "ticket", 8, codes[:8])  # warm
        for page, title in PAGES.items():
            for clients in (1, 8):
                mine = codes[:many]
                if page == "reply":  # each ticket is answered once
                    mine, codes = codes[: many // 2], codes[many // 2 :]
                told = _load(installation, large["account"], port, server.pid, page, clients, mine)
                what = f"{title}, {clients} client{'s' if clients > 1 else ''}"
                cpu = milliseconds(told["cpu"] / len(told["waits"]))
                note = f"{cpu} CPU of the server each, {queries[page]} queries"
                said = f"{spread(told['waits'], 50, 95)}, {rate(len(told['waits']), told['seconds'])}"
                table.add(what, said, note)
    table.add("in the account", f"{large['tickets']:,} tickets, {large['messages']:,} messages")


def _load(
    installation: Installation, account: dict, port: int, pid: int, page: str, clients: int, codes: list
) -> dict:
    return installation.script("bench.browsing", "load", account, port, pid, page, clients, codes)


def queries(account: dict, code: str) -> dict[str, int]:
    """Over there: statements of each page, the second time it is shown."""
    django.setup(set_prefix=False)
    from django.conf import settings
    from django.db import connections
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(HTTP_HOST=account["host"], HTTP_HX_REQUEST="true", HTTP_HX_TARGET="ticket")
    client.cookies["parley_agent"] = account["cookie"]
    place, counted = f"/agent/tickets/{code}/", {}
    asked = {
        "list": lambda n: client.get("/agent/tickets/?view=all", HTTP_HX_REQUEST="false"),
        "ticket": lambda n: client.get(place),
        "reply": lambda n: client.post(
            f"{place}replies/", {"text": "Is it on?", "version": 10 + n, "client_id": f"queries-{n}"}
        ),
    }
    for page, ask in asked.items():
        ask(0)
        with CaptureQueriesContext(connections[settings.CELLS[0]]) as captured:
            response = ask(1)
        if response.status_code != 200:
            raise RuntimeError(f"{page}: {response.status_code}")
        counted[page] = len(captured)
    return counted


if __name__ == "__main__":
    answer({"queries": queries})
