"""Before the phones: Path, bindings, flows, inside calls (place "phones")."""

import re
import time

import pytest

import support
from actor import Call
from sip_site import HOST
from stream_actor import connect

NO = ('rules = ( { name = "later"; then = "accept"; during = "16:00-17:00"; }'
      ' );')
AT = "2026-11-24T15:00:00-05:00"
PHONE = "127.0.0.8"
OTHER_PHONE = "127.0.0.9"


@pytest.fixture
def before_phones(site):
    def make(rules=NO, sip="", **more):
        return site(rules, at=AT, sip='place = "phones"; ' + sip,
                    write={"phones": ("sip:1001@example.com",)}, **more)
    return make


def register(phone, site, pbx, user="1001", contact=None, expires=3600,
             code=200, path=True, granted=None):
    """A REGISTER through the proxy; answers what the registrar saw."""
    contact = contact or (f"<sip:{user}@{phone.host}:{phone.port}"
                          f"{phone.parameter}>")
    call = Call(phone, site.address, "sip:example.com", method="REGISTER",
                caller=f"sip:{user}@example.com",
                to=f"sip:{user}@example.com", body="",
                headers=[f"Expires: {expires}"])
    call.data = re.sub(r"Contact: [^\r]*", f"Contact: {contact}", call.data)
    call.send()
    seen = pbx.expect("REGISTER")
    headers = [f"Contact: {contact};expires={granted or expires}"]
    if path:
        headers += [f"Path: {p}" for p in seen.values("Path")]
    pbx.reply(seen, code, "Words", tag="reg", contact=False,
              headers=headers if expires and code == 200 else [])
    assert phone.expect(code)
    return seen


def called(pbx, site, seen, user="1001", caller="sip:+442071234567@example.net",
           contact=None, headers=()):
    """A call of the PBX to what was registered."""
    uri = contact or re.search("<(.*?)>", seen.get("Contact")).group(1)
    return Call(pbx, site.address, uri, to=f"sip:{user}@example.com",
                caller=caller, route=seen.values("Path"), headers=headers)


def test_a_phone_is_reached_by_its_own_flow(before_phones, speakers, pbx):
    s = before_phones('rules = ( ); otherwise = "accept";')
    phone = speakers(PHONE)
    # behind NAT: the Contact is where nobody listens
    seen = register(phone, s, pbx, contact="<sip:1001@10.1.2.3:5060>")
    path = seen.values("Path")
    assert len(path) == 1 and len(path[0]) < 200
    assert re.match(r"<sip:f[0-9a-f]+@127\.0\.0\.1:\d+;lr;a=", path[0])
    assert s.counters()["bindings"] == 1
    call = called(pbx, s, seen).send()
    invite = phone.expect("INVITE")
    assert invite.uri == "sip:1001@10.1.2.3:5060"
    assert invite.get("Route") is None
    phone.reply(invite, 200, "OK", tag="p")
    answer = call.expect(200)
    call.within("ACK", answer)
    assert phone.expect("ACK")
    call.within("BYE", answer)
    phone.reply(phone.expect("BYE"), 200, "OK")
    call.expect(200)
    # and the phone hangs up on the PBX by the same route set
    assert "@" in invite.values("Record-Route")[0]


def test_a_path_stays_short_whatever_the_names(before_phones, speakers, pbx):
    s = before_phones('rules = ( ); otherwise = "accept";')
    s.stop()
    host = "sip." + "long-" * 12 + "name.example.com"
    path = s.folder / "usher.conf"
    path.write_text(path.read_text().replace(
        f":{s.port}\"", f":{s.port}/{host}:{s.port}\"", 1))
    s.run()
    phone, user = speakers(PHONE), "very-long-user-" * 4
    seen = register(phone, s, pbx, user=user)
    assert len(seen.get("Path")) < 202      # of which two are brackets
    assert ";a=" not in seen.get("Path")
    called(pbx, s, seen, user=user).send()
    assert phone.expect("INVITE")


