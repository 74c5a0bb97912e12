"""What both clients have in common: requests from plain values, and plain values from answers."""

import uuid
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, Literal, NotRequired, TypedDict, TypeVar

import msgspec
from google.protobuf.message import Message

from gateway.client.arrow import ArrowTable, from_arrow, to_arrow
from gateway.v1 import sidecar_pb2 as v1

if TYPE_CHECKING:
    import polars
    import pyarrow

R = TypeVar("R", bound=Message)
T = TypeVar("T")
# As they are written already, one mapping a record, or a table.
Records = bytes | str | ArrowTable | Iterable[Mapping[str, Any]]
# The client for asyncio waits for what has to be waited for.
Batches = Iterable[T] | AsyncIterable[T]
Encoding = Literal["json", "ndjson", "arrow"]
Mode = Literal["interface", "file", "database"]
# True makes one, None sends none.
RequestId = uuid.UUID | str | Literal[True] | None

# Seconds after which a call is given up, unless it says otherwise.
USUAL_TIMEOUT = 30.0

_ENCODINGS = {
    "json": v1.RECORD_ENCODING_JSON,
    "ndjson": v1.RECORD_ENCODING_NDJSON,
    "arrow": v1.RECORD_ENCODING_ARROW,
}
_MODES = {
    "interface": v1.SHARING_MODE_INTERFACE,
    "file": v1.SHARING_MODE_FILE,
    "database": v1.SHARING_MODE_DATABASE,
}
# How an Arrow IPC stream begins.
_ARROW_MARK = b"\xff\xff\xff\xff"


class About(TypedDict):
    """What a call to seal is about; see `SealSubject` in the protos.

    Without `encoding` tables are sent as Arrow, and all else as a JSON array.
    """

    resource: str
    purpose: str
    grant: str
    encoding: NotRequired[Encoding]
    mode: NotRequired[Mode]
    reference: NotRequired[str]
    suite: NotRequired[int]


class Reading(TypedDict):
    """How a call opens; see `OpenRequest` in the protos."""

    reopen: NotRequired[bool]
    reference: NotRequired[str]
    encoding: NotRequired[Encoding]


@dataclass(frozen=True, slots=True, repr=False)
class Call(Generic[R]):
    """One call: a method, what it is sent, and (for the type checker) what it answers.

    `safe`: sent twice it does what it does once. `own`: it has a request id that nobody
    but this client knows.
    """

    method: str
    sent: Message | Iterator[Message] | AsyncIterator[Message]
    answer: type[R]
    safe: bool = False
    own: bool = False

    def renew(self) -> bool:
        """Take another request id, if this one is ours; tell whether it was."""
        if self.own and isinstance(self.sent, v1.SealRequest):
            self.sent.request_id = str(uuid.uuid4())
        return self.own


def seal(records: Records, about: About, request_id: RequestId) -> Call[v1.SealResponse]:
    """Spell a call to seal."""
    encoding = _encoding(records, about)
    own = request_id is True
    named = str(uuid.uuid4()) if own else "" if request_id is None else str(request_id)
    sent = v1.SealRequest(
        subject=_subject(about, encoding), records=_written(records, encoding), request_id=named
    )
    return Call("Seal", sent, v1.SealResponse, safe=request_id is not None, own=own)


def seal_stream(batches: Batches[Records], about: About) -> Call[v1.SealStreamResponse]:
    """Spell a call to seal batches; what the first is tells how all of them are written."""
    encoding: Encoding | None = None

    def spell(batch: Records) -> Iterator[Message]:
        nonlocal encoding
        if encoding is None:
            encoding = _encoding(batch, about)
            yield v1.SealStreamRequest(subject=_subject(about, encoding))
        yield v1.SealStreamRequest(records=_written(batch, encoding))

    def end() -> Iterator[Message]:
        if encoding is None:
            yield v1.SealStreamRequest(subject=_subject(about, about.get("encoding", "json")))

    return Call("SealStream", _spelled(batches, spell, end), v1.SealStreamResponse)


