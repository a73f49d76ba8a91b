"""The page of the format is enough to read a backup: its example is read here by what it says."""

from __future__ import annotations

import hashlib
import io
import struct

import msgspec
import pyrage
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pyrage import x25519

from tests.docs.pages import blocks, code_in, page, rows
from tillhald.backup.layout import Ending, Header, Trailer
from tillhald.backup.reading import check_whole, look

FORMAT = page("docs/reference/backup-format.md")
(EXAMPLE,) = (bytes.fromhex(block.text) for block in blocks(FORMAT) if block.info == "hex backup")
(SECRET,) = (block.text.strip() for block in blocks(FORMAT) if "AGE-SECRET" in block.text)
(RECORD,) = (
    bytes.fromhex(block.text)
    for block in blocks(page("docs/reference/journal-format.md"))
    if block.info == "hex record"
)


def test_the_example_is_what_the_page_says_byte_by_byte() -> None:
    assert EXAMPLE[:9] == b"tlbackup\x01"
    (header_bytes,) = struct.unpack_from(">I", EXAMPLE, 9)
    header = msgspec.msgpack.decode(EXAMPLE[13 : 13 + header_bytes])
    assert EXAMPLE[-8:] == b"tlbkend\x01"
    signature = EXAMPLE[-72:-8]
    (trailer_bytes,) = struct.unpack(">I", EXAMPLE[-76:-72])
    trailer = msgspec.msgpack.decode(EXAMPLE[-76 - trailer_bytes : -76])
    signed = b"tillhal.backup.1\0" + hashlib.sha256(EXAMPLE[:-72]).digest()
    Ed25519PublicKey.from_public_bytes(header["signer"]).verify(signature, signed)
    own = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key().public_bytes_raw()
    assert header["signer"] == own
    sealed = EXAMPLE[13 + header_bytes :][: trailer["age_bytes"]]
    assert 13 + header_bytes + len(sealed) + trailer_bytes + 76 == len(EXAMPLE)
    packed = pyrage.decrypt(sealed, [x25519.Identity.from_str(SECRET)])
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(packed)
    assert len(plain) == trailer["plain_bytes"]

    frames = []
    at = 0
    while at < len(plain):
        kind, size = struct.unpack_from(">cI", plain, at)
        frames.append((kind, plain[at + 5 : at + 5 + size]))
        at += 5 + size
    (file_kind, filed), (record_kind, record), (end_kind, ending) = frames
    assert (file_kind, record_kind, end_kind) == (b"F", b"R", b"E")
    assert filed == b"\x09till.toml" + b'[shop]\nstore_id = "store-1"\n'
    count, size = struct.unpack_from(">II", record)
    assert (count, record[8 : 8 + size], len(record)) == (1, RECORD, 8 + size)
    told = msgspec.msgpack.decode(ending)
    assert (told["records"], told["rows"], told["files"]) == (1, 0, 1)


def test_our_code_reads_the_example_the_same() -> None:
    clear = check_whole(io.BytesIO(EXAMPLE))
    assert clear.header == look(io.BytesIO(EXAMPLE)).header
    assert clear.header.identity.store_id == "store-1"


def test_the_page_lists_what_header_trailer_and_ending_hold() -> None:
    for heading, kind in (("Header", Header), ("Trailer", Trailer), ("Ending", Ending)):
        told = {
            code_in(row.cells[0])[0]
            for row in rows(FORMAT)
            if row.heading == heading and row.columns == ("key", "value")
        }
        assert told == {field.name for field in msgspec.structs.fields(kind)}


def test_both_languages_of_the_how_to_have_the_same_code() -> None:
    english, chinese = (
        [(block.info, block.text) for block in blocks(page(f"docs/howto/back-up-to-a-stick{end}"))]
        for end in (".md", ".zh.md")
    )
    assert english == chinese
