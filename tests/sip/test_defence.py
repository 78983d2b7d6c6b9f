"""How much a stranger may ask, and when one is not heard any more."""

import re
import time

import support
from actor import Call
from sip_site import STRANGER

YES = 'rules = ( ); otherwise = "accept";'
REFUSE = 'rules = ( { name = "no"; then = "refuse"; } );'
BAD = (b"INVITE sip:a@b SIP/2.0\r\nVia: nonsense\r\nCSeq: 1 BYE\r\n"
       b"Content-Length: 0\r\n\r\n")
FEW = "limits = { bad = 3; ban = 2; };"


def answered(actor, site, timeout=20.0):
    """Whether a call gets any answer."""
    Call(actor, site.address, site.uri()).send()
    return actor.receive(timeout) is not None


def be_bad(actor, site, times):
    for _ in range(times):
        actor.send(BAD, site.address)


def test_over_the_rate_a_stranger_is_dropped_and_a_trunk_is_not(
        site, stranger, trunk):
    s = site(REFUSE, sip="limits = { rate = 1; burst = 5; };")
    begun = time.monotonic()
    for n in range(8):
        Call(stranger, s.address, s.uri()).send()
    got = 0
    while stranger.receive(1.0):
        got += 1
    # A slow machine earns one a second.
    assert 5 <= got <= 6 + time.monotonic() - begun
    assert s.counters()["limited"] == 8 - got
    for n in range(8):
        Call(trunk, s.address, s.uri(),
             caller=f"sip:+4420712345{n:02}@example.net").send().final(603)
    support.wait_for(lambda: answered(stranger, s, 0.5), 60,
                     "the next token")


def test_bad_requests_ban_their_source_for_a_time(site, stranger, trunk,
                                                  carrier):
    s = site(REFUSE, sip=FEW)
    assert answered(stranger, s)
    begun = time.monotonic()
    be_bad(stranger, s, 3)
    s.wait_line(f"banned source={STRANGER} for=2s after=3 bad requests")
    assert not answered(stranger, s, 0.5) or time.monotonic() > begun + 2
    be_bad(carrier, s, 5)
    be_bad(trunk, s, 5)
    for known in carrier, trunk:
        while known.receive(0.3):
            pass
        assert answered(known, s)
    support.wait_for(lambda: answered(stranger, s, 0.5), 60,
                     "the end of the ban")
    assert s.counters()["bans"] == 1


def test_who_guesses_at_the_pbx_is_banned(site, stranger, pbx):
    s = site(YES, sip=FEW)
    for code, headers in ((404, []), (403, []),
                          (401, ["Authorization: Digest username=\"x\""])):
        call = Call(stranger, s.address, s.uri(), headers=headers,
                    caller=f"sip:+44207123{code}@example.net").send()
        pbx.reply(pbx.expect("INVITE"), code, "No", tag="x")
        call.final(code)
        pbx.expect("ACK")
    s.wait_line(f"banned source={STRANGER}")
    assert not answered(stranger, s, 0.5)


def test_a_challenge_and_a_busy_line_are_nothing_bad(site, stranger, pbx):
    s = site(YES, sip=FEW)
    for n, code in enumerate((401, 407, 486, 480, 401, 603)):
        call = Call(stranger, s.address, s.uri(),
                    caller=f"sip:+4420712345{n:02}@example.net").send()
        pbx.reply(pbx.expect("INVITE"), code, "No", tag="x")
        call.final(code)
        pbx.expect("ACK")
    assert s.counters()["bans"] == 0


def ban_pattern():
    """fail2ban's expression, its own names filled in as it would."""
    text = (support.ROOT / "conf" / "fail2ban" / "usher-sip.filter.conf"
            ).read_text()
    line = re.search(r"^failregex = (.*)$", text, re.M).group(1)
    return (line.replace("%(__prefix_line)s", "usher-sip: ")
            .replace("<HOST>", r"(?P<host>[0-9a-f.:]+)"))


def test_the_filter_for_fail2ban_knows_the_line_of_a_ban(site, stranger):
    s = site(REFUSE, sip=FEW)
    be_bad(stranger, s, 3)
    line = s.wait_line("banned source=")
    assert re.match(ban_pattern(), line).group("host") == STRANGER


def test_the_table_of_refusals_is_bounded_and_its_oldest_fall_out(
        site, stranger):
    slots, some = 4096, 64
    s = site(REFUSE, sip="limits = { rate = 1000000; burst = 1000000; };")
    first = Call(stranger, s.address, s.uri()).send()
    answer = stranger.receive()
    for _ in range(0, slots, some):
        for _ in range(some):
            Call(stranger, s.address, s.uri(), body="").send()
        for _ in range(some):
            assert stranger.receive() is not None
    assert s.counters()["refusals"] == slots
    # fallen out, it is answered anew: the same, for its call is known
    first.send()
    assert stranger.receive().start == answer.start
    assert s.counters()["refusals"] == slots
