"""A SIP speaker over UDP for exact checks: what it sends is written out here,
what it gets is kept byte for byte. No transactions: tests say when to repeat.
"""

import itertools
import random
import re
import socket
import time

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
    "t=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)

_numbers = itertools.count(1)


def unique():
    return f"{next(_numbers)}{random.SystemRandom().randrange(10**9)}"


class Message:
    """A request or response; headers are (name, value) pairs in order."""

    def __init__(self, data, source=None):
        self.data = data
        self.source = source
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        self.start = lines[0]
        self.body = body
        self.headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.append((name.strip(), value.strip()))
        self.request = not self.start.startswith("SIP/2.0")
        self.method = self.start.split(" ")[0] if self.request else None
        self.uri = self.start.split(" ")[1] if self.request else None
        self.code = None if self.request else int(self.start.split(" ")[1])

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def get(self, name):
        found = self.all(name)
        return found[0] if found else None

    def values(self, name):
        """Values of a header, comma-joined ones parted."""
        joined = ", ".join(self.all(name))
        return [v.strip() for v in re.split(r",(?![^<]*>)", joined) if v]

    @property
    def branch(self):
        return re.search(r"branch=([^;,\s]+)", self.get("Via")).group(1)

    @property
    def to_tag(self):
        found = re.search(r";tag=([^;\s]+)", self.get("To"))
        return found.group(1) if found else None

    @property
    def retry_after(self):
        return int(re.match(r"\d+", self.get("Retry-After")).group(0))

    def __repr__(self):
        return self.data.decode("utf-8", "replace")


class Actor:
    """One speaker at host and port (0: any)."""

    transport, parameter = "UDP", ""

    def __init__(self, host, port=0):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((host, port))
        self.host, self.port = self.socket.getsockname()[:2]
        if ":" in self.host:
            self.host = f"[{self.host}]"

    def close(self):
        self.socket.close()

    def send(self, message, to):
        data = message if isinstance(message, bytes) else message.encode()
        self.socket.sendto(data, to)

    def receive(self, timeout=20.0, probes=False):
        """The next message, or None. Probes of the proxy are answered."""
        end = time.monotonic() + timeout
        while True:
            self.socket.settimeout(max(0.001, end - time.monotonic()))
            try:
                data, source = self.socket.recvfrom(70000)
            except (socket.timeout, BlockingIOError):
                return None
            except ConnectionError:
                continue
            message = Message(data, source)
            if (not probes and message.method == "OPTIONS"
                    and "@usher" in message.get("Call-ID")):
                self.reply(message, 200)
                continue
            return message

    def expect(self, what, timeout=20.0):
        """The next message but 100, which must be this code or method.

        One that came before comes again on a machine that stands still.
        """
        met = self.__dict__.setdefault("met", set())
        while True:
            message = self.receive(timeout)
            assert message is not None, f"nothing came instead of {what}"
            if message.code == 100 and what != 100:
                continue
            if what not in (message.code, message.method):
                assert message.data in met, repr(message)
                continue
            met.add(message.data)
            return message

    def silence(self, seconds=0.3):
        message = self.receive(seconds)
        assert message is None, repr(message)

    def reply(self, request, code, reason="Words", tag=None, headers=(),
              body="", contact=True):
        """Answers a request by its topmost Via."""
        lines = [f"SIP/2.0 {code} {reason}"]
        lines += [f"Via: {v}" for v in request.all("Via")]
        lines += [f"Record-Route: {v}" for v in request.all("Record-Route")]
        to = request.get("To")
        if tag and ";tag=" not in to:
            to += f";tag={tag}"
        lines += [f"From: {request.get('From')}", f"To: {to}",
                  f"Call-ID: {request.get('Call-ID')}",
                  f"CSeq: {request.get('CSeq')}"]
        if contact:
            lines.append(f"Contact: <sip:pbx@{self.host}:{self.port}"
                         f"{self.parameter}>")
        lines += list(headers)
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body)}")
        data = "\r\n".join(lines) + "\r\n\r\n" + body
        self.send(data, request.source)
        return data


class Call:
    """A caller's side of one call (or other request) at a proxy."""

    def __init__(self, actor, proxy, uri,
                 caller="sip:+442071234567@example.net",
                 method="INVITE", headers=(), body=SDP, to=None, from_tag=None,
                 call_id=None, route=(), to_tag=None, forwards=70,
                 body_type="application/sdp", display=None, cseq=1):
        self.actor, self.proxy, self.uri = actor, proxy, uri
        self.method, self.cseq = method, cseq
        self.call_id = call_id or f"{unique()}@test"
        self.from_tag = from_tag or unique()
        self.branch = "z9hG4bK" + unique()
        self.caller = f"{display + ' ' if display else ''}<{caller}>"
        self.to = to or uri
        self.to_tag = to_tag
        self.headers, self.body, self.route = list(headers), body, route
        self.body_type, self.forwards = body_type, forwards
        self.data = self.build(method)

    def build(self, method, branch=None, uri=None, route=None, cseq=None,
              body=None, headers=None, to_tag=None):
        to_tag = to_tag or self.to_tag
        body = self.body if body is None else body
        to = f"<{self.to}>" + (f";tag={to_tag}" if to_tag else "")
        lines = [f"{method} {uri or self.uri} SIP/2.0",
                 f"Via: SIP/2.0/{self.actor.transport} "
                 f"{self.actor.host}:{self.actor.port};"
                 f"branch={branch or self.branch}"]
        lines += [f"Route: {r}" for r in
                  (self.route if route is None else route)]
        if self.forwards is not None:
            lines.append(f"Max-Forwards: {self.forwards}")
        lines += [f"From: {self.caller};tag={self.from_tag}", f"To: {to}",
                  f"Call-ID: {self.call_id}",
                  f"CSeq: {cseq or self.cseq} {method}",
                  f"Contact: <sip:caller@{self.actor.host}:{self.actor.port}"
                  f"{self.actor.parameter}>"]
        lines += self.headers if headers is None else list(headers)
        if body:
            lines.append(f"Content-Type: {self.body_type}")
        lines.append(f"Content-Length: {len(body.encode())}")
        return "\r\n".join(lines) + "\r\n\r\n" + body

    def send(self):
        self.actor.send(self.data, self.proxy)
        return self

    def expect(self, what, timeout=20.0):
        return self.actor.expect(what, timeout)

    def ack(self, response):
        """Of a non-2xx: the INVITE's own branch."""
        to_tag = response.to_tag
        self.actor.send(self.build("ACK", body="", headers=(),
                                   to_tag=to_tag), self.proxy)

    def cancel(self, headers=()):
        self.actor.send(self.build("CANCEL", body="", headers=headers),
                        self.proxy)

    def final(self, code, timeout=20.0):
        """Waits for this final answer and acknowledges it."""
        response = self.expect(code, timeout)
        if self.method == "INVITE" and code >= 300:
            self.ack(response)
        return response

    def within(self, method, response, cseq=2, body=""):
        """A request inside the dialog that a 2xx made."""
        route = [v for v in reversed(response.values("Record-Route"))]
        target = re.search(r"<([^>]+)>", response.get("Contact")).group(1)
        self.actor.send(
            self.build(method, branch="z9hG4bK" + unique(), uri=target,
                       route=route, cseq=1 if method == "ACK" else cseq,
                       body=body, headers=(), to_tag=response.to_tag),
            self.proxy)
