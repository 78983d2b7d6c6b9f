"""Ten wishes, any order, retrying clients: each recipient their own answer.

A Postfix and a Sendmail queue and retry every second, to a Postfix and a
Sendmail with Usher. A recorder between them reads what each recipient is
answered; the servers' mailboxes show what arrived.
"""

import random
import time
from collections import Counter

import pytest

import mail_site
import postfix_lab
import sendmail_lab
import support
import wire
from mail_site import mail
from test_answers import MORNINGS, TOPICS

PAGE = '{ page = "https://reach.example.com/r"; }'
ORDERS = 3 if support.SANITIZED else 50


def about_storage(then):
    return (f'{{ name = "storage"; if = {{ topic = "storage"; }}; {then} '
            'say = "WORDS"; }')


# The rule of each, and the code of the last answer.
WISHES = (
    ("", 250),
    (about_storage('then = "refuse";'), 550),
    (about_storage('then = "accept"; during = "14:00-16:00";'), 250),
    ('{ name = "nobody"; then = "refuse"; say = "WORDS"; }', 550),
    (MORNINGS.replace("then", 'say = "WORDS"; then'), 450),
    (about_storage('then = "redirect"; to = [ "page" ];'), 550),
    (about_storage('then = "refuse";'), 550),
    ('{ name = "all"; then = "accept"; }', 250),
    (about_storage('then = "accept"; during = "09:00-12:00";'), 450),
    (None, 250),
)


class QueueingPostfix(postfix_lab.Postfix):
    """Sends all of example.com to a port, and retries every second."""

    def __init__(self, next_hop):
        super().__init__()
        self.next_hop = next_hop

    def configure(self):
        super().configure()
        path = self.etc / "main.cf"
        text = path.read_text().replace(
            "virtual_mailbox_domains = example.com",
            "virtual_mailbox_domains =")
        path.write_text(
            f"{text}transport_maps = inline:{{ {{ example.com = "
            f"smtp:[127.0.0.1]:{self.next_hop} }} }}\n"
            "minimal_backoff_time = 1s\nmaximal_backoff_time = 1s\n"
            "queue_run_delay = 1s\nrelay_domains = example.com\n")

    def nudge(self):
        """A message whose turn comes while its last delivery has yet to let
        go of the file is put off for minutes, whatever the backoff."""
        self.command("postfix", "reload")
        self.command("postqueue", "-f")


CLIENTS = {"postfix": QueueingPostfix, "sendmail": sendmail_lab.Sendmail}


@pytest.fixture(params=("postfix", "sendmail"))
def server(request, tmp_path):
    """Who differs is split; ten addresses each, so that no client's sorting
    puts them into one order: p3r7 is r7 in the fourth place."""
    lab = request.getfixturevalue(request.param)
    lab.site = mail_site.Site(tmp_path, lab.sockets / "milter.sock")
    lab.site.configure()
    yield lab
    lab.site.stop()


@pytest.fixture(params=CLIENTS)
def client(request, server):
    """A queue with the recorder before it."""
    recorder = wire.Recorder(server.ports["accept"])
    lab = CLIENTS[request.param](recorder.port)
    try:
        lab.start()
        lab.recorder = recorder
        yield lab
    finally:
        lab.stop()
        recorder.stop()


def queue(client, sender, recipients):
    with client.session("plain", client=None) as smtp:
        smtp.mail(sender)
        for one in recipients:
            assert smtp.rcpt(one)[0] == 250
        code, text = smtp.data(mail(
            body="We sell document storage.\r\n",
            headers=f"X-Sender: {sender}\r\n"))
        assert code == 250, text


def arrived(server):
    """(sender, recipient) of all that lies in the server's mailboxes."""
    support.wait_for(server.queue_is_empty, 60, "an empty queue")
    found = Counter()
    for path in (server.base / "mail" / "all" / "new").glob("*"):
        fields = dict(line.split(": ", 1) for line in path.read_text()
                      .partition("\n\n")[0].splitlines() if ": " in line)
        found[fields["X-Sender"], fields["Delivered-To"]] += 1
    return found


