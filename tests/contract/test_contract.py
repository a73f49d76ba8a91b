"""The contract is well formed, keeps its promises to released clients, and is served whole."""

from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tillhal.v1
from tillhald.rpc.access import AccessServicer
from tillhald.rpc.backup import BackupServicer
from tillhald.rpc.checkout import CheckoutServicer
from tillhald.rpc.device import DeviceServicer
from tillhald.rpc.drawer import DrawerServicer
from tillhald.rpc.journal import JournalServicer
from tillhald.rpc.power import PowerServicer
from tillhald.rpc.printer import PrinterServicer
from tillhald.rpc.recovery import RecoveryServicer
from tillhald.rpc.scanner import ScannerServicer
from tillhald.rpc.shift import ShiftServicer
from tillhald.rpc.system import SystemServicer
from tillhald.rpc.upgrade import UpgradeServicer

ROOT = Path(__file__).parents[2]
BUF = Path(sys.executable).with_name("buf")
RELEASED = ROOT / "proto/released.binpb"
BUF_S_MAX = 60.0

SERVICERS = {
    "AccessService": AccessServicer,
    "BackupService": BackupServicer,
    "CheckoutService": CheckoutServicer,
    "DeviceService": DeviceServicer,
    "DrawerService": DrawerServicer,
    "JournalService": JournalServicer,
    "PowerService": PowerServicer,
    "PrinterService": PrinterServicer,
    "RecoveryService": RecoveryServicer,
    "ScannerService": ScannerServicer,
    "ShiftService": ShiftServicer,
    "SystemService": SystemServicer,
    "UpgradeService": UpgradeServicer,
}
MODULES = sorted(module.name for module in pkgutil.iter_modules(tillhal.v1.__path__))


def buf(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BUF), *arguments],
        capture_output=True,
        text=True,
        timeout=BUF_S_MAX,
        check=False,
        cwd=ROOT,
    )


def test_the_contract_passes_the_linter() -> None:
    done = buf("lint")
    assert done.returncode == 0, done.stdout


def test_the_linter_asks_for_comments(tmp_path: Path) -> None:
    (tmp_path / "x.proto").write_text(
        'syntax = "proto3";\npackage tillhal.v1;\nmessage Bare {}\n', encoding="utf-8"
    )
    config = (ROOT / "buf.yaml").read_text().replace("path: proto", "path: .")
    (tmp_path / "buf.yaml").write_text(config)
    done = subprocess.run(
        [str(BUF), "lint"],
        capture_output=True,
        text=True,
        timeout=BUF_S_MAX,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode != 0
    assert "comment" in done.stdout


@pytest.mark.skipif(not RELEASED.exists(), reason="nothing was released: no proto/released.binpb")
def test_nothing_that_was_released_has_been_taken_away() -> None:
    done = buf("breaking", "--against", str(RELEASED))
    assert done.returncode == 0, done.stdout


def test_generated_code_loads_without_a_warning() -> None:
    imports = "\n".join(f"import tillhal.v1.{name}" for name in MODULES)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", imports],
        capture_output=True,
        text=True,
        timeout=BUF_S_MAX,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr


def services() -> dict[str, dict[str, bool]]:
    """Of each service its methods, and whether they answer with a stream."""
    found: dict[str, dict[str, bool]] = {}
    for name in MODULES:
        if name.endswith("_pb2"):
            module = importlib.import_module(f"tillhal.v1.{name}")
            for service in module.DESCRIPTOR.services_by_name.values():
                found[service.name] = {m.name: m.server_streaming for m in service.methods}
    return found


def test_every_service_of_the_contract_is_served() -> None:
    assert set(services()) == set(SERVICERS)
    hung = (ROOT / "daemon/tillhald/parts.py").read_text()
    for service in SERVICERS:
        assert f"add_{service}Servicer_to_server" in hung


@pytest.mark.parametrize(
    ("service", "method", "streams"),
    [
        (s, m, streams)
        for s, methods in sorted(services().items())
        for m, streams in methods.items()
    ],
)
def test_every_rpc_has_a_method_of_its_own(service: str, method: str, streams: bool) -> None:
    ours = [kind for kind in SERVICERS[service].__mro__ if kind.__module__.startswith("tillhald.")]
    behave = next((vars(kind)[method] for kind in ours if method in vars(kind)), None)
    assert behave is not None, f"{service}.{method} would answer UNIMPLEMENTED"
    assert inspect.isasyncgenfunction(behave) if streams else inspect.iscoroutinefunction(behave)


def test_every_rpc_has_a_comment_of_its_own() -> None:
    for proto in sorted((ROOT / "proto/tillhal/v1").glob("*.proto")):
        lines = proto.read_text(encoding="utf-8").splitlines()
        for before, line in itertools.pairwise(lines):
            if re.match(r"\s+rpc \w+\(", line):
                assert before.lstrip().startswith("//"), f"{proto.name}: {line}"


def test_reads_are_marked_as_having_no_side_effects() -> None:
    for proto in sorted((ROOT / "proto/tillhal/v1").glob("*.proto")):
        text = proto.read_text(encoding="utf-8")
        for name, end in re.findall(r"rpc ((?:Get|List)\w+)\(\w+\) returns \(\w+\)(.)", text):
            assert end == " ", f"{proto.name}: {name} lacks NO_SIDE_EFFECTS"


OF_A_LEASE = {"RenewClaim", "ReleaseClaim", "AcknowledgeScan", "SoftTrigger"}
"""What concerns a lease alone, which ends with the daemon: nothing of it is answered from the
journal. They may be repeated; a trigger that is pulled twice reads twice, and says so."""
OF_A_SIGN_ON = {"SignOn", "SignOff", "IssueSetupCode"}
"""Each gives something anew that is told once; the one before it ends."""


def test_every_request_that_changes_something_carries_a_request_id() -> None:
    # A check is told as it goes on and done anew when it is asked for again; of two answers to one
    # step the first counts.
    reads = re.compile(
        r"(Get|List|Watch|WaitFor|Validate|Verify|CheckHealth|CheckBackup|AnswerHealthStep|Preflight"
        r"|Reconcile|Explain)"
    )
    for name in MODULES:
        if not name.endswith("_pb2"):
            continue
        module = importlib.import_module(f"tillhal.v1.{name}")
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                fields = method.input_type.fields_by_name
                if method.name == "StageBundle":  # in the first message of its stream
                    fields = fields["bundle"].message_type.fields_by_name
                without = bool(reads.match(method.name)) or method.name in OF_A_LEASE | OF_A_SIGN_ON
                assert ("request_id" in fields) != without, method.full_name
