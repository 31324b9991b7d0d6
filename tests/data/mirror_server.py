"""A real HTTP server on the loopback address that misbehaves in the way a test asks for."""

import gzip
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Behaviour = Callable[[BaseHTTPRequestHandler, bytes], None]


def answer(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, announce: int | None = None) -> None:
    """Send a whole answer; `announce` is a wrong Content-Length."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if announce is None else announce))
    handler.end_headers()
    handler.wfile.write(body)


def good(handler, body):
    answer(handler, body)


def not_found(handler, body):
    answer(handler, b"gone", 404)


def failing(handler, body):
    answer(handler, b"sorry", 503)


def html(handler, body):
    answer(handler, b"<!DOCTYPE html><html>Sign in to the network</html>")


def truncated(handler, body):
    answer(handler, body[: len(body) // 2])


def bit_flipped(handler, body):
    flipped = bytearray(body)
    flipped[len(body) // 2] ^= 0x10
    answer(handler, bytes(flipped))


def closing(handler, body):
    answer(handler, body[: len(body) // 2], announce=len(body))


def too_long(handler, body):
    answer(handler, b"", announce=10**12)


def endless(handler, body):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(60):
        handler.wfile.write(bytes(2**20))


def bomb(handler, body):
    answer(handler, gzip.compress(gzip.decompress(body) + bytes(2**23), 9))


def other_content(handler, body):
    changed = bytearray(gzip.decompress(body))
    changed[-1] ^= 1
    answer(handler, gzip.compress(bytes(changed)))


def silent(handler, body):
    time.sleep(0.8)


def dripping(handler, body):
    handler.send_response(200)
    handler.end_headers()
    for position in range(20):
        handler.wfile.write(body[position : position + 1])
        handler.wfile.flush()
        time.sleep(0.1)


def no_http(handler, body):
    handler.wfile.write(b"\0\1\2\3 what?" + b"!" * 1000 + b"\r\n\r\n")


def colourful(handler, body):
    """A refusal with escape sequences, which would colour the terminal and set its title."""
    handler.wfile.write(b"HTTP/1.1 403 \x1b[31mred\x1b]0;x\x07\r\nContent-Length: 0\r\n\r\n")


def trickling(start: bytes, again: bytes) -> Behaviour:
    """Send `start`, and then `again` repeatedly, never so slowly that it counts as silence."""

    def trickle(handler, body):
        handler.wfile.write(start)
        for _ in range(200):
            handler.wfile.write(again)
            time.sleep(0.05)

    return trickle


TRICKLES = {
    "a header": trickling(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "headers": trickling(b"HTTP/1.1 200 OK\r\n", b"X: x\r\n"),
    "to be continued": trickling(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the size of a chunk": trickling(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers": trickling(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", b"X: x\r\n"),
}


def redirecting(location: str, status: int = 302) -> Behaviour:
    def redirect(handler, body):
        handler.send_response(status)
        handler.send_header("Location", location + handler.path.rsplit("/", 1)[-1])
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return redirect


@contextmanager
def serving(
    files: dict[str, bytes], *behaviours: Behaviour, certificate: tuple[Path, Path] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Serve `files` by name; yields the folder's address and the list of the paths asked for.

    The first behaviour answers the first request, and so on; the last one answers all others. With a certificate and
    its key the server speaks TLS.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            name = self.path.rsplit("/", 1)[-1]
            if name not in files:
                answer(self, b"", 404)
                return
            try:
                behaviours[min(len(asked), len(behaviours)) - 1](self, files[name])
            except (BrokenPipeError, ConnectionResetError):
                return  # the client has closed the connection, as it should

        def log_message(self, *arguments):
            """Keep the test's output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}/data/", asked
    finally:
        server.shutdown()
        server.server_close()
