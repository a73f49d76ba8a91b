"""The kernel's file system protocol, spoken straight to /dev/fuse: frames to calls on a Volume.

Layouts, numbers and flags are those of the kernel's own header, include/uapi/linux/fuse.h, of
protocol 7.31; all integers are the machine's. No library is needed: mount(2) is all of it.

The kernel's page cache stands between programs and the Volume, as on every disk. A write(2) gets
here before it returns, a write to a mapped page when the kernel writes it back. O_SYNC and O_DSYNC
arrive as a sync after the write.
"""

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Final, TypeAlias

from hwsim.power.volume import BLOCK_BYTES, NAME_BYTES_MAX, Stat, Volume

DEVICE: Final = "/dev/fuse"
WRITE_BYTES_MAX: Final = 1 << 20
_PAGES_MAX: Final = 256
_FRAME_BYTES_MAX: Final = WRITE_BYTES_MAX + 4096
_VALID_S: Final = 3600
"""How long the kernel may remember what it was told: nobody else changes this disk."""

_MS_NOSUID, _MS_NODEV, _MNT_DETACH = 2, 4, 2

_IN_HEADER: Final = struct.Struct("=IIQQIIII")  # length opcode unique node uid gid pid padding
_OUT_HEADER: Final = struct.Struct("=IiQ")  # length error unique
_INIT_IN: Final = struct.Struct("=IIII")  # major minor readahead flags
_INIT_OUT: Final = struct.Struct("=IIIIHHIIHH8I")
_ATTR: Final = struct.Struct("=QQQQQQ10I")
_ATTR_FRONT: Final = struct.Struct("=QII")  # valid_s valid_ns padding
_ENTRY_FRONT: Final = struct.Struct("=QQQQII")  # node generation entry_s attr_s entry_ns attr_ns
_NO_ENTRY: Final = _ENTRY_FRONT.pack(0, 0, _VALID_S, 0, 0, 0) + bytes(_ATTR.size)
_OPEN_OUT: Final = struct.Struct("=QII")  # handle flags padding
_SETATTR_IN: Final = struct.Struct("=IIQQQQQQIIIIIIII")
_WRITE_IN: Final = struct.Struct("=QQIIQII")  # handle offset size flags lock_owner flags padding
_WRITE_OUT: Final = struct.Struct("=II")
_READ_IN: Final = struct.Struct("=QQI")  # handle offset size ...
_CREATE_IN: Final = struct.Struct("=IIII")  # flags mode umask open_flags
_MKNOD_IN: Final = struct.Struct("=IIII")  # mode rdev umask padding
_MKDIR_IN: Final = struct.Struct("=II")  # mode umask
_U64: Final = struct.Struct("=Q")  # a new folder; how many lookups; the handle of a folder
_OPEN_IN: Final = struct.Struct("=II")  # flags open_flags
_RENAME2_IN: Final = struct.Struct("=QII")  # new folder, flags, padding
_FALLOCATE_IN: Final = struct.Struct("=QQQII")  # handle offset length mode padding
_FORGET: Final = struct.Struct("=QQ")  # node lookups
_DIRENT: Final = struct.Struct("=QQII")  # node next_offset name_length type
_STATFS_OUT: Final = struct.Struct("=QQQQQ4I6I")

_INIT_ASYNC_READ, _INIT_BIG_WRITES, _INIT_PARALLEL_DIROPS = 1 << 0, 1 << 5, 1 << 18
_INIT_MAX_PAGES: Final = 1 << 22
_WANTED: Final = _INIT_ASYNC_READ | _INIT_BIG_WRITES | _INIT_PARALLEL_DIROPS | _INIT_MAX_PAGES
_SET_MODE, _SET_UID, _SET_GID, _SET_SIZE, _SET_MTIME, _SET_MTIME_NOW = 1, 2, 4, 8, 32, 256
_OPEN_DIRECT_IO, _OPEN_KEEP_CACHE = 1, 2
_RENAME_NOREPLACE: Final = 1


