"""How a device stands, as flat facts for a person or a program."""

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from hwsim.relay_drawer import VirtualRelayDrawer
from hwsim.scanner import VirtualScanner
from hwsim.ups.wired import WiredUps
from hwsim.verbs import Device


def state_of(device: Device) -> dict[str, object]:
    """Truths, texts and counts by name; the same names for every device of a kind."""
    match device:
        case VirtualPrinter():
            return _printer(device)
        case VirtualDrawer():
            return _drawer(device)
        case VirtualRelayDrawer():
            state = _drawer(device.drawer)
            return {**state, "plugged": device.plugged, "coil_is_on": device.coil_is_on}
        case VirtualScanner():
            return {
                "plugged": device.plugged,
                "enabled": device.enabled,
                "asleep": device.asleep,
                "scan_count": device.scan_count,
                "beep_count": device.beep_count,
            }
        case WiredUps():
            state = device.ups.status()
            return {**state, "faults": [*device.ups.faults(), *device.wire_faults()]}


def _printer(printer: VirtualPrinter) -> dict[str, object]:
    seen = printer.seen
    return {
        "powered": printer.powered,
        "accepting": printer.accepting,
        "offline": seen.offline,
        "cover_open": seen.cover_open,
        "paper": seen.paper.name.lower(),
        "cutter_error": seen.cutter_error,
        "head_hot": seen.head_hot,
        "broken": seen.broken,
        "feeding": seen.feeding,
        "receipt_count": printer.receipt_count,
        "cut_count": printer.cut_count,
        "plan_errors": list(printer.plan_errors),
    }


def _drawer(drawer: VirtualDrawer) -> dict[str, object]:
    return {
        "is_open": drawer.is_open,
        "open_count": drawer.open_count,
        "stuck": drawer.stuck,
        "ignored_kicks": drawer.ignored_kicks,
        "opens_after_s": drawer.opens_after_s,
        "switch_stuck_at": None
        if drawer.switch_stuck_at is None
        else drawer.switch_stuck_at.name.lower(),
    }
