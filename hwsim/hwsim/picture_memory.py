"""The pictures that a printer keeps: in NV memory over the power's end, or until ESC @.

Source: ESC/POS Command Reference, GS ( L and GS 8 L, FS p, FS q, GS *, GS /, GS D.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from hwsim import graphics

NV_BYTES: Final = 384 * 1024
DOWNLOAD_BYTES: Final = 48 * 1024
KEYS_A_BLOCK_MAX: Final = 40

NV_FUNCTIONS: Final = (67, 68)
DOWNLOAD_FUNCTIONS: Final = (83, 84)
BUFFER_FUNCTIONS: Final = (112, 113)
BIT_IMAGE_KEY: Final = b"\0%d"
"""Key of the n-th image of FS q: no GS ( L has it, whose key codes are 32 to 126."""


@dataclass
class Store:
    """Pictures by key code. One that does not fit any more is not kept."""

    capacity: int
    pictures: dict[bytes, Image.Image] = field(default_factory=dict)

    @property
    def free(self) -> int:
        """Bytes that are left."""
        return self.capacity - sum(map(_size, self.pictures.values()))

    def keep(self, key: bytes, picture: Image.Image) -> None:
        """Keep a picture in place of that of the same key."""
        self.pictures.pop(key, None)
        if _size(picture) <= self.free:
            self.pictures[key] = picture

    def keys(self) -> bytes:
        """The key codes of GS ( L, one behind the other."""
        return b"".join(key for key in self.pictures if key[0])


def _size(picture: Image.Image) -> int:
    return 8 + (picture.width + 7) // 8 * picture.height


class PictureMemory:
    """Executes the commands that define, delete and ask; `show` is called with what is to print.

    `show` takes the picture and how many times wider and higher it gets.
    """

    def __init__(
        self, answer: Callable[[bytes], None], show: Callable[[Image.Image, int, int], None]
    ) -> None:
        """Nothing is kept."""
        self._answer = answer
        self._show = show
        self._nv = Store(NV_BYTES)
        self.forget()

    def forget(self) -> None:
        """ESC @ and the power's end: what is not in NV memory is lost."""
        self._download = Store(DOWNLOAD_BYTES)
        self._buffered: Image.Image | None = None
        self._old_download: Image.Image | None = None

    # The commands before GS ( L

    def define_bit_images(self, params: bytes) -> None:
        """FS q: all images of this kind are defined anew."""
        for key in [key for key in self._nv.pictures if not key[0]]:
            del self._nv.pictures[key]
        for number, image in enumerate(graphics.nv_bit_images(params), start=1):
            self._nv.keep(BIT_IMAGE_KEY % number, image)

    def print_bit_image(self, params: bytes) -> None:
        """FS p n m."""
        picture = self._nv.pictures.get(BIT_IMAGE_KEY % params[0])
        self._print(picture, params[1])

    def define_download_image(self, params: bytes) -> None:
        """GS * x y d..."""
        self._old_download = graphics.columns(8 * params[0], 8 * params[1], params[2:])

    def print_download_image(self, params: bytes) -> None:
        """GS / m."""
        self._print(self._old_download, params[0])

    def _print(self, picture: Image.Image | None, mode: int) -> None:
        if picture is not None:
            self._show(picture, 2 if mode & 1 else 1, 2 if mode & 2 else 1)

    # GS ( L, GS 8 L, GS D

    def define_bitmap(self, params: bytes) -> None:
        """GS D: function 67 into NV memory, 83 for this session."""
        store = {67: self._nv, 83: self._download}.get(params[1])
        decoded = graphics.windows_bitmap(params)
        if store is not None and decoded is not None and decoded.key[0]:
            store.keep(decoded.key, decoded.image)

    def execute(self, params: bytes) -> None:
        """A function of GS ( L or GS 8 L; what does not exist or is malformed does nothing."""
        if len(params) < 2 or params[0] != 48:
            return
        function = params[1] + 48 * (params[1] <= 4)
        if function in (*NV_FUNCTIONS, *DOWNLOAD_FUNCTIONS, *BUFFER_FUNCTIONS):
            self._define(function, params)
        elif function == 50:
            picture, self._buffered = self._buffered, None
            self._print(picture, 0)
        elif function in (69, 85) and len(params) >= 6:
            store = self._nv if function == 69 else self._download
            picture = store.pictures.get(params[2:4])
            self._print(picture, (params[4] > 1) + 2 * (params[5] > 1))
        elif function in (65, 66, 81, 82):
            self._delete(function, params)
        else:
            self._tell(function)

    def _define(self, function: int, params: bytes) -> None:
        decoded = graphics.graphics(params)
        if decoded is None:
            return
        if function in BUFFER_FUNCTIONS:
            self._buffered = decoded.image
        elif decoded.key[0]:
            store = self._nv if function in NV_FUNCTIONS else self._download
            store.keep(decoded.key, decoded.image)

    def _delete(self, function: int, params: bytes) -> None:
        store = self._nv if function in (65, 66) else self._download
        if function in (66, 82):
            store.pictures.pop(params[2:4], None)
        elif params[2:5] == b"CLR":
            store.pictures.clear()

    def _tell(self, function: int) -> None:
        if function in (48, 51, 52):
            number = {48: NV_BYTES, 51: self._nv.free, 52: self._download.free}[function]
            self._answer(b"\x37%c%d\x00" % (function, number))
        elif function in (64, 80):
            keys = (self._nv if function == 64 else self._download).keys()
            flag = 0x72 if function == 64 else 0x73
            self._answer(b"\x37%c\x40%b\x00" % (flag, keys[: 2 * KEYS_A_BLOCK_MAX]))
