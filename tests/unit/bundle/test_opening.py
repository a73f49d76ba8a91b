"""A till takes a bundle that is whole and for this machine; any other one is refused with the
reason, and nothing was touched."""

from __future__ import annotations

import io
import os
import platform
import random
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.support import bundles
from tests.support.bundles import (
    DAY_MS,
    NOW_MS,
    Release,
    make,
    members,
    opened,
    refusal,
    resealed,
    small_wheels,
)
from tillhald import VERSION
from tillhald.bundle import layout
from tillhald.bundle.manifest import BundleManifest, must_fit, wheel_named
from tillhald.bundle.opening import Bundle, verified
from tillhald.bundle.trust import Floor
from tillhald.domain.errors import (
    BundleCorrupt,
    BundleNotFound,
    BundleTooNew,
    BundleTooOld,
    BundleUntrusted,
    BundleWrongPlatform,
    BundleWrongPython,
    Refused,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 20_261_122
FLIPS_OF_A_MEMBER = 40
CUTS = 300
MEMBERS = (
    "metadata/1.root.json",
    "metadata/targets.json",
    "metadata/snapshot.json",
    "metadata/timestamp.json",
    "targets/manifest.json",
    "targets/requirements.txt",
    "targets/installer/pip-1.0-py3-none-any.whl",
    "targets/wheels/beside-1.0-py3-none-any.whl",
    "targets/wheels/tillhal-9.0.0-py3-none-any.whl",
)


# --- what is taken


def test_a_bundle_is_opened_and_says_what_it_is(release: Release) -> None:
    with opened(release.path, release.root) as bundle:
        assert bundle.manifest.version == "9.0.0"
        assert (bundle.manifest.schema, bundle.manifest.min_reader) == (1, 1)
        assert sorted(wheel.project for wheel in bundle.wheels.values()) == ["beside", "tillhal"]
        assert (len(bundle.said.signed), bundle.said.threshold) == (2, 2)
        assert bundle.said.expires_ms == NOW_MS + 365 * DAY_MS
        assert bundle.need_bytes > bundle.manifest.installed_bytes > 0
        assert bundle.floor == Floor(*[NOW_MS // 1000] * 3, version="9.0.0")


def test_any_tar_can_look_into_a_bundle(release: Release) -> None:
    assert tuple(name for name, _ in members(release.content)) == MEMBERS
    content = dict(members(release.content))["targets/manifest.json"]
    assert msgspec.json.decode(content, type=BundleManifest).version == "9.0.0"


def test_the_same_wheels_at_the_same_time_give_the_same_bytes(
    release: Release, tmp_path: Path
) -> None:
    make(small_wheels(tmp_path / "wheels"), release.keys, tmp_path / "again.tlb")
    assert (tmp_path / "again.tlb").read_bytes() == release.content


# --- damage


def test_one_flipped_byte_anywhere_is_damage(release: Release) -> None:
    seeded = random.Random(SEED)
    print(f"seed {SEED}")
    places = {
        place
        for start, end in spans(release.content)
        for place in [start, end - 1, *(seeded.randrange(start, end) for _ in range(4))]
    }
    places |= {seeded.randrange(len(release.content)) for _ in range(200)}
    for place in sorted(places):
        changed = bytearray(release.content)
        changed[place] ^= 1 << seeded.randrange(8)
        found = refusal(release.with_content(bytes(changed)), release.root)
        assert found.reason == "BUNDLE_CORRUPT", (place, found.sentence)


def spans(content: bytes) -> Iterator[tuple[int, int]]:
    """Headers, contents, paddings, and the end."""
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        for info in tar.getmembers():
            yield info.offset, info.offset_data
            end = info.offset_data + info.size
            yield info.offset_data, end
            if end % layout.BLOCK:
                yield end, end + -end % layout.BLOCK
    yield len(content) - len(layout.END), len(content)


def test_a_bundle_cut_anywhere_is_damage(release: Release) -> None:
    seeded = random.Random(SEED)
    print(f"seed {SEED}")
    lengths = {0, 1, len(release.content) - 1}
    lengths |= {edge for span in spans(release.content) for edge in span} - {len(release.content)}
    lengths |= {seeded.randrange(len(release.content)) for _ in range(CUTS)}
    for length in sorted(lengths):
        found = refusal(release.with_content(release.content[:length]), release.root)
        assert found.reason == "BUNDLE_CORRUPT", length


def test_more_behind_the_end_is_damage(release: Release) -> None:
    for more in (b"\0", bytes(512), bytes(10_240), b"more"):
        found = refusal(release.with_content(release.content + more), release.root)
        assert found.reason == "BUNDLE_CORRUPT"


def test_another_file_is_no_bundle(release: Release, tmp_path: Path) -> None:
    other = tmp_path / "other.tar"
    with tarfile.open(other, "w") as tar:
        tar.add(Path(__file__), "FORMAT")
    for path in (other, Path(__file__), tmp_path):
        assert isinstance(refusal(path, release.root), BundleCorrupt)
    assert isinstance(refusal(tmp_path / "none.tlb", release.root), BundleNotFound)


def test_a_later_format_is_said_to_be_one(release: Release) -> None:
    later = release.content.replace(b"tillhal bundle 1\n", b"tillhal bundle 2\n", 1)
    found = refusal(release.with_content(later), release.root)
    assert isinstance(found, BundleTooNew)
    assert found.facts == {"found": "2", "expected": "1"}


def test_reading_to_the_end_is_not_done_for_a_header_that_lies_about_its_size(
    release: Release,
) -> None:
    first = layout.BLOCK * 2  # the second member's header
    info = tarfile.TarInfo("metadata/1.root.json")
    info.size = (1 << 33) - 1
    changed = bytearray(release.content)
    changed[first : first + 512] = info.tobuf(tarfile.USTAR_FORMAT)
    assert isinstance(refusal(release.with_content(bytes(changed)), release.root), BundleCorrupt)


# --- somebody who means it: the checksum of the file is right again


@pytest.mark.parametrize("number", range(len(MEMBERS)), ids=MEMBERS)
def test_a_changed_byte_in_any_member_is_not_what_was_signed(
    release: Release, tmp_path: Path, number: int
) -> None:
    seeded = random.Random(SEED + number)
    print(f"seed {SEED + number}")
    contents = members(release.content)
    member, content = contents[number]
    places = {0, len(content) - 1}
    places |= {seeded.randrange(len(content)) for _ in range(FLIPS_OF_A_MEMBER)}
    for place in sorted(places):
        changed = bytearray(content)
        changed[place] ^= 1 << seeded.randrange(8)
        other = [*contents[:number], (member, bytes(changed)), *contents[number + 1 :]]
        found = refusal(resealed(tmp_path / "x.tlb", other), release.root)
        assert isinstance(found, BundleCorrupt | BundleUntrusted | BundleTooOld), (member, place)
        assert found.sentence.endswith("."), found.sentence


def test_a_member_that_nobody_signed_for_and_one_that_is_left_out_are_refused(
    release: Release, tmp_path: Path
) -> None:
    contents = members(release.content)
    more = [*contents, ("targets/wheels/more-1.0-py3-none-any.whl", b"?")]
    found = refusal(resealed(tmp_path / "x.tlb", more), release.root)
    assert isinstance(found, BundleUntrusted)
    assert "more-1.0" in found.sentence
    for left_out, _ in contents:
        fewer = [each for each in contents if each[0] != left_out]
        found = refusal(resealed(tmp_path / "x.tlb", fewer), release.root)
        assert isinstance(found, BundleCorrupt | BundleUntrusted | BundleTooOld), left_out


def test_a_member_that_stands_in_it_twice_is_refused(release: Release, tmp_path: Path) -> None:
    contents = members(release.content)
    for each in contents:
        assert isinstance(
            refusal(resealed(tmp_path / "x.tlb", [*contents, each]), release.root), BundleCorrupt
        )


# --- for this machine


def manifest(**said: str) -> BundleManifest:
    return BundleManifest(
        **{  # type: ignore[arg-type]
            "format": 1,
            "product": "tillhal",
            "version": "9.0.0",
            "schema": 1,
            "min_reader": 1,
            "upgrades_from": "",
            "requires_python": ">=3.11",
            "tags": ("any",),
            "api": "1.0",
            "made_ms": NOW_MS,
            "made_by": "",
            "source": "",
            "installed_bytes": 1,
            "changes": {},
            **said,
        }
    )


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        (["py3-none-win_amd64"], BundleWrongPlatform),
        (["cp311-cp311-macosx_11_0_arm64"], BundleWrongPlatform),
        (["py3-none-manylinux_2_17_s390x"], BundleWrongPlatform),
        ([f"cp27-cp27m-linux_{platform.machine()}"], BundleWrongPython),
        (["py2-none-any"], BundleWrongPython),
        (["py3-none-win_amd64", "py3-none-any"], None),
        (["py2.py3-none-any"], None),
    ],
)
def test_each_thing_in_it_needs_a_wheel_for_this_machine(
    tags: list[str], kind: type[Refused] | None
) -> None:
    wheels = [wheel_named(f"thing-1.0-{tag}.whl") for tag in tags]
    wheels.append(wheel_named("other-1.0-py3-none-any.whl"))
    if kind is None:
        must_fit(manifest(), wheels, VERSION)
        return
    with pytest.raises(kind) as caught:
        must_fit(manifest(), wheels, VERSION)
    assert "thing" in caught.value.sentence
    assert set(caught.value.facts) == {"found", "expected"}


def test_a_bundle_for_another_python_or_a_newer_till_is_refused() -> None:
    with pytest.raises(BundleWrongPython):
        must_fit(manifest(requires_python=">=4"), [], VERSION)
    with pytest.raises(BundleTooNew):
        must_fit(manifest(upgrades_from="0.2.0"), [], "0.1.9")
    must_fit(manifest(upgrades_from="0.2.0"), [], "0.2.0")


def test_a_bundle_for_another_machine_can_be_looked_into_here(
    release: Release, tmp_path: Path
) -> None:
    wheels = small_wheels(tmp_path / "wheels", tag="py3-none-win_amd64")
    make(wheels, release.keys, tmp_path / "x.tlb")
    assert isinstance(refusal(tmp_path / "x.tlb", release.root), BundleWrongPlatform)
    with verified(tmp_path / "x.tlb", release.root, Floor(), NOW_MS) as bundle:
        assert bundle.manifest.tags == ("win_amd64",)


# --- making


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda w: (w / "pip-1.0-py3-none-any.whl").unlink(), "One wheel of pip"),
        (lambda w: (w / "tillhal-9.0.0-py3-none-any.whl").unlink(), "One wheel of tillhal"),
        (lambda w: bundles.wheel(w, "beside", "2.0", {}), "There are 1.0 and 2.0 of beside"),
        (lambda w: (w / "bad-1.0-py3-none-any.whl").write_bytes(b"no"), "is no wheel"),
        (lambda w: (w / "bad.whl").write_bytes(b"no"), "is no wheel"),
    ],
)
def test_wheels_that_make_no_bundle_are_refused_and_nothing_is_left(
    release: Release, tmp_path: Path, spoil, sentence: str
) -> None:
    wheels = small_wheels(tmp_path / "wheels")
    spoil(wheels)
    with pytest.raises(Refused, match=sentence):
        make(wheels, release.keys, tmp_path / "x.tlb")
    assert os.listdir(tmp_path) == ["wheels"]


def test_a_bundle_is_not_written_over(release: Release) -> None:
    with pytest.raises(Refused, match="not written over"):
        make(release.folder / "wheels", release.keys, release.path)
    assert release.path.read_bytes() == release.content


def test_a_bundle_says_the_schema_of_its_program(release: Release, tmp_path: Path) -> None:
    described = make(small_wheels(tmp_path / "w", schema=4), release.keys, tmp_path / "x.tlb")
    assert (described.schema, described.min_reader) == (4, 1)


def test_a_bundle_that_changes_while_it_is_read_is_refused(
    release: Release, tmp_path: Path
) -> None:
    path = release.with_content(release.content)
    bundle: Bundle = opened(path, release.root)
    with bundle:
        name = next(iter(bundle.wheels))
        place = release.content.index(b"PK\x03\x04")
        changed = bytearray(release.content)
        changed[place + 100] ^= 1
        path.write_bytes(bytes(changed))
        with pytest.raises(BundleCorrupt, match="changed while it was read"):
            for each in (name, *bundle.said.files):
                bundle.copy(each, tmp_path / "copied")
