"""OpenDKIM and OpenDMARC before Usher, as the snippets set them up.

Private instances on sockets where the MTA's configuration looks for them. The
names they ask for are those of a small name server of the test, by an
/etc/resolv.conf that they alone see. `Filters(folder, snippet).start()`,
later `.stop()`.
"""

import random
import re
import shutil
import socket
import socketserver
import struct
import subprocess
import tempfile
import threading
from pathlib import Path

import sendmail_lab
import support

TXT = 16
NXDOMAIN = 3
MORE = {"opendkim": "Mode v\nTestPublicKeys /run/keys\n", "opendmarc": ""}


class NameServer(socketserver.ThreadingUDPServer):
    """Answers TXT of the names it is given, on port 53 of its own address."""

    daemon_threads = True

    class Question(socketserver.BaseRequestHandler):
        def handle(self):
            data, answer_by = self.request
            answer_by.sendto(self.server.answer(data), self.client_address)

    def __init__(self, texts):
        self.texts = texts
        chance = random.SystemRandom()
        for attempt in range(100):
            self.address = "127.{}.{}.{}".format(
                *(chance.randrange(1, 255) for _ in range(3)))
            try:
                super().__init__((self.address, 53), self.Question)
                break
            except OSError:
                if attempt == 99:
                    raise
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def answer(self, data):
        """RFC 1035 §4: the question once more, and its texts."""
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1:at + 1 + data[at]].decode().lower())
            at += 1 + data[at]
        question = data[12:at + 5]
        kind, = struct.unpack("!H", data[at + 1:at + 3])
        name = ".".join(labels)
        text = self.texts.get(name) if kind == TXT else None
        known = any(one == name or one.endswith("." + name)
                    for one in self.texts)
        flags = 0x8580 | (0 if known else NXDOMAIN)
        records = b""
        if text is not None:
            parts = [text[i:i + 255].encode()
                     for i in range(0, len(text), 255)]
            content = b"".join(bytes([len(p)]) + p for p in parts)
            records = struct.pack("!HHHIH", 0xc00c, TXT, 1, 60,
                                  len(content)) + content
        return data[:2] + struct.pack("!HHHHH", flags, 1,
                                      1 if records else 0, 0, 0) \
            + question + records

    def stop(self):
        self.shutdown()
        self.server_close()


def settings(snippet, name):
    """What a snippet says belongs into opendkim.conf or opendmarc.conf."""
    text = (support.ROOT / "conf" / snippet).read_text()
    found = re.search(rf"^(#|dnl)\s+(/etc/)?{name}\.conf\n((\1\t\t+\S.*\n)+)"
                      rf"|^(#|dnl)\t{name}\.conf\n((\5\t\t\S.*\n)+)", text,
                      re.M)
    assert found, f"{snippet} says nothing of {name}.conf"
    return re.sub(r"^(#|dnl)\s+", "", found.group(3) or found.group(6),
                  flags=re.M)


def key():
    """A private key, and its public half as DNS shows it."""
    private = subprocess.run(["openssl", "genrsa", "-traditional", "2048"],
                             capture_output=True, check=True).stdout
    public = subprocess.run(["openssl", "rsa", "-pubout"], input=private,
                            capture_output=True, check=True).stdout
    return private, "v=DKIM1; k=rsa; p=" + "".join(
        public.decode().split("\n")[1:-2])


class Filters:
    def __init__(self, sockets, snippet, texts):
        """sockets: the folder in which theirs are made."""
        self.sockets = sockets
        self.snippet = snippet
        self.texts = texts
        self.names = NameServer(texts)
        self.base = Path(tempfile.mkdtemp(prefix="usher-filters-"))
        self.running = []

    def start(self):
        self.base.chmod(0o755)
        sendmail_lab.own_etc(self.base / "etc", self.names.address)
        # OpenDKIM's resolver asks the root servers, and none on loopback.
        (self.base / "keys").write_text("".join(
            f"{name} {text}\n" for name, text in self.texts.items()
            if "._domainkey." in name))
        for name in "opendkim", "opendmarc":
            path = self.sockets / name / f"{name}.sock"
            path.parent.mkdir(exist_ok=True)
            path.unlink(missing_ok=True)
            conf = self.base / f"{name}.conf"
            conf.write_text(settings(self.snippet, name) + "Syslog yes\n"
                            f"Socket local:{path}\nUMask 000\n"
                            + MORE[name])
            out = open(self.base / f"{name}.out", "wb")
            with out:
                self.running.append(sendmail_lab.apart(
                    self.base, f"/usr/sbin/{name}", "-f",
                    "-x" if name == "opendkim" else "-c",
                    f"/run/{name}.conf", stdout=out, stderr=out))
            try:
                support.wait_for(lambda: self._answers(path), 30,
                                 f"{name}'s socket")
            except AssertionError as error:
                said = (self.base / f"{name}.out").read_text()
                self.stop()
                raise OSError(f"{error}: {said}")
        return self

    def _answers(self, path):
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except OSError:
                return False
        return True

    def stop(self):
        for process in self.running:
            process.kill()
            process.wait(30)
        self.names.stop()
        shutil.rmtree(self.base, ignore_errors=True)
