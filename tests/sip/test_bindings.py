"""Who is registered through us, for how long, and by which flow.

One proxy before the phones for all; every test has users of its own.
"""

import re
import time

import pytest

import support
from actor import Actor, Call
from nat_lab import Nat
from sip_site import HOST, TRUNK, Site
from stream_actor import certificates, client_context, connect
from test_phones import called, register

AT = "2026-11-24T15:00:00-05:00"
OPEN = 'rules = ( ); otherwise = "accept";'
LATER = ('rules = ( { name = "later"; then = "accept"; '
         'during = "16:00-17:00"; } );')
SCREENED = [f"14{n}" for n in range(10)]


@pytest.fixture(scope="module")
def module_pbx():
    actor = Actor(HOST)
    yield actor
    actor.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return certificates(tmp_path_factory.mktemp("certificates"), "proxy")


@pytest.fixture(scope="module")
def s(tmp_path_factory, module_pbx, made):
    """The proxy, on all transports; silent streams end after 1.5 s."""
    one = Site(tmp_path_factory.mktemp("site") / "site", module_pbx.port,
               at=AT, timers="t1 = 100; t2 = 400; idle = 1500;",
               sip='place = "phones"; extensions = [ "7*" ]; '
               'domains = [ "pbx.example.net" ]; '
               f'tls = {{ certificate = "{made["proxy"][0]}"; '
               f'key = "{made["proxy"][1]}"; }};')
    one.tcp = (HOST, support.free_port(HOST, ("tcp",)))
    one.tls = (HOST, support.free_port(HOST, ("tcp",)))
    path = one.folder / "usher.conf"
    path.write_text(path.read_text().replace(
        "listen = [ ", f'listen = [ "tcp:{HOST}:{one.tcp[1]}", '
        f'"tls:{HOST}:{one.tls[1]}", '))
    one.write(LATER, phones=[f"sip:{u}@example.com" for u in SCREENED])
    one.write(OPEN, "bob", [f"sip:13{n:02}@example.com" for n in range(60)])
    one.start()
    yield one
    one.stop()


@pytest.fixture
def pbx(module_pbx):
    while module_pbx.receive(0.05):
        pass
    return module_pbx


@pytest.fixture
def speaker():
    """speaker(last byte of its address): closed at the end."""
    made = []

    def make(last):
        made.append(Actor(f"127.0.0.{last}"))
        return made[-1]
    yield make
    for one in made:
        one.close()


def plain_register(phone, site, user, contacts, headers=(), cseq=1,
                   proxy=None):
    call = Call(phone, proxy or site.address, "sip:example.com",
                method="REGISTER", caller=f"sip:{user}@example.com",
                to=f"sip:{user}@example.com", body="", headers=headers,
                cseq=cseq)
    call.data = re.sub(r"Contact: [^\r]*", f"Contact: {contacts}", call.data)
    return call.send()


def rings(pbx, s, seen, phone, user, **more):
    """Whether a call of the PBX for this registration reaches the phone."""
    call = called(pbx, s, seen, user=user, **more).send()
    invite = phone.expect("INVITE")
    phone.reply(invite, 486, "Busy", tag="p")
    call.final(486)
    assert phone.expect("ACK")
    return invite


def gone(pbx, s, seen, user):
    called(pbx, s, seen, user=user).send().final(430)


@pytest.mark.parametrize("more,vias,ob", [
    ("", 1, False), (";reg-id=1;+sip.instance=\"<urn:uuid:0>\"", 1, True),
    (";reg-id=1", 2, False)])
def test_path_is_added_always_and_ob_for_who_hears_the_phone(
        s, pbx, speaker, more, vias, ob):
    phone = speaker(20)
    call = Call(phone, s.address, "sip:example.com", method="REGISTER",
                caller="sip:1300@example.com", to="sip:1300@example.com",
                body="", headers=["Path: <sip:edge.example.net;lr>"])
    call.data = re.sub(
        r"(Contact: <[^>]*>)", lambda m: m.group(1) + more, call.data)
    if vias == 2:
        call.data = call.data.replace(
            "Max-Forwards", "Via: SIP/2.0/UDP 10.1.1.1;branch=z9hG4bKx\r\n"
            "Max-Forwards", 1)
    call.send()
    seen = pbx.expect("REGISTER")
    path = seen.values("Path")
    assert len(path) == 2 and path[1] == "<sip:edge.example.net;lr>"
    assert (";ob" in path[0]) == ob and ";lr" in path[0]
    assert "path" not in (seen.get("Supported") or "")
    pbx.reply(seen, 403, tag="r", contact=False)
    phone.expect(403)


