"""A storm: one proxy, speakers of every kind, and what they have seen so far.

Owns the site and the sockets; what is sent follows from the dice that it is
given. Names lead somewhere too, by a name server that babbles now and then,
and one of the hops is never there. Driven by test_fuzzed.py.
"""

import random
import re
import socket
import time

import torture
import torture_ipv6
from actor import Actor, Call
from dns_server import A, SRV, DnsServer
from mutate import flip, insert, mutate, remove
from sip_site import ALICE, CARRIER, HOST, STRANGER, TRUNK, Site
from test_phones import called, register
from torture_wire import ECHOED, header, lines_of

TERMS = """
	refuse = 608; card = "https://c.example/card"; extensions = [ "1*" ];
	announce = "sip:hear@example.com"; defer_to = "sip:{user}@mail.test";
	outside_prefix = "0"; identity = "from"; numbers = "e164";
"""
TIMERS = ("t1 = 20; t2 = 80; t4 = 100; c = 1000; failover = 50; probe = 100; "
          "idle = 1000; ")
HOSTS = (TRUNK, CARRIER, STRANGER, "127.0.0.5", "127.0.0.6", "127.0.0.7")
PEERS = """
	{ name = "follows"; from = [ "127.0.0.5" ]; follows_302 = true; %s },
	{ name = "checks"; from = [ "127.0.0.6" ]; trusted = true;
		identity = "verstat"; refuse = 486; },
	{ name = "office"; from = [ "127.0.0.7" ]; side = "inside"; }
""" % TERMS
RULES = """
rules = ( { name = "text"; if = { channel = "message"; purpose = "sales"; };
		then = "defer"; during = "00:00-00:01"; },
	{ name = "desk"; if = { from = "+33*"; }; then = "redirect";
		to = [ "sip:desk@example.com", "message", "email" ]; },
	{ name = "ring"; if = { from = "*@ring.example"; }; then = "accept";
		ring = "sip:1001@example.com"; },
	{ name = "nobody"; if = { anonymous = true; }; then = "refuse";
		say = "Who is there?"; },
	{ name = "video"; if = { channel = "video"; }; then = "redirect";
		to = [ "email" ]; },
	{ name = "window"; if = { from = "+44*"; }; then = "accept";
		during = "00:00-00:01"; at_most = "3 per 1d"; },
	{ name = "new"; if = { stranger = true; from = "+49*"; };
		then = "accept"; at_most = "9 per 1h";
		requires = { reason = true; }; } );
otherwise = "accept";
"""


STUN = b"\0\1\0\0\x21\x12\xa4\x42" + b"x" * 12


class Babbler(DnsServer):
    """Names of the site; some answers are not what they should be."""

    def __init__(self, pbx):
        self.dice = random.Random(1)
        self.babbles = False    # a start would wait for it
        super().__init__()
        self.add("_sip._udp.pbx.test", SRV, (1, 1, pbx, "a.pbx.test"),
                 (2, 0, pbx, "b.pbx.test"), ttl=1)
        self.add("a.pbx.test", A, HOST, ttl=1)
        self.add("_sip._udp.mail.test", SRV, (1, 1, 9, "."), ttl=1)
        self.add("phone.test", A, HOST, ttl=1)

    def _answer(self, data, name, kind):
        answer = super()._answer(data, name, kind)
        while self.babbles and self.dice.random() < 0.2:
            way = self.dice.choice((flip, insert, remove))
            answer = answer[:2] + way(self.dice, answer[2:])
        return answer


