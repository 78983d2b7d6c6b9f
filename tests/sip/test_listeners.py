"""Several listeners, any address, IPv6: our names in Via and Record-Route."""

import re

import support
from actor import Call

YES = 'rules = ( ); otherwise = "accept";'


def converse(call, proxy, pbx):
    """A call from INVITE to BYE; answers the INVITE the PBX saw."""
    call.send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 200, "OK", tag="pbx")
    answer = call.expect(200)
    assert answer.source[:2] == proxy
    call.within("ACK", answer)
    assert pbx.expect("ACK").get("Route") is None
    call.within("BYE", answer)
    pbx.reply(pbx.expect("BYE"), 200, "OK")
    call.expect(200)
    back = Call(pbx, invite.source[:2],
                f"sip:caller@{call.actor.host}:{call.actor.port}",
                method="INFO", caller=call.uri, to_tag=call.from_tag,
                to=re.search("<(.*)>", call.caller).group(1),
                call_id=call.call_id, from_tag="pbx", body="",
                route=invite.values("Record-Route"))
    back.send()
    info = call.actor.expect("INFO")
    assert info.source[:2] == proxy
    assert info.get("Route") is None
    call.actor.reply(info, 200, "OK")
    back.expect(200)
    return invite


def test_two_listeners_leave_two_record_routes(site, trunk, pbx):
    outside = support.free_port("127.0.0.7", ("udp",))
    s = site(YES)
    inside = s.port
    s.stop()
    text = (s.folder / "usher.conf").read_text()
    (s.folder / "usher.conf").write_text(text.replace(
        f'listen = [ "udp:127.0.0.1:{inside}" ]',
        f'listen = [ "udp:127.0.0.1:{inside}", "udp:127.0.0.7:{outside}" ]'))
    s.run()
    proxy = ("127.0.0.7", outside)
    call = Call(trunk, proxy, f"sip:+14155550100@127.0.0.7:{outside}")
    invite = converse(call, proxy, pbx)
    routes = invite.values("Record-Route")
    assert [re.sub(";u=[0-9a-f]*", "", r) for r in routes] == [
        f"<sip:127.0.0.1:{inside};lr>", f"<sip:127.0.0.7:{outside};lr>"]
    assert invite.all("Via")[0].startswith(f"SIP/2.0/UDP 127.0.0.1:{inside};")


def test_any_address_is_called_by_the_one_that_is_used(site, trunk, pbx):
    s = site(YES)
    s.stop()
    text = (s.folder / "usher.conf").read_text()
    (s.folder / "usher.conf").write_text(text.replace(
        f"udp:127.0.0.1:{s.port}", f"udp:0.0.0.0:{s.port}"))
    s.run()
    call = Call(trunk, s.address, s.uri())
    invite = converse(call, s.address, pbx)
    assert invite.uri == f"sip:+14155550100@127.0.0.1:{pbx.port}"
    assert "0.0.0.0" not in invite.data.decode()


def test_public_names_stand_in_via_and_record_route(site, trunk, pbx):
    s = site(YES)
    s.stop()
    text = (s.folder / "usher.conf").read_text()
    (s.folder / "usher.conf").write_text(text.replace(
        f"udp:127.0.0.1:{s.port}",
        f"udp:127.0.0.1:{s.port}/sip.example.com:5099"))
    s.run()
    call = Call(trunk, s.address, "sip:+14155550100@sip.example.com:5099")
    invite = converse(call, s.address, pbx)
    assert "sip.example.com:5099" in invite.all("Via")[0]
    assert "sip.example.com:5099" in invite.get("Record-Route")
    assert invite.uri == f"sip:+14155550100@127.0.0.1:{pbx.port}"


def test_ipv6(site, speakers):
    pbx, caller = speakers("::1"), speakers("::1")
    s = site(YES)
    s.stop()
    text = (s.folder / "usher.conf").read_text()
    text = text.replace(f"udp:127.0.0.1:{s.port}", f"udp:[::1]:{s.port}")
    text = re.sub(r'next_hops = .*', f'next_hops = [ "sip:[::1]:{pbx.port}" ];',
                  text)
    text = text.replace('"127.0.0.2"', f'"[::1]:{caller.port}"')
    (s.folder / "usher.conf").write_text(text)
    s.run()
    call = Call(caller, ("::1", s.port), f"sip:+14155550100@[::1]:{s.port}")
    invite = converse(call, ("::1", s.port), pbx)
    assert invite.uri == f"sip:+14155550100@[::1]:{pbx.port}"
    assert s.wait_decisions(1)[0]["peer"] == "trunk"
