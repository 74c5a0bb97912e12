"""What is wrong in every way, made with the real keys of a world on disk."""

import json
from collections.abc import Callable
from typing import Any, cast

import msgspec

from gateway.config import Places
from gateway.founding import PASSPHRASE_FILE
from gateway.grants.token import encode_segment
from gateway.model.call import Sealed, SealRequest
from gateway.node import Node
from gateway.stores.clock import system_clock
from gateway.stores.keyfile import open_keys
from gateway.testing import MemoryCity
from keys.material import Purpose
from keys.ports import KeyInfo
from keys.ring import Ring
from keys.suites import suite
from tests.cli.command import PROVIDER, REQUESTER, ROW, Desk
from tests.gateway.forge import Forge
from tests.gateway.token_forge import read_payload
from tests.server.sidecars import about

JSON = dict[str, Any]


class Issuer:
    """The authority's key, which signs whatever it is told to."""

    def __init__(self, desk: Desk) -> None:
        self._keys = open_keys(Places(desk.authority), PASSPHRASE_FILE)
        self._key = Ring(self._keys.list_keys()).active(Purpose.SIGNING, at=now())
        self.header: JSON = {"alg": "Ed25519", "typ": "at+jwt", "kid": self._key.key_id}
        self.claims = cast("JSON", read_payload(about(desk)["grant"]))
        self.detail: JSON = self.claims["authorization_details"][0]

    def token(self, header: JSON | None = None, **claims: Any) -> str:
        """Sign the claims of the desk's grant, changed by name."""
        parts = ({**self.header, **(header or {})}, {**self.claims, **claims})
        signed = ".".join(encode_segment(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{encode_segment(self._keys.sign(self._key.key_id, signed.encode()))}"

    def detailed(self, **changes: Any) -> str:
        """Sign them with authorization details changed by name."""
        return self.token(authorization_details=[{**self.detail, **changes}])


def now() -> int:
    """Return the time, Unix seconds."""
    return system_clock() // 1000


class _Key(msgspec.Struct):
    """A public key, as an entry of the directory has it."""

    key_id: str
    suite: int
    raw: bytes


class _Entry(msgspec.Struct):
    keys: list[_Key]


class _Party:
    """A department of a world on disk, as the forge knows those of a city in memory."""

    def __init__(self, folder: Any, department: str) -> None:
        self.department = department
        self.keys = open_keys(Places(folder), PASSPHRASE_FILE)

    def entry(self) -> _Entry:
        """Return its public keys."""
        return _Entry([_public(key) for key in self.keys.list_keys() if key.public])


def _public(key: KeyInfo) -> _Key:
    return _Key(key.key_id, key.suite, key.public or b"")


class _City:
    """The provider and the requester of a world on disk."""

    def __init__(self, desk: Desk) -> None:
        self.provider = _Party(desk.provider, PROVIDER)
        self.requester = _Party(desk.requester, REQUESTER)
        self.nodes = (self.provider, self.requester)
        self.clock: Callable[[], int] = system_clock


class DiskForge(Forge):
    """Writes envelopes of the provider to the requester with the keys of their folders."""

    def __init__(self, desk: Desk) -> None:
        city = _City(desk)
        self.city, self.suite = cast("MemoryCity", city), suite(1)
        self.sender, self.recipient = self.city.provider, self.city.requester
        request = SealRequest(records=json.dumps([ROW]).encode(), **about(desk))
        with Node(desk.provider) as node:
            self.honest: Sealed = node.seal(request)
        with Node(desk.requester) as node:
            self.records = node.open(self.honest.envelope).records
        self.plain_manifest = msgspec.to_builtins(self.honest.manifest)
