"""baresip phones that register through us at a Kamailio, and their media.

One site for all tests: phones on UDP, TCP and TLS, one behind a NAT, and a
trunk that calls the PBX. Each sends a tone of its own.
"""

import re

import pytest

import support
from actor import Actor, Call
from nat_lab import Nat
from phone_lab import Phone, stop_all
from sip_site import HOST, TRUNK, Site
from stream_actor import certificates
from test_lab import start_kamailio, stop_kamailio

PBX = "127.0.0.5"   # phones on TCP and TLS come from 127.0.0.1 themselves
INNER, OUTER = "127.0.0.60", "127.0.0.61"
OPEN = 'rules = ( ); otherwise = "accept";'
LATER = ('rules = ( { name = "later"; then = "accept"; during = "16:00-17:00"; '
         '} );')
TONES = {"1001": 440, "1002": 620, "1003": 880, "1004": 1100, "trunk": 300}


def make_site(folder, keys):
    """A proxy before the phones, its PBX at another address."""
    s = Site(folder / "site", at="2026-11-24T15:00:00-05:00",
             sip='place = "phones"; '
             f'tls = {{ certificate = "{keys["proxy"][0]}"; '
             f'key = "{keys["proxy"][1]}"; }};')
    s.pbx_address = (PBX, support.free_port(PBX, ("udp",)))
    s.configure(hops=f'[ "sip:{PBX}:{s.pbx_address[1]}" ]')
    s.ports = {"udp": s.port, "tcp": support.free_port(HOST, ("tcp",)),
               "tls": support.free_port(HOST, ("tcp",)),
               "nat": support.free_port(HOST, ("udp",))}
    s.nat = (INNER, support.free_port(INNER))
    path = s.folder / "usher.conf"
    path.write_text(re.sub(
        r"listen = \[ (.*?) \]",
        rf'listen = [ \1, "tcp:{HOST}:{s.ports["tcp"]}", '
        f'"tls:{HOST}:{s.ports["tls"]}", '
        f'"udp:{HOST}:{s.ports["nat"]}/{INNER}:{s.nat[1]}" ]',
        path.read_text()))
    s.write(OPEN, "open", [f"sip:{u}@example.com"
                           for u in ("1001", "1002", "1004")])
    s.write(LATER, "carol", ["sip:1003@example.com"])
    return s


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The site with .phones: user -> Phone."""
    folder = tmp_path_factory.mktemp("lab")
    keys = certificates(folder, "proxy")
    s = make_site(folder, keys)
    s.phones, s.relay, pbx = {}, None, None
    try:
        pbx = start_kamailio(folder / "kamailio", s.pbx_address[1], PBX)
        s.start()
        s.relay = Nat(s.nat, OUTER, (HOST, s.ports["nat"]))
        ways = {"1001": ("udp", (HOST, s.port)),
                "1002": ("tcp", (HOST, s.ports["tcp"])),
                "1003": ("tls", (HOST, s.ports["tls"])),
                "1004": ("udp", s.nat), "trunk": ("udp", s.pbx_address)}
        for n, (user, (transport, way)) in enumerate(ways.items()):
            s.phones[user] = Phone(
                folder / user, f"127.0.0.7{n}", user, way, transport,
                TONES[user], more=f'sip_cafile {keys["ca"][0]}',
                register=user != "trunk")
        for user in ("1001", "1002", "1003", "1004"):
            s.phones[user].registered()
        assert s.counters()["bindings"] == 4
        yield s
    finally:
        stop_all([*s.phones.values()])
        if s.relay:
            s.relay.close()
        s.stop()
        if pbx:
            stop_kamailio(pbx)


def talk(caller, callee, hang_up=True):
    """A call from one to the other, until each hears the other's tone."""
    caller.new_call()
    callee.new_call()
    caller.tell("dial", f"sip:{callee.user}@example.com")
    caller.wait("CALL_ESTABLISHED")
    callee.wait("CALL_ESTABLISHED")
    callee.hears(TONES[caller.user])
    caller.hears(TONES[callee.user])
    if hang_up:
        caller.tell("hangup")
        callee.wait("CALL_CLOSED")
        caller.wait("CALL_CLOSED")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("caller,callee", [
    ("1001", "1002"), ("1002", "1003"), ("1003", "1004"), ("1004", "1001")])
def test_phones_call_each_other(lab, caller, callee):
    passed = len(lab.relay.inward), len(lab.relay.outward)
    talk(lab.phones[caller], lab.phones[callee])
    if "1004" in (caller, callee):
        inward, outward = (b"".join(log[n:]) for log, n in zip(
            (lab.relay.inward, lab.relay.outward), passed))
        start, bye = b"INVITE sip:", b"BYE sip:"
        # every request of the phone's calls went its own way through the NAT
        assert start in (inward if callee == "1004" else outward)
        assert bye in inward + outward


@pytest.mark.timeout(180)
@pytest.mark.parametrize("callee", ["1001", "1002", "1004"])
def test_a_trunk_calls_a_phone(lab, callee):
    before = len(lab.decisions())
    talk(lab.phones["trunk"], lab.phones[callee])
    decision = lab.wait_decisions(before + 1)[before]
    assert decision["verdict"] == "accept"
    assert decision["to"] == f"sip:{callee}@example.com"


@pytest.mark.timeout(180)
def test_a_trunks_call_is_screened_before_the_phone(lab):
    before = len(lab.decisions())
    trunk = Actor(TRUNK)
    call = Call(trunk, lab.pbx_address, "sip:1003@example.com",
                to="sip:1003@example.com").send()
    assert call.final(480, 20).retry_after == 3600
    decision = lab.wait_decisions(before + 1)[before]
    assert decision["verdict"] == "defer"
    trunk.close()


@pytest.mark.timeout(180)
def test_a_phone_holds_and_resumes(lab):
    caller, callee = lab.phones["1001"], lab.phones["1002"]
    talk(caller, callee, hang_up=False)
    caller.tell("hold")
    caller.media(False)
    callee.media(False)
    caller.tell("resume")
    caller.media(True)
    callee.media(True)
    caller.tell("hangup")
    callee.wait("CALL_CLOSED")


@pytest.mark.timeout(180)
def test_a_phone_transfers_its_call(lab):
    one, two, three = (lab.phones[u] for u in ("1001", "1002", "1003"))
    talk(one, two, hang_up=False)
    two.new_call()
    three.new_call()
    one.tell("transfer", "sip:1003@example.com")
    two.wait("CALL_ESTABLISHED")
    three.wait("CALL_ESTABLISHED")
    three.hears(TONES["1002"])
    two.hears(TONES["1003"])
    one.wait("CALL_CLOSED")     # told by NOTIFY that it is done
    three.tell("hangup")
    three.wait("CALL_CLOSED")
