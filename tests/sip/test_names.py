"""Next hops and targets that are names: SRV, addresses, a DNS that fails."""

import pytest

import support
from actor import Call
from dns_server import A, SRV, DnsServer
from sip_site import HOST

ELSEWHERE = "127.0.0.5"
LATER = ('rules = ( { name = "later"; then = "defer"; '
         'during = "00:00-16:00"; } );')
AT = "2026-11-24T15:00:00-05:00"


@pytest.fixture
def dns(monkeypatch):
    made = []

    def make(port=None):
        made.append(DnsServer(port))
        return made[-1]
    server = make()
    server.make = make
    monkeypatch.setenv("USHER_DNS", server.address)
    yield server
    for one in made:
        one.close()


def ends(call, actor):
    """The call reaches this speaker, who is busy."""
    invite = actor.expect("INVITE")
    actor.reply(invite, 486, tag="x")
    actor.expect("ACK")
    call.final(486)
    return invite


def hops(site):
    return [hop["hop"] for hop in site.counters()["hops"]]


def test_srv_names_the_hops_in_their_order(site, dns, trunk, pbx, speakers):
    last = speakers(ELSEWHERE)
    dns.add("_sip._udp.pbx.test", SRV, (2, 1, last.port, "b.pbx.test"),
            (1, 1, pbx.port, "a.pbx.test"))
    dns.add("a.pbx.test", A, HOST)
    dns.add("b.pbx.test", A, ELSEWHERE)
    s = site(hops='[ "sip:pbx.test" ]')
    assert sorted(hops(s)) == [f"{HOST}:{pbx.port}",
                               f"{ELSEWHERE}:{last.port}"]
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    assert invite.uri == f"sip:+14155550100@{HOST}:{pbx.port}"
    pbx.reply(invite, 503, tag="x")
    pbx.expect("ACK")
    ends(call, last)
    # An R-URI with the hop's own name is for the hop.
    call = Call(trunk, s.address, "sip:+14155550100@pbx.test").send()
    assert ends(call, pbx).uri.endswith(f"@{HOST}:{pbx.port}")
    assert s.wait_decisions(2)[-1]["to"] == "+14155550100"


def test_a_port_is_for_addresses_alone(site, dns, trunk, pbx):
    dns.add("pbx.test", A, HOST)
    s = site(hops=f'[ "sip:pbx.test:{pbx.port}" ]')
    ends(Call(trunk, s.address, s.uri()).send(), pbx)
    assert not any(kind == SRV for _, kind in dns.asked)


def test_priority_of_srv_counts_within_one_configured_hop(
        site, dns, trunk, pbx, speakers):
    first = speakers(ELSEWHERE)
    dns.add("_sip._udp.pbx.test", SRV, (9, 1, first.port, "b.pbx.test"))
    dns.add("b.pbx.test", A, ELSEWHERE)
    s = site(hops=f'( {{ uri = "sip:{HOST}:{pbx.port}"; priority = 2; }}, '
                  '{ uri = "sip:pbx.test"; priority = 1; } )')
    for _ in range(4):
        ends(Call(trunk, s.address, s.uri()).send(), first)


def test_a_name_that_moves_takes_its_calls_along(site, dns, trunk, pbx,
                                                 speakers):
    moved = speakers(ELSEWHERE, pbx.port)
    dns.add("pbx.test", A, HOST, ttl=1)
    s = site(hops=f'[ "sip:pbx.test:{pbx.port}" ]')
    established = Call(trunk, s.address, s.uri()).send()
    pbx.reply(pbx.expect("INVITE"), 200, "OK", tag="x")
    answer = established.expect(200)
    established.within("ACK", answer)
    pbx.expect("ACK")
    dns.add("pbx.test", A, ELSEWHERE, ttl=1)
    s.wait_line(f"leads to UDP:{ELSEWHERE}:{pbx.port}")
    ends(Call(trunk, s.address, s.uri()).send(), moved)
    established.within("BYE", answer)
    pbx.reply(pbx.expect("BYE"), 200, "OK")
    established.expect(200)


def test_the_last_good_answer_outlives_the_dns(site, dns, trunk, pbx,
                                               speakers):
    dns.add("pbx.test", A, HOST, ttl=1)
    s = site(hops=f'[ "sip:pbx.test:{pbx.port}" ]')
    dns.open.clear()
    s.wait_line("no name server answers; its last addresses stay")
    ends(Call(trunk, s.address, s.uri()).send(), pbx)
    moved = speakers(ELSEWHERE, pbx.port)
    dns.add("pbx.test", A, ELSEWHERE)
    dns.open.set()
    s.wait_line(f"leads to UDP:{ELSEWHERE}:{pbx.port}")
    ends(Call(trunk, s.address, s.uri()).send(), moved)
    assert sum("its last addresses stay" in line for line in s.lines) == 1


