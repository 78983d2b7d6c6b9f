"""A next hop killed in mid-load: what becomes of each of its calls."""

import socket
import threading

import pytest

import support
from actor import Actor, Message
from sip_site import HOST, TRUNK
from test_calls import two_hops
from test_lab import SCENARIOS, processes, sipp, well  # noqa: F401

TALKS, RINGS, SILENT = "+14155550100", "+14155550101", "+14155550102"
CALLS, RATE = (40, 20) if support.SANITIZED else (90, 60)


class Hop(threading.Thread):
    """A PBX that answers by the user called, until it is killed."""

    def __init__(self, actor, contact, survives):
        super().__init__(daemon=True)
        self.actor, self.contact, self.survives = actor, contact, survives
        self.invited = {TALKS: set(), RINGS: set(), SILENT: set()}
        self.ended = set()
        self.alive = True
        self.actor.socket.settimeout(0.1)
        self.start()

    def run(self):
        while self.alive:
            try:
                data, source = self.actor.socket.recvfrom(70000)
            except socket.timeout:
                continue
            self.answer(Message(data, source))

    def answer(self, message):
        call_id = message.get("Call-ID")
        if message.method in ("OPTIONS", "CANCEL"):
            self.actor.reply(message, 200)
        elif message.method == "BYE":
            self.ended.add(call_id)
            self.actor.reply(message, 200)
        elif message.method == "INVITE":
            self.ring(message, message.uri[4:].split("@")[0], call_id)

    def ring(self, message, user, call_id):
        self.invited[user].add(call_id)
        if user == RINGS:
            self.actor.reply(message, 180, "Ringing", tag="r" + call_id)
        elif user == TALKS or self.survives:
            self.actor.reply(message, 200, "OK", tag="t" + call_id,
                             contact=False,
                             headers=[f"Contact: <sip:{self.contact}>"])

    def kill(self):
        """From the next datagram on nobody listens there."""
        self.alive = False
        self.join()
        self.actor.close()


def changed(tmp_path, name, scenario, old, new):
    text = (SCENARIOS / scenario).read_text()
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new))
    return tmp_path / name


@pytest.mark.timeout(180)
def test_a_hop_killed_in_mid_load(site, tmp_path, processes, free_port,
                                  speakers):
    port = free_port(HOST, ("udp",))
    survivor = speakers(HOST)
    contact = f"pbx@{HOST}:{survivor.port}"
    first = Hop(Actor(HOST, port), contact, False)
    second = Hop(survivor, contact, True)
    s = site(hops=two_hops(port, survivor.port),
             timers="t1 = 150; t2 = 600; t4 = 600; probe = 1000; "
             "failover = 1500; c = 60000;")
    ringing = changed(tmp_path, "ringing.xml", "turned_away.xml",
                      '<recv response="@CODE@"/>',
                      '<recv response="180" optional="true"/>\n'
                      '  <recv response="503"/>')
    talking = changed(tmp_path, "talking.xml", "caller.xml",
                      "<pause", '<pause milliseconds="3000"/>\n  <pause')
    load = ("-r", RATE, f"{HOST}:{s.port}")

    def callers(name, scenario, user, calls):
        processes.append(sipp(tmp_path / name, scenario, "-s", user,
                              "-m", calls, *load, host=TRUNK))
        return processes[-1]
    rings = callers("rings", ringing, RINGS, CALLS // 2)
    talks = callers("talks", talking, TALKS, CALLS)
    silent = callers("silent", "caller.xml", SILENT, CALLS)
    support.wait_for(lambda: len(first.invited[RINGS]) >= CALLS // 2 and
                     len(first.invited[TALKS]) >= CALLS // 2, timeout=60,
                     what="half of the load")
    first.kill()
    for process in (rings, talks, silent):
        well(process, 120)
    s.wait_line("is dead")
    assert not second.invited[RINGS]
    # Who talked hung up, whoever had answered; and all got somebody.
    assert second.ended == (first.invited[TALKS] | second.invited[TALKS]
                            | second.invited[SILENT])
    assert len(second.invited[SILENT]) == CALLS
    support.wait_for(lambda: s.counters()["transactions"] == 0, timeout=60,
                     what="the end of every transaction")
    second.kill()
