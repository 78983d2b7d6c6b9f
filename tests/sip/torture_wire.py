"""A sender and a hop that take messages as bytes, however odd they are.

The sender is at an address and the ports that odd messages name in their Via,
so what is sent need not be touched; the hop answers 200 to all and keeps it.
"""

import random
import re
import select
import socket
import threading
import time

from sip_site import HOST

# 5060 unless a Via says otherwise; the RFC's own messages name two more.
PORTS = (5060, 5050, 5070)
LETTERS = {b"v": b"via", b"f": b"from", b"t": b"to", b"i": b"call-id",
           b"l": b"content-length"}
ECHOED = (b"via", b"from", b"to", b"call-id", b"cseq", b"record-route")


def lines_of(data):
    """(name, line with its folding and CRLF) of each header of a message."""
    head = data.partition(b"\r\n\r\n")[0] + b"\r\n"
    lines = re.findall(rb"(?s).*?\r\n(?![ \t])", head)[1:]
    named = []
    for line in lines:
        name = line.partition(b":")[0].strip().lower()
        named.append((LETTERS.get(name, name), line))
    return named


def header(data, name):
    """The first value of this name, unfolded; b"" without."""
    for one, line in lines_of(data):
        if one == name:
            return re.sub(rb"\s+", b" ", line.partition(b":")[2]).strip()
    return b""


def code_of(data):
    found = re.match(rb"SIP/2\.0 (\d\d\d) ", data)
    return int(found.group(1)) if found else None


class Hop:
    """Answers every request 200 and keeps what was no probe."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind((HOST, 0))
        self.port = self.socket.getsockname()[1]
        self.got = []
        self.over = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        self.socket.settimeout(0.2)
        while not self.over:
            try:
                data, source = self.socket.recvfrom(70000)
            except socket.timeout:
                continue
            except OSError:
                continue
            if b"@usher" not in header(data, b"call-id"):
                self.got.append(data)
            if not data.startswith((b"ACK ", b"SIP/2.0 ")):
                self.socket.sendto(self.answer(data), source)

    @staticmethod
    def answer(data):
        out = b"SIP/2.0 200 OK\r\n"
        for name, line in lines_of(data):
            if name in ECHOED:
                if name == b"to" and not re.search(rb";\s*tag\s*=", line):
                    line = line[:-2] + b";tag=hop\r\n"
                out += line
        return (out + b"Contact: <sip:hop@127.0.0.1>\r\n"
                b"Content-Length: 0\r\n\r\n")

    def close(self):
        self.over = True
        self.thread.join()
        self.socket.close()


class Sender:
    """An address of its own, so that well-known ports are free there; or any
    port of the address that is given."""

    def __init__(self, host=None):
        self.sockets = []
        self.seen = set()
        if host:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self.sockets = [socket.socket(family, socket.SOCK_DGRAM)]
            self.sockets[0].bind((host, 0))
            self.host = host
            return
        for _ in range(50):
            pick = random.SystemRandom().randrange
            self.host = f"127.{pick(1, 250)}.{pick(1, 250)}.{pick(2, 250)}"
            try:
                for port in PORTS:
                    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    self.sockets.append(one)
                    one.bind((self.host, port))
                return
            except OSError:
                self.close()
        raise OSError(f"ports {PORTS} are taken at every loopback address")

    def close(self):
        for one in self.sockets:
            one.close()
        self.sockets = []

    def send(self, data, to):
        self.sockets[0].sendto(data, to)

    def receive(self, timeout=10.0):
        """What comes next at any port; None when nothing does."""
        ready = select.select(self.sockets, [], [], timeout)[0]
        return ready[0].recv(70000) if ready else None

    def final(self, call_id=None, timeout=15.0):
        """The final answer of this Call-ID (None: of any), and what else came
        before."""
        end, others, found = time.monotonic() + timeout, [], None
        while True:
            # Then only what already waits, at whichever port.
            left = 0 if found else max(0.001, end - time.monotonic())
            data = self.receive(left)
            if data is None:
                return found, others
            code = code_of(data)
            # Nobody acknowledges here, so refusals of INVITEs come again.
            if code is None or code < 200 or data in self.seen:
                continue
            self.seen.add(data)
            if found is None and call_id in (
                    None, header(data, b"call-id").decode("latin-1")):
                found = data
            else:
                others.append(data)


class StreamSender:
    """One stream to the proxy, from the sender's address."""

    def __init__(self, host, to):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.bind((host, 0))
        self.socket.settimeout(15)
        self.socket.connect(to)
        self.data = b""
        self.ended = False

    def close(self):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            self.ended = True

    def _one(self):
        end = self.data.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = int(header(self.data[:end + 4], b"content-length") or 0)
        whole = self.data[:end + 4 + length]
        self.data = self.data[end + 4 + length:]
        return whole

    def receive(self, timeout=15.0):
        """The next message; None when none comes or the stream ends."""
        until = time.monotonic() + timeout
        while True:
            self.data = self.data.lstrip(b"\r\n")
            found = self._one()
            if found is not None or self.ended:
                return found
            self.socket.settimeout(max(0.001, until - time.monotonic()))
            try:
                got = self.socket.recv(65536)
            except socket.timeout:
                return None
            except OSError:
                got = b""
            self.ended = not got
            self.data += got

    def finals(self, call_id, timeout=15.0, count=0):
        """All final answers up to this Call-ID's, to the end, or so many."""
        found = []
        until = time.monotonic() + timeout
        while count == 0 or len(found) < count:
            data = self.receive(max(0.001, until - time.monotonic()))
            if data is None:
                return found
            if (code_of(data) or 0) >= 200:
                found.append(data)
                if header(data, b"call-id") == call_id.encode():
                    break
        return found
