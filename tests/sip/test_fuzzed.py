"""Fuzzed datagrams and streams at the whole proxy: it lives, and leaks nothing.

Few in `make check`; `make fuzz-sip` sends 200,000 at a sanitized build, whose
end tells of every byte it lost or read too far. USHER_FUZZ is their number;
what was sent follows from the seed that is printed, USHER_FUZZ_SEED.
"""

import os
import random
import re
import socket
import time

import pytest

import torture
import torture_ipv6
from actor import Actor, Call
from mutate import mutate
from sip_site import ALICE, CARRIER, HOST, STRANGER, TRUNK, Site
from test_phones import called, register
from torture_wire import ECHOED, header, lines_of

COUNT = int(os.environ.get("USHER_FUZZ", "3000"))
SEED = os.environ.get("USHER_FUZZ_SEED") or str(random.SystemRandom()
                                                .randrange(10 ** 9))
BATCH = 50
RULES = """
rules = ( { name = "nobody"; if = { anonymous = true; }; then = "refuse";
		say = "Who is there?"; },
	{ name = "video"; if = { channel = "video"; }; then = "redirect";
		to = [ "email" ]; },
	{ name = "window"; if = { from = "+44*"; }; then = "accept";
		during = "00:00-12:00"; at_most = "3 per 1d"; } );
otherwise = "accept";
"""


