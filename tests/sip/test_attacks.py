"""A table of attacks on screening and on relaying: each row is a test.

Alice lets one friend in, whom a trusted trunk vouches for, and nobody else;
Bob lets everybody in. A row says who sends what, and what comes of it: a code,
"silence", or "passes" for what looks like an attack and is none. Whatever the
row, nobody but the PBX is ever sent anything, and the PBX only what passes.
"""

import re

import pytest

from actor import SDP, Actor, Call
from sip_site import ALICE, CARRIER, HOST, STRANGER, TRUNK, Site
from torture_wire import Hop, StreamSender, code_of, header

BOB = "+14155550101"
FRIEND = "+442079460000"
VICTIM = "127.0.0.9"
RULES = ('rules = ( { name = "friend"; if = { from = "%s"; };'
         ' then = "accept"; }, { name = "no"; then = "refuse"; } );' % FRIEND)
VOUCHED = f"P-Asserted-Identity: <tel:{FRIEND}>"


class World:
    def __init__(self, folder):
        self.hop = Hop()
        self.actors = {name: Actor(host) for name, host in (
            ("trunk", TRUNK), ("carrier", CARRIER), ("stranger", STRANGER),
            ("victim", VICTIM))}
        self.site = Site(
            folder, self.hop.port, trunks=f'"sip:{HOST}:1"',
            sip='extensions = [ "1???" ]; limits = { rate = 100000; '
                "burst = 100000; bad = 1000000; };")
        self.site.write(RULES)
        self.site.write('rules = ( ); otherwise = "accept";', "bob", (BOB,))
        port = self.site.port
        self.site.configure(port=f'{port}", "tcp:{HOST}:{port}')
        self.site.start()
        victim = self.actors["victim"]
        self.victim = f"{victim.host}:{victim.port}"
        self.talk()

    def close(self):
        try:
            self.site.stop()
        finally:
            self.hop.close()
            for actor in self.actors.values():
                actor.close()

    def talk(self):
        """A call that stands: its Record-Route is what others forge."""
        self.call = self.ask("trunk", headers=[VOUCHED]).send()
        self.answer = self.call.expect(200)
        self.call.within("ACK", self.answer)
        self.route = self.answer.values("Record-Route")[0]

    def ask(self, who, uri=None, **more):
        more.setdefault("caller", f"sip:{FRIEND}@example.net")
        return Call(self.actors[who], self.site.address,
                    uri or self.site.uri(), **more)

    def inside(self, who, method="INVITE", route=None, call=None, **more):
        """A request that says it is inside the standing call."""
        call = call or self.call
        body = SDP if method == "INVITE" else ""
        return self.ask(who, f"sip:pbx@{HOST}:{self.hop.port}",
                        method=method, body=body, cseq=7, **{
                            "route": [self.route if route is None else route],
                            "call_id": call.call_id,
                            "from_tag": call.from_tag,
                            "to_tag": self.answer.to_tag, **more})

    def final(self, actor, call_id):
        while True:
            message = actor.receive(10)
            assert message is not None, "no answer"
            if message.get("Call-ID") == call_id and message.code >= 200:
                return message

    def outcome(self, who, what, expected):
        """The code that came, or "silence"; nothing may go to the victim."""
        actor, came = self.actors[who], None
        data = what.data.encode() if isinstance(what, Call) else what
        actor.send(data, self.site.address)
        if expected != "silence":
            came = self.final(actor, header(data, b"call-id").decode())
            if isinstance(what, Call) and came.code >= 300:
                what.ack(came)
        # What is answered after it was looked at after it.
        after = self.ask(who, f"sip:{HOST}:{self.site.port}", body="",
                         method="OPTIONS").send()
        assert self.final(actor, after.call_id).code == 200
        self.actors["victim"].silence(0.001)
        return came


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    one = World(tmp_path_factory.mktemp("attacks") / "site")
    yield one
    one.close()


# ---- inside a dialog, says who is not ----

def other_mac(w):
    return re.sub("u=(.)", lambda m: "u=" + "10"[m[1] == "1"], w.route)


def mac(w):
    return re.search("u=([0-9a-f]{16})", w.route).group(1)


def changed(w, old, new):
    assert old in w.route
    return w.route.replace(old, new)


