"""Places with files at the servers that people run: vsftpd, OpenSSH, and rclone for WebDAV, each where it is installed.

``apt install vsftpd openssh-server rclone``, then as root ``./test --no-checks tests/real_servers``: vsftpd starts only
as root. Each server runs as an ordinary process on loopback, with a folder of the test, and ends with it.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.clock import SystemClock
from s3sync.transport.client import Transport
from s3sync.transport.limits import Limits
from s3sync.transport.places.ftp import FtpFolder
from s3sync.transport.places.names import server_of
from s3sync.transport.places.sftp import HostKey, SftpFolder
from s3sync.transport.places.spool import Spool
from s3sync.transport.places.webdav import WebDavFolder
from tests.contracts.transport.storage_contract import StorageContract
from tests.support.ports import free_port
from tests.support.tls import self_signed

pytestmark = [pytest.mark.slow]
LIMITS = Limits(connect_timeout=5, read_timeout=10)
PASSWORD = "a password of the tests"


def program(name: str) -> str:
    """Return the path of a program; skip the test where it is not installed."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/openssh")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@contextlib.contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[None]:
    """Run a server while something is done."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


@pytest.fixture()
def root(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    tmp_path.chmod(0o755)
    return tmp_path / "place"


@pytest.fixture()
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", LIMITS)


class TestRcloneWebDav(StorageContract):
    @pytest.fixture()
    def storage(self, root: Path, spool: Spool) -> Iterator[Any]:
        port = free_port()
        command = [program("rclone"), "serve", "webdav", str(root), "--addr", f"127.0.0.1:{port}"]
        command += ["--user", "field", "--pass", PASSWORD, "--config", os.devnull, "--vfs-cache-mode", "off"]
        with running(command, port, root.parent / "log"):
            line = Transport(
                f"http://127.0.0.1:{port}",
                clock=SystemClock(),
                username="field",
                password=PASSWORD,
                limits=LIMITS,
            )
            place = WebDavFolder(line, spool)
            yield place
            place.close()


class TestOpenSsh(StorageContract):
    """With a private key: a password is that of an account of the machine."""

    @pytest.fixture()
    def storage(self, root: Path, spool: Spool) -> Iterator[Any]:
        pytest.importorskip("paramiko")
        server, keygen = program("sshd"), program("ssh-keygen")
        folder = root.parent / "ssh"
        folder.mkdir(mode=0o700)
        for name, kind in (("host_ed25519", "ed25519"), ("host_rsa", "rsa"), ("user", "ed25519")):
            subprocess.run([keygen, "-q", "-t", kind, "-N", "", "-f", str(folder / name)], check=True)
        shutil.copy(folder / "user.pub", folder / "authorized_keys")
        port = free_port()
        settings = folder / "sshd_config"
        settings.write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_rsa\nHostKey {folder}/host_ed25519\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nUsePAM no\nPidFile none\n"
            "PermitRootLogin prohibit-password\nSubsystem sftp internal-sftp\n"
        )
        with contextlib.suppress(OSError):
            Path("/run/sshd").mkdir(exist_ok=True)
        with running([server, "-D", "-e", "-f", str(settings)], port, root.parent / "log"):
            at = server_of(f"sftp://127.0.0.1:{port}{root}", ("sftp",))
            key = (folder / "user").read_text().replace("\n", " ")
            account = (at, getpass.getuser(), "", key)
            with pytest.raises(HostKey) as caught:
                SftpFolder(*account, "", spool).list("")
            told = subprocess.run(
                [keygen, "-l", "-f", str(folder / "host_ed25519.pub")],
                capture_output=True,
                text=True,
                check=True,
            )
            assert caught.value.shown.split()[1] in told.stdout, "as OpenSSH tells it"
            place = SftpFolder(*account, caught.value.shown, spool)
            yield place
            place.close()


class OfVsftpd(StorageContract):
    more = ""

    def tls(self, folder: Path) -> ssl.SSLContext | None:
        return None

    @pytest.fixture()
    def storage(self, root: Path, spool: Spool) -> Iterator[Any]:
        server, port = program("vsftpd"), free_port()
        if os.geteuid() != 0:
            pytest.skip("vsftpd starts only as root")
        shutil.chown(root, "ftp", "ftp")
        for above in root.parents:
            if above.is_relative_to("/tmp") and above != Path("/tmp"):
                above.chmod(0o755)
        empty = root.parent / "empty"
        empty.mkdir()
        tls = self.tls(root.parent)
        settings = root.parent / "vsftpd.conf"
        settings.write_text(
            f"listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\nanonymous_enable=YES\n"
            "local_enable=NO\nwrite_enable=YES\nanon_upload_enable=YES\nanon_mkdir_write_enable=YES\n"
            f"anon_other_write_enable=YES\nanon_umask=022\nanon_root={root.parent}\nanon_world_readable_only=NO\n"
            f"secure_chroot_dir={empty}\nno_anon_password=YES\nseccomp_sandbox=NO\n"
            + self.more.format(folder=root.parent)
        )
        with running([server, str(settings)], port, root.parent / "log"):
            scheme = "ftps" if tls else "ftp"
            at = server_of(f"{scheme}://127.0.0.1:{port}/place", (scheme,))
            place = FtpFolder(at, "", "me@example.org", tls, spool)
            yield place
            place.close()


class TestVsftpd(OfVsftpd):
    """It has no MLSD."""


class TestVsftpdWithTls(OfVsftpd):
    """It takes data only as a part of the session of the commands."""

    more = (
        "ssl_enable=YES\nallow_anon_ssl=YES\nforce_anon_data_ssl=YES\nforce_anon_logins_ssl=YES\n"
        "require_ssl_reuse=YES\nrsa_cert_file={folder}/certificate.pem\nssl_ciphers=HIGH\n"
    )

    def tls(self, folder: Path) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=str(self_signed(folder / "certificate.pem").file))
