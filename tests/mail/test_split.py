"""Recipients of one message who differ, over the tries of a client.

The client speaks the milter protocol itself: it comes again with whom it got a
4xx for, as a queue does, in any order.
"""

import random
import threading
import time

import support
from mail_site import mail
from milter_client import Client

TOPICS = '{ storage = [ "document storage" ]; }'
PITCH = "We sell document storage.\r\n"
DATE = "Tue, 24 Nov 2026 20:00:00 +0000"


def about_storage(then, say=""):
    say = f' say = "{say}";' if say else ""
    return ('{ name = "storage"; if = { topic = "storage"; };'
            f' then = "{then}";{say} }}')


def at(name):
    return f"{name}@example.com"


class Sender:
    """A message in a client's queue; what came of each recipient."""

    def __init__(self, site, *to, sender="bob@sender.example", subject="Hi",
                 body=PITCH, headers=(), whole=False):
        self.site = site
        self.left = list(to)
        self.sender = sender
        self.whole = whole
        self.fields = [("From", "bob@sender.example"), ("Subject", subject),
                       ("Date", DATE), *headers]
        self.body = body
        self.answers = {one: [] for one in to}
        self.tries = 0

    def attempt(self, order=None):
        """One try: RCPT answers and the end's, as text or None for yes."""
        self.tries += 1
        if order:
            order.shuffle(self.left)
        with Client(self.site.socket) as client:
            client.connect()
            client.macros("M", i="4fXyZ")
            answers = dict(zip(self.left, client.envelope(
                *self.left, sender=self.sender)))
            let = [one for one in self.left if answers[one][0] == "c"]
            later = [one for one in self.left if one not in let]
            for one in later:
                self.note(one, answers[one][1])
            end = None
            if let:
                letter, text, _ = client.message(self.fields, self.body)
                end = text if letter == "y" else None
                for one in let:
                    self.note(one, end)
            if not self.whole:
                self.left = [one for one in self.left
                             if (self.answers[one][-1] or "2")[0] == "4"]
            return {one: answers[one][1] for one in later}, end

    def note(self, one, answer):
        self.answers[one].append(answer)

    def deliver(self, tries, order=None):
        while self.left and self.tries < tries:
            self.attempt(order)
            # What a try changed is written behind it, when the disk likes.
            time.sleep(min(0.005 * self.tries, 0.5))
        assert self.left == [], self.answers

    def last(self, name):
        return self.answers[at(name)][-1]


def enlist(site, **wishes):
    """Recipients by what becomes of a pitch: None to accept, else words."""
    for name, words in wishes.items():
        site.prefer(name, "" if words is None
                    else about_storage("refuse", words), topics=TOPICS)
    site.publish()


def test_the_accepted_come_first_and_then_each_answer(site):
    enlist(site, alice="Not Alice.", bert=None, carol="Not Carol.")
    milter = site.start()
    sender = Sender(site, at("alice"), at("bert"), at("carol"), at("dora"))
    later, end = sender.attempt()
    assert later == {} and end.startswith("451 4.5.3 ")
    later, end = sender.attempt()
    assert end is None
    assert set(later) == {at("alice"), at("carol")}
    assert all(text.startswith("452 4.5.3 ") for text in later.values())
    sender.deliver(4)
    assert sender.last("alice").startswith("550-5.7.1 Not Alice.")
    assert sender.last("carol").startswith("550-5.7.1 Not Carol.")
    assert sender.answers[at("bert")][1:] == [None]
    assert sender.answers[at("dora")][1:] == [None]
    milter.stop()
    assert "split=1" in milter.wait_line("counts ")


def test_no_answer_names_another_recipient(site):
    """Default words name their recipient; one for several names nobody."""
    for name in "alice", "bert":
        site.prefer(name, about_storage("refuse"), topics=TOPICS)
    site.publish()
    site.start()
    sender = Sender(site, at("alice"), at("bert"))
    later, end = sender.attempt()
    assert later == {} and end.startswith("550")
    assert "Alice" not in end and "Bert" not in end
    sender = Sender(site, at("alice"), at("carol"))
    sender.deliver(3)
    assert "Alice" in sender.last("alice")
    for answer in sender.answers[at("carol")]:
        assert "alice" not in (answer or "").lower()


