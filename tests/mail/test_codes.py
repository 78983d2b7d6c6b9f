"""Access codes in mails: found, used, taken out, and told to nobody.

Times are of --at; the clock stands still but where the milter starts anew.
"""

import base64
import email
import os
import struct
import threading

import support
import test_answers as answers
from mail_site import mail
from milter_client import Client
from test_attempts import crash, results

NOW = "2026-11-24T15:00:00-05:00"
PARTIES = '{ preferred = { code = true; };' \
    ' vendors = { organizations = [ "vendor.example" ]; }; }'
CLOSED = '{ name = "preferred"; if = { party = "preferred"; };' \
    ' then = "accept"; }, { name = "others"; then = "refuse"; }'
ALICE = "alice@example.com"
WRONG = "AAAA-BBBB-CCCC"


def begin(site, rules=CLOSED, **more):
    site.prefer("alice", rules, parties=PARTIES, **more)
    site.publish()
    return site.start()


def usher_code(site, *words, at=NOW):
    return support.run_usher("code", "-c", site.conf, *words, "--at", at)


def new(site, *options):
    said = usher_code(site, "new", ALICE, "--party", "preferred", *options)
    assert said.code == 0, said.stderr
    return said.stdout.strip()


class Sent:
    """What became of a mail: its answer, and the edits before it."""

    def __init__(self, answers, letter, text, edits):
        self.answers = answers
        self.away = text if letter == "y" else None
        self.edits = edits
        self.headers = {}
        for kind, data in edits:
            if kind == "m":
                name, value, _ = data[4:].split(b"\0")
                self.headers[(name.decode(), struct.unpack("!I", data[:4])[0])
                             ] = value.decode()
        self.added = [d.rstrip(b"\0").decode() for k, d in edits if k == "+"]
        self.deleted = [d.rstrip(b"\0").decode() for k, d in edits
                        if k == "-"]


def send(site, subject="Hello", to=(ALICE,), who="bob@vendor.example",
         proven=True, number=None, client="192.0.2.1", fields=()):
    number = number or os.urandom(6).hex()
    with Client(site.socket) as mta:
        mta.connect(address=client)
        mta.macros("M", i="4fXyZ")
        answers = mta.envelope(*to, sender=who)
        for letter, text in answers:
            if letter == "y":
                return Sent(answers, letter, text, [])
        headers = [("From", who), ("Subject", subject),
                   ("Message-ID", f"<{number}@vendor.example>"), *fields]
        letter, text, edits = mta.message(
            ([results(who)] if proven else []) + headers, "How are you?\r\n")
        return Sent(answers, letter, text, edits)


def is_in(site, **what):
    return send(site, **what).away is None


def assert_never_told(site, code):
    """Neither form of it stands in any line, in any case."""
    site.stop()
    bare = code.replace("-", "").lower()
    for milter in site.milters:
        for line in milter.lines:
            assert bare not in line.replace("-", "").lower(), line


def test_a_code_in_the_subject_admits_and_is_taken_out(site):
    begin(site)
    code = new(site)
    sent = send(site, f"Our offer [{code}] for you", fields=[
        ("Thread-Topic", f"Our offer {code.lower()}")])
    assert sent.away is None
    assert sent.headers[("Subject", 1)] == "Our offer for you"
    assert sent.headers[("Thread-Topic", 1)] == "Our offer"
    assert not sent.added and not sent.deleted
    # an empty line, left of a folded field, would end the header
    folded = send(site, f"Our offer\n [{code}]", fields=[
        ("Thread-Topic", f"{code}\n offer")])
    assert folded.headers[("Subject", 1)] == "Our offer"
    assert folded.headers[("Thread-Topic", 1)] == "offer"
    assert not is_in(site, subject="Our offer for you")
    assert_never_told(site, code)


def test_it_is_found_in_encoded_words(site):
    begin(site)
    code = new(site)
    words = base64.b64encode(f"Für Sie: {code}".encode()).decode()
    sent = send(site, f"=?utf-8?b?{words}?=")
    assert sent.away is None
    left = sent.headers[("Subject", 1)]
    assert code not in left and left.startswith("=?")
    sent = send(site, f"=?utf-8?q?F=C3=BCr_Sie:_{code}?=")
    assert sent.headers[("Subject", 1)].endswith("_Sie:_?=")


def test_a_code_beside_the_name_admits_and_is_taken_out(site):
    begin(site)
    code = new(site)
    for written in (code, code.lower(), code.replace("-", "")):
        to = f"alice+{written}@example.com"
        sent = send(site, to=[to], fields=[("To", f"Alice Ng <{to}>")])
        assert sent.away is None, written
        assert sent.added == [f"<{ALICE}>"] and sent.deleted == [f"<{to}>"]
        assert sent.headers[("To", 1)] == f"Alice Ng <{ALICE}>"
    to = f"alice+fair+{code}@example.com"
    assert send(site, to=[to]).added == ["<alice+fair@example.com>"]
    for to in (f'"alice+{code}"@example.com', f"alice+{code}",
               f"alice+{code}%example.com@mx.example.com"):
        sent = send(site, to=[to])
        assert sent.away is None, to
        assert sent.added == [f"<{to.replace(f'+{code}', '')}>"]
    assert_never_told(site, code)