def test_the_phones_own_requests_go_to_a_hop(before_phones, speakers, pbx):
    s = before_phones()
    phone = speakers(PHONE)
    register(phone, s, pbx)
    call = Call(phone, s.address, "sip:2002@elsewhere.example",
                caller="sip:1001@example.com").send()
    invite = pbx.expect("INVITE")
    assert invite.uri == "sip:2002@elsewhere.example"
    pbx.reply(invite, 200, "OK", tag="pbx")
    answer = call.expect(200)
    call.within("ACK", answer)
    pbx.expect("ACK")
    back = Call(pbx, s.address, "sip:1001@10.9.9.9:5060", method="BYE",
                caller="sip:2002@elsewhere.example", to_tag=call.from_tag,
                to="sip:1001@example.com", call_id=call.call_id,
                from_tag="pbx", body="", route=invite.values("Record-Route"))
    back.send()
    bye = phone.expect("BYE")
    phone.reply(bye, 200, "OK")
    back.expect(200)
    s.counters()    # what was logged before it has been read now
    assert s.decisions() == []


def test_calls_for_phones_are_screened_and_inside_ones_are_not(
        before_phones, speakers, pbx):
    s = before_phones(sip='extensions = [ "7*" ];')
    phone, other = speakers(PHONE), speakers(OTHER_PHONE)
    seen = register(phone, s, pbx)
    register(other, s, pbx, user="1002")
    answer = called(pbx, s, seen).send().final(480)
    assert answer.retry_after == 3600
    # an extension that no outside caller may wear
    extension = called(pbx, s, seen, caller="sip:7001@example.com").send()
    phone.reply(phone.expect("INVITE"), 486, "Busy", tag="p")
    extension.final(486)
    phone.expect("ACK")
    # a phone whose own INVITE is under way
    inside = called(pbx, s, seen, caller="sip:1002@example.com")
    inside.send().final(480)
    own = Call(other, s.address, "sip:1001@example.com",
               caller="sip:1002@example.com").send()
    leg = pbx.expect("INVITE")
    again = called(pbx, s, seen, caller="sip:1002@example.com").send()
    phone.reply(phone.expect("INVITE"), 486, "Busy", tag="p")
    again.final(486)
    phone.expect("ACK")
    pbx.reply(leg, 486, "Busy", tag="x")
    own.final(486)
    # who takes over a call
    called(pbx, s, seen, headers=["Replaces: a@b;to-tag=1;from-tag=2"],
           caller="sip:+442079999999@example.net").send()
    phone.expect("INVITE")


def test_refuse_is_480_in_this_place(before_phones, speakers, pbx):
    s = before_phones('rules = ( { name = "no"; then = "refuse"; } );')
    phone = speakers(PHONE)
    seen = register(phone, s, pbx)
    called(pbx, s, seen).send().final(480)


def test_without_path_the_contact_leads_to_the_phone(before_phones, speakers,
                                                     pbx):
    s = before_phones('rules = ( ); otherwise = "accept";')
    phone = speakers(PHONE)
    seen = register(phone, s, pbx, contact="<sip:1001@10.1.2.3:5060>",
                    path=False)
    s.wait_line("has no Path")
    Call(pbx, s.address, "sip:1001@10.1.2.3:5060",
         to="sip:1001@example.com").send()
    assert phone.expect("INVITE")
    assert seen


def test_bindings_are_the_registrars_word(before_phones, speakers, pbx):
    s = before_phones()
    phone = speakers(PHONE)
    register(phone, s, pbx, code=403)
    assert s.counters()["bindings"] == 0
    register(phone, s, pbx)
    assert s.counters()["bindings"] == 1
    register(phone, s, pbx)
    assert s.counters()["bindings"] == 1
    register(phone, s, pbx, expires=0)
    assert s.counters()["bindings"] == 0
    # unregistered, it is a stranger whom the PBX authenticates
    Call(phone, s.address, "sip:1002@example.com",
         caller="sip:1001@example.com").send()
    assert pbx.expect("INVITE")


@pytest.mark.parametrize("token", ["cut", "turned", "foreign", "stale"])
def test_a_forged_token_leads_nowhere(before_phones, speakers, pbx, token):
    s = before_phones('rules = ( ); otherwise = "accept";')
    phone, victim = speakers(PHONE), speakers("127.0.0.10")
    seen = register(phone, s, pbx)
    path = seen.values("Path")[0]
    bad = {
        "cut": re.sub("@", "", path, count=1).replace("<sip:f", "<sip:f@", 1),
        "turned": re.sub(r"(<sip:f.{7})(.)", lambda m: m.group(1)
                         + ("1" if m.group(2) != "1" else "2"), path),
        "foreign": path.replace("a=sip:1001", "a=sip:1009"),
        "stale": re.sub("[0-9a-f]{16}@", "0" * 16 + "@", path),
    }[token]
    assert bad != path
    Call(pbx, s.address, f"sip:1001@{victim.host}:{victim.port}",
         to="sip:1001@example.com", route=[bad]).send().final(403)
    victim.silence(0.2)


