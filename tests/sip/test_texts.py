"""MESSAGE: what counts as its text, and what tells only of another."""

from actor import Call

TOPIC = """
topics = { storage = [ "document storage" ]; };
rules = ( { name = "storage"; if = { channel = "message"; topic = "storage"; };
	then = "defer"; during = "00:00-16:00"; } );
otherwise = "accept";
"""
AT = "2026-11-24T15:00:00-05:00"
CPIM = ("From: <im:a@example.net>\r\nTo: <im:b@example.com>\r\n\r\n"
        "Content-Type: {}\r\n\r\n{}")
COMPOSING = "application/im-iscomposing+xml"
IMDN = "message/imdn+xml"


def text(actor, site, kind, body, **more):
    return Call(actor, site.address, site.uri(), method="MESSAGE", body=body,
                body_type=kind, **more).send()


def passes(call, pbx):
    request = pbx.expect("MESSAGE")
    pbx.reply(request, 200, "OK", tag="x", contact=False)
    call.expect(200)
    return request


def test_text_is_read_also_inside_cpim(site, trunk, pbx):
    s = site(TOPIC, at=AT)
    pitch = "Our document storage is the best."
    for kind, body in (("text/plain", pitch), ("Text/HTML", f"<p>{pitch}</p>"),
                       ("message/cpim", CPIM.format("text/plain", pitch))):
        answer = text(trunk, s, kind, body).final(480)
        assert answer.retry_after == 3600
    for kind, body in (("application/json", pitch),
                       ("message/cpim", CPIM.format("image/png", pitch))):
        passes(text(trunk, s, kind, body), pbx)
    pbx.silence(0.1)


def test_notices_get_the_verdict_and_are_no_attempt(site, trunk, pbx):
    """What a notice was told binds no text of the same conversation."""
    s = site('rules = ( { name = "no"; if = { channel = "message"; }; '
             'then = "defer"; during = "00:00-16:00"; } );', at=AT)
    notices = [(COMPOSING, "<isComposing/>"), (IMDN, "<imdn/>"),
               ("message/cpim", CPIM.format(COMPOSING, "<isComposing/>"))]
    for kind, body in notices:
        assert text(trunk, s, kind, body).final(480).retry_after == 3600
    assert s.counters()["decisions"] == 0
    text(trunk, s, "text/plain", "Good morning").final(480)
    assert s.counters()["decisions"] == 1


def test_deferred_text_goes_to_defer_to(site, trunk, pbx):
    s = site('rules = ( { name = "no"; then = "defer"; '
             'during = "00:00-16:00"; } );', at=AT,
             sip='defer_to = "sip:later-{user}@example.com";')
    request = passes(text(trunk, s, "text/plain", "Good morning"), pbx)
    assert request.uri == "sip:later-+14155550100@example.com"
    assert "reason=time-of-day" in request.get("Diversion")


def test_text_that_nobody_answers_hears_no_408(site, trunk, pbx):
    """RFC 4320: the sender has timed out as well, and 408 breaks others."""
    s = site(timers="t1 = 20; t2 = 80;")
    call = text(trunk, s, "text/plain", "Good morning")
    nothing_but_100(s, trunk)
    # Nor does a 408 of the PBX get through.
    late = text(trunk, s, "text/plain", "Good evening")
    request = pbx.expect("MESSAGE")
    while request.get("Call-ID") != late.call_id:
        request = pbx.expect("MESSAGE")
    pbx.reply(request, 408, "Request Timeout", tag="x", contact=False)
    nothing_but_100(s, trunk)
    assert call.call_id != late.call_id


def nothing_but_100(s, trunk):
    """Until the proxy has forgotten all."""
    while s.counters()["transactions"]:
        answer = trunk.receive(0.1)
        assert answer is None or answer.code == 100, repr(answer)
