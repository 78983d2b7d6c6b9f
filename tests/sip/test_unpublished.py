"""Who is not published is told no by the way of one who refuses."""

from actor import Call
from sip_site import ALICE

NOBODY = ALICE[:-1] + "9"
REFUSE = 'rules = ( { name = "no"; then = "refuse"; } );'


def test_a_stranger_to_nobody_is_refused_and_logged(site, stranger, pbx):
    s = site(REFUSE)
    call = Call(stranger, s.address, s.uri(NOBODY)).send()
    answer = stranger.receive()
    assert answer.code == 480 and answer.get("Retry-After") is None
    call.send()
    assert stranger.receive().data == answer.data
    pbx.silence()
    (line,) = s.wait_decisions(1)
    assert line["verdict"] == "refuse" and line["answer"] == "480"
    assert line["rule"] == "unpublished" and line["to"] == NOBODY
    counters = s.counters()
    assert counters["refused"] == 0     # nobody's preferences said so
    assert counters["decisions"] == 1   # its call is known again


def test_what_the_site_lets_in_does_not_ring_at_nobody(site, stranger, pbx):
    s = site(REFUSE, site='before = ( { name = "all"; then = "accept"; } );')
    Call(stranger, s.address, s.uri(NOBODY)).send().expect(480)
    pbx.silence()
    Call(stranger, s.address, s.uri()).send()
    pbx.expect("INVITE")


def test_nobody_becomes_somebody_at_the_next_call(site, stranger, pbx):
    s = site(REFUSE)
    Call(stranger, s.address, s.uri(NOBODY)).send().expect(480)
    s.write('rules = ( ); otherwise = "accept";', name="new",
            phones=(NOBODY,))
    s.publish()
    Call(stranger, s.address, s.uri(NOBODY)).send()
    pbx.expect("INVITE")
