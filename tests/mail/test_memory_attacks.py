"""A forged sender gains nothing of another's: the table of attacks by mail.

A row is something that the memory holds of one party (HELD), and a way to come
as if one were that party (FORGED). Each shows that the party is let in by it,
that the forger is answered word for word as when he names somebody of whom
nothing is remembered, and that the party has it still. One milter serves an
engine's rows: to every thing its own recipient and party, so rows do not meet.
"""

import dataclasses
import json
import os
import re
import tempfile
import typing
from pathlib import Path

import pytest

import mail_site
import redis_server
import sip_site
import support
from actor import Actor, Call
from milter_client import Client
from test_attempts import PITCH, TOPICS, results

TUESDAY = "2026-11-24T15:00:00-05:00"
LATER = "2026-11-25T19:00:00-05:00"
NOBODY, EVE = "nobody@elsewhere.example", "eve@evil.example"
NUMBER = "+442071234567"
HELPERS = ["bea", "cid", "dan", "eli"]
AUTHSERV = "mx.example.com/4fXyZ"

CONF = """
site = {{ domains = [ "example.com" ]; timezone = "America/New_York";
         country_code = "1"; internal = [ "10.0.0.0/8" ]; }};
preferences = [ "preferences/*.conf" ]; store = "{store}";
mail = {{ socket = "unix:{socket}"; authserv_ids = [ "mx.example.com" ]; }};
sip = {{ listen = [ "udp:{host}:{port}" ]; trusted = [ "{trunk}" ];
        next_hops = [ "sip:{host}:{pbx}" ]; timers = {{ drain = 0; }}; }};
"""


# ---- a world in which each party has what is its own ----

class World:
    def __init__(self, folder, socket, store):
        self.site = mail_site.Site(folder, socket)
        self.store, self.told, self.clients = store, {}, 0
        self.port = support.free_port(sip_site.HOST, ("udp",))
        self.site.conf.write_text(CONF.format(
            store=store, socket=socket, host=sip_site.HOST, port=self.port,
            trunk=sip_site.TRUNK, pbx=support.free_port(sip_site.HOST)))

    def usher(self, *words, at=TUESDAY):
        said = support.run_usher(words[0], "-c", self.site.conf, *words[1:],
                                 *(["--at", at] if at else []))
        assert said.code == 0, said.stderr
        return said.stdout.strip()

    def network(self):
        """A source of its own: guesses are counted by network."""
        self.clients += 1
        return f"10{self.clients >> 16}.{self.clients >> 8 & 255}." \
            f"{self.clients & 255}.1"

    def come(self, to, sender, fields, subject="Hello", body="Hello\r\n",
             client=None):
        """None, or what turned it away, without what is new each time."""
        with Client(self.site.socket) as mta:
            mta.connect(address=client or self.network())
            mta.macros("M", i="4fXyZ")
            (letter, text), = mta.envelope(to, sender=sender)
            if letter != "y":
                letter, text, _ = mta.message(
                    [*fields, ("Subject", subject), ("Message-ID", "<"
                     + os.urandom(6).hex() + "@x.example>")], body)
            return None if letter != "y" else re.sub(
                r"eference \w{12}\b", "eference R", text)

    def proven(self, to, who, **more):
        return self.come(to, who, [results(who), ("From", who)], **more)

    def call(self, to):
        """The reference that a call is told."""
        phone = sip_site.Site.__new__(sip_site.Site)
        phone.folder, phone.port, phone.lines = self.site.folder, 0, []
        phone.process, phone.at = None, TUESDAY
        trunk = Actor(sip_site.TRUNK)
        try:
            phone.run()
            said = Call(trunk, (sip_site.HOST, self.port),
                        f"sip:{to}@{sip_site.HOST}:{self.port}", headers=[
                            f"P-Asserted-Identity: <tel:{NUMBER}>"]
                        ).send().final(480)
            return re.search(r"Reference (\w{12})\.",
                             said.get("Warning"))[1]
        finally:
            phone.stop()
            trunk.close()


@dataclasses.dataclass
class Held:
    """What one has: the condition it meets, and how they came by it."""

    when: str
    how: typing.Callable = lambda world, to, who: None
    who: str = None
    others: str = '{ name = "others"; then = "refuse"; }'
    before: str = ""
    body: str = "How are you?\r\n"
    preferences: dict = dataclasses.field(default_factory=dict)


