"""Each verdict as an SMTP answer: the table of design-mail.md."""

import re
import smtplib

import pytest

from mail_site import mail

# Tuesday 24 November 2026, 15:00 in New York: the site fixture's instant.
MORNINGS = '{ name = "mornings"; then = "accept"; during = "09:00-12:00"; }'
FRIDAYS = '{ name = "Fridays"; then = "accept"; during = "Fri 09:00-12:00"; }'
NEVER = '{ name = "never"; then = "defer"; }'
ELSEWHERE = '{ name = "page"; then = "redirect"; to = [ "page" ]; }'
NOBODY = '{ name = "nobody"; then = "refuse"; }'
STORAGE = '{ name = "no storage"; if = { topic = "storage"; };' \
          ' then = "refuse"; }'
TOPICS = '{ storage = [ "document storage" ]; }'
PITCH = mail(body="We sell document storage.\r\n")


def rcpt(postfix, to="alice@example.com", sender="bob@sender.example",
         **client):
    """The answer to RCPT: code, and its lines without the enhanced code."""
    with postfix.session(**client) as smtp:
        smtp.mail(sender)
        code, text = smtp.rcpt(to)
    lines = text.decode("ascii").split("\n")
    # Sendmail puts the recipient in front.
    front = r"^[245]\.\d\.\d (<\S*>\.\.\. )?"
    return code, [re.sub(front, "", line) for line in lines], \
        lines[0].split(" ")[0]


def send(postfix, message=PITCH, to=("alice@example.com",),
         sender="bob@sender.example", **client):
    """DATA's answer; AssertionError if a recipient was turned away."""
    with postfix.session(**client) as smtp:
        smtp.mail(sender)
        for one in to:
            code, text = smtp.rcpt(one)
            assert code == 250, text
        return smtp.data(message)


def test_accept_delivers_with_one_header(postfix, site):
    site.prefer("alice", "")
    site.publish()
    milter = site.start()
    assert send(postfix)[0] == 250
    arrived, = postfix.mails("alice")
    decision = milter.decision("alice@example.com")
    assert decision["verdict"] == "accept"
    assert decision["rule"] == "otherwise"
    assert decision["answer"] == "250"
    assert decision["queue"] != "NOQUEUE"
    assert decision["queue"] in arrived.decode()
    header = f"Usher-Verdict: accept; reference={decision['id']}\n"
    assert arrived.count(b"Usher-Verdict") == 1
    assert header.encode() in arrived


def test_defer_says_when_to_retry(postfix, site):
    site.prefer("alice", MORNINGS)
    site.publish()
    milter = site.start()
    code, lines, enhanced = rcpt(postfix)
    assert (code, enhanced) == (450, "4.2.1")
    assert len(lines) <= 3
    text = " ".join(lines)
    assert "(retry=2026-11-25T14:00:00Z)." in text
    assert "Wed 25 Nov 2026 09:00" in text
    decision = milter.decision("alice@example.com")
    assert decision["verdict"] == "defer"
    assert decision["rule"] == "mornings"
    assert decision["reason"] == "outside its hours"
    assert decision["opening"] == "2026-11-25T14:00:00Z"
    assert decision["answer"] == "450"
    assert decision["from"] == "bob@sender.example"
    assert decision["client"] == postfix.client
    assert decision["id"] in text
    assert postfix.mails("alice") == []


def test_inside_the_window_it_is_accepted(postfix, site):
    site.prefer("alice", MORNINGS)
    site.publish()
    site.start(at="2026-11-25T09:30:00-05:00")
    assert send(postfix)[0] == 250
    assert len(postfix.mails("alice")) == 1


def test_an_opening_beyond_patience_is_final_with_the_same_words(
        postfix, site):
    site.prefer("alice", FRIDAYS)
    site.publish()
    milter = site.start()
    code, lines, enhanced = rcpt(postfix)
    assert (code, enhanced) == (550, "5.7.1")
    assert "(retry=2026-11-27T14:00:00Z)." in " ".join(lines)
    assert "Fri 27 Nov 2026 09:00" in " ".join(lines)
    assert milter.decision("alice@example.com")["verdict"] == "defer"


def test_patience_is_configured(postfix, site):
    site.configure('authserv_ids = [ "mx.example.com" ]; patience = "4d";')
    site.prefer("alice", FRIDAYS)
    site.publish()
    site.start()
    assert rcpt(postfix)[0] == 450


def test_without_an_opening_a_defer_is_final(postfix, site):
    site.prefer("alice", NEVER)
    site.publish()
    site.start()
    code, lines, enhanced = rcpt(postfix)
    assert (code, enhanced) == (550, "5.7.1")
    assert "retry=" not in " ".join(lines)


def test_redirect_names_the_way(postfix, site):
    site.prefer("alice", ELSEWHERE,
                published='{ page = "https://reach.example.com/alice"; }')
    site.publish()
    milter = site.start()
    code, lines, enhanced = rcpt(postfix)
    assert (code, enhanced) == (550, "5.7.1")
    assert len(lines) <= 3
    link = [line for line in lines if "https://reach.example.com/alice"
            in line]
    assert link and all(line.endswith("/alice") for line in link)
    assert milter.decision("alice@example.com")["verdict"] == "redirect"


