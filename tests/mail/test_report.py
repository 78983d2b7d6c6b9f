"""What the milter counts, and whose standing that moves."""

import json

import support
from test_attempts import begin, send

# who it is decides, so that it is answered when that was shown
REFUSE = '{ name = "friends"; if = { from = "friend.example"; }; then =' \
    ' "accept"; }, { name = "no"; then = "refuse"; }'


def report(site, *words):
    said = support.run_usher("report", "-c", site.conf, "--json", *words)
    assert said.code == 0, said.stderr
    return [json.loads(line) for line in said.stdout.splitlines()]


def total(site, *words):
    return sum(row["count"] for row in report(site, *words))


def standing(site, party):
    said = support.run_usher("standing", "-c", site.conf, "--json", "--at",
                             "2026-11-24T15:00:00-05:00", party)
    assert said.code == 0, said.stderr
    return json.loads(said.stdout)


def test_each_decided_mail_is_counted_while_the_milter_runs(site):
    begin(site, REFUSE)
    assert send(site, 1).startswith("550")
    assert send(site, 2, proven=False, who="eve@other.example")
    support.wait_for(lambda: total(site) == 2, 60, "two counts")
    rows = report(site, "alice@example.com")
    assert [(row["party"], row["proven"]) for row in rows] == [
        ("other.example", False), ("sender.example", True)]
    assert {row["hour"] for row in rows} == {"2026-11-24T15:00:00-05:00"}
    assert {row["verdict"] for row in rows} == {"refuse"}
    assert report(site, "--by", "channel", "--until", "2026-11-25") == [
        {"recipient": "alice@example.com", "channel": "email", "count": 2}]
    assert report(site, "--since", "2026-11-24T21:00:00Z") == []
    assert report(site, "bob@example.com") == []
    kept = support.run_usher("export", "-c", site.conf, "alice@example.com")
    assert '"record":"count"' in kept.stdout
    assert '"day":"2026-11-24"' in kept.stdout


def test_who_is_turned_away_everywhere_has_poor_standing(site):
    people = ["alice", "bea", "cid", "dan"]
    for name in people[1:]:
        site.prefer(name, REFUSE)
    begin(site, REFUSE)
    for name in people:
        for number in range(3):
            send(site, f"{name}{number}", to=f"{name}@example.com")
            # a forger tells nothing of whom he names
            send(site, f"{name}f{number}", to=f"{name}@example.com",
                 proven=False, who="eve@other.example")
    site.stop()
    assert total(site) == 24
    told = standing(site, "bob@sender.example")
    assert told["remembered_as"] == "sender.example"
    assert (told["standing"], told["recipients"]) == ("poor", 4)
    assert (told["inside"], told["outside"]) == (0, 8)
    assert standing(site, "eve@other.example")["standing"] == "new"


def test_one_recipient_ruins_no_standing(site):
    begin(site, REFUSE)
    for number in range(12):
        send(site, number)
    site.stop()
    told = standing(site, "sender.example")
    assert told["standing"] == "new" and told["figure"] > -0.1


def test_what_only_is_observed_is_counted_and_no_offence(site):
    site.configure(mode="observe")
    for name in ["bea", "cid", "dan"]:
        site.prefer(name, REFUSE)
    begin(site, REFUSE)
    for name in ["alice", "bea", "cid", "dan"]:
        for number in range(3):
            send(site, f"{name}{number}", to=f"{name}@example.com")
    site.stop()
    assert total(site) == 12
    assert standing(site, "sender.example")["recipients"] == 0


def test_the_week_that_is_shown_knows_of_a_cap_that_is_reached(site):
    begin(site, '{ name = "few"; if = { channel = "email"; }; then = "accept";'
          ' at_most = "1 per 2d in all"; }')
    show = ["show", "-c", site.conf, "--at", "2026-11-24T15:00:00-05:00",
            "alice@example.com"]
    before = support.run_usher(*show).stdout
    assert "defer" not in before
    assert send(site, 1) is None
    site.stop()
    after = support.run_usher(*show).stdout
    assert "defer" in after and "accept" in after
