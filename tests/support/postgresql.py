"""A private PostgreSQL server for tests: its own data in a temporary folder, a socket there and no port."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import quote

INSTALLED = Path("/usr/lib/postgresql")
USER = "postgres"
PATIENCE = 60


class NotInstalledError(Exception):
    """There is no PostgreSQL server here, or it cannot be started."""


@dataclass
class Server:
    """A running server.

    Parameters
    ----------
    programs : Path
        Folder of initdb, pg_ctl and postgres.
    folder : Path
        Holds the data, the socket and the log.
    as_user : tuple
        What makes a command run as another user, where the caller is root.
    """

    programs: Path
    folder: Path
    as_user: tuple[str, ...]
    numbers: Iterator[int] = field(default_factory=count)
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@/{database}?host={quote(str(self.folder))}"

    def new_database(self, encoding: str = "UTF8") -> str:
        """The URL of a database that is empty."""
        name = f"test{next(self.numbers)}"
        self.sql(f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        return self.url(name)

    def new_schema(self) -> str:
        """Return the URL of an empty schema, which is made and removed faster than a database."""
        name = f"test{next(self.numbers)}"
        self.sql(f"CREATE SCHEMA {name}")
        return f"{self.url(USER)}&options={quote(f'-csearch_path={name}')}"

    def sql(self, statement: str, database: str = USER) -> str:
        """What psql prints for a statement."""
        shown = ["-h", str(self.folder), "-d", database, "-qAtc", statement]
        return self._run([str(self.programs / "psql"), *shown])

    def start(self) -> None:
        """As a child that ends with the thread that starts it, however that ends."""
        where = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}"]
        # A crash of the server leaves the kernel's pages as they are, so nothing here depends on fsync. With it, recovery
        # syncs every file of every database first, which takes half a minute on a busy disk.
        options = [*where, "-c", "fsync=off", "-c", "max_connections=50"]
        command = [str(self.programs / "postgres"), "-D", str(self.folder / "data"), *options]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.as_user, "setpriv", "--pdeathsig", "INT", *command], stdout=log, stderr=log, cwd="/"
            )
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < until:
            try:
                self.sql("SELECT 1")
            except NotInstalledError:
                time.sleep(0.02)
            else:
                return
        raise NotInstalledError((self.folder / "log").read_text(errors="replace"))

    def stop(self, mode: str = "fast") -> None:
        """End it: `fast` closes the connections, `immediate` is as good as a crash."""
        self._run([str(self.programs / "pg_ctl"), "stop", "-m", mode, "-w", "-s", "-D", str(self.folder / "data")])
        if self.process is not None:
            self.process.wait(PATIENCE)

    def _run(self, command: list[str]) -> str:
        full = [*self.as_user, *command]
        done = subprocess.run(full, capture_output=True, text=True, check=False, timeout=PATIENCE, cwd="/")
        said = done.stdout + done.stderr
        if done.returncode:
            raise NotInstalledError(f"{Path(command[0]).name}: {said.strip()}")
        return said


@contextmanager
def server() -> Iterator[Server]:
    """A server for the time of the block; raises NotInstalledError."""
    programs = _programs()
    as_user: tuple[str, ...] = ()
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: the name of a socket has at most 107 bytes
    try:
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            owner = _owner()
            as_user = ("setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        here = Server(programs, folder, as_user)
        made = ["-D", str(folder / "data"), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        here._run([str(programs / "initdb"), *made])
        here.start()
        try:
            yield here
        finally:
            here.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = [path.parent for path in INSTALLED.glob("*/bin/initdb")]
    if not found:
        raise NotInstalledError("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return max(found, key=lambda path: [int(number) for number in re.findall(r"\d+", path.parent.name)])


def _owner() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(USER)
    except KeyError as error:
        raise NotInstalledError(f"there is no user {USER!r}, and PostgreSQL does not run as root") from error
