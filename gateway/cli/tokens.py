"""A grant, as somebody names it who has its file or knows its id."""

import argparse
import os
from pathlib import Path

from gateway.cli.words import read_token
from gateway.grants.claims import Claims
from gateway.grants.token import parse_token, read_claims


def add_grant(options: argparse._ActionsContainer, *, required: bool = False) -> None:
    """Add the option that `grant_id` reads."""
    options.add_argument(
        "--grant",
        required=required,
        metavar="GRANT",
        help="its jti, or a file that holds it 授权编号，或授权文件",
    )


def grant_id(named: str) -> str:
    """Return the `jti` of a grant, named by that or by a file that is there.

    What the file says is not verified. Raises: WrongUseError where it cannot be
    read, TokenMalformedError, TokenClaimInvalidError.
    """
    # False for what is too long for a path too: a whole token may stand here by mistake.
    if not os.path.exists(named):
        return named
    return read_claims(parse_token(read_token(Path(named))).payload, Claims).jti
