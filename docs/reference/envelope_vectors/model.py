"""What docs/reference/vectors/envelope.json holds; section 18 of envelope.md describes it."""

import base64
from collections.abc import Sequence

from msgspec import Struct

from gateway.model.call import HeldGrant

FORMAT = "sealgate envelope vectors 1"

Splices = tuple[tuple[int, int, str], ...]


class Key(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A key of the directory with its private half; times are Unix seconds."""

    name: str
    department: str
    purpose: str
    suite: int
    key_id: str
    private: str
    public: str
    not_before: int
    not_after: int
    retired_at: int | None = None
    revoked_at: int | None = None


class Positive(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An envelope that opens. `steps` holds every value on the way."""

    name: str
    about: str
    about_zh: str
    envelope: str
    fields: dict[str, int | str]
    steps: dict[str, int | str]
    manifest: str
    records: str

    def data(self) -> bytes:
        """Return the envelope."""
        return base64.b64decode(self.envelope)


class Stream(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Envelopes that open as one stream."""

    name: str
    about: str
    about_zh: str
    parts: tuple[Positive, ...]


class Negative(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What must be refused with `code`."""

    name: str
    code: str
    about: str
    about_zh: str
    base: str | None = None
    splices: Splices = ()
    envelope: str | None = None
    stream: str | None = None
    parts: tuple[int, ...] = ()
    alone: bool = False
    opened_before: bool = False
    now: int | None = None


class Term(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From when to when trust data is fresh, Unix seconds."""

    issued: int
    expires: int


class Member(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A department of the directory."""

    id: str
    suites: tuple[int, ...]


class VectorFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file; `now` is Unix milliseconds."""

    format: str = FORMAT
    about: str
    now: int
    opener: str
    trust: Term
    departments: tuple[Member, ...]
    keys: tuple[Key, ...]
    grants: tuple[HeldGrant, ...]
    padding: tuple[tuple[int, int], ...]
    positive: tuple[Positive, ...]
    streams: tuple[Stream, ...]
    negative: tuple[Negative, ...]

    def envelopes(self, negative: Negative) -> tuple[bytes, ...]:
        """Return what a negative vector has one open: one envelope, or the parts of a stream."""
        found: list[bytes] = []
        if negative.base is not None:
            base = next(each for each in self.positive if each.name == negative.base)
            found.append(spliced(base.data(), negative.splices))
        if negative.stream is not None:
            stream = next(each for each in self.streams if each.name == negative.stream)
            found += [stream.parts[number - 1].data() for number in negative.parts]
        if negative.envelope is not None:
            found.append(base64.b64decode(negative.envelope))
        return tuple(found)


def spliced(data: bytes, splices: Splices) -> bytes:
    """Return `data` with each (offset, length, hex) applied; offsets count in `data`."""
    out, at = b"", 0
    for offset, length, replacement in splices:
        out += data[at:offset] + bytes.fromhex(replacement)
        at = offset + length
    return out + data[at:]


def difference(old: Sequence[bytes], new: Sequence[bytes]) -> Splices:
    """Return what makes the joined pieces of `old` those of `new`, piece by piece."""
    found: list[tuple[int, int, str]] = []
    offset = 0
    for before, after in zip(old, new, strict=True):
        if before != after:
            head = _common(before, after)
            tail = _common(before[head:][::-1], after[head:][::-1])
            length = len(before) - head - tail
            found.append((offset + head, length, after[head : len(after) - tail].hex()))
        offset += len(before)
    return tuple(found)


def _common(one: bytes, other: bytes) -> int:
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
