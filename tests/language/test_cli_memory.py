"""usher learn and usher pause, and what explain says of memory."""

import pytest

from cli_samples import KEYS  # noqa: F401

CONF = """
site = { domains = [ "example.com" ]; timezone = "UTC"; };
preferences = [ "alice.conf" ];
store = "lmdb:store";
mail = { trust = "claimed"; };
"""
ALICE = """
addresses = [ "alice@example.com", "ng@example.com" ];
timezone = "Europe/Berlin";
rules = ( { name = "friends"; if = { known = true; }; then = "accept"; } );
otherwise = "refuse";
"""
MAIL = """\
From: Alice <{sender}>
To: {to}
Cc: Carol <carol.jones@gmail.com>
Bcc: team: dan@one.example, <eve@two.example>;
Subject: {subject}
{more}Date: Mon, 23 Nov 2026 09:00:00 +0000

Hello.
"""
LOG = """\
Nov 22 04:00:01 mx kernel: something else
Nov 22 04:00:02 mx postfix/qmgr[11]: 4AB12F00: from=<alice@example.com>, \
size=500, nrcpt=4 (queue active)
Nov 22 04:00:02 mx postfix/qmgr[11]: 4CD34F00: from=<mallory@example.org>, \
size=500, nrcpt=1 (queue active)
Nov 22 04:00:03 mx postfix/smtp[12]: 4AB12F00: to=<bob@mail.vendor.example>, \
relay=mx.vendor.example[192.0.2.1]:25, dsn=2.0.0, status=sent (250 ok)
Nov 22 04:00:03 mx postfix/smtp[12]: 4AB12F00: to=<x@bounced.example>, \
relay=none, dsn=5.1.1, status=bounced (no)
Nov 22 04:00:03 mx postfix/smtp[12]: 4AB12F00: to=<no-reply@robot.example>, \
relay=mx, dsn=2.0.0, status=sent (250 ok)
Nov 22 04:00:03 mx postfix/local[12]: 4AB12F00: to=<carol@example.com>, \
relay=local, dsn=2.0.0, status=sent (delivered)
Nov 22 04:00:03 mx postfix/smtp[12]: 4CD34F00: to=<m@mallory.example>, \
relay=mx, dsn=2.0.0, status=sent (250 ok)
Nov 22 04:00:04 mx postfix/qmgr[11]: 4AB12F00: removed
Nov 22 04:00:05 mx postfix/smtp[12]: 4AB12F00: to=<late@again.example>, \
relay=mx, dsn=2.0.0, status=sent (250 ok)
2026-11-22T04:00:06.123456+00:00 mx sm-mta[13]: 5AM01x000013: \
from=<ng@example.com>, size=20, class=0, nrcpts=2
2026-11-22T04:00:07.123456+00:00 mx sm-mta[14]: 5AM01x000013: \
to=<f@five.example>,<g@six.example>, delay=00:00:01, mailer=esmtp, \
dsn=2.0.0, stat=Sent (ok)
2026-11-22T04:00:07.123456+00:00 mx sm-mta[14]: 5AM01x000013: \
to=<h@seven.example>, delay=00:00:01, dsn=4.0.0, stat=Deferred
"""


@pytest.fixture
def site(usher, tmp_path):
    (tmp_path / "usher.conf").write_text(CONF)
    (tmp_path / "alice.conf").write_text(ALICE)
    assert usher("publish", "-c", tmp_path / "usher.conf").code == 0
    return tmp_path / "usher.conf"


@pytest.fixture
def knows(usher, site):
    def run(who, *words):
        said = usher("explain", "-c", site, "--to", "alice@example.com",
                     "--from", who, "--json", *words)
        return said.json()["rule"] == "friends"
    return run


def mail(sender="alice@example.com", to="Bob <bob@sub.vendor.example>",
         subject="Hello", more=""):
    return MAIL.format(sender=sender, to=to, subject=subject, more=more)


def mbox(path, *mails):
    path.write_text("\n".join(
        f"From x@example.com Tue Nov 24 15:00:00 2026\n{one}"
        for one in mails))
    return path


