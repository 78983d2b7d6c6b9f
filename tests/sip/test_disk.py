"""The disk stops: calls go on, and what is owed is written when it goes on.

What is read of the store lies in memory; only writing stands still.
"""

import fcntl
import time

from test_store import (BEFORE, INSIDE, SOON_S, WINDOW, again, calls,
                        is_connected, options)

RULES = ('rules = ( { name = "never"; if = { from = "+4477*"; }; '
         'then = "refuse"; }, '
         '{ name = "few"; if = { from = "+4420*"; }; then = "accept"; '
         'at_most = "%d per 1d in all"; }, '
         '{ name = "w"; then = "accept"; during = "%s"; } );')
ROUNDS = 8


def one_round(site, trunk, pbx, number):
    """Refused, deferred with a promise, and connected: each is answered."""
    calls(trunk, site, f"+4477123456{number:02}").send().final(603, SOON_S)
    calls(trunk, site, f"+3314512345{number:02}").send().final(480, SOON_S)
    is_connected(calls(trunk, site, f"+4420712345{number:02}"), pbx)
    options(pbx, site).expect(200, SOON_S)


def test_a_stopped_disk_holds_up_no_call(disk, site, trunk, pbx):
    s = site(RULES % (100, "16:00-17:00"), at=BEFORE)
    one_round(s, trunk, pbx, 90)
    disk.stop()
    begun = time.monotonic()
    for number in range(ROUNDS):
        one_round(s, trunk, pbx, number)
    assert time.monotonic() - begun < ROUNDS * 2
    s.wait_line("answered before a promise")
    disk.go_on()
    s.wait_line("the store is written again")
    assert sum("answered before" in line for line in s.lines) == 2
    s.stop()
    # all promises are kept, and each of the calls counts, once
    again(s, INSIDE, RULES % (ROUNDS + 2, "18:00-19:00"))
    for number in range(ROUNDS):
        is_connected(calls(trunk, s, f"+3314512345{number:02}"), pbx)
    calls(trunk, s, "+331451234599").send().final(480, SOON_S)
    is_connected(calls(trunk, s, "+442071234580"), pbx)
    calls(trunk, s, "+442071234581").send().final(480, SOON_S)


def test_caps_hold_while_nothing_is_written(disk, site, trunk, pbx):
    """What rang counts at once, for its caller and for everybody."""
    rules = ('rules = ( { name = "two"; then = "accept"; '
             'at_most = [ "2 per 1d", "4 per 1d in all" ]; } );')
    s = site(rules, at=BEFORE)
    is_connected(calls(trunk, s), pbx)
    disk.stop()
    is_connected(calls(trunk, s), pbx)
    calls(trunk, s).send().final(480, SOON_S)
    for number in "+442071234501", "+442071234502":
        is_connected(calls(trunk, s, number), pbx)
    calls(trunk, s, "+442071234503").send().final(480, SOON_S)
    disk.go_on()
    s.stop()
    again(s, BEFORE, rules.replace("4 per", "5 per"))
    calls(trunk, s).send().final(480, SOON_S)
    is_connected(calls(trunk, s, "+442071234501"), pbx)
    calls(trunk, s, "+442071234502").send().final(480, SOON_S)


def test_the_end_comes_though_the_disk_stands_still(disk, site, trunk, pbx):
    s = site(RULES % (100, "16:00-17:00"), at=BEFORE)
    one_round(s, trunk, pbx, 90)
    disk.stop()
    one_round(s, trunk, pbx, 91)
    s.stop()


# ---- the log, whose reader lies on that disk ----

CALLS = 60


def stop_log(site):
    """Nobody reads it any more, and few lines find room."""
    site.reads.clear()
    fcntl.fcntl(site.process.stderr, fcntl.F_SETPIPE_SZ, 4096)


def refuse_all(site, trunk):
    for number in range(CALLS):
        calls(trunk, site, f"+4477123456{number:02}").send().final(603, SOON_S)


def test_a_stopped_log_holds_up_no_call(site, trunk):
    s = site(RULES % (100, "16:00-17:00"))
    stop_log(s)
    refuse_all(s, trunk)
    s.reads.set()
    assert len(s.wait_decisions(CALLS)) == CALLS


def test_the_end_comes_though_nobody_reads_the_log(site, trunk):
    s = site(RULES % (100, "16:00-17:00"))
    stop_log(s)
    refuse_all(s, trunk)
    s.process.terminate()
    assert s.process.wait(60) == 0
    s.reads.set()
