"""Files behind an address, read as a stream: a connection that breaks is taken up where it broke, and half a file is never whole.

The libraries of the web load when an address is read: a check of a recipe reads none.
"""

import contextlib
import io
import re
import time
from collections.abc import Callable
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from schemas import RecipeError
from schemas.globs import alternatives

if TYPE_CHECKING:
    from urllib.request import Request

TRIES = 5  # to go on after a break, in a row without a byte
WAIT_S = 0.5  # before the first of them, doubled each time
TIMEOUT_S = 60.0
WEB = ("http", "https")
AGAIN = (408, 425, 429, 500, 502, 503, 504)  # answers that may be others in a moment


def shown_url(url: str) -> str:
    """An address without what may be secret in it: the user's name and password, and the query that a signature stands in."""
    before, mark, after = url.partition("://")
    if not mark:
        return url
    host, slash, path = after.partition("/")
    return f"{before}://{host.rpartition('@')[2]}{slash}{path}".split("?")[0].split("#")[0]


def keyed_url(url: str) -> str:
    """An address as a key may hold it: of what may be secret in it only a digest."""
    from blake3 import blake3

    shown = shown_url(url)
    return shown if shown == url else f"{shown}#{blake3(url.encode()).hexdigest(16)}"


class ConnectionLost(Exception):
    """An address that stopped giving before its end; the message says where."""


class Remote:
    """One file behind an address, with as much of a Path's face as readers of streams need.

    size: its bytes, None where the server does not say. digest: BLAKE3 of what was read, once it was read to its end.
    """

    def __init__(self, url: str, name: str, fs: Any = None) -> None:
        self.url, self.name, self.fs = url, name, fs
        self.size: int | None = None
        self.digest = ""
        self.mark = ""  # the server's name for this version of the file
        self.begun = False  # it gave something once
        self._waiting: io.BufferedReader | None = None

    @property
    def suffixes(self) -> list[str]:
        """As of a path."""
        return PurePosixPath(self.name).suffixes

    @property
    def suffix(self) -> str:
        """As of a path."""
        return PurePosixPath(self.name).suffix

    def stat(self) -> Any:
        """The size, 1 where it is not known: it may not be empty."""
        return SimpleNamespace(st_size=1 if self.size is None else self.size)

    def open(self, mode: str = "rb") -> io.BufferedReader:
        """The bytes from the beginning, read once to their end. Raises ConnectionLost."""
        waiting, self._waiting = self._waiting, None
        return waiting or io.BufferedReader(_Resumed(self), 1 << 20)

    def find(self) -> None:
        """Begin to read, so that `open` gives what is there. Raises OSError when there is no such file or server."""
        self._waiting = io.BufferedReader(_Resumed(self), 1 << 20)
        self.begun = True

    def begin(self, at: int) -> Any:
        """A stream of the bytes from `at` on. Raises ConnectionLost when the file is no longer the one that was begun."""
        if self.fs is not None:
            stream = self.fs.open(self.url, "rb")
            size = self.fs.size(self.url)
            if self.size is not None and size is not None and size != self.size:
                raise ConnectionLost(f"{shown_url(self.url)} changed while it was read")
            self.size = size
            if at:
                stream.seek(at)
            return stream
        from urllib.request import urlopen

        answer = urlopen(_request(self.url, at), timeout=TIMEOUT_S)
        given = answer.headers
        size = _length(given, at)
        mark = given.get("ETag") or given.get("Last-Modified") or ""
        if at and ((self.mark and mark and mark != self.mark) or (self.size is not None and size is not None and size != self.size)):
            raise ConnectionLost(f"{shown_url(self.url)} changed while it was read")
        self.size, self.mark = size if size is not None else self.size, mark or self.mark
        if at and answer.status != 206:
            _skip(answer, at)
        return answer


def _request(url: str, at: int) -> "Request":
    """A request for the bytes from `at` on; a name and password in the address are sent as such."""
    from base64 import b64encode
    from urllib.parse import unquote, urlsplit, urlunsplit
    from urllib.request import Request

    headers = {"User-Agent": "recipe", "Accept-Encoding": "identity"}
    if at:
        headers["Range"] = f"bytes={at}-"
    parts = urlsplit(url)
    user, mark, host = parts.netloc.rpartition("@")
    if mark:
        headers["Authorization"] = f"Basic {b64encode(unquote(user).encode()).decode()}"
        url = urlunsplit(parts._replace(netloc=host))
    return Request(url, headers=headers)


def _length(headers: Any, at: int) -> int | None:
    """Bytes of the whole file, by the answer to a request from `at` on."""
    whole = str(headers.get("Content-Range") or "").rpartition("/")[2]
    if whole.isdigit():
        return int(whole)
    length = headers.get("Content-Length")
    return int(length) if length is not None and str(length).isdigit() else None


