"""Access codes in calls: found, used, taken out, and told to nobody."""

import re

import pytest

import support
from actor import Call
from sip_site import ALICE
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
    assert f"INVITE sip:{user}@" in invite.start
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
