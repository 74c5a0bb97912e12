"""`sealgate envelope inspect`: what the exchange can see, and nothing more."""

import argparse
from pathlib import Path
from typing import BinaryIO

from gateway.cli.terminal import print_json
from gateway.cli.words import add_command, add_group, read_binary
from gateway.envelope.opening import MAX_ENVELOPE_BYTES, ParsedEnvelope, parse_envelope
from gateway.envelope.sealing import envelope_digest
from gateway.errors import EnvelopeMalformedError
from gateway.model.times import utc
from gateway.stores.envelopes import is_stream, read_parts
from keys.suites import suite


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `envelope inspect`."""
    envelope = add_group(commands, "envelope", "sealed envelopes 信封")
    inspect = add_command(
        envelope, "inspect", _inspect, "show what the exchange can see 查看平台可见内容"
    )
    inspect.add_argument("file", type=Path, metavar="FILE")


def _inspect(chosen: argparse.Namespace) -> int:
    with read_binary(chosen.file) as file:
        parts = _parts(file)
    if not parts:
        raise EnvelopeMalformedError(reason="the file is empty", reason_zh="文件为空")
    if chosen.json:
        print_json(parts)
        return 0
    for part in parts:
        for name, value in part.items():
            print(f"{name:18} {value}")
    return 0


def _parts(file: BinaryIO) -> list[dict[str, object]]:
    if is_stream(file):
        return [visible(parse_envelope(part)) for part in read_parts(file)]
    data = file.read(MAX_ENVELOPE_BYTES + 1)
    return [visible(parse_envelope(data))] if data else []


def visible(parsed: ParsedEnvelope) -> dict[str, object]:
    """Return all that an envelope shows without a key."""
    header = parsed.header
    chosen = suite(header.suite)
    digest = envelope_digest(chosen, parsed.header_bytes, parsed.wrapped_key, parsed.payload)
    shown: dict[str, object] = {
        "id": header.envelope_id.hex(),
        "suite": f"{header.suite} {chosen.name}",
        "type": header.message_type.name.lower(),
        "sender": header.sender,
        "sender_key_id": header.sender_key_id,
        "recipient": header.recipient,
        "recipient_key_id": header.recipient_key_id,
        "created": utc(header.created // 1000),
        "expires": utc(header.expires // 1000),
        "payload_bytes": len(parsed.payload),
        "digest": digest.hex(),
    }
    if header.place is not None:
        shown["stream"] = header.place.stream_id.hex()
        shown["part"] = header.place.part
        shown["last"] = header.place.last
    return shown
