"""Receipts: a leaf, its path, and a signed checkpoint, as C2SP tlog-proof text. No I/O."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, NoReturn

import msgspec

from gateway.errors import CheckpointInvalidError, ReceiptInvalidError
from gateway.ledger.entries import Leaf
from gateway.ledger.notes import check_signature, read_checkpoint
from gateway.ledger.origins import read_origin
from gateway.ledger.tree import leaf_hash, root_from
from gateway.model.call import Receipt, SharedPart
from gateway.model.trust import Department
from keys.material import Purpose, VerifyingKey
from keys.suites import suite

HEADER = "c2sp.org/tlog-proof@v1"
# A leaf of a resource with as many fields as there can be is some 40 KB.
MAX_RECEIPT_CHARACTERS = 256 * 1024
# No tree that can be is higher.
MAX_PATH = 63

_leaf = msgspec.json.Decoder(Leaf)


class CheckedReceipt(NamedTuple):
    """What a receipt proves: that `department` entered `shared` in the ledger `origin`.

    Of that ledger `size` entries were signed for by the ledger key `key_id`.
    """

    leaf: Leaf
    origin: str
    department: str
    number: int
    size: int
    key_id: str

    @property
    def shared(self) -> SharedPart:
        """Return what both sides may see."""
        return self.leaf.shared


def receipt_text(receipt: Receipt) -> str:
    """Write a receipt as text (C2SP tlog-proof; the leaf stands behind `extra`)."""
    path = "".join(map(_line, receipt.path))
    extra = b64encode(receipt.leaf).decode()
    return f"{HEADER}\nextra {extra}\nindex {receipt.index}\n{path}\n{receipt.checkpoint}"


def read_receipt(text: str) -> Receipt:
    """Read what `receipt_text` writes, and nothing else; what it says is not checked.

    Raises: ReceiptInvalidError.
    """
    if len(text) > MAX_RECEIPT_CHARACTERS:
        _invalid("it is too long", "内容过长")
    proof, blank, checkpoint = text.partition("\n\n")
    header, *lines = proof.split("\n")
    if header != HEADER or not blank or len(lines) < 2:
        _invalid("it is no tlog-proof of version 1", "不是第 1 版 tlog-proof")
    extra, index, *path = lines
    if not extra.startswith("extra ") or not index.startswith("index "):
        _invalid("its leaf or its index is missing", "缺少条目或序号")
    receipt = Receipt(
        leaf=_decoded(extra.removeprefix("extra ")),
        index=_number(index.removeprefix("index ")),
        path=tuple(map(_decoded, path)),
        checkpoint=checkpoint,
    )
    if len(path) > MAX_PATH or receipt_text(receipt) != text:
        _invalid("it is not written as receipts are", "格式不规范")
    return receipt


def read_leaf(leaf: bytes) -> Leaf:
    """Read a leaf in its canonical form.

    Raises: ReceiptInvalidError.
    """
    try:
        found = _leaf.decode(leaf)
        again = msgspec.json.encode(found)
    # No UTF-8, numbers beyond 64 bits, lists in lists in lists.
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        _invalid("its leaf cannot be read", "条目无法解析")
    if again != leaf:
        _invalid("its leaf is not in canonical form", "条目不是规范形式")
    return found


def check_receipt(receipt: Receipt, departments: Mapping[str, Department]) -> CheckedReceipt:
    """Check that a department's ledger key signed for the entry, as the directory has it.

    Raises: ReceiptInvalidError.
    """
    leaf = read_leaf(receipt.leaf)
    try:
        signed = read_checkpoint(receipt.checkpoint)
        checkpoint = signed.checkpoint
        origin = read_origin(checkpoint.origin)
    except (CheckpointInvalidError, ValueError):
        _invalid("its checkpoint cannot be read", "检查点无法解析")
    try:
        root = root_from(leaf_hash(receipt.leaf), receipt.index, checkpoint.size, receipt.path)
    except ValueError:
        root = b""
    if root != checkpoint.root:
        _invalid("its path does not lead to the checkpoint", "路径与检查点不符")
    department = departments.get(origin.department)
    if department is None:
        _invalid("the directory does not know its department", "目录中没有该部门")
    try:
        key_id = check_signature(signed.note, checkpoint.origin, ledger_keys(department))
    except CheckpointInvalidError:
        _invalid("no ledger key of its department signed it", "签名与该部门日志密钥不符")
    return CheckedReceipt(
        leaf, checkpoint.origin, origin.department, receipt.index, checkpoint.size, key_id
    )


def ledger_keys(department: Department) -> list[VerifyingKey]:
    """Return a department's ledger keys that are not revoked."""
    return [
        suite(key.suite).verifying_key(key.raw, Purpose.LEDGER)
        for key in department.keys
        if key.purpose is Purpose.LEDGER and key.revoked_at is None
    ]


@lru_cache(maxsize=256)
def _line(hash_: bytes) -> str:
    # Kept: what stands far up in a tree stands in one receipt after another.
    return b64encode(hash_).decode() + "\n"


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        _invalid("a line of it is no base64", "含有无效的 base64 行")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        _invalid("its index is no number", "序号无效")
    return int(text)


def _invalid(reason: str, reason_zh: str) -> NoReturn:
    raise ReceiptInvalidError(reason=reason, reason_zh=reason_zh) from None
