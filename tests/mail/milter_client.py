"""The MTA's side of the milter protocol (version 6), spoken by hand.

For what Postfix never does: other families of addresses, old protocols, macros
that are missing, connections that end anywhere. `Client(path)` connects and
negotiates; the calls return the answer's letter and text, or None where none
was to come.
"""

import socket
import struct

ACTIONS = 0x1ff
STEPS = 0x1fffff
NO = {"H": 1 << 1, "B": 1 << 4, "L": 1 << 5, "N": 1 << 6, "T": 1 << 9}
UNANSWERED = {"L": 1 << 7, "C": 1 << 12, "H": 1 << 13, "M": 1 << 14,
              "R": 1 << 15, "T": 1 << 16, "N": 1 << 18, "B": 1 << 19}


class Client:
    def __init__(self, path, actions=ACTIONS, steps=STEPS, version=6):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(path))
        self.send("O", struct.pack("!III", version, actions, steps))
        letter, data = self.read()
        assert letter == "O"
        self.version, self.actions, self.steps = struct.unpack("!III", data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, command, data=b""):
        self.socket.sendall(
            struct.pack("!I", len(data) + 1) + command.encode() + data)

    def receive(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise EOFError("the milter hung up")
            data += more
        return data

    def read(self):
        length, = struct.unpack("!I", self.receive(4))
        data = self.receive(length)
        return chr(data[0]), data[1:]

    def macros(self, command, **values):
        pairs = b"".join(f"{key}\0{value}\0".encode()
                         for key, value in values.items())
        self.send("D", command.encode() + pairs)

    def call(self, command, *strings):
        """Sends a step and reads its answer, where one was agreed on."""
        if self.steps & NO.get(command, 0):
            return None
        self.send(command, b"".join(string.encode() + b"\0"
                                    for string in strings))
        if self.steps & UNANSWERED.get(command, 0):
            return None
        letter, text = self.read()
        return letter, text.rstrip(b"\0").decode()

    def connect(self, name="mail.sender.example", family="4",
                address="192.0.2.1", port=4321):
        data = name.encode() + b"\0" + family.encode()
        if family != "U":
            data += struct.pack("!H", port) + address.encode() + b"\0"
        self.send("C", data)
        if not self.steps & UNANSWERED["C"]:
            return self.read()
        return None

    def envelope(self, *recipients, sender="bob@sender.example"):
        self.call("M", f"<{sender}>")
        return [self.call("R", f"<{one}>") for one in recipients]

    def end(self):
        """The answer to the end of the message; edits before it."""
        self.send("E")
        edits = []
        while True:
            letter, data = self.read()
            if letter not in "hmi+-q":
                return letter, data.rstrip(b"\0").decode(), edits
            edits.append((letter, data))

    def message(self, headers=(("From", "bob@sender.example"),),
                body="We sell document storage.\r\n"):
        """DATA up to the end; stops where the milter has had enough."""
        for step in [("T",)] + [("L", *pair) for pair in headers] + [("N",)]:
            answer = self.call(*step)
            if answer is not None and answer[0] != "c":
                return (*answer, [])
        if not self.steps & NO["B"]:
            self.send("B", body.encode())
            self.read()
        return self.end()
