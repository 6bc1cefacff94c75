"""A cable between a browser and the server that a test can pull out."""

import contextlib
import select
import socket
from threading import Thread


class Cable:
    """A TCP proxy on a port of its own. `cut()` ends every connection and takes no new one until `mend()`."""

    def __init__(self, to_port: int) -> None:
        self.to_port, self.is_cut, self.is_closed = to_port, False, False
        self.threads: list[Thread] = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.settimeout(0.1)
        self.port = self.listening.getsockname()[1]
        self._start(self._serve)

    def cut(self) -> None:
        self.is_cut = True

    def mend(self) -> None:
        self.is_cut = False

    def close(self) -> None:
        self.is_cut = self.is_closed = True
        for thread in self.threads:
            thread.join()
        self.listening.close()

    def _serve(self) -> None:
        while not self.is_closed:
            with contextlib.suppress(TimeoutError):
                here, _ = self.listening.accept()
                self._start(self._carry, here)

    def _carry(self, here: socket.socket) -> None:
        with here, contextlib.suppress(OSError):
            if self.is_cut:
                return
            with socket.create_connection(("127.0.0.1", self.to_port)) as there:
                other = {here: there, there: here}
                while not self.is_cut:
                    for end in select.select([here, there], [], [], 0.1)[0]:
                        if not (data := end.recv(1 << 16)):
                            return
                        other[end].sendall(data)

    def _start(self, work: object, *args: object) -> None:
        self.threads.append(Thread(target=work, args=args, daemon=True))  # type: ignore[arg-type]
        self.threads[-1].start()
