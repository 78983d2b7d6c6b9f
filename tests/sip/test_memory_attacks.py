"""A forged caller gains nothing of another's: the table of attacks by phone.

As tests/mail/test_memory_attacks.py: what is held of one party (HELD) against
ways to call as if one were that party (FORGED). The party itself is connected,
before and after; the forger is answered exactly as when he claims a number of
which nothing is remembered.
"""

import json
import re
import tempfile
import types

import pytest

import mail_site
import support
from actor import Actor, Call
from milter_client import Client
from sip_site import CARRIER, HOST, STRANGER, TRUNK, Site
from test_store import BEFORE, INSIDE, asserted, is_connected

NOBODY, EVE = "+442079999999", "+442078888888"
OTHERS = '{ name = "others"; then = "refuse"; }'
FRIENDS = "parties = {{ friends = {{ {} }}; }};"
MAIL = 'mail = {{ socket = "unix:{}"; authserv_ids = [ "mx.example.com" ]; }};'

# To each its recipient, its number, the condition, and what else is written.
HELD = {
    "listed": ('party = "friends"', FRIENDS.format(
        'phones = [ "+442071234500" ];')),
    "stage": ('stage = "customer"', ""),
    "override": ('from = "+15555550123"', FRIENDS.format(
        'phones = [ "+442071234502" ];')),
    "promise": ('verified = true', ""),
    "code": ('party = "friends"', FRIENDS.format("code = true;")),
    "dialled": ('party = "friends"', FRIENDS.format("code = true;")),
    "linked": ("introduced = true",
               'topics = { storage = [ "document storage" ]; };'),
}


def to_of(held):
    return f"+1415555010{list(HELD).index(held)}"


def who_of(held):
    return f"+44207123450{list(HELD).index(held)}"


def prefer(site, held, window):
    when, more = HELD[held]
    during = f' during = "{window}";' if held == "promise" else ""
    mail = '{ name = "mail"; if = { topic = "storage"; }; then = "accept";' \
        ' introduces = true; },' if held == "linked" else ""
    others = '{ name = "no"; then = "defer"; }' if held == "promise" \
        else OTHERS
    site.write(f'rules = ( {mail} {{ name = "it"; if = {{ {when}; }}; then ='
               f' "accept";{during} }}, {others} );', name=held,
               phones=(to_of(held),), more=more)


def usher(site, *words):
    said = support.run_usher(words[0], "-c", site.folder / "usher.conf",
                             *words[1:])
    assert said.code == 0, said.stderr
    return said.stdout.strip()


def introduces(site, socket, number):
    """A mail, proven and accepted, that names the number."""
    milter = mail_site.Milter(site.folder / "usher.conf", "--at", BEFORE)
    milter.wait_ready()
    try:
        with Client(socket) as mta:
            mta.connect()
            mta.macros("M", i="4fXyZ")
            mta.envelope("linked@example.com", sender="ann@firm.example")
            letter, text, _ = mta.message(
                [("Authentication-Results", "mx.example.com/4fXyZ; dmarc=pass"
                  " header.from=firm.example"), ("From", "ann@firm.example")],
                f"Document storage: you can reach me at {number}.\r\n")
            assert letter != "y", text
    finally:
        milter.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    actors = types.SimpleNamespace(
        pbx=Actor(HOST), trunk=Actor(TRUNK), carrier=Actor(CARRIER),
        stranger=Actor(STRANGER), told={})
    sockets = tempfile.TemporaryDirectory()
    site = Site(tmp_path_factory.mktemp("attacks") / "site", actors.pbx.port,
                at=BEFORE, mode=MAIL.format(f"{sockets.name}/m.sock"))
    actors.site = site
    try:
        for held in HELD:
            prefer(site, held, "16:00-17:00")
        site.publish()
        introduces(site, f"{sockets.name}/m.sock", who_of("linked"))
        site.run()
        usher(site, "relate", to_of("stage"), who_of("stage"), "--stage",
              "customer")
        usher(site, "open", to_of("override"), "--party", "friends",
              "--until", "2026-11-27T15:00")
        for held, *more in (("code",), ("dialled", "--dialled", "--uses",
                                        "999")):
            actors.told[held] = usher(site, "code", "new", to_of(held),
                                      "--party", "friends", *more)
        Call(actors.trunk, site.address, site.uri(to_of("promise")),
             headers=asserted(who_of("promise"))).send().final(480)
        site.stop()
        site.at = INSIDE
        prefer(site, "promise", "18:00-19:00")
        site.start()
        yield actors
    finally:
        site.stop()
        for one in ("pbx", "trunk", "carrier", "stranger"):
            getattr(actors, one).close()
        sockets.cleanup()