@pytest.fixture
def learn(usher, site):
    def run(*words):
        return usher("learn", "-c", site, "--for", "alice@example.com",
                     *words)
    return run


def parties(said):
    return [line.split()[0] for line in said.stdout.splitlines()[:-1]]


# ---- learn ----

def test_a_sent_folder_makes_its_recipients_known(learn, knows, tmp_path):
    assert not knows("bob@vendor.example")
    said = learn(mbox(tmp_path / "Sent", mail(), mail()))
    assert said.code == 0 and said.stderr == ""
    assert parties(said) == ["vendor.example", "carol.jones@gmail.com",
                             "one.example", "two.example"]
    assert said.stdout.splitlines()[0] == (
        "vendor.example  2 times, as bob@sub.vendor.example")
    assert said.stdout.splitlines()[-1] == (
        "4 parties are known to alice@example.com")
    assert knows("anybody@else.vendor.example")
    assert knows("carol.jones@gmail.com")
    assert not knows("carol.smith@gmail.com")
    assert knows("dan@one.example") and knows("eve@two.example")


def test_a_dry_run_writes_nothing(learn, knows, tmp_path, site):
    said = learn("--dry-run", mbox(tmp_path / "Sent", mail()))
    assert said.code == 0 and "vendor.example" in said.stdout
    assert said.stdout.endswith("4 parties would be known to "
                                "alice@example.com\n")
    assert not knows("bob@vendor.example")
    assert not (tmp_path / "store" / "memory").exists()


@pytest.mark.parametrize("one", [
    mail(sender="mallory@example.org"),
    mail(more="Auto-Submitted: auto-replied\n"),
    mail(more="List-Id: <x.example.org>\n"),
    mail(more="Content-Type: multipart/report; boundary=x\n"),
    mail(subject="Unsubscribe"),
])
def test_what_was_not_written_by_hand_is_not_learned(learn, tmp_path, one):
    said = learn(mbox(tmp_path / "Sent", one))
    assert said.stdout == "0 parties are known to alice@example.com\n"


@pytest.mark.parametrize("to", [
    "noreply@vendor.example", "list-unsubscribe@vendor.example",
    "leave-123@vendor.example", "gnu-devel-request@vendor.example",
    "x@lists.vendor.example", "users@googlegroups.com",
    "alice+x@example.com", "ng@example.com", "nobody",
])
def test_robots_lists_and_oneself_are_not_learned(learn, tmp_path, to):
    said = learn(mbox(tmp_path / "Sent", mail(to=to)))
    assert parties(said) == ["carol.jones@gmail.com", "one.example",
                             "two.example"]


def test_any_own_address_may_have_written(learn, tmp_path):
    folder = tmp_path / ".Sent" / "cur"
    folder.mkdir(parents=True)
    (folder / "1:2,S").write_text(mail(sender="ng@example.com"))
    assert "vendor.example" in parties(learn(tmp_path / ".Sent"))


def test_a_mail_log_makes_whoever_got_it_known(learn, knows, tmp_path):
    (tmp_path / "mail.log").write_text(LOG)
    said = learn(tmp_path / "mail.log")
    assert said.code == 0
    assert parties(said) == ["vendor.example", "five.example", "six.example"]
    assert knows("bob@vendor.example") and knows("g@six.example")
    assert not knows("m@mallory.example")


def test_learn_needs_to_know_whose_and_from_what(usher, learn, tmp_path):
    said = usher("learn", tmp_path / "x")
    assert said.code == 2 and "--for WHO" in said.stderr
    assert learn().code == 2
    said = learn(tmp_path / "missing")
    assert said.code == 2 and "missing" in said.stderr


def test_what_is_known_is_the_recipients_own(usher, learn, knows, tmp_path,
                                             site):
    (tmp_path / "alice.conf").write_text(ALICE.replace("alice@", "al@")
                                         .replace("ng@", "n@"))
    learn(mbox(tmp_path / "Sent", mail()))
    usher("publish", "-c", site)
    said = usher("explain", "-c", site, "--to", "al@example.com", "--from",
                 "bob@vendor.example", "--json")
    assert said.json()["rule"] == "otherwise"


