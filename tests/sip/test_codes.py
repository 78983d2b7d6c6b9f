"""Access codes in calls: found, used, taken out, and told to nobody."""

import re

import pytest

import support
from actor import Call
from sip_site import ALICE
from test_phones import AT as PHONES_AT, PHONE, called, register
from test_phones import before_phones  # noqa: F401, a fixture
from test_store import BOB, asserted, calls, is_connected

CLOSED = ('rules = ( { name = "preferred"; if = { party = "preferred"; }; '
          'then = "accept"; }, { name = "others"; then = "refuse"; } );')
ALL = 'rules = ( { name = "all"; then = "accept"; } );'
PARTIES = 'parties = { preferred = { code = true; }; };'
WRONG = "AAAA-BBBB-CCCC"
REFUSED = 603


@pytest.fixture
def closed(site):
    return site(CLOSED, write={
        "more": PARTIES, "phones": (ALICE, "sip:alice@example.com")})


def usher_code(site, *words):
    return support.run_usher("code", "-c", site.folder / "usher.conf", *words)


def new(site, *options):
    said = usher_code(site, "new", ALICE, "--party", "preferred", *options)
    assert said.code == 0, said.stderr
    return said.stdout.strip()


def listed(site):
    one, = usher_code(site, "list", ALICE, "--json").lines()
    return one


def assert_never_told(site, code):
    bare = code.replace("-", "").lower()
    for line in site.lines:
        assert bare not in line.replace("-", "").lower(), line


@pytest.mark.parametrize("place", ["user", "star", "plain", "escaped",
                                   "parameter", "user parameter", "subject"])
def test_a_code_admits_and_is_taken_out(closed, trunk, pbx, place):
    s = closed
    code = new(s)
    bare = code.replace("-", "")
    uri = {"user": s.uri(f"{ALICE}+{code}"), "star": s.uri(f"{ALICE}*{bare}"),
           "plain": s.uri(f"alice+{bare.lower()}"),
           "escaped": s.uri(f"alice%23{bare}"),
           "parameter": s.uri() + f";code={code}",
           "user parameter": s.uri(f"{ALICE};code={code}"),
           "subject": s.uri()}[place]
    subject = f"About [{code}] storage" if place == "subject" else "About"
    call = Call(trunk, s.address, uri, caller=f"sip:{BOB}@example.net",
                headers=asserted() + [f"Subject: {subject}"]).send()
    invite = pbx.expect("INVITE")
    assert bare.lower() not in str(invite.data).replace("-", "").lower()
    user = "alice" if place in ("plain", "escaped") else ALICE
    assert invite.uri == s.uri(user).replace(f":{s.port}", f":{s.pbx_port}")
    assert invite.get("Subject") == ("About storage" if place == "subject"
                                     else "About")
    pbx.reply(invite, 180, tag="x")
    # the caller's own To comes back
    assert f"<{uri}>" in call.expect(180).get("To")
    pbx.reply(invite, 486, tag="x")
    assert f"<{uri}>" in call.final(486).get("To")
    pbx.expect("ACK")
    assert listed(s)["used"] == 1
    assert_never_told(s, code)


def admits(call, pbx, code):
    """The request as the PBX got it, which says nothing of the code."""
    request = call.send() and pbx.expect(call.method)
    data = str(request.data).replace("%2D", "").replace("-", "").lower()
    assert code.replace("-", "").lower() not in data
    pbx.reply(request, 486, tag="x", contact=False)
    answer = call.final(486)
    if call.method == "INVITE":
        pbx.expect("ACK")
    return request, answer


def test_every_form_of_an_address_shows_it(closed, trunk, pbx):
    s = closed
    code = new(s, "--shared")
    escaped = code.replace("-", "%2D")
    plain = s.uri()

    def shows(uri, to=None, method="INVITE", headers=()):
        return Call(trunk, s.address, uri, to=to, method=method,
                    caller=f"sip:{BOB}@example.net",
                    body="" if method == "MESSAGE" else "v=0\r\n",
                    headers=asserted() + list(headers))

    for uri in (s.uri(f"{ALICE}%2B{escaped}"), f"{plain};code={escaped}",
                f"{plain};CODE={code.lower()};x=y",
                f"tel:{ALICE};code={code}"):
        request, answer = admits(shows(uri), pbx, code)
        assert answer.get("To").startswith(f"<{uri}>")
        left = uri.split(ALICE)[0] + ALICE
        assert request.uri.split("@")[0] == left and "ode" not in request.uri
        assert request.get("To").split("@")[0].strip("<>") == left
    for to in (s.uri(f"{ALICE}+{code}"), f"{plain};code={code}",
               s.uri(f"{ALICE}*{escaped}")):
        request, answer = admits(shows(plain, to), pbx, code)
        assert request.get("To") != f"<{to}>"
        assert answer.get("To").startswith(f"<{to}>")
    # a reference behind the name goes as well, whatever its letters are
    request, answer = admits(shows(s.uri(f"{ALICE}+abcu23defghj"),
                                   plain + f";code={code}"), pbx, code)
    assert request.uri.startswith(f"sip:{ALICE}@")
    assert request.get("To") == f"<{plain}>"
    called = f"P-Called-Party-ID: <{s.uri(f'{ALICE}+{code}')}>"
    request, _ = admits(shows(plain, headers=[called]), pbx, code)
    assert request.get("P-Called-Party-ID") == f"<{plain}>"
    # no empty line is left of a folded one, which would end the head
    for subject, left in ((f"Our offer\r\n [{code}]", "Our offer"),
                          (f"{code}\r\n offer", "offer"),
                          (f"{code} {code}", "")):
        request, _ = admits(shows(plain, headers=[f"Subject: {subject}"]),
                            pbx, code)
        assert request.get("Subject") == left
        assert request.body == b"v=0\r\n"
    # a parameter of the header, as without brackets
    call = shows(plain)
    call.data = call.data.replace(f"To: <{plain}>", f"To: {plain};code={code}")
    request, answer = admits(call, pbx, code)
    assert request.get("To").startswith(plain)
    assert f";code={code}" in answer.get("To")
    admits(shows(s.uri(f"{ALICE}+{code}"), method="MESSAGE"), pbx, code)
    assert_never_told(s, code)
    # in headers of a URI it would be no request
    shows(f"{plain}?code={code}").send().final(400)


