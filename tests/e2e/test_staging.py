"""Bundles are taken, checked and built into slots through the RPC, while the till sells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

from tests.support.answers import assert_journal_sound, refusal_of
from tests.support.bundles import keys, make, now_ms, project_wheels, root_of, small_wheels
from tests.support.homes import homed
from tests.support.sales import new_id
from tests.support.upgraded import UpgradedTill
from tillhal import errors
from tillhal.sync import Till as Client
from tillhal.v1 import system_pb2
from tillhal.v1 import upgrade_pb2 as pb
from tillhald.bundle.trust import TrustFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def till() -> Iterator[UpgradedTill]:
    """It runs, and trusts the keys beside it."""
    with homed(UpgradedTill, trial_s=60.0) as one:
        made = keys(one.folder / "keys", now_ms=now_ms())
        TrustFolder(one.home / "identity" / "trust").install(root_of(made))
        one.start()
        yield one


def bundle(folder: Path, version: str = "9.0.0") -> Path:
    """A bundle of a program that can only say its version."""
    path = folder / f"small-{version}.tlb"
    wheels = small_wheels(folder / f"wheels-{version}", version, real_pip=True)
    make(wheels, folder / "keys", path, now_ms=now_ms())
    return path


def staged(till: UpgradedTill, path: Path, request_id: str = "") -> pb.StageResult:
    """What comes of bringing this file."""
    with Client.connect(till.address) as client:
        for step in client.upgrades.stage(file=path, request_id=request_id or new_id()):
            if step.HasField("result"):
                return step.result
    raise AssertionError("there was no result")


def left(till: UpgradedTill) -> list[str]:
    """What lies where bundles and slots are."""
    return sorted(path.name for name in ("inbox", "slots") for path in (till.home / name).glob("*"))


def test_a_bundle_that_is_brought_is_built_once_while_the_till_sells(till: UpgradedTill) -> None:
    path, request_id = bundle(till.folder), new_id()
    first = staged(till, path, request_id)
    assert first.version.version == "9.0.0"
    assert not first.replayed
    again = staged(till, path, request_id)
    assert again.replayed
    assert again.version.slot == first.version.slot
    versions = till.calls.upgrade.GetVersions(pb.GetVersionsRequest())
    assert [each.slot for each in versions.staged] == [first.version.slot]
    assert versions.stage == pb.UPGRADE_STAGE_STAGED
    assert till.sell() == 1
    till.restart()
    assert staged(till, path, request_id).replayed, "also after a restart"


def test_a_bundle_on_a_stick_is_named_by_its_path(till: UpgradedTill) -> None:
    inbox = till.home / "inbox"
    inbox.mkdir(exist_ok=True)
    path = bundle(till.folder).rename(inbox / "new.tlb")
    found = till.calls.upgrade.ListBundles(pb.ListBundlesRequest()).bundles
    assert [(each.path, each.size_bytes) for each in found] == [(str(path), path.stat().st_size)]
    with Client.connect(till.address) as client:
        *_, last = client.upgrades.stage("new.tlb")
        assert last.result.version.version == "9.0.0"
        with pytest.raises(errors.BundleNotFound):
            list(client.upgrades.stage("other.tlb"))


def test_what_is_not_whole_or_not_trusted_is_refused_and_leaves_nothing(
    till: UpgradedTill,
) -> None:
    before, path = left(till), bundle(till.folder)
    content = path.read_bytes()
    spoilt = bytearray(content)
    spoilt[len(content) // 2] ^= 1
    path.write_bytes(bytes(spoilt))
    with pytest.raises(errors.BundleCorrupt):
        staged(till, path)
    strange = till.folder / "strange"
    strange.mkdir()
    keys(strange / "keys", now_ms=now_ms())
    with pytest.raises(errors.BundleUntrusted):
        staged(till, bundle(strange))
    assert left(till) == before
    versions = till.calls.upgrade.GetVersions(pb.GetVersionsRequest())
    assert not versions.staged
    assert till.sell() == 1


def test_bytes_that_are_fewer_or_more_than_were_announced_are_refused(till: UpgradedTill) -> None:
    before = left(till)

    def parts(size: int) -> Iterator[pb.StageBundleRequest]:
        head = pb.BundleToStage(request_id=new_id(), file_name="x.tlb", size_bytes=size)
        yield pb.StageBundleRequest(bundle=head)
        yield pb.StageBundleRequest(chunk=b"x" * 1_000)

    for size, reason in ((1_001, "BUNDLE_CORRUPT"), (999, "FIELD_INVALID")):
        with pytest.raises(grpc.RpcError) as refused:
            list(till.calls.upgrade.StageBundle(parts(size)))
        assert refusal_of(refused.value).reason == reason
    for asked in (
        pb.StageBundleRequest(chunk=b"x"),
        pb.StageBundleRequest(bundle=pb.BundleToStage(request_id=new_id())),
        pb.StageBundleRequest(
            bundle=pb.BundleToStage(request_id=new_id(), file_name="../x", size_bytes=1)
        ),
    ):
        with pytest.raises(grpc.RpcError) as refused:
            list(till.calls.upgrade.StageBundle(iter([asked])))
        assert refusal_of(refused.value).reason == "FIELD_INVALID"
    assert left(till) == before


def test_a_bundle_of_this_program_is_staged_started_and_stays(till: UpgradedTill) -> None:
    path = till.folder / "tillhal-9.0.0.tlb"
    wheels = project_wheels(till.folder / "wheels", "9.0.0")
    make(wheels, till.folder / "keys", path, now_ms=now_ms())
    till.leave_things_open()
    before = till.open_things()
    slot = staged(till, path).version.slot
    ended = till.await_end(till.start_upgrade().upgrade_id)
    assert ended.stage == pb.UPGRADE_STAGE_COMMITTED, ended
    assert till.runs()[0] == slot
    versions = till.calls.upgrade.GetVersions(pb.GetVersionsRequest())
    assert versions.running.version == "9.0.0"
    status = till.calls.system.GetStatus(system_pb2.GetStatusRequest())
    assert status.version == "9.0.0"
    assert till.open_things() == before
    assert till.sell() == 2
    assert_journal_sound(till.calls)
    with pytest.raises(errors.BundleTooOld):
        staged(till, bundle(till.folder, "8.0.0"))
