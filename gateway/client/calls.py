"""What both clients have in common: channels, deadlines, and requests from plain values."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, NotRequired, TypedDict, TypeVar

import msgspec
from google.protobuf.message import Message

from gateway.v1 import sidecar_pb2 as v1

R = TypeVar("R", bound=Message)
# As they are written already, or one mapping a record.
Records = bytes | str | Iterable[Mapping[str, Any]]
Encoding = Literal["json", "ndjson"]
Mode = Literal["interface", "file", "database"]

# Above what one call may hold by so much that the sidecar refuses first, with its own words.
MAX_CLIENT_BYTES = 64 * 1024 * 1024
# Seconds after which a call is given up, unless it says otherwise.
USUAL_TIMEOUT = 30.0

_ENCODINGS = {"json": v1.RECORD_ENCODING_JSON, "ndjson": v1.RECORD_ENCODING_NDJSON}
_MODES = {
    "interface": v1.SHARING_MODE_INTERFACE,
    "file": v1.SHARING_MODE_FILE,
    "database": v1.SHARING_MODE_DATABASE,
}
# Tried anew where the connection broke: what only reads. Not what is charged or entered.
_READING = ("Explain", "ListResources", "DescribeResource", "GetStatus")
_SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [{"service": "gateway.v1.Sidecar", "method": name} for name in _READING],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.05s",
                "maxBackoff": "1s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
OPTIONS = (
    ("grpc.max_receive_message_length", MAX_CLIENT_BYTES),
    ("grpc.max_send_message_length", MAX_CLIENT_BYTES),
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
)


def targets(where: Path | str) -> list[str]:
    """Return the addresses of a socket, or of every socket in a caller's folder.

    Raises: FileNotFoundError where there is no socket.
    """
    path = Path(where)
    found = sorted(path.glob("*.sock")) if path.is_dir() else [path] if path.is_socket() else []
    if not found:
        raise FileNotFoundError(f"no socket of a sidecar at {path}")
    return [f"unix:{each.absolute()}" for each in found]


class About(TypedDict):
    """What a call to seal is about; see `SealSubject` in the protos."""

    resource: str
    purpose: str
    grant: str
    encoding: NotRequired[Encoding]
    mode: NotRequired[Mode]
    reference: NotRequired[str]
    suite: NotRequired[int]


@dataclass(frozen=True, slots=True, repr=False)
class Call(Generic[R]):
    """One call: a method, what it is sent, and (for the type checker) what it answers."""

    method: str
    sent: Message | Iterator[Message]
    answer: type[R]


def seal(records: Records, about: About) -> Call[v1.SealResponse]:
    """Spell a call to seal."""
    sent = v1.SealRequest(subject=_subject(about), records=_written(records, about))
    return Call("Seal", sent, v1.SealResponse)


def seal_stream(batches: Iterable[Records], about: About) -> Call[v1.SealStreamResponse]:
    """Spell a call to seal batches."""

    def messages() -> Iterator[Message]:
        yield v1.SealStreamRequest(subject=_subject(about))
        for batch in batches:
            yield v1.SealStreamRequest(records=_written(batch, about))

    return Call("SealStream", messages(), v1.SealStreamResponse)


def open_(envelope: bytes, reopen: bool, reference: str) -> Call[v1.OpenResponse]:
    """Spell a call to open."""
    sent = v1.OpenRequest(envelope=envelope, reopen=reopen, reference=reference)
    return Call("Open", sent, v1.OpenResponse)


def open_stream(
    envelopes: Iterable[bytes], reopen: bool, reference: str
) -> Call[v1.OpenStreamResponse]:
    """Spell a call to open a chain."""

    def messages() -> Iterator[Message]:
        for envelope in envelopes:
            yield v1.OpenStreamRequest(envelope=envelope, reopen=reopen, reference=reference)

    return Call("OpenStream", messages(), v1.OpenStreamResponse)


def explain(resource: str, grant: str) -> Call[v1.ExplainResponse]:
    """Spell a call to explain."""
    sent = v1.ExplainRequest(resource=resource, grant=grant)
    return Call("Explain", sent, v1.ExplainResponse)


def list_resources(department: str, token: str) -> Call[v1.ListResourcesResponse]:
    """Spell a call for a page of resources."""
    sent = v1.ListResourcesRequest(department=department, page_token=token)
    return Call("ListResources", sent, v1.ListResourcesResponse)


def describe_resource(code: str) -> Call[v1.DescribeResourceResponse]:
    """Spell a call for one resource."""
    sent = v1.DescribeResourceRequest(resource=code)
    return Call("DescribeResource", sent, v1.DescribeResourceResponse)


def get_status() -> Call[v1.GetStatusResponse]:
    """Spell a call for the node's conditions."""
    return Call("GetStatus", v1.GetStatusRequest(), v1.GetStatusResponse)


def rows(response: v1.OpenResponse) -> list[dict[str, Any]]:
    """Read the records of an opened envelope."""
    decoded: list[dict[str, Any]] = msgspec.json.decode(response.records)
    return decoded


def manifest(response: v1.OpenResponse) -> dict[str, Any]:
    """Read the manifest of an opened envelope."""
    decoded: dict[str, Any] = msgspec.json.decode(response.manifest)
    return decoded


def _subject(about: About) -> v1.SealSubject:
    return v1.SealSubject(
        resource=about["resource"],
        purpose=about["purpose"],
        grant=about["grant"],
        encoding=_ENCODINGS[about.get("encoding", "json")],
        mode=_MODES[about.get("mode", "interface")],
        reference=about.get("reference", ""),
        suite=about.get("suite", 0),
    )


def _written(records: Records, about: About) -> bytes:
    """Write records; a `Decimal` becomes text and keeps its digits."""
    if isinstance(records, bytes):
        return records
    if isinstance(records, str):
        return records.encode()
    if about.get("encoding") == "ndjson":
        return b"".join(msgspec.json.encode(record) + b"\n" for record in records)
    return msgspec.json.encode(list(records))
