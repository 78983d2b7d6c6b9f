"""usher explain: verdicts of options and of messages, exit codes, JSON."""

import re

import pytest

from cli_samples import (  # noqa: F401
    ALICE, KEYS, PITCH, REPORT, alice, site, explain)


def test_explain_json_has_every_key_whatever_the_verdict(explain):
    wanted = {
        "accept": ["--from", "bob@seller.example"],
        "defer": ["--from", "+442071234567", "--purpose", "sales",
                  "--subject", "document storage"],
        "redirect": ["--from", "+442071234567"],
        "refuse": ["--from", "+442071234567", "--channel", "fax"],
    }
    for verdict, words in wanted.items():
        said = explain(*words, "--at", "2026-11-24T15:00", "--json")
        assert said.stderr == ""
        assert list(said.json()) == KEYS
        assert said.json()["verdict"] == verdict
        assert said.code == (0 if verdict == "accept" else 1)
        for key in ["evidence", "to", "missing", "trace", "why_not"]:
            assert isinstance(said.json()[key], list)
        assert said.json()["recipient"] == "alice@example.com"
        assert said.json()["from"] == words[1]
        assert said.json()["trace"]


def test_explain_gives_the_example_of_the_design(explain):
    said = explain("--from", "+442071234567", "--purpose", "sales",
                   "--subject", "about Document storage", "--json", "--at",
                   "2026-11-24T15:00").json()
    assert said["channel"] == "phone" and said["purpose"] == "sales"
    assert said["at"] == "2026-11-24T15:00:00-05:00"
    assert said["rule"] == "storage, Tuesday and Thursday"
    assert said["reason"] == "outside its hours"
    assert said["opening"] == {"from": "2026-11-24T21:00:00Z",
                               "until": "2026-11-24T22:00:00Z"}
    assert said["to"] == [] and said["say"] is None


def test_explain_tells_where_a_redirect_leads(explain):
    said = explain("--from", "sip:bob@seller.example", "--json", "--at",
                   "2026-11-24T15:00").json()
    assert said["verdict"] == "redirect" and said["channel"] == "phone"
    assert said["say"] == "Please write before you call."
    email, page = said["to"]
    assert email["channel"] == "email"
    assert email["uri"] == "mailto:alice@example.com"
    assert email["opening"]["from"] == "2026-11-25T16:00:00Z"
    assert page["channel"] == "page"
    assert page["uri"] == "https://reach.example.com/alice"


@pytest.mark.parametrize("to, sender, channel", [
    ("alice@example.com", "bob@seller.example", "email"),
    ("alice@example.com", "+15", "phone"),
    ("alice@example.com", "+1 (212) 555-0100", "phone"),
    ("+14155550100", "bob@seller.example", "phone"),
    ("alice@example.com", "tel:+12125550100", "phone"),
    ("alice@example.com", "+12@seller.example", "email"),
    ("alice@example.com", "anonymous", "email"),
])
def test_explain_takes_the_channel_from_who_it_is(explain, to, sender,
                                                  channel):
    said = explain("--from", sender, "--json", to=to)
    assert said.json()["channel"] == channel
    assert said.json()["purpose"] == "unknown"


def test_explain_believes_proof_alone(explain):
    words = ["--from", "eve@example.com", "--purpose", "sales", "--json",
             "--at", "2026-11-24T09:00"]
    assert explain(*words).json()["rule"] == "one introduction"
    assert explain(*words, "--verified").json()["rule"] == "colleagues"
    assert explain(*words, "--fact", "verified=true").json()["rule"] \
        == "colleagues"


def test_explain_takes_facts(explain):
    words = ["--from", "bob@seller.example", "--purpose", "sales", "--json",
             "--at", "2026-11-24T11:30"]
    without = explain(*words).json()
    assert without["verdict"] == "redirect"
    assert without["reason"] == "substance missing"
    assert len(without["missing"]) == 1 and "pdf" in without["missing"][0]
    given = explain(*words, "--fact", "attachment=pdf", "--fact",
                    "subject=hello")
    assert given.code == 0 and given.json()["introduces"] is True
    wrong = explain(*words, "--fact", "nown=true")
    assert wrong.code == 2 and 'did you mean "known"' in wrong.stderr
    wrong = explain(*words, "--fact", "known=maybe")
    assert wrong.code == 2 and "true or false" in wrong.stderr


def test_explain_in_words_tells_all_a_person_needs(explain):
    said = explain("--from", "+442071234567", "--at", "2026-11-24T15:00",
                   "--subject", "document storage", "--purpose", "sales")
    assert said.code == 1
    assert said.stdout.startswith("defer: turned away for now. The door "
                                  "opens at 2026-11-24T21:00:00Z (UTC).\n")
    for words in ["storage, Tuesday and Thursday", "outside its hours",
                  "2026-11-24T16:00:00-05:00", "why not: "]:
        assert words in said.stdout


@pytest.mark.parametrize("words, sentence", [
    (["--from", "bob@seller.example"], "accept: it reaches alice@example.com."),
    (["--from", "+12125550100", "--channel", "fax"],
     "refuse: turned away for good."),
    (["--from", "+12125550100"], "redirect: turned away, and told the way to "
     "take. By phone no opening begins in the next 35 days."),
    (["--from", "bob@seller.example", "--purpose", "sales"],
     "redirect: turned away, and told what to bring. The door is open now."),
])
def test_explain_begins_with_a_sentence(explain, words, sentence):
    said = explain(*words, "--at", "2026-11-24T11:30")
    assert said.stdout.splitlines()[0] == sentence


