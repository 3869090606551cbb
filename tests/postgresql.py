"""A private PostgreSQL server for tests: its own data in a temporary folder, a socket there and no port."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
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

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@/{database}?host={quote(str(self.folder))}"

    def new_database(self, encoding: str = "UTF8") -> str:
        """The URL of a database that is empty."""
        name = f"test{next(self.numbers)}"
        self.sql(f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        return self.url(name)

    def sql(self, statement: str, database: str = USER) -> str:
        """What psql prints for a statement."""
        shown = ["-h", str(self.folder), "-d", database, "-qAtc", statement]
        return self._run([str(self.programs / "psql"), *shown])

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=on -c max_connections=50"
        self._control("start", "-o", options, "-l", str(self.folder / "log"))

    def stop(self, mode: str = "fast") -> None:
        """End it: `fast` closes the connections, `immediate` is as good as a crash."""
        self._control("stop", "-m", mode)

    def _control(self, action: str, *options: str) -> None:
        self._run([str(self.programs / "pg_ctl"), action, "-w", "-s", "-D", str(self.folder / "data"), *options])

    def _run(self, command: list[str]) -> str:
        log = self.folder / "commands"  # a server that is started keeps its standard output: a pipe would never end
        with log.open("w+b") as output:
            done = subprocess.run(
                [*self.as_user, *command], stdout=output, stderr=output, check=False, timeout=PATIENCE, cwd="/"
            )
        said = log.read_text(errors="replace")
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
            as_user = ("runuser", "-u", USER, "--")
            owner = _owner()
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
