"""An honest header, stream and envelope as fields, and what a reader says of others."""

from collections.abc import Callable

import pytest

from gateway.errors import EnvelopeMalformedError
from tests.gateway.forge import HEADER, Value, field, uuid7

NAME = "11149900MB0C12002H"
OTHER = "11149900MB0C13013W"
KEY_ID = "abcdefghijklmnopqrstuvwxyz"
OTHER_KEY_ID = "234567ghijklmnopqrstuvwxyz"
NOW = 1_793_577_600_000
ID = uuid7(NOW, bytes(range(10)))

GOOD: dict[str, Value | None] = {
    "version": 1,
    "suite": 1,
    "id": ID,
    "type": 1,
    "sender": NAME,
    "sender_key_id": KEY_ID,
    "recipient": OTHER,
    "recipient_key_id": OTHER_KEY_ID,
    "created": NOW,
    "expires": NOW + 1,
}


def encoded(values: dict[str, Value | None], names: tuple[str, ...] = HEADER) -> list[bytes]:
    """Return each field of a message as bytes, in order."""
    return [
        field(number, value)
        for number, name in enumerate(names, 1)
        if (value := values.get(name)) is not None
    ]


def refused(read: Callable[[bytes], object], data: bytes) -> str:
    with pytest.raises(EnvelopeMalformedError) as caught:
        read(data)
    assert caught.value.code == "ENVELOPE_MALFORMED"
    return caught.value.message
