"""Trees, checkpoints and receipts over the fixed entries, and receipts that must be refused."""

import base64
from collections.abc import Iterator, Sequence
from functools import cache

import msgspec

from docs.reference.envelope_vectors.sealing import OPENER, OUTSIDER, SENDER
from docs.reference.ledger_vectors.entries import (
    KEYS,
    LEAVES,
    NODE,
    NOW,
    ORIGIN,
    PSEUDONYMS,
    SHARD,
    as_leaf,
    entries,
    private_key,
    public_key,
    signed,
)
from docs.reference.ledger_vectors.model import (
    Consistency,
    Inclusion,
    Kept,
    LedgerFile,
    Refused,
    SignedTree,
    TileName,
    Tree,
    Witnessed,
)
from gateway.errors import ReceiptInvalidError
from gateway.ledger.cosignatures import cosign
from gateway.ledger.notes import (
    Checkpoint,
    SignedNote,
    checkpoint_text,
    merge,
    read_checkpoint,
    read_signatures,
)
from gateway.ledger.receipts import check_receipt, read_receipt, receipt_text
from gateway.ledger.tiles import entries_path, entry_bundle, tile_path
from gateway.ledger.tree import (
    Nodes,
    consistency_path,
    inclusion_path,
    leaf_hash,
    node_hash,
    root_of,
)
from gateway.ledger.witnesses import witness_name
from gateway.model.call import Receipt
from gateway.model.trust import Department, PublicKey

SIZES = (0, 1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 257, 1000)
_INCLUSION = ((0, 1), (0, 2), (1, 3), (2, 3), (6, 7), (3, 8), (255, 256), (256, 257), (999, 1000))
_CONSISTENCY = (
    (1, 1), (1, 2), (2, 3), (3, 7), (4, 8), (6, 8), (5, 5), (256, 257), (255, 1000), (256, 1000),
)  # fmt: skip
_TILES = (
    (0, 0, 256), (0, 0, 5), (0, 67, 256), (0, 1_234_067, 112), (1, 1000, 17), (2, 0, 1),
)  # fmt: skip
SECONDS = NOW // 1000
_COSIGNED_AT = SECONDS + 30


def _nodes(leaves: Sequence[bytes]) -> Nodes:
    @cache
    def node(level: int, number: int) -> bytes:
        if level == 0:
            return leaf_hash(leaves[number])
        return node_hash(node(level - 1, 2 * number), node(level - 1, 2 * number + 1))

    return node


_SYNTHETIC = _nodes([str(number).encode() for number in range(max(SIZES))])
_ENTERED = _nodes(LEAVES)