@pytest.mark.parametrize("listed", [
    [], ["<sip:1301@10.0.0.99>;expires=60"],
    ["<sip:1301@10.0.0.1>;expires=0"]])
def test_only_what_the_registrar_lists_is_bound(s, pbx, speaker, listed):
    phone = speaker(21)
    before = s.counters()["bindings"]
    plain_register(phone, s, "1301", "<sip:1301@10.0.0.1>")
    seen = pbx.expect("REGISTER")
    pbx.reply(seen, 200, "OK", tag="r", contact=False,
              headers=[f"Contact: {c}" for c in listed])
    phone.expect(200)
    assert s.counters()["bindings"] == before


def test_a_binding_lasts_as_long_as_the_registrar_says(s, pbx, speaker):
    short, long = speaker(22), speaker(23)
    seen = register(short, s, pbx, user="1302", expires=1)
    seen_long = register(long, s, pbx, user="1303", expires=1, granted=3600)
    rings(pbx, s, seen, short, "1302")
    begun, before = time.monotonic(), s.counters()["bindings"]
    support.wait_for(lambda: s.counters()["bindings"] < before, 30,
                     "the end of a registration")
    while time.monotonic() < begun + 6:
        time.sleep(0.1)     # the token counts whole seconds
    gone(pbx, s, seen, "1302")
    # what the phone asked for is over, what it was given is not
    rings(pbx, s, seen_long, long, "1303")


def test_a_phone_that_moved_is_called_where_it_is(s, pbx, speaker):
    contact = "<sip:1305@192.168.1.5:5060>"
    old, new = speaker(24), speaker(25)
    before = s.counters()["bindings"]
    register(old, s, pbx, user="1305", contact=contact)
    seen = register(new, s, pbx, user="1305", contact=contact)
    assert s.counters()["bindings"] == before + 1
    rings(pbx, s, seen, new, "1305")
    # and by its Contact alone too
    call = Call(pbx, s.address, "sip:1305@192.168.1.5:5060",
                to="sip:1305@example.com").send()
    new.reply(new.expect("INVITE"), 486, "Busy", tag="p")
    call.final(486)
    old.silence(0.1)


def test_each_of_an_aors_contacts_is_called_by_its_own_flow(s, pbx, speaker):
    desk, cell = speaker(26), speaker(27)
    before = s.counters()["bindings"]
    seen_desk = register(desk, s, pbx, user="1306")
    seen_cell = register(cell, s, pbx, user="1306")
    assert s.counters()["bindings"] == before + 2
    rings(pbx, s, seen_desk, desk, "1306")
    rings(pbx, s, seen_cell, cell, "1306")
    register(desk, s, pbx, user="1306", expires=0)
    assert s.counters()["bindings"] == before + 1
    rings(pbx, s, seen_cell, cell, "1306")
    # a star of the one that is left
    plain_register(cell, s, "1306", "*", headers=["Expires: 0"])
    pbx.reply(pbx.expect("REGISTER"), 200, "OK", tag="r", contact=False)
    cell.expect(200)
    assert s.counters()["bindings"] == before


def test_two_contacts_in_one_register(s, pbx, speaker):
    phone = speaker(28)
    contacts = ("<sip:1307@10.2.0.1:5060>;expires=60", "<sip:1307@10.2.0.2"
                ";x=1>;expires=60")
    before = s.counters()["bindings"]
    plain_register(phone, s, "1307", ", ".join(contacts))
    seen = pbx.expect("REGISTER")
    pbx.reply(seen, 200, "OK", tag="r", contact=False,
              headers=[f"Contact: {c}" for c in contacts])
    phone.expect(200)
    assert s.counters()["bindings"] == before + 2
    for uri in ("sip:1307@10.2.0.1", "sip:1307@10.2.0.2;x=1"):
        rings(pbx, s, seen, phone, "1307", contact=uri)


def test_a_registrar_without_path_is_named_once_for_each_aor(s, pbx, speaker):
    phone = speaker(29)

    def lines():
        return sum("sip:1308@example.com has no Path" in line
                   for line in s.lines)
    for expires in (60, 60, 0, 60):
        register(phone, s, pbx, user="1308", path=False, expires=expires)
    s.counters()    # what was logged before it has been read now
    assert lines() == 1