def test_explain_tells_whom_memory_knows_and_until_when(usher, learn, site,
                                                        tmp_path):
    learn(mbox(tmp_path / "Sent", mail()))
    said = usher("explain", "-c", site, "--to", "alice@example.com",
                 "--from", "bob@vendor.example", "--json")
    assert list(said.json()) == KEYS
    (step,) = [step for step in said.json()["trace"]
               if step["condition"] == "known = true"]
    assert step["fact"].startswith("vendor.example is known until 20")
    assert step["proven"] == "yes"


def test_known_is_proven_only_where_the_sender_is(usher, learn, site,
                                                  tmp_path):
    site.write_text(CONF.replace('"claimed"', '"verified"'))
    learn(mbox(tmp_path / "Sent", mail()))
    words = ("explain", "-c", site, "--to", "alice@example.com", "--from",
             "bob@vendor.example", "--json")
    assert usher(*words).json()["rule"] == "otherwise"
    assert usher(*words, "--verified").json()["rule"] == "friends"


def test_check_warns_of_an_empty_memory_while_it_is(usher, learn, site,
                                                    tmp_path):
    assert "memory is empty" in usher("check", "-c", site).stdout
    learn(mbox(tmp_path / "Sent", mail()))
    assert "memory is empty" not in usher("check", "-c", site).stdout


# ---- pause ----

def pauses(usher, site, at, who="alice@example.com"):
    said = usher("explain", "-c", site, "--to", who, "--from",
                 "bob@vendor.example", "--at", at)
    shown = usher("show", "-c", site, "--at", at, who).stdout
    assert ("Paused until" in said.stdout) == ("Paused until" in shown)
    return "Paused until" in said.stdout


def test_a_pause_is_in_force_until_its_time(usher, site):
    said = usher("pause", "-c", site, "alice@example.com", "--until",
                 "2037-11-24T15:00")
    assert said.code == 0
    assert said.stdout == ("alice@example.com: only observed until "
                           "2037-11-24T15:00:00+01:00\n")
    assert pauses(usher, site, "2037-11-24T14:59")
    assert not pauses(usher, site, "2037-11-24T15:00")
    said = usher("explain", "-c", site, "--to", "alice@example.com", "--from",
                 "bob@vendor.example", "--at", "2037-11-24T14:59", "--json")
    assert said.json()["verdict"] == "refuse"
    assert {"rule": "pause", "part": "pause", "fact": "remembered",
            "condition": "observe until 2037-11-24T14:00:00Z",
            "proven": "yes", "claimed": "yes"} in said.json()["trace"]


def test_a_pause_of_the_site_is_everybodys(usher, site):
    assert usher("pause", "-c", site, "--until", "2037-11-24T15:00").stdout == (
        "the site: only observed until 2037-11-24T15:00:00Z\n")
    assert pauses(usher, site, "2037-11-24T14:00Z")


def test_a_pause_can_be_ended(usher, site):
    usher("pause", "-c", site, "ng@example.com", "--until", "2037-11-24T15:00")
    assert pauses(usher, site, "2037-11-01T00:00")
    said = usher("pause", "-c", site, "alice@example.com", "--until", "now")
    assert (said.code, said.stdout) == (
        0, "alice@example.com: the pause is over\n")
    assert not pauses(usher, site, "2037-11-01T00:00")


@pytest.mark.parametrize("words, complaint", [
    (["alice@example.com"], "--until TIME"),
    (["alice@example.com", "--until", "whenever"], "--until: "),
    (["alice@example.com", "--until", "2020-01-01T00:00"], "is past"),
    (["a@example.com", "b@example.com", "--until", "now"], "one recipient"),
])
def test_pause_says_what_is_wrong(usher, site, words, complaint):
    said = usher("pause", "-c", site, *words)
    assert said.code == 2 and complaint in said.stderr


def test_nobody_is_paused_who_published_nothing(usher, site):
    said = usher("pause", "-c", site, "z@example.com", "--until",
                 "2037-11-24T15:00")
    assert said.code == 1 and "published nothing" in said.stdout