def test_explain_says_when_nobody_is_turned_away(explain, alice):
    alice.write_text(ALICE + 'mode = "observe";\n')
    said = explain("--from", "+12125550100")
    assert said.code == 1 and "The mode is `observe`" in said.stdout


def test_explain_reads_a_message_from_standard_input(explain):
    said = explain("--json", "--at", "2026-11-24T15:00", input=PITCH)
    assert said.code == 1
    assert said.json()["from"] == "bob@seller.example"
    assert said.json()["channel"] == "email"
    assert said.json()["rule"] == "deliveries"
    other = explain("--json", "--purpose", "transactional", input=PITCH)
    assert other.json()["rule"] == "mailing"
    text = explain(input=PITCH.replace("\n", "\r\n"))
    assert text.stdout.startswith("refuse: ")


def test_explain_lets_reports_and_roles_pass(explain, usher, alice):
    said = explain("--json", input=REPORT).json()
    assert (said["verdict"], said["rule"], said["reason"]) \
        == ("accept", "safety", "safety")
    pitch = explain("--json", input=REPORT.replace("Auto-Submitted", "X-A"))
    assert pitch.json()["rule"] != "safety"
    sent = explain("--json", input=REPORT.replace("<>", "<a@b.example>"))
    assert sent.json()["rule"] != "safety"
    alice.write_text(ALICE.replace("alice@example.com\" ]",
                                   "alice@example.com\", "
                                   "\"postmaster@example.com\" ]"))
    role = explain("--from", "bob@seller.example", "--purpose", "sales",
                   "--json", to="postmaster@example.com")
    assert role.json()["rule"] == "safety"


def test_explain_proves_a_stored_mail_by_our_own_filters(usher, site, alice):
    mail = ("Authentication-Results: mx.example.com/4ABC; dmarc=pass "
            "header.from=example.com\n"
            "Received: from a (a [192.0.2.1]) by mx.example.com with ESMTP "
            "id 4ABC\n\tfor <alice@example.com>; Tue, 24 Nov 2026 15:00:00 "
            "-0500\nFrom: eve@example.com\nSubject: hello\n\nhello\n")
    words = ["explain", "-c", site, "--preferences", alice, "--to",
             "alice@example.com", "--purpose", "sales", "--json", "--at",
             "2026-11-24T09:00"]
    assert usher(*words, input=mail).json()["rule"] == "colleagues"
    forged = mail.replace("com/4ABC", "com/4ABD")
    assert usher(*words, input=forged).json()["rule"] == "one introduction"
    assert usher(*words, "--verified", input=forged).json()["rule"] \
        == "colleagues"


def test_explain_shows_no_control_characters(explain):
    said = explain("--from", "bob@seller.example", "--subject",
                   "a\x1b[2Jb\u009bc", "--at", "2026-11-24T15:00",
                   "--purpose", "sales")
    assert "a?[2Jb?c" in said.stdout
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", said.stdout)


def test_explain_names_whom_a_file_is_for(explain):
    said = explain("--from", "bob@seller.example", to="carol@example.com")
    assert said.code == 0 and said.stdout.startswith("accept")
    assert "carol@example.com is no recipient of" in said.stderr
    assert "alice@example.com, +14155550100" in said.stderr
    assert explain("--from", "bob@seller.example",
                   to="Alice+news@Example.com").code == 0


def test_explain_tells_errors_of_a_file_by_line(explain, alice):
    alice.write_text('name = "Alice";\nadresses = [ "alice@example.com" ];\n'
                     'rules = ( { then = "acept"; } );\n')
    said = explain("--from", "bob@seller.example")
    assert (said.code, said.stdout) == (2, "")
    assert f"{alice}:2: " in said.stderr and "`addresses`" in said.stderr
    assert f"{alice}:3: " in said.stderr
    said = explain("--from", "bob@seller.example", "--at", "soon")
    assert said.code == 2
    alice.unlink()
    said = explain("--from", "bob@seller.example")
    assert said.code == 2 and "No such file" in said.stderr


@pytest.mark.parametrize("words", [
    ["--from", "bob"], ["--from", "bob@seller.example", "--at", "soon"]])
def test_explain_refuses_what_it_cannot_read(explain, words):
    said = explain(*words)
    assert (said.code, said.stdout) == (2, "")
    assert said.stderr.startswith("usher: ")


def test_explain_knows_a_caller_who_withholds_the_name(explain, alice):
    alice.write_text(ALICE.replace('{ name = "no fax";', """
  { name = "nobody"; if = { anonymous = true; }; then = "refuse"; },
  { name = "no fax";"""))
    for who in ["anonymous", "sip:anonymous@anonymous.invalid",
                "SIPS:Anonymous@sbc.example.com"]:
        said = explain("--from", who, "--verified", "--json").json()
        assert said["rule"] == "nobody", who
        assert said["from"] == who
    assert explain("--from", "sip:anonymousity@sbc.example.com",
                   "--json").json()["rule"] != "nobody"