DIALOGS = [
    ("wrong MAC", lambda w: w.inside("trunk", route=other_mac(w))),
    ("MAC cut", lambda w: w.inside("trunk", route=changed(
        w, mac(w), mac(w)[:-1]))),
    ("MAC and more", lambda w: w.inside("trunk", route=changed(
        w, mac(w), mac(w) + "0"))),
    ("MAC in capitals", lambda w: w.inside("trunk", route=changed(
        w, mac(w), "ABCDEF" + mac(w)[6:]))),
    ("no MAC", lambda w: w.inside("trunk", route=changed(w, mac(w), ""))),
    ("no parameter", lambda w: w.inside("trunk", route=changed(
        w, ";u=" + mac(w), ""))),
    ("MAC outside <>", lambda w: w.inside("trunk", route=changed(
        w, f";u={mac(w)}>", f">;u={mac(w)}"))),
    ("MAC as header of the URI", lambda w: w.inside("trunk", route=changed(
        w, f";u={mac(w)}>", f"?u={mac(w)}>"))),
    ("wrong MAC first", lambda w: w.inside("trunk", route=changed(
        w, ";u=", ";u=0000000000000000;u="))),
    ("MAC of another Call-ID", lambda w: w.inside(
        "trunk", call_id="another@test")),
    ("MAC of another caller", lambda w: w.inside(
        "trunk", from_tag="another")),
    ("MAC at another host", lambda w: w.inside("trunk", route=changed(
        w, f"{HOST}:{w.site.port}", w.victim))),
    ("MAC at another port", lambda w: w.inside("trunk", route=changed(
        w, f":{w.site.port}", ":1"))),
    ("MAC behind a foreign Route", lambda w: w.inside(
        "trunk", route=f"<sip:{w.victim};lr>, {w.route}")),
    ("a stranger's wrong MAC", lambda w: w.inside(
        "stranger", route=other_mac(w))),
    *[(f"a stranger's {method}", lambda w, method=method: w.inside(
        "stranger", method, route=other_mac(w)))
      for method in ("BYE", "UPDATE", "INFO", "REFER", "NOTIFY", "MESSAGE",
                     "PRACK", "SUBSCRIBE", "OPTIONS")],
    ("strict route without MAC", lambda w: w.inside(
        "stranger", "BYE", route=f"<sip:{w.victim}>")),
]


@pytest.mark.parametrize("build", [b for _, b in DIALOGS],
                         ids=[name for name, _ in DIALOGS])
def test_no_dialog_without_its_proof(world, build):
    call = build(world)
    before = len(world.hop.got)
    assert world.outcome(call.actor is world.actors["stranger"] and "stranger"
                         or "trunk", call, 481).code == 481
    assert len(world.hop.got) == before


def test_the_proof_of_the_dialog_is_one(world):
    """The rows above are refused for what they change, not for the rest."""
    assert world.outcome("trunk", world.inside("trunk"), 200).code == 200


def test_a_key_of_another_site_proves_nothing(world, tmp_path_factory):
    other = World(tmp_path_factory.mktemp("attacks") / "other")
    try:
        again = Call(other.actors["trunk"], other.site.address,
                     other.site.uri(), call_id=world.call.call_id,
                     from_tag=world.call.from_tag, headers=[VOUCHED],
                     caller=f"sip:{FRIEND}@example.net").send()
        route = again.expect(200).values("Record-Route")[0].replace(
            f":{other.site.port}", f":{world.site.port}")
    finally:
        other.close()
    call = world.inside("trunk", route=route)
    assert world.outcome("trunk", call, 481).code == 481


# ---- everything else, row by row ----

def forged(who, *headers, **more):
    return lambda w: w.ask(who, headers=list(headers), **more)


def to(who, uri, **more):
    return lambda w: w.ask(who, uri.format(
        victim=w.victim, us=f"{HOST}:{w.site.port}",
        pbx=f"{HOST}:{w.hop.port}", alice=ALICE, bob=BOB), **more)


def along(who, *route, user=BOB, **more):
    return lambda w: w.ask(who, w.site.uri(user), route=[one.format(
        victim=w.victim, us=f"{HOST}:{w.site.port}",
        pbx=f"{HOST}:{w.hop.port}") for one in route], **more)


def with_via(who, via, user=ALICE):
    def build(w):
        call = w.ask(who, w.site.uri(user))
        via_line = "Via: " + via.format(
            victim=w.victim, host=call.actor.host, port=call.actor.port,
            us=f"{HOST}:{w.site.port}", branch=call.branch)
        call.data = re.sub("Via: [^\r]*", lambda _: via_line, call.data,
                           count=1)
        return call
    return build


def bytes_of(who, old, new, user=ALICE, **more):
    """A call with bytes changed."""
    def build(w):
        call = w.ask(who, w.site.uri(user), **more)
        data = call.data.encode()
        assert old in data
        call.data = data.replace(old, new, 1).decode("latin-1")
        return call
    return build


