"""Transactions end once: retransmission, CANCEL, failover, Timer C."""

import time

import pytest

from actor import Call
from sip_site import HOST, TRUNK

NO = 'rules = ( { name = "no"; then = "refuse"; } );'
YES = 'rules = ( ); otherwise = "accept";'


def test_retransmissions_reach_the_pbx_once(site, trunk, pbx):
    s = site()
    call = Call(trunk, s.address, s.uri())
    for _ in range(4):
        call.send()
    assert call.expect(100)
    pbx.expect("INVITE")
    # Timer A of our own side repeats after T1.
    pbx.silence(0.3)
    assert len(s.wait_decisions(1)) == 1


def test_retransmission_gets_the_first_answer(site, trunk, pbx):
    """The preferences change between an INVITE and its retransmission."""
    s = site(NO)
    call = Call(trunk, s.address, s.uri()).send()
    first = call.expect(603)
    s.write(YES)
    s.publish()
    call.send()
    assert trunk.receive().data == first.data
    call.ack(first)
    pbx.silence()
    # A new call sees the new preferences.
    Call(trunk, s.address, s.uri()).send()
    pbx.reply(pbx.expect("INVITE"), 486, tag="x")
    pbx.expect("ACK")


def test_window_that_closes_meanwhile_changes_no_call(site, trunk, pbx):
    """A window of real time: open at the INVITE, closed at its repetition."""
    # The minute that ends next, and is long enough to begin the call.
    while 60 - time.time() % 60 < 3:
        time.sleep(0.2)
    end = int(time.time() // 60 + 1) * 60
    edge = time.strftime("%H:%M", time.gmtime(end))
    start = time.strftime("%H:%M", time.gmtime(end - 7200))
    s = site('rules = ( { name = "open"; then = "accept"; '
             f'during = "daily {start}-{edge} UTC"; }} );')
    while end - time.time() > 2:
        time.sleep(0.05)
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    time.sleep(max(0, end - time.time()) + 0.2)
    call.send()
    pbx.reply(invite, 486, tag="x")
    call.final(486)
    closed = Call(trunk, s.address, s.uri()).send().final(480)
    assert closed.get("Retry-After")


def test_same_call_after_407_is_not_decided_again(site, trunk, pbx):
    s = site()
    call = Call(trunk, s.address, s.uri()).send()
    pbx.reply(pbx.expect("INVITE"), 407, "Auth", tag="x",
              headers=['Proxy-Authenticate: Digest realm="x", nonce="y"'])
    pbx.expect("ACK")
    assert call.final(407).get("Proxy-Authenticate") == \
        'Digest realm="x", nonce="y"'
    s.write(NO)
    s.publish()
    again = Call(trunk, s.address, s.uri(), call_id=call.call_id,
                 from_tag=call.from_tag, cseq=2,
                 headers=["Proxy-Authorization: Digest x=y"]).send()
    invite = pbx.expect("INVITE")
    assert invite.get("Proxy-Authorization")
    pbx.reply(invite, 486, tag="x")
    pbx.expect("ACK")
    again.final(486)
    assert len(s.wait_decisions(1)) == 1


def test_second_call_of_a_pair_while_the_first_rings(site, trunk, pbx):
    s = site()
    first = Call(trunk, s.address, s.uri()).send()
    ringing = pbx.expect("INVITE")
    pbx.reply(ringing, 180, tag="x")
    first.expect(180)
    s.write(NO)
    s.publish()
    second = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    assert len(s.wait_decisions(1)) == 1
    pbx.reply(invite, 486, tag="x")
    pbx.expect("ACK")
    second.final(486)
    pbx.reply(ringing, 486, tag="x")
    pbx.expect("ACK")
    first.final(486)
    Call(trunk, s.address, s.uri()).send().final(603)


def cancelled(call, pbx, invite):
    """The end of a cancelled call, each part once."""
    cancel = pbx.expect("CANCEL")
    assert cancel.branch == invite.branch
    assert cancel.uri == invite.uri
    assert cancel.get("CSeq") == "1 CANCEL"
    pbx.reply(cancel, 200, "OK")
    pbx.reply(invite, 487, "Request Terminated", tag="x")
    pbx.expect("ACK")
    call.final(487)


def answer_to_cancel(call):
    response = call.expect(200)
    assert response.get("CSeq") == "1 CANCEL"


def test_cancel_before_any_provisional(site, trunk, pbx):
    s = site()
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    call.cancel()
    answer_to_cancel(call)
    pbx.silence()
    pbx.reply(invite, 100)
    cancelled(call, pbx, invite)


def test_cancel_while_ringing_takes_its_reason_along(site, trunk, pbx):
    s = site()
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 180, tag="x")
    call.expect(180)
    reason = 'Reason: SIP;cause=200;text="Call completed elsewhere"'
    call.cancel(headers=[reason])
    answer_to_cancel(call)
    cancel = pbx.expect("CANCEL")
    assert reason in cancel.data.decode()
    pbx.reply(cancel, 200, "OK")
    pbx.reply(invite, 487, tag="x")
    pbx.expect("ACK")
    call.final(487)


