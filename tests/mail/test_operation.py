"""The daemon: observe, publications, reload, sockets, faults, its options."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import time

import pytest

import mail_site
import support
from mail_site import mail
from test_answers import MORNINGS, NOBODY, PITCH, STORAGE, TOPICS, rcpt, send

FORGED = b"Usher-Verdict: accept; reference=forged\r\n"


def run(*words):
    return subprocess.run([support.program("usher-milter"), *map(str, words)],
                          capture_output=True, text=True, timeout=60)


def refused(site, *options):
    """What the milter says that does not start: exit code and words."""
    done = run("-c", site.conf, "-f", *options)
    return done.returncode, done.stderr


# ---- observe, off, publications ----

def test_observe_changes_nothing_but_the_log(postfix, site):
    site.configure(mode="observe")
    site.prefer("alice", NOBODY)
    site.prefer("bert", STORAGE, topics=TOPICS)
    site.publish()
    milter = site.start()
    message = FORGED + PITCH
    to = ("alice@example.com", "bert@example.com")
    assert send(postfix, message, to)[0] == 250
    arrived, = postfix.mails("alice")
    assert message.replace(b"\r\n", b"\n") in arrived
    assert arrived.count(b"Usher-Verdict") == 1
    for one in to:
        decision = milter.decision(one)
        assert decision["verdict"] == "refuse"
        assert decision["answer"] == "250"
        assert decision["because"] == "observe"


def test_one_file_may_observe_where_the_site_enforces(postfix, site):
    site.prefer("alice", NOBODY, mode='"observe"')
    site.prefer("bert", NOBODY)
    site.publish()
    milter = site.start()
    assert rcpt(postfix, "alice@example.com")[0] == 250
    assert rcpt(postfix, "bert@example.com")[0] == 550
    assert milter.decision("alice@example.com")["answer"] == "none"


def test_off_leaves_a_recipient_alone(postfix, site):
    site.prefer("alice", NOBODY, mode='"off"')
    site.publish()
    milter = site.start()
    assert send(postfix, FORGED + PITCH)[0] == 250
    assert FORGED.strip() in postfix.mails("alice")[0]
    assert milter.decisions() == []


def test_a_publication_is_in_force_at_the_next_mail(postfix, site):
    site.prefer("alice", "")
    site.publish()
    site.start()
    with postfix.session() as smtp:
        smtp.mail("bob@sender.example")
        assert smtp.rcpt("alice@example.com")[0] == 250
        smtp.rset()
        site.prefer("alice", NOBODY)
        site.publish()
        smtp.mail("bob@sender.example")
        assert smtp.rcpt("alice@example.com")[0] == 550
        smtp.rset()
        (site.preferences / "alice.conf").unlink()
        site.publish()
        smtp.mail("bob@sender.example")
        assert smtp.rcpt("alice@example.com")[0] == 250


def test_a_policy_that_needs_the_body_is_asked_of_the_next_connection(
        postfix, site):
    site.prefer("alice", "")
    site.publish()
    milter = site.start()
    with postfix.session() as smtp:
        site.prefer("alice", STORAGE, topics=TOPICS)
        site.publish()
        smtp.mail("bob@sender.example")
        assert smtp.rcpt("alice@example.com")[0] == 250
        assert smtp.data(PITCH)[0] == 250
    milter.wait_line("fault", "needs the body", "alice@example.com")
    assert send(postfix)[0] == 550


# ---- reload ----

def test_reload_takes_a_good_file(postfix, site):
    site.prefer("alice", NOBODY)
    site.publish()
    milter = site.start()
    assert rcpt(postfix)[0] == 550
    site.configure(mode="observe")
    milter.reload()
    milter.wait_line("is in force")
    assert rcpt(postfix)[0] == 250


def test_a_changed_file_is_read_without_a_signal(postfix, site):
    site.prefer("alice", NOBODY)
    site.publish()
    milter = site.start()
    site.configure(mode="observe")
    milter.wait_line("is in force")
    assert rcpt(postfix)[0] == 250


@pytest.mark.parametrize("broken", [
    "mode = ;", 'mode = "enforce"; site = { domains = [ "example.com" ]; };',
    'mail = { defer = "hold"; };'])
def test_a_broken_reload_keeps_the_old(postfix, site, broken):
    site.prefer("alice", NOBODY)
    site.publish()
    milter = site.start()
    site.conf.write_text(broken)
    milter.reload()
    milter.wait_line("stays in force")
    assert rcpt(postfix)[0] == 550
    site.configure(mode="observe")
    milter.reload()
    milter.wait_line("is in force")
    assert rcpt(postfix)[0] == 250


# ---- start ----

@pytest.mark.parametrize("old, new, told", (
    ("lmdb:store", "lmdb:other", "`store` has changed"),
    ("milter.sock", "other.sock", "mail.socket has changed")))
def test_a_reload_says_what_waits_for_a_start(site, old, new, told):
    site.publish()
    milter = site.start()
    site.conf.write_text(site.conf.read_text().replace(old, new))
    milter.reload()
    milter.wait_line(told)


def test_a_link_may_name_another_file(postfix, site):
    site.prefer("alice", NOBODY)
    site.publish()
    first = site.folder / "first.conf"
    second = site.folder / "second.conf"
    text = site.conf.read_text()
    site.conf.rename(first)
    second.write_text(text.replace('"enforce"', '"observe"'))
    site.conf.symlink_to(first.name)
    milter = site.start()
    assert rcpt(postfix)[0] == 550
    site.conf.unlink()
    site.conf.symlink_to(second.name)
    milter.reload()
    milter.wait_line("is in force")
    assert rcpt(postfix)[0] == 250


def test_enforcing_needs_proof_or_says_so(postfix, site):
    site.configure("")
    code, words = refused(site)
    assert code == 2
    assert "mail.authserv_ids" in words and "observe" in words
    site.configure("", mode="observe")
    site.start()
    site.stop()
    site.configure('trust = "claimed";')
    site.start()


def test_a_broken_file_is_told_with_its_line(site):
    site.conf.write_text("site = { domains = [ 1 ]; };\nmood = 1;\n")
    code, words = refused(site)
    assert code == 2
    assert re.search(r"usher\.conf:2: .*mood", words)


@pytest.mark.parametrize("words, wanted", [
    (["--help"], "usage: usher-milter"), (["--version"], "usher-milter 0.")])
def test_help_and_version(words, wanted):
    done = run(*words)
    assert done.returncode == 0 and wanted in done.stdout


@pytest.mark.parametrize("words", [["--mood"], ["x"], ["-c"]])
def test_usage_errors(words):
    done = run(*words)
    assert done.returncode == 2 and "usage:" in done.stderr


def test_a_bad_time_is_refused(site):
    code, words = refused(site, "--at", "teatime")
    assert code == 2 and "teatime" in words


def test_a_rehearsal_says_so(postfix, site):
    site.publish()
    milter = site.start(at="2026-11-25T14:00:00Z")
    assert "2026-11-25T14:00:00Z" in milter.wait_line("rehearsal")


def test_without_a_fixed_clock_it_is_now(postfix, site):
    site.prefer("alice", '{ name = "then"; if = { on = "2020-01-01"; }; '
                         'then = "accept"; }, ' + NOBODY)
    site.publish()
    site.start(at="2020-01-01T12:00:00-05:00")
    assert rcpt(postfix)[0] == 250
    site.stop()
    site.start(at=None)
    assert rcpt(postfix)[0] == 550


def test_it_goes_into_the_background_when_ready(postfix, site):
    site.prefer("alice", NOBODY)
    site.publish()
    done = run("-c", site.conf)
    assert done.returncode == 0, done.stderr
    pid = listener(site.socket)
    try:
        assert rcpt(postfix)[0] == 550
    finally:
        os.kill(pid, signal.SIGTERM)
    support.wait_for(lambda: not os.path.exists(f"/proc/{pid}")
                     or zombie(pid), 20, "the daemon's end")
    assert not site.socket.exists()


def listener(path):
    """The process that accepts on a unix socket, as its peer says."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(path))
        pid = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(pid[:4], "little")


