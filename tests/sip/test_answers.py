"""Each verdict on the wire, as a trusted trunk hears it."""

import re

import pytest

from actor import Call
from sip_site import HOST

# Tuesday, an hour before a window from 16:00 to 17:00 in New York.
BEFORE = "2026-11-24T15:00:00-05:00"
OPENS = "2026-11-24T21:00:00Z"
WINDOW = """
rules = ( { name = "window"; if = { channel = "phone"; };
	then = "accept"; during = "Tue,Thu 16:00-17:00"; } );
"""
PAGE = 'published = { page = "https://reach.example.com/alice"; };'


def test_accept_is_forwarded_connected_and_ended(site, trunk, pbx):
    s = site(WINDOW, at="2026-11-24T16:30:00-05:00")
    call = Call(trunk, s.address, s.uri()).send()
    call.expect(100)
    invite = pbx.expect("INVITE")
    assert invite.uri == f"sip:+14155550100@{HOST}:{pbx.port}"
    assert invite.get("Max-Forwards") == "69"
    assert len(invite.all("Via")) == 2
    assert f"received={trunk.host}" in invite.all("Via")[1] or \
        trunk.host in invite.all("Via")[1]
    assert invite.body.decode() == call.body
    pbx.reply(invite, 180, "Ringing", tag="pbx")
    assert call.expect(180).get("Via").count("branch") == 1
    pbx.reply(invite, 200, "OK", tag="pbx", body=call.body)
    answer = call.expect(200)
    assert answer.all("Via") == [invite.all("Via")[1]]
    call.within("ACK", answer)
    ack = pbx.expect("ACK")
    assert ack.uri == f"sip:pbx@{HOST}:{pbx.port}"
    assert ack.get("Route") is None
    call.within("BYE", answer)
    bye = pbx.expect("BYE")
    pbx.reply(bye, 200, "OK")
    assert call.expect(200).get("CSeq") == "2 BYE"
    line = s.wait_decisions(1)[0]
    assert line["verdict"] == "accept" and line["answer"] == "forwarded"
    assert line["rule"] == "window" and line["to"] == "+14155550100"
    assert line["call-id"] == call.call_id
    assert line["source"] == f"{trunk.host}:{trunk.port}"
    assert len(s.wait_decisions(1)) == 1


def test_callee_hangs_up_through_record_route(site, trunk, pbx):
    s = site()
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 200, "OK", tag="pbx")
    answer = call.expect(200)
    call.within("ACK", answer)
    pbx.expect("ACK")
    # From the PBX: From and To change places, the route set is forward.
    back = Call(pbx, s.address,
                f"sip:caller@{trunk.host}:{trunk.port}", method="BYE",
                caller=call.uri, to=re.search(
                    "<(.*)>", call.caller).group(1),
                call_id=call.call_id, from_tag="pbx",
                to_tag=call.from_tag, body="",
                route=invite.values("Record-Route"))
    back.send()
    bye = trunk.expect("BYE")
    trunk.reply(bye, 200, "OK")
    back.expect(200)


def test_defer_says_when_to_come_back(site, trunk, pbx):
    s = site(WINDOW, at=BEFORE)
    call = Call(trunk, s.address, s.uri()).send()
    answer = call.final(480)
    assert answer.start == "SIP/2.0 480 Temporarily Unavailable"
    assert answer.retry_after == 3600
    assert re.fullmatch(r"3600 \(.+\);duration=3600",
                        answer.get("Retry-After"))
    assert re.fullmatch(rf'399 {HOST}:{s.port} ".+"', answer.get("Warning"))
    assert answer.to_tag
    pbx.silence()
    line = s.wait_decisions(1)[0]
    assert line["answer"] == "480" and line["retry-after"] == "3600"
    assert line["verdict"] == "defer"
    assert re.fullmatch(r"[0-9A-Za-z-]{4,}", line["id"])


