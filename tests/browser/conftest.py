"""A whole Parley as `parley serve` starts it, and real browsers in front of it."""

import contextlib
import os
import re
import shutil
import smtplib
import socket
import subprocess
import time
from collections.abc import Iterator
from email.message import EmailMessage
from itertools import count

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.installation import Installation
from tests.world import PASSWORD

expect.set_options(timeout=15_000)
CHROMIUM = (
    os.environ.get("PARLEY_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
NUMBERS = count(1)
#: What a browser or htmx logs when a test cuts the cable or the server refuses.
EXPECTED = r"ERR_|Failed to load resource|WebSocket|^htmx:|Response Status Error Code"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Desk:
    """Accounts one and other, served. Mail goes in by SMTP and comes out in the outbox."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.http, self.smtp = free_port(), free_port()
        self.one, self.other = installation.script("found", "one", "other")
        addresses = ("--http", f"127.0.0.1:{self.http}", "--smtp", f"127.0.0.1:{self.smtp}")
        self.server = installation.start(
            "-m", "parley", "serve", "--no-demo", *addresses, stdout=subprocess.DEVNULL
        )
        self._wait_until_well()

    def _wait_until_well(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{self.http}/health", timeout=5).status_code == 200:
                    return
            assert self.server.poll() is None, "parley serve ended"
            time.sleep(0.2)
        raise TimeoutError("parley serve is not well")

    def url(self, path: str = "/agent/", *, name: str = "one", port: int = 0) -> str:
        return f"http://{name}.localhost:{port or self.http}{path}"

    def mail(
        self,
        text: str = "It does not glow.",
        *,
        sender: str = "mette@customer.example",
        name: str = "Mette Holm",
        to: str = "support@one.localhost",
        subject: str = "Broken lamp",
        html: str = "",
        **headers: str,
    ) -> str:
        """By SMTP; returns its Message-ID. `headers` with _ for -."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = f"{name} <{sender}>", to, subject
        mail["Message-ID"] = f"<{next(NUMBERS)}.{os.getpid()}@customer.example>"
        for field, value in headers.items():
            mail[field.replace("_", "-")] = value
        mail.set_content(text)
        if html:
            mail.add_alternative(html, subtype="html")
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=20) as server:
            server.send_message(mail, sender, [to])
        return mail["Message-ID"]

    def outbox(self) -> list[dict]:
        return httpx.get(f"http://127.0.0.1:{self.http}/outbox.json").json()

    def sent_to(self, address: str, *, least: int = 1) -> list[dict]:
        """The latest first; waits until there are as many."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            found = [each for each in self.outbox() if address in str(each["to"])]
            if len(found) >= least:
                return found
            time.sleep(0.1)
        raise TimeoutError(f"nothing was sent to {address}: {self.outbox()}")


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    installation = Installation()
    try:
        yield Desk(installation)
    finally:
        for process in installation.processes:
            process.terminate()
        for process in installation.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
        installation.end()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    assert CHROMIUM, "no Chromium: `make test` installs it, or set PARLEY_CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Agents:
    """Browsers of their own, each with an agent signed in. A page that logs an error fails the test."""

    def __init__(self, desk: Desk, chromium: Browser) -> None:
        self.desk, self.chromium = desk, chromium
        self.contexts: list[BrowserContext] = []
        self.errors: list[str] = []

    def at(self, path: str = "/agent/tickets/?view=all", *, port: int = 0, **options: object) -> Page:
        page = self.visitor(**options)
        self.sign_in(page, path, port=port)
        return page

    def visitor(self, **options: object) -> Page:
        context = self.chromium.new_context(viewport={"width": 1440, "height": 900}, **options)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._console)
        return page

    def _console(self, message: object) -> None:
        text = message.text  # type: ignore[attr-defined]
        if message.type == "error" and not re.search(EXPECTED, text):  # type: ignore[attr-defined]
            self.errors.append(text)

    def sign_in(self, page: Page, path: str = "/agent/tickets/?view=all", *, port: int = 0) -> None:
        page.goto(self.desk.url(path, port=port))
        page.get_by_label("E-mail").fill("ada@one.example")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("#workspace")


@pytest.fixture
def agents(desk: Desk, chromium: Browser) -> Iterator[Agents]:
    agents = Agents(desk, chromium)
    yield agents
    for context in agents.contexts:
        context.close()
    assert agents.errors == []
