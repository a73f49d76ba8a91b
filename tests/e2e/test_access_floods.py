"""Floods and broken frames, and a search of everything that is written for marked secrets."""

from __future__ import annotations

import contextlib
import socket
import tarfile
import time
import zipfile
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc_health.v1 import health_pb2

from tests.support.access import (
    OWNERS_PIN,
    REQUIRED,
    STAFF_PIN,
    Guarded,
    a_guarded_till,
    approval,
    bearer,
    sign_on,
)
from tests.support.answers import journal_records, refusal_of, refused
from tests.support.backups import OWNER, restored
from tests.support.raw_http2 import WINDOW, RawPeer
from tests.support.sales import cash_sale, new_id
from tests.support.till import free_port
from tillhal import Till as Client
from tillhal.v1 import access_pb2, backup_pb2, system_pb2
from tillhald.rpc.annex import GUEST_STREAMS_MAX
from tillhald.rpc.server import CONNECTIONS_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.access import Metadata
    from tests.support.till import Calls

BACKUP = """
[backup]
folder = "{}"
recipients = ["{}"]
other_disk = false
"""
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
WAIT_S_MAX = 20.0


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    tcp = f"127.0.0.1:{free_port()}"
    with a_guarded_till(tcp=tcp) as guarded:
        guarded.tcp = tcp
        yield guarded


# --- floods and broken frames


def test_a_flood_is_refused_with_when_to_come_again_and_another_sells_on(guarded: Guarded) -> None:
    flooder = guarded.till.another(guarded.tcp)
    flood = bearer(guarded.token("flooder", access_pb2.ROLE_OBSERVER))
    seller = bearer(guarded.token("seller"))
    ann = sign_on(guarded.api, "ann", metadata=seller)
    get = flooder.access.GetCaller
    running = [get.future(access_pb2.GetCallerRequest(), metadata=flood) for _ in range(120)]
    for _ in range(10):
        guarded.api.checkout.Checkout(cash_sale(), metadata=ann)
    streams = [
        flooder.system.WatchEvents(system_pb2.WatchEventsRequest(from_now=True), metadata=flood)
        for _ in range(40)
    ]
    reasons = []
    for call in running:
        try:
            call.result()
        except grpc.RpcError as error:
            refusal = refusal_of(error)
            assert refusal.code is EXHAUSTED and refusal.has_retry
            reasons.append(refusal.reason)
    held = []
    for stream in streams:
        try:
            next(stream)
            held.append(stream)
        except grpc.RpcError as error:
            reasons.append(refusal_of(error).reason)
    assert len(held) == 32
    assert reasons.count("PEER_BUSY") >= 8 and set(reasons) == {"PEER_BUSY"}
    for stream in held:
        stream.cancel()
    told = [line for line in guarded.till.log_text().splitlines() if '"PEER_BUSY"' in line]
    assert 1 <= len(told) <= 3, told


CHECKOUT = "tillhal.v1.CheckoutService/Checkout"


@contextlib.contextmanager
def raw_peers(address: str, count: int) -> Iterator[list[RawPeer]]:
    peers = [RawPeer(address) for _ in range(count)]
    try:
        yield peers
    finally:
        for peer in peers:
            peer.close()


def a_seller(guarded: Guarded) -> tuple[Calls, Metadata]:
    """A front end on the network with somebody signed on."""
    front = guarded.till.another(guarded.tcp)
    token = bearer(guarded.token(f"front-{new_id()[:8]}"))
    return front, sign_on(front, "ann", metadata=token)


def test_strangers_who_begin_calls_and_end_none_take_nobodys_place(guarded: Guarded) -> None:
    front, ann = a_seller(guarded)
    with raw_peers(guarded.tcp, 30) as peers:
        for peer in peers:
            for _ in range(80):
                peer.begin(CHECKOUT)
            for _ in range(40):
                peer.begin("grpc.health.v1.Health/Check")
        for _ in range(5):
            front.checkout.Checkout(cash_sale(), metadata=ann)


