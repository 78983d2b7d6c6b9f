"""Held mails: what `usher held` lists and `usher release` lets go.

Over a real Postfix for what only it can show; else the milter is spoken to by
hand and the mail server's programs are small scripts that note how they were
called, so that every way a queue can look is tried.
"""

import datetime
import json
import os

import pytest

import mail_site
import support
from mail_site import mail
from milter_client import Client

HOLD = 'authserv_ids = [ "mx.example.com" ]; defer = "hold"; hold_days = 3;'
UTC = datetime.timezone.utc


def in_hours(hours):
    """That many hours from now, as TIME of the command line."""
    when = datetime.datetime.now(UTC) + datetime.timedelta(hours=hours)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def opens_in(hours):
    """A rule whose window begins so many hours from now, for one."""
    begin = datetime.datetime.now(UTC) + datetime.timedelta(hours=hours)
    end = begin + datetime.timedelta(hours=1)
    return (f'{{ name = "later"; then = "accept"; during = '
            f'"{begin:%H:%M}-{end:%H:%M} UTC"; }}')


def held(site):
    done = support.run_usher("held", "-c", site.conf, "--json")
    assert done.code == 0, done.stderr
    return done.lines()


# ---- a real Postfix ----

@pytest.fixture
def holding(postfix, site):
    """A site that holds what comes before its opening, two hours from now."""
    site.configure(mail=HOLD)
    site.prefer("alice", opens_in(2))
    site.publish()
    milter = site.start(at=None)
    yield milter
    postfix.command("postsuper", "-d", "ALL", "hold")


def send(postfix, sender="bob@sender.example", to="alice@example.com"):
    with postfix.session() as smtp:
        smtp.mail(sender, ["SIZE=1000"])
        assert smtp.rcpt(to)[0] == 250
        code, text = smtp.data(mail())
    assert code == 250, text


def release(postfix, site, *words):
    return support.run_usher("release", "-c", site.conf, *words, timeout=90,
                             env={"MAIL_CONFIG": str(postfix.etc)})


def queue(postfix):
    done = postfix.command("postqueue", "-j")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_mail_waits_for_its_opening_and_goes_once(postfix, site, holding):
    send(postfix)
    waiting, = held(site)
    assert waiting["sender"] == "bob@sender.example"
    assert waiting["recipients"] == ["alice@example.com"]
    assert waiting["mta"].startswith("Postfix")
    assert waiting["due"] is False
    assert waiting["bytes"] >= 1000
    assert waiting["opening"]["from"][:10] in (in_hours(2)[:10],
                                               in_hours(1)[:10])
    entry, = queue(postfix)
    assert (entry["queue_name"], entry["queue_id"]) == ("hold", waiting["id"])
    done = release(postfix, site)
    assert (done.code, done.stdout) == (0, "")
    assert queue(postfix)[0]["queue_name"] == "hold"

    judged = len(holding.decisions())
    done = release(postfix, site, "--due", "--at", in_hours(2.5))
    assert done.code == 0, done.stderr
    assert done.stdout.startswith(f"{waiting['id']}: released, for alice@")
    assert len(postfix.mails("alice")) == 1
    assert held(site) == []
    assert len(holding.decisions()) == judged
    # A second run finds nothing to do.
    done = release(postfix, site, "--at", in_hours(2.5))
    assert (done.code, done.stdout) == (0, "")
    assert len(postfix.mails("alice")) == 1


def test_an_old_mail_is_queued_anew(postfix, site, holding):
    """Past half of Postfix's patience, and no milter sees it again."""
    send(postfix, sender="")  # the null sender is MAILER-DAEMON in the list
    waiting, = held(site)
    judged = len(holding.decisions())
    done = release(postfix, site, "--at", in_hours(24 * 3))
    assert done.code == 0, done.stderr
    assert "released" in done.stdout
    # pickup(8) looks each minute by itself.
    postfix.command("postkick", "public", "pickup", "W")
    assert len(postfix.mails("alice")) == 1
    assert held(site) == []
    assert len(holding.decisions()) == judged
    assert f"{waiting['id']}: removed" not in postfix.log()


