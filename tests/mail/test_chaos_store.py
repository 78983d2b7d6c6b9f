"""A store that cannot be written: mail flows, and no word is given in vain."""

import random
import subprocess
import time

import pytest

import support
from chaos import Sender, arrived, keeps_promises, run_all
from test_answers import MORNINGS, NOBODY, STORAGE, TOPICS

SENDERS = 20 if support.SANITIZED else 50
PITCH = "We sell document storage.\r\n"
LATER = "2026-11-25T20:00:00-05:00"
# What a commit may wait is 0.2 s; a loaded machine has its own mind.
FLOWS_S = 120


@pytest.fixture(scope="session")
def lock_holder(tmp_path_factory):
    program = tmp_path_factory.mktemp("lock") / "lock_holder"
    subprocess.run(["cc", "-Wall", "-o", program, support.ROOT / "tests"
                    / "mail" / "lock_holder.c", "-llmdb"], check=True)
    return program


class Locked:
    """Another process holds the memory's lock."""

    def __init__(self, program, site):
        self.holder = subprocess.Popen(
            [program, site.folder / "store" / "memory"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"locked\n"

    def end(self):
        self.holder.kill()
        self.holder.wait(30)
        self.holder.stdin.close()
        self.holder.stdout.close()


@pytest.fixture
def locked(lock_holder, site):
    holders = []

    def lock():
        holders.append(Locked(lock_holder, site))
        return holders[-1]
    yield lock
    for holder in holders:
        holder.end()


@pytest.fixture
def small_disk(site):
    """The store on a file system of its own, of 1 MB."""
    store = site.folder / "store"
    store.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=755",
                           "usher-test", store], capture_output=True)
    if done.returncode != 0:
        pytest.skip("this container may not mount a tmpfs")
    yield store
    site.stop()
    subprocess.run(["umount", "-l", store], check=True)


def settle(site):
    """early takes mornings, reader no storage, shut nobody."""
    site.prefer("early", MORNINGS)
    site.prefer("reader", STORAGE, topics=TOPICS)
    site.prefer("shut", NOBODY)
    site.publish()


def send(postfix, first, to=("early",), port="tempfail", body=PITCH,
         count=SENDERS):
    """A letter each from count senders at once; each to all of `to`."""
    def next_sender(number):
        return Sender(postfix, port, first + number, list(to), body)
    begun = time.monotonic()
    sent = run_all(next_sender, 25, lambda: False, most=count)
    assert time.monotonic() - begun < FLOWS_S
    return sent


def codes(sent, local):
    return {one.outcome[local] for one in sent}


def test_locked_by_another_process(postfix, site, locked):
    settle(site)
    milter = site.start()
    before = send(postfix, 0, count=5)
    assert codes(before, "early") == {450}
    holder = locked()
    during = send(postfix, 1000)
    assert codes(during, "early") == {250}
    mixed = send(postfix, 2000, ["reader", "shut"], count=5)
    assert codes(mixed, "shut") == {550}
    holder.end()
    after = send(postfix, 3000, count=5)
    assert codes(after, "early") == {450}
    milter.wait_line(" fault ", "not free for writing")
    assert len(keeps_promises(site, LATER, before + during + after)) == 10
    assert len(arrived(postfix, "early")) == len(during) + 10


def test_locked_and_let_go_at_random(postfix, site, locked):
    """Whoever was told to come again is let in, whoever was not has been."""
    settle(site)
    site.start()
    send(postfix, 0, count=1)
    sent = []
    for turn in range(4):
        holder = locked()
        sent += send(postfix, 1000 * (turn + 1), count=10)
        holder.end()
        sent += send(postfix, 1000 * (turn + 1) + 500, count=5)
    assert len(keeps_promises(site, LATER, sent)) >= 5
    assert arrived(postfix, "early") == {one.name: 1 for one in sent}


def test_read_only(postfix, site, small_disk):
    settle(site)
    site.start()
    before = send(postfix, 0, count=5)
    site.milters.pop().kill()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    milter = site.start()
    during = send(postfix, 1000)
    assert codes(during, "early") == {250}
    # Who differs by content cannot be answered apart.
    apart = send(postfix, 2000, ["early", "reader"], count=5)
    assert codes(apart, "early") == codes(apart, "reader") == {250}
    milter.wait_line(" fault ")
    milter.kill()
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert len(keeps_promises(site, LATER, before)) == 5


def test_full(postfix, site, small_disk):
    settle(site)
    milter = site.start()
    before = send(postfix, 0, count=5)
    assert codes(before, "early") == {450}
    filler = small_disk / "filler"
    with open(filler, "wb", buffering=0) as out:
        for size in 65536, 4096, 1:
            try:
                while True:
                    out.write(bytes(size))
            except OSError:
                pass
    during = send(postfix, 1000)
    assert codes(during, "early") <= {250, 450}
    assert 250 in codes(during, "early")
    milter.wait_line(" fault ")
    filler.unlink()
    after = send(postfix, 3000, count=5)
    assert codes(after, "early") == {450}
    told = keeps_promises(site, LATER, before + during + after)
    assert len(told) >= 10
    assert len(arrived(postfix, "early")) == len(before + during + after)


@pytest.mark.parametrize("damage", ["cut", "noise", "no folder"])
def test_damaged(postfix, site, damage):
    settle(site)
    site.start()
    send(postfix, 0, count=3)
    site.milters.pop().kill()
    memory = site.folder / "store" / "memory"
    data = memory / "data.mdb"
    if damage == "cut":
        data.write_bytes(data.read_bytes()[:9000])
    elif damage == "noise":
        data.write_bytes(random.Random(1).randbytes(65536))
    else:
        data.unlink()
        (memory / "lock.mdb").unlink()
        memory.rmdir()
        memory.write_bytes(b"")
    milter = site.start()
    sent = send(postfix, 1000, ["early", "reader"], body="Lunch?\r\n", count=5)
    assert codes(sent, "early") == codes(sent, "reader") == {250}
    milter.wait_line(" fault ")
    milter.stop()
