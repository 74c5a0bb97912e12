"""Options and words that several commands share."""

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from gateway.cli.terminal import print_json

if TYPE_CHECKING:
    from gateway.node import Node

# A grant is far smaller; a larger file is something else.
MAX_TOKEN_FILE = 64 * 1024
Run = Callable[[argparse.Namespace], int]


class WrongUseError(Exception):
    """The command was called in a way that cannot work; the text holds no value."""


def add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Run,
    help_text: str,
    *,
    node: bool = False,
) -> argparse.ArgumentParser:
    """Add a command; with `node`, the option that names a node's folder."""
    parser = commands.add_parser(name, help=help_text, description=help_text)
    parser.set_defaults(run=run)
    parser.add_argument("--json", action="store_true", help="answer as JSON 以 JSON 输出")
    if node:
        parser.add_argument(
            "--node", type=Path, required=True, metavar="DIR", help="folder of the node 节点目录"
        )
    return parser


def add_group(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, help_text: str
) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    """Add a command that has commands of its own."""
    parser = commands.add_parser(name, help=help_text, description=help_text)
    return parser.add_subparsers(dest="subcommand", metavar="COMMAND", required=True)


def read_input(path: Path, limit: int) -> bytes:
    """Read an input file whole.

    Raises: WrongUseError where there is none, or it is larger than any such file.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise WrongUseError(f"cannot read {path} 无法读取: {error.strerror}") from None
    if len(data) > limit:
        raise WrongUseError(f"{path} is larger than {limit} bytes 文件过大")
    return data


def read_binary(path: Path) -> BinaryIO:
    """Open an input file.

    Raises: WrongUseError where it cannot be read.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise WrongUseError(f"cannot read {path} 无法读取: {error.strerror}") from None


def read_token(path: Path) -> str:
    """Read a grant from its file."""
    return read_input(path, MAX_TOKEN_FILE).decode("utf-8-sig", "replace").strip()


def check_outputs(outputs: Sequence[Path | None], inputs: Sequence[Path | None] = ()) -> None:
    """Check that files can be written, before anything is done that cannot be undone.

    Raises: WrongUseError.
    """
    taken = {os.path.realpath(path) for path in inputs if path is not None}
    for path in filter(None, outputs):
        real = os.path.realpath(path)
        folder = os.path.dirname(real)
        if real in taken:
            raise WrongUseError(f"{path} is named twice 文件重复")
        if os.path.exists(real) and not os.path.isfile(real):
            raise WrongUseError(f"cannot write {path}: no ordinary file 不是普通文件")
        if not os.path.isdir(folder):
            raise WrongUseError(f"cannot write {path}: there is no folder 没有该文件夹")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise WrongUseError(f"cannot write {path}: no access to the folder 无权写入该文件夹")
        taken.add(real)


def report(chosen: argparse.Namespace, plain: dict[str, object], text: str) -> None:
    """Print what was done: with `--json` as one object, else as text."""
    if chosen.json:
        print_json(plain)
    else:
        print(text)


def open_node(chosen: argparse.Namespace, worker: int | None = None) -> "Node":
    """Open the node that `--node` names, as one worker of its sidecar or as none."""
    from gateway.node import Node

    return Node(chosen.node, worker=worker)