def test_defer_until_a_day_has_a_duration_to_its_next_end(site, trunk):
    s = site('rules = ( { name = "later"; then = "defer"; '
             'during = "00:00-16:00"; } ); otherwise = "accept";',
             at=BEFORE)
    answer = Call(trunk, s.address, s.uri()).send().final(480)
    assert answer.retry_after == 3600
    assert "duration=28800" in answer.get("Retry-After")


def test_defer_without_end_has_no_duration(site, trunk):
    s = site('rules = ( { name = "today"; if = { on = "2026-11-24"; }; '
             'then = "defer"; } ); otherwise = "accept";', at=BEFORE)
    answer = Call(trunk, s.address, s.uri()).send().final(480)
    assert answer.retry_after == 9 * 3600
    assert "duration" not in answer.get("Retry-After")


def test_defer_without_opening_has_no_retry_after(site, trunk):
    s = site('rules = ( { name = "never"; then = "accept"; '
             'during = "days"; } ); '
             'hours = { days = "daily not all 09:00-17:00"; }; '
             'days = { all = [ "01-01..12-31" ]; };', at=BEFORE)
    answer = Call(trunk, s.address, s.uri()).send().final(480)
    assert answer.get("Retry-After") is None


def test_defer_to_forwards_with_diversion(site, trunk, pbx):
    s = site(WINDOW, at=BEFORE,
             sip='defer_to = "sip:voicemail-{user}@example.com";')
    Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    assert invite.uri == "sip:voicemail-+14155550100@example.com"
    assert invite.get("Diversion") == \
        f"<{s.uri()}>;reason=time-of-day;counter=1"
    assert "index=1.1" in invite.get("History-Info")
    pbx.reply(invite, 486, "Busy Here", tag="x")
    pbx.expect("ACK")


REDIRECT = PAGE + """
rules = ( { name = "write first"; if = { channel = "phone"; };
	then = "redirect"; to = [ "email" ]; say = "Please write first."; } );
"""


def test_redirect_names_targets_with_their_opening(site, trunk, pbx):
    s = site(REDIRECT, at=BEFORE)
    answer = Call(trunk, s.address, s.uri()).send().final(480)
    info = answer.get("Error-Info")
    assert info.startswith("<https://reach.example.com/alice>, ")
    assert '<mailto:alice@example.com>;opening="2026-11-24T20:00:00Z"' in info
    assert "Please write first." in answer.get("Warning")
    assert answer.get("Retry-After") is None
    pbx.silence()


NUMBERS = """
rules = ( { name = "call there"; if = { channel = "phone"; };
	then = "redirect"; to = [ "sip:desk@example.com", "email" ]; } );
"""


def test_redirect_302_where_it_is_followed(site, trunk):
    s = site(NUMBERS, at=BEFORE, peers='{ name = "follows"; '
             'from = [ "127.0.0.2" ]; follows_302 = true; trusted = true; }')
    answer = Call(trunk, s.address, s.uri()).send().final(302)
    assert answer.get("Contact") == \
        "<sip:desk@example.com>;q=1.0, <mailto:alice@example.com>;q=0.9"
    assert "<sip:desk@example.com>" in answer.get("Error-Info")
    assert s.wait_decisions(1)[0]["peer"] == "follows"


def test_redirect_is_forwarded_where_302_is_not_followed(site, trunk, pbx):
    s = site(NUMBERS, at=BEFORE)
    Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    assert invite.uri == "sip:desk@example.com"
    assert "reason=deflection" in invite.get("Diversion")
    pbx.reply(invite, 486, tag="x")
    pbx.expect("ACK")


def test_redirect_beyond_reach_is_480(site, trunk, pbx):
    # Allowed to be named, but a name is not reached by us.
    s = site(NUMBERS.replace("desk@example.com", "desk@elsewhere.example"),
             at=BEFORE, site='allow = [ "elsewhere.example" ];')
    answer = Call(trunk, s.address, s.uri()).send().final(480)
    assert "<sip:desk@elsewhere.example>" in answer.get("Error-Info")
    pbx.silence()


