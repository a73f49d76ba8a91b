"""hwsim.v1 and the commands that use it, against a shop that runs."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
import serial
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from PIL import Image

from hwsim.__main__ import main
from hwsim.cli.strip import as_strip
from hwsim.control.server import FILES, ControlServer
from hwsim.shop import Shop
from hwsim.shop_plan import parse
from hwsim.v1 import drawer_pb2 as drawers
from hwsim.v1 import printer_pb2 as printers
from hwsim.v1 import rig_pb2 as rig
from hwsim.v1 import scanner_pb2 as scanners
from hwsim.v1.drawer_pb2_grpc import DrawerServiceStub
from hwsim.v1.printer_pb2_grpc import PrinterServiceStub
from hwsim.v1.rig_pb2_grpc import RigServiceStub
from hwsim.v1.scanner_pb2_grpc import ScannerServiceStub

PLAN = """
[devices.front_printer]
kind = "printer"
[devices.front_drawer]
kind = "drawer"
printer = "front_printer"
shut_after_s = 0
[devices.hand_scanner]
kind = "scanner"
[devices.side_drawer]
kind = "relay_drawer"
"""
ONLINE, CUT = b"\x10\x04\x01", b"\x1dVB\x00"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop(parse(PLAN), tmp_path / "shop") as shop:
        yield shop


@pytest.fixture
def address(shop: Shop) -> Iterator[str]:
    with ControlServer(shop, "127.0.0.1:0") as server:
        yield server.address


@pytest.fixture
def channel(address: str) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(address) as channel:
        yield channel


@pytest.fixture
def host(shop: Shop) -> Iterator[socket.socket]:
    where = shop.find("front_printer").where
    with socket.create_connection((where["host"], where["port"]), timeout=5) as host:
        yield host


def status(host: socket.socket, number: int) -> int:
    host.sendall(b"\x10\x04" + bytes([number]))
    return host.recv(1)[0]


def test_devices_are_listed_with_how_they_are_reached(shop: Shop, channel: grpc.Channel) -> None:
    answer = RigServiceStub(channel).ListDevices(rig.ListDevicesRequest(), timeout=5)
    assert [each.name for each in answer.devices] == list(shop.devices)
    printer, drawer, scanner, relay = answer.devices
    assert (printer.host, printer.port) == ("127.0.0.1", shop.find("front_printer").where["port"])
    assert drawer.printer == "front_printer"
    assert scanner.path == str(shop.folder / "hand_scanner")
    assert relay.kind == rig.DEVICE_KIND_RELAY_DRAWER
    assert MessageToDict(printer.state)["paper"] == "adequate"


def test_a_printer_is_handled_and_a_till_sees_it(
    channel: grpc.Channel, host: socket.socket
) -> None:
    stub = PrinterServiceStub(channel)
    stub.SetCover(printers.SetCoverRequest(open=True))
    assert status(host, 2) & 0x04
    stub.SetPaper(printers.SetPaperRequest(paper=printers.PAPER_END))
    assert status(host, 4) == 0x7E
    stub.SetHealth(printers.SetHealthRequest(health=printers.HEALTH_HEAD_HOT))
    assert status(host, 3) == 0x52
    stub.SetClaims(
        printers.SetClaimsRequest(head_hot=False, broken=True, paper=printers.PAPER_ADEQUATE)
    )
    assert status(host, 3) == 0x32
    assert status(host, 4) == 0x12
    stub.SetAnswers(printers.SetAnswersRequest(instead=[b"\xff"], ignored=["GS r"], delay_ms=1))
    assert status(host, 1) == 0xFF
    stub.Heal(printers.HealRequest())
    assert [status(host, n) for n in (1, 2, 3, 4)] == [0x12] * 4
    stub.SetLink(printers.SetLinkRequest(link=printers.LINK_RESET))
    with pytest.raises(ConnectionResetError):
        host.recv(1)


def test_receipts_come_with_text_picture_and_bytes(
    shop: Shop, channel: grpc.Channel, host: socket.socket
) -> None:
    stub = PrinterServiceStub(channel)
    host.sendall(b"half" + ONLINE)
    host.recv(1)
    assert stub.GetPaper(printers.GetPaperRequest()).png == b""
    host.sendall(b" a receipt\n" + ONLINE)
    host.recv(1)
    paper = stub.GetPaper(printers.GetPaperRequest())
    assert paper.text == "half a receipt\n"
    assert paper.png.startswith(b"\x89PNG")
    host.sendall(CUT)
    found = stub.GetReceipt(printers.GetReceiptRequest(wait_ms=5000))
    assert found.receipt.text == "half a receipt\n"
    assert found.receipt.raw == b"half a receipt\n" + CUT
    assert Path(found.receipt.file).read_bytes() == found.png
    host.sendall(b"torn\n" + ONLINE)
    host.recv(1)
    stub.TearOff(printers.TearOffRequest())
    listed = stub.ListReceipts(printers.ListReceiptsRequest(printer="front_printer")).receipts
    assert [(each.number, each.cut) for each in listed] == [(1, True), (2, False)]


def test_power_goes_at_a_point_of_the_printers_work(
    channel: grpc.Channel, host: socket.socket
) -> None:
    stub = PrinterServiceStub(channel)
    after = printers.Point(lines=2)
    stub.SetPower(printers.SetPowerRequest(on=False, after=after))
    host.sendall(b"1\n2\n3\n")
    with pytest.raises(ConnectionResetError):
        host.recv(1)
    assert stub.GetPaper(printers.GetPaperRequest()).text == "1\n2\n"
    stub.SetPower(printers.SetPowerRequest(on=True))


def test_a_drawer_on_a_printer_and_one_behind_a_relay_are_handled_alike(
    shop: Shop, channel: grpc.Channel, host: socket.socket
) -> None:
    stub = DrawerServiceStub(channel)
    stub.SetDrawerFaults(drawers.SetDrawerFaultsRequest(ignored_kicks=1))
    host.sendall(b"\x1bp\x00\x32\x32" + ONLINE)
    host.recv(1)
    found = stub.GetDrawer(drawers.GetDrawerRequest())
    assert (found.open, found.pulse_count) == (False, 1)
    stub.SetDrawerFaults(drawers.SetDrawerFaultsRequest(switch_stuck_at=drawers.SWITCH_LEVEL_LOW))
    host.sendall(b"\x1bp\x00\x32\x32" + ONLINE)
    assert host.recv(1) == b"\x12"
    assert stub.GetDrawer(drawers.GetDrawerRequest()).open
    stub.MoveDrawer(drawers.MoveDrawerRequest(drawer="side_drawer", open=True))
    assert stub.GetDrawer(drawers.GetDrawerRequest(drawer="side_drawer")).open_count == 1


def test_a_scanner_sends_bytes_and_what_it_was_told_can_be_read(
    shop: Shop, channel: grpc.Channel
) -> None:
    stub = ScannerServiceStub(channel)
    with serial.Serial(str(shop.folder / "hand_scanner"), timeout=5) as till:
        sent = stub.Scan(scanners.ScanRequest(payload=b"\xff\x00", symbology="qr")).sent
        assert till.read(len(sent)) == sent == b"]Q1\xff\x00\r"
        stub.Present(scanners.PresentRequest(payload=b"96385074", symbology="ean8"))
        till.write(b"\x16T\r")
        assert till.read_until(b"\r") == b"]E496385074\r"
    stub.SetScannerLink(scanners.SetScannerLinkRequest(link=scanners.SCANNER_LINK_ASLEEP))
    found = stub.GetScanner(scanners.GetScannerRequest())
    assert found.link == scanners.SCANNER_LINK_ASLEEP
    assert (found.received, found.scan_count) == (b"\x16T\r", 2)


@pytest.mark.parametrize(
    ("call", "code", "details"),
    [
        (
            lambda c: PrinterServiceStub(c).SetCover(printers.SetCoverRequest(printer="x")),
            grpc.StatusCode.NOT_FOUND,
            "there is no device 'x'; there are front_printer, front_drawer",
        ),
        (
            lambda c: PrinterServiceStub(c).SetPaper(printers.SetPaperRequest()),
            grpc.StatusCode.INVALID_ARGUMENT,
            "paper: which?",
        ),
        (
            lambda c: PrinterServiceStub(c).GetReceipt(printers.GetReceiptRequest()),
            grpc.StatusCode.NOT_FOUND,
            "front_printer has no receipt",
        ),
        (
            lambda c: PrinterServiceStub(c).SetLink(
                printers.SetLinkRequest(link=printers.LINK_PLUGGED, path="/dev/lp9")
            ),
            grpc.StatusCode.INVALID_ARGUMENT,
            "this printer has no path",
        ),
        (
            lambda c: DrawerServiceStub(c).GetDrawer(
                drawers.GetDrawerRequest(drawer="hand_scanner")
            ),
            grpc.StatusCode.NOT_FOUND,
            "hand_scanner is no drawer",
        ),
        (
            lambda c: ScannerServiceStub(c).Scan(scanners.ScanRequest(symbology="x")),
            grpc.StatusCode.INVALID_ARGUMENT,
            "unknown symbology 'x'",
        ),
        (
            lambda c: list(
                RigServiceStub(c).RunScenario(rig.RunScenarioRequest(toml="[[step]]\nat_s = 1"))
            ),
            grpc.StatusCode.INVALID_ARGUMENT,
            "step 1.device: it is a device's name\nstep 1.do: it is a verb",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(
    channel: grpc.Channel,
    call: Callable[[grpc.Channel], object],
    code: grpc.StatusCode,
    details: str,
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        call(channel)
    assert refused.value.code() is code
    assert refused.value.details().startswith(details)


def test_events_are_told_from_where_the_caller_left_off(shop: Shop, channel: grpc.Channel) -> None:
    stub = RigServiceStub(channel)
    shop.handle("front_drawer", "open_by_key", {})
    stream = stub.WatchEvents(rig.WatchEventsRequest(after=1), timeout=5)
    first = next(stream)
    assert (first.number, first.event) == (2, "handled")
    values = ParseDict({"code": "96385074", "symbology": "ean8"}, Struct())
    sent = stub.Handle(rig.HandleRequest(device="hand_scanner", do="scan", values=values)).sent
    assert next(stream).event == "handled"
    told = next(stream)
    assert (told.device, told.event) == ("hand_scanner", "code_scanned")
    assert MessageToDict(told.facts) == {"sent": sent.hex()}
    stream.cancel()


def test_a_scenario_runs_and_tells_of_each_step(channel: grpc.Channel) -> None:
    toml = (
        '[[step]]\nat_s = 10\ndevice = "front_printer"\ndo = "flood"\nframes = 2\n'
        '[[step]]\nat_s = 5\ndevice = "front_printer"\ndo = "plug"\nat = "/dev/lp9"\n'
    )
    request = rig.RunScenarioRequest(toml=toml, speed=1000)
    steps = list(RigServiceStub(channel).RunScenario(request, timeout=5))
    assert [(each.at_s, each.do) for each in steps] == [(5, "plug"), (10, "flood")]
    assert steps[0].failure == "this printer has no path: it is on a network"
    assert MessageToDict(steps[1].values) == {"frames": 2}


def test_every_service_is_found_by_reflection(channel: grpc.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    answer = next(stub.ServerReflectionInfo(iter([request])))
    found = {each.name for each in answer.list_services_response.service}
    served = {
        each.full_name for file in FILES for each in file.DESCRIPTOR.services_by_name.values()
    }
    assert len(served) == 5
    assert served < found


# The commands


def hwsim(capsys: pytest.CaptureFixture[str], address: str, *words: str) -> tuple[int, str, str]:
    exit_status = main([*words, "--socket", address])
    said = capsys.readouterr()
    return exit_status, said.out, said.err


def test_a_person_handles_the_shop_from_the_command_line(
    shop: Shop,
    address: str,
    host: socket.socket,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    assert hwsim(capsys, address, "scan", "6901234567892") == (
        0,
        "hand_scanner: sent b']E06901234567892\\r'\n",
        "",
    )
    assert hwsim(capsys, address, "printer", "paper-out")[1] == "front_printer: paper out\n"
    assert status(host, 4) == 0x7E
    _, said, _ = hwsim(capsys, address, "status")
    assert said.splitlines()[0].endswith(": out of paper, 0 receipts")
    hwsim(capsys, address, "printer", "paper-in")
    assert hwsim(capsys, address, "printer", "power-off", "--quietly", "--after-lines", "9")[1] == (
        "front_printer: power off, when it comes to it\n"
    )
    hwsim(capsys, address, "printer", "forget-plans")
    assert hwsim(capsys, address, "drawer", "open-by-key", "--device", "side_drawer")[0] == 0
    assert hwsim(capsys, address, "drawer", "unplug", "--device", "side_drawer")[0] == 0
    assert hwsim(capsys, address, "status")[1].splitlines()[3].endswith("open, 1 times opened")
    host.sendall("晨光\n".encode("gb18030") + ONLINE)
    host.recv(1)
    assert hwsim(capsys, address, "printer", "show")[1] == "晨光\n"
    host.sendall(CUT)
    png = tmp_path / "last.png"
    told = hwsim(capsys, address, "printer", "last", "--wait-s", "5", "--png", str(png), "--json")
    assert json.loads(told[1]) == {"text": "晨光\n", "cut": True, "png": str(png)}
    with Image.open(png) as picture:
        assert picture.width == 512 + 80
    assert hwsim(capsys, address, "printer", "show")[1] == "晨光\n"


def test_what_the_shop_refuses_is_said_in_a_sentence(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hwsim(capsys, address, "drawer", "plug") == (
        1,
        "",
        (
            "hwsim: a drawer cannot `plug`; it can open_by_key, shut, stuck, free, ignore_kicks, "
            "open_late, switch_stuck, switch_free.\n"
        ),
    )
    hwsim(capsys, address, "scanner", "unplug")
    assert hwsim(capsys, address, "scan", "1")[2] == (
        "hwsim: hand_scanner sent nothing: it is unplugged, disabled, or was asleep.\n"
    )
    assert hwsim(capsys, address, "printer", "last")[2] == (
        "hwsim: front_printer has no receipt, or none any more.\n"
    )


def test_without_a_shop_a_person_is_told_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HWSIM_SOCKET", raising=False)
    assert main(["status"]) == 2
    assert capsys.readouterr().err == (
        "hwsim: No shop runs here. Start one with `hwsim shop`, or say --socket, or set "
        "HWSIM_SOCKET.\n"
    )
    monkeypatch.setenv("HWSIM_SOCKET", str(tmp_path / "gone"))
    assert main(["status"]) == 2
    assert "No shop answers at unix:" in capsys.readouterr().err


def test_a_shop_is_found_by_its_folder(
    shop: Shop,
    address: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HWSIM_SOCKET", raising=False)
    monkeypatch.chdir(shop.folder)
    Path("hwsim.json").write_text(json.dumps({"control": address}))
    assert main(["status", "--json"]) == 0
    devices = json.loads(capsys.readouterr().out)["devices"]
    assert devices[0]["state"]["receipt_count"] == 0


def test_a_scenario_is_checked_and_run_from_the_command_line(
    address: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "s.toml"
    file.write_text('[[step]]\nat_s = 2\ndevice = "front_printer"\ndo = "jam"\nafter_cuts = 1\n')
    line = "    2.000 s  front_printer: jam after_cuts=1\n"
    assert main(["scenario", "check", str(file)]) == 0
    assert capsys.readouterr().out == line
    words = ("scenario", "run", str(file), "--speed", "1000")
    assert hwsim(capsys, address, *words) == (0, line, "")
    assert json.loads(hwsim(capsys, address, *words, "--json")[1])["values"] == {"after_cuts": 1}
    file.write_text('[[step]]\nat_s = 2\ndevice = "x"\ndo = "jam"\n')
    assert hwsim(capsys, address, *words)[0] == 1
    assert main(["scenario", "check", str(tmp_path / "none")]) == 1


def test_what_happens_is_told_as_json_lines(
    shop: Shop, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    watching = threading.Thread(
        target=main, args=(["watch", "--json", "--socket", address],), daemon=True
    )
    watching.start()
    seen = ""
    for _ in range(1000):
        shop.handle("front_drawer", "free", {})
        shop.happenings.after(shop.happenings.last, 0.01)
        seen += capsys.readouterr().out
        if seen.count("\n") >= 2:
            break
    told = json.loads(seen.splitlines()[0])
    assert told == {"event": "handled", "device": "front_drawer", "do": "free"}


def test_a_strip_of_paper_is_as_wide_as_its_text() -> None:
    strip = as_strip("晨光\nTotal\n", cut=True).split("\n")
    assert len(strip) == 5
    assert strip[1] == "\x1b[30;107m  晨光" + " " * (32 - 4 + 2) + "\x1b[0m"
    assert "- - " in strip[-1]
    assert "╲╱" in as_strip("x", cut=False)
