"""Clauses of the contract that show on the wire and stand nowhere else:
channels by what is offered, purpose by what is shown, numbers as people write
them, and answers from behind that are none of our business.
"""

import re

import pytest

from actor import SDP, Call
from sip_site import STRANGER
from test_phones import register

AUDIO = SDP
HEAD = SDP.partition("m=")[0]
VOICE = "m=audio 4000 RTP/AVP 0\r\n"
VIDEO = "m=video 4002 RTP/AVP 96\r\n"
FAX = "m=image 4004 udptl t38\r\n"
PART = ("--x\r\nContent-Type: text/plain\r\n\r\nm=image 4 udptl t38\r\n"
        "--x\r\nContent-Type: application/sdp\r\n\r\n{}\r\n--x--\r\n")
FAX_NUMBER, BOB = "+14155550199", "+14155550101"
BY_CHANNEL = ('rules = ( { name = "seen"; if = { channel = "video"; }; '
              'then = "defer"; }, { name = "paper"; '
              'if = { channel = "fax"; }; then = "refuse"; } );')
MIXED = "multipart/mixed;boundary=x"
OFFERS = [
    ("phone", "", None), ("phone", VOICE, None), ("video", VOICE + VIDEO, None),
    ("phone", VOICE + VIDEO.replace("4002", "0"), None),
    ("phone", VOICE + VIDEO + "a=inactive\r\n", None),
    ("video", VIDEO + "a=sendonly\r\n", None),
    ("fax", FAX, None), ("fax", FAX + VOICE.replace("4000", "0"), None),
    ("phone", VOICE + FAX, None), ("phone", FAX.replace("4004", "0"), None),
    ("fax", PART.format(HEAD + FAX), MIXED),
    ("phone", PART.format(HEAD + VOICE), MIXED),
]
CODES = {"phone": None, "video": 480, "fax": 603}


def answered(call, pbx):
    """None: the PBX was asked, and is busy; else our answer's code."""
    call.send()
    while True:
        answer = call.actor.receive()
        assert answer is not None
        if answer.code == 100 and "@usher" not in answer.get("Call-ID"):
            invite = pbx.expect("INVITE")
            pbx.reply(invite, 486, tag="x")
            call.final(486)
            pbx.expect("ACK")
            return None
        if answer.get("Call-ID") == call.call_id:
            call.ack(answer)
            return answer.code


def test_the_channel_is_what_is_offered(site, trunk, pbx):
    s = site(BY_CHANNEL, write={"more": f'faxes = [ "{FAX_NUMBER}" ];'})
    s.write('rules = ( ); otherwise = "accept";', "bob", (BOB,))
    s.publish()
    for count, (channel, offer, kind) in enumerate(OFFERS, 1):
        body = offer if kind or not offer else HEAD + offer
        call = Call(trunk, s.address, s.uri(), body=body,
                    body_type=kind or "application/sdp")
        assert answered(call, pbx) == CODES[channel], offer
        assert s.wait_decisions(count)[-1]["channel"] == channel, offer
    # whatever is offered to a number of faxes; and who has no rule for video
    call = Call(trunk, s.address, s.uri(FAX_NUMBER))
    assert answered(call, pbx) == 603
    call = Call(trunk, s.address, s.uri(BOB), body=HEAD + VOICE + VIDEO)
    assert answered(call, pbx) is None
    assert [line["channel"] for line in s.wait_decisions(len(OFFERS) + 2)[-2:]
            ] == ["fax", "phone"]


@pytest.mark.parametrize("shown, code", [
    ({}, None),
    ({"headers": ["Subject: A special offer, and our products"]}, 603),
    ({"display": '"Sales"', "headers": [
        "Organization: Lead generation and partnership Ltd"]}, 603),
    ({"headers": ["Call-Info: <sip:x@y>;purpose=info;"
                  'call-reason="Sales call: our services"']}, 603),
    ({"headers": ["Subject: Your order, and a special offer, our products"]},
     None)])
