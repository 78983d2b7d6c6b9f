"""What tests of every suite need: where the programs are, free ports, runs.

USHER_BUILD names the folder of the build under test ("build", "build/asan").
The runner also sets the sanitizers' options, which programs started from here
inherit; a report in the runner's folder fails the check.
"""

import json
import os
import random
import socket
import subprocess
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


_given = set()


def free_port(host="127.0.0.1", kinds=("tcp", "udp")):
    """A port of host that is free now for every kind.

    Taken from below the range the kernel gives to outgoing connections, at
    random, so that tests beside this one rarely try the same.
    """
    for _ in range(1000):
        port = random.SystemRandom().randrange(10000, 32000)
        if port not in _given and all(_free(host, port, k) for k in kinds):
            _given.add(port)
            return port
    raise OSError(f"no free port on {host}")


def _free(host, port, kind):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    type_ = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, type_) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def wait_for(condition, timeout=10, what="the condition"):
    """The first true value of condition(); AssertionError after timeout s."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true in {timeout} s")
        time.sleep(0.01)
