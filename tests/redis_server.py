"""A Redis of a test's own, on a free port of 127.0.0.1."""

import signal
import socket
import subprocess

import support

HOST = "127.0.0.1"


class Redis:
    """Keeps what it is told, as appendfsync always does, in its folder."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.port = support.free_port(HOST, ("tcp",))
        self.process = None
        self.start()

    def url(self, **limits):
        """Generous limits: a test machine may stand still for seconds."""
        limits = {"read_ms": 5000, "commit_ms": 5000, "again_ms": 300,
                  **limits}
        return (f"redis://{HOST}:{self.port}/0?"
                + "&".join(f"{k}={v}" for k, v in limits.items() if v))

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--bind", HOST, "--port", str(self.port),
             "--save", "", "--appendonly", "yes", "--appendfsync", "always",
             "--dir", self.folder], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL)
        support.wait_for(self.answers, 60, "redis-server")

    def answers(self):
        assert self.process.poll() is None, "redis-server ended"
        try:
            return self.ask("PING") == "+PONG"
        except OSError:
            return False

    def ask(self, *words):
        """The first line of the answer to a command."""
        text = f"*{len(words)}\r\n" + "".join(
            f"${len(word)}\r\n{word}\r\n" for word in words)
        with socket.create_connection((HOST, self.port), 30) as link:
            link.sendall(text.encode())
            with link.makefile() as answer:
                return answer.readline().strip()

    def halt(self):
        """It is there, and says nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait(60)
