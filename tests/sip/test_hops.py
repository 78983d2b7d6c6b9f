"""Next hops that fail under a call: who is rung instead, and who is told."""

import pytest

from actor import Call
from sip_site import HOST
from test_calls import two_hops


@pytest.fixture
def second(speakers):
    return speakers(HOST)


def dies(actor, timeout=20):
    """Requests but probes, until the proxy has given this hop up."""
    message = actor.receive(timeout, probes=True)
    while message is not None and message.method == "OPTIONS":
        message = actor.receive(timeout, probes=True)
    return message


def revived(s, actor):
    """Answers probes until the proxy says that the hop lives."""
    after = len(s.lines)
    while not any("lives" in line for line in s.lines[after:]):
        message = actor.receive(5, probes=True)
        if message is not None and message.method == "OPTIONS":
            actor.reply(message, 200)


def test_hop_that_dies_behind_its_100_is_left_for_the_next(site, trunk, pbx,
                                                           second):
    """Nobody was rung: the caller hears of no failure at all."""
    s = site(hops=two_hops(pbx.port, second.port),
             timers="probe = 1000; failover = 500;")
    call = Call(trunk, s.address, s.uri()).send()
    first = pbx.expect("INVITE")
    pbx.reply(first, 100)
    # From here on the first hop is silent, and the second answers probes.
    invite = second.expect("INVITE", timeout=20)
    second.reply(invite, 180, tag="b")
    call.expect(180)
    assert dies(pbx).branch == first.branch
    second.reply(invite, 486, tag="b")
    second.expect("ACK")
    call.final(486)
    # Who is dead is not asked, even as the next of a call begun before.
    again = Call(trunk, s.address, s.uri()).send()
    second.reply(second.expect("INVITE"), 486, tag="c")
    again.final(486)
    revived(s, pbx)


def test_ringing_on_a_hop_that_dies_is_503_and_nobody_else_rings(
        site, trunk, pbx, second):
    s = site(hops=two_hops(pbx.port, second.port),
             timers="probe = 1000; failover = 500;")
    call = Call(trunk, s.address, s.uri()).send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 180, tag="a")
    call.expect(180)

    def answered():
        second.receive(0.05)
        return trunk.receive(0.05)
    end = None
    for _ in range(300):
        end = answered()
        if end is not None:
            break
    assert end.code == 503 and end.retry_after > 0
    call.ack(end)
    while (message := second.receive(0.2)) is not None:
        assert message.method != "INVITE"