def test_strangers_watch_the_health_as_often_as_there_is_room_and_others_sell_on(
    guarded: Guarded,
) -> None:
    front, ann = a_seller(guarded)
    watching = [
        other.health.Watch(health_pb2.HealthCheckRequest())
        for other in [guarded.till.another(guarded.tcp) for _ in range(3)]
        for _ in range(GUEST_STREAMS_MAX // 2)
    ]
    held = reasons = 0
    for stream in watching:
        try:
            assert next(stream).status == health_pb2.HealthCheckResponse.SERVING
            held += 1
        except grpc.RpcError as error:
            refusal = refusal_of(error)
            assert refusal.reason == "PEER_BUSY"
            assert refusal.facts["streams"] == str(GUEST_STREAMS_MAX)
            reasons += 1
    assert held == GUEST_STREAMS_MAX and reasons == GUEST_STREAMS_MAX // 2
    front.checkout.Checkout(cash_sale(), metadata=ann)
    for stream in watching:
        stream.cancel()


def test_what_a_stranger_sends_is_not_taken_in(guarded: Guarded) -> None:
    size, many = 3 << 20, 40
    with raw_peers(guarded.tcp, 1) as [stranger]:
        streams = [stranger.begin(CHECKOUT) for _ in range(many)]
        stranger.send(streams, size, within_s=0.7)  # refusals come after a second
        assert max(stranger.sent.values()) <= WINDOW
        assert sum(stranger.sent.values()) <= 2 * WINDOW * many
    _, ann = a_seller(guarded)
    with raw_peers(guarded.tcp, 1) as [known]:  # of one who is known all of it is taken
        stream = known.begin(CHECKOUT, ann)
        known.send([stream], size, within_s=WAIT_S_MAX)
        assert known.sent[stream] == 5 + size


def test_connections_are_limited_and_those_that_are_open_sell_on(guarded: Guarded) -> None:
    front, ann = a_seller(guarded)
    front.checkout.Checkout(cash_sale(), metadata=ann)
    with raw_peers(guarded.tcp, CONNECTIONS_MAX + 10) as peers:
        assert 10 <= sum(not peer.is_let_in for peer in peers) < CONNECTIONS_MAX
        front.checkout.Checkout(cash_sale(), metadata=ann)
        guarded.api.system.GetStatus(system_pb2.GetStatusRequest())
    until_s = time.monotonic() + WAIT_S_MAX
    while time.monotonic() < until_s:  # the till notices that they are gone
        with raw_peers(guarded.tcp, 1) as [late]:
            if late.is_let_in:
                return
    pytest.fail("nobody is let in any more")


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
BROKEN = {
    "no preface": b"GET / HTTP/1.1\r\n\r\n",
    "a frame of 16 MiB": PREFACE + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + b"x" * 65_536,
    "settings of a wrong size": PREFACE + b"\x00\x00\x05\x04\x00\x00\x00\x00\x00" + b"x" * 5,
    "headers of no stream": PREFACE + b"\x00\x00\x04\x01\x04\x00\x00\x00\x00" + b"\xff" * 4,
    "headers that are no HPACK": PREFACE
    + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    + b"\x00\x00\x08\x01\x05\x00\x00\x00\x01"
    + b"\xff" * 8,
    "noise": bytes(range(256)) * 64,
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_frames_end_that_connection_and_nothing_else(guarded: Guarded, what: str) -> None:
    host, _, port = guarded.tcp.rpartition(":")
    ann = sign_on(guarded.api, "ann")
    with socket.create_connection((host, int(port)), WAIT_S_MAX) as raw:
        raw.settimeout(WAIT_S_MAX)
        heard = b""
        # The till may hang up at any byte; then there is no connection to be ended.
        with contextlib.suppress(OSError):
            raw.sendall(BROKEN[what])
            raw.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while more := raw.recv(65_536):
                heard += more
    assert b"journal" not in heard
    guarded.api.checkout.Checkout(cash_sale(), metadata=ann)


def test_a_message_that_is_too_large_is_refused_before_its_sender_is_asked_for_more(
    guarded: Guarded,
) -> None:
    call = guarded.api.channel.unary_unary("/tillhal.v1.CheckoutService/Checkout", bytes, bytes)
    with refused(UNAUTHENTICATED, "SIGN_ON_REQUIRED"):
        call(b"x" * (3 << 20))
    ann = sign_on(guarded.api, "ann")
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_TOO_LARGE"):
        call(b"x" * (3 << 20), metadata=ann)
    with pytest.raises(grpc.RpcError) as caught:
        call(b"x" * (5 << 20), metadata=ann)
    assert caught.value.code() is EXHAUSTED  # gRPC's own limit


# --- secrets


def test_no_secret_is_in_any_log_journal_stream_archive_or_backup(tmp_path: Path) -> None:
    marks = {"pin": "817263", "wrong": "728190", "name": "marked-name-4711"}
    with a_guarded_till(
        access=REQUIRED, more=BACKUP.format(tmp_path, OWNER.to_public())
    ) as guarded:
        code_seen = "-"  # the code was used in the set-up; what follows makes another
        admin = guarded.admin()
        owner = sign_on(admin, "owner", OWNERS_PIN)
        put = access_pb2.PutOperatorRequest(
            request_id=new_id(), operator="zoe", role=access_pb2.ROLE_CASHIER
        )
        admin.access.PutOperator(put, metadata=owner)
        pin = access_pb2.SetPinRequest(request_id=new_id(), operator="zoe", pin=marks["pin"])
        admin.access.SetPin(pin, metadata=owner)
        admin.access.IssueSetupCode(access_pb2.IssueSetupCodeRequest())
        code_seen = guarded.code_file.read_text().strip()
        secret = guarded.token("kiosk")
        zoe = sign_on(guarded.api, "zoe", marks["pin"])
        with refused(UNAUTHENTICATED, "SIGN_ON_REFUSED"):
            sign_on(guarded.api, "zoe", marks["wrong"])
        with refused(UNAUTHENTICATED, "SIGN_ON_REFUSED"):
            sign_on(guarded.api, marks["name"], marks["wrong"])
        guarded.api.checkout.Checkout(cash_sale(), metadata=zoe)
        bos = approval(guarded.api, "bo")
        with refused(UNAUTHENTICATED, "FRONT_END_UNKNOWN"):
            guarded.api.system.GetStatus(
                system_pb2.GetStatusRequest(), metadata=bearer("marked-" + "m" * 30)
            )
        told = [repr(one).encode() for one in journal_records(admin)]
        archive = guarded.till.folder / "archive.zip"
        tim = sign_on(admin, "tim")
        with Client.connect(guarded.admin_address) as client:
            client.carry(tim[-1][1])
            client.get_diagnostics(archive)
        backup = backup_pb2.CreateBackupRequest(request_id=new_id())
        (*_, made) = admin.backup.CreateBackup(backup, metadata=tim)
        backed_up = restored(tmp_path / made.result.backup.file_name)
        guarded.till.stop()
        secrets = [
            marks["pin"],
            marks["wrong"],
            marks["name"],
            "marked-",
            STAFF_PIN,
            OWNERS_PIN,
            secret,
            zoe[-1][1],
            bos[0][1],
            tim[-1][1],
            code_seen,
            code_seen.replace("-", ""),
        ]
        files = {
            path.name: path.read_bytes()
            for path in guarded.till.folder.rglob("*")
            if path.is_file() and path.name != guarded.code_file.name
        }
        assert "data.mdb" in files and len(files["stdout-1"]) > 100
        places = {**files, "stream": b"\n".join(told), **unpacked(archive)}
        kept = (backed_up.files, backed_up.by_seq, backed_up.by_key)
        places["backup"] = b"\n".join(value for each in kept for value in each.values())
        assert len(places) > len(files) + 3
        # The search finds what is there: a name that is no secret stands in the journal.
        assert b"zoe" in files["data.mdb"] and b"zoe" in places["backup"]
        found = [
            (secret, name)
            for secret in secrets
            for name, content in places.items()
            if secret.encode() in content
        ]
        assert found == []
        hashes = [name for name, content in places.items() if b"$argon2id$" in content]
        # A restored till must know its operators: behind the owner's key hashes go along.
        assert set(hashes) <= {"data.mdb", "journal.spill", "backup"} and "data.mdb" in hashes


def unpacked(archive: Path) -> dict[str, bytes]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            return {f"archive/{name}": packed.read(name) for name in packed.namelist()}
    with tarfile.open(archive) as packed:
        members = [(each, packed.extractfile(each)) for each in packed.getmembers()]
        return {f"archive/{each.name}": file.read() for each, file in members if file}
