"""A name server on loopback that says what a test tells it to say."""

import socket
import struct
import threading

import support

A, CNAME, SRV, AAAA = 1, 5, 33, 28
NO_ERROR, NO_NAME = 0, 3


def packed(name):
    return b"".join(bytes([len(part)]) + part.encode()
                    for part in name.rstrip(".").split(".") if part) + b"\0"


class DnsServer:
    """UDP on 127.0.0.1; use add() and drop() at any time."""

    def __init__(self, port=None):
        self.port = port or support.free_port("127.0.0.1", ("udp",))
        self.records = {}
        self.asked = []         # (name, type) in order
        self.open = threading.Event()
        self.open.set()         # cleared: questions wait unanswered
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", self.port))
        self.socket.settimeout(0.1)
        self.closing = False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def add(self, name, kind, *values, ttl=300):
        """A, AAAA: addresses; SRV: (priority, weight, port, host)."""
        self.records[(name, kind)] = [
            (ttl, self._data(kind, value)) for value in values]

    def drop(self, name, kind):
        del self.records[(name, kind)]

    @staticmethod
    def _data(kind, value):
        if kind == A:
            return socket.inet_aton(value)
        if kind == AAAA:
            return socket.inet_pton(socket.AF_INET6, value)
        if kind == CNAME:
            return packed(value)
        priority, weight, port, host = value
        return struct.pack("!HHH", priority, weight, port) + packed(host)

    def _serve(self):
        while not self.closing:
            try:
                data, source = self.socket.recvfrom(4096)
            except socket.timeout:
                continue
            name, rest = self._name(data)
            kind = struct.unpack("!H", rest[:2])[0]
            self.asked.append((name, kind))
            self.open.wait()
            self.socket.sendto(self._answer(data, name, kind), source)

    @staticmethod
    def _name(data):
        at, parts = 12, []
        while data[at]:
            parts.append(data[at + 1:at + 1 + data[at]].decode().lower())
            at += 1 + data[at]
        return ".".join(parts), data[at + 1:]

    def _answer(self, data, name, kind):
        found = self.records.get((name, kind), [])
        known = any(n == name for n, _ in self.records)
        head = data[:2] + struct.pack(
            "!HHHHH", 0x8580 | (NO_ERROR if known else NO_NAME), 1,
            len(found), 0, 0)
        question = packed(name) + struct.pack("!HH", kind, 1)
        return head + question + b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, ttl, len(value))
            + value for ttl, value in found)

    def close(self):
        self.closing = True
        self.open.set()
        self.thread.join(5)
        self.socket.close()
