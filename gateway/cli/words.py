"""Options and words that several commands share."""

import argparse
from collections.abc import Callable
from pathlib import Path

from gateway.node import Node

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
    parser.add_argument(
        "--json", action="store_true", help="answer as one JSON object 以 JSON 输出"
    )
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


def read_token(path: Path) -> str:
    """Read a grant from its file."""
    return read_input(path, 64 * 1024).decode("utf-8", "replace").strip()


def open_node(chosen: argparse.Namespace) -> Node:
    """Open the node that `--node` names."""
    return Node(chosen.node)
