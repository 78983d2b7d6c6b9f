"""What somebody might try who knows how the milter works."""

import threading

import pytest

from chaos import Sender, arrived
from mail_site import mail
from milter_client import Client
from test_answers import MORNINGS, NOBODY, STORAGE, TOPICS

PITCH = "We sell document storage.\r\n"
MOST = 10000


@pytest.fixture
def town(site):
    """open takes all, reader no storage, shut nobody, early the mornings."""
    site.configure(mail='authserv_ids = [ "mx.example.com" ]; '
                        'relays = [ "198.51.100.0/24" ];')
    site.prefer("open", "")
    site.prefer("reader", STORAGE, topics=TOPICS)
    site.prefer("shut", NOBODY)
    site.prefer("early", MORNINGS)
    site.publish()
    return site


def test_a_crowd_of_recipients_hides_nobody(town):
    milter = town.start()
    with Client(town.socket) as client:
        client.connect()
        answers = client.envelope(*["reader@example.com"] * MOST,
                                  "shut@example.com", "open@example.com")
        assert {letter for letter, _ in answers[:MOST]} == {"c"}
        assert all(text.startswith("452 4.5.3") for _, text in answers[MOST:])
        assert client.message()[1].startswith("550")
    milter.stop()
    assert not [line for line in milter.lines if " fault " in line]


def test_a_relays_crowd_is_taken(town):
    town.start()
    with Client(town.socket) as client:
        client.connect(address="198.51.100.9")
        answers = client.envelope(*["reader@example.com"] * (MOST + 2))
        assert {letter for letter, _ in answers} == {"c"}
        assert client.message()[0] in "ca"


@pytest.mark.parametrize("same", [False, True])
def test_many_letters_of_one_sender_at_once(postfix, town, same):
    """Also where they look alike, so that one may be taken for another."""
    town.start()
    letters = [Sender(postfix, "tempfail", number,
                      ["open", "reader", "shut"] if number % 2 else
                      ["reader", "open"], PITCH if number % 3 else "Lunch?\r\n",
                      sender="boss@firm.example") for number in range(16)]
    for one in letters:
        if same:
            one.message = mail(
                sender=one.sender, body=one.body,
                headers=f"X-Letter: {one.name}.\r\n")
    threads = [threading.Thread(target=one.run) for one in letters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.wrong for one in letters if one.wrong] == []
    for one in letters:
        assert one.outcome["open"] == 250
        assert one.outcome.get("shut", 550) == 550
    taken = {one.name: 1 for one in letters if one.outcome["reader"] == 250}
    assert {one.name for one in letters if one.body != PITCH} <= taken.keys()
    assert arrived(postfix, "reader") == taken
    assert arrived(postfix, "open") == {one.name: 1 for one in letters}


def test_a_reload_in_the_middle_of_a_mail(town):
    """What was begun ends by the configuration it began with."""
    milter = town.start()
    with Client(town.socket) as client:
        client.connect()
        client.envelope("reader@example.com")
        town.configure(mode="off")
        town.prefer("reader", "")
        town.publish()
        milter.reload()
        milter.wait_line("usher-milter: counts ")
        assert client.message()[1].startswith("550")
        client.envelope("reader@example.com")
        assert client.message()[0] in "ca"
