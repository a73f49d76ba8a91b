"""tillhald: the daemon that owns a till's devices and its journal."""

VERSION = "0.1.0"
