"""tillhald: starts the daemon, or checks its configuration."""

from __future__ import annotations

import time

_STARTED_S = time.monotonic()

import argparse  # noqa: E402 - the clock of the start is read first
import asyncio  # noqa: E402
import gc  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402

# gRPC must not hook fork: the daemon starts child processes, and they exec at once.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from tillhald import VERSION  # noqa: E402
from tillhald.app import App  # noqa: E402
from tillhald.boot.launcher import EXIT_RESTART  # noqa: E402
from tillhald.config import Config, ConfigMistakes, load  # noqa: E402
from tillhald.embedded import embedded_config, embedded_text  # noqa: E402
from tillhald.home import Home  # noqa: E402
from tillhald.journal.errors import StorageError  # noqa: E402
from tillhald.service.opening import AnotherTill  # noqa: E402
from tillhald.service.probation import ProbationFailed  # noqa: E402
from tillhald.service.supervisor import Supervisor  # noqa: E402
from tillhald.telemetry import logging  # noqa: E402

SWITCH_INTERVAL_S = 0.0005
"""How long the event loop may keep the interpreter from the writer thread. At Python's own 5 ms a
commit under load waits several times longer for the interpreter than for the disk (measured)."""

GC_THRESHOLDS = (10_000, 20, 50)

EXIT_CONFIG = 78
"""EX_CONFIG of sysexits.h: a supervisor need not try again before somebody has mended it."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status is 0, 1 for trouble, 75 for a restart that the launcher
    is to see to, or 78 for the configuration."""
    parser = argparse.ArgumentParser(
        prog="tillhald", description="Owns a till's devices and its journal; speaks gRPC."
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="the till.toml to run with")
    parser.add_argument(
        "--check-config", type=Path, metavar="FILE", help="say every mistake in FILE, and end"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        default=Path("~/.local/share/tillhal").expanduser(),
        help="without --config: where the simulated till keeps its journal and socket",
    )
    parser.add_argument(
        "--print-default", action="store_true", help="print the embedded till.toml, and end"
    )
    of_home = parser.add_argument_group("what the launcher says")
    of_home.add_argument("--home", type=Path, metavar="DIR", help="the till's home")
    of_home.add_argument("--generation", metavar="GEN", help="which data, of those in its home")
    of_home.add_argument("--trial", metavar="WORK_ID", default="", help="prove the new pair first")
    parser.add_argument("--version", action="version", version=VERSION)
    options = parser.parse_args(arguments)
    if bool(options.home) != bool(options.generation):
        parser.error("--home and --generation go together: the launcher gives them")
    if options.print_default:
        sys.stdout.write(embedded_text(options.folder))
        return 0
    try:
        if options.check_config:
            _refuse_what_is_left_out(load(options.check_config))
            sys.stdout.write(f"{options.check_config} is right.\n")
            return 0
        home = None
        if options.home:
            home = Home(options.home.absolute(), options.generation, options.trial)
        read = partial(_read, options.config, options.folder, home)
        config = read()
    except ConfigMistakes as mistakes:
        for mistake in mistakes.mistakes:
            sys.stderr.write(f"{mistake}\n")
        return EXIT_CONFIG
    return _run(config, read if options.config else None, options.config, home)


def _read(file: Path | None, folder: Path, home: Home | None) -> Config:
    config = load(file) if file else embedded_config(folder)
    return config.in_home(home) if home else config


def _refuse_what_is_left_out(config: Config) -> None:
    """A till starts without such a device; who checks a file wants to know of it."""
    if config.left_out:
        raise ConfigMistakes([f"devices.{name}: {why}" for name, why in config.left_out.items()])


def _run(
    config: Config, reread: Callable[[], Config] | None, file: Path | None, home: Home | None
) -> int:
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    _stay_on_one_cpu()
    logging.configure(config.log.level)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            app = runner.run(_serve(config, reread, file, home))
    except (StorageError, AnotherTill, ProbationFailed, OSError, ValueError) as error:
        sys.stderr.write(f"tillhald: {error}\n")
        return 1
    except ExceptionGroup as group:
        expected, other = group.split((StorageError, OSError))
        if other is not None:
            raise other from None
        for trouble in expected.exceptions if expected else ():
            sys.stderr.write(f"tillhald: {trouble}\n")
        return 1
    if app.storage_failure is not None:
        return 1
    return EXIT_RESTART if app.wants_restart else 0


def _stay_on_one_cpu() -> None:
    """Of the threads here one runs at a time anyway: they share an interpreter. On several CPUs
    each hand-over between gRPC's threads, the loop and the writer wakes another, cold one; on one
    a sale takes a fifth to a third less processor time (measured). The first one that we may use:
    where they differ, the last ones are the slow ones."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed: a third less time for a commit's answer (measured)."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(
    config: Config, reread: Callable[[], Config] | None, file: Path | None, home: Home | None
) -> App:
    supervisor = Supervisor.of(os.environ, os.getpid())
    app = App(
        config, started_s=_STARTED_S, reread=reread, supervisor=supervisor, file=file, home=home
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, app.stop)
    loop.add_signal_handler(signal.SIGHUP, app.read_again)
    await app.run(lambda _: _ready(supervisor))
    return app


def _ready(supervisor: Supervisor) -> None:
    # What was imported lives as long as the process: the collector need not walk it again and
    # again. Worth 7 % of a sale's time under load (measured).
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    supervisor.ready()


if __name__ == "__main__":
    sys.exit(main())
