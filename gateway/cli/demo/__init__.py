"""`sealgate demo`: a family applies for assistance, and three departments exchange."""

import argparse
import tempfile
from pathlib import Path

from gateway.cli.demo.story import Story
from gateway.cli.terminal import chosen_language
from gateway.cli.words import WrongUseError, add_command

# They go into one envelope.
MAX_ROWS = 20_000


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `demo`."""
    demo = add_command(commands, "demo", _demo, "show a family's case, exchange by exchange 演示")
    demo.add_argument("--dir", type=Path, metavar="DIR", help="keep everything here 保留目录")
    demo.add_argument("--rows", type=int, default=100, metavar="N", help="行数")
    demo.add_argument("--lang", choices=("zh", "en"), help="语言")


def _demo(chosen: argparse.Namespace) -> int:
    if not 1 <= chosen.rows <= MAX_ROWS:
        raise WrongUseError(f"--rows goes from 1 to {MAX_ROWS}")
    language = chosen_language(chosen.lang)
    if chosen.dir is not None:
        chosen.dir.mkdir(parents=True, exist_ok=True)
        return Story(chosen.dir, chosen.rows, language).tell()
    with tempfile.TemporaryDirectory(prefix="sealgate-demo-") as folder:
        return Story(Path(folder), chosen.rows, language).tell()
