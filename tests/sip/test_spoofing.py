"""Who is somebody else: cancels, answers, tokens and the PBX's own address."""

import re

from actor import Call
from sip_site import HOST
from test_phones import register


def test_who_overhears_a_branch_ends_no_call(site, trunk, stranger, pbx):
    s = site()
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 180, "Ringing", tag="far")
    call.expect(180)
    cancel = call.build("CANCEL", body="", headers=())
    stranger.send(cancel, s.address)
    # A branch, sent-by or Call-ID guessed is none of that call's at all.
    for wrong in (cancel.replace(call.branch, call.branch + "x"),
                  cancel.replace(call.call_id, "guess@test"),
                  cancel.replace(f"{trunk.host}:{trunk.port}", "h.example")):
        stranger.send(wrong, s.address)
    pbx.silence()
    pbx.reply(invite, 200, "OK", tag="far")
    assert call.expect(200)


def test_the_pbxs_host_is_not_the_pbx(site, speakers, trunk, pbx):
    """By UDP its port belongs to it: another program there is a stranger."""
    s = site(trunks=f'"sip:{trunk.host}:{trunk.port}"',
             rules='rules = ( ); otherwise = "refuse";')
    other, victim = speakers(HOST), speakers("127.0.0.9")
    for uri, route in ((f"sip:x@{victim.host}:{victim.port}", []),
                       (s.uri("+442071234567"), []), (s.uri(), [])):
        Call(other, s.address, uri, route=route).send().expect(480)
    Call(other, s.address, s.uri("+442071234567"), route=[
        f"<sip:{trunk.host}:{trunk.port};lr>"]).send().expect(403)
    Call(pbx, s.address, s.uri("+442071234567")).send()
    assert trunk.expect("INVITE")
    victim.silence(0.01)


def test_forged_answers_answer_nothing(site, trunk, stranger, pbx):
    s = site()
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    ours = invite.branch
    for wrong in (ours[:-1] + ("1" if ours[-1] == "0" else "0"), ours + "0",
                  ours[:-1], ours.upper(), call.branch):
        stranger.socket.sendto(
            (f"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP {HOST}:{s.port};"
             f"branch={wrong}\r\nVia: {invite.all('Via')[1]}\r\n"
             f"From: {invite.get('From')}\r\nTo: {invite.get('To')};tag=x\r\n"
             f"Call-ID: {call.call_id}\r\nCSeq: {invite.get('CSeq')}\r\n"
             f"Contact: <sip:x@{stranger.host}>\r\nContent-Length: 0\r\n\r\n"
             ).encode(), s.address)
    pbx.reply(invite, 486, "Busy", tag="far")
    assert call.final(486).get("To").endswith("tag=far")
    pbx.expect("ACK")


def test_merged_requests_are_one_attempt(site, trunk, pbx):
    """By two ways: never 482 from us, and never decided twice."""
    s = site('rules = ( { name = "once"; then = "accept"; at_most = '
             '"1 per 1d"; } ); otherwise = "refuse";')
    first = Call(trunk, s.address, s.uri()).send()
    second = Call(trunk, s.address, s.uri(), call_id=first.call_id,
                  from_tag=first.from_tag, headers=["X-Way: other"]).send()
    for invite in [pbx.expect("INVITE"), pbx.expect("INVITE")]:
        pbx.reply(invite, 486, "Busy", tag="far")
        pbx.expect("ACK")
    assert first.final(486) and second.final(486)
    assert len(s.wait_decisions(1)) == 1


def test_every_digit_of_a_flow_token_counts(site, speakers, pbx):
    """Form, listener, address, stream, expiry, MAC: none can be changed."""
    s = site(sip='place = "phones";')
    phone, victim = speakers("127.0.0.8"), speakers("127.0.0.10")
    path = register(phone, s, pbx).values("Path")[0]
    token = re.search("sip:(f[0-9a-f]+)@", path).group(1)
    forged = [token[:n] + ("1" if token[n] != "1" else "2") + token[n + 1:]
              for n in range(len(token))]
    forged += [token[:-1], token + "0", token.upper(), token[1:]]
    for one in forged:
        Call(pbx, s.address, f"sip:1001@{victim.host}:{victim.port}",
             to="sip:1001@example.com", route=[path.replace(token, one)]
             ).send().final(403)
    victim.silence(0.01)
    phone.silence(0.01)
    Call(pbx, s.address, f"sip:1001@{victim.host}:{victim.port}",
         to="sip:1001@example.com", route=[path]).send()
    assert phone.expect("INVITE")
