"""tillctl: the commands, put together."""

from __future__ import annotations

import os
import sys

# Before gRPC is loaded: what it would write to stderr is no sentence for a technician.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
# Child processes exec at once.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

import typer

from tillhald.ctl import (
    backup,
    data,
    day,
    devices,
    diagnostics,
    drawer,
    install,
    jobs,
    journal,
    operators,
    outage,
    power,
    printer,
    recovery,
    scan,
    shift,
    slips,
    status,
    tls,
    watch,
)

app = typer.Typer(
    name="tillctl",
    help="Looks after a till: how it is, what happens in it, and whether its journal is sound.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
# One line for each command or group of commands; each has a module of its own.
app.command("status")(status.status)
app.command("watch")(watch.watch)
app.command("devices")(devices.devices)
app.add_typer(devices.app, name="device")
app.command("stats")(devices.stats)
app.command("reconfigure")(devices.reconfigure)
app.command("scan")(scan.scan)
app.command("diagnostics")(diagnostics.diagnostics)
app.command("install")(install.install)
app.add_typer(journal.app, name="journal")
app.add_typer(drawer.app, name="drawer")
app.add_typer(jobs.app, name="jobs")
app.add_typer(printer.app, name="printer")
app.add_typer(power.app, name="power")
app.add_typer(outage.app, name="outage")
app.command("sign-on")(operators.sign_on)
app.command("sign-off")(operators.sign_off)
app.add_typer(operators.app, name="operator")
app.add_typer(operators.tokens, name="token")
app.add_typer(tls.app, name="tls")
app.add_typer(data.app, name="data")
app.add_typer(backup.app, name="backup")
app.add_typer(recovery.app, name="recovery")
app.add_typer(slips.app, name="slips")
app.add_typer(shift.app, name="shift")
app.add_typer(day.app, name="day")


def main() -> int:
    """Run the command line; commands end with their own exit status."""
    app()
    return 0


if __name__ == "__main__":
    sys.exit(main())
