"""Inside a dialog or not: only our own Record-Route proves it."""

import re

import pytest

from actor import Call, unique
from sip_site import HOST


def connect(site, trunk, pbx):
    call = Call(trunk, site.address, site.uri()).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 200, "OK", tag="pbx", body=call.body)
    answer = call.expect(200)
    call.within("ACK", answer)
    pbx.expect("ACK")
    return call, invite, answer


def test_record_route_is_ours_and_loose(site, trunk, pbx):
    s = site()
    _, invite, answer = connect(s, trunk, pbx)
    route = invite.values("Record-Route")
    assert len(route) == 1
    assert re.fullmatch(rf"<sip:{HOST}:{s.port};lr;u=[0-9a-f]{{16}}>",
                        route[0])
    assert answer.values("Record-Route") == route


def test_record_route_can_be_left_out(site, trunk, pbx):
    s = site(sip="record_route = false;")
    Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    assert invite.get("Record-Route") is None
    pbx.reply(invite, 486, tag="x")
    pbx.expect("ACK")


def test_reinvite_is_never_screened(site, trunk, pbx):
    s = site()
    call, _, answer = connect(s, trunk, pbx)
    s.write('rules = ( { name = "no"; then = "refuse"; } );')
    s.publish()
    call.within("INVITE", answer, body=call.body)
    again = pbx.expect("INVITE")
    assert again.get("Record-Route") is None and again.get("Route") is None
    pbx.reply(again, 200, "OK")
    call.expect(200)
    assert len(s.wait_decisions(1)) == 1
    Call(trunk, s.address, s.uri()).send().final(603)


def test_forged_record_route_proves_nothing(site, trunk, pbx):
    s = site()
    call, invite, answer = connect(s, trunk, pbx)
    real = invite.values("Record-Route")[0]
    forged = re.sub("u=(.)", lambda m: "u=" + "10"[m[1] == "1"], real)
    for route in (forged, f"<sip:{HOST}:{s.port};lr>"):
        call.actor.send(call.build(
            "INVITE", branch="z9hG4bK" + unique(), route=[route], cseq=2,
            to_tag=answer.to_tag, uri=f"sip:pbx@{HOST}:{pbx.port}"),
            s.address)
        call.expect(481)
    pbx.silence()


def test_a_macs_of_another_call_proves_nothing(site, trunk, pbx):
    s = site()
    _, invite, _ = connect(s, trunk, pbx)
    Call(trunk, s.address, f"sip:pbx@{HOST}:{pbx.port}", to_tag="pbx",
         route=invite.values("Record-Route")).send().expect(481)
    pbx.silence()


def test_invented_to_tag_is_481(site, trunk, stranger, pbx):
    s = site()
    Call(trunk, s.address, s.uri(), to_tag="invented").send().expect(481)
    Call(stranger, s.address, s.uri(), to_tag="invented").send().expect(481)
    Call(stranger, s.address, s.uri(), to_tag="invented", method="BYE",
         body="").send().expect(481)
    Call(trunk, s.address, s.uri(), to_tag="invented", method="ACK",
         body="").send()
    trunk.silence()
    pbx.silence()


def test_bye_without_route_passes_from_a_trunk(site, trunk, pbx):
    s = site()
    call = Call(trunk, s.address, s.uri(), to_tag="known", method="BYE",
                body="").send()
    pbx.reply(pbx.expect("BYE"), 200, "OK")
    call.expect(200)


def test_foreign_route_is_403(site, trunk, stranger, pbx):
    s = site()
    victim = "<sip:192.0.2.99;lr>"
    for actor in (trunk, stranger):
        Call(actor, s.address, s.uri(), route=[victim]).send().expect(403)
        Call(actor, s.address, s.uri(), method="BYE", body="",
             to_tag="x", route=[victim]).send().expect(
                 403 if actor is trunk else 481)
    pbx.silence()


def test_preloaded_route_to_us_is_taken_off(site, trunk, pbx):
    s = site()
    Call(trunk, s.address, s.uri(),
         route=[f"<sip:{HOST}:{s.port};lr>"]).send()
    invite = pbx.expect("INVITE")
    assert invite.get("Route") is None
    pbx.reply(invite, 486, tag="x")
    pbx.expect("ACK")


def test_strict_router_before_us_is_understood(site, trunk, pbx):
    s = site()
    call, invite, answer = connect(s, trunk, pbx)
    ours = invite.values("Record-Route")[0].strip("<>")
    target = f"sip:pbx@{HOST}:{pbx.port}"
    call.actor.send(call.build(
        "BYE", branch="z9hG4bK" + unique(), uri=ours, body="",
        route=[f"<{target}>"], cseq=2, to_tag=answer.to_tag), s.address)
    bye = pbx.expect("BYE")
    assert bye.uri == target and bye.get("Route") is None
    pbx.reply(bye, 200, "OK")
    call.expect(200)


def test_strict_router_behind_us_gets_the_request_uri(site, trunk, pbx,
                                                      speakers):
    s = site()
    call, invite, answer = connect(s, trunk, pbx)
    strict = speakers("127.0.0.5")
    target = f"sip:pbx@{HOST}:{pbx.port}"
    call.actor.send(call.build(
        "BYE", branch="z9hG4bK" + unique(), uri=target, body="", cseq=2,
        route=[*invite.values("Record-Route"),
               f"<sip:{strict.host}:{strict.port}>"],
        to_tag=answer.to_tag), s.address)
    bye = strict.expect("BYE")
    assert bye.uri == f"sip:{strict.host}:{strict.port}"
    assert bye.values("Route") == [f"<{target}>"]
    strict.reply(bye, 200, "OK")
    call.expect(200)


def test_established_call_outlives_kill_and_restart(site, trunk, pbx):
    s = site()
    call, _, answer = connect(s, trunk, pbx)
    s.kill()
    s.run()
    call.within("BYE", answer)
    pbx.reply(pbx.expect("BYE"), 200, "OK")
    call.expect(200)


@pytest.mark.parametrize("method", ["INFO", "UPDATE", "NOTIFY", "REFER"])
def test_other_methods_follow_the_route_set(site, trunk, pbx, method):
    s = site()
    call, _, answer = connect(s, trunk, pbx)
    call.within(method, answer)
    pbx.reply(pbx.expect(method), 202, "Accepted")
    call.expect(202)