def test_cancel_twice_is_one(site, trunk, pbx):
    s = site()
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 180, tag="x")
    call.expect(180)
    call.cancel()
    answer_to_cancel(call)
    call.cancel()
    answer_to_cancel(call)
    cancelled(call, pbx, invite)
    pbx.silence()


def test_cancel_that_loses_against_200(site, trunk, pbx):
    s = site()
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 180, tag="x")
    call.expect(180)
    call.cancel()
    answer_to_cancel(call)
    cancel = pbx.expect("CANCEL")
    pbx.reply(invite, 200, "OK", tag="x")
    pbx.reply(cancel, 481, "Gone")
    answer = call.expect(200)
    assert answer.get("CSeq") == "1 INVITE"
    call.within("ACK", answer)
    pbx.expect("ACK")
    call.within("BYE", answer)
    pbx.reply(pbx.expect("BYE"), 200, "OK")
    call.expect(200)


def test_cancel_after_the_answer_is_200_and_nothing_more(site, trunk, pbx):
    s = site()
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 200, "OK", tag="x")
    answer = call.expect(200)
    call.cancel()
    answer_to_cancel(call)
    pbx.silence()
    call.within("ACK", answer)
    pbx.expect("ACK")


def test_cancel_of_nothing_is_481(site, trunk, stranger):
    s = site()
    Call(trunk, s.address, s.uri(), method="CANCEL", body=""
         ).send().expect(481)
    Call(stranger, s.address, s.uri(), method="CANCEL", body="").send()
    stranger.silence()


def test_repeated_200_is_forwarded_again(site, trunk, pbx):
    s = site()
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    sent = pbx.reply(invite, 200, "OK", tag="x")
    first = call.expect(200)
    pbx.send(sent, s.address)
    assert call.expect(200).data == first.data


def two_hops(one, two):
    return ('( { uri = "sip:127.0.0.1:%d"; }, '
            '{ uri = "sip:127.0.0.1:%d"; priority = 2; } )' % (one, two))


@pytest.fixture
def second(speakers):
    return speakers(HOST)


def test_next_hop_after_503(site, trunk, pbx, second):
    s = site(hops=two_hops(pbx.port, second.port))
    call = Call(trunk, s.address, s.uri()).send()
    pbx.reply(pbx.expect("INVITE"), 503, "Full", tag="a")
    pbx.expect("ACK")
    invite = second.expect("INVITE")
    assert invite.uri == f"sip:+14155550100@{HOST}:{second.port}"
    second.reply(invite, 486, "Busy", tag="b")
    second.expect("ACK")
    call.final(486)


def test_503_of_the_last_hop_is_500(site, trunk, pbx):
    s = site()
    call = Call(trunk, s.address, s.uri()).send()
    pbx.reply(pbx.expect("INVITE"), 503, "Full", tag="a",
              headers=["Retry-After: 99"])
    pbx.expect("ACK")
    assert call.final(500).get("Retry-After") is None


def test_next_hop_when_nothing_comes(site, trunk, pbx, second):
    s = site(hops=two_hops(pbx.port, second.port), timers="failover = 300;")
    call = Call(trunk, s.address, s.uri()).send()
    left = pbx.expect("INVITE")
    invite = second.expect("INVITE")
    second.reply(invite, 180, tag="b")
    call.expect(180)
    # The hop that was left wakes up: it is cancelled, and rings nobody.
    pbx.reply(left, 180, tag="a")
    cancel = pbx.expect("CANCEL")
    pbx.reply(cancel, 200, "OK")
    pbx.reply(left, 487, tag="a")
    pbx.expect("ACK")
    second.reply(invite, 200, "OK", tag="b")
    assert call.expect(200).to_tag == "b"


def test_late_200_of_a_hop_left_wins(site, trunk, pbx, second):
    s = site(hops=two_hops(pbx.port, second.port), timers="failover = 300;")
    call = Call(trunk, s.address, s.uri()).send()
    left = pbx.expect("INVITE")
    invite = second.expect("INVITE")
    second.reply(invite, 180, tag="b")
    call.expect(180)
    pbx.reply(left, 200, "OK", tag="a")
    assert call.expect(200).to_tag == "a"
    assert second.expect("CANCEL").branch == invite.branch


def test_next_hop_when_the_first_is_unreachable(site, trunk, second,
                                                free_port):
    s = site(hops=two_hops(free_port(HOST, ("udp",)), second.port))
    call = Call(trunk, s.address, s.uri()).send()
    invite = second.expect("INVITE")
    second.reply(invite, 486, tag="b")
    call.final(486)


