"""TCP and TLS: framing, keepalives, limits, reuse, certificates."""

import os
import re
import resource
import socket
import time
from pathlib import Path

import pytest

import support
from actor import Call
from sip_site import HOST, STRANGER, TRUNK, Site
from stream_actor import (Server, certificates, client_context, connect,
                          server_context)

YES = 'rules = ( ); otherwise = "accept";'
NO = 'rules = ( { name = "no"; then = "refuse"; } );'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def streams():
    """Keeps what it is given, and closes it at the end."""
    kept = []

    def keep(one):
        kept.append(one)
        return one
    yield keep
    for one in kept:
        one.close()


@pytest.fixture
def over(tmp_path, pbx, streams):
    """over(rules, hop=, tls=): a site with UDP, TCP and maybe TLS."""
    sites = []

    def make(rules=YES, tls=None, hop=None, more_listen=(), sip="", **more):
        if hop:
            more["hops"] = f'[ "{hop}" ]'
        if tls:
            sip += f" tls = {{ {tls} }};"
        s = Site(tmp_path / f"site{len(sites)}", pbx.port, sip=sip, **more)
        sites.append(s)
        s.tcp = HOST, support.free_port(HOST, ("tcp",))
        s.tls = HOST, support.free_port(HOST, ("tcp",))
        listen = [f"udp:{HOST}:{s.port}", f"tcp:{HOST}:{s.tcp[1]}"]
        if tls:
            listen.append(f"tls:{HOST}:{s.tls[1]}")
        path = s.folder / "usher.conf"
        path.write_text(re.sub(
            r"listen = \[[^]]*\]", "listen = [ " + ", ".join(
                f'"{one}"' for one in [*more_listen, *listen]) + " ]",
            path.read_text()))
        s.write(rules)
        return s.start()
    yield make
    for s in sites:
        s.stop()


def tls_keys(made, verify="given"):
    return (f'certificate = "{made["proxy"][0]}"; '
            f'key = "{made["proxy"][1]}"; ca = "{made["ca"][0]}"; '
            f'verify = "{verify}";')


def converse(call, callee):
    """INVITE to BYE; the callee may come by being called."""
    call.send()
    callee = callee() if callable(callee) else callee
    invite = callee.expect("INVITE")
    callee.reply(invite, 200, "OK", tag="pbx")
    answer = call.expect(200)
    call.within("ACK", answer)
    assert callee.expect("ACK").get("Route") is None
    call.within("BYE", answer)
    callee.reply(callee.expect("BYE"), 200, "OK")
    call.expect(200)
    return invite, callee


def test_a_call_by_tcp_reaches_a_pbx_on_udp(over, streams, pbx):
    s = over()
    caller = streams(connect(s.tcp, TRUNK))
    invite, _ = converse(Call(caller, s.tcp, s.uri()), pbx)
    routes = [re.sub(";u=[0-9a-f]*", "", r)
              for r in invite.values("Record-Route")]
    assert routes == [f"<sip:{HOST}:{s.port};lr>",
                      f"<sip:{HOST}:{s.tcp[1]};transport=tcp;lr>"]


def test_a_pbx_on_tcp_is_connected_to_once(over, streams, trunk):
    server = streams(Server())
    s = over(hop=f"sip:{HOST}:{server.port};transport=tcp")
    stream = None
    for _ in range(3):
        invite, stream = converse(Call(trunk, s.address, s.uri()), stream or (
            lambda: streams(server.accept())))
        assert invite.all("Via")[0].startswith(
            f"SIP/2.0/TCP {HOST}:{s.tcp[1]}")
    with pytest.raises(socket.timeout):
        server.accept(0.3)


def test_two_requests_in_one_segment_and_one_in_many(over, streams):
    s = over(NO)
    caller = streams(connect(s.tcp, TRUNK))
    first, second = (Call(caller, s.tcp, s.uri(), caller=f"sip:+4420{n}000000"
                          "@example.net") for n in (71, 72))
    caller.send(first.data + second.data)
    answers = {caller.expect(603).get("Call-ID") for _ in range(2)}
    assert answers == {first.call_id, second.call_id}
    third = Call(caller, s.tcp, s.uri(),
                 caller="sip:+442073000000@example.net")
    for byte in third.data:
        caller.send(byte)
    third.final(603)


def test_a_keepalive_is_answered_by_one_line_end(over, streams):
    s = over(NO)
    caller = streams(connect(s.tcp, STRANGER))
    caller.send("\r\n\r\n")
    support.wait_for(lambda: caller.read(0.2) and caller.data == b"\r\n",
                     10, "the pong")
    caller.data = b""
    Call(caller, s.tcp, s.uri()).send().final(480)