FROM = f"sip:{FRIEND}@example.net"
RELAY = "Via: SIP/2.0/UDP "

ROWS = [
    # Who vouches: only whom the site trusts.
    ("friend vouched for", "trunk", 200, forged("trunk", VOUCHED)),
    ("friend of a name only", "trunk", 603, forged("trunk")),
    ("PAI by a carrier", "carrier", 603, forged("carrier", VOUCHED)),
    ("PAI by a stranger", "stranger", 480, forged("stranger", VOUCHED)),
    ("PAI folded", "carrier", 603, forged(
        "carrier", f"P-Asserted-Identity:\r\n <tel:{FRIEND}>")),
    ("PAI twice", "carrier", 603, forged("carrier", VOUCHED, VOUCHED)),
    ("PAI in capitals", "stranger", 480, forged("stranger", VOUCHED.upper())),
    ("RPID", "carrier", 603, forged(
        "carrier", f"Remote-Party-ID: <tel:{FRIEND}>;screen=yes")),
    ("RPID by a stranger", "stranger", 480, forged(
        "stranger", f"Remote-Party-ID: <tel:{FRIEND}>;screen=yes")),
    ("PPI", "trunk", 603, forged(
        "trunk", f"P-Preferred-Identity: <tel:{FRIEND}>")),
    ("verstat", "carrier", 603, forged(
        "carrier", caller=f"sip:{FRIEND};verstat=TN-Validation-Passed@x.net")),
    ("verstat by a stranger", "stranger", 480, forged(
        "stranger", caller=FROM + ";verstat=TN-Validation-Passed")),
    ("Identity", "stranger", 480, forged(
        "stranger", "Identity: e30.e30.AA;info=<https://x.example/c>")),
    ("a PAI in the body", "trunk", 603, forged(
        "trunk", body=f"\r\n{VOUCHED}\r\n\r\n")),
    # Emergency and its way back.
    ("psap-callback", "carrier", 603, forged(
        "carrier", "Priority: psap-callback")),
    ("psap-callback folded", "stranger", 480, forged(
        "stranger", "PRIORITY :\r\n\tPSAP-Callback")),
    ("esnet", "carrier", 603, forged("carrier", "Resource-Priority: esnet.0")),
    ("esnet by a stranger", "stranger", 480, forged(
        "stranger", "Resource-Priority: wps.1,\r\n esnet.0")),
    ("sos as parameter", "carrier", 603, to(
        "carrier", "sip:{alice}@{us};urn=urn:service:sos")),
    ("sos in To", "stranger", 480, forged("stranger", to="urn:service:sos")),
    ("112 from outside", "carrier", 603, forged("carrier", to="sip:112@x")),
    # What makes a call an inside one, from outside.
    ("Replaces", "trunk", 603, forged("trunk", "Replaces: 1;to-tag=2;"
                                      "from-tag=3")),
    ("Join", "stranger", 480, forged("stranger", "Join: 1;to-tag=2;"
                                     "from-tag=3")),
    ("Referred-By an extension", "trunk", 603, forged(
        "trunk", "Referred-By: <sip:1001@example.com>")),
    ("an extension's name", "trunk", 603, forged(
        "trunk", "P-Asserted-Identity: <sip:1001@example.com>",
        caller="sip:1001@example.com")),
    # Whose policy: no other than Alice's, however she is written.
    ("P-Called-Party-ID of another", "stranger", 480, forged(
        "stranger", f"P-Called-Party-ID: <tel:{BOB}>")),
    ("P-Called-Party-ID of another, by a trunk", "trunk", 603, forged(
        "trunk", f"P-Called-Party-ID: <tel:{BOB}>")),
    ("To of another", "trunk", 603, forged("trunk", to=f"sip:{BOB}@x")),
    ("alice by P-Called-Party-ID", "trunk", 603, to(
        "trunk", "sip:main@{us}", headers=[f"P-Called-Party-ID: <tel:{ALICE}>"]
    )),
    ("alice by To", "trunk", 603, to("trunk", "sip:main@{us}",
                                     to=f"sip:{ALICE}@elsewhere.example")),
    ("alice with a code", "trunk", 603, to("trunk", "sip:{alice};x=y@{us}")),
    ("alice with a password", "trunk", 603, to("trunk", "sip:{alice}:p@{us}")),
    ("alice in escapes", "trunk", 603, to(
        "trunk", "sip:%2b%31415%35550100@{us}")),
    ("alice with dashes", "trunk", 603, to(
        "trunk", "sip:+1-415-(555).0100@{us}")),
    ("alice at home", "trunk", 603, to("trunk", "sip:4155550100@{us}")),
    ("alice by tel", "trunk", 603, to("trunk", "tel:+1-415-555-0100")),
    ("alice elsewhere", "trunk", 603, to("trunk", "sip:{alice}@{victim}")),
    ("alice with a NUL", "trunk", 400, to("trunk", "sip:{alice}%00@{us}")),
    ("a NUL before alice", "trunk", 400, to("trunk", "sip:%00{alice}@{us}")),
    ("two @", "trunk", 400, to("trunk", "sip:{bob}@{us}@{victim}")),
    ("a NUL in the caller", "trunk", 400, forged(
        "trunk", caller=f"sip:{FRIEND}%00@x.net")),
    ("a NUL in the caller's name", "trunk", 400, forged(
        "trunk", display='"A\\\0B"')),
    ("a NUL in the asserted name", "trunk", 400, forged(
        "trunk", f'P-Asserted-Identity: "A\\\0" <tel:{FRIEND}>')),
    # A Route is ours, or the PBX's towards trunks, or refused.
    ("Route elsewhere", "trunk", 403, along("trunk", "<sip:{victim};lr>")),
    ("Route elsewhere behind ours", "stranger", 403, along(
        "stranger", "<sip:{us};lr>", "<sip:{victim};lr>")),
    ("Route in one line", "carrier", 403, along(
        "carrier", "<sip:{us};lr>, <sip:{victim};lr>")),
    ("Route past us to the PBX", "stranger", 403, along(
        "stranger", "<sip:{pbx};lr>")),
    ("Route to our host elsewhere", "trunk", 403, along(
        "trunk", f"<sip:{HOST}:1;lr>")),
    ("strict Route", "stranger", 403, along("stranger", "<sip:{victim}>")),
    ("maddr in our Route", "trunk", "passes", along(
        "trunk", "<sip:{us};lr;maddr=127.0.0.9>")),
    ("Route by name", "carrier", 403, along("carrier", "<sip:far.example>")),
    ("Route of tel", "carrier", 403, along("carrier", "<tel:+1415>")),
    # The R-URI of others leads to the PBX and nowhere else.
    ("a third party", "stranger", 480, to("stranger", "sip:x@{victim}")),
    ("a third party's number", "stranger", 480, to(
        "stranger", "sip:+12025550123@{victim}")),
    ("maddr", "stranger", "passes", to(
        "stranger", "sip:{bob}@{us};maddr=127.0.0.9")),
    ("maddr by a trunk", "trunk", "passes", to(
        "trunk", "sip:{bob}@{us};maddr=127.0.0.9")),
    ("transport by a trunk", "trunk", "passes", to(
        "trunk", "sip:{bob}@{victim};transport=tcp")),
    ("a third party, by the way of Bob", "stranger", "passes", to(
        "stranger", "sip:{bob}@{victim}")),
    ("sips of a third party", "stranger", 480, to(
        "stranger", "sips:x@{victim}")),
    ("another scheme", "stranger", 416, to("stranger", "http:{victim}")),
    ("REGISTER of a third party", "stranger", 480, to(
        "stranger", "sip:{victim}", method="REGISTER", body="")),
    ("SUBSCRIBE", "stranger", 480, to("stranger", "sip:x@{victim}",
                                      method="SUBSCRIBE", body="")),
    # Via: we answer where it came from, whatever it says.
    ("Via of a victim", "trunk", 603, with_via(
        "trunk", "SIP/2.0/UDP {victim};rport;branch={branch}")),
    ("received and rport of a victim", "stranger", 480, with_via(
        "stranger", "SIP/2.0/UDP {host}:{port};received=127.0.0.9;"
        "branch={branch};maddr=127.0.0.9")),
    ("rport of a victim", "stranger", 480, with_via(
        "stranger", "SIP/2.0/UDP {victim};rport=9;branch={branch}")),
    ("Via of ours", "trunk", 603, with_via(
        "trunk", "SIP/2.0/UDP {us};rport;branch={branch}")),
    ("Via below is nobody's business", "trunk", 603, with_via(
        "trunk", "SIP/2.0/UDP {host}:{port};branch={branch}\r\n"
        "Via: SIP/2.0/UDP {victim};branch=z9hG4bKx")),
    ("Via that ends in a comma", "trunk", 400, with_via(
        "trunk", "SIP/2.0/UDP {host}:{port};branch={branch},")),
    # What ends somebody else's call, or begins none.
    ("ACK of nothing", "stranger", "silence", to(
        "stranger", "sip:{bob}@{us}", method="ACK", body="")),
    ("ACK with a foreign Route", "trunk", "silence", along(
        "trunk", "<sip:{victim};lr>", method="ACK", body="", to_tag="x")),
    ("CANCEL of nothing", "stranger", "silence", to(
        "stranger", "sip:{bob}@{us}", method="CANCEL", body="")),
    ("CANCEL of nothing, known", "carrier", 481, to(
        "carrier", "sip:{bob}@{us}", method="CANCEL", body="")),
    ("no hops left", "trunk", 483, forged("trunk", VOUCHED, forwards=0)),
    ("too many hops", "trunk", 400, forged("trunk", VOUCHED, forwards=256)),
    # Bytes that one reader takes for a line and another does not.
    *[(f"smuggled behind {name}", "trunk", 400, bytes_of(
        "trunk", b"\r\nContact:",
        b"\r\nSubject: x" + end + VOUCHED.encode() + b"\r\nContact:"))
      for name, end in (("LF", b"\n"), ("CR", b"\r"), ("CR CR", b"\r\r\n"),
                        ("NUL", b"\0\r\n"), ("LF CR", b"\n\r"))],
    ("folded below", "trunk", 603, bytes_of(
        "trunk", b"\r\nContact:", b"\r\nSubject: x\r\n " + VOUCHED.encode()
        + b"\r\nContact:")),
    *[(f"two of {name}", "trunk", 400, bytes_of(
        "trunk", b"\r\nContact:", b"\r\n" + line + b"\r\nContact:"))
      for name, line in (
          ("From", b"f: <sip:a@b>;tag=1"), ("To", b"t : <sip:a@b>"),
          ("Call-ID", b"i: x"), ("CSeq", b"cSeQ: 1 INVITE"),
          ("Content-Length", b"l: 0"), ("Content-Type", b"c: text/plain"),
          ("Max-Forwards", b"MAX-FORWARDS:\r\n 1"))],
    ("a space in a name", "trunk", 400, bytes_of(
        "trunk", b"\r\nContact:", b"\r\nP-Asserted Identity: x\r\nContact:")),
    ("a line without colon", "trunk", 400, bytes_of(
        "trunk", b"\r\nContact:", b"\r\nX\r\nContact:")),
    ("a bare LF at the end of the head", "trunk", 400, bytes_of(
        "trunk", b"\r\n\r\nv=0", b"\n\nv=0")),
    ("two readings of From", "trunk", 400, bytes_of(
        "trunk", b"From: <", b'From: "a" <sip:b@c> <')),
    ("two readings of a Contact", "trunk", 400, bytes_of(
        "trunk", b"Contact: <sip:", b"Contact: <sip:a@b>, <<sip:", **{
            "headers": [VOUCHED]})),
]


