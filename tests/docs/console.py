"""A page's blocks, run in one shell from top to bottom, and what they print held against it.

- `console`: commands after `$`, continued after `>`, with the output below each.
- `python`: run; a `text` block after it is its output.
- Any other language, or Python, below a line that ends in `` `name.suffix`: `` is
  that file, and is written.
- Below `<!-- not run: why -->` a block is only shown. Tests list what a page has of these.

In shown output `[…]` stands for what is cut: in a line of its own for one line or
more, inside a line for any text. Times, digests and ids differ from run to run and
are compared by their form alone.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
CUT = "[…]"
# One page takes seconds on an idle machine; stops a command that waits for somebody.
SECONDS = 300

# What differs from run to run, and what stands for it here.
VOLATILE = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
    (r"\b[0-9a-f]{16,128}\b", "<hex>"),
    (r"\b[a-z2-7]{26}\b", "<key id>"),
    (r"(?<=grant )[\w-]{22}(?= until)|[\w-]{22}(?= is (?:not )?(?:blocked|revoked))", "<jti>"),
    (r'(?<=")[\w-]{22}(?=")|(?<=^- )[\w-]{22}$', "<jti>"),
    (r'("(?:time|iat|nbf|exp|at)": ?)\d+', r"\1<time>"),
)

_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
_FILE = re.compile(r"`([\w./-]+\.\w+)`[:：]$")
_NOT_RUN = re.compile(r"<!-- not run: (.+) -->$")

# Prints a mark before the output of a step, and leaves `$?` as it was.
_MARK = 'mark() { local status=$?; echo "--- $1"; return $status; }'


class Block(NamedTuple):
    """A fenced block: language, text, the line it begins on, the line of text above it."""

    language: str
    text: str
    line: int
    above: str

    @property
    def reason(self) -> str | None:
        """Why it is not run, if it says so."""
        found = _NOT_RUN.search(self.above)
        return found[1] if found else None

    @property
    def file(self) -> str | None:
        """Which file it is, if it is one."""
        found = _FILE.search(self.above)
        return found[1] if found and self.language != "console" else None


class Step(NamedTuple):
    """A command with the output that the page shows for it."""

    command: str
    shown: list[str]
    line: int


class Page:
    """A Markdown page with its blocks, and the commands in them."""

    def __init__(self, path: Path) -> None:
        """Read the page; nothing is run yet.

        Raises: ValueError where a block names no language, is indented or not closed.
        """
        self.name = (path.relative_to(ROOT) if path.is_relative_to(ROOT) else path).as_posix()
        self.text = path.read_text("utf-8")
        self.blocks = list(_blocks(self.text))
        if self.text.count("```") != 2 * len(self.blocks):
            raise ValueError(f"{self.name} has a block that would not be run")
        self.steps: list[Step] = []
        self.shown_only: list[Block] = []
        for block in self.blocks:
            self._take(block)

    def _take(self, block: Block) -> None:
        if block.reason is not None:
            self.shown_only.append(block)
        elif block.language == "console":
            self.steps += _console_steps(block)
        elif block.file is not None:
            self.steps.append(Step(_writing(block.file, block.text), [], block.line))
        elif block.language == "python":
            self.steps.append(Step(f"python - <<'PYTHON'\n{block.text}PYTHON", [], block.line))
        elif block.language == "text":
            self.steps[-1].shown.extend(block.text.splitlines())
        else:
            self.shown_only.append(block)

    def run(self, place: Path, founded: Mapping[str, Path] | None = None) -> list[list[str]]:
        """Run all steps in an empty folder below `place`; return the lines each printed.

        `founded` gives, by command, a folder that the command leaves when nothing
        was there before: its contents are copied instead.
        """
        work = place / "work"
        work.mkdir(exist_ok=True)
        done = subprocess.run(
            ["bash", "-c", _script(self.steps, founded or {})],
            cwd=work,
            env=environment(place),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=SECONDS,
        )
        pieces = re.split(r"^--- \d+\n", done.stdout, flags=re.M)
        return [piece.splitlines() for piece in pieces[1:]]


def _blocks(text: str) -> Iterator[Block]:
    for each in _FENCED.finditer(text):
        above = [line for line in text[: each.start()].splitlines() if line.strip()]
        # A line of Chinese may stand between.
        while above and above[-1].startswith(">"):
            above.pop()
        line = text[: each.start()].count("\n") + 2
        yield Block(each[1], each[2], line, above[-1] if above else "")


def _console_steps(block: Block) -> list[Step]:
    steps: list[Step] = []
    for line, text in enumerate(block.text.splitlines(), block.line):
        if text.startswith("$ "):
            steps.append(Step(text[2:], [], line))
        elif f"{text} ".startswith("> ") and not steps[-1].shown:
            steps[-1] = steps[-1]._replace(command=f"{steps[-1].command}\n{text[2:]}")
        else:
            steps[-1].shown.append(text)
    return steps


def _writing(name: str, text: str) -> str:
    folder = shlex.quote(str(Path(name).parent))
    return f"mkdir -p {folder}\ncat > {shlex.quote(name)} <<'END OF FILE'\n{text}END OF FILE"


def _script(steps: Iterable[Step], founded: Mapping[str, Path]) -> str:
    lines = [_MARK]
    for number, step in enumerate(steps):
        lines.append(f"mark {number}")
        given = founded.get(step.command)
        lines.append(step.command if given is None else f"cp -a {shlex.quote(str(given))}/. .")
    return "\n".join(lines)


def environment(place: Path) -> dict[str, str]:
    """Return an environment in which `sealgate`, `python` and `pip` are those under test."""
    tools = place / "bin"
    tools.mkdir()
    python = shlex.quote(sys.executable)
    for name, call in (
        ("sealgate", f"{python} -m gateway.cli.main"),
        ("python", python),
        ("pip", f"{python} -m pip"),
    ):
        (tools / name).write_text(f'#!/bin/sh\nexec {call} "$@"\n')
        (tools / name).chmod(0o755)
    return {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(place),
        "LC_ALL": "C.UTF-8",
    }


def settled(line: str) -> str:
    """Put one name in place of what differs from run to run."""
    for pattern, name in VOLATILE:
        line = re.sub(pattern, name, line)
    return line.rstrip()


def pattern_of(shown: Iterable[str]) -> str:
    """Return the pattern that output must match to be what a page shows."""
    lines = []
    for line in map(settled, shown):
        if line == CUT:
            lines.append(r"(?:.*\n)+?")
        else:
            lines.append(".*".join(map(re.escape, line.split(CUT))) + "\n")
    return "".join(lines)


def check(step: Step, printed: Iterable[str]) -> None:
    """Hold what a step printed against what the page shows."""
    lines = "".join(f"{settled(line)}\n" for line in printed)
    assert re.fullmatch(pattern_of(step.shown), lines), lines
