"""The measurements themselves run, on real processes, and see no promise broken."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_quick_measurement_of_actions_ends_well_and_finds_no_gap():
    command = [sys.executable, "-m", "bench", "--quick", "--on", "sqlite", "actions"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stderr
    assert "BROKEN" not in done.stdout and "no promise was seen broken" in done.stdout
    lines = re.findall(
        r"^  actions, (one account|2 accounts), 2 writers +([\d,]+)/s", done.stdout, re.MULTILINE
    )
    assert [title for title, _ in lines] == ["one account", "2 accounts"]
    assert all(int(number.replace(",", "")) > 0 for _, number in lines)
