"""A scanner that plays a keyboard, read where the kernel has it, so that it types nowhere else."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable
from typing import Annotated, Final, Literal

import msgspec

from tillhald.devices.categories import BarcodeScanner, ScannerCapabilities
from tillhald.devices.options import Shown
from tillhald.devices.scanner_line import LineScanner
from tillhald.devices.wake import Wake
from tillhald.domain.scan import Symbology
from tillhald.drivers.evdev_scanner.decoder import (
    EVENT,
    KEY_ENTER,
    KEY_KPENTER,
    KEY_TAB,
    KeyDecoder,
)

EVIOCGRAB: Final = 0x40044590
"""_IOW('E', 0x90, int) of <linux/input.h>."""
PREFIX_CHARS_MAX: Final = 16
IDLE_MS_MIN, IDLE_MS_MAX = 50, 5_000
_SUFFIX_KEYS: Final = {
    "enter": frozenset({KEY_ENTER, KEY_KPENTER}),
    "tab": frozenset({KEY_TAB}),
    "none": frozenset[int](),
}


class EvdevScannerOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of one scanner; README.md describes them."""

    device: Shown
    prefix: Shown = ""
    suffix: Literal["enter", "tab", "none"] = "enter"
    idle_ms: Annotated[int, msgspec.Meta(ge=IDLE_MS_MIN, le=IDLE_MS_MAX)] = 500
    symbology_id: bool = True
    symbology: Symbology = Symbology.UNKNOWN

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, what cannot be."""
        if not self.device.startswith("/"):
            message = "device: a path is needed, best one of /dev/input/by-id"
            raise ValueError(message)
        if len(self.prefix) > PREFIX_CHARS_MAX or not self.prefix.isascii():
            message = f"prefix: at most {PREFIX_CHARS_MAX} characters of ASCII"
            raise ValueError(message)


def grab(descriptor: int) -> None:
    """Have the device alone: nothing that is scanned is typed into a window. Raises OSError."""
    try:
        fcntl.ioctl(descriptor, EVIOCGRAB, 1)
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise OSError(errno.EBUSY, "another program has grabbed this device") from error
        raise


class InputDevice:
    """See Line. Events are read whole: the kernel gives as many as fit."""

    def __init__(self, path: str, take: Callable[[int], None] = grab) -> None:
        """`take` makes the device ours alone."""
        self.place = path
        self._take = take
        self._descriptor: int | None = None

    def begin(self) -> None:
        """See Line."""
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        self._descriptor = os.open(self.place, flags)
        self._take(self._descriptor)

    def fileno(self) -> int:
        """See Line."""
        assert self._descriptor is not None, "begin() was called, and close() was not"
        return self._descriptor

    def read(self, count: int) -> bytes:
        """See Line."""
        return os.read(self.fileno(), count - count % EVENT.size)

    def write(self, data: bytes) -> int:
        """See Line. A keyboard takes no bytes."""
        raise OSError(errno.EOPNOTSUPP, f"{len(data)} bytes for a keyboard")

    def close(self) -> None:
        """See Line."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):  # it is gone
                os.close(descriptor)


def connect(
    device_id: str,
    options: EvdevScannerOptions,
    wake: Wake,
    take: Callable[[int], None] = grab,
) -> BarcodeScanner:
    """The scanner; the device is opened by its first `poll`."""
    decoder = KeyDecoder(
        suffix_keys=_SUFFIX_KEYS[options.suffix],
        prefix=options.prefix.encode("ascii"),
        idle_s=options.idle_ms / 1000,
    )
    return LineScanner(
        device_id,
        InputDevice(options.device, take),
        decoder,
        wake,
        ScannerCapabilities(
            symbology_id=options.symbology_id,
            symbology=options.symbology,
            soft_trigger=False,
        ),
    )
