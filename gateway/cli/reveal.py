"""`sealgate reveal`: turn tokens back, for a reason that is entered first."""

import argparse
import sys
from pathlib import Path

from gateway.cli.terminal import one_line, print_json
from gateway.cli.words import WrongUseError, add_command, open_node, read_input
from gateway.ledger.receipts import receipt_text
from gateway.revealing import MAX_REVEALED, MAX_TOKEN_CHARACTERS, RevealRequest

# As many of the longest tokens as a call takes, each on its line.
MAX_TOKENS_BYTES = MAX_REVEALED * (MAX_TOKEN_CHARACTERS + 2)
_STANDARD_INPUT = Path("-")


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `reveal`."""
    reveal = add_command(
        commands,
        "reveal",
        _reveal,
        "turn tokens that this node gave back to values 还原本节点给出的令牌",
        node=True,
    )
    reveal.add_argument("--resource", required=True, metavar="CODE", help="资源代码")
    reveal.add_argument("--field", required=True, metavar="ID", help="信息项标识")
    reveal.add_argument(
        "--requester", required=True, metavar="USCC", help="who was given them 使用部门代码"
    )
    reveal.add_argument("--purpose", required=True, metavar="ID", help="用途")
    reveal.add_argument(
        "--reason", required=True, metavar="TEXT", help="why, for the ledger 理由，记入日志"
    )
    reveal.add_argument("--key", metavar="KEY_ID", help="pseudonym key that made them 所用假名密钥")
    reveal.add_argument("--caller", default="cli", help="who asks, for the ledger 经手人")
    reveal.add_argument("--reference", help="own file number, for the ledger 内部文号")
    what = reveal.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--tokens", type=Path, metavar="FILE", help="one a line, - for standard input 令牌文件"
    )
    what.add_argument("token", nargs="*", default=[], metavar="TOKEN", help="令牌")


def _reveal(chosen: argparse.Namespace) -> int:
    tokens = chosen.token if chosen.tokens is None else _lines(chosen.tokens)
    request = RevealRequest(
        resource=chosen.resource,
        field=chosen.field,
        requester=chosen.requester,
        purpose=chosen.purpose,
        reason=chosen.reason,
        tokens=tokens,
        key=chosen.key,
        caller=chosen.caller,
        reference=chosen.reference,
    )
    with open_node(chosen) as node:
        revealed = node.reveal(request)
    if chosen.json:
        plain = {"resource": chosen.resource, "field": chosen.field}
        receipt = receipt_text(revealed.receipt)
        print_json({**plain, "values": list(revealed.values), "receipt": receipt})
        return 0
    for value in revealed.values:
        print(one_line(value))
    if not all(map(str.isprintable, revealed.values)):
        print(
            "blanks stand for characters that are not shown; --json has them "
            "不可显示的字符以空格代替，完整内容请用 --json",
            file=sys.stderr,
        )
    return 0


def _lines(path: Path) -> list[str]:
    if path == _STANDARD_INPUT:
        data = sys.stdin.buffer.read(MAX_TOKENS_BYTES + 1)
        if len(data) > MAX_TOKENS_BYTES:
            raise WrongUseError(f"more than {MAX_TOKENS_BYTES} bytes of tokens 令牌过多")
    else:
        data = read_input(path, MAX_TOKENS_BYTES)
    # A blank at the end belongs to the value that was encrypted in its format.
    return data.decode("utf-8-sig", "replace").rstrip("\r\n").splitlines()
