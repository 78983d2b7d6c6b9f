"""Promises by mail: what is remembered of a 450, and what keeps it.

Times are of --at, so every instant is a start of the milter of its own: that
promises outlive the daemon is part of each test.
"""

import subprocess

import pytest

import support
from milter_client import Client

MORNINGS = '{ name = "mornings"; then = "accept"; during = "09:00-12:00"; }'
FRIDAYS = '{ name = "Fridays"; then = "accept"; during = "Fri 09:00-12:00"; }'
TUESDAY = "2026-11-24T15:00:00-05:00"
TOPICS = '{ storage = [ "document storage" ]; }'
PITCH = "We sell document storage.\r\n"
RESULTS = ("Authentication-Results", "mx.example.com/4fXyZ; dmarc=pass "
           "header.from=partner.example")


def attempt(site, *to, sender="bob@sender.example", fields=(),
            from_="bob@sender.example", body="How are you?\r\n"):
    """The answers to RCPT that turn away, and the end's: text or None."""
    to = to or ("alice@example.com",)
    with Client(site.socket) as client:
        client.connect()
        client.macros("M", i="4fXyZ")
        answers = client.envelope(*to, sender=sender)
        away = [text for letter, text in answers if letter == "y"]
        if len(away) == len(to):
            return away, None
        letter, text, _ = client.message([*fields, ("From", from_)], body)
        return away, text if letter == "y" else None


def at(site, instant, *to, **more):
    """The same at another time, after a crash."""
    for milter in site.milters:
        milter.kill()
    site.milters.clear()
    site.start(at=instant)
    return attempt(site, *to, **more)


ACCEPTED = ([], None)


@pytest.fixture
def mornings(site):
    site.prefer("alice", MORNINGS)
    site.publish()
    return site


def deferred(result, code="450"):
    away, end = result
    return end is None and len(away) == 1 and away[0].startswith(code)


def test_who_was_deferred_is_accepted_hours_after_the_window(mornings):
    assert deferred(at(mornings, TUESDAY))
    # Not before it has opened.
    assert deferred(at(mornings, "2026-11-25T08:59:59-05:00"))
    assert at(mornings, "2026-11-25T19:00:00-05:00") == ACCEPTED
    # A lost answer brings the same mail again.
    assert at(mornings, "2026-11-25T19:59:00-05:00") == ACCEPTED
    assert deferred(at(mornings, "2026-11-25T20:01:00-05:00"))


def test_an_accept_inside_the_window_uses_it_up_too(mornings):
    assert deferred(at(mornings, TUESDAY))
    assert at(mornings, "2026-11-25T09:30:00-05:00") == ACCEPTED
    assert deferred(at(mornings, "2026-11-25T19:00:00-05:00"))


def test_rcpt_alone_uses_nothing_up(mornings):
    assert deferred(at(mornings, TUESDAY))
    for milter in mornings.milters:
        milter.kill()
    mornings.milters.clear()
    mornings.start(at="2026-11-25T19:00:00-05:00")
    for _ in range(2):
        with Client(mornings.socket) as client:
            client.connect()
            answer, = client.envelope("alice@example.com")
            assert answer[0] == "c"
    assert at(mornings, "2026-11-26T19:00:00-05:00") == ACCEPTED


def test_three_colleagues_are_all_let_in(mornings):
    colleagues = [f"{name}@sender.example" for name in ("bob", "eve", "ian")]
    at(mornings, TUESDAY)
    for one in colleagues:
        assert deferred(attempt(mornings, sender=one, from_=one))
    at(mornings, "2026-11-25T19:00:00-05:00", sender="bob@sender.example")
    for one in colleagues[1:]:
        assert attempt(mornings, sender=one, from_=one) == ACCEPTED


def test_strangers_gain_nothing(mornings):
    assert deferred(at(mornings, TUESDAY))
    assert deferred(at(mornings, "2026-11-25T19:00:00-05:00",
                       sender="eve@other.example"))


def test_beyond_patience_it_stands_all_the_same(site):
    site.prefer("alice", FRIDAYS)
    site.publish()
    assert deferred(at(site, TUESDAY), "550")
    assert at(site, "2026-11-29T15:00:00-05:00") == ACCEPTED


