"""Mail in: how many are taken each second, how many understood, and how soon one is in the list."""

import smtplib
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import uuid4

import django

from bench.figures import Table, percentile, rate, spread
from bench.installation import Installation, answer, ended, result, tell
from bench.scale import Scale

SIZE = 4096  # bytes of a mail, about
PER_CONNECTION = 100
LINE = "The lamp that I bought from you in spring does not glow any more, whatever I do.\r\n"


def measure(installation: Installation, scale: Scale, table: Table) -> None:
    [account] = installation.script("bench.accounts", "found", 1)
    server, port = installation.smtp()
    with ended(installation, server):
        for senders in (1, 8):
            waits, took = _sent(port, account["host"], scale(400, 16), senders)
            what = f"mail accepted, {senders} sender{'s' if senders > 1 else ''}"
            table.add(
                what, f"{rate(len(waits), took)}, {spread(waits, 50, 99)}", f"{SIZE // 1024} kB each"
            )
        _understood(installation, account, scale, table)
        _visible(installation, account, scale, table, port)


def _sent(port: int, host: str, how_many: int, senders: int) -> tuple[list[float], float]:
    each = how_many // senders
    begun = time.perf_counter()
    with ThreadPoolExecutor(senders) as pool:
        waits = list(pool.map(partial(send_from, port, host, each), range(senders)))
    return [wait for of in waits for wait in of], time.perf_counter() - begun


def send_from(port: int, host: str, how_many: int, sender: int) -> list[float]:
    """One sender, one mail after the other. Seconds from MAIL to the 250 of each."""
    waits: list[float] = []
    while len(waits) < how_many:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example", timeout=60) as server:
            for _ in range(min(PER_CONNECTION, how_many - len(waits))):
                address = f"customer{sender}-{len(waits)}@customer.example"
                mail = composed(address, f"support@{host}", f"Lamp {len(waits)}")
                start = time.perf_counter()
                server.sendmail(address, [f"support@{host}"], mail)
                waits.append(time.perf_counter() - start)
    return waits


def composed(sender: str, to: str, subject: str) -> bytes:
    """A plain mail of SIZE bytes with a Message-ID of its own."""
    head = (
        f"From: Mette Holm <{sender}>\r\nTo: {to}\r\nSubject: {subject}\r\n"
        f"Message-ID: <{uuid4().hex}@customer.example>\r\nDate: Wed, 02 Jan 2030 12:00:00 +0000\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return (head + LINE * ((SIZE - len(head)) // len(LINE))).encode()


def _understood(installation: Installation, account: dict, scale: Scale, table: Table) -> None:
    watched = installation.background("bench.mail", "watch", account["account"])
    watched.stdout.readline()  # type: ignore[union-attr]
    with ended(installation, installation.parley("worker")):
        told = result(watched)
    done, took = told["done"], told["seconds"]
    table.add(
        "mail understood, 1 worker", rate(done, took), "into tickets, reactors and search included"
    )
    table.check(
        told["tickets"] == told["mails"], f"{told['mails']} mails became {told['tickets']} groups"
    )


def watch(account: int) -> dict:
    """Over there: the pace between the first and the last tenth of a backlog, until everything has settled."""
    django.setup(set_prefix=False)
    from parley.channels.email.models import IncomingMail
    from parley.kernel.cells import account_scope
    from parley.kernel.events import EventCounter

    with account_scope(account):
        waiting = IncomingMail.objects.filter(state="received")
        unsettled = EventCounter.objects.exclude(settle_at=None)
        backlog = waiting.count()
        tell("ready")
        while (left := waiting.count()) > backlog * 0.9:
            time.sleep(0.01)
        begun, first = time.perf_counter(), left
        while waiting.exists() or unsettled.exists():
            time.sleep(0.02)
        mails = IncomingMail.objects.all()
        return {
            "done": first,
            "seconds": time.perf_counter() - begun,
            "mails": mails.count(),
            "tickets": mails.exclude(group=None).values("group").distinct().count(),
        }


def _visible(installation: Installation, account: dict, scale: Scale, table: Table, port: int) -> None:
    web, http = installation.web()
    worker = installation.parley("worker")
    with ended(installation, web, worker):
        waits = installation.script("bench.browsing", "until_listed", account, http, port, scale(30, 3))
    table.add(
        "mail accepted to visible in the list", spread(waits, 50, 95), "idle, by asking for the page"
    )
    table.check(percentile(waits, 1) < 30, "a mail took longer than 30 s to the list")


if __name__ == "__main__":
    answer({"watch": watch})
