"""Several mail hosts with one store: a Redis, and what if it is away."""

import threading
import time

import pytest

import mail_site
import support
from test_promises import (ACCEPTED, MORNINGS, TUESDAY, at, attempt,
                           deferred)

EVENING = "2026-11-25T19:00:00-05:00"
ONCE = '{ name = "once"; then = "accept"; at_most = "1 per 30d in all"; }'
SOON_S = 60


@pytest.fixture
def hosts(tmp_path, redis):
    """hosts(): another host; its milters end with it."""
    made = []

    def make(**limits):
        folder = tmp_path / f"host{len(made)}"
        folder.mkdir()
        made.append(mail_site.Site(folder, folder / "milter.sock"))
        made[-1].configure(store=redis.url(**limits))
        return made[-1]
    yield make
    for host in made:
        host.stop()


def defers(host, sender="bob@sender.example"):
    """It does, once a commit takes less than 200 ms."""
    support.wait_for(lambda: deferred(attempt(host, sender=sender,
                                              from_=sender)),
                     SOON_S, "a deferral")


def test_a_promise_of_one_host_is_kept_by_the_other(hosts):
    one, two = hosts(), hosts()
    one.prefer("alice", MORNINGS)
    one.publish()
    one.start(at=TUESDAY)
    defers(one)
    for milter in one.milters:
        milter.kill()
    two.start(at=EVENING)
    defers(two, "eve@elsewhere.example")
    assert attempt(two) == ACCEPTED


def test_no_cap_is_exceeded_by_two_hosts_at_once(hosts):
    both = hosts(), hosts()
    both[0].prefer("alice", ONCE)
    both[0].publish()
    for host in both:
        host.start()
    answers = []

    def send(host, sender):
        answers.append(attempt(host, sender=sender, from_=sender))
    threads = [threading.Thread(target=send, args=(
        both[i % 2], f"m{i}@firm{i}.example")) for i in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 10
    # what could not be counted within 200 ms is accepted, and told of
    faults = sum(" fault " in line for host in both
                 for line in host.milters[0].lines)
    assert 1 <= answers.count(ACCEPTED) <= 1 + faults


def test_while_it_is_silent_mail_flows_and_is_told_of(hosts, redis):
    host = hosts(read_ms=None, commit_ms=None)
    host.prefer("alice", MORNINGS)
    host.publish()
    milter = host.start()
    defers(host)
    redis.halt()
    begun = time.monotonic()
    for i in range(10):
        # no 450 without its promise
        sender = f"m{i}@firm{i}.example"
        assert attempt(host, sender=sender, from_=sender) == ACCEPTED
    assert time.monotonic() - begun < SOON_S
    milter.wait_line(" fault ")
    redis.go_on()
    defers(host)


def test_one_that_was_started_again_is_found_again(hosts, redis):
    host = hosts()
    host.prefer("alice", MORNINGS)
    host.publish()
    host.start(at=TUESDAY)
    defers(host)
    redis.kill()
    assert attempt(host, sender="m@firm.example",
                   from_="m@firm.example") == ACCEPTED
    redis.start()
    defers(host)
    assert at(host, EVENING) == ACCEPTED


def test_commands_say_what_is_wrong(hosts, redis):
    host = hosts()
    host.prefer("alice", MORNINGS)
    host.publish()
    host.start()
    state = support.run_usher("status", "-c", host.conf, "--json").json()
    assert state["store"] == {"readable": True, "writable": True}
    redis.kill()
    done = support.run_usher("status", "-c", host.conf, "--json")
    assert done.json()["store"] == {"readable": False, "writable": False}
    for command in (["publish"], ["open", "alice@example.com", "--until",
                                  "2026-12-01"]):
        done = support.run_usher(*command, "-c", host.conf)
        assert done.code == 3, done.stdout + done.stderr
        assert f"Redis at 127.0.0.1:{redis.port}" in done.stderr
