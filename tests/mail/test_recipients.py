"""Several recipients of one message, and those who published nothing."""

from mail_site import mail
from test_answers import MORNINGS, NOBODY, STORAGE, TOPICS, PITCH, send

FORGED = "Usher-Verdict: accept; reference=forged\r\n"


def session(postfix, *recipients):
    """A session past RCPT; the codes they got."""
    smtp = postfix.session()
    smtp.mail("bob@sender.example")
    return smtp, [smtp.rcpt(one)[0] for one in recipients]


def test_one_refuses_at_rcpt_the_other_gets_it_alone(postfix, site):
    site.prefer("alice", NOBODY)
    site.prefer("bert", "")
    site.publish()
    site.start()
    smtp, codes = session(postfix, "alice@example.com", "bert@example.com")
    with smtp:
        assert codes == [550, 250]
        assert smtp.data(PITCH)[0] == 250
    assert postfix.mails("alice") == []
    arrived, = postfix.mails("bert")
    assert b"Usher-Verdict: accept;" in arrived


def test_a_rule_has_mail_delivered_elsewhere(postfix, site):
    """deliver_to moves its own recipient alone, and nobody twice."""
    site.prefer("alice", '{ name = "desk"; then = "accept"; '
                         'deliver_to = "Desk <desk@example.com>"; }')
    site.prefer("bert", "")
    site.publish()
    milter = site.start()
    smtp, codes = session(postfix, "Alice+x@example.com", "bert@example.com")
    with smtp:
        assert codes == [250, 250]
        assert smtp.data(mail())[0] == 250
    assert len(postfix.mails("desk")) == len(postfix.mails("bert")) == 1
    assert postfix.mails("alice") == postfix.mails("alice+x") == []
    assert milter.decision("Alice+x@example.com")["deliver-to"] \
        == "desk@example.com"
    smtp, codes = session(postfix, "alice@example.com", "desk@example.com")
    with smtp:
        assert smtp.data(mail())[0] == 250
    assert len(postfix.mails("desk")) == 2
    assert len(postfix.mails("alice")) == 1


def test_all_turned_away_ends_without_data(postfix, site):
    site.prefer("alice", NOBODY)
    site.prefer("bert", MORNINGS)
    site.publish()
    site.start()
    smtp, codes = session(postfix, "alice@example.com", "bert@example.com")
    with smtp:
        assert codes == [550, 450]
        assert smtp.docmd("DATA")[0] in (503, 554)


def test_who_agrees_at_the_end_gets_one_answer(postfix, site):
    site.prefer("alice", STORAGE, topics=TOPICS,
                addresses='[ "alice@example.com", "ng@example.com" ]')
    site.publish()
    milter = site.start()
    code, text = send(postfix, to=("alice@example.com", "ng@example.com"))
    assert code == 550
    one = milter.decision("alice@example.com")
    other = milter.decision("ng@example.com")
    assert one["answer"] == other["answer"] == "550"
    assert one["id"] == other["id"] and one["id"] in text.decode()


def test_the_same_recipient_twice_is_one(postfix, site):
    site.prefer("alice", "")
    site.publish()
    site.start()
    assert send(postfix, to=["alice@example.com"] * 2)[0] == 250
    assert b"Usher-Verdict: accept;" in postfix.mails("alice")[0]


def test_several_recipients_get_no_header_and_keep_no_forged_one(
        postfix, site):
    site.prefer("alice", "")
    site.prefer("bert", "")
    site.publish()
    site.start()
    message = FORGED.encode() + PITCH
    assert send(postfix, message,
                ("alice@example.com", "bert@example.com"))[0] == 250
    assert b"Usher-Verdict" not in postfix.mails("alice")[0]


def test_forged_headers_go_all(postfix, site):
    site.prefer("alice", "")
    site.publish()
    milter = site.start()
    for count in 1, 10, 13:
        message = FORGED.encode() * count + PITCH
        assert send(postfix, message)[0] == 250
        arrived = postfix.mails("alice")[-1]
        assert arrived.count(b"Usher-Verdict") == 1
        assert b"forged" not in arrived
        postfix.empty()
    assert len(milter.decisions()) == 3


def test_the_unpublished_are_left_alone(postfix, site):
    site.prefer("alice", NOBODY)
    site.publish()
    milter = site.start()
    message = FORGED.encode() + mail(to="carol@example.com")
    assert send(postfix, message, ("carol@example.com",))[0] == 250
    arrived, = postfix.mails("carol")
    head, body = message.replace(b"\r\n", b"\n").split(b"\n\n", 1)
    assert head in arrived and arrived.endswith(body)
    assert milter.decisions() == []


def test_a_site_of_nobody_leaves_all_alone(postfix, site):
    site.publish()
    milter = site.start()
    assert send(postfix)[0] == 250
    assert b"Usher-Verdict" not in postfix.mails("alice")[0]
    assert milter.decisions() == []
