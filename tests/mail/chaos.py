"""Retrying senders by the dozen, and a milter that dies under them.

`Sender(...)` brings one message to all its recipients as an MTA would: a 4xx
comes again, a 5xx is final, what is deferred to an opening stays so. Any of
its threads' faults are kept in `wrong`. `Dying(site)` kills the milter and
starts it anew until it is left alone.
"""

import itertools
import random
import smtplib
import threading
import time

from mail_site import mail

BACKOFF_S = 0.3
PATIENCE_S = 120


class Sender:
    """outcome: recipient to 250, 450 (deferred to an opening) or 550."""

    def __init__(self, postfix, port, number, recipients, body,
                 sender=None, **session):
        self.postfix, self.session = postfix, {"port": port, **session}
        self.name = f"m{number}"
        self.sender = sender or f"{self.name}@firm{number}.example"
        self.body = body
        self.waiting = list(recipients)
        # That it names its first recipient is what a reply asks for.
        self.message = mail(to=f"{recipients[0]}@example.com",
                            sender=self.sender, body=body,
                            subject=f"Letter {self.name}",
                            headers=f"X-Letter: {self.name}.\r\n")
        self.outcome = {}
        self.tries = 0
        self.said = []
        self.wrong = None

    def run(self):
        try:
            end = time.monotonic() + PATIENCE_S
            while self.waiting:
                assert time.monotonic() < end, f"{self.waiting} wait"
                self.attempt()
                if self.waiting:
                    time.sleep(random.uniform(0.5, 1) * BACKOFF_S)
        except Exception as error:
            self.wrong = f"{self.name}: {error!r} {self.said[-5:]}"

    def settle(self, recipients, code, text):
        self.said.append((recipients, code, text))
        final = code == 250 or code >= 500 or (
            code == 450 and text.startswith(b"4.2.1"))
        for one in recipients if final else ():
            assert one not in self.outcome, (one, code, text)
            self.outcome[one] = code
            self.waiting.remove(one)

    def attempt(self):
        self.tries += 1
        try:
            with self.postfix.session(**self.session) as smtp:
                self.transaction(smtp)
        except (smtplib.SMTPServerDisconnected,
                smtplib.SMTPConnectError) as error:
            self.said.append(("connection", 421, repr(error)))

    def transaction(self, smtp):
        code, text = smtp.mail(self.sender)
        if code != 250:
            self.said.append(("MAIL", code, text))
            return
        taken = []
        for one in random.sample(self.waiting, len(self.waiting)):
            code, text = smtp.rcpt(f"{one}@example.com")
            if code == 250:
                taken.append(one)
            else:
                self.settle([one], code, text)
        if taken:
            try:
                answer = smtp.data(self.message)
            except smtplib.SMTPDataError as error:  # to the word DATA
                answer = error.smtp_code, error.smtp_error
            self.settle(taken, *answer)


def run_all(next_sender, threads, enough, most=None, timeout=200):
    """Letter by letter in each thread until enough(), or most are sent.

    next_sender takes the letter's number. All that were sent come back.
    """
    sent = []
    numbers = itertools.count()
    end = time.monotonic() + timeout

    def work():
        while not enough() and time.monotonic() < end:
            number = next(numbers)
            if most is not None and number >= most:
                return
            sender = next_sender(number)
            sent.append(sender)
            sender.run()
            if sender.wrong:
                return

    started = [threading.Thread(target=work, daemon=True)
               for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join(max(0, end + PATIENCE_S - time.monotonic()))
        assert not thread.is_alive(), "a sender hangs"
    wrong = [one.wrong for one in sent if one.wrong]
    assert not wrong, wrong[:5]
    assert most is not None or enough(), f"not enough in {timeout} s"
    return sent


def arrived(postfix, local):
    """How often each letter lies in local's mailbox."""
    found = {}
    for one in postfix.mails(local):
        name = one.partition(b"X-Letter: ")[2].partition(b".")[0].decode()
        found[name] = found.get(name, 0) + 1
    return found


def keeps_promises(site, later, sent, local="early"):
    """All who were deferred come again hours after the opening and a crash."""
    for milter in site.milters:
        if milter.process.poll() is None:
            milter.kill()
    site.milters.clear()
    site.start(at=later)
    told = [one for one in sent if one.outcome.get(local) == 450]
    for one in told:
        one.waiting = [local]
        del one.outcome[local]
        one.run()
        assert one.wrong is None, one.wrong
        assert one.outcome[local] == 250, one.said
    return told


class Dying(threading.Thread):
    """While it runs the milter is killed and started at random."""

    def __init__(self, site, alive_s=(0.02, 0.5), dead_s=(0, 0.2), **start):
        super().__init__(daemon=True)
        self.site, self.start_as = site, start
        self.alive_s, self.dead_s = alive_s, dead_s
        self.enough = threading.Event()
        self.deaths = 0
        self.wrong = None
        self.milter = site.start(**start)

    def run(self):
        try:
            while not self.enough.wait(random.uniform(*self.alive_s)):
                self.milter.kill()
                self.deaths += 1
                self.enough.wait(random.uniform(*self.dead_s))
                self.milter = self.site.start(**self.start_as)
        except Exception as error:
            self.wrong = error

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        self.enough.set()
        self.join(60)
        if kind is None:
            assert self.wrong is None, self.wrong
