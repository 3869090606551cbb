"""The `recsys` command, run inside the process of the tests, which have its libraries loaded already."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from threadpoolctl import threadpool_limits

from recsys.cli.main import main


def run_command(*arguments: object, cwd: Path, expect: int = 0) -> subprocess.CompletedProcess[str]:
    """Run ``recsys ARGUMENTS`` in a folder and return its exit code and output, as a process of its own would give them."""
    words = ["recsys", *map(str, arguments)]
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        contextlib.chdir(cwd),
        mock.patch.object(sys, "argv", words),
        mock.patch.dict(os.environ),
        threadpool_limits(1),  # as the environment tells a process of its own
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    assert code == expect, out.getvalue() + err.getvalue()
    return subprocess.CompletedProcess(words, expect, out.getvalue(), err.getvalue())