class Storm:
    """start() it with a name server's address in USHER_DNS; close() it."""

    def __init__(self, folder, place, dice):
        self.dice = dice
        self.pbx = Actor(HOST)
        self.callers = [Actor(host) for host in HOSTS]
        self.dns = Babbler(self.pbx.port)
        self.site = Site(
            folder, self.pbx.port, hops='( { uri = "sip:%s:%d"; priority = '
            '1; }, { uri = "sip:%s:1;transport=tcp"; priority = 2; }, '
            '{ uri = "sip:pbx.test"; priority = 3; } )' % (
                HOST, self.pbx.port, HOST), site='allow = [ "*.test" ];',
            trunks=f'"sip:{TRUNK}:'
            f'{self.callers[0].port}"', timers="failover = 60000; ",
            peers=PEERS, sip=TERMS * self.dice.randrange(2)
            + f'place = "{place}"; register = "path"; limits = {{ '
            "rate = 1000000; burst = 1000000; bad = 1000000; "
            "transactions = 3000; };")
        port = self.site.port
        self.site.configure(port=f'{port}", "tcp:{HOST}:{port}')
        self.site.write(RULES, phones=(ALICE, "sip:1001@example.com"))
        self.place = place
        self.seen = []          # what the proxy sent, to be sent back
        self.sent = 0
        self.before = {}        # counters of the run before the restart

    def start(self):
        self.site.start()
        self.seeds = [*torture.MESSAGES.values(),
                      *torture_ipv6.MESSAGES.values()]
        self.plenty(self.place)
        # Not before: whoever is slow now would be given up.
        self.site.configure(timers=TIMERS)
        self.site.reload()
        self.dns.babbles = True

    def close(self):
        try:
            self.site.stop()
        finally:
            self.dns.close()
            for actor in [self.pbx, *self.callers]:
                actor.close()

    def restart(self):
        """The configuration anew; then what is kept in the store comes back."""
        self.site.reload()
        self.before = self.site.counters()
        self.site.stop()
        self.dns.babbles = False
        self.site.run()
        self.dns.babbles = True

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
                         "Diversion: <sip:a@b>;reason=no-answer;counter=2"]),
                     ("urn:service:sales", ["Feature-Caps: *;+sip.608"]),
                     ("mailto:x@ring.example", ["Subject: Offer"]),
                     ("sip:a@ring.example", [
                         "Remote-Party-ID: \"A\" <sip:b@c>;privacy=full",
                         "History-Info: <sip:a@b>;index=1, "
                         "<sip:c@d;cause=302>;index=1.1"]),
                     ("tel:+4930123456;phone-context=+49", [
                         "Call-Info: <x:y>;call-reason=\"Offer\"",
                         "Accept-Language: de;q=0.5, en"]))]
        good += [self.ask("MESSAGE", caller=caller, body=body,
                          body_type=kind).data
                 for caller in ("sip:a@x.example", "tel:+4930123456")
                 for kind, body in (
                     ("text/plain", "Buy now"),
                     ("message/cpim", "From: <im:a>\r\n\r\nContent-Type: "
                      "text/plain\r\n\r\nBuy now"))]
        good += [self.ask("INVITE", body="--x\r\nContent-Type: "
                          "application/sdp\r\n\r\nm=video 9 a\r\n--x--",
                          body_type="multipart/mixed;boundary=x").data]
        if place == "pbx":
            good += self.dialog()
        else:
            seen = register(self.callers[2], self.site, self.pbx)
            gone = self.ask("REGISTER", to="sip:1001@example.com",
                            headers=["Expires: 0"]).data
            good += [gone, gone.replace("Contact: ", "Contact: *\r\nX: ")]
            good += [called(self.pbx, self.site, seen).data] * 3
        self.of_pbx = [good[-1].encode()] * 4 + [
            Call(self.pbx, self.site.address, self.site.uri(user),
                 caller=caller).data.encode()
            for user, caller in (("911", "sip:2222@example.com"),
                                 ("+33123456789", "sip:1001@example.com"),
                                 ("1001", "mailto:1001@example.com"))]
        self.seeds += [one.encode() for one in good * 20] + [STUN] * 9

    def dialog(self):
        call = self.ask("INVITE", caller="sip:+12025550100@x.example",
                        display='"A B"').send()
        invite = self.pbx.expect("INVITE")
        self.pbx.reply(invite, 200, "OK", tag="pbx")
        answer = call.expect(200)
        route = answer.values("Record-Route")
        ends = [f"sip:pbx@{HOST}:{self.pbx.port}", "sip:pbx@phone.test",
                "sip:pbx@away.test;transport=tcp"]
        within = [call.build(method, uri=uri, cseq=2, body=body, route=route,
                             to_tag=answer.to_tag)
                  for uri in ends for method, body in (
                      ("ACK", ""), ("BYE", ""), ("INFO", ""),
                      ("INVITE", call.body))]
        # As a strict router sends it on.
        within += [call.build("INFO", uri=route[0].strip("<>"), cseq=3,
                              body="", to_tag=answer.to_tag,
                              route=[*route[1:], f"<{uri}>"])
                   for uri in ends]
        return within

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
            if name == b"to" and self.dice.random() < 0.7:
                line = line.rstrip() + b";tag=p\r\n"
            if name in ECHOED or name in (b"path", b"contact"):
                out += line
        return out.replace(b"\r\nTo:", b"\r\nTo :") + b"l: 0\r\n\r\n"

    def follow(self, data):
        """What may come behind a request: it once more, CANCEL, ACK."""
        old = data.partition(b" ")[0]
        if old != b"INVITE" or self.dice.random() < 0.1:
            return [data]
        new = self.dice.choice((b"CANCEL", b"CANCEL", b"ACK"))
        return [data.replace(old, new)]

    def datagrams(self, count):
        for _ in range(count):
            actor = self.dice.choice([*self.callers, self.pbx])
            data = [self.message(actor)]
            if self.dice.random() < 0.1:
                data += self.follow(data[0])
            for one in data:
                try:
                    actor.socket.setblocking(True)
                    actor.socket.sendto(one, self.site.address)
                except OSError:
                    continue
                self.sent += 1

    def stream(self, count):
        """One stream of messages, cut where they should not be."""
        with socket.socket() as one:
            one.bind((self.dice.choice((*HOSTS, HOST)), 0))
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
        now = self.site.counters()
        seen = {name: now[name] + self.before.get(name, 0)
                for name in ("malformed", "requests_again", "strays")}
        assert seen["malformed"] > self.sent // 20, seen
        assert seen["requests_again"] and seen["strays"], seen
        assert len(self.site.decisions()) > self.sent // 1000, now

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
        raise AssertionError("it answers no more:\n"
                             + "\n".join(self.site.lines[-20:]))
