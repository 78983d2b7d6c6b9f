"""A milter that dies, a store that fails: no mail lost, none doubled."""

import random

import pytest

import support
from chaos import Dying, Sender, arrived, keeps_promises, run_all
from test_answers import MORNINGS, NOBODY, STORAGE, TOPICS

SENDERS = 25 if support.SANITIZED else 50
PITCH = "We sell document storage.\r\n"
LUNCH = "Lunch at noon?\r\n"
TOWN = ["open", "reader", "early", "shut"]
LATER = "2026-11-25T20:00:00-05:00"
DEATHS = 8 if support.SANITIZED else 15
LETTERS = 120


@pytest.fixture
def town(site):
    """open takes all, reader no storage, early the mornings, shut nobody."""
    site.prefer("open", "")
    site.prefer("reader", STORAGE, topics=TOPICS)
    site.prefer("early", MORNINGS)
    site.prefer("shut", NOBODY)
    site.publish()
    return site


def letter(postfix, port, begun):
    """Makes letters to some of the town, in any order; counts in begun."""
    def next_sender(number):
        begun.append(number)
        to = random.sample(TOWN, random.randint(1, len(TOWN)))
        return Sender(postfix, port, number, to,
                      random.choice([PITCH, LUNCH]))
    return next_sender


@pytest.mark.parametrize("port", ["tempfail", "accept"])
def test_a_dying_milter_loses_and_doubles_nothing(postfix, town, port):
    begun = []
    with Dying(town) as dying:
        sent = run_all(letter(postfix, port, begun), SENDERS,
                       lambda: dying.wrong or dying.deaths >= DEATHS
                       and len(begun) >= LETTERS)
    for local in TOWN:
        codes = {one.name: one.outcome[local] for one in sent
                 if local in one.outcome}
        assert arrived(postfix, local) == {
            name: 1 for name, code in codes.items() if code == 250}, local
        if port == "tempfail":
            # Nobody is let in unseen.
            assert local != "shut" or set(codes.values()) == {550}
            assert local != "early" or set(codes.values()) == {450}
    if port == "tempfail":
        # Whose tries came back whole thrice is let in, which deaths do.
        right = [one.outcome["reader"] == (550 if one.body == PITCH else 250)
                 for one in sent if "reader" in one.outcome]
        assert sum(right) > 0.9 * len(right)
    told = keeps_promises(town, LATER, random.sample(sent, 60))
    assert told
    assert {one.name for one in told} <= arrived(postfix, "early").keys()
