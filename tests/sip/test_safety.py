"""Emergency calls and the way back pass, whatever any policy says."""

import pytest

from actor import Call
from sip_site import HOST

REFUSE = 'rules = ( { name = "no"; then = "refuse"; } );'
PHONES = {"phones": ("+14155550100", "sip:1001@example.com")}


def to_trunk(s, pbx, trunk, uri):
    call = Call(pbx, s.address, uri, caller="sip:1001@example.com",
                headers=["P-Asserted-Identity: <tel:+14155550177>"]).send()
    invite = trunk.expect("INVITE")
    trunk.reply(invite, 200, "OK", tag="psap")
    call.expect(200)
    return invite


@pytest.mark.parametrize("uri", ["urn:service:sos", "urn:service:sos.fire",
                                 "sip:911@{h}:{p}", "sip:112@{h}:{p}",
                                 "sip:9911@{h}:{p}"])
def test_emergency_opens_the_way_back(site, pbx, trunk, carrier, uri):
    s = site(REFUSE, write=PHONES, sip='outside_prefix = "9";',
             trunks=f'"sip:{trunk.host}:{trunk.port}"')
    Call(carrier, s.address, s.uri()).send().final(603)
    invite = to_trunk(s, pbx, trunk, uri.format(h=HOST, p=s.port))
    if uri.startswith("urn:"):
        assert invite.uri == uri
    # Back to who called, by every number of theirs, from any trunk.
    for number in ("+14155550100", "1001", "+14155550177"):
        Call(carrier, s.address, s.uri(number),
             caller=f"sip:psap{number}@city.example").send()
        back = pbx.expect("INVITE")
        pbx.reply(back, 486, tag="x")
        pbx.expect("ACK")
    assert s.counters()["callbacks"] >= 1


def test_ordinary_calls_open_nothing(site, pbx, trunk, carrier):
    s = site(REFUSE, write=PHONES,
             trunks=f'"sip:{trunk.host}:{trunk.port}"')
    to_trunk(s, pbx, trunk, s.uri("+442071234567"))
    Call(carrier, s.address, s.uri()).send().final(603)


@pytest.mark.parametrize("header", ["Priority: psap-callback",
                                    "Resource-Priority: esnet.1",
                                    "Resource-Priority: wps.3, esnet.0"])
def test_trusted_callback_passes(site, trunk, pbx, header):
    s = site(REFUSE)
    Call(trunk, s.address, s.uri(), headers=[header]).send()
    pbx.expect("INVITE")
    line = s.wait_decisions(1)[0]
    assert line["verdict"] == "accept" and line["rule"] == "safety"


@pytest.mark.parametrize("header", ["Priority: psap-callback",
                                    "Resource-Priority: esnet.1"])
def test_untrusted_callback_does_not(site, carrier, stranger, pbx, header):
    s = site(REFUSE)
    Call(carrier, s.address, s.uri(), headers=[header]).send().final(603)
    Call(stranger, s.address, s.uri(), headers=[header]).send().expect(480)
    pbx.silence()


def test_sos_from_outside_is_no_emergency_here(site, stranger, carrier, pbx):
    s = site(REFUSE)
    Call(stranger, s.address, "urn:service:sos").send().expect(480)
    Call(stranger, s.address, s.uri("911")).send().expect(480)
    pbx.silence()