def test_ten_recipients_with_ten_wishes_in_any_order(site):
    wishes = {f"r{i}": None if i % 3 == 0 else f"Answer {i} here."
              for i in range(10)}
    enlist(site, **wishes)
    site.start()
    for seed in range(50 if not support.SANITIZED else 5):
        order = random.Random(seed)
        sender = Sender(site, *map(at, wishes),
                        sender=f"bob{seed}@sender.example")
        sender.deliver(8, order)
        for name, words in wishes.items():
            if words is None:
                assert sender.answers[at(name)].count(None) == 1
                assert sender.answers[at(name)] == [
                    sender.answers[at(name)][0], None]
            else:
                assert None not in sender.answers[at(name)]
                assert words in sender.last(name)
            others = [f"Answer {i} " for i in range(10) if f"r{i}" != name]
            assert not any(other in (answer or "") for other in others
                           for answer in sender.answers[at(name)])


def test_forty_recipients_with_25_turned_away(site):
    """Three tries; those turned away get one answer that names nobody."""
    wishes = {f"r{i}": None if i >= 25 else f"Answer {i} here."
              for i in range(40)}
    enlist(site, **wishes)
    site.start()
    sender = Sender(site, *map(at, wishes))
    sender.attempt(random.Random(1))
    later, end = sender.attempt(random.Random(2))
    assert len(later) == 15
    assert end.startswith("550-5.7.1 ") and "Answer" not in end
    sender.deliver(3)
    for i in range(40):
        assert (sender.last(f"r{i}") is None) == (i >= 25)


def test_more_than_15_on_both_sides_is_accepted_for_all(site):
    wishes = {f"r{i}": None if i % 2 else "No." for i in range(32)}
    enlist(site, **wishes)
    milter = site.start()
    sender = Sender(site, *map(at, wishes))
    assert sender.attempt() == ({}, None)
    assert milter.decision(at("r0"))["because"] == "recipients differ"
    milter.stop()
    assert "differed=1" in milter.wait_line("counts ")


def test_at_most_15_get_a_4xx_with_those_deferred(site):
    """Deferred at RCPT they count too, and come back every time."""
    mornings = '{ name = "m"; then = "accept"; during = "09:00-12:00"; }'
    for i in range(10):
        site.prefer(f"late{i}", mornings)
    enlist(site, alice=None, **{f"r{i}": f"Answer {i}." for i in range(7)})
    site.start()
    names = [f"late{i}" for i in range(10)] + [f"r{i}" for i in range(7)]
    sender = Sender(site, *map(at, names), at("alice"))
    for _ in range(3):
        later, _ = sender.attempt()
        assert sum(text[0] == "4" for text in later.values()) <= 15
    assert sender.last("alice") is None
    for i in range(7):
        assert sender.last(f"r{i}").startswith("550")
    assert sender.last("late3").startswith("450")


def test_the_same_set_back_whole_is_accepted_the_third_time(site):
    enlist(site, alice="No.", bert=None)
    milter = site.start()
    sender = Sender(site, at("alice"), at("bert"), whole=True)
    for _ in range(3):
        sender.attempt()
        assert sender.last("alice") is not None
    assert sender.attempt() == ({}, None)
    assert milter.decision(at("alice"), answer="250")["because"] \
        == "recipients differ"


def test_turns_survive_a_restart_and_serve_other_processes(site):
    enlist(site, alice="No.", bert=None)
    milter = site.start()
    sender = Sender(site, at("alice"), at("bert"))
    assert sender.attempt()[1].startswith("451")
    milter.kill()
    site.start()
    later, end = sender.attempt()
    assert list(later) == [at("alice")] and end is None
    sender.deliver(3)
    assert "No." in sender.last("alice")