def open_(envelope: bytes, how: Reading) -> Call[v1.OpenResponse]:
    """Spell a call to open."""
    sent = v1.OpenRequest(
        envelope=envelope,
        reopen=how.get("reopen", False),
        reference=how.get("reference", ""),
        encoding=_ENCODINGS[how.get("encoding", "json")],
    )
    return Call("Open", sent, v1.OpenResponse)


def open_stream(envelopes: Batches[bytes], how: Reading) -> Call[v1.OpenStreamResponse]:
    """Spell a call to open a chain."""

    def spell(envelope: bytes) -> Iterator[Message]:
        yield v1.OpenStreamRequest(
            envelope=envelope,
            reopen=how.get("reopen", False),
            reference=how.get("reference", ""),
            encoding=_ENCODINGS[how.get("encoding", "json")],
        )

    return Call("OpenStream", _spelled(envelopes, spell, lambda: iter(())), v1.OpenStreamResponse)


def explain(resource: str, grant: str) -> Call[v1.ExplainResponse]:
    """Spell a call to explain."""
    sent = v1.ExplainRequest(resource=resource, grant=grant)
    return Call("Explain", sent, v1.ExplainResponse, safe=True)


def list_resources(department: str, token: str) -> Call[v1.ListResourcesResponse]:
    """Spell a call for a page of resources."""
    sent = v1.ListResourcesRequest(department=department, page_token=token)
    return Call("ListResources", sent, v1.ListResourcesResponse, safe=True)


def describe_resource(code: str) -> Call[v1.DescribeResourceResponse]:
    """Spell a call for one resource."""
    sent = v1.DescribeResourceRequest(resource=code)
    return Call("DescribeResource", sent, v1.DescribeResourceResponse, safe=True)


def get_status() -> Call[v1.GetStatusResponse]:
    """Spell a call for the node's conditions."""
    return Call("GetStatus", v1.GetStatusRequest(), v1.GetStatusResponse, safe=True)


def list_shards(token: str) -> Call[v1.ListShardsResponse]:
    """Spell a call for a page of shards."""
    sent = v1.ListShardsRequest(page_token=token)
    return Call("ListShards", sent, v1.ListShardsResponse, safe=True)


def list_entries(worker: int, shard: str, token: str) -> Call[v1.ListEntriesResponse]:
    """Spell a call for a page of entries."""
    sent = v1.ListEntriesRequest(worker=worker, shard=shard, page_token=token)
    return Call("ListEntries", sent, v1.ListEntriesResponse, safe=True)


def get_entry(shard: str, number: int) -> Call[v1.GetEntryResponse]:
    """Spell a call for one entry."""
    sent = v1.GetEntryRequest(shard=shard, number=number)
    return Call("GetEntry", sent, v1.GetEntryResponse, safe=True)


def get_receipt(shard: str, number: int) -> Call[v1.GetReceiptResponse]:
    """Spell a call for a receipt."""
    sent = v1.GetReceiptRequest(shard=shard, number=number)
    return Call("GetReceipt", sent, v1.GetReceiptResponse, safe=True)


def get_checkpoint(shard: str, cosigned: bool) -> Call[v1.GetCheckpointResponse]:
    """Spell a call for a checkpoint."""
    sent = v1.GetCheckpointRequest(shard=shard, cosigned=cosigned)
    return Call("GetCheckpoint", sent, v1.GetCheckpointResponse, safe=True)


def get_consistency(shard: str, old: int, new: int) -> Call[v1.GetConsistencyProofResponse]:
    """Spell a call for a proof of consistency."""
    sent = v1.GetConsistencyProofRequest(shard=shard, old_size=old, new_size=new)
    return Call("GetConsistencyProof", sent, v1.GetConsistencyProofResponse, safe=True)


def add_cosignature(checkpoint: bytes | str) -> Call[v1.AddCosignatureResponse]:
    """Spell a call to keep cosignatures: what is kept already is so once more."""
    note = checkpoint.encode() if isinstance(checkpoint, str) else checkpoint
    sent = v1.AddCosignatureRequest(checkpoint=note)
    return Call("AddCosignature", sent, v1.AddCosignatureResponse, safe=True)