@pytest.mark.parametrize("length", ["-999", "9x", "99999999999", "70000"])
def test_a_length_that_is_none_is_answered_and_ends_the_stream(
        over, streams, length):
    s = over(NO)
    caller = streams(connect(s.tcp, TRUNK))
    call = Call(caller, s.tcp, s.uri(), body="")
    caller.send(call.data.replace("Content-Length: 0",
                                  f"Content-Length: {length}"))
    message = caller.receive()
    assert message is not None and message.code in (400, 513), message
    assert caller.closes()


def test_two_lengths_end_the_stream(over, streams):
    s = over(NO)
    caller = streams(connect(s.tcp, TRUNK))
    call = Call(caller, s.tcp, s.uri(), body="")
    caller.send(call.data.replace("Content-Length: 0",
                                  "Content-Length: 0\r\nl: 5"))
    assert caller.receive().code == 400
    assert caller.closes()


def test_no_end_of_head_within_the_limit_ends_the_stream(over, streams):
    s = over(NO)
    caller = streams(connect(s.tcp, TRUNK))
    caller.send("INVITE sip:a@b SIP/2.0\r\n" + "X: y\r\n" * 4000)
    assert caller.closes()


def test_a_silent_stream_is_closed_and_a_slow_one_holds_up_nobody(
        over, streams, pbx):
    s = over(timers="idle = 1000; handshake = 1000;")
    ringing = Call(streams(connect(s.tcp, TRUNK)), s.tcp, s.uri()).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 180, tag="x")
    ringing.expect(180)
    silent = streams(connect(s.tcp, TRUNK))
    slow = streams(connect(s.tcp, TRUNK))
    slow.send("INVITE sip:half@b SIP/2.0\r\nVia:")
    call = Call(streams(connect(s.tcp, TRUNK)), s.tcp, s.uri(),
                caller="sip:+442070000009@example.net").send()
    pbx.reply(pbx.expect("INVITE"), 486, "Busy", tag="y")
    call.final(486)
    pbx.expect("ACK")
    assert silent.closes() and slow.closes()
    # a call that rings is silent, and its answer has but this way
    pbx.reply(invite, 486, "Busy", tag="x")
    ringing.final(486)


def test_a_far_end_that_never_reads_is_cut_off(over, streams):
    s = over(NO, timers="idle = 600000;")
    deaf = streams(connect(s.tcp, TRUNK))
    deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.socket.settimeout(5)
    other = streams(connect(s.tcp, TRUNK))
    bulk = ("OPTIONS sip:{0}:{1} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.2;"
            "branch=z9hG4bK{2}\r\nFrom: <sip:a@b>;tag=1\r\n"
            "To: <sip:{0}:{1}>\r\nCall-ID: {2}\r\nCSeq: 1 OPTIONS\r\n"
            "Max-Forwards: 1\r\nX: " + "y" * 3000 + "\r\n"
            "Content-Length: 0\r\n\r\n")
    end = time.monotonic() + 60
    cut = False
    while not cut and time.monotonic() < end:
        try:
            for n in range(50):
                deaf.socket.sendall(bulk.format(
                    HOST, s.tcp[1], f"d{time.monotonic_ns()}").encode())
        except OSError:
            cut = True
    assert cut
    Call(other, s.tcp, s.uri()).send().final(603)


def test_a_stranger_has_few_streams_and_a_trunk_many(over, streams):
    s = over(NO, sip="limits = { per_source = 3; };")
    for _ in range(3):
        streams(connect(s.tcp, STRANGER)).send("\r\n")
    assert streams(connect(s.tcp, STRANGER)).closes()
    for _ in range(5):
        caller = streams(connect(s.tcp, TRUNK))
    Call(caller, s.tcp, s.uri()).send().final(603)


