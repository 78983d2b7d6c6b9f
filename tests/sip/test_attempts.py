"""What is one attempt of a caller, and what counts under a cap."""

import pytest

from actor import Call
from test_store import BOB, asserted, calls, is_connected

CAP = ('rules = ( { name = "once"; if = { channel = "phone"; }; '
       'then = "accept"; at_most = "1 per 1d"; } );')
LIMIT = 480


def rings(pbx, call):
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 180, tag="x")
    call.expect(180)
    return invite


def ends(pbx, call, invite, code=486):
    pbx.reply(invite, code, tag="x")
    call.final(code)
    pbx.expect("ACK")


def test_a_cap_counts_calls_that_rang(site, trunk, pbx):
    s = site(CAP)
    # the PBX knows no such user: no attempt that was accepted
    call = calls(trunk, s).send()
    ends(pbx, call, pbx.expect("INVITE"), 404)
    is_connected(calls(trunk, s), pbx)
    calls(trunk, s).send().final(LIMIT)
    # others have their own
    is_connected(calls(trunk, s, "+442071234599"), pbx)
    # and who only claims to be somebody uses nothing up
    assert [d["verdict"] for d in s.wait_decisions(4)] == [
        "accept", "accept", "defer", "accept"]


def test_claims_use_up_no_cap(site, trunk, carrier, pbx):
    s = site(CAP)
    is_connected(calls(carrier, s, proven=False), pbx)
    is_connected(calls(trunk, s), pbx)


@pytest.mark.parametrize("code", [401, 407])
def test_a_challenged_call_is_one_attempt(site, trunk, pbx, code):
    s = site(CAP)
    call = calls(trunk, s).send()
    ends(pbx, call, pbx.expect("INVITE"), code)
    again = Call(trunk, s.address, s.uri(), cseq=2, call_id=call.call_id,
                 caller=f"sip:{BOB}@example.net", from_tag=call.from_tag,
                 headers=asserted() + ['Authorization: Digest username="b"'])
    again.send()
    invite = rings(pbx, again)
    ends(pbx, again, invite)
    assert len(s.wait_decisions(1)) == 1
    calls(trunk, s).send().final(LIMIT)


def test_a_forked_call_is_one_attempt(site, trunk, pbx):
    s = site(CAP)
    call = calls(trunk, s)
    invites = []
    for branch in ("z9hG4bKone", "z9hG4bKtwo"):
        trunk.send(call.build("INVITE", branch=branch), s.address)
        invites.append(rings(pbx, call))
    for invite in invites:
        pbx.reply(invite, 486, tag="x")
        trunk.expect(486)
    calls(trunk, s).send().expect(LIMIT, 10)
    assert len(s.wait_decisions(2)) == 2


def test_two_phones_rung_by_two_calls_are_one_attempt(site, trunk, pbx):
    s = site(CAP)
    first, second = calls(trunk, s), calls(trunk, s)
    one = rings(pbx, first.send())
    two = rings(pbx, second.send())
    ends(pbx, first, one)
    ends(pbx, second, two)
    assert len(s.wait_decisions(1)) == 1
    calls(trunk, s).send().final(LIMIT)


def test_a_cap_outlives_a_restart(site, trunk, pbx):
    s = site(CAP)
    is_connected(calls(trunk, s), pbx)
    s.stop()
    s.run()
    calls(trunk, s).send().final(LIMIT)


def test_who_was_turned_away_has_tried(site, trunk, pbx):
    s = site('rules = ( { name = "again"; if = { tried = "2 per 1d"; }; '
             'then = "accept"; }, { name = "later"; then = "refuse"; } );')
    calls(trunk, s).send().final(603)
    calls(trunk, s).send().final(603)
    is_connected(calls(trunk, s), pbx)


def test_a_question_is_no_attempt(site, trunk, pbx):
    s = site('rules = ( { name = "again"; if = { tried = "1 per 1d"; }; '
             'then = "accept"; }, { name = "later"; then = "refuse"; } );')
    for _ in range(2):
        Call(trunk, s.address, s.uri(), method="OPTIONS", body="",
             caller=f"sip:{BOB}@example.net", headers=asserted()
             ).send().final(603)
    calls(trunk, s).send().final(603)
