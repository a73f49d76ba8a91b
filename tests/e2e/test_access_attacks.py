"""What is tried at a till's doors: guessing, stealing, forging, flooding. All of it is refused."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import grpc
import pytest

from tests.support.access import (
    OWNERS_PIN,
    REQUIRED,
    STAFF_PIN,
    Guarded,
    a_guarded_till,
    bearer,
    sign_on,
)
from tests.support.answers import journal_records, refusal_of, refused
from tests.support.nursery import DAEMON, launch
from tests.support.sales import cash_sale, new_id
from tests.support.till import a_till, free_port, short_folder, till_toml
from tillhal.v1 import access_pb2, shift_pb2, system_pb2
from tillhald.domain.access import FAILURES_FREE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
WAIT_S_MAX = 20.0
NOBODYS_UID = 65534


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    tcp = f"127.0.0.1:{free_port()}"
    with a_guarded_till(tcp=tcp) as guarded:
        guarded.tcp = tcp
        yield guarded


def kind_of(path: Path) -> tuple[bool, int]:
    info = path.stat()
    return stat.S_ISSOCK(info.st_mode), stat.S_IMODE(info.st_mode)


# --- sockets and files


def test_sockets_and_the_owners_code_are_for_those_they_are_meant_for() -> None:
    group = "daemon"
    listen = f'[listen]\nunix = "{{folder}}/api.sock"\nunix_mode = "0660"\nunix_group = "{group}"\n'
    with short_folder() as folder:
        toml = till_toml(folder, access=REQUIRED).replace(
            f'[listen]\nunix = "{folder / "api.sock"}"', listen.format(folder=folder)
        )
        from tests.support.till import Till

        till = Till(folder, None, toml)
        try:
            till.start()
            assert kind_of(folder / "api.sock") == (True, 0o660)
            assert (folder / "api.sock").group() == group
            assert kind_of(folder / "admin.sock") == (True, 0o600)
            assert kind_of(folder / "journal.owner-code") == (False, 0o600)
            till.stop()
            assert not (folder / "admin.sock").exists()
        finally:
            till.end()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
def test_another_account_does_not_get_through_the_mode_of_a_socket(guarded: Guarded) -> None:
    folder = guarded.till.folder
    before = folder.stat().st_mode
    folder.chmod(0o755)  # the folder lets everybody look: it is the socket that keeps them out
    program = (
        "import os, socket, sys\n"
        "os.setgroups([]); os.setgid(%d); os.setuid(%d)\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n"
        "        socket.socket(socket.AF_UNIX).connect(path); print('in')\n"
        "    except PermissionError: print('out')\n"
    ) % (NOBODYS_UID, NOBODYS_UID)
    try:
        sockets = [str(folder / name) for name in ("api.sock", "admin.sock")]
        done = subprocess.run(
            [sys.executable, "-I", "-c", program, *sockets],
            capture_output=True,
            text=True,
            timeout=WAIT_S_MAX,
            check=True,
        )
        assert done.stdout.split() == ["out", "out"]
        # The same child gets in where the mode lets it: it is the mode that decides.
        (folder / "api.sock").chmod(0o666)
        done = subprocess.run(
            [sys.executable, "-I", "-c", program, *sockets],
            capture_output=True,
            text=True,
            timeout=WAIT_S_MAX,
            check=True,
        )
        assert done.stdout.split() == ["in", "out"]
    finally:
        (folder / "api.sock").chmod(0o600)
        folder.chmod(before)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('[listen]\ntcp = "0.0.0.0:50051"', "listen.tcp"),
        ('[listen]\ntcp = "192.168.1.5:50051"', "listen.tcp"),
        ('[access]\nmode = "socket"\n[listen]\nunix_mode = "0660"', "listen.unix_mode"),
        ('[access]\nmode = "socket"\n[tls]\nlisten = "0.0.0.0:1"', "tls.listen"),
        ('[tls]\nlisten = "0.0.0.0:50443"', "tls.certificate"),
        ('[tls]\nlisten = "50443"', "tls.listen"),
        ('[tls]\nkey = "/etc/hostname"', "tls.key"),
        ('[access]\nmode = "off"', "access.mode"),
        ("[access]\npin_digits_min = 3", "access.pin_digits_min"),
        ('[listen]\nunix_group = "no such group"', "listen.unix_group"),
        ('[listen]\nunix = "/run/x.sock"\nadmin = "/run/x.sock"', "listen.admin"),
    ],
)
@pytest.mark.parametrize("flag", ["--check-config", "--config"])
def test_what_would_let_strangers_in_is_refused_by_the_check_and_at_the_start(
    tmp_path: Path, flag: str, lines: str, said: str
) -> None:
    file = tmp_path / "till.toml"
    file.write_text(lines + "\n")
    complaints = tmp_path / "complaints"
    with (tmp_path / "out").open("wb") as out, complaints.open("wb") as errors:
        process = launch([*DAEMON, flag, str(file)], dict(os.environ), out, errors)
        try:
            assert process.wait(WAIT_S_MAX) == 78
        finally:
            process.kill()
    assert said in complaints.read_text(encoding="utf-8")


# --- tokens


def test_a_token_that_was_stolen_at_another_front_end_is_worth_nothing(guarded: Guarded) -> None:
    calls = guarded.till.another(guarded.tcp)
    here, there = bearer(guarded.token("here")), bearer(guarded.token("there"))
    ann = sign_on(calls, "ann", metadata=here)
    calls.checkout.Checkout(cash_sale(), metadata=ann)
    with refused(UNAUTHENTICATED, "SIGN_ON_REQUIRED"):
        calls.checkout.Checkout(cash_sale(), metadata=there + ann[1:])
    with refused(UNAUTHENTICATED, "SIGN_ON_REQUIRED"):
        guarded.api.checkout.Checkout(cash_sale(), metadata=ann[1:])


def test_a_forged_token_is_refused_however_near_it_comes(guarded: Guarded) -> None:
    calls = guarded.till.another(guarded.tcp)
    secret = guarded.token("till-screen")
    front = bearer(secret)
    ann = sign_on(calls, "ann", metadata=front)
    true = ann[1][1]
    for forged in (true[:-1], true + "A", true.swapcase(), "", "x" * 43, "A" * 4_000, "ann"):
        with refused(UNAUTHENTICATED, "SIGN_ON_REQUIRED"):
            calls.checkout.Checkout(
                cash_sale(), metadata=(*front, ("tillhal-operator-token", forged))
            )
    for forged in (secret[:-1], secret + "A", true):
        with refused(UNAUTHENTICATED, "FRONT_END_UNKNOWN"):
            calls.system.GetStatus(system_pb2.GetStatusRequest(), metadata=bearer(forged))


def test_after_signing_off_the_token_is_a_replay(guarded: Guarded) -> None:
    calls = guarded.api
    ann = sign_on(calls, "ann")
    calls.checkout.Checkout(cash_sale(), metadata=ann)
    calls.shift.SignOff(shift_pb2.SignOffRequest(), metadata=ann)
    with refused(UNAUTHENTICATED, "SIGN_ON_REQUIRED"):
        calls.checkout.Checkout(cash_sale(), metadata=ann)


def test_a_revoked_token_is_refused_at_once_and_signs_off_who_was_there(guarded: Guarded) -> None:
    calls = guarded.till.another(guarded.tcp)
    front = bearer(guarded.token("lost-tablet"))
    ann = sign_on(calls, "ann", metadata=front)
    watch = calls.system.WatchEvents(system_pb2.WatchEventsRequest(from_now=True), metadata=ann)
    next(watch)
    admin = guarded.admin()
    tim = sign_on(admin, "tim")
    listed = admin.access.ListTokens(access_pb2.ListTokensRequest(), metadata=tim).tokens
    (token_id,) = [one.token_id for one in listed if one.front_end == "lost-tablet"]
    revoke = access_pb2.RevokeTokenRequest(request_id=new_id(), token_id=token_id, reason="lost")
    admin.access.RevokeToken(revoke, metadata=tim)
    with refused(UNAUTHENTICATED, "FRONT_END_UNKNOWN"):
        calls.checkout.Checkout(cash_sale(), metadata=ann)
    guarded.api.checkout.Checkout(cash_sale(), metadata=sign_on(guarded.api, "ann"))
    with refused(UNAUTHENTICATED, "SIGN_ON_REQUIRED"):
        for _ in watch:
            pass


def test_a_token_is_told_once_and_a_retry_has_none(guarded: Guarded) -> None:
    admin = guarded.admin()
    tim = sign_on(admin, "tim")
    request = access_pb2.IssueTokenRequest(
        request_id=new_id(), token_id=new_id(), front_end="kiosk"
    )
    first = admin.access.IssueToken(request, metadata=tim)
    again = admin.access.IssueToken(request, metadata=tim)
    assert len(first.secret) == 43 and not first.replayed
    assert again.replayed and again.secret == ""


def test_sign_ons_and_blocks_hold_over_a_restart() -> None:
    with a_guarded_till() as guarded:
        ann = sign_on(guarded.api, "ann")
        for _ in range(5):
            with refused(UNAUTHENTICATED, "SIGN_ON_REFUSED"):
                sign_on(guarded.api, "bo", "000000")
        with refused(EXHAUSTED, "SIGN_ON_BLOCKED"):
            sign_on(guarded.api, "bo")
        guarded.till.kill()
        guarded.till.start()
        guarded.api.checkout.Checkout(cash_sale(), metadata=ann)
        with refused(EXHAUSTED, "SIGN_ON_BLOCKED") as caught:
            sign_on(guarded.api, "bo")
        assert caught.refusal.has_retry
        assert 1 <= int(caught.refusal.facts["retry_after_s"]) <= 31


# --- guessing


def test_guessing_a_pin_is_blocked_and_nobody_learns_which_names_exist() -> None:
    with a_guarded_till() as guarded:
        front = {
            "ann": bearer(guarded.token("screen-a")),
            "nobody-of-that-name": bearer(guarded.token("screen-b")),
        }
        heard: dict[str, list[tuple[str, str]]] = {}
        for operator, metadata in front.items():
            said = []
            for guess in range(7):
                with pytest.raises(grpc.RpcError) as caught:
                    sign_on(guarded.api, operator, f"{guess}{guess}17", metadata)
                refusal = refusal_of(caught.value)
                said.append((refusal.reason, refusal.sentence))
            heard[operator] = said
        assert heard["ann"] == heard["nobody-of-that-name"]
        assert [reason for reason, _ in heard["ann"]] == ["SIGN_ON_REFUSED"] * 5 + [
            "SIGN_ON_BLOCKED"
        ] * 2
        # The right PIN does not help while it is blocked, and another operator is not.
        with refused(EXHAUSTED, "SIGN_ON_BLOCKED"):
            sign_on(guarded.api, "ann", STAFF_PIN, front["ann"])
        sign_on(guarded.api, "bo", STAFF_PIN, front["ann"])


def test_many_guesses_at_once_are_not_many_guesses(guarded: Guarded) -> None:
    front = bearer(guarded.token("guesser"))
    calls = [
        guarded.api.shift.SignOn.future(
            shift_pb2.SignOnRequest(operator="tim", pin=f"9{guess}31"), metadata=front
        )
        for guess in range(8)
    ]
    # One is hashed; the others come while it is.
    reasons = reasons_of(calls)
    assert reasons.count("SIGN_ON_REFUSED") == failures(guarded, "tim")


def test_nor_are_many_guesses_of_the_pin_that_somebody_wants_to_change(guarded: Guarded) -> None:
    """Whoever sits down at a screen that somebody left signed on has no way around the waits."""
    obi = sign_on(guarded.api, "obi", metadata=bearer(guarded.token("left-alone")))
    calls = [
        guarded.api.access.SetPin.future(
            access_pb2.SetPinRequest(
                request_id=new_id(), operator="obi", pin="739154", current_pin=f"9{guess}31"
            ),
            metadata=obi,
        )
        for guess in range(8)
    ]
    reasons = reasons_of(calls)
    assert 0 < reasons.count("SIGN_ON_REFUSED") == failures(guarded, "obi") <= FAILURES_FREE + 1


def reasons_of(calls: list[grpc.Future]) -> list[str]:
    reasons = []
    for call in calls:
        with pytest.raises(grpc.RpcError) as caught:
            call.result()
        reasons.append(refusal_of(caught.value).reason)
    assert set(reasons) <= {"SIGN_ON_REFUSED", "QUEUE_FULL", "SIGN_ON_BLOCKED"}
    return reasons


def failures(guarded: Guarded, operator: str) -> int:
    """How many wrong PINs of this operator are on record."""
    failed = [
        json.loads(event.facts_json)
        for one in journal_records(guarded.admin())
        for event in one.events
        if event.kind == "SignOnFailed"
    ]
    return sum(one.get("operator") == operator for one in failed)


def test_one_front_end_cannot_try_name_after_name(guarded: Guarded) -> None:
    front = bearer(guarded.token("prober"))
    reasons = []
    for number in range(14):
        with pytest.raises(grpc.RpcError) as caught:
            sign_on(guarded.api, f"name-{number}", "480217", front)
        reasons.append(refusal_of(caught.value).reason)
    assert reasons[:10] == ["SIGN_ON_REFUSED"] * 10
    assert "SIGN_ON_BLOCKED" in reasons[10:]


def test_the_owners_code_is_good_once_and_at_the_admin_socket_alone() -> None:
    with a_till(access=REQUIRED) as till:
        guarded = Guarded(till.start())
        assert '"owner_code_waits"' in till.log_text()
        code = guarded.code_file.read_text()
        assert code.strip() not in till.log_text()
        wanted = access_pb2.RedeemSetupCodeRequest(request_id=new_id(), code=code, pin=OWNERS_PIN)
        with refused(grpc.StatusCode.PERMISSION_DENIED, "ROLE_REQUIRED"):
            guarded.api.access.RedeemSetupCode(wanted)
        admin = guarded.admin()
        wrong = access_pb2.RedeemSetupCodeRequest(
            request_id=new_id(), code="AAAA-BBBB", pin=OWNERS_PIN
        )
        with refused(UNAUTHENTICATED, "SETUP_CODE_WRONG"):
            admin.access.RedeemSetupCode(wrong)
        # A crash before it was used leaves the same code; one that lost the file makes another.
        till.kill()
        till.start()
        assert guarded.code_file.read_text() == code
        till.kill()
        guarded.code_file.unlink()
        till.start()
        assert guarded.code_file.read_text() != code
        admin = guarded.admin()
        with refused(UNAUTHENTICATED, "SETUP_CODE_WRONG"):
            admin.access.RedeemSetupCode(wanted)
        right = access_pb2.RedeemSetupCodeRequest(
            request_id=new_id(), code=guarded.code_file.read_text().lower(), pin=OWNERS_PIN
        )
        admin.access.RedeemSetupCode(right)
        assert not guarded.code_file.exists()
        assert admin.access.RedeemSetupCode(right).replayed
        again = access_pb2.RedeemSetupCodeRequest(
            request_id=new_id(), code=right.code, pin="528417"
        )
        with refused(UNAUTHENTICATED, "SETUP_CODE_WRONG"):
            admin.access.RedeemSetupCode(again)
        # Who has lost the PIN gets a new code, and it does not go over the wire.
        made = admin.access.IssueSetupCode(access_pb2.IssueSetupCodeRequest())
        assert made.file == str(guarded.code_file)
        renewed = access_pb2.RedeemSetupCodeRequest(
            request_id=new_id(), code=guarded.code_file.read_text(), pin="528417"
        )
        admin.access.RedeemSetupCode(renewed)
        sign_on(admin, "owner", "528417")
