"""A real `upsd` with real drivers, in a folder of its own: no configuration of the machine is read.

Needs NUT's programs (Debian: nut-server, nut-client); no root, and no group. The recipe and its
pitfalls were found with NUT 2.8.0; each has its reason where it stands.
"""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

NUT_LIB: Final = "NUT_LIB"
"""An environment variable: where drivers, upsd and upsmon are, if not where Debian has them."""
FOLDERS: Final = ("/lib/nut", "/usr/lib/nut", "/usr/libexec/nut")
READY_S_MAX: Final = 30.0
PORT_TRIES_MAX: Final = 5
END_S_MAX: Final = 5.0
WAIT_STEP_S: Final = 0.01
MAX_AGE_S: Final = 3
"""After so long without news upsd calls data stale; 15 by default."""
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None)


def nut_folder() -> Path | None:
    """Where NUT's own programs are. Not /usr/sbin: what Debian has there under the same names are
    wrappers that read /etc/nut/nut.conf and end without a word unless that suits them.
    """
    named = os.environ.get(NUT_LIB)
    for folder in (named,) if named else FOLDERS:
        if folder and (Path(folder) / "upsd").exists():
            return Path(folder)
    return None


def why_not() -> str:
    """Why there can be no real NUT here; empty if there can."""
    if nut_folder() is None:
        return "NUT is not installed (Debian: nut-server, nut-client)"
    missing = [name for name in ("upsc", "upscmd", "upsrw") if shutil.which(name) is None]
    return f"{', '.join(missing)} missing (Debian: nut-client)" if missing else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NutDriver:
    """One section of ups.conf. `variables` are the file of a `dummy-ups`, which is its port then.

    `port` may name a path, or host:port for `apcupsd-ups`.
    """

    driver: str
    port: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] | None = None


def qx(line: Path, **settings: str) -> NutDriver:
    """`nutdrv_qx` on a Q1 UPS at `line`, asked every second, the voltages too: by default these
    come 30 s later, and a UPS is at LB with 100 %. Without `runtimecal` there is no runtime.
    """
    return NutDriver(
        driver="nutdrv_qx",
        port=str(line),
        settings={
            "protocol": "megatec",
            "pollinterval": "1",
            "pollfreq": "1",
            "runtimecal": "240,100,720,50",
            "default.battery.voltage.low": "21.0",
            "default.battery.voltage.high": "27.0",
            "offdelay": "12",
            "ondelay": "60",
            **settings,
        },
    )


def dummy(**variables: str) -> NutDriver:
    """`dummy-ups` with these variables: for what Q1 lacks. Set them by SET VAR.

    Not `dummy-loop`, which reads the file again and forgets what was set; with a short
    `pollinterval` it would be slower to set, as it sleeps a second in each poll.
    """
    return NutDriver(
        driver="dummy-ups",
        settings={"mode": "dummy-once", "pollinterval": "30"},
        variables={
            "ups.mfr": "HwSim",
            "ups.model": "TILL850",
            "ups.status": "OL",
            "battery.charge": "100",
            "battery.charge.low": "20",
            "battery.runtime": "1800",
            "battery.runtime.low": "180",
            "input.voltage": "231.0",
            "ups.load": "23",
            "ups.test.result": "No test initiated",
            **{name.replace("_", "."): value for name, value in variables.items()},
        },
    )


