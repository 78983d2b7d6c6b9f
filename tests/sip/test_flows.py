"""What others agree on in a call passes unharmed: SIPp on both sides.

Each flow is written once, in sipp_flow.py's steps; ten calls of each.
"""

from pathlib import Path

import pytest

import support
from sip_site import ALICE, HOST, TRUNK, Site
from sipp_flow import CALLEE, CALLER, ask, say, scenarios
from test_lab import sipp, well

CALLS = 10
# What a busy machine makes them say twice ends no call; what is missing does.
LENIENT = ("-default_behaviors", "all,-abortunexp", "-timeout", "50s",
           "-timeout_error")
INVITE = ask(CALLER, "INVITE", sdp=True, fresh=True)
ANSWER = [say(CALLEE, 200, "INVITE", sdp=True), ask(CALLER, "ACK")]
END = [ask(CALLER, "BYE"), say(CALLEE, 200, "BYE")]

FLOWS = {
    "early media, PRACK and UPDATE": [
        ask(CALLER, "INVITE", "Supported: 100rel, timer", "Allow: PRACK",
            sdp=True, fresh=True),
        say(CALLEE, 183, "INVITE", "Require: 100rel", "RSeq: 988789",
            "P-Early-Media: sendonly", sdp=True),
        ask(CALLER, "PRACK", "RAck: 988789 1 INVITE"),
        say(CALLEE, 200, "PRACK"),
        say(CALLEE, 180, "INVITE", "Require: 100rel", "RSeq: 988790"),
        ask(CALLER, "PRACK", "RAck: 988790 1 INVITE"),
        say(CALLEE, 200, "PRACK"),
        ask(CALLER, "UPDATE", "X-Old: new", sdp=True),
        say(CALLEE, 200, "UPDATE", sdp=True), *ANSWER, *END],
    "early media that ends in busy": [
        INVITE, say(CALLEE, 183, "INVITE", sdp=True),
        say(CALLEE, 486, "INVITE", 'Reason: Q.850;cause=17;text="busy"')],
    "session timers": [
        ask(CALLER, "INVITE", "Supported: timer", "Session-Expires: 60",
            sdp=True, fresh=True),
        say(CALLEE, 422, "INVITE", "Min-SE: 90"),
        ask(CALLER, "INVITE", "Supported: timer", "Min-SE: 90",
            "Session-Expires: 90;refresher=uas", sdp=True, fresh=True),
        say(CALLEE, 180, "INVITE"),
        say(CALLEE, 200, "INVITE", "Require: timer",
            "Session-Expires: 90;refresher=uas", sdp=True),
        ask(CALLER, "ACK"),
        ask(CALLEE, "INVITE", "Session-Expires: 90;refresher=uac", sdp=True),
        say(CALLER, 200, "INVITE", "Session-Expires: 90;refresher=uac",
            sdp=True),
        ask(CALLEE, "ACK"),
        ask(CALLER, "UPDATE", "Session-Expires: 90;refresher=uas"),
        say(CALLEE, 200, "UPDATE", "Session-Expires: 90;refresher=uas"),
        ask(CALLEE, "BYE"), say(CALLER, 200, "BYE")],
    "Replaces": [
        ask(CALLER, "INVITE", "Require: replaces",
            "Replaces: 98732@sip.example.com;from-tag=r33th4x0r"
            ";to-tag=ff87ff;early-only",
            "Referred-By: <sip:bob@example.com>", sdp=True, fresh=True),
        *ANSWER,
        ask(CALLEE, "REFER", "Refer-To: <sip:c@example.net?Replaces=1%40b"
            "%3Bto-tag%3D1%3Bfrom-tag%3D2>"),
        say(CALLER, 202, "REFER"),
        ask(CALLER, "NOTIFY", "Event: refer",
            "Subscription-State: terminated;reason=noresource"),
        say(CALLEE, 200, "NOTIFY"), *END],
    "two phones answer": [
        INVITE, say(CALLEE, 180, "INVITE", tag="a"),
        say(CALLEE, 180, "INVITE", tag="b"),
        say(CALLEE, 200, "INVITE", "X-Phone: a", sdp=True, tag="a"),
        ask(CALLER, "ACK", tag="a"),
        say(CALLEE, 200, "INVITE", "X-Phone: b", sdp=True, tag="b"),
        ask(CALLER, "ACK", tag="b"),
        ask(CALLER, "BYE", tag="b"), say(CALLEE, 200, "BYE", tag="b"),
        ask(CALLEE, "BYE", tag="a"), say(CALLER, 200, "BYE", tag="a")],
    "cancelled while it rings": [
        INVITE, say(CALLEE, 180, "INVITE"),
        ask(CALLER, "CANCEL", 'Reason: SIP;cause=200;text="elsewhere"',
            fresh=True),
        say(CALLEE, 487, "INVITE")],
    "answered as it is cancelled": [
        INVITE, say(CALLEE, 180, "INVITE"),
        ask(CALLER, "CANCEL", fresh=True), *ANSWER, *END],
    "refused as it is cancelled": [
        INVITE, say(CALLEE, 183, "INVITE", sdp=True),
        ask(CALLER, "CANCEL", fresh=True), say(CALLEE, 603, "INVITE")],
}


@pytest.fixture(scope="module")
def s(tmp_path_factory):
    one = Site(tmp_path_factory.mktemp("site") / "site",
               timers="probe = 600000;")
    one.write('rules = ( ); otherwise = "accept";')
    one.start()
    yield one
    one.stop()


def is_bound(port):
    """Whether somebody has this UDP port."""
    return any(line.split()[1].endswith(f":{port:04X}") for line in
               Path("/proc/net/udp").read_text().splitlines()[1:])


@pytest.mark.parametrize("name", FLOWS)
def test_it_passes_unharmed(s, tmp_path, name):
    before = s.counters()["accepted"]
    for side, text in scenarios(FLOWS[name]).items():
        (tmp_path / f"{side}.xml").write_text(text)
    callee = sipp(tmp_path / "b", tmp_path / "callee.xml", "-m", CALLS,
                  *LENIENT, port=s.pbx_port)
    support.wait_for(lambda: is_bound(s.pbx_port), 30, "the callee's socket")
    caller = sipp(tmp_path / "a", tmp_path / "caller.xml", "-s", ALICE,
                  "-m", CALLS, "-r", 50, *LENIENT, f"{HOST}:{s.port}",
                  host=TRUNK)
    try:
        well(caller, 60)
        well(callee, 60)
    finally:
        for process in (caller, callee):
            process.kill()
            process.wait()
    # a call repeated with another timer is the same attempt
    assert s.counters()["accepted"] == before + CALLS
    support.wait_for(lambda: s.counters()["calls_unanswered"] == 0, 20,
                     "the end of every call")