@pytest.mark.parametrize("who, expected, build", [row[1:] for row in ROWS],
                         ids=[row[0] for row in ROWS])
def test_row(world, who, expected, build):
    before = len(world.hop.got)
    what = build(world)
    came = world.outcome(who, what, 200 if expected == "passes" else expected)
    passes = expected in ("passes", 200)
    assert (came.code if came else "silence") == (200 if passes else expected)
    assert len(world.hop.got) == before + passes


# ---- streams: what one message hides from its framing ----

@pytest.mark.parametrize("hide", [
    "Subject: x\nl: {n}\r\n", "Subject: x\rl: {n}\r\n",
    "Subject: x\r\r\nl: {n}\r\n", "l: 0\r\nContent-Length: {n}\r\n",
    "l: +{n}\r\n", "l: {n};x\r\n", "l: {n} 0\r\n"],
    ids=["LF", "CR", "CR CR", "two", "sign", "parameter", "words"])
def test_no_request_hides_in_a_body(world, hide):
    """A trunk that took these for a length would pass the body on unread."""
    before = len(world.hop.got)
    inner = world.ask("trunk", headers=[VOUCHED]).data.replace("/UDP", "/TCP")
    outer = world.ask("trunk", body="").data.replace("/UDP", "/TCP").replace(
        "Content-Length: 0\r\n", hide.format(n=len(inner)))
    stream = StreamSender(TRUNK, world.site.address)
    try:
        stream.send((outer + inner).encode())
        came = stream.finals("no such call")
        assert [code_of(one) for one in came] == [400] and stream.ended
    finally:
        stream.close()
    assert len(world.hop.got) == before