def test_a_token_is_the_pbxs_alone(before_phones, speakers, pbx, stranger):
    s = before_phones('rules = ( ); otherwise = "accept";')
    phone = speakers(PHONE)
    seen = register(phone, s, pbx)
    Call(stranger, s.address, "sip:1001@10.1.2.3", route=seen.values("Path"),
         to="sip:1001@example.com").send()
    assert pbx.expect("INVITE")     # for the PBX to authenticate
    phone.silence(0.2)


def test_a_stream_that_is_gone_is_430(before_phones, pbx, site):
    s = before_phones('rules = ( ); otherwise = "accept";')
    s.stop()
    port = support.free_port(HOST, ("tcp",))
    path = s.folder / "usher.conf"
    path.write_text(path.read_text().replace(
        "listen = [ ", f'listen = [ "tcp:{HOST}:{port}", '))
    s.run()
    phone = connect((HOST, port), PHONE)
    seen = register(phone, s, pbx)
    call = called(pbx, s, seen).send()
    invite = phone.expect("INVITE")
    assert [";transport=tcp" in r for r in invite.values("Record-Route")] \
        == [True, False]
    phone.reply(invite, 486, "Busy", tag="p")
    call.final(486)
    phone.close()
    support.wait_for(lambda: called(pbx, s, seen).send() and
                     (pbx.receive(2, probes=False) or 0) and
                     pbx_code(pbx) == 430, 20, "430")


def pbx_code(pbx):
    message = pbx.receive(2)
    return message.code if message else None


def test_a_stun_keepalive_is_answered(before_phones, speakers):
    s = before_phones()
    phone = speakers(PHONE)
    ident = bytes(range(12))
    ask = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + ident
    for bad in (ask[:12], ask[:3] + b"\x04" + ask[4:], b"\x00\x01" + ask[4:],
                ask[:3] + b"\x04" + ask[4:] + b"\x00\x06\x00\x00"):
        phone.send(bad, s.address)
    phone.send(ask, s.address)
    phone.socket.settimeout(20)
    answer = phone.socket.recv(100)
    assert answer[:8] == b"\x01\x01\x00\x0c\x21\x12\xa4\x42"
    assert answer[8:20] == ident and answer[20:24] == b"\x00\x20\x00\x08"
    assert int.from_bytes(answer[26:28], "big") ^ 0x2112 == phone.port
    assert bytes(a ^ b for a, b in zip(answer[28:], b"\x21\x12\xa4\x42")
                 ) == bytes((127, 0, 0, 8))
    phone.silence(0.2)


def test_an_icmp_error_ends_a_flow(before_phones, speakers, pbx):
    s = before_phones('rules = ( ); otherwise = "accept";',
                      timers="t1 = 100; t2 = 400;")
    phone = speakers(PHONE)
    seen = register(phone, s, pbx)
    phone.close()
    first = called(pbx, s, seen).send()
    first.final(503)
    called(pbx, s, seen,
           caller="sip:+442071234500@example.net").send().final(430)


def test_who_a_phone_calls_becomes_known(before_phones, speakers, pbx):
    s = before_phones('rules = ( { name = "known"; if = { known = true; }; '
                      'then = "accept"; }, { name = "no"; then = "refuse"; } )'
                      ';')
    phone = speakers(PHONE)
    seen = register(phone, s, pbx)
    called(pbx, s, seen).send().final(480)
    call = Call(phone, s.address, "sip:+442071234567@example.net",
                caller="sip:1001@example.com").send()
    pbx.reply(pbx.expect("INVITE"), 486, "Busy", tag="x")
    call.final(486)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        called(pbx, s, seen, headers=[
            "P-Asserted-Identity: <sip:+442071234567@example.net>"]).send()
        if phone.receive(0.5):
            return
        while pbx.receive(0.2):
            pass
    raise AssertionError("never known")
