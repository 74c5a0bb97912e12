"""Secret bytes, and what is derived from them.

`lp` joins parts so that no two lists of parts give the same bytes; everything
that is hashed, signed or bound in this project is joined with it. `Mac` is HMAC
(RFC 2104) and `Hkdf` is HKDF (RFC 5869) with an empty salt, both over whatever
hash a suite names. Both keep the hash's state after the key block, so that a
value costs two copies of a state and not two more hash blocks.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, NoReturn, Protocol, Self, final

if TYPE_CHECKING:
    import polars as pl

_PREFIX_BYTES = 8
_PREFIXES = tuple(size.to_bytes(_PREFIX_BYTES, "big") for size in range(2048))
_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))


class Hasher(Protocol):
    """A running hash, as `hashlib` gives them."""

    @property
    def digest_size(self) -> int: ...
    @property
    def block_size(self) -> int: ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
    def hexdigest(self) -> str: ...
    def copy(self) -> Self: ...


HashFunction = Callable[[bytes], Hasher]


@final
class Secret(bytes):
    """Bytes that show nothing of themselves when printed, encoded or pickled.

    Equal to the same plain bytes. Only a deliberate act (`bytes(secret)`,
    `.hex()`, a slice) gives plain bytes back.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} secret bytes>"

    __str__ = __repr__

    def __format__(self, spec: str, /) -> str:
        return repr(self)

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise TypeError("secret bytes are not pickled")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object, /) -> Self:
        return self


def lp(*parts: bytes) -> bytes:
    """Join `parts`, each behind its length in 8 bytes, big-endian."""
    pieces: list[bytes] = []
    for part in parts:
        size = len(part)
        pieces.append(_PREFIXES[size] if size < 2048 else size.to_bytes(_PREFIX_BYTES, "big"))
        pieces.append(part)
    return b"".join(pieces)


@final
class Mac:
    """Keyed hash of one key: HMAC, equal to `hmac.digest`."""

    __slots__ = ("_inner", "_key", "_outer")

    def __init__(self, key: bytes, hash_function: HashFunction = sha256) -> None:
        # what hashes columns of tables takes a key, and no other hash
        self._key = Secret(key) if hash_function is sha256 else None
        block = hash_function(b"").block_size
        key = Secret((hash_function(key).digest() if len(key) > block else key).ljust(block, b"\0"))
        self._inner = hash_function(key.translate(_INNER_PAD))
        self._outer = hash_function(key.translate(_OUTER_PAD))

    def mac(self, value: bytes) -> bytes:
        """Return the MAC of `value`, as long as the hash."""
        inner = self._inner.copy()
        inner.update(value)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

    def hex_column(self, values: Sequence[str], digits: int) -> list[str]:
        """Return the first `digits` hexadecimal digits of the MAC of each text in UTF-8.

        A lone surrogate is encoded as it stands, so that no value is refused
        (an encoding error would quote it).
        """
        if not 1 <= digits <= 2 * self._outer.digest_size:
            raise ValueError("digits reach from 1 to twice the size of the hash")
        encoded = _encoded(values)
        copy_inner, copy_outer = self._inner.copy, self._outer.copy
        column: list[str] = []
        for value in encoded:
            inner = copy_inner()
            inner.update(value)
            outer = copy_outer()
            outer.update(inner.digest())
            column.append(outer.hexdigest()[:digits])
        return column

    def column(self, values: Sequence[str]) -> list[bytes]:
        """Return the MAC of each text in UTF-8; a lone surrogate is encoded as it stands."""
        return list(map(self.mac, _encoded(values)))

    def hex_expression(self) -> "Callable[[pl.Expr], pl.Expr] | None":
        """Return what gives the hexadecimal MAC of each text of a polars column, if it can be.

        That takes SHA-256 and a key that is text in UTF-8. The expression holds
        the key: it shows it nowhere, but must not be serialised.
        """
        if self._key is None:
            return None
        try:
            self._key.decode()
        except UnicodeDecodeError:
            return None
        from polars_hash import CryptographicHashingNameSpace as Hashes

        key = self._key
        return lambda x: Hashes(x).hmac_sha256(key=key.decode())

    def __repr__(self) -> str:
        return "<Mac, key withheld>"

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise TypeError("a keyed hash is neither pickled nor copied")


def _encoded(values: Sequence[str]) -> list[bytes]:
    try:
        return list(map(str.encode, values))
    except UnicodeEncodeError:
        return [value.encode("utf-8", "surrogatepass") for value in values]


@final
class Hkdf:
    """HKDF (RFC 5869) over one hash, with an empty salt."""

    __slots__ = ("_extract", "_hash", "_inner_rest", "_outer_rest", "_size")

    def __init__(self, hash_function: HashFunction = sha256) -> None:
        running = hash_function(b"")
        self._hash = hash_function
        self._size = running.digest_size
        rest = bytes(running.block_size - running.digest_size)
        self._inner_rest = rest.translate(_INNER_PAD)
        self._outer_rest = rest.translate(_OUTER_PAD)
        self._extract = Mac(bytes(self._size), hash_function).mac

    def extract(self, key: bytes) -> Secret:
        """Return the pseudorandom key (RFC 5869 section 2.2)."""
        return Secret(self._extract(key))

    def expand(self, pseudorandom_key: bytes, info: bytes, length: int) -> Secret:
        """Return `length` bytes for `info` (RFC 5869 section 2.3).

        `pseudorandom_key` is as long as the hash: what `extract` returned.
        """
        size = self._size
        if not 1 <= length <= 255 * size or len(pseudorandom_key) != size:
            raise ValueError("HKDF gives from 1 to 255 times the size of its hash")
        block = self.block(pseudorandom_key, info + b"\x01")
        if length == size:
            return block
        blocks = [block]
        for number in range(2, -(-length // size) + 1):
            block = self.block(pseudorandom_key, block + info + bytes((number,)))
            blocks.append(block)
        return Secret(b"".join(blocks)[:length])

    def block(self, key: bytes, message: bytes) -> Secret:
        """Return the HMAC of `message` under a pseudorandom key."""
        # HMAC under a key used once. The padded key gets no name: a traceback
        # that shows locals would print it.
        inner = self._hash(key.translate(_INNER_PAD) + self._inner_rest + message).digest()
        return Secret(self._hash(key.translate(_OUTER_PAD) + self._outer_rest + inner).digest())


@final
class Expander:
    """HKDF of one key, the extract done."""

    __slots__ = ("_hkdf", "_pseudorandom_key")

    def __init__(self, hkdf: Hkdf, key: bytes) -> None:
        self._hkdf, self._pseudorandom_key = hkdf, hkdf.extract(key)

    def expand(self, info: bytes) -> Secret:
        """Return as many bytes as the hash has, for `info` (RFC 5869 section 2.3)."""
        return self._hkdf.block(self._pseudorandom_key, info + b"\x01")

    def __repr__(self) -> str:
        return "<Expander, key withheld>"

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise TypeError("an expander is neither pickled nor copied")


def derive_key(mac: Mac, *parts: bytes) -> Secret:
    """Return the key that belongs to `parts` (a label first) under the key of `mac`."""
    return Secret(mac.mac(lp(*parts)))
