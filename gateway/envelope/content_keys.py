"""Content keys that serve several envelopes to one recipient, for a short time.

One HPKE wrap costs more than everything else in a small envelope. The wrapped
key is bound to suite, parties and key ids, not to a header, so that it can
stand in several envelopes; each derives a payload key of its own. Held in
memory only.
"""

from collections import OrderedDict
from collections.abc import Callable

from gateway.envelope.header import Header
from gateway.envelope.sealing import KEY_BYTES, ContentKey, wrap_content_key, wrap_info
from keys.material import SealingKey
from keys.suites import Suite

# Bounds that no policy can widen: how long and how often one key may serve.
MAX_CACHE_MS = 60_000
MAX_CACHE_ENVELOPES = 1000
# Recipients and wrapped keys kept at once; bounds memory against many senders.
MAX_KEPT = 256

Route = tuple[int, str, str, str, str]


class _Use:
    __slots__ = ("content_key", "left", "since")

    def __init__(self, content_key: ContentKey, since: int, left: int) -> None:
        self.content_key, self.since, self.left = content_key, since, left


class SealingCache:
    """Content keys by route: suite, parties and key ids."""

    def __init__(self) -> None:
        self._uses: OrderedDict[Route, _Use] = OrderedDict()

    def content_key(
        self,
        header: Header,
        recipient: SealingKey,
        random: Callable[[int], bytes],
        *,
        now: int,
        cache_ms: int,
        cache_envelopes: int,
    ) -> ContentKey:
        """Return a content key for the header's route; 0 in a bound means always fresh."""
        route = (
            header.suite,
            header.sender,
            header.sender_key_id,
            header.recipient,
            header.recipient_key_id,
        )
        use = self._uses.get(route)
        age_limit = min(cache_ms, MAX_CACHE_MS)
        if use is not None and use.left > 0 and 0 <= now - use.since < age_limit:
            use.left -= 1
            return use.content_key
        fresh = wrap_content_key(random(KEY_BYTES), recipient, header)
        left = min(cache_envelopes, MAX_CACHE_ENVELOPES) - 1
        if left > 0 and age_limit > 0:
            self._uses[route] = _Use(fresh, now, left)
            self._uses.move_to_end(route)
            if len(self._uses) > MAX_KEPT:
                self._uses.popitem(last=False)
        else:
            self._uses.pop(route, None)
        return fresh


class OpeningCache:
    """Unwrapped content keys by route and wrapped bytes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, tuple[bytes, int]] = OrderedDict()

    def content_key(
        self,
        suite: Suite,
        header: Header,
        wrapped: bytes,
        unwrap: Callable[[str, bytes, bytes], bytes],
        *,
        now: int,
    ) -> bytes:
        """Return the content key in `wrapped`, unwrapping at most once a minute."""
        info = wrap_info(header)
        place = suite.hash(info, wrapped)
        kept = self._kept.get(place)
        if kept is not None and 0 <= now - kept[1] < MAX_CACHE_MS:
            return kept[0]
        key = unwrap(header.recipient_key_id, wrapped, info)
        self._kept[place] = (key, now)
        self._kept.move_to_end(place)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return key
