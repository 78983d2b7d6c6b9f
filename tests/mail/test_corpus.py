"""Every mail gets a verdict: no crash, no hang, no growth.

Our own malformed mails always; all mails below USHER_DATA (else ../shared/data
beside the checkout) where there are any. They come over the milter protocol,
so nothing an MTA would mend is mended, and each goes to recipients of every
need. Under sanitizers the milter ends with a report of what it did wrong.
"""

import os
import struct
import time
from pathlib import Path

import pytest

import support
from bombs import BOMBS, split
from mail_site import Milter
from milter_client import NO, UNANSWERED, Client

OWN = support.ROOT / "tests" / "data" / "malformed"
DATA = Path(os.environ.get("USHER_DATA")
            or support.ROOT.parent / "shared" / "data")
FINAL = ("250", "450", "451", "452", "550")
LARGE = split(BOMBS["three megabytes"])
# The slowest mail may take this many times what 3 MB of plain text take.
SLOWEST = 25

TOPICS = '{ storage = [ "document storage", "records management" ]; }'
RULES = {
    "envelope": '{ name = "n"; if = { from = "*@rude.example"; };'
                ' then = "refuse"; }',
    "headers": '{ name = "n"; if = { verified = true;'
               ' organization = "rude.example"; }; then = "refuse"; }',
    "topic": '{ name = "n"; if = { topic = "storage"; }; then = "refuse"; }',
    "purpose": '{ name = "n"; if = { purpose = [ "sales", "bulk" ]; };'
               ' then = "defer"; during = "00:00-23:00"; }',
    "substance": '{ name = "n"; if = { stranger = true; }; then = "accept";'
                 ' requires = { attachment = [ "pptx", "pdf", "docx" ];'
                 ' or_link = [ "slides.example" ]; words = "<=300"; }; }',
    "link": '{ name = "n"; if = { link = "x.example"; }; then = "refuse"; },'
            '{ name = "m"; if = { attachment = [ "zip", "exe" ]; };'
            ' then = "refuse"; }',
    "deferred": '{ name = "n"; if = { purpose = [ "sales", "bulk",'
                ' "unknown" ]; }; then = "accept"; during = "09:00-12:00"; }',
}


def own():
    return {**{path.name: path.read_bytes()
               for path in sorted(OWN.glob("*.eml"))}, **BOMBS}


class Mta(Client):
    """Says what a client sent, byte by byte, and waits where it must."""

    def __init__(self, path):
        self.unsent = bytearray()
        super().__init__(path)

    def send(self, command, data=b""):
        self.unsent += struct.pack("!I", len(data) + 1) + command.encode()
        self.unsent += data

    def read(self):
        self.socket.sendall(self.unsent)
        self.unsent.clear()
        return super().read()

    def step(self, command, data=b""):
        if self.steps & NO.get(command, 0):
            return None
        self.send(command, data)
        if self.steps & UNANSWERED.get(command, 0):
            return None
        letter, text = self.read()
        return letter, text.rstrip(b"\0").decode()

    def offer(self, fields, body, sender, recipients):
        """The answer that ends the mail, as a code."""
        self.step("M", b"<" + sender + b">\0")
        taken = [one for one in recipients
                 if self.step("R", b"<" + one + b">\0")[0] == "c"]
        if not taken:
            return self.ended("550")
        answer = self.content(fields, body)
        return self.ended(answer or self.outcome(*self.end()[:2]))

    def content(self, fields, body):
        for one in [("T",)] + [("L", name + b"\0" + value + b"\0")
                               for name, value in fields] + [("N",)]:
            answer = self.step(*one)
            if answer is not None and answer[0] != "c":
                return self.outcome(*answer)
        for at in range(0, len(body), 65535):
            answer = self.step("B", body[at:at + 65535])
            if answer is not None and answer[0] != "c":
                return None if answer[0] == "s" else self.outcome(*answer)
        return None

    @staticmethod
    def outcome(letter, text):
        return {"c": "250", "a": "250", "r": "550", "t": "451"}.get(
            letter) or text[:3]

    def ended(self, code):
        self.send("A")
        return code