def orders():
    """By sender: the order given, reversed, and at random."""
    people = list(range(len(WISHES)))
    every = [people, people[::-1]]
    chance = random.Random(3)
    every += [chance.sample(people, len(people)) for _ in range(ORDERS)]
    return {f"bob{i}@sender.example":
            {f"p{place}r{who}@example.com": who
             for place, who in enumerate(order)}
            for i, order in enumerate(every)}


def enlist(site, wishes):
    for who, (rule, _) in enumerate(wishes):
        if rule is not None:
            addresses = '", "'.join(f"p{place}r{who}@example.com"
                                    for place in range(10))
            site.prefer(f"r{who}",
                        rule.replace("WORDS", f"Answer {who} here."),
                        addresses=f'[ "{addresses}" ]', topics=TOPICS,
                        published=PAGE)
    site.publish()


def code_of(wishes, who):
    return wishes[who][1]


def has_own_answer(wishes, who, replies):
    """Whether the answer that this recipient is due is among the last."""
    code = str(code_of(wishes, who))
    return any(reply.startswith(code) and
               (code == "250" or f"Answer {who} here." in reply)
               for reply in replies[-8:])


def wait_for_answers(client, every, is_answered):
    """every: by sender, who is behind each recipient."""
    answers = client.recorder.answers

    def missing():
        return [(sender, to) for sender, recipients in every.items()
                for to, who in recipients.items()
                if not is_answered(who, answers[sender][to])]
    heard = {}

    def is_done():
        left = {(sender, to): len(answers[sender][to])
                for sender, to in missing()}
        if left != heard.get("left"):
            heard.update(left=left, at=time.monotonic())
        elif left and time.monotonic() - heard["at"] > 8:
            heard["at"] = time.monotonic()
            if isinstance(client, QueueingPostfix):
                client.nudge()
        return not left
    try:
        support.wait_for(is_done, 100, "an answer for each")
    except AssertionError as error:
        said = "\n".join(
            f"{sender} {to}: {len(answers[sender][to])} answers, "
            f"{answers[sender][to][-1:]}" for sender, to in missing())
        raise AssertionError(f"{error}\n{said}\n{client.log()[-20000:]}")
    return answers


def accepted(wishes, every):
    return {(sender, to): 1 for sender, recipients in every.items()
            for to, who in recipients.items()
            if code_of(wishes, who) == 250}


def test_each_gets_their_own_answer_and_copy(server, client):
    enlist(server.site, WISHES)
    milter = server.site.start()
    every = orders()
    for sender, recipients in every.items():
        queue(client, sender, recipients)
    answers = wait_for_answers(
        client, every,
        lambda who, said: has_own_answer(WISHES, who, said))
    client.stop()
    assert arrived(server) == accepted(WISHES, every)
    for sender, recipients in every.items():
        for to, who in recipients.items():
            others = [f"Answer {i} here" for i in range(10) if i != who] + \
                [one for one in recipients if one != to]
            said = "\n".join(answers[sender][to])
            assert not [one for one in others if one in said], said
            finals = [one for one in answers[sender][to] if one[0] in "25"]
            assert len(finals) == (code_of(WISHES, who) != 450)
    milter.stop()
    assert "faults=0" in milter.wait_line("counts ")


def test_forty_recipients_get_their_copies_within_three_tries(
        server, client):
    """More than 15 are turned away: at once, in words that name nobody."""
    wishes = [WISHES[1] if who % 8 < 5 else WISHES[0] for who in range(40)]
    enlist(server.site, wishes)
    server.site.start()
    every = {"bob@sender.example":
             {f"p{who % 10}r{who}@example.com": who for who in range(40)}}
    queue(client, "bob@sender.example", every["bob@sender.example"])
    answers = wait_for_answers(
        client, every, lambda who, said: said and said[-1][0] in "25")
    client.stop()
    assert arrived(server) == accepted(wishes, every)
    for to, who in every["bob@sender.example"].items():
        said = answers["bob@sender.example"][to]
        assert len(said) <= 3, said
        assert said[-1].startswith(str(code_of(wishes, who)))
        assert not [one for one in said if "Answer" in one]
