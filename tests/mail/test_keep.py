"""mail.keep: nothing beyond it is looked at, and memory stays bounded."""

import threading

import pytest

import support
from milter_client import Client

SALES = """{ name = "storage"; if = { channel = "email"; topic = "storage"; };
    then = "refuse"; }"""
TOPICS = '{ storage = [ "document storage" ]; }'
PITCH = "We sell document storage.\r\n"
KEEP = "keep = { headers = 512; body = 512; };"


@pytest.fixture
def milter(site):
    site.configure(mail=f'trust = "claimed"; {KEEP}')
    site.prefer("alice", SALES, topics=TOPICS)
    site.publish()
    return site.start()


def answer(milter, site, headers=(), body=""):
    with Client(site.socket) as client:
        client.connect()
        assert client.envelope("alice@example.com")[0][0] == "c"
        return client.message((("From", "bob@sender.example"), *headers),
                              body)[:2]


def filler(length):
    return "so-much-to-say\r\n" * (length // 16)


def test_a_body_is_looked_at_up_to_keep(milter, site):
    assert answer(milter, site, body=filler(300) + PITCH)[1][:3] == "550"
    assert answer(milter, site, body=filler(600) + PITCH)[0] in "ac"
    assert answer(milter, site, body=PITCH + filler(600))[1][:3] == "550"


def test_headers_are_looked_at_up_to_keep(milter, site):
    subject = ("Subject", "document storage")
    long = ("X-Long", "x" * 600)
    assert answer(milter, site, [subject, long], "Hi\r\n")[1][:3] == "550"
    assert answer(milter, site, [long, subject], "Hi\r\n")[0] in "ac"


def test_the_rest_of_a_body_is_skipped(milter, site):
    with Client(site.socket) as client:
        client.connect()
        client.envelope("alice@example.com")
        client.call("T")
        client.call("L", "From", "bob@sender.example")
        client.call("N")
        client.send("B", filler(200).encode())
        assert client.read()[0] == "c"
        client.send("B", filler(400).encode())
        assert client.read()[0] == "s"
        assert client.end()[0] in "ac"


def peak_kb(milter):
    with open(f"/proc/{milter.process.pid}/status") as text:
        return int(text.read().split("VmHWM:")[1].split()[0])


@pytest.mark.skipif(support.SANITIZED, reason="sanitizers take memory")
def test_many_large_mails_at_once_take_little_memory(site):
    site.configure(mail='trust = "claimed";')
    site.prefer("alice", SALES, topics=TOPICS)
    site.publish()
    milter = site.start()
    answer(milter, site, body=PITCH)
    before = peak_kb(milter)
    met = threading.Barrier(30, timeout=60)
    answers = []

    def send():
        with Client(site.socket) as client:
            client.connect()
            client.envelope("alice@example.com")
            client.call("T")
            client.call("L", "From", "bob@sender.example")
            client.call("N")
            for _ in range(8):
                client.send("B", filler(60000).encode())
                client.read()
            met.wait()  # all of them are in the middle of a body
            for _ in range(8):
                client.send("B", filler(60000).encode())
                client.read()
            answers.append(client.end()[0])

    threads = [threading.Thread(target=send) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(answers) == 30
    # 30 bodies are 29 MB.
    assert peak_kb(milter) - before < 15000