def test_without_descriptors_streams_wait_and_the_loop_does_not(
        over, streams, trunk):
    s = over(NO)
    first = streams(connect(s.tcp, TRUNK))
    Call(first, s.tcp, s.uri()).send().final(603)
    held = len(list(Path(f"/proc/{s.process.pid}/fd").iterdir()))
    _, hard = resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE, (held, hard))
    waiting = streams(connect(s.tcp, TRUNK))
    spent = cpu_s(s.process.pid)
    assert not waiting.read(1.5)    # neither taken nor turned away
    assert cpu_s(s.process.pid) - spent < 0.15
    Call(trunk, s.address, s.uri(), caller="sip:+442070000001@example.net"
         ).send().final(603)
    first.close()
    Call(waiting, s.tcp, s.uri(), caller="sip:+442070000002@example.net"
         ).send().final(603, 20)


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_call_goes_to_the_next_hop_when_a_stream_breaks(
        over, streams, trunk, pbx):
    server = streams(Server())
    hops = (f'( {{ uri = "sip:{HOST}:{server.port};transport=tcp"; '
            f'priority = 1; }}, {{ uri = "sip:{HOST}:{pbx.port}"; '
            'priority = 2; } )')
    s = over(hops=hops)
    call = Call(trunk, s.address, s.uri()).send()
    stream = streams(server.accept())
    stream.expect("INVITE")
    server.close()
    stream.close()
    pbx.reply(pbx.expect("INVITE"), 486, "Busy", tag="x")
    call.final(486)


@pytest.mark.parametrize("host,known", [(TRUNK, True), (STRANGER, False)])
def test_an_answer_finds_a_known_caller_whose_stream_broke(
        over, streams, pbx, host, known):
    s = over()
    home = streams(Server(host))
    caller = connect(s.tcp, host)
    caller.port = home.port     # what its Via says
    call = Call(caller, s.tcp, s.uri()).send()
    invite = pbx.expect("INVITE")
    caller.close()
    support.wait_for(lambda: s.counters()["streams"] == 0)
    pbx.reply(invite, 486, "Busy", tag="x")
    pbx.expect("ACK")
    if known:
        back = streams(home.accept())
        assert back.expect(486).branch == call.branch
    else:
        with pytest.raises(socket.timeout):
            home.accept(0.3)


def test_tls_in_and_out(over, streams, made):
    server = streams(Server(context=server_context(made, "pbx")))
    s = over(tls=tls_keys(made),
             hop=f"sip:{HOST}:{server.port};transport=tls")
    caller = streams(connect(s.tls, TRUNK, client_context(made),
                             "proxy.example.com"))
    invite, _ = converse(Call(caller, s.tls, s.uri()),
                         lambda: streams(server.accept()))
    assert [re.sub(";u=[0-9a-f]*", "", r)
            for r in invite.values("Record-Route")] == [
                f"<sip:{HOST}:{s.tls[1]};transport=tls;lr>"]


def test_a_hop_with_another_name_is_not_called(over, streams, made, trunk):
    server = streams(Server(context=server_context(made, "wrong")))
    s = over(tls=tls_keys(made),
             hop=f"sip:{HOST}:{server.port};transport=tls")
    call = Call(trunk, s.address, s.uri()).send()
    with pytest.raises(OSError):
        while True:  # nothing but handshakes that end before a message
            assert streams(server.accept(3)).receive(1) is None
    call.final(503, 20)


@pytest.mark.parametrize("certificate,code",
                         [("peer", 603), (None, 480), ("wrong", 480)])
def test_a_name_proved_by_tls_is_trusted(over, streams, made, certificate,
                                         code):
    s = over('rules = ( { name = "no"; if = { verified = true; }; '
             'then = "refuse"; }, { name = "late"; then = "accept"; '
             'during = "09:00-09:01"; } );', tls=tls_keys(made),
             at="2026-11-24T15:00:00-05:00",
             sip='', peers='{ name = "by name"; trusted = true; '
             'from = [ "tls:peer.example.net" ]; }')
    caller = streams(connect(s.tls, STRANGER,
                             client_context(made, certificate),
                             "proxy.example.com"))
    call = Call(caller, s.tls, s.uri(), headers=[
        "P-Asserted-Identity: <sip:+442071234567@example.net>"])
    call.send().final(code)


def test_a_client_without_a_certificate_is_refused_where_it_is_required(
        over, streams, made):
    s = over(NO, tls=tls_keys(made, "required"))
    caller = None
    try:
        caller = streams(connect(s.tls, TRUNK, client_context(made),
                                 "proxy.example.com"))
    except OSError:
        pass
    assert caller is None or caller.closes()
    caller = streams(connect(s.tls, TRUNK, client_context(made, "peer"),
                             "proxy.example.com"))
    Call(caller, s.tls, s.uri()).send().final(603)


def test_a_certificate_that_cannot_be_read_is_said_at_start(
        over, tmp_path, made):
    with pytest.raises(AssertionError, match="tls.certificate"):
        over(tls=f'certificate = "{tmp_path}/none.pem"; key = "x";')
