"""Take a compact JWS apart, stricter than the libraries that verify it.

Libraries let through a wrong `typ`, a `kid` that is a path, repeated JSON keys,
base64 padding and headers that bring their own key. This parser stands before
them: it accepts one spelling of a token only, and never follows anything in it.
"""

import base64
import binascii
import json
import re
from typing import NamedTuple, NoReturn, TypeVar

import msgspec
from msgspec import Struct

from gateway.errors import TokenClaimInvalidError, TokenMalformedError

# A grant of 500 fields fits; a longer token is an attack on memory or logs.
MAX_TOKEN_BYTES = 8 * 1024
# A status list of a million grants is some 20 kB compressed (draft-ietf-oauth-status-list).
MAX_STATUS_TOKEN_BYTES = 2 * 1024 * 1024

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_KEY_ID = re.compile(r"[a-z2-7]{26}")
# How msgspec ends a message: the path of the claim, made of names that we declared.
_PATH = re.compile(r" - at `\$((?:\.[a-z_]+|\[[0-9.]+\])*)`\Z")
_MISSING = re.compile(r"Object missing required field `([a-z_]+)`")
_UNKNOWN = "Object contains unknown field "
T = TypeVar("T")


class TokenHeader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The header names a token may carry, and no others."""

    alg: str
    typ: str
    kid: str


class ParsedToken(NamedTuple):
    """A token taken apart; nothing in it is believed yet. `payload` is JSON."""

    header: TokenHeader
    payload: bytes

    def __repr__(self) -> str:
        return "ParsedToken(…)"


def malformed(reason: str, reason_zh: str) -> TokenMalformedError:
    """Make the error for text that is no token."""
    return TokenMalformedError(reason=reason, reason_zh=reason_zh)


def check_length(token: str, limit: int = MAX_TOKEN_BYTES) -> None:
    """Check that a token is not over its limit, before anything else is done with it.

    Raises: TokenMalformedError.
    """
    if len(token) > limit:
        raise malformed(f"longer than {limit} bytes", f"超过 {limit} 字节")


def parse_token(token: str, *, limit: int = MAX_TOKEN_BYTES) -> ParsedToken:
    """Take a compact JWS apart.

    Raises: TokenMalformedError.
    """
    check_length(token, limit)
    segments = token.split(".")
    if len(segments) != 3:
        raise malformed("expected three segments", "应为三段")
    header_bytes, payload, _signature = map(decode_segment, segments)
    refuse_doubtful_json(header_bytes)
    refuse_doubtful_json(payload)
    try:
        header = msgspec.json.decode(header_bytes, type=TokenHeader)
    except msgspec.MsgspecError:
        raise malformed(
            "the header may name alg, typ and kid, and must", "头部须且只能包含 alg、typ、kid"
        ) from None
    if not _KEY_ID.fullmatch(header.kid):
        raise malformed("kid is no key id", "kid 不是密钥编号")
    return ParsedToken(header, payload)


def decode_segment(segment: str) -> bytes:
    """Decode base64url without padding, in its one spelling (RFC 7515, section 2)."""
    if not _SEGMENT.fullmatch(segment):
        raise malformed("a segment is no base64url", "某段不是 base64url")
    try:
        data = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error:
        raise malformed("a segment is no base64url", "某段不是 base64url") from None
    if encode_segment(data) != segment:
        raise malformed("a segment is spelled in another way", "某段的编码形式不唯一")
    return data


def encode_segment(data: bytes) -> str:
    """Encode base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def refuse_doubtful_json(data: bytes) -> None:
    """Refuse JSON that two readers may read differently: repeated keys, floats, NaN."""
    try:
        json.loads(
            data.decode(),
            object_pairs_hook=_unique,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except _DoubtfulError as doubt:
        raise malformed(*doubt.texts) from None
    except (ValueError, RecursionError):
        raise malformed("a part is no JSON", "某部分不是 JSON") from None


class _DoubtfulError(Exception):
    def __init__(self, *texts: str) -> None:
        self.texts = texts
        super().__init__()


def _unique(pairs: list[tuple[str, object]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise _DoubtfulError("a JSON key stands twice", "JSON 键重复")


def _no_number(_: str) -> NoReturn:
    raise _DoubtfulError("a number is no whole number", "含有非整数的数字")


def read_claims(payload: bytes, shape: type[T]) -> T:
    """Decode claims to their type.

    Raises: TokenClaimInvalidError naming the claim, never its value.
    """
    try:
        return msgspec.json.decode(payload, type=shape)
    except msgspec.ValidationError as error:
        raise _wrong_claim(str(error)) from None
    except (msgspec.MsgspecError, RecursionError):
        raise malformed("a part is no JSON", "某部分不是 JSON") from None


def _wrong_claim(text: str) -> TokenClaimInvalidError:
    """Name the claim that the library's `text` is about, and nothing else it quotes."""
    if text.startswith(_UNKNOWN):
        # It quotes the key, which may be spelled to look like a path.
        return claim_invalid("(unknown)", "such a token has no such claim", "此类令牌没有该项")
    path = _PATH.search(text)
    name = re.sub(r"\[[0-9.]+\]", "", path[1]).lstrip(".") if path else ""
    missing = _MISSING.match(text)
    if missing:
        return claim_invalid(f"{name}.{missing[1]}".lstrip("."), "it is missing", "缺失")
    return claim_invalid(name or "(top)", "it is of the wrong form", "形式不对")


def claim_invalid(claim: str, reason: str, reason_zh: str) -> TokenClaimInvalidError:
    """Make the error for one claim."""
    return TokenClaimInvalidError(claim=claim, reason=reason, reason_zh=reason_zh)
