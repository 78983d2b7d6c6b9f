"""Several hosts with one store: a Redis, and what happens while it is away."""

import random
import time

import support
from test_store import (BEFORE, BOB, INSIDE, SOON_S, WINDOW, again, calls,
                        is_connected, options)

REFUSE = 'rules = ( { name = "no"; then = "refuse"; } );'
ACCEPT = 'rules = ( ); otherwise = "accept";'


def number():
    return f"+44207{random.randrange(10**7):07}"


def promised(redis, count):
    """Until so many promises are written: an answer waits 50 ms for its own,
    and a test machine may take longer."""
    support.wait_for(lambda: redis.ask("ZCARD", "usher:k:64") == f":{count}",
                     60, "the promise")


def test_hosts_share_publications_and_promises(site, trunk, pbx, redis):
    one = site(WINDOW.format("16:00-17:00"), at=BEFORE, store=redis.url())
    two = site(WINDOW.format("16:00-17:00"), at=BEFORE, store=redis.url())
    calls(trunk, one).send().final(480)
    promised(redis, 1)
    one.kill()
    again(two, INSIDE, WINDOW.format("18:00-19:00"))
    calls(trunk, two, "+442071234599").send().final(480)
    is_connected(calls(trunk, two), pbx)


def test_publishing_on_one_host_counts_on_the_other(site, trunk, pbx, redis):
    one = site(ACCEPT, store=redis.url())
    two = site(ACCEPT, store=redis.url())
    is_connected(calls(trunk, two, number()), pbx)
    for rules, code in ((REFUSE, 603), (ACCEPT, None), (REFUSE, 603)):
        one.write(rules)
        one.publish()
        if code:
            calls(trunk, two, number()).send().final(code)
        else:
            is_connected(calls(trunk, two, number()), pbx)


def test_caps_count_over_hosts(site, trunk, pbx, redis):
    rules = ('rules = ( { name = "two"; then = "accept"; '
             'at_most = "2 per 1d in all"; } );')
    hosts = [site(rules, at=BEFORE, store=redis.url()) for _ in range(2)]
    for host in hosts:
        is_connected(calls(trunk, host, number()), pbx)

    def counted():
        return redis.ask("ZCARD", "usher:k:73") == ":1"
    support.wait_for(counted, 30, "the count")
    calls(trunk, hosts[0], number()).send().final(480)


def test_what_was_answered_outlives_a_crash_of_both(site, trunk, pbx, redis):
    s = site(WINDOW.format("16:00-17:00"), at=BEFORE, store=redis.url())
    calls(trunk, s).send().final(480)
    promised(redis, 1)
    redis.kill()
    s.kill()
    redis.start()
    again(s, INSIDE, WINDOW.format("18:00-19:00"))
    is_connected(calls(trunk, s), pbx)


def test_a_silent_redis_holds_up_nobody(site, trunk, pbx, redis):
    s = site('rules = ( { name = "never"; if = { from = "+4477*"; }; '
             'then = "refuse"; }, { name = "known"; if = { known = true; }; '
             'then = "accept"; }, { name = "no"; then = "refuse"; } );',
             store=redis.url(read_ms=None, commit_ms=None))
    support.wait_for(lambda: refused(s, trunk, pbx, number()), 30, "the rule")
    redis.halt()
    begun = time.monotonic()
    for i in range(10):
        # what is known of the policy holds; what is not known may pass
        assert refused(s, trunk, pbx, f"+4477{random.randrange(10**8):08}")
        assert not refused(s, trunk, pbx, number())
        options(pbx, s).expect(200)
    assert time.monotonic() - begun < 3 * SOON_S
    assert s.counters()["faults"] >= 10
    s.wait_line("memory cannot be read")
    redis.go_on()
    support.wait_for(lambda: refused(s, trunk, pbx, number()), 30, "memory")


def refused(site, trunk, pbx, caller):
    """Whether this caller is; one who is not hears busy."""
    call = calls(trunk, site, caller).send()
    got = trunk.receive(SOON_S)
    if got.code == 603:
        call.ack(got)
        return True
    pbx.reply(pbx.expect("INVITE", SOON_S), 486, tag="x")
    call.final(486)
    pbx.expect("ACK")
    return False


def test_what_came_meanwhile_is_remembered_when_it_is_back(site, trunk, pbx,
                                                           redis):
    rules = WINDOW.format("16:00-17:00")
    s = site(rules, at=BEFORE, store=redis.url())
    calls(trunk, s).send().final(480)
    promised(redis, 1)
    redis.kill()
    # answered all the same, and told of in the log
    calls(trunk, s, "+442071234598").send().final(480, SOON_S)
    s.wait_line("a promise to a caller cannot be written")
    redis.start()
    promised(redis, 2)
    again(s, INSIDE, WINDOW.format("18:00-19:00"))
    is_connected(calls(trunk, s, "+442071234598"), pbx)
