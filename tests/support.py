"""What tests of every suite need: where the programs are, free ports, runs.

USHER_BUILD names the folder of the build under test ("build", "build/asan").
The runner also sets the sanitizers' options, which programs started from here
inherit; a report in the runner's folder fails the check.
"""

import fcntl
import json
import os
import random
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / os.environ.get("USHER_BUILD", "build")
SANITIZED = BUILD.name in ("asan", "tsan")


def program(name):
    """The path of a program of the build under test."""
    path = BUILD / name
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path}: not built: run make")
    return str(path)


@dataclass
class Result:
    code: int
    stdout: str
    stderr: str

    def json(self):
        """The only line of standard output, as JSON."""
        return json.loads(self.stdout)

    def lines(self):
        """Every line of standard output, as JSON."""
        return [json.loads(line) for line in self.stdout.splitlines()]


def run_usher(*args, input=None, env=None, cwd=None, timeout=60):
    """Runs the command line to its end; input is text or bytes."""
    if isinstance(input, str):
        input = input.encode()
    done = subprocess.run(
        [program("usher"), *map(str, args)], input=input or b"", cwd=cwd,
        env={**os.environ, **(env or {})}, capture_output=True,
        timeout=timeout)
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


_ports = tempfile.gettempdir() + f"/usher-test-ports-{os.getuid()}"
_given = set()


def free_port(host="127.0.0.1", kinds=("tcp", "udp")):
    """A port of host that is free now for every kind.

    Taken from below the range the kernel gives to outgoing connections, and
    ours until this process ends: others who ask here are not given it.
    """
    for _ in range(1000):
        port = random.SystemRandom().randrange(10000, 32000)
        if _claim(port) and all(_free(host, port, k) for k in kinds):
            return port
    raise OSError(f"no free port on {host}")


def _claim(port):
    """Locks the byte of that number in a file that all test runs share.

    The lock ends with this process, or where it closes the file: so it is
    opened once.
    """
    global _ports
    if port in _given:
        return False
    if isinstance(_ports, str):
        _ports = os.open(_ports, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(_ports, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except BlockingIOError:
        return False
    _given.add(port)
    return True


def _free(host, port, kind):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    type_ = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, type_) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def wait_for(condition, timeout=30, what="the condition"):
    """The first true value of condition(); AssertionError after timeout s."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true in {timeout} s")
        time.sleep(0.01)