# ---- ways to call as somebody ----

def by(source, caller, *headers, display=None):
    """From where, the number in From, and headers."""
    return lambda who: (source, caller.format(who=who), [
        one.format(who=who) for one in headers],
        display and display.format(who=who))


PAI = "P-Asserted-Identity: "
AS_EVE = f"{PAI}<tel:{EVE}>"
FORGED = {
    "From": by("trunk", "sip:{who}@example.net"),
    "From by another": by("carrier", "sip:{who}@example.net"),
    "From by a stranger": by("stranger", "sip:{who}@example.net"),
    "asserted by another": by("carrier", "sip:{who}@example.net",
                              PAI + "<tel:{who}>"),
    "asserted by a stranger": by("stranger", "sip:{who}@example.net",
                                 PAI + "<tel:{who}>"),
    "remote party by another": by(
        "carrier", "sip:{who}@example.net",
        "Remote-Party-ID: <sip:{who}@example.net>;privacy=off"),
    "verstat failed": by(
        "trunk", "sip:{who}@example.net",
        PAI + "<sip:{who};verstat=TN-Validation-Failed@x.example>"),
    "verstat of one's own": by(
        "carrier", "sip:{who};verstat=TN-Validation-Passed@x.example"),
    "preferred": by("trunk", "sip:{who}@example.net", AS_EVE,
                    "P-Preferred-Identity: <tel:{who}>"),
    "From of the other": by("trunk", "sip:{who}@example.net", AS_EVE),
    "display name": by("trunk", f"sip:{EVE}@example.net",
                       f'{PAI}"{{who}}" <tel:{EVE}>', display='"{who}"'),
    "diverted": by("trunk", f"sip:{EVE}@example.net", AS_EVE,
                   "Diversion: <tel:{who}>", "Referred-By: <tel:{who}>",
                   "Reply-To: <tel:{who}>"),
    "a longer number": by("trunk", f"sip:{EVE}@example.net",
                          PAI + "<tel:{who}1>"),
}


def call(world, held, how, who, shown=None):
    source, caller, headers, display = FORGED[how](who)
    shown = f";code={shown}" if shown else ""
    return Call(getattr(world, source), world.site.address,
                world.site.uri(to_of(held)) + shown, caller=caller,
                headers=headers, display=display)


def answer(call):
    """What a call that is turned away is told; None: it was put through."""
    call.send()
    while True:
        said = call.actor.receive()
        assert said is not None
        if said.code != 100:
            break
    assert said.code >= 300, said
    call.ack(said)
    return said.start, [
        (name, re.sub(r"Reference \w+", "Reference R", value))
        for name, value in said.headers
        if name in ("Warning", "Error-Info", "Retry-After", "Contact")]


def is_put_through(world, held):
    shown = world.told.get(held)
    is_connected(Call(
        world.trunk, world.site.address, world.site.uri(to_of(held))
        + (f";code={shown}" if shown else ""),
        caller=f"sip:{who_of(held)}@example.net",
        headers=asserted(who_of(held))), world.pbx)


def used(world, held):
    if held not in world.told:
        return None
    return [json.loads(line)["used"] for line in usher(
        world.site, "code", "list", to_of(held), "--json").splitlines()]


@pytest.mark.parametrize("how", FORGED)
@pytest.mark.parametrize("held", HELD)
def test_a_forger_has_nothing_of_it(world, held, how):
    is_put_through(world, held)
    nothing = answer(call(world, held, how, NOBODY))
    before = used(world, held)
    assert answer(call(world, held, how, who_of(held),
                       world.told.get(held))) == nothing
    assert used(world, held) == before
    is_put_through(world, held)
