"""The supervisor keeps what it started alive, ends it in order, and leaves nothing when it is killed."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

from tests.installation import ROOT, Installation
from tests.processes.served import Served, is_alive, is_free, run, until

CHILDREN = {"web", "smtp", "worker-1"}


@pytest.fixture
def served(installation: Installation) -> Iterator[Served]:
    own = Served(installation, "--no-demo")
    own.places()
    yield own
    if own.process.poll() is None:
        own.end()
    for pipe in (own.process.stdout, own.process.stderr):
        if pipe and not pipe.closed:
            pipe.close()


def test_it_says_where_to_go_when_it_is_well_and_ends_in_order(served: Served) -> None:
    status, report = served.health()
    assert (status, report["ok"]) == (200, True)
    children = served.children()
    assert set(children) == CHILDREN
    said = served.end()
    assert "WARNING" not in said and "ERROR" not in said and "parley: " not in said
    assert not any(map(is_alive, children.values()))
    assert is_free(served.http) and is_free(served.smtp)


def test_whatever_is_killed_comes_back_and_health_recovers(served: Served) -> None:
    rnd = random.Random()
    for _ in range(4):
        before = until(lambda: len(served.children()) == 3 and served.children())
        victims = rnd.sample(sorted(CHILDREN), rnd.randint(1, 3))
        for name in victims:
            os.kill(before[name], signal.SIGKILL)

        def is_back(before: dict[str, int] = before, victims: list[str] = victims) -> bool:
            now = served.children()
            return set(now) == CHILDREN and all(now[name] != before[name] for name in victims)

        until(is_back)
        until(served.is_well)
        until(served.greets)
    said = served.end()
    assert "was killed by SIGKILL; it starts again in " in said


def test_a_page_asked_for_while_the_web_process_is_dead_is_answered(served: Served) -> None:
    os.kill(served.children()["web"], signal.SIGKILL)
    assert served.health()[0] in (200, 503)  # the socket outlives the process: nobody is refused


def test_children_of_a_killed_supervisor_go_and_another_takes_over_at_once(served: Served) -> None:
    children = served.children()
    served.process.kill()
    served.process.communicate()
    served.start()
    served.places()
    assert not any(map(is_alive, children.values()))
    assert set(served.children()) == CHILDREN


def test_a_second_one_on_the_same_data_folder_is_refused(served: Served) -> None:
    second = run(
        served.installation, "serve", "--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0", "--json"
    )
    folder = served.installation.env["PARLEY_DATA"]
    message = f"{folder} is served already, by process {served.process.pid}."
    assert second.returncode == 1
    assert second.stderr == f"parley: {message}\n"
    assert json.loads(second.stdout) == {"error": {"code": "already_served", "message": message}}
    assert served.is_well()


@pytest.mark.parametrize("which", ["--http", "--smtp"])
def test_a_taken_port_is_said_and_nothing_is_left(installation: Installation, which: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = {"--http": "127.0.0.1:0", "--smtp": "127.0.0.1:0"} | {which: f"127.0.0.1:{port}"}
        refused = run(installation, "serve", *(each for pair in options.items() for each in pair))
    assert refused.returncode == 1
    assert refused.stderr == f"parley: Cannot listen on 127.0.0.1:{port}: Address already in use.\n"
    assert refused.stdout == ""
    with Served(installation, "--no-demo").process as after:  # nobody holds the lock
        after.terminate()


def test_a_test_clock_is_set_for_all_and_a_jump_makes_nothing_sick(installation: Installation) -> None:
    served = Served(installation, "--no-demo", "--test-clock", "2044-05-06T07:08:09Z")
    served.places()
    made = run(
        installation, "account", "create", "late", "--owner", "o@late.example", "--password", "x" * 12
    )
    assert made.returncode == 0, made.stderr
    code = (
        "import django; django.setup(); from parley.kernel import clock; print(clock.now().isoformat())"
    )
    env = installation.env | {"PARLEY_TEST_CLOCK": "on"}
    now = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert now.stdout.startswith("2044-05-06T07:")
    assert served.is_well()
    served.end()


BROKEN = """
import os, signal, sys, threading
from parley.commands import children
from parley.commands.supervisor import Supervisor

children.SHORTEST_PAUSE = 0.01

def broken():
    sys.stderr.write("no luck today\\n")
    return 3

tries = children.Child("broken", broken, order=0)
supervisor = Supervisor([tries])
bury = supervisor._bury

def count():
    bury()
    if tries.young_deaths >= 6:
        supervisor.asked_to_stop = 1

supervisor._bury = count
sys.exit(supervisor.run())
"""


def test_what_cannot_start_is_reported_with_its_last_words_and_tried_on() -> None:
    env = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", textwrap.dedent(BROKEN)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    lines = done.stderr.splitlines()
    assert lines.count("no luck today") == 6
    told = next(n for n, line in enumerate(lines) if "5 times in a row right after its start" in line)
    assert lines[told].startswith("parley: broken ended with 3, ")
    assert lines[told + 1] == "  no luck today"


STUBBORN = """
import signal, sys, time
from parley.commands.children import Child
from parley.commands.supervisor import Supervisor

def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.stderr.write("here\\n")
    sys.stderr.flush()
    time.sleep(600)
    return 0

sys.exit(Supervisor([Child("stubborn", stubborn, order=0)]).run())
"""


def test_a_second_signal_kills() -> None:
    env = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", textwrap.dedent(STUBBORN)]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stderr and supervisor.stderr.readline() == "here\n"
        supervisor.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            supervisor.wait(0.5)
        assert supervisor.poll() is None
        supervisor.send_signal(signal.SIGINT)
        assert supervisor.wait(10) == 1