@pytest.fixture
def torture(site):
    """A site with a recipient of every need, and its milter."""
    for name, rules in RULES.items():
        site.prefer(name, rules, topics=TOPICS)
    site.prefer("observed", RULES["topic"], topics=TOPICS, mode='"observe"')
    site.prefer("off", RULES["topic"], topics=TOPICS, mode='"off"')
    site.configure(mail='authserv_ids = [ "mx.example.com" ]; '
                        'relays = [ "198.51.100.0/24" ];')
    site.publish()
    return site


@pytest.fixture
def milter(torture, monkeypatch):
    # What a sanitizer keeps back to catch late uses would look like growth.
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "")
                       + ":quarantine_size_mb=4")
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    return torture.start()


EVERYBODY = tuple(f"{name}@example.com".encode() for name in
                  (*RULES, "observed", "off", "postmaster", "nobody"))
WAYS = [
    # client, sender, recipients
    ("192.0.2.1", b"bob@sender.example", EVERYBODY),
    ("192.0.2.1", b"", EVERYBODY[2:3]),
    ("198.51.100.9", b"bob@sender.example", EVERYBODY[1:6]),
]


def judge(site, mails):
    """Seconds that each mail took; AssertionError where one got no answer."""
    took = {}
    for client, sender, recipients in WAYS:
        with Mta(site.socket) as mta:
            mta.connect(address=client)
            for name, mail in mails.items():
                begun = time.monotonic()
                try:
                    code = mta.offer(*mail, sender, recipients)
                except (EOFError, OSError) as error:
                    raise AssertionError(f"{name}: {error!r}")
                assert code in FINAL, (name, code)
                took[name] = max(took.get(name, 0), time.monotonic() - begun)
    return took


def too_slow(site, mails, took):
    """The mails that are slow whenever they are tried, with their times."""
    bar = SLOWEST * max(0.05, *(judge(site, {"": LARGE})[""]
                                for _ in range(2)))
    slow = {name for name, s in took.items() if s > bar}
    for _ in range(2):
        if slow:
            again = judge(site, {name: mails[name] for name in slow})
            slow = {name for name, s in again.items() if s > bar}
    return {name: took[name] for name in slow}, bar


def resident_kb(milter: Milter):
    """Its own memory; the store's pages are the system's."""
    status = Path(f"/proc/{milter.process.pid}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0])


def settles(site, milter, mails):
    """A leak grows with every pass, room for the worst mail but once."""
    before = resident_kb(milter)
    for _ in range(6):
        judge(site, mails)
        now = resident_kb(milter)
        if now - before < 512:
            return
        before = now
    raise AssertionError(f"grows with every pass, now {now} kB")


def torment(site, milter, mails):
    mails = {name: split(mail) for name, mail in mails.items()}
    took = judge(site, mails)
    slow, bar = too_slow(site, mails, took)
    assert not slow, f"slower than {bar:.2f} s"
    # Sanitizers tell of every leak, when the milter stops.
    if not support.SANITIZED:
        settles(site, milter, mails)
    milter.stop()
    assert not [line for line in milter.lines if " fault " in line]
    assert "faults=0" in milter.wait_line("counts ")


@pytest.mark.timeout(300)
def test_malformed_mails_of_our_own(torture, milter):
    mails = own()
    assert len(mails) > 100
    torment(torture, milter, mails)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("folder", ["malformed", "mail"])
def test_all_mails_of_a_folder(torture, milter, folder):
    paths = sorted((DATA / folder).glob("**/*.eml"))
    if not paths:
        pytest.skip(f"no mails in {DATA / folder}: set USHER_DATA")
    torment(torture, milter, {str(path.relative_to(DATA)): path.read_bytes()
                              for path in paths})


@pytest.mark.parametrize("size", [60000, 70000, 99000, 200000])
def test_a_long_field_does_not_hide_a_mail(postfix, torture, milter, size):
    """More than a packet of the milter protocol holds; Postfix cuts it."""
    with postfix.session() as smtp:
        smtp.mail("bob@sender.example")
        smtp.rcpt("topic@example.com")
        assert smtp.data(b"X-Long: " + b"x" * size + b"\r\nFrom: a@b.example"
                         b"\r\n\r\nWe sell document storage.\r\n")[0] == 550
