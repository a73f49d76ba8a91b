"""Bit images in the formats of ESC *, GS v 0, GS ( L, GS *, GS Q, GS D and FS q. Ink is 1.

Source: ESC/POS Command Reference, "Bit image commands" and "Graphics commands".
"""

import io
from typing import Final, NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

BMP_DOTS_MAX: Final = 1 << 23
"""A larger BMP is refused before it is unpacked."""


def raster(width: int, height: int, data: bytes) -> Image.Image:
    """Rows from the top, each padded to whole bytes. Rows without data are left out."""
    row_bytes = (width + 7) // 8
    height = min(height, len(data) // row_bytes) if row_bytes else 0
    if not height:
        return Image.new("1", (0, 0))
    image = Image.frombytes("1", (row_bytes * 8, height), data[: row_bytes * height])
    return image.crop((0, 0, width, height))


def columns(width: int, height: int, data: bytes) -> Image.Image:
    """Columns from the left, each padded to whole bytes, highest bit on top."""
    return raster(height, width, data).transpose(Image.Transpose.TRANSPOSE)


def magnified(image: Image.Image, horizontal: int, vertical: int) -> Image.Image:
    """Each dot `horizontal` wide and `vertical` high."""
    size = (image.width * horizontal, image.height * vertical)
    return image.resize(size, Image.Resampling.NEAREST) if image.width and image.height else image


class Graphics(NamedTuple):
    """A decoded `GS ( L`, `GS 8 L` or `GS D` image and its key code (empty: the print buffer)."""

    key: bytes
    image: Image.Image


def graphics(params: bytes) -> Graphics | None:
    """Functions 67, 68 (NV), 83, 84 (download), 112, 113 (print buffer); None if malformed.

    m fn a kc1 kc2 b xL xH yL yH (c d...) * b defines; m fn a bx by c xL xH yL yH d... fills the
    buffer. An image of two colours is printed in one.
    """
    if len(params) < 11:
        return None
    function = params[1]
    if function in (112, 113):
        width, height = params[6] + 256 * params[7], params[8] + 256 * params[9]
        decode = raster if function == 112 else columns
        image = decode(width, height, params[10:])
        times = [min(times or 1, 2) for times in params[3:5]]
        return Graphics(b"", magnified(image, times[0], times[1]))
    decode = raster if function in (67, 83) else columns
    width, height = params[6] + 256 * params[7], params[8] + 256 * params[9]
    return Graphics(params[3:5], decode(width, height, params[11:]))


def windows_bitmap(params: bytes) -> Graphics | None:
    """GS D m fn a kc1 kc2 b c, then a BMP file; None if it cannot be read."""
    try:
        with Image.open(io.BytesIO(params[7:]), formats=["BMP"]) as file:
            if file.width * file.height > BMP_DOTS_MAX:
                return None
            grey = file.convert("L")
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    ink = ImageOps.invert(grey).point(lambda shade: 255 * (shade >= 128), mode="1")
    return Graphics(params[3:5], ink)


def nv_bit_images(params: bytes) -> list[Image.Image]:
    """FS q: n, then for each xL xH yL yH and x * 8 columns of y bytes."""
    images, at = [], 1
    for _ in range(params[0]):
        width = 8 * (params[at] + 256 * params[at + 1])
        height = 8 * (params[at + 2] + 256 * params[at + 3])
        at += 4
        images.append(columns(width, height, params[at : at + width * height // 8]))
        at += width * height // 8
    return images
