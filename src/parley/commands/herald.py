"""Waits until an installation is well and says where to go. Ends with that, or with the supervisor."""

import http.client
import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from parley.commands.output import say, warn
from parley.commands.processes import shown

LOOK_SECONDS = 0.05
IMPATIENT_AFTER = 30.0


@dataclass(frozen=True)
class Places:
    """Where to go. `demo` is what commands/demo.py says of its account; empty: there is none."""

    site: str
    outbox: str
    smtp: str
    demo: dict[str, Any]


def announce(address: tuple[str, int], places: Places, *, as_json: bool) -> int:
    """When /health at the address answers 200. What is still wrong after half a minute is said."""
    supervisor, impatient_at = os.getppid(), time.monotonic() + IMPATIENT_AFTER
    while os.getppid() == supervisor:
        well, wrong = _health(address)
        if well:
            say(json.dumps(asdict(places)) if as_json else _text(places))
            return 0
        if time.monotonic() > impatient_at:
            impatient_at = float("inf")
            warn("parley: not well yet:", *(f"  {line}" for line in wrong))
        time.sleep(LOOK_SECONDS)
    return 1


def _health(address: tuple[str, int]) -> tuple[bool, list[str]]:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address[0], address[0])
    with suppress(OSError, http.client.HTTPException, ValueError, KeyError):
        connection = http.client.HTTPConnection(host, address[1], timeout=10)
        connection.request("GET", "/health")
        answer = connection.getresponse()
        checks = json.loads(answer.read())["checks"]
        connection.close()
        wrong = [f"{name} {each['message']}" for name, each in checks.items() if not each["ok"]]
        return answer.status == 200, wrong
    return False, [f"nobody answers at {shown(*address)}"]


def _text(places: Places) -> str:
    lines = ["Parley is ready.", "", f"  Site        {places.site}"]
    if places.demo:
        demo = places.demo
        lines += [f"  Workspace   {demo['url']}"]
        secret = demo["password"] or "as you chose it"
        lines += [f"              sign in as {demo['email']}, password {secret}"]
    lines += [f"  Outbox      {places.outbox}", f"  Mail in     {places.smtp} (SMTP)", ""]
    if places.demo:
        lines += ["  Send the first mail:", f"    {_first_mail(places)}"]
    else:
        lines += ["  Open an account:"]
        lines += ["    parley account create NAME --owner you@example.com --password …"]
    return "\n".join([*lines, "", "  Stop with Ctrl-C."])


def _first_mail(places: Places) -> str:
    host, _, port = places.smtp.rpartition(":")
    to = f"support@{places.demo['host']}"
    mail = f"From: you@example.com\\nTo: {to}\\nSubject: Hello\\n\\nMy first mail."
    call = f"smtplib.SMTP('{host.strip('[]')}', {port}).sendmail('you@example.com', '{to}', '{mail}')"
    return f'python3 -c "import smtplib; {call}"'