def test_a_wrong_code_is_answered_exactly_as_none(site):
    begin(site)
    code = new(site)
    gone = new(site)
    assert usher_code(site, "revoke", ALICE, gone).code == 0

    def told(**what):
        sent = send(site, **what)
        reference = sent.away.rsplit("eference ", 1)[1].split(".")[0]
        return sent.away.replace(reference, "R"), sent.edits

    plain = told()
    assert told(subject=f"Hello {WRONG}") == plain
    assert told(subject=f"Hello {gone}") == plain
    assert told(subject=f"Hello x{code}") == plain
    assert told(to=[f"alice+{WRONG}@example.com"]) == plain
    assert told(to=[f"alice+{gone}@example.com"]) == plain
    assert told(subject=f"{WRONG} {WRONG[::-1]} AAAA-BBBB-CCCD {code}"
                ) == plain
    assert_never_told(site, WRONG)


def test_every_copy_loses_a_code_that_was_of_use_to_one(site):
    site.prefer("carol", '{ name = "all"; then = "accept"; }')
    begin(site)
    code = new(site)
    sent = send(site, f"Offer {code}", to=["carol@example.com", ALICE])
    assert sent.away is None
    assert sent.headers[("Subject", 1)] == "Offer"
    # to her alone it is no code of hers, and says nothing
    assert not send(site, f"Offer {code}", to=["carol@example.com"]).headers


def test_it_ends_at_its_instant(site):
    begin(site)
    code = new(site, "--until", "2026-11-24T16:00")
    assert is_in(site, subject=code)
    crash(site, "2026-11-24T15:59:59-05:00")
    assert is_in(site, subject=code)
    crash(site, "2026-11-24T16:00:00-05:00")
    assert not is_in(site, subject=code)


def test_uses_are_counted_once_a_message_and_outlive_a_crash(site):
    begin(site)
    code = new(site, "--uses", "2")
    assert is_in(site, subject=code, number="one")
    assert is_in(site, subject=code, number="one")
    crash(site, NOW)
    assert is_in(site, subject=code, number="two")
    assert is_in(site, subject=code, number="one")
    assert not is_in(site, subject=code, number="three")
    listed, = usher_code(site, "list", ALICE, "--json").lines()
    assert (listed["uses"], listed["used"], listed["left"]) == (2, 2, 0)


def test_it_belongs_to_the_first_proven_party(site):
    begin(site)
    code = new(site)
    # who proves nothing may use it, and it becomes nobody's
    assert is_in(site, subject=code, who="eve@evil.example", proven=False)
    assert is_in(site, subject=code)
    assert is_in(site, subject=code, who="ann@vendor.example")
    for forged in ({"who": "eve@evil.example"},
                   {"who": "eve@evil.example", "proven": False},
                   {"proven": False}):
        assert not is_in(site, subject=code, **forged)
    listed, = usher_code(site, "list", ALICE, "--json").lines()
    assert listed["owner"] == "vendor.example"
    shared = new(site, "--shared")
    for who in ("bob@vendor.example", "eve@evil.example"):
        assert is_in(site, subject=shared, who=who)


def test_it_proves_its_party_and_nothing_more(site):
    begin(site, '{ name = "vendors"; if = { party = "vendors"; };'
          ' then = "accept"; }, { name = "known"; if = { known = true; };'
          ' then = "accept"; }, { name = "verified"; if = { verified = true;'
          ' }; then = "accept"; }, { name = "no"; then = "refuse"; }')
    code = new(site)
    assert not is_in(site, subject=code, proven=False)


def test_guesses_are_slowed_by_network_never_by_recipient(site):
    begin(site)
    code = new(site, "--shared")
    for number in range(20):
        assert not is_in(site, subject=f"AAAA-BBBB-{number:04}",
                         client=f"192.0.2.{number + 1}")
    assert not is_in(site, subject=code, client="192.0.2.200")
    assert is_in(site, subject=code, client="198.51.100.1")
    crash(site, "2026-11-24T16:00:00-05:00")
    assert is_in(site, subject=code, client="192.0.2.200")


def test_many_at_once_get_the_uses_there_are(site):
    begin(site)
    code = new(site, "--uses", "3", "--shared")
    answers = []

    def come(number):
        answers.append(is_in(site, subject=code, number=f"n{number}",
                             who=f"a@firm{number}.example"))

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
    assert 3 <= answers.count(True) <= 3 + late


