"""Attempts that the milter remembers: caps, introductions, `tried`.

Times are of --at; the clock stands still but where the milter starts anew.
"""

import json
import threading

import support
from milter_client import Client

ONE = '{ name = "one"; then = "accept"; at_most = "1 per 30d"; }'
IN_ALL = '{ name = "all"; then = "accept"; at_most = "3 per 30d in all"; }'
INTRODUCING = '{ name = "friends"; if = { introduced = true; };' \
    ' then = "accept"; }, { name = "introduction"; if = { topic = "storage";' \
    ' }; then = "accept"; introduces = true; }, { name = "others"; then =' \
    ' "refuse"; }'
TRIED = '{ name = "enough"; if = { tried = "2 per 30d"; }; then = "refuse";' \
    ' }, { name = "not now"; then = "defer"; during = "00:00-20:00"; }'
TOPICS = '{ storage = [ "document storage" ]; }'
PITCH = "We sell document storage.\r\n"


def results(who):
    return ("Authentication-Results", "mx.example.com/4fXyZ; dmarc=pass "
            f"header.from={who.split('@')[1]}")


def send(site, number, proven=True, who="bob@sender.example",
         body="How are you?\r\n", to="alice@example.com"):
    """The answer that turns away, or None."""
    with Client(site.socket) as client:
        client.connect()
        client.macros("M", i="4fXyZ")
        (letter, text), = client.envelope(to, sender=who)
        if letter == "y":
            return text
        fields = [("From", who), ("Message-ID", f"<{number}@sender.example>")]
        letter, text, _ = client.message(
            ([results(who)] if proven else []) + fields, body)
        return text if letter == "y" else None


def begin(site, rules, **more):
    site.prefer("alice", rules, **more)
    site.publish()
    site.start()


def crash(site, at):
    for milter in site.milters:
        milter.kill()
    site.milters.clear()
    site.start(at=at)


def test_a_cap_counts_what_was_accepted_and_outlives_a_crash(site):
    begin(site, ONE)
    assert send(site, 1) is None
    crash(site, "2026-11-25T15:00:00-05:00")
    assert send(site, 2).startswith("550-5.7.1")
    assert "2026-12-24" in send(site, 2)
    assert send(site, 3, who="eve@sender.example").startswith("550")
    assert send(site, 4, who="ian@other.example") is None
    crash(site, "2026-12-24T14:59:59-05:00")
    assert send(site, 5) is not None
    crash(site, "2026-12-24T15:00:00-05:00")
    assert send(site, 6) is None


def test_a_lost_answer_costs_no_second_place(site):
    begin(site, ONE)
    assert send(site, 1) is None
    crash(site, "2026-11-24T15:30:00-05:00")
    assert send(site, 1) is None
    assert send(site, 2) is not None


def test_a_forger_uses_up_nobodys_cap(site):
    begin(site, ONE)
    assert send(site, 1, proven=False) is None
    assert send(site, 2, proven=False) is not None
    assert send(site, 3) is None


def test_many_at_once_get_the_places_there_are(site):
    begin(site, IN_ALL)
    answers = []

    def come(number):
        answers.append(send(site, number, who=f"a@firm{number}.example"))

    threads = [threading.Thread(target=come, args=(number,))
               for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    milter, = site.milters
    site.stop()
    # A machine that stands still lets pass what could not be kept in time.
    late = sum("not free for writing" in line for line in milter.lines)
    assert len(answers) == 8
    assert 3 <= answers.count(None) <= 3 + late


def test_whom_an_introduction_introduced_is_known_to_be(site):
    begin(site, INTRODUCING, topics=TOPICS)
    assert send(site, 1) is not None
    assert send(site, 2, proven=False, body=PITCH) is None
    assert send(site, 3) is not None
    assert send(site, 4, body=PITCH) is None
    assert send(site, 5) is None
    assert send(site, 6, proven=False) is not None
    said = support.run_usher(
        "explain", "-c", site.conf, "--to", "alice@example.com", "--from",
        "bob@sender.example", "--verified", "--at",
        "2026-11-24T15:00:00-05:00", "--json").json()
    assert said["rule"] == "friends"
    step = next(step for step in said["trace"]
                if step["condition"] == "introduced = true")
    assert step["fact"].startswith("sender.example is introduced until 2028")


def test_retries_are_one_attempt_however_many(site):
    begin(site, TRIED)
    for _ in range(4):
        assert send(site, 1).startswith("450")
    crash(site, "2026-11-24T21:00:00-05:00")
    assert send(site, 1) is None
    assert send(site, 2) is None

    def is_enough():
        return (send(site, 3) or "").startswith("550")

    # What no answer rests on is written in the background.
    support.wait_for(is_enough, 20, "the second attempt")


def test_an_introduction_names_its_numbers_whatever_its_rule_asks(site):
    """Nothing but the channel is asked, and the text is read all the same."""
    begin(site, '{ name = "in"; if = { channel = "email"; };'
                ' then = "accept"; introduces = true; }')

    def linked():
        said = support.run_usher("link", "list", "-c", site.conf,
                                 "alice@example.com", "--json")
        return [json.loads(line)["number"] for line in said.stdout.splitlines()
                if line.startswith("{")]
    assert send(site, 1, proven=False,
                body="Call me: +44 20 7123 4567.\r\n") is None
    assert linked() == []
    assert send(site, 2, body="Call me: +44 20 7123 4567.\r\n") is None
    assert linked() == ["+442071234567"]
    shown = support.run_usher("show", "-c", site.conf, "alice@example.com",
                              "--at", "2026-11-24T15:00").stdout
    assert "\n\nNumbers that introductions joined with their senders:\n" \
        "  +442071234567 is sender.example until 2028-11-2" in shown
    gone = support.run_usher("show", "-c", site.conf, "alice@example.com",
                             "--at", "2028-12-01")
    assert gone.code == 0 and "joined" not in gone.stdout
