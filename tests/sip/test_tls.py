"""TLS under load, its handshakes, who proves what, and IPv6 streams."""

import asyncio
import collections
import re
import shutil
import signal
import ssl

import pytest

import support
from actor import Call
from sip_site import ALICE, HOST, STRANGER, TRUNK
from stream_actor import (Server, certificates, client_context, connect,
                          server_context)
from test_streams import converse, made, over, streams, tls_keys  # noqa: F401
from tls_load import Pbx, caller

YES = 'rules = ( ); otherwise = "accept";'
NO = 'rules = ( { name = "no"; then = "refuse"; } );'
NAME = "proxy.example.com"
# Under the sanitizers everything is slower, and the machine is shared.
STREAMS, CALLS = (10, 20) if support.SANITIZED else (20, 30)


@pytest.mark.timeout(180)
def test_hundreds_of_calls_over_tls(over, made):  # noqa: F811
    port = support.free_port(HOST, ("tcp",))
    s = over(tls=tls_keys(made), hop=f"sip:{HOST}:{port};transport=tls")
    s.write(NO, "bob", ("+14155550101",))
    s.publish()
    pbx, results = Pbx(server_context(made, "pbx")), collections.Counter()
    uris = [s.uri(ALICE), s.uri(ALICE), s.uri("+14155550101")] * (CALLS // 3)

    async def load():
        await pbx.start(HOST, port)
        await asyncio.gather(*(
            caller(n, s.tls, client_context(made), uris, results, NAME)
            for n in range(STREAMS)))
    asyncio.run(asyncio.wait_for(load(), 150))
    third = STREAMS * (CALLS // 3)
    counters = s.counters()
    # Where the store kept a call waiting for too long it passed.
    passed = results[200, "BYE"] - 2 * third
    assert 0 <= passed <= counters["faults"]
    assert results[603, "INVITE"] == third - passed
    assert sum(results.values()) == 3 * third
    assert pbx.calls == pbx.ended == results[200, "BYE"]
    assert pbx.streams == 1
    assert counters["dropped"] == counters["send_errors"] == 0


def test_a_handshake_that_stops_is_ended_and_holds_up_nobody(
        over, streams, made):  # noqa: F811
    s = over(NO, tls=tls_keys(made),
             timers="handshake = 1000; idle = 600000;")
    silent, half = (streams(connect(s.tls, TRUNK)) for _ in range(2))
    hello = ssl.MemoryBIO()
    client = client_context(made).wrap_bio(ssl.MemoryBIO(), hello,
                                           server_hostname=NAME)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    half.send(hello.read())     # and not a byte after the hello
    noise = streams(connect(s.tls, TRUNK))
    noise.send("INVITE sip:a@b SIP/2.0\r\n\r\n")    # no TLS at all
    other = streams(connect(s.tls, TRUNK, client_context(made), NAME))
    Call(other, s.tls, s.uri()).send().final(603)
    assert noise.closes() and silent.closes(20) and half.closes(20)
    Call(other, s.tls, s.uri(), caller="sip:+442071110000@example.net"
         ).send().final(603)


@pytest.mark.parametrize("verify,certificate,code", [
    ("none", "peer", 480), ("given", "foreign", 480),
    ("required", "foreign", None), ("required", "peer", 603)])
def test_what_is_asked_of_clients(over, streams, made, tmp_path,  # noqa: F811
                                  verify, certificate, code):
    s = over('rules = ( { name = "no"; if = { verified = true; }; '
             'then = "refuse"; }, { name = "late"; then = "accept"; '
             'during = "09:00-09:01"; } );', tls=tls_keys(made, verify),
             at="2026-11-24T15:00:00-05:00",
             peers='{ name = "by name"; trusted = true; '
             'from = [ "tls:peer.example.net" ]; }')
    context = client_context(made)
    keys = made
    if certificate == "foreign":    # the right name of another authority
        keys = certificates(tmp_path, "peer")
    context.load_cert_chain(*map(str, keys["peer"]))
    try:
        peer = streams(connect(s.tls, STRANGER, context, NAME))
        call = Call(peer, s.tls, s.uri(), headers=[
            "P-Asserted-Identity: <sip:+442071234567@example.net>"]).send()
    except OSError:
        assert code is None
        return
    if code is None:
        assert peer.closes()
    else:
        call.final(code)


def test_a_hop_may_ask_for_our_certificate(
        over, streams, made, trunk):  # noqa: F811
    context = server_context(made, "pbx")
    context.load_verify_locations(str(made["ca"][0]))
    context.verify_mode = ssl.CERT_REQUIRED
    server = streams(Server(context=context))
    s = over(tls=tls_keys(made),
             hop=f"sip:{HOST}:{server.port};transport=tls")
    _, stream = converse(Call(trunk, s.address, s.uri()),
                         lambda: streams(server.accept()))
    proved = stream.socket.getpeercert()["subjectAltName"]
    assert ("DNS", NAME) in proved


def test_answers_go_back_by_their_own_stream(over, streams, pbx):  # noqa: F811
    s = over()
    one, two = (streams(connect(s.tcp, TRUNK)) for _ in range(2))
    call = Call(one, s.tcp, s.uri())
    # its Via names the other's port, and nothing goes there
    call.data = call.data.replace(f"{one.host}:{one.port};branch",
                                  f"{two.host}:{two.port};branch", 1)
    call.send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 200, "OK", tag="x")
    answer = call.expect(200)
    # what the PBX asks in the dialog comes by the stream that lives
    back = Call(pbx, s.address, f"sip:caller@{one.host}:{one.port}"
                ";transport=tcp", method="INFO", caller=call.uri,
                to=re.search("<(.*)>", call.caller).group(1), body="",
                to_tag=call.from_tag, from_tag="x", call_id=call.call_id,
                route=invite.values("Record-Route")).send()
    one.reply(one.expect("INFO"), 200, "OK")
    back.expect(200)
    call.within("BYE", answer)
    pbx.reply(pbx.expect("BYE"), 200, "OK")
    call.expect(200)
    assert not two.read(0.1)


def test_a_pbx_calls_back_by_the_stream_we_opened(
        over, streams, trunk):  # noqa: F811
    server = streams(Server())
    s = over(hop=f"sip:{HOST}:{server.port};transport=tcp")
    call = Call(trunk, s.address, s.uri()).send()
    stream = streams(server.accept())
    invite = stream.expect("INVITE")
    stream.reply(invite, 200, "OK", tag="x")
    answer = call.expect(200)
    call.within("ACK", answer)
    stream.expect("ACK")
    Call(stream, s.tcp, f"sip:caller@{trunk.host}:{trunk.port}",
         method="BYE", caller=call.uri, body="", call_id=call.call_id,
         to=re.search("<(.*)>", call.caller).group(1), from_tag="x",
         to_tag=call.from_tag, route=invite.values("Record-Route")).send()
    bye = trunk.expect("BYE")
    trunk.reply(bye, 200, "OK")
    assert stream.expect(200).get("CSeq") == "1 BYE"


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_streams_over_ipv6(over, streams, made, pbx, transport):  # noqa: F811
    port = support.free_port("::1", ("tcp",))
    s = over(tls=tls_keys(made), more_listen=[f"{transport}:[::1]:{port}"],
             peers='{ name = "six"; from = [ "[::1]" ]; trusted = true; }')
    proxy = "::1", port
    peer = streams(connect(
        proxy, "::1", client_context(made) if transport == "tls" else None,
        NAME))
    invite, _ = converse(Call(peer, proxy, f"sip:{ALICE}@[::1]:{port}"), pbx)
    routes = [re.sub(";u=[0-9a-f]*", "", r)
              for r in invite.values("Record-Route")]
    assert routes == [f"<sip:{HOST}:{s.port};lr>",
                      f"<sip:[::1]:{port};transport={transport};lr>"]
    assert invite.uri == f"sip:{ALICE}@{HOST}:{pbx.port}"


def test_a_reload_brings_new_certificates_to_new_streams(
        over, streams, made, tmp_path):  # noqa: F811
    keys = tmp_path / "cert.pem", tmp_path / "key.pem"

    def use(name):
        for kept, new in zip(keys, made[name]):
            shutil.copy(new, kept)
    use("proxy")
    s = over(NO, tls=f'certificate = "{keys[0]}"; key = "{keys[1]}";')
    old = streams(connect(s.tls, TRUNK, client_context(made), NAME))
    use("wrong")
    s.reload()
    new = streams(connect(s.tls, TRUNK, client_context(made),
                          "other.example.com"))
    keys[0].write_text("no certificate")
    s.signal(signal.SIGUSR1, "tls.certificate")
    # what was in force stays, and no stream is harmed
    last = streams(connect(s.tls, TRUNK, client_context(made),
                           "other.example.com"))
    for n, stream in enumerate((old, new, last)):
        Call(stream, s.tls, s.uri(), caller=f"sip:+4420700000{n}@example.net"
             ).send().final(603)
