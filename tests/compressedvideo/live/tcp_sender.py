"""A sender of streams on this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

PATIENCE = 30
"""Seconds that a test waits for what takes a fraction of one."""


@contextmanager
def tcp_sender(connections: Sequence[bytes]) -> Iterator[str]:
    """Sends the first to whoever connects first, the second to the next one, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for data in connections:
                connection, _ = server.accept()
                with connection:
                    connection.sendall(data)
            server.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        thread.join(PATIENCE)
        assert not thread.is_alive()
