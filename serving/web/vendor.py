"""Fetches the libraries of the page anew: ``python -m serving.web.vendor``.

Each library is one file of a pinned npm package, copied as it is, with its license beside it. Needs `npm`; whoever installs or
runs the service does not.
"""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

from serving.web.assets import FOLDER


class Library(NamedTuple):
    """A file of an npm package, and its name here."""

    package: str
    version: str
    file: str
    name: str


LIBRARIES = (
    Library("htm", "3.1.1", "preact/standalone.module.js", "preact.js"),  # Preact 10 and its hooks are within
    Library("kdbush", "4.1.0", "index.js", "kdbush.js"),
    Library("uplot", "1.6.32", "dist/uPlot.esm.js", "uplot.js"),
    Library("uplot", "1.6.32", "dist/uPlot.min.css", "uplot.css"),
)
PREACT = Library("preact", "10.11.3", "LICENSE", "preact.LICENSE.txt")  # the part of htm that has another author


def fetch(folder: Path = FOLDER / "vendor") -> None:
    """Write all libraries and their licenses to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for library in (*LIBRARIES, PREACT):
        with tempfile.TemporaryDirectory() as temporary:
            _copy(library, Path(temporary), folder)


def _copy(library: Library, temporary: Path, folder: Path) -> None:
    package = f"{library.package}@{library.version}"
    subprocess.run(["npm", "pack", "--silent", package], cwd=temporary, check=True)  # noqa: S603, S607
    with tarfile.open(next(temporary.glob("*.tgz"))) as archive:
        archive.extractall(temporary, filter="data")
    content = temporary / "package"
    (folder / library.name).write_bytes((content / library.file).read_bytes())
    (folder / f"{library.package}.LICENSE.txt").write_bytes((content / "LICENSE").read_bytes())


if __name__ == "__main__":
    fetch()
