#!/usr/bin/env bash
# Makes the virtual environment with everything that demo and tests need. As root on Debian it also
# installs the font with Hanzi, without which receipts show boxes for them, and Network UPS Tools,
# which starts nothing there; without these some tests skip.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
venv=${VENV:-.venv}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "Python 3.11 or newer is needed; $python is $("$python" --version). Try: make PYTHON=python3.12 …" >&2
  exit 1
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "Installing tillhal and its tools into $venv …"
"$venv/bin/pip" install --quiet --disable-pip-version-check -e '.[daemon,sim,dev]'
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ ! -e /usr/share/fonts/truetype/wqy/wqy-zenhei.ttc ]; then
  echo "Installing the font fonts-wqy-zenhei …"
  { apt-get install -y -qq fonts-wqy-zenhei || { apt-get update -qq && apt-get install -y -qq fonts-wqy-zenhei; }; } >/dev/null 2>&1 \
    || echo "The font could not be installed: receipts will show boxes for Hanzi." >&2
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && { [ ! -e /lib/nut/upsd ] || ! command -v upsc certutil >/dev/null; }; then
  echo "Installing nut-server, nut-client and libnss3-tools …"
  nut="nut-server nut-client libnss3-tools"
  # shellcheck disable=SC2086 # three words
  { apt-get install -y -qq --no-install-recommends $nut || { apt-get update -qq && apt-get install -y -qq --no-install-recommends $nut; }; } >/dev/null 2>&1 \
    || echo "Network UPS Tools could not be installed: tests of real UPS servers will skip." >&2
fi
