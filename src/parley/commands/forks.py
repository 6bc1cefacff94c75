"""Work done in a process of its own, so that the one that asks keeps one thread and no database."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

from parley.commands.output import Failure


def fork(work: Callable[[], int], *, closing: Iterable[int] = ()) -> int:
    """Its process id. It ends by itself, with what `work` returns; its output is ours. `closing`:
    descriptors that it must not keep alive."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        for each in closing:
            os.close(each)
        code = work()
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    except BaseException:  # noqa: BLE001 - nothing may climb into the code below the fork
        sys.excepthook(*sys.exc_info())
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def end(pid: int) -> None:
    """Kill it, if it is still there. 0: there is none."""
    if not pid:
        return
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def answer_of(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `work` returns, over there; JSON brings it here. Failures rise here. SIGTERM ends both."""
    reading, writing = os.pipe()
    pid = fork(partial(_send, work, writing), closing=[reading])
    os.close(writing)
    numbers = (signal.SIGTERM, signal.SIGINT)
    previous = {number: signal.signal(number, partial(_give_up, pid)) for number in numbers}
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(pid, 0)
    for number, handler in previous.items():
        signal.signal(number, handler)
    if status or not told:
        raise Failure("not_prepared", "The databases could not be prepared; the reason stands above.")
    answer = json.loads(told)
    if "failure" in answer:
        raise Failure(*answer["failure"])
    return answer["done"]


def _send(work: Callable[[], dict[str, Any]], writing: int) -> int:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    answer: dict[str, Any]
    try:
        answer = {"done": work()}
    except Failure as failure:
        answer = {"failure": [failure.code, failure.message]}
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(json.dumps(answer).encode())
    return 0


def _give_up(pid: int, *_: object) -> NoReturn:
    end(pid)
    sys.exit(0)