def is_written_to(world, to, who):
    assert world.come(who, to, [("From", to)], client="10.1.1.1") is None


def introduces_itself(world, to, who):
    assert world.proven(to, who) is not None
    assert world.proven(to, who, body=PITCH) is None


def is_a_customer(world, to, who):
    world.usher("relate", to, who, "--stage", "customer",
                at=None)


def is_promised(world, to, who):
    """In the end, when it is proven who it is."""
    assert world.proven(to, who).startswith("450")


def is_opened_to(world, to, who):
    world.usher("open", to, "--party", "friends", "--until",
                "2026-11-27T15:00")


def keeps_to_wishes(world, _, who):
    for name in HELPERS:
        for _ in range(3):
            assert world.proven(f"{name}@example.com", who) is None


def has_a_code(world, to, who, *options):
    world.told[to] = world.usher("code", "new", to, "--party", "friends",
                                 *options)


def has_used_a_code(world, to, who):
    has_a_code(world, to, who)
    assert world.proven(to, who, subject=world.told[to]) is None


def has_called_and_written(world, to, who):
    world.told[to] = "Ref " + world.call("+14155550100")


def friends(what):
    return {"parties": f"{{ friends = {{ {what} }}; }}"}


INTRODUCTION = '{ name = "introduction"; if = { topic = "storage"; };' \
    ' then = "accept"; introduces = true; },'
INTRODUCED = dict(when="introduced = true", how=introduces_itself,
                  before=INTRODUCTION, preferences={"topics": TOPICS})
MORNINGS = dict(when='channel = "email"', others='{ name = "no"; then ='
                ' "defer"; }')
HELD = {
    "listed": Held('party = "friends"', preferences=friends(
        'organizations = [ "listed.example" ];')),
    "listed-address": Held('party = "friends"', preferences=friends(
        'addresses = [ "ann@listed-address.example" ];')),
    "known": Held("known = true", is_written_to),
    "known-free": Held("known = true", is_written_to, "ann.ng@gmail.com"),
    "introduced": Held(**INTRODUCED),
    "introduced-free": Held(who="ann.ng@gmail.com", **INTRODUCED),
    "stage": Held('stage = "customer"', is_a_customer),
    "standing": Held('standing = "good"', keeps_to_wishes),
    "override": Held('from = "none.example"', is_opened_to,
                     preferences=friends(
                         'organizations = [ "override.example" ];')),
    "promise": Held("verified = true", is_promised),
    "code": Held('party = "friends"', has_used_a_code,
                 preferences=friends("code = true;")),
    "reference": Held('channel = "email"', has_called_and_written,
                      preferences={
                          "phones": '[ "+14155550100" ]',
                          "published": '{ email = "reference@example.com"; }'
                      }),
}
# The window of these is over when it is asked for again.
WINDOWED = ("promise", "reference")


def to_of(held):
    return f"{held}@example.com"


def who_of(held):
    return HELD[held].who or f"ann@{held}.example"


def prefer(world, name, held):
    during = ' during = "09:00-12:00";' if name in WINDOWED else ""
    away = '{ name = "write"; if = { channel = "phone"; }; then =' \
        ' "redirect"; to = [ "email" ]; },' if name == "reference" else ""
    world.site.prefer(
        name, f'{held.before} {away} {{ name = "it"; if = {{ {held.when}; }};'
        f' then = "accept";{during} }}, {held.others}', **held.preferences)