def test_a_pbx_that_sends_by_us_is_screened_by_the_contacts_aor(
        s, pbx, speaker):
    phone = speaker(30)
    user = SCREENED[0]
    contact = f"<sip:{user}@192.168.7.7:5070>"
    register(phone, s, pbx, user=user, contact=contact, path=False)
    # outbound_proxy: our URI in Route, without a token
    call = Call(pbx, s.address, contact.strip("<>"), to="sip:x@y.example",
                route=[f"<sip:{HOST}:{s.port};lr>"]).send()
    assert call.final(480).retry_after == 3600
    inside = Call(pbx, s.address, contact.strip("<>"), to="sip:x@y.example",
                  caller="sip:7001@pbx.example.net",
                  route=[f"<sip:{HOST}:{s.port};lr>"]).send()
    invite = phone.expect("INVITE")
    assert invite.get("Route") is None
    assert invite.uri == contact.strip("<>")
    phone.reply(invite, 486, "Busy", tag="p")
    inside.final(486)


def test_a_text_is_screened_and_what_is_no_call_is_not(s, pbx, speaker):
    phone = speaker(31)
    user = SCREENED[1]
    seen = register(phone, s, pbx, user=user)
    uri = re.search("<(.*?)>", seen.get("Contact")).group(1)

    def of_pbx(method, **more):
        return Call(pbx, s.address, uri, to=f"sip:{user}@example.com",
                    method=method, route=seen.values("Path"), **more).send()
    of_pbx("MESSAGE", body="hello", body_type="text/plain").final(480)
    for method in ("OPTIONS", "NOTIFY", "SUBSCRIBE", "INFO"):
        call = of_pbx(method, body="", headers=["Event: message-summary"])
        phone.reply(phone.expect(method), 200, "OK", tag="p")
        call.expect(200)


def test_a_token_of_a_trunk_or_phone_is_not_followed(s, pbx, speaker):
    phone, other, trunk = speaker(32), speaker(33), Actor(TRUNK)
    seen = register(phone, s, pbx, user="1309")
    register(other, s, pbx, user="1310")
    for who in (other, trunk):
        call = Call(who, s.address, "sip:1309@10.1.1.1",
                    to="sip:1309@example.com", route=seen.values("Path"),
                    caller="sip:1310@example.com").send()
        invite = pbx.expect("INVITE")
        assert "Route" not in dict(invite.headers)
        pbx.reply(invite, 404, tag="x")
        call.final(404)
        pbx.expect("ACK")
    phone.silence(0.1)
    trunk.close()


@pytest.mark.parametrize("headers", [
    ["Join: a@b;to-tag=1;from-tag=2"],
    ["P-Asserted-Identity: <tel:+442079999999>, <sip:7002@example.com>"],
    ["P-Asserted-Identity: <tel:+442079999999>",
     "P-Asserted-Identity: <sip:7002@example.com>"]])
def test_inside_calls_pass(s, pbx, speaker, headers):
    phone = speaker(34)
    seen = register(phone, s, pbx, user=SCREENED[2])
    rings(pbx, s, seen, phone, SCREENED[2], headers=headers)


@pytest.mark.parametrize("header", ["From", "Referred-By"])
def test_a_phones_own_call_makes_its_calls_inside_ones_while_it_is_open(
        s, pbx, speaker, header):
    phone, other = speaker(35), speaker(36)
    user = SCREENED[3]
    seen = register(phone, s, pbx, user=user)
    register(other, s, pbx, user="1311")
    # the PBX knows it at another host of ours
    name = "sip:1311@pbx.example.net"
    more = {"caller": name} if header == "From" else {
        "headers": [f"Referred-By: <{name}>"],
        "caller": "sip:+442070000001@example.net"}
    called(pbx, s, seen, user=user, **more).send().final(480)
    own = Call(other, s.address, f"sip:{user}@example.com",
               caller="sip:1311@example.com").send()
    leg = pbx.expect("INVITE")
    rings(pbx, s, seen, phone, user, **more)
    pbx.reply(leg, 486, "Busy", tag="x")
    own.final(486)
    pbx.expect("ACK")
    called(pbx, s, seen, user=user, **more).send().final(480)


def test_a_flow_lost_to_icmp_lives_again_when_its_phone_speaks(
        s, pbx, speaker):
    phone = speaker(37)
    seen = register(phone, s, pbx, user="1312")
    port = phone.port
    phone.close()
    called(pbx, s, seen, user="1312").send().final(503, 15)
    gone(pbx, s, seen, "1312")
    back = Actor("127.0.0.37", port)
    back.send(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12), s.address)
    back.socket.settimeout(5)
    assert back.socket.recv(100)[:2] == b"\x01\x01"
    rings(pbx, s, seen, back, "1312")
    back.close()


def test_a_phones_silent_stream_stays_while_it_is_bound(s, pbx):
    phone = connect(s.tcp, "127.0.0.39")
    seen = register(phone, s, pbx, user="1313")
    silent = connect(s.tcp, "127.0.0.38")
    silent.send("\r\n")     # one look finds it active, the next does not
    assert silent.closes(30)
    rings(pbx, s, seen, phone, "1313")
    phone.data = b""
    phone.send("\r\n\r\n")
    support.wait_for(lambda: phone.read(0.2) and phone.data == b"\r\n", 10,
                     "the pong")
    phone.data = b""
    silent.close()
    phone.close()


