"""The store and the loop: promises to callers, and a store that hangs."""

import fcntl
import os
import random
import shutil
import subprocess
import time
from contextlib import contextmanager

import pytest

import support
from actor import Call
from sip_site import HOST
from test_phones import register

WINDOW = ('rules = ( {{ name = "w"; if = {{ channel = "phone"; }}; '
          'then = "accept"; during = "{}"; }} );')
BEFORE = "2026-11-24T15:59:30-05:00"
INSIDE = "2026-11-24T16:10:00-05:00"
BOB = "+442071234567"
# Generous: a test machine may stand still for seconds.
SOON_S = 10


def asserted(number=BOB):
    return [f"P-Asserted-Identity: <tel:{number}>"]


def calls(actor, site, number=BOB, proven=True, uri=None):
    return Call(actor, site.address, uri or site.uri(),
                caller=f"sip:{number}@example.net",
                headers=asserted(number) if proven else [])


def again(site, at, rules):
    """Killed and started again at another time, under other rules."""
    site.kill()
    site.at = at
    site.write(rules)
    return site.start()


def is_connected(call, pbx):
    call.send()
    invite = pbx.expect("INVITE")
    pbx.reply(invite, 180, tag="x")
    call.expect(180)
    pbx.reply(invite, 486, tag="x")
    call.final(486)
    pbx.expect("ACK")


def options(actor, site):
    return Call(actor, site.address, f"sip:{HOST}:{site.port}", body="",
                method="OPTIONS").send()


@pytest.fixture(scope="session")
def lock_holder(tmp_path_factory):
    program = tmp_path_factory.mktemp("lock") / "lock_holder"
    subprocess.run(["cc", "-Wall", "-o", program, support.ROOT / "tests"
                    / "mail" / "lock_holder.c", "-llmdb"], check=True)
    return program


