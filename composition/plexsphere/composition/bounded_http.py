"""uvicorn's HTTP protocol with a bound on a request's head."""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_OCTETS: Final = 64 * 1024
TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
)


class BoundedHttpProtocol(HttpToolsProtocol):
    """
    Answers 431 and closes when a request line with its headers goes beyond 64 KiB.

    The parser keeps a head until it is complete, and anybody may send one without a credential.
    """

    _head_octets = 0
    _reads_head = False

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._reads_head, self._head_octets = True, 0

    def on_headers_complete(self) -> None:
        self._reads_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._reads_head:
            self._head_octets += len(data)
            if self._head_octets > MOST_HEAD_OCTETS and not self.transport.is_closing():
                self.transport.write(TOO_LARGE)
                self.transport.close()