def zombie(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_the_background_start_fails_aloud(site):
    site.configure("")
    done = run("-c", site.conf)
    assert done.returncode == 2 and "mail.authserv_ids" in done.stderr


# ---- the socket ----

def test_the_socket_has_its_mode_and_group(postfix, site):
    site.start()
    there = site.socket.stat()
    assert stat.S_IMODE(there.st_mode) == 0o660
    import grp
    assert grp.getgrgid(there.st_gid).gr_name == "postfix"
    site.stop()
    assert not site.socket.exists()


def test_a_stale_socket_is_removed(postfix, site):
    site.start().kill()
    assert site.socket.exists()
    site.prefer("alice", NOBODY)
    site.publish()
    site.start()
    assert rcpt(postfix)[0] == 550


def test_a_second_milter_leaves_the_first_alone(postfix, site):
    site.prefer("alice", NOBODY)
    site.publish()
    site.start()
    code, words = refused(site)
    assert code == 3 and "answers on" in words
    assert rcpt(postfix)[0] == 550


def test_milters_stand_side_by_side(postfix, site, tmp_path):
    site.prefer("alice", NOBODY)
    site.publish()
    site.start()
    here, site.conf = site.conf, site.folder / "other.conf"
    site.configure(socket=f"unix:{tmp_path}/other.sock", mode="observe")
    other = site.start()
    assert rcpt(postfix)[0] == 550
    other.stop()
    assert rcpt(postfix)[0] == 550
    assert here.exists()


@pytest.mark.parametrize("where, wanted", [
    ("unix:{tmp}/none/x.sock", "create it first"),
    ("unix:{tmp}/file", "is no socket"),
    ("unix:{tmp}/" + "x" * 120, "longer than")])
def test_a_bad_place_is_told(site, tmp_path, where, wanted):
    (tmp_path / "file").write_text("mine")
    site.configure(socket=where.format(tmp=tmp_path))
    code, words = refused(site)
    assert code in (2, 3) and wanted in words
    assert (tmp_path / "file").read_text() == "mine"


def test_an_unknown_group_is_told(site):
    text = site.conf.read_text().replace('"postfix"', '"nobodys-group"')
    site.conf.write_text(text)
    code, words = refused(site)
    assert code == 2 and "nobodys-group" in words


def test_a_chrooted_smtpd_finds_the_socket(postfix, site):
    site.prefer("alice", NOBODY)
    site.publish()
    site.start()
    assert rcpt(postfix, port="chroot")[0] == 550


def test_an_inet_socket_without_the_stall(postfix, site):
    site.configure(socket=f"inet:127.0.0.1:{postfix.inet}")
    site.prefer("alice", NOBODY)
    site.prefer("bert", "")
    site.publish()
    site.start()
    assert rcpt(postfix, port="inet")[0] == 550
    with postfix.session(port="inet") as smtp:
        took = []
        for _ in range(20):
            begun = time.monotonic()
            smtp.sendmail("bob@sender.example", "bert@example.com", PITCH)
            took.append(time.monotonic() - begun)
    # The stall is 40 ms of each; a loaded machine is slow at times.
    if not support.SANITIZED:
        assert min(took) < 0.035
    assert len(postfix.mails("bert")) == 20


# ---- faults ----

@pytest.mark.parametrize("port, wanted", [("accept", 250), ("tempfail", 451)])
def test_killing_the_milter_in_mid_mail_loses_none(
        postfix, site, port, wanted):
    site.prefer("alice", STORAGE, topics=TOPICS)
    site.publish()
    milter = site.start()
    message = mail(body="A line of a lunch.\r\n" * 40000)
    with postfix.session(port=port) as smtp:
        smtp.mail("bob@sender.example")
        assert smtp.rcpt("alice@example.com")[0] == 250
        assert smtp.docmd("DATA")[0] == 354
        smtp.send(message[:len(message) // 2])
        milter.kill()
        smtp.send(message[len(message) // 2:] + b".\r\n")
        assert smtp.getreply()[0] == wanted
    if wanted == 451:
        site.start()
        assert send(postfix, message, port=port)[0] == 250
    arrived, = postfix.mails("alice")
    assert arrived.endswith(message[-400:].replace(b"\r\n", b"\n"))


def test_without_a_milter_mail_passes(postfix, site):
    assert send(postfix)[0] == 250
    assert len(postfix.mails("alice")) == 1


def test_a_policy_that_cannot_be_read_lets_mail_pass(postfix, site):
    """Published with a topic of the site's, which the site then dropped."""
    whole = site.conf.read_text()
    site.conf.write_text(whole.replace(
        "site = {", "site = { topics = " + TOPICS + ";", 1))
    site.prefer("alice", STORAGE + ", " + NOBODY)
    site.publish()
    site.conf.write_text(whole)
    milter = site.start()
    assert send(postfix)[0] == 250
    milter.wait_line("fault", "alice@example.com")
    milter.stop()
    assert "faults=1" in milter.wait_line("counts ")


def test_the_store_may_come_later_than_the_first_publication(postfix, site):
    """A site that has published nothing yet starts, and then learns."""
    site.start()
    assert rcpt(postfix)[0] == 250
    site.prefer("alice", NOBODY)
    site.publish()
    assert rcpt(postfix)[0] == 550


def test_a_store_made_anew_is_in_force(postfix, site):
    """What `publish` advises where a store is damaged."""
    site.prefer("alice", NOBODY)
    site.publish()
    milter = site.start()
    assert rcpt(postfix)[0] == 550
    shutil.rmtree(site.folder / "store")
    assert rcpt(postfix)[0] == 550
    site.prefer("alice", "")
    site.publish()
    # The milter looks for it once a second.
    support.wait_for(lambda: rcpt(postfix)[0] == 250, 10, "the new store")
    assert not any("fault " in line for line in milter.lines)


def test_counts_are_told_at_the_end(postfix, site):
    site.prefer("alice", NOBODY)
    site.prefer("bert", "")
    site.publish()
    milter = site.start()
    assert rcpt(postfix)[0] == 550
    assert send(postfix, to=("bert@example.com",))[0] == 250
    milter.stop()
    line = milter.wait_line("counts ")
    assert mail_site.fields(line) == {
        "messages": "1", "decisions": "2", "accept": "1", "defer": "0",
        "redirect": "0", "refuse": "1", "turned-away": "1", "repeats": "0",
        "split": "0", "differed": "0", "held": "0", "aside": "0",
        "unkept": "0", "faults": "0", "replies-sent": "0",
        "replies-dropped": "0"}


def test_log_values_cannot_forge_a_field(postfix, site):
    site.prefer("alice", MORNINGS)
    site.publish()
    milter = site.start()
    rcpt(postfix, sender='"x verdict=accept \\" id=1"@sender.example')
    decision = milter.decision("alice@example.com")
    assert decision["verdict"] == "defer"
    assert "verdict=accept" in decision["from"]