def _hex(path: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(one.hex() for one in path)


def _checkpoint(size: int) -> SignedTree:
    root = root_of(size, _ENTERED)
    return SignedTree(
        size=size,
        root=root.hex(),
        body=checkpoint_text(Checkpoint(ORIGIN, size, root)),
        note=signed(ORIGIN, size, root, "ledger"),
    )


def _cosigned(note: str) -> Witnessed:
    checkpoint = read_checkpoint(note)
    sign, key = private_key("witness").sign, public_key("witness")
    line = cosign(checkpoint, witness_name(OPENER), key, sign, _COSIGNED_AT)
    merged = merge(checkpoint.note, SignedNote(checkpoint.note.body, read_signatures(line)))
    return Witnessed(
        key="witness",
        time=_COSIGNED_AT,
        message=f"cosignature/v1\ntime {_COSIGNED_AT}\n{checkpoint.note.body}",
        line=line,
        note=merged.text,
    )


def _receipt(index: int, note: str) -> Receipt:
    size = read_checkpoint(note).checkpoint.size
    path = inclusion_path(index, size, _ENTERED)
    return Receipt(leaf=LEAVES[index], index=index, path=path, checkpoint=note)


def build() -> LedgerFile:
    """Make the file anew."""
    checkpoints = tuple(map(_checkpoint, (1, 3, len(LEAVES))))
    newest = checkpoints[-1]
    cosigned = _cosigned(newest.note)
    kept = [(one.name, index, newest) for index, one in enumerate(entries())]
    receipts = [
        *((name, index, tree.size, tree.note) for name, index, tree in kept),
        ("alone", 0, 1, checkpoints[0].note),
        ("of an older tree", 1, 3, checkpoints[1].note),
        ("cosigned", 1, newest.size, cosigned.note),
    ]
    return LedgerFile(
        department=SENDER,
        node=NODE,
        shard=SHARD,
        origin=ORIGIN,
        keys=KEYS,
        pseudonym_key=PSEUDONYMS,
        entries=entries(),
        trees=tuple(Tree(size=size, root=root_of(size, _SYNTHETIC).hex()) for size in SIZES),
        inclusion=tuple(
            Inclusion(index=at, size=size, path=_hex(inclusion_path(at, size, _SYNTHETIC)))
            for at, size in _INCLUSION
        ),
        consistency=tuple(
            Consistency(old=old, new=new, path=_hex(consistency_path(old, new, _SYNTHETIC)))
            for old, new in _CONSISTENCY
        ),
        tiles=tuple(
            TileName(
                level=level,
                number=number,
                width=width,
                path=tile_path(level, number, width),
                entries=entries_path(number, width) if level == 0 else None,
            )
            for level, number, width in _TILES
        ),
        bundle=entry_bundle(LEAVES).hex(),
        checkpoints=checkpoints,
        cosigned=cosigned,
        receipts=tuple(
            Kept(name=name, index=index, size=size, receipt=receipt_text(_receipt(index, note)))
            for name, index, size, note in receipts
        ),
        refused=tuple(_refused(newest.note)),
    )


def _refused(note: str) -> Iterator[Refused]:
    good = _receipt(1, note)
    text = receipt_text(good)
    body = checkpoint_text(read_checkpoint(note).checkpoint)
    for name, about, about_zh, bad in (
        ("leaf", "another leaf", "条目被替换", _changed(good, leaf=LEAVES[2])),
        ("index", "another place", "序号被改", _changed(good, index=2)),
        ("path-order", "two hashes of the path changed places", "路径次序颠倒",
         _changed(good, path=good.path[::-1])),
        ("path-short", "the path ends too early", "路径过短", _changed(good, path=good.path[:-1])),
        ("path-long", "the path goes on", "路径过长",
         _changed(good, path=(*good.path, good.path[-1]))),
        ("path-node", "a hash of 31 bytes", "散列值为 31 字节",
         _changed(good, path=(good.path[0][:-1], *good.path[1:]))),
        ("size", "the checkpoint says another size", "检查点条目数被改",
         _changed(good, checkpoint=note.replace("\n5\n", "\n6\n", 1))),
        ("signature", "one bit of the signature", "签名被改动一个比特",
         _changed(good, checkpoint=_flipped(note))),
        ("unsigned", "only a witness has signed", "只有见证方签名",
         _changed(good, checkpoint=f"{body}\n{_cosigned(note).line}")),
        ("another-key", "signed with the key of another department", "以其他部门的密钥签名",
         _changed(good, checkpoint=signed(ORIGIN, 5, _root(note), "witness"))),
        ("another-department", "of a department that the directory does not know",
         "目录中没有该部门",
         _changed(good, checkpoint=signed(ORIGIN.replace(SENDER, OUTSIDER), 5, _root(note),
                                          "ledger"))),
        ("origin", "an origin that is none of a shard", "来源不是分片",
         _changed(good, checkpoint=signed("example.org/log", 5, _root(note), "ledger"))),
        ("leaf-blank", "a leaf with a space, in a tree of its own", "条目含空格",
         _alone(LEAVES[1].replace(b'"shared":', b'"shared": '))),
        ("leaf-order", "members of a leaf in another order", "条目成员次序不同",
         _alone(_turned(LEAVES[0]))),
        ("leaf-unknown", "a leaf with an unknown member", "条目含未知成员",
         _alone(LEAVES[0][:-1] + b',"more":1}')),
        ("leaf-null", "a member that is null and not left out", "空成员未省略",
         _alone(LEAVES[0].replace(b'"provider":', b'"count":null,"provider":'))),
        ("leaf-escape", "a character escaped that need not be", "不必要的转义",
         _alone(LEAVES[0].replace(b'"start"', b'"\\u0073tart"'))),
        ("line-ends", "lines end in CR LF", "换行为 CRLF", text.replace("\n", "\r\n")),
        ("end", "the last newline is missing", "末尾缺少换行", text[:-1]),
        ("index-zero", "a zero before the index", "序号前有零",
         text.replace("\nindex 1\n", "\nindex 01\n")),
        ("header", "another version of tlog-proof", "版本不同",
         text.replace("tlog-proof@v1", "tlog-proof@v2")),
        ("base64", "base64 without its padding", "base64 缺少填充",
         text.replace("=\n", "\n", 1)),
    ):  # fmt: skip
        yield Refused(
            name=name,
            code=ReceiptInvalidError.code,
            about=about,
            about_zh=about_zh,
            receipt=bad,
        )


def _changed(good: Receipt, **changes: object) -> str:
    return receipt_text(msgspec.structs.replace(good, **changes))


def _alone(leaf: bytes) -> str:
    """Return the receipt of a leaf that is all of a tree, and signed for."""
    note = signed(ORIGIN, 1, leaf_hash(leaf), "ledger")
    return receipt_text(Receipt(leaf=leaf, index=0, checkpoint=note))


def _turned(leaf: bytes) -> bytes:
    members = msgspec.json.decode(leaf)
    return as_leaf(dict(reversed(members.items())))


def _root(note: str) -> bytes:
    return read_checkpoint(note).checkpoint.root


def _flipped(note: str) -> str:
    body, _, line = note.rpartition(" ")
    data = bytearray(base64.b64decode(line))
    data[20] ^= 1
    return f"{body} {base64.b64encode(data).decode()}\n"


def directory(file: LedgerFile) -> dict[str, Department]:
    """Return the directory that the file describes."""
    return {
        key.department: Department(
            id=key.department,
            name=key.department,
            suites=(1,),
            keys=(
                PublicKey(
                    key_id=key.key_id,
                    purpose=public_key(key.name).purpose,
                    suite=1,
                    public=key.public,
                    not_before=SECONDS - 86_400,
                    not_after=SECONDS + 86_400,
                ),
            ),
        )
        for key in file.keys
    }


def outcome(file: LedgerFile, receipt: str) -> str:
    """Return the code with which a receipt is refused, or `holds`."""
    try:
        check_receipt(read_receipt(receipt), directory(file))
    except ReceiptInvalidError as refusal:
        return refusal.code
    return "holds"


def faults(file: LedgerFile) -> Iterator[str]:
    """Say in what the file is not what it should be."""
    fresh = build()
    for name in LedgerFile.__struct_fields__:
        if getattr(file, name) != getattr(fresh, name):
            yield f"{name}: not what the code gives"
    for kept in file.receipts:
        if (found := outcome(file, kept.receipt)) != "holds":
            yield f"{kept.name}: {found}"
    for refused in file.refused:
        if (found := outcome(file, refused.receipt)) != refused.code:
            yield f"{refused.name}: {found}, not {refused.code}"
