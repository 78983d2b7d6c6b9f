"""Torture: RFC 4475 and RFC 5118, message by message.

The messages of torture.py always, over UDP and TCP, and those of
torture_ipv6.py over IPv4 and IPv6; the RFC's own ones below USHER_DATA (else
../shared/data beside the checkout) where there are any, by the same table. All
go through one proxy, and after each the next call works.
"""

import itertools
import os
from pathlib import Path

import pytest

import support
import torture
import torture_ipv6
from sip_site import HOST, Site
from torture_wire import Hop, Sender, StreamSender, code_of, header, lines_of

SIP = Path(os.environ.get("USHER_DATA")
           or support.ROOT.parent / "shared" / "data") / "sip"
DATA = SIP / "rfc4475"
# Hosts that only the RFC's own messages name.
FOREIGN = ("chair-dnrc.example.com", "registrar.example.com", "company.com",
           "ss1.example.net", "127.0.0.1")
MUST_CHANGE = (b"via", b"max-forwards", b"route", b"record-route")

numbers = itertools.count(1)


class World:
    """One proxy, its hop, and a trusted sender that speaks in bytes."""

    def __init__(self, folder):
        self.sender, self.six, self.hop = Sender(), Sender("::1"), Hop()
        domains = ", ".join(f'"{d}"' for d in torture.DOMAINS + FOREIGN)
        self.site = Site(
            folder, self.hop.port, sip=f"domains = [ {domains} ];",
            peers='{ name = "torture"; trusted = true; '
                  f'from = [ "{self.sender.host}", "[::1]" ]; }}')
        self.site.write('rules = ( ); otherwise = "accept";')
        port = self.site.port
        self.site.configure(port=f'{port}", "tcp:127.0.0.1:{port}", '
                                 f'"udp:[::1]:{port}')
        self.site.start()

    def close(self):
        try:
            self.site.stop()
        finally:
            self.hop.close()
            self.sender.close()
            self.six.close()

    def call(self, transport="UDP", more=""):
        """A plain call of a number nobody published, and its Call-ID."""
        call_id = f"plain{next(numbers)}@test"
        return call_id, torture.ask(
            f"plain{next(numbers)}", Call_ID=call_id,
            uri="sip:+12025550100@example.com",
            Via=f"SIP/2.0/{transport} host.example.net;"
                f"branch=z9hG4bKplain{next(numbers)}{more}")

    def over_udp(self, data, expected, sender=None):
        """What becomes of it, and what the hop got; then a call works."""
        before = len(self.hop.got)
        sender = sender or self.sender
        call_id, call = self.call(more=";rport" if sender is self.six else "")
        to = ("::1" if sender is self.six else HOST, self.site.port)
        sender.send(data, to)
        first, came = None, []
        if expected != "dropped":
            first, came = sender.final()
            assert first is not None, "no answer"
            came.append(first)
        sender.send(call, to)
        done, more = sender.final(call_id)
        came += more
        assert done is not None and code_of(done) == 200, "the next call"
        return self.told(data, came, call_id, before)

    def told(self, data, came, call_id, before):
        support.wait_for(lambda: any(
            header(m, b"call-id") == call_id.encode() for m in self.hop.got),
            what="the next call at the hop")
        got = [m for m in self.hop.got[before:]
               if header(m, b"call-id") != call_id.encode()]
        codes = [code_of(one) for one in came]
        if got:
            assert codes == [200] * len(got), codes
            return "forwarded" + (" twice" if len(got) == 2 else ""), got
        if codes == [200]:
            return "answered", came
        assert len(codes) <= 1, codes
        return (codes[0] if codes else "dropped"), came

    def over_tcp(self, data, expected):
        before = len(self.hop.got)
        stream = StreamSender(self.sender.host, self.site.address)
        call_id, call = self.call("TCP")
        try:
            stream.send(data)
            if expected == "waits":
                assert stream.receive(0.3) is None and not stream.ended
                return "waits", []
            came = []
            if expected != "dropped":
                came = stream.finals(call_id, count=(
                    2 if expected == "forwarded twice" else 1))
            stream.send(call)
            came += stream.finals(call_id)
            if stream.ended:
                return f"{code_of(came[0])} and closed", came
            assert code_of(came[-1]) == 200
            return self.told(data, came[:-1], call_id, before)
        finally:
            stream.close()


