"""The shop's logo, from its file."""

from __future__ import annotations

from pathlib import Path

from tillhald.domain.preflight import IMAGE_BYTES_MAX, open_image


def read_logo(path: str) -> bytes:
    """The picture's file, whole; empty where none is named.

    Raises OSError, and ValueError for what is no picture.
    """
    if not path:
        return b""
    if Path(path).stat().st_size > IMAGE_BYTES_MAX:
        raise ValueError(f"the picture has more than {IMAGE_BYTES_MAX} bytes")
    content = Path(path).read_bytes()
    open_image(content)
    return content