def test_too_many_diversions_are_480(site, trunk, pbx):
    s = site(NUMBERS, at=BEFORE, sip="max_diversions = 2;")
    twice = ["Diversion: <sip:a@example.net>;reason=unknown;counter=2"]
    Call(trunk, s.address, s.uri(), headers=twice).send().final(480)
    pbx.silence()


@pytest.mark.parametrize("setting,caps,code", [
    ("", "", 603), ("refuse = 480;", "", 480), ("refuse = 486;", "", 486),
    ("refuse = 608;", "Feature-Caps: *;+sip.608", 603),
    ('refuse = 608; card = "https://c.example/card";', "", 603),
    ('refuse = 608; card = "https://c.example/card";',
     "Feature-Caps: *;+sip.608", 608)])
def test_refuse(site, trunk, setting, caps, code):
    s = site('rules = ( { name = "no"; then = "refuse"; } );', sip=setting)
    answer = Call(trunk, s.address, s.uri(),
                  headers=[caps] if caps else []).send().final(code)
    assert answer.get("Retry-After") is None
    assert answer.get("Call-Info") == (
        "<https://c.example/card>;purpose=jwscard" if code == 608 else None)


def test_ring_goes_where_the_rule_says(site, trunk, pbx):
    s = site('rules = ( { name = "desk"; then = "accept"; '
             'ring = "sip:1001@example.com"; } );')
    Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    assert invite.uri == "sip:1001@example.com"
    assert invite.get("Diversion") is None
    pbx.reply(invite, 486, tag="x")
    pbx.expect("ACK")


def test_announcement_comes_first(site, trunk):
    s = site(REDIRECT, at=BEFORE, sip='announce = "sip:hear@example.com";')
    answer = Call(trunk, s.address, s.uri()).send().final(480)
    assert answer.get("Error-Info").startswith("<sip:hear@example.com>, ")


def test_message_is_decided_as_its_own_channel(site, trunk, pbx):
    s = site('rules = ( { name = "no texts"; if = { channel = "message"; }; '
             'then = "defer"; during = "00:00-16:00"; } );', at=BEFORE)
    text = dict(method="MESSAGE", body="Buy now", body_type="text/plain")
    answer = Call(trunk, s.address, s.uri(), **text).send().final(480)
    assert answer.retry_after == 3600
    assert s.wait_decisions(1)[0]["channel"] == "message"
    Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 486, tag="x")
    pbx.expect("ACK")


def test_unpublished_recipients_are_left_alone(site, trunk, pbx):
    s = site('rules = ( { name = "no"; then = "refuse"; } );')
    Call(trunk, s.address, s.uri("+14155550199")).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 404, "Not Found Here", tag="x",
              headers=["Reason: Q.850;cause=1"])
    answer = trunk.expect(404)
    assert answer.start == "SIP/2.0 404 Not Found Here"
    assert answer.get("Reason") == "Q.850;cause=1"


def test_observe_logs_and_lets_pass(site, trunk, pbx):
    s = site('rules = ( { name = "no"; then = "refuse"; } );',
             mode='mode = "observe";')
    Call(trunk, s.address, s.uri()).send()
    pbx.expect("INVITE")
    line = s.wait_decisions(1)[0]
    assert (line["verdict"], line["answer"]) == ("refuse", "observed")


def test_words_in_the_language_that_the_caller_reads(site, trunk):
    s = site('rules = ( { name = "no"; then = "defer"; '
             'during = "00:00-16:00"; say = { en = "Say Not now"; '
             'de = "Sage Nicht jetzt"; fr = "Dis Pas encore"; }; } );',
             at=BEFORE)
    for accept, word in (
            ("de", "Nicht"), ("de-AT, en", "Nicht"), ("fr", "Pas"),
            ("fr;q=0.5, de;q=0.8", "Nicht"),
            ("nl, de;q=0.9, en;q=0.1", "Nicht"), ("de;q=0, en", "Not"),
            ("nl", "Not"), ("*", "Not"), ("de;q=x, en", "Not")):
        answer = Call(trunk, s.address, s.uri(), headers=[
            f"Accept-Language: {accept}"]).send().final(480)
        assert f" {word} " in answer.get("Warning"), (accept, answer)
