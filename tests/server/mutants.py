"""Messages with every field set, and what becomes of them under a hostile hand."""

import random
from collections.abc import Callable, Iterable

from google.protobuf.message import Message

from gateway.client.arrow import to_arrow
from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import PROVIDER, REQUESTER, RESOURCE

Mutation = Callable[[random.Random, bytes], bytes]


def good_messages(
    subject: v1.SealSubject, records: bytes, envelope: bytes, shard: str, checkpoint: str
) -> dict[str, list[Message]]:
    """Return messages of each method that would do, every field set; streams with several.

    `shard` is one of the ledger's, which has entries, and `checkpoint` is of it.
    """
    import polars

    full = v1.SealSubject()
    full.CopyFrom(subject)
    full.mode, full.suite, full.reference = v1.SHARING_MODE_INTERFACE, 1, "青救〔2026〕1号"
    by_column = v1.SealSubject()
    by_column.CopyFrom(full)
    by_column.encoding = v1.RECORD_ENCODING_ARROW
    table = to_arrow(polars.DataFrame({"name": ["张三丰"] * 3, "household_size": [1, 2, 3]}))
    asked = "0190f5d0-0000-7000-8000-000000000001"
    return {
        "Seal": [
            v1.SealRequest(subject=full, records=records, request_id=asked),
            v1.SealRequest(subject=by_column, records=table),
        ],
        "SealStream": [
            v1.SealStreamRequest(subject=full),
            v1.SealStreamRequest(records=records),
            v1.SealStreamRequest(subject=by_column),
        ],
        "Open": [_opening(v1.OpenRequest, envelope)],
        "OpenStream": [_opening(v1.OpenStreamRequest, envelope)],
        "Explain": [v1.ExplainRequest(resource=RESOURCE, grant=subject.grant)],
        "ListResources": [
            v1.ListResourcesRequest(department=PROVIDER, page_size=3, page_token=RESOURCE)
        ],
        "DescribeResource": [v1.DescribeResourceRequest(resource=RESOURCE)],
        "GetStatus": [v1.GetStatusRequest()],
        "ListShards": [v1.ListShardsRequest(page_size=2, page_token=shard)],
        "ListEntries": [v1.ListEntriesRequest(worker=0, page_size=2, page_token="1", shard=shard)],
        "GetEntry": [v1.GetEntryRequest(shard=shard, number=1)],
        "GetReceipt": [v1.GetReceiptRequest(shard=shard, number=1)],
        "GetCheckpoint": [v1.GetCheckpointRequest(shard=shard, cosigned=True)],
        "GetConsistencyProof": [v1.GetConsistencyProofRequest(shard=shard, old_size=1, new_size=2)],
        "AddCosignature": [v1.AddCosignatureRequest(checkpoint=checkpoint.encode())],
        "SetBlock": [
            v1.SetBlockRequest(requester=REQUESTER, blocked=False),
            v1.SetBlockRequest(grant=asked, blocked=False),
        ],
    }


def _opening(shape: Callable[..., Message], envelope: bytes) -> Message:
    return shape(envelope=envelope, reopen=True, reference="1号", encoding=v1.RECORD_ENCODING_ARROW)


def _flip(dice: random.Random, data: bytes) -> bytes:
    changed = bytearray(data or b"\0")
    for _ in range(dice.randrange(1, 8)):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _cut(dice: random.Random, data: bytes) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def _splice(dice: random.Random, data: bytes) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.randbytes(dice.randrange(1, 64)) + data[at:]


def _repeat(dice: random.Random, data: bytes) -> bytes:
    return data * dice.randrange(2, 200)


def _huge_number(dice: random.Random, data: bytes) -> bytes:
    """Append a number field that ends nowhere, or is larger than any."""
    tag = bytes((dice.randrange(1, 16) << 3,))
    return data + tag + b"\xff" * dice.randrange(5, 40) + dice.choice((b"", b"\x01", b"\x7f"))


def _deep_group(dice: random.Random, data: bytes) -> bytes:
    """Append groups within groups, closed or not; unknown fields that a parser walks down."""
    levels, tag = dice.choice((50, 101, 10_000, 200_000)), dice.randrange(20, 30)
    begin, end = _varint(tag << 3 | 3), _varint(tag << 3 | 4)
    return data + begin * levels + dice.choice((b"", end * levels))


def _deep_message(dice: random.Random, data: bytes) -> bytes:
    """Wrap it again and again, as a message that holds itself would be."""
    for _ in range(dice.choice((10, 120))):
        data = b"\x0a" + _varint(len(data)) + data
    return data


def _unknown(dice: random.Random, data: bytes) -> bytes:
    number = dice.choice((100, 19_000, 536_870_911))
    return data + (_varint(number << 3 | 2) + _varint(9) + b"any thing") * dice.randrange(1, 5_000)


def _bad_text(dice: random.Random, data: bytes) -> bytes:
    """Append text fields that are no UTF-8."""
    text = dice.choice((b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"\xf8\x88\x80\x80\x80"))
    return data + bytes((dice.randrange(1, 8) << 3 | 2, len(text))) + text


def _long_length(dice: random.Random, data: bytes) -> bytes:
    """Append a field that says to be far longer than what follows."""
    length = dice.choice((2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1, len(data) + 1))
    return data + bytes((dice.randrange(1, 8) << 3 | 2,)) + _varint(length) + b"short"


def _noise(dice: random.Random, data: bytes) -> bytes:
    return dice.randbytes(dice.randrange(len(data) + 64))


def _varint(number: int) -> bytes:
    spelled = bytearray()
    while number >= 128:
        spelled.append(number & 127 | 128)
        number >>= 7
    spelled.append(number)
    return bytes(spelled)


MUTATIONS: dict[str, Mutation] = {
    "flip": _flip,
    "cut": _cut,
    "splice": _splice,
    "repeat": _repeat,
    "huge number": _huge_number,
    "deep group": _deep_group,
    "deep message": _deep_message,
    "unknown": _unknown,
    "bad text": _bad_text,
    "long length": _long_length,
    "noise": _noise,
}


def mutant(dice: random.Random, good: Iterable[bytes]) -> bytes:
    """Make one out of good messages, by one mutation or two."""
    data = dice.choice([*good])
    for name in dice.choices([*MUTATIONS], k=dice.choice((1, 1, 2))):
        data = MUTATIONS[name](dice, data)
    # A call may be as long; longer ones have tests of their own.
    return data[: 1024 * 1024]
