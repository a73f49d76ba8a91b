"""A bucket of an S3-compatible object store that backups lie in.

Source: Amazon S3 API Reference (2006-03-01): PutObject, GetObject, HeadObject, DeleteObject,
ListObjectsV2; requests are signed with AWS Signature Version 4, addressed by path. An object
appears whole or not at all, so there are no parts here. The hash of what is sent is signed with
the request: the store refuses what arrives otherwise.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import re
import ssl
import stat
import tomllib
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self, cast
from urllib.parse import quote, urlsplit

from tillhald.backup.folder import LISTED_MAX, by_age
from tillhald.backup.layout import SUFFIX
from tillhald.domain.errors import BackupFailed, BackupTargetFull, BackupTargetMissing, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tillhald.backup.words import BucketTable

ANSWER_S_MAX = 30.0
"""How long the store may keep silent."""
ANSWER_BYTES_MAX = 4 << 20
"""Of an answer that is not an object: a list of a thousand names, or an error."""
OBJECT_BYTES_MAX = 5 << 30
"""What PutObject takes at most; a till fills that with tens of millions of sales."""
CREDENTIALS_BYTES_MAX = 4_096
PIECE_BYTES = 64 << 10
WINDOW_BYTES = 4 << 10
"""What is asked for at least of an object of which a part is wanted."""
NOTHING = hashlib.sha256(b"").hexdigest()
_KEY = re.compile(r"<Key>([^<]*)</Key>")
_NEXT = re.compile(r"<NextContinuationToken>([^<]+)</NextContinuationToken>")
_CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,80})</Code>")
_DENIED = frozenset({401, 403})
_NO_ROOM = frozenset({"QuotaExceeded", "XMinioStorageFull", "EntityTooLarge"})
_INSUFFICIENT_STORAGE = 507
_SAFE = "-_.~"


class Credentials(NamedTuple):
    """Who asks. Never in a log, an error's text or a trace."""

    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return "Credentials(...)"


def read_credentials(path: Path) -> Credentials:
    """From a file in TOML that its owner alone can read. Raises BackupFailed, which repeats
    nothing of its content."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            sentence = f"{path} holds a secret, and others can read it: chmod 600."
            raise BackupFailed(sentence, file=str(path))
        with path.open("rb") as file:
            told = tomllib.loads(file.read(CREDENTIALS_BYTES_MAX).decode())
        found = Credentials(told["access_key_id"], told["secret_access_key"])
    except OSError as error:
        sentence = f"{path} cannot be read: {error.strerror}."
        raise BackupFailed(sentence, file=str(path)) from None
    except (ValueError, KeyError):
        found = Credentials("", "")
    if not all(isinstance(each, str) and each.isascii() and each for each in found):
        sentence = f"{path} does not say access_key_id and secret_access_key, each a text."
        raise BackupFailed(sentence, file=str(path))
    return found


class Bucket:
    """One bucket, and the names in it that begin with the table's prefix.

    A context manager; one connection, opened anew where the store closed it. Raises
    BackupTargetMissing (it is not there, or does not answer), BackupTargetFull, BackupFailed.
    """

    def __init__(self, table: BucketTable, answer_s_max: float = ANSWER_S_MAX) -> None:
        parts = urlsplit(table.endpoint)
        self._table = table
        self._credentials = read_credentials(Path(table.credentials_file))
        self._host = parts.netloc
        self._base = f"{parts.path.rstrip('/')}/{table.bucket}"
        self.place = f"{table.endpoint.rstrip('/')}/{table.bucket}/{table.prefix}"
        if parts.scheme == "https":
            secure = ssl.create_default_context()
            self._http: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.netloc, timeout=answer_s_max, context=secure
            )
        else:
            self._http = http.client.HTTPConnection(parts.netloc, timeout=answer_s_max)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def names(self) -> list[str]:
        """The backups' names, as of a folder."""
        prefix = self._table.prefix
        found: list[str] = []
        token = ""
        while True:
            query = {"list-type": "2", "prefix": prefix, "max-keys": "1000"}
            if token:
                query["continuation-token"] = token
            keys, token = _listed(self._ask("GET", "", query))
            names = (key.removeprefix(prefix) for key in keys if key.startswith(prefix))
            found += (name for name in names if name.endswith(SUFFIX) and "/" not in name)
            if not token or len(found) >= LISTED_MAX:
                return sorted(found, key=by_age)[-LISTED_MAX:]

    def put(
        self,
        name: str,
        file: BinaryIO,
        size_bytes: int,
        sha256: bytes,
        on_progress: Callable[[int, int], None],
    ) -> None:
        """Store the file under the name, whole or not at all. `sha256` is its hash."""
        if size_bytes > OBJECT_BYTES_MAX:
            sentence = f"{name} has more than {OBJECT_BYTES_MAX >> 30} GiB: no store takes it."
            raise BackupFailed(sentence, file_name=name)
        file.seek(0)

        def pieces() -> Iterator[bytes]:
            done = 0
            while piece := file.read(PIECE_BYTES):
                done += len(piece)
                yield piece
                on_progress(done, size_bytes)

        self._ask("PUT", name, {}, body=pieces(), size_bytes=size_bytes, sha256=sha256.hex())

    def sha256_of(self, name: str, on_progress: Callable[[int, int], None]) -> bytes:
        """The hash of what the store gives for this name, read to its end."""
        digest = hashlib.sha256()
        with self._reached(), self._asked("GET", name, {}, {}) as answer:
            size_bytes, done = answer.length or 0, 0
            while piece := answer.read(PIECE_BYTES):
                digest.update(piece)
                done += len(piece)
                on_progress(done, size_bytes)
        return digest.digest()

    def read(self, name: str) -> BinaryIO:
        """What is stored, to look at a part of it."""
        with self._asked("HEAD", name, {}, {}) as answer:
            size_bytes = int(answer.headers["content-length"] or 0)
        return cast("BinaryIO", _Stored(self, name, size_bytes))

    def part(self, name: str, start: int, size: int) -> bytes:
        """Up to `size` bytes from `start` on; `size` is at most ANSWER_BYTES_MAX."""
        headers = {"range": f"bytes={start}-{start + size - 1}"}
        return self._ask("GET", name, {}, headers=headers)[:size]

    def remove(self, name: str) -> None:
        """Remove it, if it is there."""
        self._ask("DELETE", name, {})

    def _ask(
        self,
        method: str,
        name: str,
        query: dict[str, str],
        *,
        headers: dict[str, str] | None = None,
        body: Iterator[bytes] | None = None,
        size_bytes: int = 0,
        sha256: str = NOTHING,
    ) -> bytes:
        """The answer's content, of ANSWER_BYTES_MAX at most."""
        extra = dict(headers or {})
        if body is not None:
            extra["content-length"] = str(size_bytes)
        with self._reached(), self._asked(method, name, query, extra, body, sha256) as answer:
            return answer.read(ANSWER_BYTES_MAX)

    def _asked(
        self,
        method: str,
        name: str,
        query: dict[str, str],
        extra: dict[str, str],
        body: Iterator[bytes] | None = None,
        sha256: str = NOTHING,
    ) -> http.client.HTTPResponse:
        path = self._base + (f"/{self._table.prefix}{name}" if name else "")
        target = quote(path, safe="/" + _SAFE)
        asked = "&".join(f"{key}={quote(query[key], safe=_SAFE)}" for key in sorted(query))
        now = datetime.now(tz=UTC)
        headers = {
            "host": self._host,
            "x-amz-content-sha256": sha256,
            "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
        }
        signed = _authorization(
            self._credentials, self._table.region, now, (method, target, asked), headers
        )
        # What is not read to its end cannot be asked anything else on the same connection.
        self._http.close()

        with self._reached():
            self._http.request(
                method,
                f"{target}?{asked}" if asked else target,
                body=body,
                headers={**headers, **extra, "authorization": signed},
            )
            answer = self._http.getresponse()
            content = b"" if answer.status // 100 == 2 else answer.read(PIECE_BYTES)  # noqa: PLR2004
        if answer.status // 100 != 2:  # noqa: PLR2004 - done
            raise self._refusal(answer.status, content)
        return answer

    @contextlib.contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            sentence = f"The store at {self._host} does not answer."
        except ssl.SSLCertVerificationError as error:
            sentence = f"The store at {self._host} is not proven: {error.verify_message}."
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            sentence = f"The store at {self._host} cannot be reached, or broke off: {why}."
        else:
            return
        raise BackupTargetMissing(sentence, folder=self.place)

    def _refusal(self, status: int, content: bytes) -> Refused:
        found = _CODE.search(content)
        code = found[1].decode() if found else ""
        told = f"{code}, " * bool(code) + f"status {status}"
        if code == "NoSuchBucket" or (status == http.client.NOT_FOUND and not code):
            sentence = f"The store has no bucket {self._table.bucket} ({told})."
            return BackupTargetMissing(sentence, folder=self.place)
        if status in _DENIED:
            sentence = f"The store refuses these credentials, or this till's clock ({told})."
            return BackupFailed(sentence, folder=self.place)
        if status == _INSUFFICIENT_STORAGE or code in _NO_ROOM:
            return BackupTargetFull(f"The store has no room ({told}).", folder=self.place)
        if status >= http.client.INTERNAL_SERVER_ERROR:
            return BackupTargetMissing(f"The store is in trouble ({told}).", folder=self.place)
        return BackupFailed(f"The store refuses it ({told}).", folder=self.place)


