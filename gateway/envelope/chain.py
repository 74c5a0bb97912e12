"""A stream: a chain of envelopes, each naming the digest of the one before."""

from gateway.envelope.header import Header
from gateway.errors import StreamBrokenError
from gateway.model.call import Manifest


def broken(part: int, reason: str, reason_zh: str) -> StreamBrokenError:
    """Make the error for a chain that does not hold together."""
    return StreamBrokenError(part=part, reason=reason, reason_zh=reason_zh)


class Chain:
    """The chain as far as it was seen."""

    def __init__(self) -> None:
        self._first: tuple[bytes, str, str] | None = None
        self._route: tuple[str, str, str] | None = None
        self._parts = self._records = 0
        self._digest = b""
        self._ended = False

    def check(self, header: Header, manifest: Manifest, digest: bytes) -> None:
        """Take the next part.

        Raises: StreamBrokenError.
        """
        place, part = header.place, self._parts + 1
        if self._ended:
            raise broken(part, "it goes on behind its last part", "在最后一部分之后仍有内容")
        if place is None or place.part != part or place.previous_digest != self._digest:
            raise broken(part, "this is not the next part", "不是下一部分")
        first = (place.stream_id, header.sender, header.recipient)
        route = (manifest.resource, manifest.purpose, manifest.grant.digest)
        if part > 1 and (first, route) != (self._first, self._route):
            raise broken(part, "it belongs to another stream", "属于另一数据流")
        self._first, self._route = first, route
        self._parts, self._digest = part, digest
        self._records += manifest.records
        self._ended = place.last
        self._check_totals(manifest, place.last)

    def _check_totals(self, manifest: Manifest, last: bool) -> None:
        totals = manifest.totals
        counted = (self._parts, self._records)
        if last != (totals is not None) or (
            totals is not None and (totals.parts, totals.records) != counted
        ):
            raise broken(self._parts, "its totals are wrong", "总数不符")

    def check_ended(self) -> None:
        """Check that the last part was seen.

        Raises: StreamBrokenError.
        """
        if not self._ended:
            raise broken(self._parts + 1, "it ends without its last part", "缺少最后一部分")
