"""Receipts as files: written by whatever seals and opens, read and verified by who checks them."""

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from gateway.cli.directories import Directory
from gateway.cli.words import read_binary, read_input
from gateway.envelope.opening import MAX_ENVELOPE_BYTES, parse_envelope
from gateway.envelope.sealing import envelope_digest
from gateway.errors import ReceiptInvalidError
from gateway.ledger.notes import read_checkpoint
from gateway.ledger.receipts import (
    MAX_RECEIPT_CHARACTERS,
    CheckedReceipt,
    check_receipt,
    read_receipt,
)
from gateway.model.call import SharedPart
from gateway.stores.envelopes import is_stream, read_parts
from gateway.stores.files import whole_file
from keys.suites import fingerprint, suite

# Nobody made a call after the year 9999, and no calendar here knows what came then.
MAX_TIME_MS = 253_402_300_800_000


class Proof(NamedTuple):
    """A receipt that was verified: its text, what it proves, and the root that was signed."""

    text: str
    checked: CheckedReceipt
    root: bytes

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the receipt's text, in hex: that of its file."""
        return fingerprint(self.text.encode()).hex()


def add_receipt(parser: argparse.ArgumentParser) -> None:
    """Add the option of whatever seals or opens that keeps the receipt."""
    parser.add_argument(
        "--receipt", type=Path, metavar="FILE", help="write the receipt of the call 另存凭证"
    )


def receipt_writer(chosen: argparse.Namespace, stack: ExitStack) -> Callable[[str], object]:
    """Return what writes the text of a receipt to the file that the options name, if any.

    The file is opened now, before anything is done, and appears when `stack` ends well.
    """
    if chosen.receipt is None:
        return len
    file = stack.enter_context(whole_file(chosen.receipt))
    return lambda text: file.write(text.encode())


def read_proof(path: Path, directory: Directory) -> Proof:
    """Read a receipt, and verify it by the keys of a directory.

    Raises: WrongUseError, ReceiptInvalidError.
    """
    try:
        # Base64 and names: what is no ASCII in it are the dashes of its signatures.
        text = read_input(path, 4 * MAX_RECEIPT_CHARACTERS).decode()
    except UnicodeDecodeError:
        raise ReceiptInvalidError(reason="it is no text", reason_zh="不是文本") from None
    receipt = read_receipt(text)
    checked = check_receipt(receipt, directory.departments)
    if not 0 <= checked.shared.time < MAX_TIME_MS:
        raise ReceiptInvalidError(reason="its time cannot be", reason_zh="时间无效")
    return Proof(text, checked, read_checkpoint(receipt.checkpoint).checkpoint.root)


def check_envelope(path: Path, shared: SharedPart) -> None:
    """Check that an entry is of the envelope in a file, or of one of the stream's.

    Raises: WrongUseError, ReceiptInvalidError, EnvelopeError.
    """
    with read_binary(path) as file:
        parts = read_parts(file) if is_stream(file) else [file.read(MAX_ENVELOPE_BYTES + 1)]
        for parsed in map(parse_envelope, parts):
            if parsed.header.envelope_id.hex() != shared.envelope:
                continue
            digest = envelope_digest(
                suite(parsed.header.suite), parsed.header_bytes, parsed.wrapped_key, parsed.payload
            )
            if digest.hex() != shared.digest:
                raise ReceiptInvalidError(
                    reason="the envelope has another digest", reason_zh="信封摘要不符"
                )
            return
    raise ReceiptInvalidError(reason="it is not of that envelope", reason_zh="不属于该信封")
