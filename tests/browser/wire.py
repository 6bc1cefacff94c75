"""A cable between a browser and the server that a test can pull out."""

import contextlib
import socket
from threading import Thread


class Cable:
    """A TCP proxy on a port of its own. `cut()` ends every connection and takes no new one until `mend()`."""

    def __init__(self, to_port: int) -> None:
        self.to_port, self.is_cut = to_port, False
        self.ends: list[socket.socket] = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        self.is_cut = True
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.ends.clear()

    def mend(self) -> None:
        self.is_cut = False

    def close(self) -> None:
        self.listening.close()
        self.cut()

    def _serve(self) -> None:
        while True:
            try:
                here, _ = self.listening.accept()
            except OSError:
                return
            if self.is_cut:
                here.close()
                continue
            try:
                there = socket.create_connection(("127.0.0.1", self.to_port))
            except OSError:
                here.close()
                continue
            self.ends += [here, there]
            for a, b in ((here, there), (there, here)):
                Thread(target=self._pump, args=(a, b), daemon=True).start()

    def _pump(self, here: socket.socket, there: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := here.recv(1 << 16):
                there.sendall(data)
        for end in (here, there):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