def test_refuse_is_final_and_tells_no_time(postfix, site):
    site.prefer("alice", NOBODY)
    site.publish()
    site.start()
    code, lines, enhanced = rcpt(postfix)
    assert (code, enhanced) == (550, "5.7.1")
    assert "opening" not in " ".join(lines)


def test_content_is_answered_at_the_end(postfix, site):
    site.prefer("alice", STORAGE, topics=TOPICS)
    site.publish()
    milter = site.start()
    code, text = send(postfix)
    assert code == 550 and text.startswith(b"5.7.1 ")
    decision = milter.decision("alice@example.com")
    assert decision["rule"] == "no storage"
    assert decision["queue"] != "NOQUEUE"
    assert send(postfix, mail(body="Lunch?\r\n"))[0] == 250
    arrived, = postfix.mails("alice")
    assert b"Lunch?" in arrived


def test_content_can_be_deferred_at_the_end(postfix, site):
    rule = '{ name = "storage in the morning"; if = { topic = "storage"; };' \
           ' then = "accept"; during = "09:00-12:00"; }'
    site.prefer("alice", rule, topics=TOPICS)
    site.publish()
    site.start()
    code, text = send(postfix)
    assert code == 450 and text.startswith(b"4.2.1 ")
    assert b"(retry=2026-11-25T14:00:00Z)." in text


def test_words_are_plain_ascii_and_keep_their_percent(postfix, site):
    rule = '{ name = "nobody"; then = "refuse"; ' \
           'say = "100% full, sagt Jürgen, 50%s."; }'
    site.prefer("alice", rule)
    site.publish()
    site.start()
    code, lines, _ = rcpt(postfix)
    assert code == 550
    assert lines[0].startswith("100% full, sagt J")
    assert lines[0].endswith("50%s.")


def test_a_text_of_percents_arrives_whole(postfix, site):
    site.prefer("alice", '{ name = "long"; then = "refuse"; say = "'
                + "%" * 390 + '"; }')
    site.publish()
    site.start()
    code, lines, _ = rcpt(postfix)
    assert code == 550 and lines[0] == "%" * 390


def test_the_delimiter_part_is_cut(postfix, site):
    site.prefer("alice", NOBODY)
    site.publish()
    milter = site.start()
    assert rcpt(postfix, "alice+news@example.com")[0] == 550
    assert rcpt(postfix, "Alice@EXAMPLE.com")[0] == 550
    assert rcpt(postfix, "alicia@example.com")[0] == 250
    milter.decision("alice+news@example.com", verdict="refuse")


@pytest.mark.parametrize("spelling", (
    '"alice+x"@example.com', "alice%example.com", "example.com!alice",
    "alice @example.com", "(c)alice@example.com", "alice@(c)example.com"))
def test_another_spelling_is_the_same_recipient(postfix, site, spelling):
    site.prefer("alice", NOBODY)
    site.publish()
    site.start()
    with postfix.session() as smtp:
        smtp.mail("bob@sender.example")
        assert smtp.docmd("RCPT", f"TO:<{spelling}>")[0] == 550


def test_from_the_16th_deferred_recipient_on_it_is_final(postfix, site):
    addresses = [f"alice{i}@example.com" for i in range(18)]
    site.prefer("alice", MORNINGS, addresses='[ "'
                + '", "'.join(addresses) + '" ]')
    site.publish()
    site.start()
    with postfix.session() as smtp:
        smtp.mail("bob@sender.example")
        codes = [smtp.rcpt(address)[0] for address in addresses]
        assert codes == [450] * 15 + [550] * 3
        smtp.rset()
        smtp.mail("bob@sender.example")
        assert smtp.rcpt(addresses[0])[0] == 450


@pytest.mark.parametrize("count, wanted", ((15, 450), (16, 550)))
def test_one_answer_defers_no_more_than_15(postfix, site, count, wanted):
    """All of one name, so that their words agree at the end."""
    for i in range(count):
        site.prefer("alice", '{ name = "later"; if = { topic = "storage"; };'
                    ' then = "accept"; during = "09:00-12:00"; }',
                    topics=TOPICS, addresses=f'[ "p{i}@example.com" ]')
        (site.preferences / "alice.conf").rename(
            site.preferences / f"p{i}.conf")
    site.publish()
    site.start()
    people = [f"p{i}@example.com" for i in range(count)]
    assert send(postfix, to=people)[0] == wanted


def test_who_is_turned_away_may_go_on(postfix, site):
    site.prefer("alice", NOBODY)
    site.publish()
    site.start()
    with postfix.session() as smtp:
        for _ in range(3):
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                smtp.sendmail("bob@sender.example", "alice@example.com",
                              PITCH)
            assert smtp.sendmail("bob@sender.example", "carol@example.com",
                                 PITCH) == {}
    assert len(postfix.mails("carol")) == 3