class Storm:
    """One proxy, speakers of every kind, and what they have seen so far."""

    def __init__(self, folder, place, dice):
        self.dice = dice
        self.pbx = Actor(HOST)
        self.callers = [Actor(host) for host in (TRUNK, CARRIER, STRANGER)]
        port = None
        self.site = Site(
            folder, self.pbx.port, trunks=f'"sip:{TRUNK}:'
            f'{self.callers[0].port}"', timers="t1 = 20; t2 = 80; t4 = 100; "
            "c = 2000; failover = 500; idle = 3000; ",
            sip=f'place = "{place}"; register = "path"; limits = {{ '
            "rate = 1000000; burst = 1000000; bad = 1000000; "
            "transactions = 3000; };")
        port = self.site.port
        self.site.configure(port=f'{port}", "tcp:{HOST}:{port}')
        self.site.write(RULES, phones=(ALICE, "sip:1001@example.com"))
        self.site.start()
        self.seeds = [*torture.MESSAGES.values(),
                      *torture_ipv6.MESSAGES.values()]
        self.plenty(place)
        self.seen = []          # what the proxy sent, to be sent back
        self.sent = 0

    def close(self):
        try:
            self.site.stop()
        finally:
            for actor in [self.pbx, *self.callers]:
                actor.close()

    def plenty(self, place):
        """Seeds that lead deeper: calls, a dialog that stands, a phone."""
        good = [self.ask(method, user).data for user in (ALICE, "alice")
                for method in ("INVITE", "INVITE", "OPTIONS", "MESSAGE",
                               "REGISTER", "CANCEL")]
        good += [self.ask("INVITE", caller=caller, headers=more).data
                 for caller, more in (
                     ("sip:anonymous@anonymous.invalid", ["Privacy: id"]),
                     ("sip:+14155550199@x.example", ["Replaces: a;to-tag=b"]),
                     ("sip:+33123456789;verstat=TN-Validation-Passed@x", [
                         "P-Asserted-Identity: <tel:+33123456789>",
                         "Diversion: <sip:a@b>;reason=no-answer;counter=2"]))]
        if place == "pbx":
            good += self.dialog()
        else:
            seen = register(self.callers[2], self.site, self.pbx)
            good += [called(self.pbx, self.site, seen).data] * 3
        self.of_pbx = [good[-1].encode()]
        self.seeds += [one.encode() for one in good * 20]

    def dialog(self):
        call = self.ask("INVITE", caller="sip:+12025550100@x.example",
                        display='"A B"').send()
        invite = self.pbx.expect("INVITE")
        self.pbx.reply(invite, 200, "OK", tag="pbx")
        answer = call.expect(200)
        return [call.build(
            method, uri=f"sip:pbx@{HOST}:{self.pbx.port}", cseq=2, body=body,
            route=answer.values("Record-Route"), to_tag=answer.to_tag)
            for method, body in (("ACK", ""), ("BYE", ""), ("INFO", ""),
                                 ("INVITE", call.body))]

    def ask(self, method, user=ALICE, **more):
        return Call(self.callers[0], self.site.address, self.site.uri(user),
                    method=method, **more)

    def message(self, actor=None):
        """One of the seeds, most often as a request of its own, changed."""
        data = self.dice.choice(self.seeds + self.seen)
        if actor is self.pbx and self.dice.random() < 0.7:
            data = self.dice.choice(self.of_pbx)
        if self.dice.random() < 0.7:
            new = b"%d" % self.dice.randrange(10 ** 12)
            data = re.sub(rb"branch=z9hG4bK[^;,\s]*",
                          b"branch=z9hG4bK" + new, data, count=1)
            data = re.sub(rb"(?m)^Call-ID: [^\r]*", b"Call-ID: " + new, data)
            data = data.replace(b"+4420712345", b"+44207" + new[:5])
        if actor and self.dice.random() < 0.7:
            data = re.sub(rb"(SIP/2.0/\w+) [^;,\s]+", rb"\1 " +
                          f"{actor.host}:{actor.port}".encode(), data,
                          count=1)
        return mutate(self.dice, [data, data, data, *self.seeds[:5]])

    def drain(self, actor):
        """Reads what waits, keeps some of it, and lets the PBX answer."""
        actor.socket.setblocking(False)
        while True:
            try:
                data, source = actor.socket.recvfrom(70000)
            except BlockingIOError:
                return
            except ConnectionError:
                continue
            if self.dice.random() < 0.1:
                self.seen = self.seen[-100:] + [data]
            if data.startswith(b"SIP/2.0 ") or self.dice.random() < 0.2:
                continue
            answer = self.answer(data)
            if self.dice.random() < 0.3:
                answer = mutate(self.dice, [answer])
            actor.socket.sendto(answer, source)

    def answer(self, data):
        code = self.dice.choice((100, 180, 183, 200, 200, 302, 404, 407, 486,
                                 503, 603))
        probe = b"@usher" in header(data, b"call-id")
        out = b"SIP/2.0 %d Words\r\n" % (200 if probe else code)
        for name, line in lines_of(data):
            if name in ECHOED or name in (b"path", b"contact"):
                out += line
        return out.replace(b"\r\nTo:", b"\r\nTo :") + b"l: 0\r\n\r\n"

    def datagrams(self, count):
        for _ in range(count):
            actor = self.dice.choice([*self.callers, self.pbx])
            data = self.message(actor)
            try:
                actor.socket.setblocking(True)
                actor.socket.sendto(data, self.site.address)
            except OSError:
                continue
            self.sent += 1

    def stream(self, count):
        """One stream of messages, cut where they should not be."""
        with socket.socket() as one:
            one.bind((self.dice.choice((TRUNK, CARRIER, STRANGER, HOST)), 0))
            one.settimeout(20)
            one.connect(self.site.address)
            data = b"".join(self.message() for _ in range(count))
            self.sent += count
            try:
                while data:
                    cut = self.dice.randrange(1, 4000)
                    one.sendall(data[:cut])
                    data = data[cut:]
            except OSError:
                pass                    # framing was lost, and the stream

    def went_deep(self):
        """Not all of it was refused at the gate."""
        counters = self.site.counters()
        assert counters["malformed"] > self.sent // 20
        assert counters["requests_again"] and counters["strays"]
        assert len(self.site.decisions()) > self.sent // 300, counters

    def lives(self):
        """A plain question is answered, and all before it was looked at."""
        question = Call(self.callers[0], self.site.address,
                        f"sip:{HOST}:{self.site.port}", method="OPTIONS",
                        body="")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            question.send()
            try:
                self.callers[0].socket.settimeout(0.5)
                while True:
                    data = self.callers[0].socket.recv(70000)
                    if question.call_id.encode() in data:
                        return
            except OSError:
                continue
            finally:
                self.drain(self.pbx)
        raise AssertionError("it answers no more: seed " + SEED + "\n"
                             + "\n".join(self.site.lines[-20:]))


@pytest.mark.timeout(60 + COUNT // 20)
@pytest.mark.parametrize("place", ["pbx", "phones"])
def test_it_lives_through_a_storm(tmp_path, place):
    print(f"USHER_FUZZ_SEED={SEED}")
    storm = Storm(tmp_path / "site", place, random.Random(SEED + place))
    try:
        while storm.sent < COUNT // 2:
            storm.datagrams(BATCH)
            for actor in [storm.pbx, *storm.callers]:
                storm.drain(actor)
            storm.stream(BATCH // 4)
            storm.lives()
        storm.went_deep()
        left = [line for line in storm.site.lines
                if re.search("ERROR|runtime error", line)]
        assert not left
    finally:
        storm.close()
