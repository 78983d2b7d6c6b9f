"""Finds and ends what a test run leaves behind.  Used by tests/run.

The runner becomes the parent of every orphan below it (Linux's child
subreaper), so a daemon that a test forgot is ours to see and to end, and
nobody else's process ever is.
"""

import ctypes
import os
import signal
import time

PR_SET_CHILD_SUBREAPER = 36


def adopt():
    """From now on orphans below this process become its children."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def kill_group(leader):
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass


def end(patience):
    """Waits patience seconds for children to go, kills the rest and names
    it.  Call when no subprocess object still waits: it reaps all."""
    limit = time.monotonic() + patience
    while _reap() and time.monotonic() < limit:
        time.sleep(0.1)
    left = {}
    for _ in range(50):
        alive = _reap()
        if not alive:
            break
        for pid in alive:
            left.setdefault(pid, _command(pid))
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.1)
    return sorted(left.values())


def _reap():
    """Collects who has ended; the children that have not."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return []
    me = os.getpid()
    try:
        with open(f"/proc/{me}/task/{me}/children") as list_:
            return [int(pid) for pid in list_.read().split()]
    except FileNotFoundError:
        return [pid for pid in map(int, filter(str.isdigit,
                                               os.listdir("/proc")))
                if _parent(pid) == me]


def _parent(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return int(stat.read().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as line:
            words = line.read().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        words = ""
    return f"{pid} {words}"
