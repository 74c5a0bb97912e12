"""Content keys that serve several envelopes to one recipient, for a short time.

One HPKE wrap costs more than everything else in a small envelope. The wrapped
key is bound to suite, parties and key ids, not to a header, so that it can
stand in several envelopes; each derives a payload key of its own. Held in
memory only.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from gateway.envelope.header import Header
from gateway.envelope.sealing import KEY_BYTES, ContentKey, Route, wrap_content_key, wrap_info
from keys.derive import Secret
from keys.suites import Suite
from masking.policy import Cache

# Bounds that no policy can widen: how long and how often one key may serve.
MAX_CACHE_MS = 60_000
MAX_CACHE_ENVELOPES = 1000
# Recipients and wrapped keys kept at once; bounds memory against many senders.
MAX_KEPT = 256

K = TypeVar("K")


class _Use(Generic[K]):
    """A content key, since when it serves (Unix ms), and how many envelopes it served."""

    __slots__ = ("count", "key", "since")

    def __init__(self, key: K, since: int) -> None:
        self.key, self.since, self.count = key, since, 1

    def serves(self, now: int, age_ms: int, envelopes: int) -> bool:
        """Tell whether the key may serve one more, and count it."""
        age, count = now - self.since, self.count
        if not 0 <= age < age_ms or age >= MAX_CACHE_MS:
            return False
        if count >= envelopes or count >= MAX_CACHE_ENVELOPES:
            return False
        self.count = count + 1
        return True


class SealingCache:
    """Content keys by route: suite, parties and key ids."""

    def __init__(self) -> None:
        self._uses: OrderedDict[tuple[int, str, str, str, str], _Use[ContentKey]] = OrderedDict()

    def content_key(
        self, route: Route, bounds: Cache, now: int, random: Callable[[int], bytes]
    ) -> ContentKey:
        """Return a content key for a route; 0 in one of the bounds means always fresh."""
        age_ms, envelopes = bounds.seconds * 1000, bounds.envelopes
        use = self._uses.get(route.place)
        # Against the bounds of this call: a policy may have narrowed them meanwhile.
        if use is not None and use.serves(now, age_ms, envelopes):
            return use.key
        fresh = wrap_content_key(Secret(random(KEY_BYTES)), route)
        if envelopes > 1 and age_ms > 0:
            self._uses[route.place] = _Use(fresh, now)
            self._uses.move_to_end(route.place)
            if len(self._uses) > MAX_KEPT:
                self._uses.popitem(last=False)
        elif use is not None:
            self._uses.pop(route.place, None)
        return fresh


class OpeningCache:
    """Unwrapped content keys by route and wrapped bytes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, _Use[bytes]] = OrderedDict()

    def content_key(
        self,
        suite: Suite,
        header: Header,
        wrapped: bytes,
        unwrap: Callable[[str, bytes, bytes], bytes],
        *,
        now: int,
    ) -> bytes:
        """Return the content key in `wrapped`, unwrapped anew past the bounds above."""
        info = wrap_info(header)
        place = suite.hash(info, wrapped)
        use = self._kept.get(place)
        if use is not None and use.serves(now, MAX_CACHE_MS, MAX_CACHE_ENVELOPES):
            return use.key
        key = unwrap(header.recipient_key_id, wrapped, info)
        self._kept[place] = _Use(key, now)
        self._kept.move_to_end(place)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return key