def test_the_purpose_is_what_is_shown(site, trunk, pbx, shown, code):
    s = site('rules = ( { name = "pitch"; if = { purpose = "sales"; }; '
             'then = "refuse"; }, { name = "rest"; '
             'if = { purpose = [ "unknown", "transactional" ]; }; '
             'then = "accept"; } ); otherwise = "refuse";')
    assert answered(Call(trunk, s.address, s.uri(), **shown), pbx) == code


LONDON = "+442071234567"


@pytest.mark.parametrize("who", [
    f"tel:{LONDON}", "sip:+44-20-7123.4567@x", "sip:+44(20)71234567@x",
    "sip:%2B442071234567@x;user=phone", "sip:011442071234567@x",
    "tel:2071234567;phone-context=+44", f"tel:{LONDON};verstat=x",
    f"sip:{LONDON};npdi;rn=+4420@x", f"sips:{LONDON}@x"])
def test_a_number_is_one_however_it_is_written(site, trunk, pbx, who):
    s = site('rules = ( { name = "friend"; if = { from = "%s"; }; '
             'then = "accept"; } ); otherwise = "refuse";' % LONDON)
    call = Call(trunk, s.address, s.uri(),
                headers=[f"P-Asserted-Identity: <{who}>"])
    # a validation that is not passed proves nothing
    assert answered(call, pbx) == (603 if "verstat" in who else None)


def test_an_answer_from_behind_passes_as_it_is(site, trunk, pbx):
    s = site()
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    sent = pbx.reply(invite, 603, "Network Blocked", tag="x", headers=[
        'Reason: Q.850;cause=21;text="v=analytics1;url=https://x.example"',
        "Retry-After:   7 (not \t\xfc now)", "X-Odd:a"]).encode()
    got = call.final(603).data
    pbx.expect("ACK")
    ours = re.sub(rb"Via: [^\r]*\r\n", b"", sent)
    assert re.sub(rb"Via: [^\r]*\r\n", b"", got) == ours


def test_inside_of_the_site_says_nothing_about_calls(site, stranger, pbx):
    s = site('rules = ( { name = "no"; then = "refuse"; } );',
             site=f'internal = [ "{STRANGER}/32" ];')
    Call(stranger, s.address, s.uri()).send()
    assert stranger.receive().code == 480   # as if there were no such user
    assert s.wait_decisions(1)[0]["verdict"] == "refuse"
    pbx.silence(0.1)


def test_who_keeps_no_register_adds_no_path(site, speakers, pbx):
    s = site(sip='place = "phones"; register = "off";',
             write={"phones": ("sip:1001@example.com",)})
    seen = register(speakers("127.0.0.8"), s, pbx)
    assert seen.get("Path") is None
    assert s.counters()["bindings"] == 0


def test_one_call_stays_with_one_hop(site, trunk, pbx, speakers):
    """By weight, and by the Call-ID: what comes again goes the same way."""
    other = speakers("127.0.0.1")
    s = site(hops=f'( {{ uri = "sip:127.0.0.1:{pbx.port}"; weight = 3; }}, '
                  f'{{ uri = "sip:127.0.0.1:{other.port}"; weight = 1; }} )')
    came = {pbx: set(), other: set()}
    for turn in range(2):
        for number in range(24):
            call = Call(trunk, s.address, s.uri(), call_id=f"c{number}@x",
                        from_tag=f"{turn}", caller=f"sip:u{number}{turn}@x"
                        ).send()
            hop, invite = first_of(pbx, other)
            came[hop].add(f"{turn} {call.call_id}")
            hop.reply(invite, 486, tag="x")
            call.final(486)
            hop.expect("ACK")
    assert len(came[pbx]) > len(came[other]) > 0
    for calls in came.values():
        assert ({c[2:] for c in calls if c[0] == "0"}
                == {c[2:] for c in calls if c[0] == "1"})


def first_of(*hops):
    for _ in range(2000):
        for hop in hops:
            message = hop.receive(0.005)
            if message is not None and message.method == "INVITE":
                return hop, message
    raise AssertionError("no hop was asked")
