"""What README shows is what happens: every block is run, in one shell, from top to bottom."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CUT = "[…]"
SECONDS = 120

# One process runs all of it once.
pytestmark = pytest.mark.xdist_group("readme")

# What differs from run to run, and what stands for it here.
VOLATILE = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
    (r"\b[0-9a-f]{16,64}\b", "<hex>"),
    (r"\b[a-z2-7]{26}\b", "<key id>"),
    (r"(?<=grant )[A-Za-z0-9_-]{22}(?= until)", "<jti>"),
)


class Block(NamedTuple):
    """A fenced block: its language, text, and the line it begins on."""

    language: str
    text: str
    line: int


class Step(NamedTuple):
    """A command with the output that README shows for it."""

    command: str
    shown: list[str]
    line: int


def blocks() -> list[Block]:
    """Return the fenced blocks of README."""
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", README, re.M | re.S)
    return [Block(each[1], each[2], README[: each.start()].count("\n") + 2) for each in found]


def console_steps(block: Block) -> list[Step]:
    """Cut a console block into commands (`$`, continued by `>`) and their output."""
    steps: list[Step] = []
    for line, text in enumerate(block.text.splitlines(), block.line):
        if text.startswith("$ "):
            steps.append(Step(text[2:], [], line))
        elif text.startswith("> ") and not steps[-1].shown:
            steps[-1] = steps[-1]._replace(command=f"{steps[-1].command}\n{text[2:]}")
        else:
            steps[-1].shown.append(text)
    return steps


def all_steps() -> list[Step]:
    """Return every command of README in order; a Python block is one, its output the next block."""
    steps: list[Step] = []
    for block in blocks():
        if block.language == "console":
            steps += console_steps(block)
        elif block.language == "python":
            steps.append(Step(f"python - <<'PYTHON'\n{block.text}PYTHON", [], block.line))
        elif block.language == "text":
            steps[-1].shown.extend(block.text.splitlines())
    return steps


STEPS = all_steps()


# Prints a mark before the output of a step, and leaves `$?` as it was.
MARK = 'mark() { local status=$?; echo "--- $1"; return $status; }'


def script(steps: list[Step]) -> str:
    """Write a shell script that runs the steps."""
    marked = (f"mark {number}\n{step.command}" for number, step in enumerate(steps))
    return "\n".join((MARK, *marked))


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


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Run all steps in an empty directory; return the lines that each printed."""
    place = tmp_path_factory.mktemp("readme")
    work = place / "work"
    work.mkdir()
    done = subprocess.run(
        ["bash", "-c", script(STEPS)],
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


def settled(line: str) -> str:
    """Put one name in place of what differs from run to run."""
    for pattern, name in VOLATILE:
        line = re.sub(pattern, name, line)
    return line.rstrip()


def pattern_of(shown: list[str]) -> str:
    """Return the pattern that output must match to be what README shows."""
    lines = []
    for line in map(settled, shown):
        if line == CUT:
            lines.append(r"(?:.*\n)+?")
        else:
            lines.append(".*".join(map(re.escape, line.split(CUT))) + "\n")
    return "".join(lines)


@pytest.mark.parametrize("number", range(len(STEPS)), ids=lambda n: f"line-{STEPS[n].line}")
def test_a_command_prints_what_readme_shows(number: int, outputs: list[list[str]]) -> None:
    """Line for line, but for what differs from run to run and what is marked as cut."""
    printed = "".join(f"{settled(line)}\n" for line in outputs[number])
    assert re.fullmatch(pattern_of(STEPS[number].shown), printed), printed


def shell_lines() -> list[str]:
    """Return the commands of the `sh` blocks, without their remarks."""
    text = "".join(block.text for block in blocks() if block.language == "sh")
    return [line.partition("  #")[0].strip() for line in text.splitlines()]


def test_every_block_is_run_here() -> None:
    """A block in another language would only be looked at."""
    assert {block.language for block in blocks()} == {"console", "python", "sh", "text"}
    assert {line.split()[0] for line in shell_lines()} == {"make", "pip"}


def test_make_targets_are_what_readme_says() -> None:
    """Not run here, since one of them runs this; `make demo` runs what is shown."""
    targets = [line.split()[1] for line in shell_lines() if line.startswith("make ")]
    recipes = {
        target: subprocess.run(
            ["make", "--no-print-directory", "-n", target],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for target in targets
    }
    assert set(recipes) == {"demo", "test"}
    assert re.search(r"\bsealgate demo$", recipes["demo"].strip())
    assert "pytest" in recipes["test"]


def test_pip_installs_what_readme_says(tmp_path: Path) -> None:
    """From a checkout; offline here, so without what it requires."""
    (command,) = (line for line in shell_lines() if line.startswith("pip "))
    target = tmp_path / "target"
    subprocess.run(
        ["sh", "-c", command],
        cwd=ROOT,
        env={
            **environment(tmp_path),
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "false",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_TARGET": str(target),
        },
        check=True,
        capture_output=True,
        timeout=SECONDS,
    )
    assert (target / "bin" / "sealgate").exists()
    assert {"gateway", "masking", "keys"} <= {path.name for path in target.iterdir()}