def _skip(stream: Any, count: int) -> None:
    while count > 0:
        piece = stream.read(min(count, 1 << 20))
        if not piece:
            raise OSError("it ended before the place where it broke")
        count -= len(piece)


class _Resumed(io.RawIOBase):
    """The bytes of a Remote, in one pass."""

    def __init__(self, remote: Remote) -> None:
        from blake3 import blake3

        self.remote = remote
        self.at = 0
        self._hash = blake3()
        self._stream: Any = self._opened() if remote.fs is not None else self._retry(lambda: remote.begin(0))

    def _opened(self) -> Any:
        return self.remote.begin(0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._retry(lambda: self._read(len(buffer)))
        buffer[: len(data)] = data
        self.at += len(data)
        self._hash.update(data)
        if not data:
            self.remote.digest = self._hash.hexdigest(16)
        return len(data)

    def _read(self, size: int) -> bytes:
        if self._stream is None:
            self._stream = self.remote.begin(self.at)
        data = cast(bytes, self._stream.read(size))
        if not data and self.remote.size is not None and self.at < self.remote.size:
            raise OSError(f"it ended after {self.at} of {self.remote.size} bytes")
        return data

    def _retry(self, work: Callable[[], Any]) -> Any:
        from http.client import HTTPException
        from urllib.error import HTTPError

        for left in range(TRIES, -1, -1):
            try:
                return work()
            except HTTPError as error:
                if error.code not in AGAIN or not left:
                    raise self._lost(error) from error
            except FileNotFoundError as error:
                raise self._lost(error) from error
            except (OSError, HTTPException, EOFError) as error:
                if not left:
                    raise self._lost(error) from error
            self._drop()
            time.sleep(WAIT_S * 2 ** (TRIES - left))
        raise AssertionError("the last try returns or raises")

    def _lost(self, error: Exception) -> Exception:
        if not self.remote.begun:
            said = getattr(error, "reason", None)  # of urllib's error: what went wrong by itself
            return said if isinstance(said, OSError) else error if isinstance(error, OSError) else OSError(str(error))
        return ConnectionLost(f"{shown_url(self.remote.url)} broke off after {self.at:,} bytes: {error}")

    def _drop(self) -> None:
        stream, self._stream = getattr(self, "_stream", None), None
        if stream is not None:
            from http.client import HTTPException

            with contextlib.suppress(OSError, HTTPException):
                stream.close()

    def close(self) -> None:
        if not self.closed:
            self._drop()
        super().close()


def _install(protocol: str, error: ImportError) -> str:
    """What to install: the extra of recipe that has it, else the packages that fsspec names, each in quotation marks, or that it lacks."""
    if protocol in ("s3", "s3a"):
        return 'pip install "recipe[s3]"'
    if error.name == "fsspec":
        return 'pip install "recipe[train]"'
    named = re.findall(r'"([\w-]+)"', str(error)) or re.findall(r"(?:install|pip install) ([\w-]+)", str(error))
    return f"pip install {' '.join(named or [error.name or protocol])}"


def remote_files(url: str, place: str) -> list[Remote]:
    """The files that an address means: itself, or (not on the web) all that its glob matches, or all in its folder, by name.

    place: the source's field. Raises OSError or ValueError when it cannot be had, RecipeError D105 when the library of its protocol is
    not installed.
    """
    protocol = url.partition("://")[0] if "://" in url else "file"
    path = url.split("?")[0].split("#")[0]
    if protocol in WEB:
        return [Remote(url, PurePosixPath(path).name or "page.html")]
    try:
        import fsspec

        fs, inner = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise RecipeError(
            "D105", f"{protocol}:// needs a library that is not installed: {error}", field=f"{place}.url", fix=_install(protocol, error)
        ) from error
    spread = alternatives(inner)
    if any(mark in inner for mark in "*?[") or len(spread) > 1:
        root = PurePosixPath(inner[: min(inner.find(mark) for mark in "*?[{" if mark in inner)] + "x").parent
        found = sorted({name for each in spread for name in fs.glob(each) if not fs.isdir(name)})
    elif fs.isdir(inner):
        root, found = PurePosixPath(inner), sorted(fs.find(inner))
    else:
        fs.info(inner)
        root, found = PurePosixPath(inner).parent, [inner]
    names = [str(PurePosixPath(name).relative_to(root)) if PurePosixPath(name).is_relative_to(root) else name for name in found]
    shown = [(n, f) for n, f in zip(names, found, strict=True) if not any(part.startswith(".") for part in n.split("/"))]
    if not shown:
        raise FileNotFoundError(f"no file matches {shown_url(url)}")
    return [Remote(f, n, fs) for n, f in shown]
