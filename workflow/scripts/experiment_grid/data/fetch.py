"""Bytes from a mirror: file, http and https, with time limits.

For MNIST's four files alone; other sets are downloaded by torchvision, with the handlers and limits that are here
(`torchvision_sets`).
"""

import http.client
import os
import signal
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from experiment_grid.runtime.errors import one_line

BLOCK = 2**16
TEMPORARY = (408, 425, 429, 500, 502, 503, 504)  # statuses that a retry may resolve
ABSENT = (404, 410)
TICK = 0.1  # seconds between two looks at how slow a mirror is
MOST_SAID = 200  # characters of a reason
UNKNOWN_ISSUER = range(18, 22)  # OpenSSL's X509_V_ERR_…: self-signed, or of an issuer that this machine doesn't know
CERTIFICATE = "where you trust its certificate: SSL_CERT_FILE=/that/certificate.pem before the command"


class MirrorError(Exception):
    """A mirror does not deliver a file; the message is the reason, with the mirror's own text made printable."""

    def __str__(self) -> str:
        return one_line(" ".join(super().__str__().split()), MOST_SAID)


class Missing(MirrorError):
    """The mirror answers, and has no such file."""


class Unreachable(MirrorError):
    """The mirror does not answer as it should: another try may help."""


class Slow(MirrorError):
    """The mirror answers too slowly to be tried again."""


@dataclass(frozen=True)
class RetryPolicy:
    """How long a mirror is waited for: seconds, bytes per second."""

    attempts: int = 3
    back_off: float = 1.0  # before the second attempt; twice that before the third
    silence: float = 15.0  # without an answer or a byte
    total: float = 900.0  # for one file
    slowest: float = 2_000.0  # bytes per second on average, judged after twice `silence`


def not_downloaded(what: str, reasons: Sequence[str], files: str) -> str:
    """The message for data that no mirror delivered: a line for each of them, and what else can be done."""
    return "\n".join(
        [
            f"{what} could not be downloaded from any of {len(reasons)} mirrors:",
            *reasons,
            f"Alternatives: a mirror of your own, a folder with {files} (MNIST_MIRROR=file:///folder or https://…, "
            "before the command), or the embedded data without a download (make demo).",
        ]
    )


def attempts(get: Callable[[], None], policy: RetryPolicy) -> None:
    """Call `get` until it succeeds, waiting longer each time it finds the mirror unreachable."""
    for attempt in range(policy.attempts):
        try:
            return get()
        except Unreachable as error:
            if attempt == policy.attempts - 1:
                raise
            wait = policy.back_off * 2**attempt
            print(f"  {error}; trying again in {wait:g} s")
            time.sleep(wait)
    return None


def blocks(address: str, largest: int, policy: RetryPolicy) -> Iterator[bytes]:
    """The bytes behind an address, with progress on stdout; raises MirrorError, also beyond `largest` bytes.

    For the main thread: what takes too long is cut off by a signal, wherever it is.
    """
    started = shown = time.monotonic()
    received, announced = 0, None

    def judge() -> None:
        passed = time.monotonic() - started
        if passed > policy.total:
            raise Slow(f"gave {progress(received, announced)} in {policy.total:g} s")
        if passed > 2 * policy.silence and received < policy.slowest * passed:
            raise Slow(f"slower than {policy.slowest:g} bytes per second")

    with every(TICK, judge):
        stream = _local(address) if urlsplit(address).scheme == "file" else _remote(address, policy)
        announced = next(stream)
        if announced is not None and announced > largest:
            raise MirrorError(f"announces {announced:,} bytes, more than the {largest:,} that it can be")
        for block in stream:
            received += len(block)
            if received > largest:
                raise MirrorError(f"sends more than the {largest:,} bytes that it can be")
            yield block
            now = time.monotonic()
            if now - shown > 2:
                shown = now
                print(f"  {progress(received, announced)}, {received / (now - started) / 1e3:,.0f} kB/s")
    if announced is not None and received < announced:
        raise Unreachable(f"ends after {received:,} of {announced:,} bytes")
    print(f"  {progress(received, announced)} in {time.monotonic() - started:.1f} s")


@contextmanager
def every(seconds: float, call: Callable[[], None]) -> Iterator[None]:
    """Call a function again and again while the block runs; what it raises is raised in the block.

    By a signal: a limit checked between two reads would not stop a mirror that sends headers slowly without end.
    """
    before = signal.signal(signal.SIGALRM, lambda *_: call())
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def progress(received: int, announced: int | None) -> str:
    """How far a download is, in words."""
    if not announced:
        return f"{received / 1e3:,.0f} kB"
    return f"{received / 1e3:,.0f} of {announced / 1e3:,.0f} kB ({received / announced:.0%})"


def local_path(address: str) -> Path:
    """The path that a file: address names."""
    return Path(urllib.request.url2pathname(urlsplit(address).path))


def _local(address: str) -> Iterator[Any]:
    """First the size, then the blocks of a file of this machine."""
    path = local_path(address)
    try:
        if not path.is_file():
            raise Missing("no such file")
        with path.open("rb") as file:
            yield path.stat().st_size
            while block := file.read(BLOCK):
                yield block
    except (OSError, ValueError) as error:
        raise MirrorError(getattr(error, "strerror", None) or str(error)) from error


def _remote(address: str, policy: RetryPolicy) -> Iterator[Any]:
    """First the announced size or None, then the blocks of an answer, each as soon as it arrives."""
    request = urllib.request.Request(address, headers={"Accept-Encoding": "identity", "User-Agent": "experiment-grid"})
    try:
        with _opener().open(request, timeout=policy.silence) as answer:
            announced = answer.headers.get("Content-Length", "")
            left = int(announced) if announced.isdecimal() else None
            yield left
            while left != 0 and (block := answer.read1(BLOCK)):
                left = None if left is None else left - len(block)
                yield block
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise meaning(error, policy) from error


def meaning(error: Exception, policy: RetryPolicy) -> MirrorError:
    """What urllib's exception says of a mirror."""
    match error:
        case MirrorError():
            return error
        case urllib.error.HTTPError():
            kind = Missing if error.code in ABSENT else Unreachable if error.code in TEMPORARY else MirrorError
            return kind(f"answers {error.code} {error.reason}".strip())
        case urllib.error.URLError(reason=ssl.SSLCertVerificationError() as reason):
            advice = f"; {CERTIFICATE}" if reason.verify_code in UNKNOWN_ISSUER else ""
            given = os.environ.get("SSL_CERT_FILE")
            if given and not Path(given).is_file():
                advice = f"; SSL_CERT_FILE is {given!r}, which is not a file"
            return MirrorError(f"{reason.verify_message}{advice}")
        case urllib.error.URLError(reason=FileNotFoundError()):
            return Missing("no such file")
        case urllib.error.URLError():
            kind = MirrorError if isinstance(error.reason, str) else Unreachable
            return kind(_reason(error.reason, policy))
        case OSError() | http.client.HTTPException():
            return Unreachable(_reason(error, policy))
    return MirrorError(str(error))


def _reason(error: BaseException | str, policy: RetryPolicy) -> str:
    if isinstance(error, TimeoutError):
        return f"silent for {policy.silence:g} s"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _opener() -> urllib.request.OpenerDirector:
    """An opener for http and https alone: no redirect to a local file or another protocol is followed."""
    opener = urllib.request.OpenerDirector()
    for handler in handlers():
        opener.add_handler(handler())
    return opener


def handlers() -> list[type[urllib.request.BaseHandler]]:
    """What opens http and https, and nothing else."""
    return [
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ]
