"""Those who write: customers by mail, agents by their pages. Whoever hears no answer says it again."""

import random
import re
import smtplib
import time
from uuid import uuid4

import httpx

from bench.browsing import HTMX, browser
from soak.diary import Diary

PAUSE_SECONDS = 0.3
TIMEOUT_SECONDS = 10.0
LOST_250 = 0.15  # how often a customer's server does not hear that we have the mail
PATIENCE_SECONDS = 180.0
CODE = re.compile(r'id="row-([A-Z0-9-]+)"')


class Customer:
    """Mails with a token in their words, each sent until it is acknowledged, in the same bytes."""

    def __init__(self, name: str, host: str, port: int, diary: Diary, seed: str) -> None:
        self.address, self.to = f"{name}@customer.example", f"support@{host}"
        self.port, self.diary, self.random = port, diary, random.Random(seed)

    def live(self) -> None:
        while not self.diary.stopping.is_set():
            token = f"mail{uuid4().hex}"
            content = self._mail(token)
            self._until_acknowledged(token, content)
            if self.random.random() < LOST_250:
                self.diary.note("mails sent again after a lost 250")
                self._until_acknowledged(token, content)
            time.sleep(self.random.uniform(0, 2 * PAUSE_SECONDS))

    def _mail(self, token: str) -> bytes:
        return (
            f"From: {self.address}\r\nTo: {self.to}\r\nSubject: About a lamp\r\n"
            f"Message-ID: <{token}@customer.example>\r\nDate: Wed, 02 Jan 2030 12:00:00 +0000\r\n\r\n"
            f"It does not glow: {token}\r\n"
        ).encode()

    def _until_acknowledged(self, token: str, content: bytes) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                with smtplib.SMTP(
                    "127.0.0.1", self.port, "soak.example", timeout=TIMEOUT_SECONDS
                ) as server:
                    server.sendmail(self.address, [self.to], content)
                    with self.diary.lock:
                        self.diary.mails.add(token)
                    return
            except smtplib.SMTPRecipientsRefused as refused:
                if any(code >= 500 for code, _ in refused.recipients.values()):
                    self.diary.broken(f"a mail was refused for good: {refused.recipients}")
                    return
            except (smtplib.SMTPException, OSError):
                if token in self.diary.mails:  # it had its 250; only the farewell failed
                    return
            self.diary.note("mails tried again")
            time.sleep(0.2)
        self.diary.broken(f"nobody took a mail for {PATIENCE_SECONDS:.0f} s")


class Agent:
    """Answers tickets of the list, each answer with a client id, posted until it is accepted."""

    def __init__(self, account: dict, port: int, diary: Diary, seed: str) -> None:
        self.diary, self.random = diary, random.Random(seed)
        self.client = browser(account, port)
        self.client.timeout = httpx.Timeout(TIMEOUT_SECONDS)

    def live(self) -> None:
        with self.client:
            while not self.diary.stopping.is_set():
                page = self._page("/agent/tickets/?view=all")
                if codes := CODE.findall(page):
                    self._answer(self.random.choice(codes))
                time.sleep(self.random.uniform(0, 2 * PAUSE_SECONDS))

    def _answer(self, code: str) -> None:
        client_id = f"answer{uuid4().hex}"
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            page = self._page(f"/agent/tickets/{code}/")  # a stale answer needs the newer version
            form = {
                "text": f"Have you tried to switch it on? {client_id}",
                "version": _hidden(page, "version"),
                "client_id": client_id,
                "csrfmiddlewaretoken": _hidden(page, "csrfmiddlewaretoken"),
            }
            status = self._post(f"/agent/tickets/{code}/replies/", form)
            if status == 200:
                with self.diary.lock:
                    self.diary.answers.add(client_id)
                return
            self.diary.note("answers tried again")
            time.sleep(0.2)
        self.diary.broken(f"an answer was not accepted for {PATIENCE_SECONDS:.0f} s")

    def _page(self, path: str) -> str:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                response = self.client.get(path)
                if response.status_code == 200:
                    return response.text
            except httpx.TransportError:
                pass
            self.diary.note("pages tried again")
            time.sleep(0.2)
        self.diary.broken(f"{path} was not shown for {PATIENCE_SECONDS:.0f} s")
        return ""

    def _post(self, path: str, form: dict[str, str]) -> int:
        """The status; 0 when no answer came: it may have been accepted or not."""
        try:
            return self.client.post(path, data=form, headers=HTMX).status_code
        except httpx.TransportError:
            return 0


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return found[1] if found else ""
