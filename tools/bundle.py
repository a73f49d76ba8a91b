"""`make bundle`: this project and all that it needs as one signed file, for tills without network.

The wheel of the project is built of what lies here; the others are made of what is installed in
this environment, so that nothing is fetched. With --download pip gets them instead. Without --keys,
keys for trying are made in the folder of the bundle: no shop should trust them.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from tillhald import VERSION
from tillhald.bundle.repack import needed, repack

ROOT = Path(__file__).resolve().parents[1]
EXTRA = "daemon"


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def run(*command: str) -> None:
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True)


def collect(wheels: Path, *, is_download: bool) -> None:
    """Put all wheels of the bundle into a folder."""
    run("-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels))
    if is_download:
        (project,) = wheels.glob("tillhal-*.whl")
        asked = [f"{project}[{EXTRA}]", "pip"]
        run("-m", "pip", "download", "--quiet", "--only-binary", ":all:", "-d", str(wheels), *asked)
        return
    for each in (*needed("tillhal", (EXTRA,)).values(), distribution("pip")):
        repack(each, wheels)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bundle", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(".bundle"), metavar="DIR")
    parser.add_argument("--keys", type=Path, metavar="DIR", help="of `tillctl bundle keygen`")
    parser.add_argument("--download", action="store_true", help="get wheels from an index")
    options, more = parser.parse_known_args()
    out: Path = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    wheels, file = out / "wheels", out / f"tillhal-{VERSION}.tlb"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir()
    say("Collecting wheels …")
    collect(wheels, is_download=options.download)
    keys = options.keys
    if keys is None:
        keys = out / "keys-for-trying"
        if not keys.exists():
            run("-m", "tillhald.ctl", "bundle", "keygen", "--out", str(keys))
    file.unlink(missing_ok=True)
    said = ["--wheels", str(wheels), "--keys", str(keys.resolve()), "--out", str(file)]
    run("-m", "tillhald.ctl", "bundle", "make", *said, *more)
    return 0


if __name__ == "__main__":
    sys.exit(main())