def test_nothing_within_the_dialog_tells_it(closed, trunk, pbx):
    s = closed
    code = new(s, "--shared")
    for uri in (s.uri(f"{ALICE}*{code}"), s.uri(f"{ALICE};code={code}"),
                s.uri() + f";code={code}"):
        call = calls(trunk, s, uri=uri).send()
        invite = pbx.expect("INVITE")
        assert ";lr;c;" in invite.get("Record-Route")
        pbx.reply(invite, 200, "OK", tag="x")
        answer = call.expect(200)
        call.within("ACK", answer)
        ack = pbx.expect("ACK")
        call.within("BYE", answer)
        bye = pbx.expect("BYE")
        for request in (ack, bye):
            assert code not in str(request.data), uri
            assert request.get("To").startswith(f"<{s.uri()}>;tag=")
        pbx.reply(bye, 200, "OK")
        call.expect(200)
    # whose name it is not taken off has none to lose
    call = calls(trunk, s, uri=f"sip:bob+{WRONG}@{s.address[0]}").send()
    invite = pbx.expect("INVITE")
    assert ";c" not in invite.get("Record-Route")


def test_before_the_phones_it_is_found_where_the_pbx_says_it(
        before_phones, speakers, pbx):
    s = before_phones(CLOSED + PARTIES)
    said = usher_code(s, "new", "sip:1001@example.com", "--party",
                      "preferred", "--at", PHONES_AT)
    code = said.stdout.strip()
    phone = speakers(PHONE)
    seen = register(phone, s, pbx)
    called(pbx, s, seen).send().final(480)
    call = called(pbx, s, seen, caller=f"sip:{BOB}@example.net",
                  user=f"1001+{code}")
    request, answer = admits(call, phone, code)
    assert request.get("To") == "<sip:1001@example.com>"
    assert answer.get("To").startswith(f"<sip:1001+{code}@example.com>")
    assert_never_told(s, code)


def test_a_deferred_call_goes_elsewhere_without_it(site, trunk, pbx):
    s = site('rules = ( { name = "later"; if = { party = "preferred"; }; '
             'then = "accept"; during = "16:00-17:00"; } );',
             at=PHONES_AT, write={"more": PARTIES},
             sip='defer_to = "sip:voicemail-{user}@example.com";')
    code = usher_code(s, "new", ALICE, "--party", "preferred", "--at",
                      PHONES_AT).stdout.strip()
    uri = s.uri(f"{ALICE}+{code}") + f";code={code}"
    call = Call(trunk, s.address, uri, caller=f"sip:{BOB}@example.net",
                headers=asserted() + [
                    f"Subject: [{code}] storage",
                    f"History-Info: <{uri}>;index=1",
                    f"Diversion: <{uri}>;reason=unconditional"])
    request, _ = admits(call, pbx, code)
    assert request.uri == f"sip:voicemail-{ALICE}@example.com"
    assert request.values("Diversion") == [
        f"<{s.uri()}>;reason=time-of-day;counter=1",
        f"<{s.uri()}>;reason=unconditional"]
    assert request.get("Subject") == "storage"
    assert f"<{s.uri()}>;index=1" in request.values("History-Info")
    assert_never_told(s, code)


def test_a_wrong_code_is_answered_exactly_as_none(closed, trunk):
    s = closed
    new(s)

    def told(uri, *headers):
        answer = Call(trunk, s.address, uri, caller=f"sip:{BOB}@example.net",
                      headers=asserted() + list(headers)).send().final(REFUSED)
        return answer.start, [
            (name, re.sub(r"Reference \w+", "Reference R", value))
            for name, value in answer.headers
            if name in ("Warning", "Error-Info", "Retry-After", "Contact")]

    plain = told(s.uri())
    assert told(s.uri(f"{ALICE}+{WRONG}")) == plain
    assert told(s.uri() + f";code={WRONG}") == plain
    assert told(s.uri(), f"Subject: {WRONG}") == plain
    assert_never_told(s, WRONG)


