"""A milter that dies while it puts mail aside, and while it sends replies.

The minute before a reply leaves is passed by a clock that is ahead.
"""

import random
import time

import pytest

import smtp_sink
import support
from chaos import Dying, Sender, arrived, run_all
from test_reply import CALL, PAGES

SENDERS = 15 if support.SANITIZED else 40
DEATHS = 6 if support.SANITIZED else 12


class Slow(list):
    """So that deaths come before, in the middle of, and after a hand-over."""

    def append(self, mail):
        time.sleep(random.uniform(0, 0.05))
        super().append(mail)
        time.sleep(random.uniform(0, 0.05))


@pytest.fixture
def sink():
    here = smtp_sink.Sink()
    here.mails = Slow()
    yield here
    here.stop()


@pytest.fixture
def replying(postfix, armilter, site, sink):
    site.configure(mail='authserv_ids = [ "mx.example.com" ]; '
                   'redirect = "reply"; aside = "aside@example.com"; '
                   f'submit = "127.0.0.1:{sink.port}";')
    site.prefer("alice", CALL, published=PAGES)
    site.publish()
    return site


def outbox(site):
    done = support.run_usher("status", "-c", site.conf, "--json")
    return done.json()["outbox"]["count"]


def test_no_reply_goes_twice(postfix, replying, sink, ahead):
    def next_sender(number):
        # Two letters of each, and one reply.
        return Sender(postfix, "behind", number, ["alice"], "Buy this.\r\n",
                      sender=f"seller{number // 2}@partner.example",
                      client=None)
    with Dying(replying, alive_s=(0.2, 0.8)) as dying:
        sent = run_all(next_sender, 10, lambda: dying.wrong,
                       most=2 * SENDERS)
    dying.milter.kill()
    aside, unscreened = arrived(postfix, "aside"), arrived(postfix, "alice")
    assert set((*aside.values(), *unscreened.values())) == {1}
    for one in sent:
        assert (one.outcome["alice"] == 250) == (
            one.name in aside or one.name in unscreened), one.said
    waiting = outbox(replying)
    assert 0 < waiting <= SENDERS and sink.mails == []

    ahead(120)
    with Dying(replying, alive_s=(0.1, 0.6)) as dying:
        support.wait_for(lambda: dying.wrong or dying.deaths >= DEATHS, 60,
                         "enough deaths")
    dying.milter.kill()
    # What was being handed over at a death is dropped half an hour later.
    ahead(4000)
    last = replying.start()
    support.wait_for(lambda: outbox(replying) == 0, 60, "an empty outbox")
    last.stop()
    to = [envelope[1] for envelope, _ in sink.mails]
    assert len(to) == len(set(to)), sorted(to)
    assert waiting - DEATHS - 2 <= len(to) <= waiting