def test_at_the_end_of_the_message_too(site):
    """And by proof: under another envelope sender RCPT waits for it."""
    site.prefer("alice", '{ name = "pitches"; if = { topic = "storage"; };'
                ' then = "accept"; during = "09:00-12:00"; }', topics=TOPICS)
    site.publish()
    proven = {"fields": [RESULTS], "from_": "ann@partner.example",
              "body": PITCH}
    away, end = at(site, TUESDAY, sender="x1@mailer.example", **proven)
    assert end.startswith("450")
    assert at(site, "2026-11-25T19:00:00-05:00",
              sender="y2@relay.example", **proven) == ACCEPTED


def test_several_deferred_alike_share_an_answer(site):
    for name in "alice", "bert":
        site.prefer(name, '{ name = "p"; if = { topic = "storage"; };'
                    ' then = "accept"; during = "09:00-12:00"; }',
                    topics=TOPICS)
    site.publish()
    to = ("alice@example.com", "bert@example.com")
    away, end = at(site, TUESDAY, *to, body=PITCH)
    assert end.startswith("450") and "Alice" not in end and "Bert" not in end
    assert at(site, "2026-11-25T19:00:00-05:00", *to, body=PITCH) == ACCEPTED


# ---- what cannot be promised ----

def test_an_open_door_and_something_missing_is_final(site):
    """A retry of the same mail never brings it."""
    site.prefer("alice", '{ name = "proof"; then = "accept";'
                ' requires = { attachment = [ "pdf" ]; }; else = "defer"; }')
    site.publish()
    away, end = at(site, TUESDAY)
    assert end.startswith("550") and "pdf" in end


def test_without_memory_no_450(mornings):
    (mornings.folder / "store" / "memory").write_text("no folder")
    assert at(mornings, TUESDAY) == ACCEPTED
    milter, = mornings.milters
    milter.wait_line("fault ", "alice@example.com")
    assert milter.decision("alice@example.com")["because"] \
        == "no promise could be kept"
    milter.stop()
    assert "unkept=1" in milter.wait_line("counts ")


def test_while_another_writes_no_450(mornings, tmp_path):
    """Locked over 200 ms: the mail passes, and quickly."""
    at(mornings, TUESDAY, sender="first@sender.example")
    holder = tmp_path / "holder"
    subprocess.run(["cc", "-o", holder,
                    support.ROOT / "tests" / "mail" / "lock_holder.c",
                    "-llmdb"], check=True)
    process = subprocess.Popen([holder, mornings.folder / "store" / "memory"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"locked\n"
        assert attempt(mornings) == ACCEPTED
    finally:
        process.communicate(timeout=30)
    assert deferred(attempt(mornings))


# ---- held instead ----

def held(site):
    return support.run_usher("held", "--json", "-c", site.conf).lines()


def test_a_deferred_mail_is_held_until_its_opening(site):
    site.configure('authserv_ids = [ "mx.example.com" ]; defer = "hold";')
    site.prefer("alice", MORNINGS)
    site.prefer("bert", '{ name = "later"; then = "accept";'
                ' during = "09:30-12:00"; }')
    site.prefer("carol", FRIDAYS)
    site.prefer("dora", '{ name = "never"; then = "defer"; }')
    site.publish()
    milter = site.start()
    with Client(site.socket) as client:
        client.connect()
        client.macros("M", i="4fXyZ")
        answers = client.envelope("alice@example.com", "bert@example.com")
        assert [letter for letter, _ in answers] == ["c", "c"]
        letter, _, edits = client.message()
        assert letter in "ca"
        (kind, reason), = [edit for edit in edits if edit[0] == "q"]
        assert b"2026-11-25T14:30:00Z" in reason
    mail, = held(site)
    assert mail["id"] == "4fXyZ" if "id" in mail else True
    assert milter.decision("alice@example.com")["outcome"] == "held"
    # Without an opening nothing is held.
    assert deferred(attempt(site, "dora@example.com"), "550")
    # Friday's is another hour.
    away, end = attempt(site, "alice@example.com", "carol@example.com",
                        sender="eve@sender.example")
    assert away == [] and end.startswith("451 4.5.3")
