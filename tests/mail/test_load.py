"""Many sessions, large mail, malformed mail."""

import threading

import pytest

import support
from mail_site import mail
from test_answers import NOBODY, STORAGE, TOPICS, send

MALFORMED = {
    "no header": b"\r\nWe sell document storage.\r\n",
    "empty": b"",
    "no end of header": b"Subject: x",
    "colonless": b"Subject x\r\nFrom y\r\n\r\nbody\r\n",
    "bare bytes": b"Subject: \xff\xfe\x80\r\nFrom: \x80@\x81\r\n\r\n\xff\r\n",
    "nul": b"Subject: a\x00b\r\n\r\nx\x00y\r\n",
    "boundary without end": b"Content-Type: multipart/mixed; boundary=b\r\n"
                            b"\r\n--b\r\nContent-Type: text/plain\r\n",
    "nested": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n"
                       b"--b%d\r\n" % (i, i) for i in range(300)),
    "long line": b"Subject: " + b"x" * 900000 + b"\r\n\r\n",
    "many fields": b"X-A: b\r\n" * 20000 + b"\r\nbody\r\n",
    "broken base64": b"Content-Transfer-Encoding: base64\r\n\r\n====!!!!\r\n",
    "lies about itself": b"Content-Type: text/html; charset=nonsense\r\n\r\n"
                         b"<html><<<<><style>\r\n",
    "bad words": b"Subject: =?utf-8?B?!!!?= =?x?Q?=ZZ?= =?\r\n\r\nx\r\n",
    "from nobody": b"From: <<<>>>, \"\r\nFrom: @\r\n\r\nx\r\n",
}


@pytest.fixture
def reads_all(site):
    """alice's preferences need every part of a mail."""
    site.prefer("alice", STORAGE + ', { name = "short"; then = "accept"; '
                'requires = { words = "<=300"; }; else = "next"; }',
                topics=TOPICS)
    site.publish()
    return site.start()


@pytest.mark.parametrize("form", MALFORMED)
def test_malformed_mail_gets_an_answer(postfix, reads_all, form):
    code, text = send(postfix, MALFORMED[form])
    assert code in (250, 550), text
    assert not [line for line in reads_all.lines if " fault " in line]
    assert reads_all.process.poll() is None
    assert (code == 250) == (len(postfix.mails("alice")) == 1)


def test_a_large_mail_is_judged_by_its_beginning(postfix, reads_all):
    filler = "All work and no play.\r\n" * 120000
    assert len(filler) > 2 << 20
    pitch = "We sell document storage.\r\n"
    assert send(postfix, mail(body=pitch + filler))[0] == 550
    assert send(postfix, mail(body=filler + pitch))[0] == 250
    arrived, = postfix.mails("alice")
    assert arrived.endswith(pitch.replace("\r\n", "\n").encode())


@pytest.mark.alone
def test_a_hundred_sessions_at_once(postfix, site):
    site.prefer("alice", STORAGE, topics=TOPICS)
    site.prefer("bert", NOBODY)
    site.publish()
    milter = site.start()
    each = 3 if support.SANITIZED else 5
    barrier = threading.Barrier(100)
    wrong = []

    def client(number):
        try:
            with postfix.session() as smtp:
                barrier.wait(240)
                for turn in range(each):
                    pitch = (number + turn) % 2 == 0
                    body = "document storage" if pitch else "lunch"
                    smtp.mail(f"c{number}@sender.example")
                    codes = [smtp.rcpt("bert@example.com")[0],
                             smtp.rcpt("alice@example.com")[0],
                             smtp.data(mail(body=body + "\r\n"))[0]]
                    if codes != [550, 250, 550 if pitch else 250]:
                        wrong.append((number, turn, codes))
        except Exception as error:
            barrier.abort()
            wrong.append((number, repr(error)))

    threads = [threading.Thread(target=client, args=(i,)) for i in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [], postfix.log()[-20000:]
    arrived = postfix.mails("alice")
    assert len(arrived) == sum((i + t) % 2 for i in range(100)
                               for t in range(each))
    milter.stop()
    assert "faults=0" in milter.wait_line("counts ")
