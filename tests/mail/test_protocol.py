"""The milter protocol where MTAs differ, and where they break off."""

import contextlib

import pytest

from milter_client import ACTIONS, NO, STEPS, UNANSWERED, Client
from test_answers import NOBODY, STORAGE, TOPICS, rcpt

FORGED = ("Usher-Verdict", "accept; reference=forged")


@pytest.fixture
def closed(site):
    """alice refuses all, bert storage, carol nothing."""
    site.prefer("alice", NOBODY)
    site.prefer("bert", STORAGE, topics=TOPICS)
    site.prefer("carol", "")
    site.publish()
    return site.start()


def refused(answer):
    return answer[0] == "y" and answer[1][:10] in (
        "550-5.7.1 ", "550 5.7.1 ")


def test_only_what_is_needed_is_asked_for(site):
    site.prefer("alice", NOBODY)
    site.publish()
    site.start()
    with Client(site.socket) as client:
        assert client.steps & NO["B"] and client.steps & NO["H"]
        assert not client.steps & NO["T"]
        assert client.steps & UNANSWERED["L"]
        assert client.actions == 0x1d
    site.prefer("bert", STORAGE, topics=TOPICS)
    site.publish()
    with Client(site.socket) as client:
        assert not client.steps & NO["B"]


@pytest.mark.parametrize("name, family, passes", [
    ("localhost", "U", True), ("unknown", "U", False),
    ("mail.sender.example", "U", False), ("localhost", "L", True)])
def test_a_client_without_ip_address(site, closed, name, family, passes):
    """Standard input of Sendmail is local; an unknown address is not."""
    with Client(site.socket) as client:
        client.connect(name, family, "/run/x" if family == "L" else "", 0)
        answer, = client.envelope("alice@example.com")
        assert answer[0] == "c" if passes else refused(answer)


@pytest.mark.parametrize("address, port, passes", [
    ("127.0.0.1", 0, True), ("127.0.0.1", 25, False),
    ("192.0.2.1", 0, False)])
def test_only_port_0_of_loopback_is_local(
        site, closed, address, port, passes):
    with Client(site.socket) as client:
        client.connect("x", "4", address, port)
        answer, = client.envelope("alice@example.com")
        assert answer[0] == "c" if passes else refused(answer)


def test_an_mta_that_offers_little(site, closed):
    """Version 2 knows no skipping, no silence and no DATA."""
    with Client(site.socket, actions=0x1f, steps=0x7f, version=2) as client:
        assert client.steps & ~0x7f == 0
        client.connect()
        client.call("M", "<bob@sender.example>")
        assert refused(client.call("R", "<alice@example.com>"))
        assert client.call("R", "<bert@example.com>")[0] == "c"
        assert client.call("L", "From", "bob@sender.example")[0] == "c"
        assert client.call("N")[0] == "c"
        client.send("B", b"We sell document storage.\r\n")
        assert client.read()[0] == "c"
        assert refused(client.end()[:2])


def test_an_mta_that_lets_nobody_edit(site, closed):
    with Client(site.socket, actions=2) as client:
        client.connect()
        assert client.envelope("carol@example.com")[0][0] == "c"
        letter, _, edits = client.message([FORGED])
        assert letter in "ca" and edits == []


def test_what_needs_no_header_is_let_go_early(site, closed):
    """ACCEPT at DATA; of who only observes, as soon as it is decided."""
    site.prefer("dora", '{ name = "no partners"; then = "refuse"; '
                        'if = { from = "partner.example"; }; }',
                mode='"observe"')
    site.publish()
    with Client(site.socket) as client:
        client.connect()
        client.envelope("nobody@example.com")
        assert client.call("T")[0] == "a"
        client.envelope("carol@example.com")
        assert client.call("T")[0] == "c"
        client.send("A")
        client.envelope("dora@example.com")
        assert client.call("T")[0] == "c"
        client.call("L", "From", "pat@partner.example")
        assert client.call("N")[0] == "a"
    decision = closed.decision("dora@example.com")
    assert decision["because"] == "observe"
    assert decision["verdict"] == "refuse"