def set_block(requester: str | None, grant: str | None, blocked: bool) -> Call[v1.SetBlockResponse]:
    """Spell a call to cut off. Raises: TypeError unless just one of the two is named."""
    if (requester is None) is (grant is None):
        raise TypeError("name a requester or a grant")
    if requester is not None:
        sent = v1.SetBlockRequest(requester=requester, blocked=blocked)
    else:
        sent = v1.SetBlockRequest(grant=grant or "", blocked=blocked)
    return Call("SetBlock", sent, v1.SetBlockResponse, safe=True)


def rows(response: v1.OpenResponse) -> list[dict[str, Any]]:
    """Read the records of an opened envelope, one mapping each.

    Raises: ValueError for what was opened as Arrow.
    """
    records = response.records
    if records.startswith(_ARROW_MARK):
        raise ValueError("they are an Arrow stream: read them with `table`")
    decoded: list[dict[str, Any]]
    if records.startswith(b"["):
        decoded = msgspec.json.decode(records)
    else:
        decoded = msgspec.json.Decoder(dict[str, Any]).decode_lines(records)
    return decoded


def table(response: v1.OpenResponse) -> "pyarrow.Table | polars.DataFrame":
    """Read the records of an envelope opened with `encoding="arrow"` as a table.

    Raises: ValueError for any other; ExtraMissingError.
    """
    if not response.records.startswith(_ARROW_MARK):
        raise ValueError('they are JSON: open with `encoding="arrow"`, or read them with `rows`')
    return from_arrow(response.records)


def manifest(response: v1.OpenResponse) -> dict[str, Any]:
    """Read the manifest of an opened envelope."""
    decoded: dict[str, Any] = msgspec.json.decode(response.manifest)
    return decoded


def entries(response: v1.ListEntriesResponse) -> Iterator[dict[str, Any]]:
    """Read a page of entries."""
    return map(msgspec.json.decode, response.entries)


def entry(response: v1.GetEntryResponse) -> dict[str, Any]:
    """Read one entry."""
    decoded: dict[str, Any] = msgspec.json.decode(response.entry)
    return decoded


def position(begin: int) -> str:
    """Spell the number of the entry to begin with as a page token."""
    return str(begin) if begin else ""


def _spelled(
    pieces: Batches[T],
    spell: Callable[[T], Iterator[Message]],
    end: Callable[[], Iterator[Message]],
) -> Iterator[Message] | AsyncIterator[Message]:
    """Yield the messages of a stream, waiting for its pieces as they are waited for."""
    if isinstance(pieces, AsyncIterable):
        return _spelled_async(pieces, spell, end)
    return chain(chain.from_iterable(map(spell, pieces)), end())


async def _spelled_async(
    pieces: AsyncIterable[T],
    spell: Callable[[T], Iterator[Message]],
    end: Callable[[], Iterator[Message]],
) -> AsyncIterator[Message]:
    async for piece in pieces:
        for message in spell(piece):
            yield message
    for message in end():
        yield message


def _subject(about: About, encoding: Encoding) -> v1.SealSubject:
    return v1.SealSubject(
        resource=about["resource"],
        purpose=about["purpose"],
        grant=about["grant"],
        encoding=_ENCODINGS[encoding],
        mode=_MODES[about.get("mode", "interface")],
        reference=about.get("reference", ""),
        suite=about.get("suite", 0),
    )


def _encoding(records: Records, about: About) -> Encoding:
    return about.get("encoding", "arrow" if isinstance(records, ArrowTable) else "json")


def _written(records: Records, encoding: Encoding) -> bytes:
    """Write records; a `Decimal` becomes text and keeps its digits.

    Raises: TypeError for a table that is not to be sent as Arrow, or rows that are.
    """
    if isinstance(records, bytes):
        return records
    if isinstance(records, ArrowTable):
        if encoding != "arrow":
            raise TypeError("a table goes as Arrow: leave `encoding` out, and batches all tables")
        return to_arrow(records)
    if encoding == "arrow":
        raise TypeError("only tables and bytes go as Arrow")
    if isinstance(records, str):
        return records.encode()
    if encoding == "ndjson":
        return b"".join(msgspec.json.encode(record) + b"\n" for record in records)
    return msgspec.json.encode(list(records))
