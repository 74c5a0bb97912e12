"""Leaves read many at a time, as far as judging them needs. No I/O.

The same as `Leaf`, but for the field ids with their operators, which are most of a leaf
and the same from call to call: they are taken as they stand, and each spelling of them is
judged once.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol, cast

import msgspec
from msgspec import Raw

from gateway.ledger.entries import Leaf
from gateway.model.call import SharedPart

_NO_FIELDS = Raw(b"")
# Spellings of `fields` remembered: one for each plan by which a node seals and opens.
_SPELLINGS = 1024


class ReadShared(Protocol):
    """What is read of a shared part."""

    @property
    def time(self) -> int: ...
    @property
    def fields(self) -> Raw: ...


class ReadLeaf(Protocol):
    """What is read of a leaf."""

    @property
    def private(self) -> str: ...
    @property
    def subjects(self) -> str | None: ...
    @property
    def shared(self) -> ReadShared: ...


def _with(shape: type[msgspec.Struct], **types: tuple[object, object]) -> type[msgspec.Struct]:
    """Make the struct anew with these members of another type and default."""
    members: list[tuple[str, object] | tuple[str, object, object]] = []
    for member in msgspec.structs.fields(shape):
        kind, default = types.get(member.name, (member.type, member.default))
        required = default is msgspec.NODEFAULT
        members.append((member.name, kind) if required else (member.name, kind, default))
    return msgspec.defstruct(
        f"Read{shape.__name__}",
        cast("list[str | tuple[str, type] | tuple[str, type, object]]", members),
        namespace={"__repr__": lambda _: "(…)"},
        kw_only=True,
        omit_defaults=True,
    )


_Shared = _with(SharedPart, fields=(Raw, _NO_FIELDS))
_Leaf = _with(Leaf, shared=(_Shared, msgspec.NODEFAULT))
_decode = msgspec.json.Decoder(_Leaf).decode
_encode = msgspec.json.Encoder().encode
_fields = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode


def read_leaves(leaves: Sequence[bytes]) -> Sequence[ReadLeaf] | None:
    """Read leaves, or return None where one is not in canonical form.

    Raises: TypeError, ValueError for what cannot be read at all.
    """
    read = list(map(_decode, leaves))
    if list(map(_encode, read)) != list(leaves):
        return None
    found = cast("list[ReadLeaf]", read)
    if not all(map(_is_canonical, {bytes(one.shared.fields) for one in found})):
        return None
    return found


@lru_cache(maxsize=_SPELLINGS)
def _is_canonical(spelling: bytes) -> bool:
    if not spelling:
        return True
    fields = _fields(spelling)
    return bool(fields) and _encode(fields) == spelling