def test_forged_headers_go_from_the_last_to_the_first(site, closed):
    with Client(site.socket) as client:
        client.connect()
        client.envelope("carol@example.com")
        _, _, edits = client.message([FORGED] * 12)
        assert [int.from_bytes(data[:4], "big") for letter, data in edits
                if letter == "m"] == list(range(12, 0, -1))
        assert edits[-1][0] == "h"
        assert edits[-1][1].startswith(b"Usher-Verdict\0accept; reference=")


def test_without_a_queue_id_a_forgery_proves_nothing(site):
    site.prefer("alice", '{ name = "p"; then = "accept"; '
                         'if = { organization = "partner.example"; }; }, '
                + NOBODY)
    site.publish()
    site.start()
    for family in "4", "U":
        with Client(site.socket) as client:
            client.connect(family=family)
            client.envelope("alice@example.com",
                            sender="pat@partner.example")
            answer = client.message([
                ("Authentication-Results", "mx.example.com/NOQUEUE; "
                 "dmarc=pass header.from=partner.example"),
                ("From", "pat@partner.example"),
                ("Received", "from a by mx.example.com id NOQUEUE; "
                 "Tue, 24 Nov 2026 19:00:00 +0000")])
            assert refused(answer)


def test_many_messages_on_one_connection(site, closed):
    with Client(site.socket) as client:
        client.connect()
        for turn in range(20):
            client.macros("M", i=f"Q{turn}")
            # Another's each time: repeats of one are counted, not logged.
            bert, = client.envelope("bert@example.com",
                                    sender=f"bob{turn}@sender.example")
            assert bert[0] == "c"
            if turn % 3 == 0:
                client.send("A")
            elif turn % 3 == 1:
                assert refused(client.message())
            # Else the next MAIL comes without an end of this message.
    closed.decision("bert@example.com", queue="Q19", answer="550")


def test_a_new_connection_on_an_old_link(site, closed):
    """SMFIC_QUIT_NC, behind a message: no second negotiation follows."""
    with Client(site.socket) as client:
        client.connect()
        assert refused(client.envelope("alice@example.com")[0])
        client.send("A")
        client.envelope("carol@example.com")
        assert client.message()[0] == "c"
        client.send("K")
        client.connect(name="localhost", family="U")
        assert client.envelope("alice@example.com")[0][0] == "c"


STAGES = [[], ["C"], ["C", "M"], ["C", "M", "R"], ["C", "M", "R", "T"],
          ["C", "M", "R", "T", "L"], ["C", "M", "R", "T", "L", "N"],
          ["C", "M", "R", "T", "L", "N", "B"],
          ["C", "M", "R", "T", "L", "N", "B", "A"]]


@pytest.mark.parametrize("stages", STAGES, ids=lambda s: "".join(s) or "O")
def test_a_connection_may_end_anywhere(postfix, site, closed, stages):
    words = {"M": ["<bob@sender.example>"], "R": ["<bert@example.com>"],
             "L": ["Subject", "x"], "B": ["storage"]}
    for _ in range(3):
        with Client(site.socket) as client:
            for stage in stages:
                if stage == "C":
                    client.connect()
                elif stage == "A":
                    client.send("A")
                else:
                    client.call(stage, *words.get(stage, []))
    assert rcpt(postfix)[0] == 550
    closed.stop()
    assert "faults=0" in closed.wait_line("counts ")


def test_nonsense_ends_only_its_own_connection(postfix, site, closed):
    for data in (b"\xff\xff\xff\xff", b"\0\0\0\1?", b"\0\0\0\0",
                 b"GET / HTTP/1.0\r\n\r\n"):
        with Client(site.socket) as client:
            client.socket.sendall(data)
            client.socket.shutdown(1)
            with contextlib.suppress(ConnectionResetError):
                client.socket.recv(100)
    assert rcpt(postfix)[0] == 550


def test_steps_are_asked_only_where_offered(site, closed):
    for steps in (1, STEPS & ~NO["B"], STEPS & ~UNANSWERED["C"]):
        for actions in (2, 3, 0x12, ACTIONS):
            with Client(site.socket, actions=actions, steps=steps) as client:
                assert client.steps & ~steps == 0
                assert client.actions & ~actions == 0
                client.connect()
                assert refused(client.envelope("alice@example.com")[0])