class Opcode(IntEnum):
    """What the kernel may ask. What is not here it is told that there is none of."""

    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    SETATTR = 4
    SYMLINK = 6
    MKNOD = 8
    MKDIR = 9
    UNLINK = 10
    RMDIR = 11
    RENAME = 12
    LINK = 13
    OPEN = 14
    READ = 15
    WRITE = 16
    STATFS = 17
    RELEASE = 18
    FSYNC = 20
    INIT = 26
    OPENDIR = 27
    READDIR = 28
    RELEASEDIR = 29
    FSYNCDIR = 30
    CREATE = 35
    INTERRUPT = 36
    DESTROY = 38
    BATCH_FORGET = 42
    FALLOCATE = 43
    RENAME2 = 45


_UNANSWERED: Final = {Opcode.FORGET, Opcode.BATCH_FORGET, Opcode.INTERRUPT}

_libc = ctypes.CDLL(None, use_errno=True)


def mount(folder: Path) -> int:
    """Mount a new disk on `folder` and return the device that its requests come from.

    Raise OSError: no device, no right to mount, no such folder.
    """
    device = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode={stat.S_IFDIR | 0o755:o},user_id=0,group_id=0,allow_other"
    flags = ctypes.c_ulong(_MS_NOSUID | _MS_NODEV)
    if _libc.mount(b"hwsim", os.fsencode(folder), b"fuse", flags, options.encode()):
        number = ctypes.get_errno()
        os.close(device)
        raise OSError(number, os.strerror(number), str(folder))
    return device


def unmount(folder: Path) -> None:
    """Take the disk away from `folder`, whoever still uses it; nothing if there is none."""
    _libc.umount2(os.fsencode(folder), _MNT_DETACH)


