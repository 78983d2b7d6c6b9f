"""`usher status`, `usher log`, and what the log keeps quiet about."""

import json
import subprocess

import support
from mail_site import fields, mail

MORNINGS = """{ name = "mornings"; if = { channel = "email"; };
    then = "accept"; during = "09:00-12:00"; }"""


def status(site, later=None):
    """Its exit code and JSON, as seen some seconds from now."""
    words = [support.program("usher"), "status", "--json", "-c",
             str(site.conf)]
    if later is not None:
        words = ["faketime", "-f", f"+{later}s", *words]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    return done.returncode, json.loads(done.stdout)


def alive(site):
    return status(site)[1]["daemons"]


def rcpt(postfix, to="alice@example.com", sender="bob@sender.example"):
    smtp = postfix.session()
    smtp.mail(sender)
    code, text = smtp.rcpt(to)
    smtp.close()
    return code, text.decode()


def log(site, milter, *words):
    """usher log over what the milter has said so far."""
    path = site.folder / "log"
    path.write_text("\n".join(f"Nov 24 15:00:00 mx {line}"
                              for line in milter.lines) + "\n")
    return support.run_usher("log", "--file", path, *words)


def test_status_tells_well_from_down(site):
    site.prefer("alice", MORNINGS)
    site.publish()
    code, said = status(site)
    assert (code, said["state"], said["daemons"]) == (3, "down", [])
    milter = site.start()
    one, = support.wait_for(lambda: alive(site), 20, "a sign of life")
    assert (one["name"], one["alive"]) == ("usher-milter", True)
    assert one["pid"] == milter.process.pid
    code, said = status(site)
    assert (code, said["state"], said["problems"]) == (0, "well", [])
    assert said["store"] == {"readable": True, "writable": True}
    assert said["held"] == said["outbox"] == {"count": 0, "oldest": None}
    assert said["splits"] == {"open": 0, "failed": 0}
    assert (said["faults"], said["authentication"]) == (0, "configured")
    milter.kill()
    if support.SANITIZED:
        return  # faketime is no friend of sanitizers
    code, said = status(site, later=45)
    assert (code, said["state"]) == (3, "down")
    assert "is down" in said["problems"][0]
    assert said["daemons"][0]["alive"] is False


def test_a_daemon_that_ends_well_is_forgotten_and_one_anew_is_well(site):
    site.prefer("alice", MORNINGS)
    site.publish()
    milter = site.start()
    support.wait_for(lambda: alive(site), 20, "a sign of life")
    milter.stop()
    assert status(site)[1]["daemons"] == []
    site.start()
    support.wait_for(lambda: status(site)[0] == 0, 20, "all to be well")


def test_status_warns_of_missing_proof_and_names_the_store(site):
    site.configure(mail="", mode="observe")
    site.prefer("alice", MORNINGS)
    site.publish()
    site.start()
    support.wait_for(lambda: alive(site), 20, "a sign of life")
    code, said = status(site)
    assert (code, said["authentication"]) == (1, "missing")
    assert any("proven" in problem for problem in said["problems"])
    site.conf.write_text(site.conf.read_text().replace("lmdb:store",
                                                       "lmdb:/dev/null/no"))
    code, said = status(site)
    assert (code, said["store"]["readable"]) == (3, False)


def test_log_finds_session_queue_and_reference(postfix, site):
    site.prefer("alice", MORNINGS)
    site.prefer("bert", "")
    site.publish()
    milter = site.start()
    code, text = rcpt(postfix)
    assert code == 450
    deferred = milter.decision("alice@example.com")
    assert deferred["queue"] == "NOQUEUE" and deferred["id"] in text
    smtp = postfix.session()
    smtp.sendmail("carol@sender.example", ["bert@example.com"], mail())
    smtp.close()
    accepted = milter.decision("bert@example.com")
    for wanted, other in ((deferred, accepted), (accepted, deferred)):
        for key in ("session", "id"):
            found = log(site, milter, wanted[key])
            assert found.code == 0
            assert f"id={wanted['id']}" in found.stdout
            assert f"id={other['id']}" not in found.stdout
    found = log(site, milter, accepted["queue"])
    assert fields(found.stdout)["id"] == accepted["id"]
    assert log(site, milter, deferred["id"][:-1]).code == 1
    assert log(site, milter, "NOQUEUE").code == 2
    assert support.run_usher("log").code == 2
    assert support.run_usher("log", "--file", site.folder / "none",
                             "x").code == 2


def test_log_lines_name_no_more_than_they_need(postfix, site):
    site.prefer("bert", "")
    site.publish()
    milter = site.start()
    smtp = postfix.session()
    smtp.sendmail("carol@sender.example", ["bert@example.com"],
                  mail(subject="Between us", body="quite private\r\n"))
    smtp.close()
    accepted = milter.decision("bert@example.com")
    assert accepted["from"] == "@sender.example"
    assert "client" not in accepted
    said = "\n".join(milter.lines)
    assert "carol" not in said
    assert "Between us" not in said and "private" not in said


def test_retries_are_logged_once_an_hour_with_a_count(postfix, site):
    site.prefer("alice", MORNINGS)
    site.publish()
    milter = site.start()
    for _ in range(4):
        assert rcpt(postfix)[0] == 450
    assert rcpt(postfix, sender="dora@sender.example")[0] == 450
    milter.stop()
    milter.wait_line("counts ", "decisions=5", "repeats=3")
    lines = [line for line in milter.lines if ": decision " in line]
    assert len(lines) == 2
    repeats = fields(milter.wait_line(" repeats "))
    assert repeats["count"] == "3"
    assert repeats["from"] == "bob@sender.example"
    assert repeats["id"] == fields(lines[0])["id"]


def check(site, **more):
    return support.run_usher("check", "-c", site.conf, env=more)


def test_check_tells_when_postfix_looks_elsewhere(postfix, site, tmp_path):
    site.prefer("alice", MORNINGS)
    site.publish()
    assert "looks for Usher" not in check(
        site, MAIL_CONFIG=str(postfix.etc)).stdout
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "main.cf").write_text(
        f"queue_directory = {postfix.spool}\n"
        "smtpd_milters = { unix:elsewhere/usher.sock, timeout=5s }\n")
    said = check(site, MAIL_CONFIG=str(etc)).stdout
    assert (f"Postfix looks for Usher at {postfix.spool}/elsewhere/usher.sock"
            in said)
    (etc / "main.cf").write_text("smtpd_milters = unix:other/filter.sock\n")
    assert "looks for Usher" not in check(site, MAIL_CONFIG=str(etc)).stdout
    # A chrooted smtpd takes the root for its queue directory.
    inside = "/" + str(site.socket.relative_to(postfix.spool))
    (etc / "main.cf").write_text(f"queue_directory = {postfix.spool}\n"
                                 f"smtpd_milters = unix:{inside}\n")
    assert "looks for Usher" not in check(site, MAIL_CONFIG=str(etc)).stdout