class RealNut:
    """`upsd` and its drivers; close it, or use it in a `with`. It ends with this process.

    Users: admin (SET, FSD, all commands) and mon (upsmon primary), both with the password pw.
    """

    def __init__(
        self,
        drivers: Mapping[str, NutDriver],
        *,
        upsd_conf: Sequence[str] = (),
    ) -> None:
        """Start all as who we are, and wait until every UPS has said something. RuntimeError with
        the log of what did not start.
        """
        folder = nut_folder()
        if folder is None:
            raise RuntimeError(why_not())
        self._lib = folder
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.folder = Path(tempfile.mkdtemp(prefix="hwsim-nut-"))
        self.conf, self.state = self.folder / "conf", self.folder / "state"
        self.port = _free_port()
        self._drivers = dict(drivers)
        self._upsd_conf = tuple(upsd_conf)
        self._programs: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            **os.environ,
            "NUT_CONFPATH": str(self.conf),
            "NUT_STATEPATH": str(self.state),
            "NUT_ALTPIDPATH": str(self.state),
            "NUT_QUIET_INIT_SSL": "true",
        }
        try:
            self._write()
            for name in self._drivers:
                self.start_driver(name)
            self._start_upsd_somewhere()
            for name in self._drivers:
                self.wait_ready(name)
        except BaseException:
            self.close()
            raise

    # --- its parts ---

    def start_driver(self, name: str) -> None:
        """And wait for its socket."""
        kind = self._drivers[name].driver
        listening = self.state / f"{kind}-{name}"
        listening.unlink(missing_ok=True)
        self._start(name, [str(self._lib / kind), "-a", name, "-D", "-u", self.user])
        self._wait(listening.exists, name, f"socket of {name}")

    def start_upsd(self) -> None:
        """And wait until it listens. A driver of 2.8.0 may abort when upsd comes back at once and
        is told something before it saw the old one go: end and start the drivers with it.
        """
        self._start("upsd", [str(self._lib / "upsd"), "-D", "-F", "-4", "-u", self.user])
        self._wait(self._listens, "upsd", "upsd's port")

    def start_upsmon(self, ups: str, shutdown_command: str) -> Path:
        """The real upsmon, primary for `ups`; gives the file with a line for each notice.

        2.8.0 keeps its pid in /run/nut whatever it is told: never give it `-c` here.
        """
        notices = self.state / "notices"
        notice = self.conf / "notice.sh"
        notice.write_text(f'#!/bin/sh\necho "$NOTIFYTYPE" >> {notices}\n', encoding="utf-8")
        kinds = "ONLINE ONBATT LOWBATT FSD COMMOK COMMBAD SHUTDOWN REPLBATT NOCOMM"
        lines = [
            f"RUN_AS_USER {self.user}",
            f"MONITOR {ups}@127.0.0.1:{self.port} 1 mon pw primary",
            "MINSUPPLIES 1",
            f'SHUTDOWNCMD "{shutdown_command}"',
            f"NOTIFYCMD {notice}",
            "POLLFREQ 1",
            "POLLFREQALERT 1",
            "HOSTSYNC 3",
            "DEADTIME 6",
            "FINALDELAY 1",
            f"POWERDOWNFLAG {self.state / 'killpower'}",
            *(f"NOTIFYFLAG {kind} EXEC" for kind in kinds.split()),
        ]
        self._put("upsmon.conf", lines)
        notice.chmod(0o755)
        self._start("upsmon", [str(self._lib / "upsmon"), "-D", "-F", "-p"])
        return notices

    def stop(self, name: str) -> None:
        """End a driver, upsd or upsmon."""
        program = self._programs.pop(name)
        if program.poll() is None:
            program.send_signal(signal.SIGCONT)
            program.terminate()
            try:
                program.wait(END_S_MAX)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()

    def freeze(self, name: str) -> None:
        """Stop a program without ending it: as a driver whose UPS is silent."""
        self._programs[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let it go on."""
        self._programs[name].send_signal(signal.SIGCONT)

    def running(self, name: str) -> bool:
        """Whether a program has not ended."""
        program = self._programs.get(name)
        return program is not None and program.poll() is None

    def kill_power(self, name: str) -> str:
        """What the host's last hook does: tell the UPS to cut and return. Its driver is ended
        first: both would talk on one line. Gives what was printed.
        """
        if name in self._programs:
            self.stop(name)
        kind = self._drivers[name].driver
        done = subprocess.run(
            [str(self._lib / kind), "-a", name, "-k", "-u", self.user],
            env=self.environment,
            capture_output=True,
            timeout=READY_S_MAX,
            check=False,
        )
        return (done.stdout + done.stderr).decode("utf-8", "replace")

    def run(self, *command: str) -> str:
        """Run one of NUT's clients, e.g. `upsc till@127.0.0.1:PORT`; gives all it printed."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, timeout=READY_S_MAX, check=False
        )
        return (done.stdout + done.stderr).decode("utf-8", "replace")

    def upsc(self, ups: str) -> dict[str, str]:
        """All variables, as the real `upsc` gives them."""
        lines = self.run("upsc", f"{ups}@127.0.0.1:{self.port}").splitlines()
        return dict(line.split(": ", 1) for line in lines if ": " in line)

    def log_of(self, name: str) -> str:
        """What a program has written since it was started last."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """End all and remove the folder."""
        for name in reversed(list(self._programs)):
            self.stop(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- how ---

    def ask(self, question: str) -> str:
        """The first line that upsd answers to one line, on a connection of its own. OSError."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=END_S_MAX) as link:
            link.sendall(question.encode() + b"\n")
            with link.makefile("rb") as lines:
                return lines.readline().decode("utf-8", "replace").rstrip("\n")

    def wait_ready(self, name: str) -> None:
        """Wait until upsd knows this UPS's status. RuntimeError if it does not come."""

        def is_ready() -> bool:
            with contextlib.suppress(OSError):
                said = self.ask(f"GET VAR {name} ups.status")
                return said.startswith("VAR ") and "WAIT" not in said
            return False

        self._wait(is_ready, name, f"status of {name}")

    def _listens(self) -> bool:
        # By its own word: on a port that another rig has taken, that one's upsd would answer.
        said = self.log_of("upsd")
        if "listening on" not in said or "not listening on" in said:
            return False
        with contextlib.suppress(OSError):
            return bool(self.ask("VER"))
        return False

    def _start_upsd_somewhere(self) -> None:
        """A port that was free a moment ago may be another's by now."""
        for tries_left in reversed(range(PORT_TRIES_MAX)):
            try:
                self.start_upsd()
            except RuntimeError:
                if not tries_left:
                    raise
                self.port = _free_port()
                self._write_upsd_conf()
            else:
                return

    def _write_upsd_conf(self) -> None:
        listen = [f"LISTEN 127.0.0.1 {self.port}", f"MAXAGE {MAX_AGE_S}"]
        self._put("upsd.conf", [*listen, *self._upsd_conf])

    def _write(self) -> None:
        for folder in (self.folder, self.conf, self.state):
            folder.mkdir(exist_ok=True)
        ups_conf = ["maxretry = 1"]
        for name, driver in self._drivers.items():
            port = driver.port
            if driver.variables is not None:
                port = f"{name}.dev"
                # An empty value takes the line's before it, in 2.8.0: it is left out.
                lines = [f"{key}: {value}" for key, value in driver.variables.items() if value]
                self._put(port, lines)
            settings = {"driver": driver.driver, "port": port, **driver.settings}
            ups_conf += [f"[{name}]", *(f"  {key} = {value}" for key, value in settings.items())]
        self._put("ups.conf", ups_conf)
        self._write_upsd_conf()
        admin = ["[admin]", "  password = pw", "  actions = SET", "  actions = FSD"]
        mon = ["[mon]", "  password = pw", "  upsmon primary"]
        self._put("upsd.users", [*admin, "  instcmds = ALL", *mon])

    def _put(self, name: str, lines: Sequence[str]) -> None:
        path = self.conf / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        path.chmod(0o640)

    def _start(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self._programs[name] = subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, no lock
            )

    def _wait(self, wanted: Callable[[], bool], name: str, what: str) -> None:
        end_s = time.monotonic() + READY_S_MAX
        while not wanted():
            if not self.running(name) or time.monotonic() > end_s:
                raise RuntimeError(f"no {what}: {self.log_of(name)[-2000:]}")
            time.sleep(WAIT_STEP_S)


def _end_with_parent() -> None:
    """A test that dies must not leave drivers behind; it follows the thread that starts them."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
