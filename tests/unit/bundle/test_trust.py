"""A till takes what enough of those signed whom it trusts, in time, and never goes back."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import DownloadHTTPError, RepositoryError
from tuf.api.metadata import Metadata, MetaFile
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from tests.support import bundles
from tests.support.bundles import (
    DAY_MS,
    NOW_MS,
    TWO_OF_THREE,
    Release,
    make,
    members,
    opened,
    refusal,
    resealed,
    root_of,
    small_wheels,
)
from tillhald.bundle.signing import ROLES, Share, change_keys, make_keys
from tillhald.bundle.trust import Floor, TrustFolder, must_not_be_older, plain_bytes, vouched
from tillhald.domain.errors import (
    BundleExpired,
    BundleTooOld,
    BundleUntrusted,
    Refused,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 20_261_122
FLIPS = 150


# --- signatures


def test_a_bundle_of_others_is_refused(release: Release, tmp_path: Path) -> None:
    others = bundles.keys(tmp_path / "others")
    make(release.folder / "wheels", others, tmp_path / "x.tlb")
    found = refusal(tmp_path / "x.tlb", release.root)
    assert isinstance(found, BundleUntrusted)
    assert isinstance(refusal(release.path, root_of(others)), BundleUntrusted)


def test_one_signature_too_few_is_refused_and_both_numbers_are_said(
    release: Release, tmp_path: Path
) -> None:
    contents = dict(members(release.content))
    metadata = Metadata.from_bytes(contents["metadata/targets.json"])
    metadata.signatures.popitem()
    path = signed_down(contents, metadata, release.keys, tmp_path)
    found = refusal(path, release.root)
    assert isinstance(found, BundleUntrusted)
    assert found.facts == {"found": "1", "expected": "2"}


def signed_down(contents: dict[str, bytes], targets: Metadata, keys: Path, folder: Path) -> Path:
    """The bundle with other targets, and a snapshot and timestamp that are signed for them."""
    below = contents["metadata/targets.json"] = plain_bytes(targets)
    for role in ("snapshot", "timestamp"):
        metadata = Metadata.from_bytes(contents[f"metadata/{role}.json"])
        said = MetaFile.from_data(targets.signed.version, below, ["sha256"])
        if role == "snapshot":
            metadata.signed.meta["targets.json"] = said
        else:
            metadata.signed.snapshot_meta = said
        key = load_pem_private_key((keys / f"{role}-1.pem").read_bytes(), None)
        metadata.sign(CryptoSigner(key))
        below = contents[f"metadata/{role}.json"] = plain_bytes(metadata)
    return resealed(folder / "x.tlb", list(contents.items()))


def test_the_helper_above_makes_a_bundle_that_is_taken_while_nothing_is_missing(
    release: Release, tmp_path: Path
) -> None:
    contents = dict(members(release.content))
    metadata = Metadata.from_bytes(contents["metadata/targets.json"])
    opened(signed_down(contents, metadata, release.keys, tmp_path), release.root).__exit__(
        None, None, None
    )


def test_a_key_of_another_role_does_not_count(release: Release, tmp_path: Path) -> None:
    swapped = tmp_path / "keys"
    swapped.mkdir()
    for path in release.keys.iterdir():
        (swapped / path.name).write_bytes(path.read_bytes())
    for number in (1, 2, 3):
        (swapped / f"targets-{number}.pem").write_bytes(
            (release.keys / f"root-{number}.pem").read_bytes()
        )
    with pytest.raises(Refused, match="2 keys of targets are needed, and 0 that count"):
        make(release.folder / "wheels", swapped, tmp_path / "x.tlb")


# --- time and order


def test_an_expired_bundle_is_refused_by_the_tills_clock(release: Release) -> None:
    last_ms = NOW_MS + 365 * DAY_MS
    with opened(release.path, release.root, now_ms=last_ms - 1000):
        pass
    found = refusal(release.path, release.root, now_ms=last_ms + 1000)
    assert isinstance(found, BundleExpired)
    assert "timestamp" in found.sentence


def test_an_expired_root_is_refused_too(release: Release, tmp_path: Path) -> None:
    make(release.folder / "wheels", release.keys, tmp_path / "x.tlb", days=9_000)
    found = refusal(tmp_path / "x.tlb", release.root, now_ms=NOW_MS + 3_651 * DAY_MS)
    assert isinstance(found, BundleExpired)
    assert "root" in found.sentence


def test_a_till_does_not_go_back_behind_what_it_has_had(release: Release, tmp_path: Path) -> None:
    number = NOW_MS // 1000
    for floor in (
        Floor(timestamp=number + 1),
        Floor(snapshot=number + 1),
        Floor(targets=number + 1),
        Floor(version="9.0.1"),
    ):
        assert isinstance(refusal(release.path, release.root, floor), BundleTooOld), floor
    with opened(release.path, release.root, Floor(number, number, number, "9.0.0")):
        pass


def test_a_release_of_an_older_version_is_refused_although_it_was_signed_later(
    release: Release, tmp_path: Path
) -> None:
    older = small_wheels(tmp_path / "wheels", "8.9.0")
    make(older, release.keys, tmp_path / "x.tlb", now_ms=NOW_MS + 1000)
    with opened(release.path, release.root) as bundle:
        floor = bundle.floor
    found = refusal(tmp_path / "x.tlb", release.root, floor)
    assert isinstance(found, BundleTooOld)
    assert found.facts == {"found": "8.9.0", "expected": "9.0.0"}


def test_versions_are_compared_as_versions() -> None:
    must_not_be_older("1.10.0", Floor(version="1.9.0"))
    with pytest.raises(BundleTooOld):
        must_not_be_older("1.9.0", Floor(version="1.10.0"))


# --- keys are changed


def test_a_till_follows_keys_that_were_changed_properly(release: Release, tmp_path: Path) -> None:
    assert change_keys(release.keys, tmp_path / "new", TWO_OF_THREE, NOW_MS) == 2
    assert change_keys(tmp_path / "new", tmp_path / "newer", bundles.ONE_KEY, NOW_MS) == 3
    make(release.folder / "wheels", tmp_path / "newer", tmp_path / "x.tlb", now_ms=NOW_MS + 9000)
    trust = TrustFolder(tmp_path / "trust")
    trust.install(release.root)
    with opened(tmp_path / "x.tlb", trust.root(), trust.floor()) as bundle:
        assert bundle.said.roots == 3
        trust.remember(bundle.said.root, bundle.floor)
    assert trust.root() == root_of(tmp_path / "newer", 3)
    assert trust.floor() == bundle.floor
    # What the old keys still sign does not count any more.
    found = refusal(release.path, trust.root())
    assert isinstance(found, BundleTooOld)
    with opened(tmp_path / "x.tlb", trust.root(), trust.floor()):
        pass


def test_a_root_that_the_old_keys_did_not_sign_is_not_followed(
    release: Release, tmp_path: Path
) -> None:
    thieves = bundles.keys(tmp_path / "thieves")
    change_keys(thieves, tmp_path / "stolen", bundles.ONE_KEY, NOW_MS)
    make(release.folder / "wheels", tmp_path / "stolen", tmp_path / "x.tlb")
    contents = dict(members((tmp_path / "x.tlb").read_bytes()))
    contents["metadata/1.root.json"] = release.root
    path = resealed(tmp_path / "y.tlb", list(contents.items()))
    assert isinstance(refusal(path, release.root), BundleUntrusted)


def test_a_root_that_one_of_two_old_keys_signed_is_not_followed(
    release: Release, tmp_path: Path
) -> None:
    change_keys(release.keys, tmp_path / "new", TWO_OF_THREE, NOW_MS)
    path = tmp_path / "new" / "2.root.json"
    metadata = Metadata.from_bytes(path.read_bytes())
    old = Metadata.from_bytes(release.root).signed.roles["root"].keyids
    signed_by_old = [keyid for keyid in metadata.signatures if keyid in old]
    assert len(signed_by_old) == 2
    del metadata.signatures[signed_by_old[0]]
    path.write_bytes(plain_bytes(metadata))
    with pytest.raises(BundleUntrusted, match="1 signatures that count; 2 are needed"):
        make(release.folder / "wheels", tmp_path / "new", tmp_path / "x.tlb")


def test_a_till_that_trusts_nobody_takes_nothing(tmp_path: Path, release: Release) -> None:
    trust = TrustFolder(tmp_path / "trust")
    with pytest.raises(BundleUntrusted, match="trusts nobody"):
        trust.root()
    with pytest.raises(BundleUntrusted, match="no root"):
        trust.install(b"{}")
    trust.install(release.root)
    with pytest.raises(FileExistsError):
        trust.install(release.root)


def test_a_floor_only_rises(tmp_path: Path, release: Release) -> None:
    trust = TrustFolder(tmp_path / "trust")
    trust.install(release.root)
    trust.remember(release.root, Floor(5, 6, 7, "1.10.0"))
    trust.remember(release.root, Floor(9, 2, 3, "1.9.0"))
    assert trust.floor() == Floor(9, 6, 7, "1.10.0")


# --- another reader of the same metadata: python-tuf's own client


class FromTheBundle(FetcherInterface):
    def __init__(self, contents: dict[str, bytes]) -> None:
        self._contents = contents

    def _fetch(self, url: str) -> Iterator[bytes]:
        content = self._contents.get(url.removeprefix("bundle:/"))
        if content is None:
            raise DownloadHTTPError("not in the bundle", 404)
        yield content


def tufs_verdict(contents: dict[str, bytes], trust: bytes, folder: Path) -> bool:
    """Whether the reference client takes all that is in it, today."""
    updater = Updater(
        metadata_dir=str(folder / "metadata"),
        metadata_base_url="bundle:/metadata/",
        target_dir=str(folder),
        target_base_url="bundle:/targets/",
        fetcher=FromTheBundle(contents),
        config=UpdaterConfig(prefix_targets_with_hash=False),
        bootstrap=trust,
    )
    try:
        updater.refresh()
        for name in [name for name in contents if name.startswith("targets/")]:
            info = updater.get_targetinfo(name.removeprefix("targets/"))
            if info is None:
                return False
            updater.download_target(info, str(folder / "target"))
    except (RepositoryError, DownloadHTTPError):
        return False
    return True


def test_what_is_taken_here_is_taken_by_the_reference_client_and_the_other_way_round(
    tmp_path: Path,
) -> None:
    # It knows no other time than now.
    now_ms = bundles.now_ms()
    keys = bundles.keys(tmp_path / "keys", TWO_OF_THREE, now_ms=now_ms)
    make(small_wheels(tmp_path / "wheels"), keys, tmp_path / "x.tlb", now_ms=now_ms)
    contents = members((tmp_path / "x.tlb").read_bytes())
    trust = root_of(keys)
    assert tufs_verdict(dict(contents), trust, tmp_path)
    with opened(tmp_path / "x.tlb", trust, now_ms=now_ms):
        pass
    seeded = random.Random(SEED)
    agreed = {True: 0, False: 0}
    for number in range(FLIPS):
        index = seeded.randrange(len(contents))
        name, content = contents[index]
        changed = bytearray(content)
        changed[seeded.randrange(len(content))] ^= 1 << seeded.randrange(8)
        other = [*contents[:index], (name, bytes(changed)), *contents[index + 1 :]]
        folder = tmp_path / str(number)
        folder.mkdir()
        theirs = tufs_verdict(dict(other), trust, folder)
        try:
            opened(resealed(tmp_path / "y.tlb", other), trust, now_ms=now_ms).__exit__(
                None, None, None
            )
            ours = True
        except Refused:
            ours = False
        # What says the same in other bytes, and a root that lies before the trusted one, is refused
        # here and of no interest there; nothing is taken that the reference refuses.
        assert theirs == ours or (theirs and name.startswith("metadata/")), (name, number)
        agreed[theirs == ours] += 1
    print(agreed)
    assert agreed[True] >= 100


def test_vouched_reads_no_clock_and_no_disk(release: Release) -> None:
    metadata = {n: c for n, c in members(release.content) if n.startswith("metadata/")}
    said = vouched(metadata, release.root, Floor(), NOW_MS)
    assert hashlib.sha256(dict(members(release.content))["targets/manifest.json"]).hexdigest() == (
        said.files["manifest.json"].sha256
    )


# --- keys


def test_keys_are_for_their_owner_alone_and_never_written_over(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys", TWO_OF_THREE, NOW_MS)
    pems = sorted(path.name for path in (tmp_path / "keys").glob("*.pem"))
    assert pems == [
        *(f"root-{n}.pem" for n in (1, 2, 3)),
        "snapshot-1.pem",
        *(f"targets-{n}.pem" for n in (1, 2, 3)),
        "timestamp-1.pem",
    ]
    for path in (tmp_path / "keys").glob("*.pem"):
        assert path.stat().st_mode & 0o777 == 0o600
    before = {path: path.read_bytes() for path in (tmp_path / "keys").iterdir()}
    with pytest.raises(Refused, match="already"):
        make_keys(tmp_path / "keys", TWO_OF_THREE, NOW_MS)
    (tmp_path / "keys" / "1.root.json").rename(tmp_path / "root")
    with pytest.raises(Refused, match="not written over"):
        make_keys(tmp_path / "keys", TWO_OF_THREE, NOW_MS)
    for path, content in before.items():
        if path.exists():
            assert path.read_bytes() == content


@pytest.mark.parametrize("share", [Share(1, 2), Share(0, 0), Share(10, 1), Share(3, 0)])
def test_shares_that_nobody_could_sign_with_are_refused(share: Share, tmp_path: Path) -> None:
    with pytest.raises(Refused):
        make_keys(tmp_path / "keys", {**dict.fromkeys(ROLES, Share(1, 1)), "root": share}, NOW_MS)
    assert not (tmp_path / "keys").exists()
