"""The line with faults ends a connection as a real one does: the client hears of it."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.support.proxy import Fault, FaultProxy


@pytest.mark.parametrize("fault", [Fault(lose_answer=True), Fault(cut_after=3)])
def test_whoever_waits_for_the_rest_of_a_lost_answer_hears_of_its_end(fault: Fault) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_answer_once, args=(server,), daemon=True).start()
        with FaultProxy(server.getsockname()[:2]) as proxy:
            proxy.faults = [fault]
            with socket.create_connection(("127.0.0.1", proxy.port), 10) as client:
                client.sendall(b"a question")
                found = b""
                while data := client.recv(100):
                    found += data
    assert found == b"an answer"[: fault.cut_after or 0]


def _answer_once(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(100)
        connection.sendall(b"an answer")
        connection.recv(100)