def test_another_message_loses_one_retry_at_most(site):
    enlist(site, alice="No.", bert=None)
    milter = site.start()
    one = Sender(site, at("alice"), at("bert"))
    one.attempt()
    other = Sender(site, at("alice"), subject="Else", body="How are you?\r\n")
    other.attempt()
    # A connection that ends is heard of a little later.
    milter.stop()
    site.start()
    other.deliver(2)
    assert other.last("alice") is None
    one.deliver(6)
    assert "No." in one.last("alice")
    assert one.answers[at("bert")].count(None) == 1


def test_what_is_taken_is_decided_anew(site):
    """The same sender, other words: the turn is kept, the verdict new."""
    enlist(site, alice="No.", bert=None)
    site.start()
    first = Sender(site, at("alice"), at("bert"))
    first.attempt()
    again = Sender(site, at("alice"), at("bert"), body="How are you?\r\n")
    again.deliver(3)
    assert again.last("alice") is None and again.last("bert") is None


def test_a_null_sender_is_never_split(site):
    enlist(site, alice="No.", bert=None)
    milter = site.start()
    sender = Sender(site, at("alice"), at("bert"), sender="")
    assert sender.attempt() == ({}, None)
    assert milter.decision(at("alice"))["because"] == "recipients differ"


def test_other_spellings_are_the_same_recipient(site):
    enlist(site, alice="No.", bert=None)
    site.start()
    sender = Sender(site, "Alice+One@Example.COM", at("bert"))
    assert sender.attempt()[1].startswith("451")
    sender.left = ["alice+one@example.com", "BERT@example.com"]
    sender.answers = {one: [] for one in sender.left}
    later, end = sender.attempt()
    assert list(later) == ["alice+one@example.com"] and end is None


def test_who_observes_or_is_always_accepted_is_no_difference(site):
    site.prefer("alice", about_storage("refuse"), topics=TOPICS,
                mode='"observe"')
    enlist(site, bert=None)
    site.start()
    sender = Sender(site, at("alice"), at("bert"), at("postmaster"))
    assert sender.attempt() == ({}, None)


def test_several_sessions_of_one_sender_at_once(site):
    enlist(site, alice="No Alice.", bert=None, carol="No Carol.")
    milter = site.start()
    senders = [Sender(site, at("alice"), at("bert"), at("carol"),
                      subject=f"Hi {i}") for i in range(8)]
    threads = [threading.Thread(target=sender.deliver, args=(60,))
               for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for sender in senders:
        assert sender.answers[at("bert")].count(None) == 1
        assert "No Alice." in sender.last("alice")
        assert "No Carol." in sender.last("carol")
    milter.stop()
    assert "differed=0" in milter.wait_line("counts ")


def test_without_memory_it_is_accepted_for_all(site):
    """No 451 without its memory."""
    enlist(site, alice="No.", bert=None)
    (site.folder / "store" / "memory").write_text("no folder")
    milter = site.start()
    sender = Sender(site, at("alice"), at("bert"))
    assert sender.attempt() == ({}, None)
    milter.wait_line("fault ")
    assert milter.decision(at("alice"))["because"] == "recipients differ"


def test_postfix_brings_each_copy_once(postfix, site):
    """A real queue's tries; see test_matrix.py for orders and MTAs."""
    wishes = {"alice": "No Alice.", "bert": None, "carol": "No Carol.",
              "dora": None}
    enlist(site, **wishes)
    site.start()
    to = [at(name) for name in wishes]
    for _ in range(4):
        with postfix.session() as smtp:
            smtp.mail("bob@sender.example")
            answers = {one: smtp.rcpt(one) for one in to}
            let = [one for one in to if answers[one][0] == 250]
            end = smtp.data(mail(body=PITCH)) if let else (250, b"")
            answers.update({one: end for one in let})
        to = [one for one in to if answers[one][0] // 100 == 4]
        if not to:
            break
    assert to == []
    assert [len(postfix.mails(name)) for name in wishes] == [0, 1, 0, 1]
