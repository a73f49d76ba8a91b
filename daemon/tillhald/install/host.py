"""The files of a till's host: where each goes, and what the service starts."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import tillhald
from tillhald.install.own_slot import NotInstallable

LAUNCHER = Path("usr/lib/tillhal/launcher")
TILLCTL = Path("usr/local/bin/tillctl")
CONFIG = Path("etc/tillhal/till.toml")
USUAL_HOME = Path("/var/lib/tillhal")
GOES_TO = {
    "sysusers.d/tillhal.conf": "etc/sysusers.d/tillhal.conf",
    "tmpfiles.d/tillhal.conf": "etc/tmpfiles.d/tillhal.conf",
    "udev/60-tillhal.rules": "etc/udev/rules.d/60-tillhal.rules",
    "polkit/60-tillhal.rules": "etc/polkit-1/rules.d/60-tillhal.rules",
    "systemd/logind.conf.d/tillhald.conf": "etc/systemd/logind.conf.d/tillhald.conf",
}
UNIT = "etc/systemd/system/tillhald.service"
_MAIN = """# Starts the till that the boot record names. Nothing but Python's own library is needed.
import sys

from tillhald.boot.launcher import main

sys.exit(main(sys.argv[1:]))
"""
_TILLCTL = """#!{python} -I
# tillctl of the program that the till runs: an upgrade brings its own.
import sys
from pathlib import Path

sys.path.insert(0, "/{launcher}")
from tillhald.boot.command import run

sys.exit(run(Path("{home}"), "tillctl", sys.argv[1:]))
"""
_IN_LAUNCHER = ("__init__.py", "failpoints.py", "boot")


def interpreter() -> Path:
    """The Python that this environment was made of: environments come and go."""
    return Path(os.path.realpath(sys.executable))


def put_launcher(root: Path) -> Path:
    """Copy the launcher under `root`, where the daemon may not write. Its folder."""
    folder = root / LAUNCHER
    source = Path(tillhald.__file__).parent
    if folder.exists():
        shutil.rmtree(folder)
    (folder / "tillhald").mkdir(parents=True)
    for name in _IN_LAUNCHER:
        path, target = source / name, folder / "tillhald" / name
        if path.is_dir():
            shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(path, target)
    (folder / "__main__.py").write_text(_MAIN)
    return folder


def put_host_files(root: Path, shipped: Path, home: Path) -> list[Path]:
    """Put the host's files under `root`, the service with the launcher. Those that changed."""
    wanted = {name: (shipped / source).read_text() for source, name in GOES_TO.items()}
    wanted[UNIT] = service(shipped / "systemd/tillhald.service", home)
    wanted[str(TILLCTL)] = _TILLCTL.format(python=interpreter(), launcher=LAUNCHER, home=home)
    changed = []
    for name, text in wanted.items():
        path = root / name
        if path.is_file() and path.read_text() == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if name == str(TILLCTL) else 0o644)
        changed.append(path)
    return changed


def service(unit: Path, home: Path) -> str:
    """The unit that is shipped, with the launcher. NotInstallable if it is not the one we know."""
    text = unit.read_text()
    started = f"{interpreter()} -I /{LAUNCHER} --home {home} -- --config /{CONFIG}"
    changes = {
        "ExecStart=/opt/tillhal/bin/tillhald --config /etc/tillhal/till.toml": (
            f"ExecStart={started}"
        ),
        # The launcher is the main process, and the daemon its child.
        "NotifyAccess=main": "NotifyAccess=all",
        f"RequiresMountsFor={USUAL_HOME}": f"RequiresMountsFor={home}",
    }
    if home != USUAL_HOME:
        changes["ProtectSystem=strict"] = f"ProtectSystem=strict\nReadWritePaths={home}"
    for before, after in changes.items():
        if text.count(before + "\n") != 1:
            message = f"{unit} has no line {before}"
            raise NotInstallable(message)
        text = text.replace(before + "\n", after + "\n")
    return text