def test_without_dns_it_starts_and_serves_once_there_is_one(
        site, dns, trunk, pbx, monkeypatch, free_port):
    port = free_port(HOST, ("udp",))
    monkeypatch.setenv("USHER_DNS", f"{HOST}:{port}")
    s = site(hops=f'[ "sip:pbx.test:{pbx.port}" ]')
    s.wait_line("it gets no calls until it can")
    answer = Call(trunk, s.address, s.uri()).send().final(503)
    assert answer.retry_after > 0
    dns.make(port).add("pbx.test", A, HOST)
    s.wait_line(f"leads to UDP:{HOST}:{pbx.port}")
    ends(Call(trunk, s.address, s.uri()).send(), pbx)


def test_a_dialog_follows_names_and_nobody_waits_meanwhile(
        site, dns, trunk, pbx, speakers):
    s = site()
    phone = speakers(ELSEWHERE)
    dns.add("phone.test", A, ELSEWHERE)
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 200, "OK", tag="x", contact=False, headers=[
        f"Contact: <sip:pbx@phone.test:{phone.port}>"])
    answer = call.expect(200)
    dns.open.clear()
    call.within("ACK", answer)
    support.wait_for(lambda: ("phone.test", A) in dns.asked)
    # The loop goes on while nobody answers.
    ends(Call(trunk, s.address, s.uri()).send(), pbx)
    call.within("INFO", answer, cseq=2)
    phone.silence(0.1)
    dns.open.set()
    seen = {phone.receive().method, phone.receive().method}
    assert seen == {"ACK", "INFO"}


def test_cancel_of_a_call_whose_name_is_looked_up(site, dns, trunk, pbx):
    s = site(LATER, at=AT, sip='defer_to = "sip:{user}@mail.test"; '
             'allow = [ "mail.test" ];')
    dns.open.clear()
    call = Call(trunk, s.address, s.uri()).send()
    call.expect(100)
    call.cancel()
    assert {trunk.expect(200).get("CSeq"), call.final(487).get("CSeq")} == {
        "1 CANCEL", "1 INVITE"}
    dns.open.set()
    pbx.silence(0.1)


def test_targets_are_reached_by_name(site, dns, trunk, pbx, speakers):
    voicemail = speakers(ELSEWHERE)
    dns.add("_sip._udp.mail.test", SRV, (1, 1, voicemail.port, "v.mail.test"))
    dns.add("v.mail.test", A, ELSEWHERE)
    s = site(LATER, at=AT, sip='defer_to = "sip:{user}@mail.test"; '
             'allow = [ "mail.test" ];')
    for _ in range(2):
        invite = ends(Call(trunk, s.address, s.uri()).send(), voicemail)
        assert invite.uri == "sip:+14155550100@mail.test"
        assert "reason=time-of-day" in invite.get("Diversion")


def test_a_target_that_leads_nowhere_is_answered_as_without(site, dns, trunk,
                                                            pbx):
    s = site(LATER, at=AT, sip='defer_to = "sip:{user}@mail.test";',
             site='allow = [ "*.test" ];')
    for _ in range(2):
        answer = Call(trunk, s.address, s.uri()).send().final(480)
        assert answer.retry_after == 3600 and answer.get("Warning")
    pbx.silence(0.1)
    s.write('rules = ( { name = "desk"; then = "accept"; '
            'ring = "sip:1001@desk.test"; } );')
    s.publish()
    invite = ends(Call(trunk, s.address, s.uri()).send(), pbx)
    assert invite.uri == f"sip:+14155550100@{HOST}:{pbx.port}"
    assert invite.get("Diversion") is None


def test_names_that_are_not_allowed_are_not_asked_for(site, dns, trunk, pbx,
                                                      stranger):
    s = site(LATER, at=AT, sip='defer_to = "sip:1001@evil.test";',
             trunks='"sip:127.0.0.1:1"')
    Call(trunk, s.address, s.uri()).send().final(480)
    Call(pbx, s.address, "sip:x@evil.test",
         route=["<sip:evil.test;lr>"]).send().final(403)
    Call(stranger, s.address, "sip:+14155550100@evil.test").send()
    stranger.expect(480)
    assert dns.asked == []