class _Stored:
    """A stored object, as a file of which parts are read."""

    def __init__(self, bucket: Bucket, name: str, size_bytes: int) -> None:
        self._bucket = bucket
        self._name = name
        self._size = size_bytes
        self._at = 0
        self._held_at = 0
        self._held = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (self._size if whence else 0)
        return self._at

    def read(self, size: int) -> bytes:
        size = max(0, min(size, self._size - self._at))
        inside = self._at - self._held_at
        if size and not 0 <= inside <= len(self._held) - size:
            # The clear parts lie in front and behind: what is near is asked for next.
            start = max(0, min(self._at, self._size - WINDOW_BYTES))
            wanted = min(max(WINDOW_BYTES, self._at + size - start), self._size - start)
            self._held = self._bucket.part(self._name, start, wanted)
            self._held_at, inside = start, self._at - start
        piece = self._held[inside : inside + size]
        self._at += len(piece)
        return piece


def _listed(content: bytes) -> tuple[list[str], str]:
    """The keys of an answer to ListObjectsV2, and where the next page begins, if any."""
    text = content.decode(errors="replace")
    token = _NEXT.search(text)
    return [unescape(key) for key in _KEY.findall(text)], unescape(token[1]) if token else ""


def _authorization(
    credentials: Credentials,
    region: str,
    now: datetime,
    asked: tuple[str, str, str],
    headers: dict[str, str],
) -> str:
    """The header `authorization`. Source: AWS Signature Version 4, "Create a signed request"."""
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = "\n".join((*asked, lines, names, headers["x-amz-content-sha256"]))
    scope = f"{now:%Y%m%d}/{region}/s3/aws4_request"
    told = ("AWS4-HMAC-SHA256", headers["x-amz-date"], scope, _sha256(canonical))
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, "\n".join(told).encode(), "sha256").hex()
    who = f"{credentials.access_key_id}/{scope}"
    return f"AWS4-HMAC-SHA256 Credential={who}, SignedHeaders={names}, Signature={signature}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