def same_but_ours(sent, got):
    """Every line but those a proxy writes is there, byte for byte."""
    ours = [line for name, line in lines_of(got) if name not in MUST_CHANGE]
    theirs = [line for name, line in lines_of(sent)
              if name not in MUST_CHANGE]
    assert theirs == ours
    body = sent.partition(b"\r\n\r\n")[2]
    length = header(sent, b"content-length")
    if length:
        body = body[:int(length)]
    assert got.partition(b"\r\n\r\n")[2] == body
    vias = [line for name, line in lines_of(sent) if name == b"via"]
    below = [line for name, line in lines_of(got) if name == b"via"][1:]
    # The topmost of them bears our received, the others are untouched.
    assert below[1:] == vias[1:]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    try:
        Sender().close()
    except OSError as error:        # a SIP server of the machine's own
        pytest.skip(str(error))
    one = World(tmp_path_factory.mktemp("torture") / "site")
    yield one
    one.close()


@pytest.mark.parametrize("name", torture.MESSAGES)
def test_message_over_udp(world, name):
    data = torture.MESSAGES[name]
    expected = torture.OUTCOMES[name]
    outcome, messages = world.over_udp(data, expected)
    assert outcome == expected
    if outcome == "forwarded":
        same_but_ours(data, messages[0])


@pytest.mark.parametrize("name", torture.MESSAGES)
def test_message_over_tcp(world, name):
    expected = torture.ON_STREAMS.get(name, torture.OUTCOMES[name])
    assert world.over_tcp(torture.MESSAGES[name], expected)[0] == expected
    # The others' calls never wait for a stream that waits.
    call_id, call = world.call()
    world.sender.send(call, world.site.address)
    assert code_of(world.sender.final(call_id)[0]) == 200


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
@pytest.mark.parametrize("name", torture_ipv6.MESSAGES)
def test_ipv6_message(world, name, family):
    data = torture_ipv6.MESSAGES[name]
    # Its own transaction in either family.
    data = data.replace(b"Call-ID: ", b"Call-ID: " + family.encode())
    sender = world.six if family == "IPv6" else world.sender
    expected = torture_ipv6.OUTCOMES[name]
    outcome, messages = world.over_udp(data, expected, sender)
    assert outcome == expected
    if outcome != "forwarded":
        return
    same_but_ours(data, messages[0])
    stamped = [line for name, line in lines_of(messages[0])
               if name == b"via"][1]
    assert stamped.count(b";received=") == 1
    assert f";received={sender.host}".encode() in stamped


@pytest.mark.parametrize("over", ["over_udp", "over_tcp"])
def test_the_rfcs_own_messages(world, over):
    files = sorted(DATA.glob("*.dat"))
    if not files:
        pytest.skip(f"no messages of RFC 4475 in {DATA}: set USHER_DATA")
    want = dict(torture.OUTCOMES)
    if over == "over_tcp":
        want.update(torture.ON_STREAMS)
    wrong = {}
    for file in files:
        data = file.read_bytes()
        if over == "over_tcp" and b"\r\n\r\n" not in data:
            data += b"\r\n"    # one file lacks the end of its head
        outcome, _ = getattr(world, over)(data, want[file.stem])
        if outcome != want[file.stem]:
            wrong[file.stem] = outcome
    assert not wrong


def test_messages_of_others_do_no_harm(world):
    """Whatever lies beside them, as it is and with proper line ends."""
    files = sorted(one for one in SIP.rglob("*") if one.is_file()
                   and one.parent != DATA and one.stat().st_size < 60000)
    if not files:
        pytest.skip(f"no other messages in {SIP}: set USHER_DATA")
    for data in [file.read_bytes() for file in files]:
        plain = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        for one in data, plain, plain + b"\r\n\r\n":
            world.sender.send(one, world.site.address)
            stream = StreamSender(world.sender.host, world.site.address)
            stream.send(one)
            stream.close()
        call_id, call = world.call()
        world.sender.send(call, world.site.address)
        assert code_of(world.sender.final(call_id)[0]) == 200


def test_nothing_of_it_stays(world):
    """Neither a fault nor a message counted as ours to mend."""
    assert world.site.counters()["faults"] == 0


def test_the_table_has_every_message():
    assert len(torture.MESSAGES) == 49
    assert set(torture.MESSAGES) == set(torture.OUTCOMES)
    assert set(torture.ON_STREAMS) <= set(torture.OUTCOMES)
