"""baresip phones that register through us at a Kamailio, and their media."""

import re
import time

import pytest

import support
from actor import Call
from phone_lab import Phone
from sip_site import HOST
from stream_actor import certificates
from test_lab import kamailio, processes  # noqa: F401

PBX = "127.0.0.5"   # phones on TCP and TLS come from 127.0.0.1 themselves
OPEN = 'rules = ( ); otherwise = "accept";'
LATER = ('rules = ( { name = "later"; then = "accept"; during = "16:00-17:00"; '
         '} );')


@pytest.fixture
def phones(tmp_path, site, kamailio):  # noqa: F811
    """A site before the phones, and phones registered: [1001, 1002, 1003]."""
    made = []
    keys = certificates(tmp_path)
    port = support.free_port(PBX, ("udp",))
    s = site(OPEN, sip='place = "phones"; extensions = [ "10*" ]; '
             f'tls = {{ certificate = "{keys["proxy"][0]}"; '
             f'key = "{keys["proxy"][1]}"; }};',
             hops=f'[ "sip:{PBX}:{port}" ]', at="2026-11-24T15:00:00-05:00",
             write={"phones": ("sip:1001@example.com",)})
    s.write(LATER, "carol", ("sip:1003@example.com",))
    s.stop()
    ports = {"udp": s.port, "tcp": support.free_port(HOST, ("tcp",)),
             "tls": support.free_port(HOST, ("tcp",))}
    path = s.folder / "usher.conf"
    path.write_text(path.read_text().replace(
        "listen = [ ", f'listen = [ "tcp:{HOST}:{ports["tcp"]}", '
        f'"tls:{HOST}:{ports["tls"]}", '))
    kamailio(port, PBX)
    s.start()
    s.pbx_address = (PBX, port)
    try:
        for n, transport in enumerate(ports, 1):
            made.append(Phone(
                tmp_path / f"phone{n}", f"127.0.0.1{n}", f"100{n}",
                (HOST, ports[transport]), transport, 220 * (n + 1),
                more=f'sip_cafile {keys["ca"][0]}'))
        for phone in made:
            phone.registered()
        assert s.counters()["bindings"] == 3
        yield s, made
    finally:
        for phone in made:
            phone.stop()


@pytest.mark.timeout(180)
def test_phones_call_each_other_over_udp_tcp_and_tls(phones):
    _, (udp, tcp, tls) = phones
    for caller, callee, sent, heard in ((udp, tcp, 440, 660),
                                        (tcp, tls, 660, 880)):
        calls = len(callee.events)
        caller.tell("dial", f"sip:{callee.user}@example.com")
        caller.wait("CALL_ESTABLISHED")
        callee.wait("CALL_ESTABLISHED", after=calls)
        time.sleep(2)           # of media
        caller.tell("hangup")
        callee.wait("CALL_CLOSED", after=calls)
        support.wait_for(lambda: callee.heard()[sent] > 0.9, 20,
                         f"{sent} Hz at {callee.user}")
        support.wait_for(lambda: caller.heard()[heard] > 0.9, 20,
                         f"{heard} Hz at {caller.user}")


@pytest.mark.timeout(180)
def test_a_trunks_call_is_screened_before_the_phone(phones, trunk):
    s, (udp, _, _) = phones
    call = Call(trunk, s.pbx_address, "sip:1003@example.com",
                to="sip:1003@example.com").send()
    answer = call.final(480)
    assert answer.retry_after == 3600
    call = Call(trunk, s.pbx_address, "sip:1001@example.com",
                to="sip:1001@example.com").send()
    call.expect(180, 20)
    answer = call.expect(200, 20)
    call.within("ACK", answer)
    udp.wait("CALL_ESTABLISHED")
    call.within("BYE", answer)
    call.expect(200)
    udp.wait("CALL_CLOSED")
    verdicts = [d["verdict"] for d in s.wait_decisions(2)]
    assert verdicts == ["defer", "accept"]
    assert re.match("sip:1003@", s.decisions()[0]["to"])