class Session:
    """One mount of a Volume, from mount(2) to the moment when its device is closed."""

    def __init__(self, folder: Path) -> None:
        """Mount. Nobody is answered before `serve`."""
        self._folder = folder
        self._device = mount(folder)
        self._frame = bytearray(_FRAME_BYTES_MAX)
        self._view = memoryview(self._frame)
        self._listings: dict[int, list[tuple[bytes, int, int]]] = {}
        self._next_listing = 1

    def fileno(self) -> int:
        return self._device

    def close(self) -> None:
        """End the mount. Who waits for an answer, or asks later, is told ENOTCONN."""
        # The device first: then nobody is waited for who wants to write a page back.
        if self._device >= 0:
            os.close(self._device)
            self._device = -1
            unmount(self._folder)

    def serve(self, volume: Volume) -> bool:
        """Take one request and answer it; False when the disk was unmounted."""
        try:
            length = os.readv(self._device, [self._frame])
        except OSError as error:
            # ENOENT: the request was taken back. ENODEV: there is no mount any more.
            if error.errno in {errno.ENOENT, errno.EINTR, errno.EAGAIN}:
                return True
            if error.errno == errno.ENODEV:
                return False
            raise
        _, opcode, unique, node, *_ = _IN_HEADER.unpack_from(self._frame)
        answer: bytes = b""
        number = 0
        call = _CALLS.get(opcode)
        if call is None:
            number = errno.ENOSYS
        else:
            try:
                answer = call(self, volume, node, self._view[_IN_HEADER.size : length])
            except OSError as error:
                number = error.errno or errno.EIO
        if opcode not in _UNANSWERED:
            self._send(unique, number, answer)
        return True

    def _send(self, unique: int, number: int, answer: bytes) -> None:
        header = _OUT_HEADER.pack(_OUT_HEADER.size + len(answer), -number, unique)
        try:
            os.writev(self._device, [header, answer])
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.ENODEV}:  # nobody waits for it any more
                raise

    # --- the disk as a whole

    def init(self, _volume: Volume, _node: int, body: memoryview) -> bytes:
        _, _, readahead, flags = _INIT_IN.unpack_from(body)
        return _INIT_OUT.pack(
            7, 31, readahead, flags & _WANTED, 16, 12, WRITE_BYTES_MAX, 1, _PAGES_MAX, 0, *bytes(8)
        )

    def statfs(self, volume: Volume, _node: int, _body: memoryview) -> bytes:
        free = volume.free_blocks
        return _STATFS_OUT.pack(
            free + volume.blocks, free, free, 1 << 20, 1 << 20,
            BLOCK_BYTES, NAME_BYTES_MAX, BLOCK_BYTES, *bytes(7),
        )  # fmt: skip

    def nothing(self, _volume: Volume, _node: int, _body: memoryview) -> bytes:
        """For what needs no deed: the end of a mount, a file that is closed."""
        return b""

    def refuse(self, _volume: Volume, _node: int, _body: memoryview) -> bytes:
        """For links, symbolic and hard: this disk has none."""
        raise OSError(errno.EPERM, "")

    # --- names

    def lookup(self, volume: Volume, node: int, body: memoryview) -> bytes:
        found = volume.lookup(node, _name(body))
        return _NO_ENTRY if found is None else _entry(found)

    def forget(self, volume: Volume, node: int, body: memoryview) -> bytes:
        (count,) = _U64.unpack_from(body)
        volume.forget(node, count)
        return b""

    def batch_forget(self, volume: Volume, _node: int, body: memoryview) -> bytes:
        for node, count in _FORGET.iter_unpack(body[8:]):
            volume.forget(node, count)
        return b""

    def create(self, volume: Volume, node: int, body: memoryview) -> bytes:
        _, mode, _, _ = _CREATE_IN.unpack_from(body)
        made = volume.create(node, _name(body[_CREATE_IN.size :]), mode)
        return _entry(made) + _OPEN_OUT.pack(0, _OPEN_KEEP_CACHE, 0)

    def mknod(self, volume: Volume, node: int, body: memoryview) -> bytes:
        mode, _, _, _ = _MKNOD_IN.unpack_from(body)
        return _entry(volume.create(node, _name(body[_MKNOD_IN.size :]), mode))

    def mkdir(self, volume: Volume, node: int, body: memoryview) -> bytes:
        mode, _ = _MKDIR_IN.unpack_from(body)
        name = _name(body[_MKDIR_IN.size :])
        return _entry(volume.create(node, name, stat.S_IFDIR | stat.S_IMODE(mode)))

    def remove(self, volume: Volume, node: int, body: memoryview) -> bytes:
        volume.remove(node, _name(body))
        return b""

    def rename(self, volume: Volume, node: int, body: memoryview) -> bytes:
        (new_folder,) = _U64.unpack_from(body)
        name, new_name, _ = bytes(body[_U64.size :]).split(b"\0")
        volume.rename(node, name, new_folder, new_name, replace=True)
        return b""

    def rename2(self, volume: Volume, node: int, body: memoryview) -> bytes:
        new_folder, flags, _ = _RENAME2_IN.unpack_from(body)
        if flags & ~_RENAME_NOREPLACE:
            raise OSError(errno.EINVAL, "")
        name, new_name, _ = bytes(body[_RENAME2_IN.size :]).split(b"\0")
        volume.rename(node, name, new_folder, new_name, replace=not flags)
        return b""

    def open_folder(self, volume: Volume, node: int, _body: memoryview) -> bytes:
        # A listing is kept as it was when the folder was opened: offsets into it stay true while
        # files are removed.
        handle, self._next_listing = self._next_listing, self._next_listing + 1
        self._listings[handle] = volume.entries(node)
        return _OPEN_OUT.pack(handle, 0, 0)

    def read_folder(self, volume: Volume, node: int, body: memoryview) -> bytes:
        handle, offset, size = _READ_IN.unpack_from(body)
        if offset == 0:
            self._listings[handle] = volume.entries(node)
        answer = bytearray()
        for number, (name, ino, mode) in enumerate(self._listings[handle][offset:], offset + 1):
            entry = _DIRENT.pack(ino, number, len(name), stat.S_IFMT(mode) >> 12) + name
            entry += bytes(-len(entry) % 8)
            if len(answer) + len(entry) > size:
                break
            answer += entry
        return bytes(answer)

    def close_folder(self, _volume: Volume, _node: int, body: memoryview) -> bytes:
        (handle,) = _U64.unpack_from(body)
        del self._listings[handle]
        return b""

    # --- what files hold

    def getattr(self, volume: Volume, node: int, _body: memoryview) -> bytes:
        return _attr_out(volume.stat(node))

    def setattr(self, volume: Volume, node: int, body: memoryview) -> bytes:
        fields = _SETATTR_IN.unpack_from(body)
        valid, size, mtime_s, mtime_ns = fields[0], fields[3], fields[6], fields[9]
        mode, uid, gid = fields[11], fields[13], fields[14]
        if (valid & _SET_UID and uid) or (valid & _SET_GID and gid):
            raise OSError(errno.EPERM, "")  # everything on this disk is root's
        if valid & _SET_MODE:
            volume.change_mode(node, mode)
        if valid & _SET_SIZE:
            volume.resize(node, size)
        if valid & _SET_MTIME:
            now = valid & _SET_MTIME_NOW
            volume.set_time(node, None if now else mtime_s * 1_000_000_000 + mtime_ns)
        return _attr_out(volume.stat(node))

    def open(self, volume: Volume, node: int, body: memoryview) -> bytes:
        flags, _ = _OPEN_IN.unpack_from(body)
        volume.open(node, for_writing=flags & os.O_ACCMODE != os.O_RDONLY)
        # Each write to the mark is one request then, and says where it ends.
        how = _OPEN_DIRECT_IO if volume.is_mark(node) else _OPEN_KEEP_CACHE
        return _OPEN_OUT.pack(0, how, 0)

    def read(self, volume: Volume, node: int, body: memoryview) -> bytes:
        _, offset, size = _READ_IN.unpack_from(body)
        return volume.read(node, offset, size)

    def write(self, volume: Volume, node: int, body: memoryview) -> bytes:
        _, offset, size, *_ = _WRITE_IN.unpack_from(body)
        data = bytes(body[_WRITE_IN.size : _WRITE_IN.size + size])
        return _WRITE_OUT.pack(volume.write(node, offset, data), 0)

    def sync(self, volume: Volume, node: int, _body: memoryview) -> bytes:
        volume.sync(node)
        return b""

    def fallocate(self, volume: Volume, node: int, body: memoryview) -> bytes:
        _, offset, length, mode, _ = _FALLOCATE_IN.unpack_from(body)
        if mode:
            raise OSError(errno.EOPNOTSUPP, "")
        volume.reserve(node, offset, length)
        return b""


