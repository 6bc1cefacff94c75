"""The server that answers are handed over to: it counts how often it got each."""

from email import message_from_bytes
from typing import Any

from aiosmtpd.controller import Controller

from soak.diary import Diary


class Sink:
    def __init__(self, diary: Diary) -> None:
        self.diary = diary

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message_id = message_from_bytes(envelope.content)["Message-ID"].strip("<> ")
        with self.diary.lock:
            self.diary.received[message_id] += 1
        return "250 2.0.0 taken"


def relay(diary: Diary, port: int) -> Controller:
    """Not yet started."""
    return Controller(Sink(diary), hostname="127.0.0.1", port=port, ready_timeout=30)