def test_a_phone_on_tcp_that_comes_back_is_called_by_its_new_stream(s, pbx):
    contact = "<sip:1314@192.168.3.3:5060;transport=tcp>"
    first = connect(s.tcp, "127.0.0.40")
    seen = register(first, s, pbx, user="1314", contact=contact)
    rings(pbx, s, seen, first, "1314")
    call = called(pbx, s, seen, user="1314").send()
    invite = first.expect("INVITE")
    first.reply(invite, 200, "OK", tag="p")
    answer = call.expect(200)
    call.within("ACK", answer)
    assert first.expect("ACK")
    first.close()
    support.wait_for(lambda: s.counters()["streams"] == 0, 20, "the end")
    # nothing in its old dialog, nothing by its old Path, but by the new one
    call.within("BYE", answer)
    call.expect(430)
    gone(pbx, s, seen, "1314")
    second = connect(s.tcp, "127.0.0.40")
    again = register(second, s, pbx, user="1314", contact=contact)
    rings(pbx, s, again, second, "1314")
    gone(pbx, s, seen, "1314")
    second.close()


def test_both_phones_of_a_fork_are_heard(s, pbx, speaker):
    """The PBX forks one call to two phones through us, and both answer."""
    phones = speaker(41), speaker(42)
    seen = [register(p, s, pbx, user="1315") for p in phones]
    calls = [called(pbx, s, one, user="1315") for one in seen]
    calls[1].call_id, calls[1].from_tag = calls[0].call_id, calls[0].from_tag
    calls[1].data = calls[1].build("INVITE")
    legs = []
    for call, phone in zip(calls, phones):
        call.send()
        legs.append(phone.expect("INVITE"))     # merged, and never 482
    answers = {}
    for n, (phone, leg) in enumerate(zip(phones, legs)):
        phone.reply(leg, 200, "OK", tag=f"phone{n}")
        answers[n] = pbx.expect(200)
        assert answers[n].to_tag == f"phone{n}"
    for n, (call, phone) in enumerate(zip(calls, phones)):
        call.within("ACK", answers[n])
        assert f"phone{n}" in phone.expect("ACK").get("To")
        call.within("BYE", answers[n])
        phone.reply(phone.expect("BYE"), 200, "OK")
        call.expect(200)
    s.wait_line(calls[0].call_id)
    assert len([d for d in s.decisions()
                if d["call-id"] == calls[0].call_id]) == 1


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_phone_behind_a_nat_is_called_through_it(
        s, made, pbx, speaker, transport):
    """Its Contact and Via lead nowhere: only its own flow does."""
    proxy = {"udp": s.address, "tcp": s.tcp, "tls": s.tls}[transport]
    inner = "127.0.0.43", support.free_port("127.0.0.43")
    nat = Nat(inner, "127.0.0.44", proxy)
    if transport == "udp":
        phone = speaker(45)
        phone.host, phone.port = "192.168.9.9", 5060
        here = inner
    else:
        phone = connect(inner, "127.0.0.45", client_context(made)
                        if transport == "tls" else None, "proxy.example.com")
        phone.host, phone.port = "192.168.9.9", 5060
        here = None
    contact = f"<sip:1316@192.168.9.9:5060;transport={transport}>"
    call = Call(phone, here, "sip:example.com", method="REGISTER", body="",
                caller="sip:1316@example.com", to="sip:1316@example.com",
                headers=["Expires: 60"])
    call.data = re.sub(r"Contact: [^\r]*", f"Contact: {contact}", call.data)
    call.data = re.sub(r"(Via: [^\r]*)", r"\1;rport", call.data, count=1)
    call.send()
    seen = pbx.expect("REGISTER")
    assert ";received=127.0.0.44;" in seen.all("Via")[1] + ";"
    pbx.reply(seen, 200, tag="r", contact=False, headers=[
        f"Contact: {contact}", f"Path: {seen.get('Path')}"])
    phone.expect(200)
    call = called(pbx, s, seen, user="1316").send()
    invite = phone.expect("INVITE")
    phone.reply(invite, 180, tag="p")
    call.expect(180)
    phone.reply(invite, 200, tag="p")
    answer = call.expect(200)
    call.within("ACK", answer)
    assert phone.expect("ACK")
    call.within("BYE", answer)
    phone.reply(phone.expect("BYE"), 200)
    call.expect(200)
    if transport != "udp":
        phone.close()
    nat.close()
