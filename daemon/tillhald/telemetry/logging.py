"""How the daemon logs: JSON lines on stdout, or readable lines where stdout is a terminal."""

from __future__ import annotations

import sys

import structlog

from tillhald.telemetry.recent import RecentLines

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

RECENT = RecentLines()
"""What was logged last; of the whole process, as structlog's own configuration is."""


def configure(level: str) -> None:
    """Set up structlog. `level` is one of LEVELS."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if sys.stdout.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            RECENT.keep,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )
