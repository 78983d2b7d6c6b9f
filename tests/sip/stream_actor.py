"""A SIP speaker over TCP or TLS: one stream, messages by Content-Length."""

import re
import socket
import ssl
import subprocess
import time

from actor import Actor, Message

LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(\d+)", re.I)


def message_length(data):
    """Bytes of the first message, or None while it is not whole."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    found = LENGTH.search(data[:end + 2])
    whole = end + 4 + (int(found.group(1)) if found else 0)
    return whole if len(data) >= whole else None


class Stream(Actor):
    """One connected stream; `near` names a listening port of its own."""

    def __init__(self, connected, near=None):
        self.socket = connected
        self.transport = ("TLS" if isinstance(connected, ssl.SSLSocket)
                          else "TCP")
        self.parameter = ";transport=" + self.transport.lower()
        self.host, self.port = near or connected.getsockname()[:2]
        if ":" in self.host:
            self.host = f"[{self.host}]"
        self.far = connected.getpeername()[:2]
        self.data = b""

    def send(self, message, to=None):
        self.socket.settimeout(20)
        self.socket.sendall(message if isinstance(message, bytes)
                            else message.encode())

    def read(self, timeout):
        """More bytes: False when none came in time; b"" at the end."""
        self.socket.settimeout(max(0.001, timeout))
        try:
            got = self.socket.recv(65536)
        except (socket.timeout, ssl.SSLWantReadError):
            return False
        except OSError:
            return b""
        self.data += got
        return got

    def receive(self, timeout=20.0, probes=False):
        end = time.monotonic() + timeout
        while True:
            length = message_length(self.data)
            if length:
                message = Message(self.data[:length], self.far)
                self.data = self.data[length:]
                if (not probes and message.method == "OPTIONS"
                        and "@usher" in message.get("Call-ID")):
                    self.reply(message, 200)
                    continue
                return message
            if not self.read(end - time.monotonic()):
                return None

    def closes(self, timeout=20.0):
        """Whether the far end closes, whatever it says before."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.read(end - time.monotonic()) == b"":
                return True
        return False


def connect(proxy, host="127.0.0.1", context=None, name=None):
    """A stream to the proxy from this address; with a context, TLS."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    plain = socket.socket(family, socket.SOCK_STREAM)
    plain.settimeout(20)
    plain.bind((host, 0))
    plain.connect(proxy)
    if context:
        plain = context.wrap_socket(plain, server_hostname=name)
    return Stream(plain)


class Server:
    """Listens where the proxy connects to; accept() gives the stream."""

    def __init__(self, host="127.0.0.1", port=0, context=None):
        self.context = context
        self.socket = socket.create_server((host, port))
        self.host, self.port = self.socket.getsockname()[:2]

    def accept(self, timeout=20.0):
        self.socket.settimeout(timeout)
        plain, _ = self.socket.accept()
        plain.settimeout(timeout)
        if self.context:
            plain = self.context.wrap_socket(plain, server_side=True)
        return Stream(plain, (self.host, self.port))

    def close(self):
        self.socket.close()


def certificates(folder, *wanted):
    """An authority and certificates signed by it: name -> (cert, key)."""
    def run(*arguments, given=None):
        subprocess.run(["openssl", *map(str, arguments)], check=True,
                       input=given, text=True, capture_output=True)

    authority = folder / "ca.pem", folder / "ca.key"
    run("req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj",
        "/CN=Test authority", "-keyout", authority[1], "-out", authority[0])
    made = {"ca": authority}
    names = {"proxy": "IP:127.0.0.1,DNS:proxy.example.com",
             "pbx": "IP:127.0.0.1", "wrong": "DNS:other.example.com",
             "peer": "URI:sip:peer.example.net,DNS:peer.example.net"}
    for name in wanted or names:
        alternative = names[name]
        cert, key = folder / f"{name}.pem", folder / f"{name}.key"
        request = folder / f"{name}.csr"
        run("req", "-new", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
            "-keyout", key, "-out", request)
        extension = folder / f"{name}.ext"
        extension.write_text(f"subjectAltName={alternative}\n")
        run("x509", "-req", "-in", request, "-CA", authority[0], "-CAkey",
            authority[1], "-CAcreateserial", "-days", "30", "-extfile",
            extension, "-out", cert)
        made[name] = cert, key
    return made


def client_context(made, name=None):
    context = ssl.create_default_context(cafile=str(made["ca"][0]))
    if name:
        context.load_cert_chain(*map(str, made[name]))
    return context


def server_context(made, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, made[name]))
    return context