def test_a_mail_is_released_by_hand(postfix, site, holding):
    send(postfix)
    send(postfix, sender="carol@sender.example")
    first, second = held(site)
    done = release(postfix, site, second["id"])
    assert done.code == 0, done.stderr
    assert len(postfix.mails("alice")) == 1
    assert held(site) == [first]
    done = release(postfix, site, "--due", first["id"])
    assert (done.code, done.stdout) == (0, "")
    done = release(postfix, site, "4NOSUCHID")
    assert done.code == 1
    assert "no message 4NOSUCHID is held" in done.stderr
    assert held(site) == [first]


def test_a_mail_let_go_by_the_administrator_is_forgotten(postfix, site,
                                                         holding):
    send(postfix)
    waiting, = held(site)
    postfix.command("postsuper", "-H", waiting["id"])
    postfix.command("postqueue", "-i", waiting["id"])
    assert len(postfix.mails("alice")) == 1
    done = release(postfix, site, "--at", in_hours(2.5))
    assert done.code == 0, done.stderr
    assert "any more" in done.stdout or "already" in done.stdout
    assert held(site) == []


# ---- a mail server of scripts ----

class Programs:
    """postqueue, postsuper, postconf and sendmail that write calls down."""

    def __init__(self, folder):
        self.folder = folder / "programs"
        self.folder.mkdir()
        self.calls = folder / "calls"
        self.queue = folder / "queue"
        self.queue.write_text("")
        self.add("postconf", "echo 4d")
        self.add("postqueue", f'[ "$1" != -j ] || cat {self.queue}')
        self.add("postsuper", "exit 0")
        self.add("sendmail", f'case "$*" in *-bp*) cat {self.queue} ;; esac')

    def add(self, name, body):
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.calls}\n{body}\n')
        path.chmod(0o755)

    def list(self, **entry):
        with open(self.queue, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def called(self):
        return (self.calls.read_text().splitlines()
                if self.calls.exists() else [])

    def release(self, site, *words):
        return support.run_usher(
            "release", "-c", site.conf, *words,
            env={"PATH": f"{self.folder}:{os.environ['PATH']}"})


@pytest.fixture
def scripted(tmp_path):
    """A site whose milter is spoken to by hand."""
    here = mail_site.Site(tmp_path, tmp_path / "milter.sock")
    here.configure(mail=HOLD + ' socket_group = "";')
    here.conf.write_text(here.conf.read_text().replace(
        'socket_group = "postfix"; ', ""))
    here.prefer("alice", opens_in(2))
    here.publish()
    here.start(at=None)
    yield here
    here.stop()


def hold(site, queue_id="4ABCDEF", mta="Postfix 3.7.11",
         sender="bob@sender.example"):
    with Client(site.socket) as client:
        client.macros("C", v=mta, j="mx.example.com")
        client.connect()
        client.macros("M", i=queue_id)
        client.envelope("alice@example.com", sender=sender)
        client.macros("E", i=queue_id)
        letter, _, edits = client.message()
        assert letter in "ac" and "q" in dict(edits), site.milters[0].lines
    return next(one for one in held(site) if one["id"] == queue_id)


@pytest.fixture
def programs(tmp_path):
    return Programs(tmp_path)


def arrival(entry):
    return int(datetime.datetime.fromisoformat(entry["arrival"]).timestamp())


ASK = ["postconf -h maximal_queue_lifetime", "postqueue -j"]


def test_postfix_is_told_in_its_own_terms(scripted, programs):
    entry = hold(scripted)
    programs.list(queue_id="4ABCDEF", queue_name="hold",
                  arrival_time=arrival(entry), sender=entry["sender"])
    done = programs.release(scripted, "--at", in_hours(2.5))
    assert done.code == 0, done.stderr
    assert programs.called() == ASK + ["postsuper -H 4ABCDEF",
                                       "postqueue -i 4ABCDEF"]
    assert held(scripted) == []


@pytest.mark.parametrize("hours, option", [(47.5, "-H"), (48.5, "-r")])
def test_half_of_postfix_patience_decides_how(scripted, programs, hours,
                                              option):
    entry = hold(scripted)
    programs.list(queue_id="4ABCDEF", queue_name="hold",
                  arrival_time=arrival(entry), sender=entry["sender"])
    assert programs.release(scripted, "--at", in_hours(hours)).code == 0
    assert programs.called()[2] == f"postsuper {option} 4ABCDEF"


@pytest.mark.parametrize("changes, said", [
    ({"sender": "eve@sender.example"}, "another message"),
    ({"arrival_time": 1700000000}, "another message"),
    ({"queue_name": "active"}, "released already"),
    ({"queue_id": "4ABCDEG"}, "not in the queue any more"),
])
def test_what_is_not_the_held_mail_is_not_touched(scripted, programs, changes,
                                                  said):
    entry = hold(scripted)
    programs.list(**{"queue_id": "4ABCDEF", "queue_name": "hold",
                     "arrival_time": arrival(entry),
                     "sender": entry["sender"], **changes})
    done = programs.release(scripted, "--at", in_hours(2.5))
    assert done.code == 0, done.stderr
    assert said in done.stdout
    assert programs.called() == ASK
    assert held(scripted) == []


def test_a_mail_on_its_way_into_the_queue_stays_held(scripted, programs):
    hold(scripted)
    done = programs.release(scripted, "4ABCDEF")
    assert (done.code, "not in the queue yet" in done.stdout) == (0, True)
    assert len(held(scripted)) == 1


@pytest.mark.parametrize("broken", ["postqueue", "postsuper", "postconf"])
def test_a_program_that_fails_releases_nothing(scripted, programs, broken):
    entry = hold(scripted)
    programs.list(queue_id="4ABCDEF", queue_name="hold",
                  arrival_time=arrival(entry), sender=entry["sender"])
    programs.add(broken, "exit 69")
    done = programs.release(scripted, "--at", in_hours(2.5))
    assert done.code == 3
    assert f"{broken} ended with 69" in done.stderr
    assert len(held(scripted)) == 1


def test_sendmail_is_told_in_its_own_terms(scripted, programs):
    hold(scripted, queue_id="1AO00pTc012345", mta="8.17.1")
    programs.queue.write_text("1AO00pTc012345  100 Tue <bob@sender.example>\n")
    done = programs.release(scripted, "--at", in_hours(2.5))
    assert done.code == 0, done.stderr
    assert programs.called() == ["sendmail -bp -qQ -qI1AO00pTc012345",
                                 "sendmail -Q -qQ -qI1AO00pTc012345",
                                 "sendmail -qI1AO00pTc012345"]
    assert held(scripted) == []


def test_another_sendmail_is_named(scripted, programs):
    hold(scripted, queue_id="1AO00pTc012345", mta="8.17.1")
    programs.queue.write_text("1AO00pTc012345\n")
    assert programs.release(scripted, "--sendmail-conf", "/x/sendmail.cf",
                            "1AO00pTc012345").code == 0
    assert programs.called()[1] == (
        "sendmail -C /x/sendmail.cf -Q -qQ -qI1AO00pTc012345")


def test_held_is_told_to_people_too(scripted, programs):
    assert support.run_usher("held", "-c", scripted.conf).stdout == (
        "Nothing is held.\n")
    hold(scripted)
    done = support.run_usher("held", "-c", scripted.conf)
    assert done.code == 0
    assert done.stdout.startswith("4ABCDEF  opens ")
    assert "from <bob@sender.example> to <alice@example.com>" in done.stdout
    assert "(due)" not in done.stdout
    done = support.run_usher("held", "-c", scripted.conf, "--at",
                             in_hours(2.5))
    assert "(due)" in done.stdout
