"""Sources nobody vouches for, and the ways of the PBX: no open relay."""

import pytest

from actor import Call
from sip_site import ALICE, HOST

DEFER = """
rules = ( { name = "window"; then = "accept";
	during = "Tue,Thu 16:00-17:00"; } );
"""
BEFORE = "2026-11-24T15:00:00-05:00"
REFUSE = 'rules = ( { name = "no"; then = "refuse"; } );'


def test_a_refusal_is_sent_once_without_100_and_kept(site, stranger, pbx):
    s = site(DEFER, at=BEFORE)
    call = Call(stranger, s.address, s.uri()).send()
    answer = stranger.receive()
    assert answer.code == 480 and answer.retry_after == 3600
    stranger.silence(1.2)               # no timer G
    s.write('rules = ( ); otherwise = "accept";')
    s.publish()
    call.send()
    assert stranger.receive().data == answer.data
    call.ack(answer)
    call.cancel()
    stranger.silence()
    pbx.silence()
    assert len(s.wait_decisions(1)) == 1
    counters = s.counters()
    assert counters["refusals"] == 1 and counters["transactions"] == 0


@pytest.mark.parametrize("body", ["", "v=0\r\n" * 40, "v=0\r\n" * 400])
def test_a_refusal_is_never_longer_than_the_request(site, stranger, body):
    s = site('rules = ( { name = "write"; if = { channel = "phone"; };'
             'then = "redirect"; to = [ "email" ]; say = "%s"; } );'
             % ("Please write. " * 20), at=BEFORE,
             write={"more": 'published = { page = "https://r.example/%s"; };'
                    % ("a" * 100)})
    call = Call(stranger, s.address, s.uri(), body=body).send()
    answer = stranger.receive()
    assert answer.code == 480
    assert len(answer.data) <= len(call.data.encode())
    if body == "v=0\r\n" * 400:
        assert answer.get("Warning") and answer.get("Error-Info")
    if body == "":
        assert answer.get("Warning") is None


def test_error_info_outlives_warning(site, stranger):
    s = site('rules = ( { name = "write"; if = { channel = "phone"; };'
             'then = "redirect"; to = [ "email" ]; say = "%s"; } );'
             % ("Please write. " * 25), at=BEFORE)
    call = Call(stranger, s.address, s.uri(), body="v=0\r\n" * 40).send()
    answer = stranger.receive()
    assert len(answer.data) <= len(call.data)
    assert answer.get("Warning") is None and answer.get("Error-Info")


def test_unpublished_and_refused_without_words_are_the_same_bytes(
        site, stranger, pbx):
    s = site(REFUSE)
    one = dict(call_id="one@test", from_tag="one")
    answers = []
    for user in (ALICE, ALICE[:-1] + "9"):
        call = Call(stranger, s.address, s.uri(user), **one)
        call.branch = "z9hG4bKone"
        call.data = call.build("INVITE")
        call.send()
        answer = stranger.receive()
        assert answer.start == "SIP/2.0 480 Temporarily Unavailable"
        answers.append(answer.data.replace(user.encode(), b"+")
                       .replace(answer.to_tag.encode(), b"tag"))
        assert len(answer.to_tag) == 16
    assert answers[0] == answers[1]
    pbx.silence()


def test_accepted_strangers_reach_the_pbx_alone(site, stranger, pbx):
    s = site()
    call = Call(stranger, s.address, s.uri()).send()
    assert stranger.receive().code == 100
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 200, "OK", tag="pbx")
    answer = call.expect(200)
    call.within("ACK", answer)
    pbx.expect("ACK")
    call.within("BYE", answer)
    pbx.reply(pbx.expect("BYE"), 200, "OK")
    call.expect(200)


def test_no_open_relay(site, stranger, trunk, pbx, speakers):
    s = site()
    victim = speakers("127.0.0.9")
    target = f"sip:+12025550123@{victim.host}:{victim.port}"
    Call(stranger, s.address, target).send().expect(480)
    Call(stranger, s.address, target, to=s.uri()).send().expect(480)
    Call(stranger, s.address, target, method="REGISTER", body=""
         ).send().expect(480)
    # A trunk's calls go to the PBX, whatever host they name.
    Call(trunk, s.address, target).send()
    assert pbx.expect("INVITE").uri == target
    victim.silence()


