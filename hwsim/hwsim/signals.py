"""Waiting in a way that no signal is missed.

A handler written in Python runs only once the main thread goes on. A signal that comes between its
last look and its wait in the kernel is noticed by nobody, and the wait is not cut short. So what
waits for something else waits for this descriptor, too.
"""

import os
import signal


def waking_fd() -> int:
    """A descriptor that becomes readable when a signal comes; its handler runs behind that wait.

    To be called once in a process, in its main thread.
    """
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
    return reads