def test_what_cannot_be_checked_turns_a_refusal_into_a_deferral(site):
    begin(site)
    code = new(site)
    assert is_in(site, subject=code)
    site.stop()
    site.milters.clear()
    memory = site.folder / "store" / "memory"
    memory.rename(site.folder / "elsewhere")
    memory.write_text("no folder")
    site.start()
    # whether it is right or wrong nobody can tell
    for sent in (send(site, code), send(site, WRONG),
                 send(site, to=[f"alice+{code}@example.com"])):
        assert sent.away.startswith("450-4.2.1"), sent.away
        assert "retry=" not in sent.away
    assert send(site, "Hello").away.startswith("550-5.7.1")


LATER = '{ name = "preferred"; if = { party = "preferred"; };' \
    ' then = "accept"; during = "16:00-17:00"; },' \
    ' { name = "others"; then = "refuse"; }'
CALL_ME = '{ name = "calls"; if = { channel = "phone"; }; then = "accept"; },' \
    ' { name = "call me"; then = "redirect"; to = [ "phone" ]; }'


def test_what_is_held_loses_it_too(site):
    site.configure(mail='authserv_ids = [ "mx.example.com" ]; '
                   'defer = "hold";')
    begin(site, LATER)
    code = new(site)
    to = f"alice+{code}@example.com"
    sent = send(site, f"Our offer [{code}]", to=[to], fields=[("To", to)])
    assert sent.away is None
    assert "q" in [kind for kind, _ in sent.edits]
    assert sent.headers[("Subject", 1)] == "Our offer"
    assert sent.headers[("To", 1)] == ALICE
    assert sent.added == [f"<{ALICE}>"] and sent.deleted == [f"<{to}>"]
    listed, = support.run_usher("held", "-c", site.conf, "--json").lines()
    assert listed["recipients"] == [ALICE]
    # held, it was of no use yet
    assert usher_code(site, "list", ALICE, "--json").lines()[0]["used"] == 0
    assert_never_told(site, code)
    assert_not_kept(site, code)


def test_what_is_put_aside_and_its_reply_lose_it_too(site):
    site.configure(mail='authserv_ids = [ "mx.example.com" ]; redirect = '
                   '"reply"; aside = "aside@example.com"; '
                   'submit = "127.0.0.1:9";')
    begin(site, CALL_ME, published='{ phone = "+14155550100"; }')
    code, gone = new(site), new(site)
    assert usher_code(site, "revoke", ALICE, gone).code == 0
    to = f"alice+{code}@example.com"
    sent = send(site, f"Our offer {code} {gone}", to=[to],
                fields=[("To", to), ("Resent-To", to)])
    assert sent.away is None
    # who reads it sees what was worth nothing
    assert sent.headers[("Subject", 1)] == f"Our offer {gone}"
    assert sent.headers[("To", 1)] == sent.headers[("Resent-To", 1)] == ALICE
    assert sent.added == ["<aside@example.com>"]
    assert sent.deleted == [f"<{to}>"]
    assert_never_told(site, code)
    store = assert_not_kept(site, code)
    assert_not_kept(site, gone)
    assert rb"Subject: Auto: Our offer\r\n" in store


def assert_not_kept(site, code):
    """Neither form of it stands in the store, whose bytes are returned."""
    store = b"".join(path.read_bytes()
                     for path in (site.folder / "store").rglob("data.mdb"))
    bare = code.replace("-", "").lower().encode()
    assert bare not in store.lower().replace(b"-", b"")
    return store


def test_an_explanation_does_not_repeat_it(site):
    begin(site, '{ name = "storage"; if = { topic = "storage"; }; then = '
          '"accept"; }, { name = "no"; then = "refuse"; }',
          topics='{ storage = [ "storage" ]; }')
    code = new(site)
    for options in (["--json"], []):
        done = support.run_usher(
            "explain", "-c", site.conf, "--to", ALICE, "--from",
            "bob@vendor.example", "--subject", f"About [{code}] storage",
            *options)
        assert done.code == 0 and "About storage" in done.stdout
        assert code not in done.stdout


def test_observing_takes_nothing_out(site):
    site.configure(mode="observe")
    begin(site)
    code = new(site)
    assert not send(site, f"Offer {code}").edits


def test_postfix_delivers_without_it(postfix, site):
    milter = begin(site)
    code = new(site)
    to = f"alice+{code}@example.com"
    assert answers.send(postfix, to=(to,), message=mail(
        to=f"Alice Ng <{to}>", subject=f"Offer [{code}]"))[0] == 250
    raw, = postfix.mails("alice")
    delivered = email.message_from_bytes(raw)
    kept = [(name, value) for name, value in delivered.items()
            if name not in ("Received", "Return-Path")]
    assert code not in str(kept), kept
    assert delivered["Subject"] == "Offer"
    assert delivered["To"] == f"Alice Ng <{ALICE}>"
    assert milter.decision(ALICE)["answer"] == "250"
    assert_never_told(site, code)