def test_others_can_be_shut_out(site, stranger, pbx):
    s = site(sip='others = "refuse";')
    Call(stranger, s.address, s.uri()).send().expect(403)
    Call(stranger, s.address, s.uri(), method="OPTIONS", body=""
         ).send().expect(403)
    pbx.silence()


def test_calls_of_the_pbx_go_to_the_trunks(site, trunk, pbx):
    s = site(REFUSE, trunks=f'"sip:{trunk.host}:{trunk.port}"')
    call = Call(pbx, s.address, s.uri("+442071234567"),
                caller="sip:+14155550100@example.com",
                headers=["P-Asserted-Identity: <tel:+14155550100>"]).send()
    invite = trunk.expect("INVITE")
    assert invite.uri == f"sip:+442071234567@{trunk.host}:{trunk.port}"
    assert invite.get("P-Asserted-Identity") == "<tel:+14155550100>"
    trunk.reply(invite, 486, tag="x")
    trunk.expect("ACK")
    call.final(486)
    # Its own recipients are not screened on the way out.
    Call(pbx, s.address, s.uri()).send()
    trunk.expect("INVITE")
    s.counters()    # what was logged before it has been read now
    assert s.decisions() == []


def test_calls_of_the_pbx_without_trunks_are_403(site, pbx):
    s = site()
    Call(pbx, s.address, s.uri("+442071234567")).send().final(403)


def test_pbx_may_route_to_trunks_and_nowhere_else(site, trunk, pbx, speakers):
    s = site(trunks=f'"sip:{trunk.host}:{trunk.port}"')
    Call(pbx, s.address, "sip:+442071234567@far.example",
         route=[f"<sip:{trunk.host}:{trunk.port};lr>"]).send()
    assert trunk.expect("INVITE").uri == "sip:+442071234567@far.example"
    other = speakers("127.0.0.9")
    Call(pbx, s.address, "sip:+442071234567@far.example",
         route=[f"<sip:{other.host}:{other.port};lr>"]).send().final(403)
    other.silence()


def test_most_specific_peer_wins(site, trunk, pbx):
    s = site(REFUSE, peers='{ name = "wide"; from = [ "127.0.0.0/8" ]; '
             'refuse = 486; }, { name = "port"; refuse = 480; '
             f'from = [ "127.0.0.0/16:{trunk.port}" ]; }}')
    Call(trunk, s.address, s.uri()).send().final(480)
    assert s.wait_decisions(1)[0]["peer"] == "port"


def test_options_to_us_tells_whether_a_hop_lives(site, trunk, stranger, pbx):
    s = site()
    for actor in (trunk, pbx, stranger):
        call = Call(actor, s.address, f"sip:{HOST}:{s.port}", body="",
                    method="OPTIONS").send()
        answer = call.expect(200)
        if actor is stranger:
            assert len(answer.data) <= len(call.data)
        else:
            assert "INVITE" in answer.get("Allow")
        assert answer.get("Accept") and answer.get("Supported") is not None


def test_options_is_a_question(site, trunk, pbx):
    s = site(DEFER, at=BEFORE)
    ask = dict(method="OPTIONS", body="")
    answer = Call(trunk, s.address, s.uri(), **ask).send().expect(480)
    assert answer.retry_after == 3600
    Call(trunk, s.address, s.uri("+14155550199"), **ask).send().expect(200)
    pbx.silence()
    s.write('rules = ( ); otherwise = "accept";')
    s.publish()
    call = Call(trunk, s.address, s.uri(), **ask).send()
    pbx.reply(pbx.expect("OPTIONS"), 200, "OK")
    call.expect(200)


def test_options_where_questions_are_not_answered(site, trunk, pbx):
    s = site(DEFER, at=BEFORE, sip="asks = false;")
    call = Call(trunk, s.address, s.uri(), method="OPTIONS", body="").send()
    pbx.reply(pbx.expect("OPTIONS"), 200, "OK")
    call.expect(200)
