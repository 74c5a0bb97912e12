"""What a stream is sent, watched: an error of its source ends the call, and not its chain.

gRPC would log such an error with all that it quotes, and tell the caller of another.
"""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import cast

from google.protobuf.message import Message

from gateway.client.calls import Call, R


class Source:
    """The messages of a stream, and what getting them raised."""

    def __init__(self, call: Call[R]) -> None:
        self._sent = call.sent
        self._cancel: Callable[[], object] | None = None
        self._bound = threading.Event()
        self.raised: Exception | None = None

    def bind(self, cancel: Callable[[], object]) -> None:
        """Say how the call is ended; its messages may be asked for already."""
        self._cancel = cancel
        self._bound.set()

    def messages(self) -> Iterator[Message] | AsyncIterator[Message]:
        """Return the messages, as they are waited for."""
        return self._waited() if isinstance(self._sent, AsyncIterator) else self._plain()

    def _plain(self) -> Iterator[Message]:
        try:
            yield from cast("Iterator[Message]", self._sent)
        except Exception as error:
            self._end(error)

    async def _waited(self) -> AsyncIterator[Message]:
        try:
            async for message in cast("AsyncIterator[Message]", self._sent):
                yield message
        except Exception as error:
            self._end(error)

    def _end(self, error: Exception) -> None:
        # Before the messages end: else the part before would be taken for the last.
        self.raised = error
        self._bound.wait()
        if self._cancel is not None:
            self._cancel()