@pytest.fixture(scope="module")
def world(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacks")
    sockets = tempfile.TemporaryDirectory()
    redis = redis_server.Redis(folder / "redis") \
        if request.param == "redis" else None
    one = World(folder, Path(sockets.name) / "m.sock",
                redis.url() if redis else "lmdb:store")
    try:
        for name, held in HELD.items():
            prefer(one, name, held)
        for name in HELPERS:
            one.site.prefer(name, '{ name = "standing"; if = { from ='
                            ' "standing.example"; }; then = "accept"; }')
        one.site.prefer("cap", '{ name = "once"; then = "accept"; at_most ='
                        ' "1 per 30d"; }')
        one.site.prefer("pitches", f'{INTRODUCTION} {{ name = "met"; if = {{'
                        ' introduced = true; }; then = "accept"; }, { name ='
                        ' "others"; then = "refuse"; }', topics=TOPICS)
        one.site.publish()
        one.site.start(at=TUESDAY)
        for name, held in HELD.items():
            held.how(one, to_of(name), who_of(name))
        # Writes what no answer has waited for.
        one.site.stop()
        one.site.start(at=LATER)
        yield one
    finally:
        one.site.stop()
        if redis:
            redis.kill()
        sockets.cleanup()


# ---- ways to come as somebody ----

def by(sender, *fields):
    """As the envelope says, with these fields."""
    def forged(who):
        names = {"who": who, "domain": who.split("@")[1]}
        return sender.format(**names), [
            (name, value.format(**names)) for name, value in fields]
    return forged


def says(value):
    return ("Authentication-Results", value)


FROM = ("From", "{who}")
PASS = "dmarc=pass header.from={domain}"
AS_EVE = results(EVE)
FORGED = {
    # Nothing proves anything.
    "bare": by("{who}", FROM),
    "From alone": by(EVE, FROM),
    "envelope alone": by("{who}", ("From", EVE)),
    "null sender": by("", FROM),
    # Proof that is none of ours, or of something else.
    "results without our queue id": by(
        "{who}", says(f"mx.example.com; {PASS}"), FROM),
    "results of another mail": by(
        "{who}", says(f"mx.example.com/4fXyA; {PASS}"), FROM),
    "results of another server": by(
        "{who}", says(f"mx.evil.example/4fXyZ; {PASS}"), FROM),
    "results below Received": by(
        "{who}", ("Received", "from a by b; Tue, 24 Nov 2026 20:00:00 +0000"),
        says(f"{AUTHSERV}; {PASS}"), FROM),
    "results by another name": by(
        "{who}", ("X-Authentication-Results", f"{AUTHSERV}; {PASS}"),
        ("ARC-Authentication-Results", f"i=1; {AUTHSERV}; {PASS}"), FROM),
    "results in a reason": by(
        "{who}", says(f"{AUTHSERV}; dkim=pass (x; {PASS}) header.d="
                      f'evil.example reason="; {PASS}"'), FROM),
    "results in a folded reason": by(
        "{who}", says(f'{AUTHSERV}; dkim=fail reason="a\n\t; {PASS};'
                      ' \\"; dmarc=pass" header.d={domain}'), FROM),
    "DMARC failed": by("{who}", says(
        f"{AUTHSERV}; dmarc=fail header.from={{domain}}"), FROM),
    "DKIM failed": by("{who}", says(
        f"{AUTHSERV}; dkim=fail header.d={{domain}}; spf=softfail "
        "smtp.mailfrom={domain}"), FROM),
    "DKIM of another domain": by("{who}", says(
        f"{AUTHSERV}; dkim=pass header.d=evil.example"), FROM),
    "SPF of another domain": by(EVE, says(
        f"{AUTHSERV}; spf=pass smtp.mailfrom={EVE}"), FROM),
    "DMARC of another domain": by(EVE, AS_EVE, FROM),
    # Proven, as somebody else, who shows the other's name.
    "display name": by(EVE, AS_EVE, ("From", f'"{{who}}" <{EVE}>')),
    "encoded display name": by(EVE, AS_EVE, (
        "From", f"=?utf-8?q?=3C{{who}}=3E?= <{EVE}>")),
    "comment": by(EVE, AS_EVE, ("From", f"{EVE} (<{{who}}>)")),
    "Reply-To and Sender": by(
        EVE, AS_EVE, ("From", EVE), ("Reply-To", "{who}"),
        ("Sender", "{who}"), ("Resent-From", "{who}"),
        ("Return-Path", "<{who}>"), ("X-Original-From", "{who}")),
    "envelope of the other": by("{who}", AS_EVE, ("From", EVE)),
    "two From fields": by(EVE, AS_EVE, ("From", EVE), FROM),
    "two From fields, turned": by(EVE, AS_EVE, FROM, ("From", EVE)),
    "two in From": by(EVE, AS_EVE, ("From", f"{EVE}, {{who}}")),
    "two in From, turned": by(EVE, AS_EVE, ("From", f"{{who}}, {EVE}")),
    "route in From": by(EVE, AS_EVE, ("From", f"<@{{domain}}:{EVE}>")),
    "quoted local part": by(EVE, AS_EVE, (
        "From", '"{who}"@evil.example')),
    # Proven, by a name that looks like it.
    "name in front": by("ann@{domain}.evil.example", says(
        f"{AUTHSERV}; dmarc=pass header.from={{domain}}.evil.example"),
        ("From", "ann@{domain}.evil.example")),
    "longer name": by(EVE, says(
        f"{AUTHSERV}; dmarc=pass header.from=x{{domain}}"),
        ("From", "ann@x{domain}")),
    "look-alike": by(EVE, says(
        f"{AUTHSERV}; dmarc=pass header.from=\u0430{{domain}}"),
        ("From", "ann@\u0430{domain}")),
    "the suffix": by(EVE, says(
        f"{AUTHSERV}; dmarc=pass header.from=example"),
        ("From", "ann@example")),
}


def is_let_in_as(how, who):
    """Another forger, who has a standing by being let in as anybody is."""
    sender, fields = FORGED[how](who)
    return sender.replace("evil", "mean"), [
        (name, value.replace("evil", "mean")) for name, value in fields]


def forge(world, held, how, who):
    """The answer to a forger, who shows what he has overheard."""
    sender, fields = FORGED[how](who)
    return world.come(to_of(held), sender, fields, subject=world.told.get(
        to_of(held), "Hello"), body=HELD[held].body)


def used(world):
    """What each code was used for."""
    return [json.loads(line)["used"] for line in world.usher(
        "code", "list", to_of("code"), "--json", at=LATER).splitlines()]


def has_it(world, held):
    return world.proven(to_of(held), who_of(held), subject=world.told.get(
        to_of(held), "Hello"), body=HELD[held].body) is None


# On the second engine one of each kind.
FEW = ("bare", "envelope of the other", "Reply-To and Sender")
ROWS = [("lmdb", held, how) for held in HELD for how in FORGED] + [
    ("redis", held, how) for held in HELD for how in FEW]


@pytest.mark.parametrize("world, held, how", ROWS, indirect=["world"],
                         scope="module")
def test_a_forger_has_nothing_of_it(world, held, how):
    sender, fields = FORGED[how](NOBODY)
    nothing = world.come(to_of(held), sender, fields, body=HELD[held].body)
    assert has_it(world, held)
    before = used(world) if held == "code" else None
    assert nothing is not None
    assert forge(world, held, how, who_of(held)) == nothing
    assert before is None or used(world) == before
    assert has_it(world, held)


@pytest.mark.parametrize("world", ["lmdb"], indirect=True,
                         scope="module")
@pytest.mark.parametrize("how", FORGED)
def test_a_forger_uses_up_no_place_of_anothers(world, how):
    who = f"ann@cap{list(FORGED).index(how)}.example"
    sender, fields = is_let_in_as(how, who)
    for _ in range(2):
        world.come("cap@example.com", sender, fields)
    assert world.proven("cap@example.com", who) is None
    assert world.proven("cap@example.com", who) is not None


@pytest.mark.parametrize("world", ["lmdb"], indirect=True,
                         scope="module")
@pytest.mark.parametrize("how", FORGED)
def test_a_forger_introduces_nobody_else(world, how):
    who = f"ann@new{list(FORGED).index(how)}.example"
    sender, fields = is_let_in_as(how, who)
    assert world.come("pitches@example.com", sender, fields,
                      body=PITCH) is None
    assert world.proven("pitches@example.com", who) is not None
    assert world.proven("pitches@example.com", who, body=PITCH) is None
    assert world.proven("pitches@example.com", who) is None


@pytest.mark.parametrize("world", ["lmdb"], indirect=True,
                         scope="module")
@pytest.mark.parametrize("who", ["known-free", "introduced-free"])
def test_a_colleague_at_free_mail_is_nobody(world, who):
    nothing = world.proven(to_of(who), "someone@gmail.com")
    assert nothing is not None
    assert world.proven(to_of(who), "ann.n.g@gmail.com") == nothing
    assert has_it(world, who)


@pytest.mark.parametrize("world", ["lmdb"], indirect=True,
                         scope="module")
def test_forgers_move_no_standing(world):
    def standing():
        world.site.stop()    # which counts what was not counted yet
        world.site.start(at=LATER)
        return world.usher("standing", "--json", who_of("standing"),
                           at=LATER)

    before = standing()
    assert json.loads(before)["standing"] == "good"
    for how in FORGED:
        for name in HELPERS:
            sender, fields = is_let_in_as(how, who_of("standing"))
            world.come(f"{name}@example.com", sender, fields)
    assert standing() == before