def test_a_wrong_code_does_not_keep_a_call_from_its_phone(site, trunk, pbx):
    s = site(ALL, write={"more": PARTIES})
    call = calls(trunk, s, uri=s.uri(f"{ALICE}*123456789012")).send()
    invite = pbx.expect("INVITE")
    assert f"INVITE sip:{ALICE}@" in invite.start
    pbx.reply(invite, 486, tag="x")
    call.final(486)
    pbx.expect("ACK")
    assert_never_told(s, "123456789012")


def test_a_dialled_code_has_few_uses(closed, trunk, pbx):
    s = closed
    code = new(s, "--dialled", "--uses", "2", "--shared")
    assert len(code) == 12 and code.isdigit()
    uri = s.uri(f"{ALICE}*{code}")
    for number in (BOB, "+442071234599"):
        is_connected(calls(trunk, s, number, uri=uri), pbx)
    calls(trunk, s, "+442071234501", uri=uri).send().final(REFUSED)
    assert listed(s)["left"] == 0
    assert_never_told(s, code)


def test_a_challenged_call_is_one_use(closed, trunk, pbx):
    s = closed
    code = new(s, "--uses", "1")
    uri = s.uri() + f";code={code}"
    call = calls(trunk, s, uri=uri).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 407, tag="x")
    call.final(407)
    pbx.expect("ACK")
    again = Call(trunk, s.address, uri, cseq=2, call_id=call.call_id,
                 caller=f"sip:{BOB}@example.net", from_tag=call.from_tag,
                 headers=asserted() + ['Authorization: Digest username="b"'])
    again.send()
    invite = pbx.expect("INVITE")
    assert code not in str(invite.data)
    pbx.reply(invite, 486, tag="x")
    again.final(486)
    pbx.expect("ACK")
    calls(trunk, s, "+442071234599", uri=uri).send().final(REFUSED)


def test_it_belongs_to_the_first_proven_caller(closed, trunk, carrier, pbx):
    s = closed
    code = new(s)
    uri = s.uri() + f";code={code}"
    is_connected(calls(carrier, s, proven=False, uri=uri), pbx)
    is_connected(calls(trunk, s, uri=uri), pbx)
    assert listed(s)["owner"] == BOB
    calls(trunk, s, "+442071234599", uri=uri).send().final(REFUSED)
    # who only says to be them
    calls(carrier, s, proven=False, uri=uri).send().final(REFUSED)
    is_connected(calls(trunk, s, uri=uri), pbx)


def test_a_question_uses_nothing_up(closed, trunk, pbx):
    s = closed
    code = new(s, "--uses", "1")
    uri = s.uri() + f";code={code}"
    question = Call(trunk, s.address, uri, method="OPTIONS", body="",
                    caller=f"sip:{BOB}@example.net", headers=asserted())
    question.send()
    asked = pbx.expect("OPTIONS")
    assert code not in str(asked.data)
    pbx.reply(asked, 200, tag="x")
    question.expect(200)
    assert listed(s)["used"] == 0
    is_connected(calls(trunk, s, uri=uri), pbx)


def test_it_ends_when_it_is_revoked_or_used_up_elsewhere(closed, trunk, pbx):
    s = closed
    code = new(s)
    uri = s.uri() + f";code={code}"
    is_connected(calls(trunk, s, uri=uri), pbx)
    assert usher_code(s, "revoke", ALICE, code).code == 0
    calls(trunk, s, uri=uri).send().final(REFUSED)


def test_guesses_are_slowed_by_network(closed, trunk, pbx):
    s = closed
    code = new(s)
    for number in range(20):
        calls(trunk, s, f"+4420712345{number:02}",
              uri=s.uri() + f";code=AAAA-BBBB-{number:04}"
              ).send().final(REFUSED)
    calls(trunk, s, uri=s.uri() + f";code={code}").send().final(REFUSED)


def test_a_use_outlives_a_crash(closed, trunk, pbx):
    s = closed
    code = new(s, "--uses", "1", "--shared")
    uri = s.uri() + f";code={code}"
    call = calls(trunk, s, uri=uri).send()
    pbx.expect("INVITE")
    s.kill()
    s.run()
    calls(trunk, s, "+442071234599", uri=uri).send().final(REFUSED)
    assert call is not None and listed(s)["used"] == 1


def test_what_cannot_be_checked_turns_a_refusal_into_a_deferral(closed,
                                                                trunk):
    s = closed
    new(s)
    s.stop()
    memory = s.folder / "store" / "memory"
    memory.rename(s.folder / "elsewhere")
    memory.write_text("no folder")
    s.run()
    for uri in (s.uri(f"{ALICE}+{WRONG}"), s.uri() + f";code={WRONG}"):
        answer = calls(trunk, s, uri=uri).send().final(480)
        assert answer.get("Retry-After") is None
    calls(trunk, s, "+442071234599").send().final(REFUSED)
    assert_never_told(s, WRONG)
