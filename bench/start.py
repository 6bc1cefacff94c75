"""Starting: from the command to the first healthy answer; and memory, idle and after work."""

import subprocess
import time

from bench.figures import Table, milliseconds
from bench.installation import Installation, ended, free_port, wait_until_well
from bench.mail import send_from
from bench.processes import memory
from bench.scale import Scale

IDLE_SECONDS = 3.0


def measure(installation: Installation, scale: Scale, table: Table) -> None:
    for title in ("empty data folder", "again"):
        port, smtp = free_port(), free_port()
        begun = time.monotonic()
        addresses = ("--http", f"127.0.0.1:{port}", "--smtp", f"127.0.0.1:{smtp}")
        server = installation.parley("serve", "--no-demo", *addresses, stdout=subprocess.DEVNULL)
        with ended(installation, server):
            wait_until_well(port, server)
            table.add(f"serve to healthy, {title}", milliseconds(time.monotonic() - begun))
            if title == "again":
                _memory(installation, scale, table, port, smtp)


def _memory(installation: Installation, scale: Scale, table: Table, port: int, smtp: int) -> None:
    time.sleep(IDLE_SECONDS)
    idle = {pid: memory(pid) for pid in installation.living()}
    [account] = installation.script("bench.accounts", "found", 1)
    mails, pages = scale(200, 10), scale(300, 10)
    send_from(smtp, account["host"], mails, sender=0)
    installation.script("bench.browsing", "listings", account, port, pages)
    installation.script("bench.jobs", "drained")
    total = 0.0
    for pid, before in sorted(idle.items()):
        now = memory(pid)
        total += now.proportional
        figures = f"{before.resident:.0f} MB idle, {now.resident:.0f} MB after work"
        table.add(f"memory of {now.name}", figures, f"{now.proportional:.0f} MB without what is shared")
    table.add("memory of all", f"{total:.0f} MB", f"after {mails} mails and {pages} pages")