def test_no_live_hop_is_503_with_retry_after(site, trunk, free_port):
    s = site(hops=f'[ "sip:{HOST}:{free_port(HOST, ("udp",))}" ]')
    answer = Call(trunk, s.address, s.uri()).send().final(503)
    assert answer.retry_after > 0


def test_hop_that_answers_no_probe_dies_and_revives(site, trunk, pbx):
    s = site(timers="probe = 500;")
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 180, tag="x")
    call.expect(180)
    s.wait_line("is dead")
    call.final(503)
    assert Call(trunk, s.address, s.uri()).send().final(503)
    assert s.counters()["hops"][0]["alive"] is False
    seen = set()
    while "OPTIONS" not in seen or "CANCEL" not in seen:
        message = pbx.receive(20, probes=True)
        seen.add(message.method)
        if message.method == "OPTIONS":
            pbx.reply(message, 404)
    s.wait_line("lives")
    while pbx.receive(0.1):
        pass
    Call(trunk, s.address, s.uri()).send()
    pbx.expect("INVITE")


def test_timer_b_ends_a_call_nobody_answers(site, trunk, pbx):
    s = site(timers="t1 = 20; t2 = 80;")
    call = Call(trunk, s.address, s.uri()).send()
    pbx.expect("INVITE")
    call.final(408)


def test_timer_c_cancels_what_rings_for_ever(site, trunk, pbx):
    s = site(timers="c = 1000;")
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 180, tag="x")
    call.expect(180)
    time.sleep(0.6)
    pbx.reply(invite, 183, tag="x")
    call.expect(183)
    time.sleep(0.6)
    pbx.silence(0.1)        # 183 began it anew
    cancelled(call, pbx, invite)


def test_checks_of_rfc_3261(site, trunk, pbx):
    s = site()
    Call(trunk, s.address, s.uri(), forwards=0).send().final(483)
    Call(trunk, s.address, "nobody:knows@this").send().final(416)
    answer = Call(trunk, s.address, s.uri(),
                  headers=["Proxy-Require: magic"]).send().final(420)
    assert answer.get("Unsupported") == "magic"
    pbx.silence()
    Call(trunk, s.address, s.uri(), forwards=None).send()
    assert pbx.expect("INVITE").get("Max-Forwards") == "70"


def test_loop_is_482_and_spiral_passes(site, trunk, pbx):
    s = site(trunks='"sip:127.0.0.1:1"')
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    # The PBX sends back what it got, as it was before us.
    looped = invite.data.replace(invite.uri.encode(), s.uri().encode(), 1)
    looped = looped.replace(
        b"Via:", f"Via: SIP/2.0/UDP {TRUNK}:{trunk.port};"
        "branch=z9hG4bKother\r\nVia:".encode(), 1)
    trunk.send(looped, s.address)
    assert trunk.expect(482)
    spiral = looped.replace(b"+14155550100@", b"+14155550101@", 1).replace(
        b"z9hG4bKother", b"z9hG4bKanother")
    trunk.send(spiral, s.address)
    assert pbx.expect("INVITE").uri.startswith("sip:+14155550101@")
    assert call


def test_malformed_from_known_peers_is_400(site, trunk, stranger, pbx):
    s = site()
    call = Call(trunk, s.address, s.uri())
    trunk.send(call.data.replace("CSeq: 1 INVITE", "CSeq: x INVITE"),
               s.address)
    trunk.send(call.data.replace("CSeq: 1 INVITE", "CSeq: 1 BYE"), s.address)
    assert trunk.expect(400)
    theirs = Call(stranger, s.address, s.uri())
    stranger.send(theirs.data.replace("1 INVITE", "1 BYE"), s.address)
    stranger.send(b"\r\n\r\n", s.address)
    stranger.send(b"\0" * 100, s.address)
    stranger.silence()
    pbx.silence()


def test_too_long_is_513_to_peers_and_silence_to_others(site, trunk, stranger,
                                                        pbx):
    s = site(sip="limits = { message = 1100; };")
    long = ["Subject: " + "x" * 1000]
    Call(trunk, s.address, s.uri(), headers=long).send().expect(513)
    Call(stranger, s.address, s.uri(), headers=long).send()
    stranger.silence()
    pbx.silence()


def test_full_house_is_503_to_peers_and_silence_to_others(site, trunk,
                                                          stranger, pbx):
    s = site(sip="limits = { transactions = 16; };")
    for _ in range(8):
        Call(trunk, s.address, s.uri()).send().expect(100)
    Call(trunk, s.address, s.uri()).send().expect(503)
    Call(stranger, s.address, s.uri()).send()
    stranger.silence()
    assert s.counters()["transactions"] == 16
