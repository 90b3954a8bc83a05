"""Certificates that nobody vouches for, and a TLS front for a server on loopback that speaks plain HTTP."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import ipaddress
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificate:
    """A certificate of 127.0.0.1 that has signed itself.

    Attributes:
        file: certificate and key, as PEM.
        fingerprint: SHA-256 of the certificate, as 64 digits.
    """

    file: Path
    fingerprint: str


def self_signed(file: Path) -> Certificate:
    """Make a certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(made.public_bytes(pem) + secret)
    return Certificate(file, hashlib.sha256(made.public_bytes(serialization.Encoding.DER)).hexdigest())


class TlsFront(socketserver.ThreadingTCPServer):
    """Takes connections with TLS, and passes what comes to a port of this machine.

    Args:
        port: where the server listens that speaks plain HTTP.
        certificate: the one to present.

    Attributes:
        passed: bytes of requests that came through so far.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, certificate: Certificate) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.behind = port
        self.passed = 0
        self.present(certificate)

    def present(self, certificate: Certificate) -> None:
        """Present another certificate from the next connection on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.file)
        self.context = context

    @property
    def root(self) -> str:
        """Its address."""
        return f"https://127.0.0.1:{self.server_address[1]}"


class _Passing(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        front = self.server
        assert isinstance(front, TlsFront)
        # A client that does not like the certificate hangs up.
        with contextlib.suppress(OSError):
            with (
                front.context.wrap_socket(self.request, server_side=True) as outside,
                socket.create_connection(("127.0.0.1", front.behind)) as inside,
            ):
                back = threading.Thread(target=_copy, args=(inside, outside), daemon=True)
                back.start()
                while data := outside.recv(65536):
                    front.passed += len(data)
                    inside.sendall(data)
                inside.shutdown(socket.SHUT_WR)
                back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def tls_front(port: int, certificate: Certificate) -> Iterator[TlsFront]:
    """A front while the block runs."""
    with TlsFront(port, certificate) as front:
        thread = threading.Thread(target=front.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield front
        finally:
            front.shutdown()
            thread.join(10)