@contextmanager
def written_by_another(program, site):
    """Another process is in the midst of writing the memory."""
    holder = subprocess.Popen([program, site.folder / "store" / "memory"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"locked\n"
        yield
    finally:
        holder.kill()
        holder.wait(30)
        holder.stdin.close()
        holder.stdout.close()


@contextmanager
def opened_by_another(site, part):
    """Whoever opens this part of the store for the first time waits."""
    folder = os.open(site.folder / "store" / part, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


# ---- promises ----

def test_an_opening_that_was_told_is_kept(site, trunk, carrier, pbx):
    s = site(WINDOW.format("16:00-17:00"), at=BEFORE)
    assert calls(trunk, s).send().final(480).retry_after == 30
    calls(carrier, s, "+442079999999").send().final(480)
    s.wait_decisions(2)
    again(s, INSIDE, WINDOW.format("18:00-19:00"))
    # neither another, nor who only claims to be the one, nor who only claimed
    calls(trunk, s, "+442071234599").send().final(480)
    calls(carrier, s).send().final(480)
    calls(trunk, s, "+442079999999").send().final(480)
    is_connected(calls(trunk, s), pbx)
    line = s.wait_decisions(6)[5]
    assert (line["verdict"], line["rule"]) == ("accept", "w")


def test_a_promise_is_used_up_by_the_call_that_rings(site, trunk, pbx):
    s = site(WINDOW.format("16:00-20:00"), at=BEFORE)
    calls(trunk, s).send().final(480)
    again(s, INSIDE, WINDOW.format("21:00-22:00"))
    # what never rang has used nothing up
    call = calls(trunk, s).send()
    pbx.reply(pbx.expect("INVITE"), 404, tag="x")
    call.final(404)
    pbx.expect("ACK")
    again(s, "2026-11-24T17:30:00-05:00", WINDOW.format("21:00-22:00"))
    is_connected(calls(trunk, s), pbx)
    # and once more within the hour, as a line may break
    is_connected(calls(trunk, s), pbx)
    s.stop()    # which writes what is to be remembered
    again(s, "2026-11-24T18:45:00-05:00", WINDOW.format("21:00-22:00"))
    calls(trunk, s).send().final(480)


def test_a_present_refusal_is_stronger_than_a_promise(site, trunk):
    s = site(WINDOW.format("16:00-17:00"), at=BEFORE)
    calls(trunk, s).send().final(480)
    again(s, INSIDE, 'rules = ( { name = "no"; then = "refuse"; } );')
    calls(trunk, s).send().final(603)


def test_a_question_promises_nothing(site, trunk):
    s = site(WINDOW.format("16:00-17:00"), at=BEFORE)
    Call(trunk, s.address, s.uri(), method="OPTIONS", body="",
         caller=f"sip:{BOB}@example.net", headers=asserted()
         ).send().final(480)
    again(s, INSIDE, WINDOW.format("18:00-19:00"))
    calls(trunk, s).send().final(480)


# ---- a store that does not answer ----

def test_a_store_held_by_another_holds_up_nobody(site, trunk, pbx,
                                                 lock_holder):
    s = site(WINDOW.format("16:00-17:00"), at=BEFORE)
    calls(trunk, s, "+442071234500").send().final(480)
    with written_by_another(lock_holder, s):
        begun = time.monotonic()
        for i in range(20):
            calls(trunk, s, f"+4420712346{i:02}").send()
        options(pbx, s).expect(200)
        for i in range(20):
            trunk.expect(480, SOON_S)
        assert time.monotonic() - begun < SOON_S
        s.wait_line("answered before a promise")
    # it is written once that is possible, at the latest at the end
    s.stop()
    again(s, INSIDE, WINDOW.format("18:00-19:00"))
    is_connected(calls(trunk, s, "+442071234619"), pbx)


def test_calls_that_count_go_on_while_the_store_is_stopped(
        site, trunk, pbx, lock_holder):
    s = site('rules = ( { name = "few"; then = "accept"; '
             'at_most = "100 per 1d"; } );')
    is_connected(calls(trunk, s), pbx)
    with written_by_another(lock_holder, s):
        for batch in range(2):
            some = [calls(trunk, s, f"+442071235{batch}{i:02}").send()
                    for i in range(10)]
            waiting = {call.call_id: call for call in some}
            came = set()
            while len(came) < len(some):
                options(pbx, s)     # the loop answers all the while
                one = pbx.receive(SOON_S)
                if one.method == "INVITE":
                    pbx.reply(one, 180, tag="x")
                    pbx.reply(one, 486, tag="x")
                    came.add(one.get("Call-ID"))
            while waiting:
                answer = trunk.receive(SOON_S)
                call = waiting.get(answer.get("Call-ID"))
                if call and answer.code == 486:
                    call.ack(answer)
                    del waiting[call.call_id]
        assert s.counters()["calls_unanswered"] == 0
    s.stop()    # writes all of it


def test_a_policy_that_cannot_be_read_lets_the_call_pass(site, trunk, pbx):
    refuse = 'rules = ( { name = "no"; then = "refuse"; } );'
    s = site(refuse)
    calls(trunk, s).send().final(603)
    # the folder is another one now, and somebody opens that at this moment
    shutil.rmtree(s.folder / "store" / "policies")
    s.publish()
    with opened_by_another(s, "policies"):
        support.wait_for(lambda: passes(s, trunk, pbx), 20, "a call passes")
        assert s.wait_line("the store does not answer")
        assert s.counters()["faults"] >= 1
    support.wait_for(lambda: not passes(s, trunk, pbx), 20, "the policy")


def passes(site, trunk, pbx):
    """Whether a new call comes through; the loop never stands still."""
    call = calls(trunk, site, f"+44207{random.randrange(10**7):07}").send()
    options(pbx, site).expect(200)
    answer = trunk.receive(SOON_S)
    if answer.code == 603:
        call.ack(answer)
        return False
    pbx.reply(pbx.expect("INVITE", SOON_S), 486, tag="x")
    call.final(486)
    pbx.expect("ACK")
    return True


def test_memory_that_cannot_be_read_stops_no_policy(site, trunk, pbx):
    s = site('rules = ( { name = "never"; if = { from = "+4477*"; }; '
             'then = "refuse"; }, { name = "known"; if = { known = true; }; '
             'then = "accept"; }, { name = "no"; then = "refuse"; } );')
    s.stop()
    with opened_by_another(s, "memory"):
        s.run()
        # what asks nothing of it is as it was
        calls(trunk, s, "+447712345678").send().final(603, SOON_S)
        s.wait_line("memory cannot be read")
        call = calls(trunk, s).send()
        options(pbx, s).expect(200)
        # whether a proven caller is known cannot be said: it passes
        pbx.reply(pbx.expect("INVITE", SOON_S), 486, tag="x")
        call.final(486)
        pbx.expect("ACK")
        calls(trunk, s, "+447712345679").send().final(603, SOON_S)
    support.wait_for(lambda: not passes(s, trunk, pbx), 20, "the memory")


def test_what_comes_again_while_it_waits_is_one_call(site, trunk, pbx):
    s = site()
    s.stop()
    with opened_by_another(s, "memory"):
        s.run()
        call = calls(trunk, s)
        for _ in range(3):
            call.send()
        pbx.reply(pbx.expect("INVITE", SOON_S), 486, tag="x")
        call.final(486)
        pbx.expect("ACK")
        assert pbx.receive(0.3) is None
    assert len(s.wait_decisions(1)) == 1


def test_who_gives_up_while_it_waits_rings_nobody(site, trunk, pbx):
    s = site()
    s.stop()
    with opened_by_another(s, "memory"):
        s.run()
        # it must come within the 100 ms that the call waits
        support.wait_for(lambda: gives_up(s, trunk, pbx), 30, "silence")


def gives_up(site, trunk, pbx):
    call = calls(trunk, site).send()
    call.cancel()
    assert trunk.expect(200).get("CSeq").endswith("CANCEL")
    invite = pbx.receive(0.3)
    if invite is not None:      # too late this time
        pbx.reply(invite, 487, tag="x")
        pbx.expect("ACK")
    call.final(487)
    return invite is None


def test_forks_wait_together(site, trunk, pbx):
    s = site(WINDOW.format("16:00-17:00"), at=BEFORE)
    s.stop()
    with opened_by_another(s, "memory"):
        s.run()
        call = calls(trunk, s)
        for branch in ("z9hG4bKone", "z9hG4bKtwo", "z9hG4bKthree"):
            trunk.send(call.build("INVITE", branch=branch), s.address)
        answers = [trunk.expect(480, SOON_S) for _ in range(3)]
    assert {a.branch for a in answers} == {"z9hG4bKone", "z9hG4bKtwo",
                                           "z9hG4bKthree"}
    assert len(s.wait_decisions(1)) == 1


def test_publishing_is_seen_by_the_next_call(site, trunk, pbx):
    s = site()
    is_connected(calls(trunk, s), pbx)
    s.write('rules = ( { name = "no"; then = "refuse"; } );')
    s.publish()
    calls(trunk, s, "+442071234002").send().final(603)
    assert [line["verdict"] for line in s.wait_decisions(2)] == [
        "accept", "refuse"]


# ---- what outlives a restart ----

PHONE = "127.0.0.8"
TRUE = 'rules = ( ); otherwise = "accept";'


@pytest.fixture
def before_phones(site):
    return site(TRUE, sip='place = "phones";',
                write={"phones": ("sip:1001@example.com",)})


def kept(site, pbx, phone, seen=None):
    """Calls the phone as the PBX does: by Path, or by its Contact."""
    call = Call(pbx, site.address, "sip:1001@10.1.2.3:5060",
                to="sip:1001@example.com",
                route=seen.values("Path") if seen else ()).send()
    phone.reply(phone.expect("INVITE"), 486, "Busy", tag="p")
    call.final(486)
    phone.expect("ACK")


def wait_written(site, word):
    """Until it is written; durable it is when a later one is written too."""
    data = site.folder / "store" / "memory" / "data.mdb"
    support.wait_for(lambda: data.exists() and
                     word.encode() in data.read_bytes(), 20,
                     f"{word} in the store")


def test_phones_are_reached_after_a_crash(before_phones, speakers, pbx):
    s, phone = before_phones, speakers(PHONE)
    where = "<sip:1001@10.1.2.3:5060>"
    seen = register(phone, s, pbx, contact=where)
    wait_written(s, "sip:1001@10.1.2.3:5060")
    register(speakers("127.0.0.9"), s, pbx, user="1002",
             contact="<sip:1002@10.1.2.4:5060>")
    wait_written(s, "sip:1002@10.1.2.4:5060")
    s.kill()
    s.run()
    assert s.counters()["bindings"] >= 1
    kept(s, pbx, phone)
    kept(s, pbx, phone, seen)
    # its own calls are a phone's, as before
    Call(phone, s.address, "sip:2002@elsewhere.example",
         caller="sip:1001@example.com").send()
    assert pbx.expect("INVITE").uri == "sip:2002@elsewhere.example"
    # and what is unregistered stays so
    bindings = s.counters()["bindings"]
    register(phone, s, pbx, contact=where, expires=0)
    s.stop()
    s.run()
    assert s.counters()["bindings"] == bindings - 1


def test_the_way_back_outlives_a_crash(site, pbx, trunk, carrier):
    s = site('rules = ( { name = "no"; then = "refuse"; } );',
             trunks=f'"sip:{trunk.host}:{trunk.port}"')
    for number in ("+14155550177", "+14155550178"):
        Call(pbx, s.address, "urn:service:sos", caller="sip:x@example.com",
             headers=[f"P-Asserted-Identity: <tel:{number}>"]).send()
        trunk.reply(trunk.expect("INVITE"), 200, "OK", tag="psap")
        pbx.expect(200)
        wait_written(s, number)
    s.kill()
    s.run()
    assert s.counters()["callbacks"] >= 1
    Call(carrier, s.address, s.uri("+14155550177"),
         caller="sip:psap@city.example").send()
    assert pbx.expect("INVITE")


def test_a_restart_alone_opens_no_way_back(site, pbx, carrier):
    s = site('rules = ( { name = "no"; then = "refuse"; } );')
    s.kill()
    s.run()
    Call(carrier, s.address, s.uri()).send().final(603)