_Call: TypeAlias = Callable[[Session, Volume, int, memoryview], bytes]

_CALLS: Final[dict[int, _Call]] = {
    Opcode.LOOKUP: Session.lookup,
    Opcode.FORGET: Session.forget,
    Opcode.GETATTR: Session.getattr,
    Opcode.SETATTR: Session.setattr,
    Opcode.SYMLINK: Session.refuse,
    Opcode.MKNOD: Session.mknod,
    Opcode.MKDIR: Session.mkdir,
    Opcode.UNLINK: Session.remove,
    Opcode.RMDIR: Session.remove,
    Opcode.RENAME: Session.rename,
    Opcode.LINK: Session.refuse,
    Opcode.OPEN: Session.open,
    Opcode.READ: Session.read,
    Opcode.WRITE: Session.write,
    Opcode.STATFS: Session.statfs,
    Opcode.RELEASE: Session.nothing,
    Opcode.FSYNC: Session.sync,
    Opcode.INIT: Session.init,
    Opcode.OPENDIR: Session.open_folder,
    Opcode.READDIR: Session.read_folder,
    Opcode.RELEASEDIR: Session.close_folder,
    Opcode.FSYNCDIR: Session.sync,
    Opcode.CREATE: Session.create,
    Opcode.INTERRUPT: Session.nothing,
    Opcode.DESTROY: Session.nothing,
    Opcode.BATCH_FORGET: Session.batch_forget,
    Opcode.FALLOCATE: Session.fallocate,
    Opcode.RENAME2: Session.rename2,
}


def _name(body: memoryview) -> bytes:
    return bytes(body[:-1])  # a zero ends it


def _attr(of: Stat) -> bytes:
    seconds, nanoseconds = divmod(of.time_ns, 1_000_000_000)
    return _ATTR.pack(
        of.ino, of.size, of.blocks * (BLOCK_BYTES // 512),
        seconds, seconds, seconds, nanoseconds, nanoseconds, nanoseconds,
        of.mode, of.links, 0, 0, 0, BLOCK_BYTES, 0,
    )  # fmt: skip


def _attr_out(of: Stat) -> bytes:
    return _ATTR_FRONT.pack(_VALID_S, 0, 0) + _attr(of)


def _entry(of: Stat) -> bytes:
    return _ENTRY_FRONT.pack(of.ino, 0, _VALID_S, _VALID_S, 0, 0) + _attr(of)
