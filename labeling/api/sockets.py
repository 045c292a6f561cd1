"""Sockets of pages: how much of what is sent over one may wait in memory."""

from collections.abc import MutableMapping
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LARGEST_OF_STRANGER = 64 * 1024  # bytes of a message, as of the head of a request
LARGEST_MESSAGE = 2_000_000  # of a person: a click, together with all that is typed on the page
MOST_WAITING = 100  # messages
MOST_UNREAD = 64 * 1024  # bytes that the page has not taken; beyond that, no ping is answered
MASKED_HEAD = 6  # bytes of a short frame that are not its content
LIMIT = "hone.message"  # in the extensions of a scope


class Socket(WebSocketsSansIOProtocol):
    """A WebSocket of uvicorn, which by itself keeps 200 MB of a message, and any number of them.

    One that sends too much is closed hard, as it need not read what it would be told.
    """

    def connection_made(self, transport: Any) -> None:
        """Begin as a stranger's."""
        self._arrived = 0
        self._limit: dict[object, Any] = {"bytes": LARGEST_OF_STRANGER}
        super().connection_made(transport)

    def handle_connect(self, event: Any) -> None:
        """Let the guard say later whose it is."""
        self._arrived = 0
        super().handle_connect(event)
        if not self.handshake_complete:  # else it was refused
            self.scope["extensions"] = {**(self.scope["extensions"] or {}), LIMIT: self._limit}

    def data_received(self, data: bytes) -> None:
        """Count what comes before a message is complete, also what is no content."""
        self._arrived += len(data)
        super().data_received(data)
        if not self.handshake_initiated:  # a head that httptools lets pass, and nobody answers
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
            self.transport.close()
        elif self._arrived > self._limit["bytes"] or self.queue.qsize() > MOST_WAITING:
            self._cut()

    def send_receive_event_to_app(self) -> None:
        """Pass a complete message on, unless it came at once and is too large."""
        if self._arrived <= self._limit["bytes"]:
            self._arrived = 0
            super().send_receive_event_to_app()

    def handle_text(self, event: Any) -> None:
        """Streamlit has no use for text, but a traceback in the log."""
        self._cut()

    def handle_ping(self) -> None:
        """Answer, unless earlier answers wait to be read."""
        if self.transport.get_write_buffer_size() <= MOST_UNREAD:
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def handle_pong(self, event: Any) -> None:
        """The answer to a ping of the server is no part of a message."""
        self._arrived -= MASKED_HEAD + len(event.data)
        super().handle_pong(event)

    def _cut(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()
        self.transport.abort()


def trust(scope: MutableMapping[str, Any]) -> None:
    """Let the page of a person send more at once."""
    scope["extensions"].setdefault(LIMIT, {})["bytes"] = LARGEST_MESSAGE
