"""Draws docs/terminal.svg: commands and their output, with the model that `make train` published.

``python -m benchmarks.terminal``
"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
RECSYS = Path(sys.executable).with_name("recsys")
COLUMNS = 92
COMMANDS = (
    "recsys recommend u0042 -k 4",
    "recsys similar alien-1979 -k 4",
    "recsys search 'a lonely robot in space' -k 3",
    "recsys chat 'I loved Alien but not horror' -k 3",
)


def main() -> None:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), legacy_windows=False)
    for command in COMMANDS:
        console.print(Text(f"$ {command}", style="bold green"))
        console.print(Text(answer(command)))
    drawing = console.export_svg(title="recsys", clear=False)
    drawing = re.sub(r"@font-face \{.*?\}", "", drawing, flags=re.DOTALL)  # fonts from another host
    drawing = drawing.replace("Fira Code", "ui-monospace, DejaVu Sans Mono")
    (ROOT / "docs" / "terminal.svg").write_text(drawing, encoding="utf-8")


def answer(command: str) -> str:
    """Return the output of a command on a terminal of COLUMNS columns."""
    environment = {**os.environ, "COLUMNS": str(COLUMNS)}
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        [RECSYS, *shlex.split(command)[1:]], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    main()
