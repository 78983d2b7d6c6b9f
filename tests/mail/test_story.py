"""One conversation by phone and mail, as README tells it, on real servers.

A caller is told to write first, and when the phone will open then; the mail
comes without what it should bring, comes again with it, and names a number;
the call from that number is put through in its time. Postfix with our filter
takes the mails, the proxy the calls; mail and calls each have a host of their
own, a usher.conf that shares nothing but the store and the preferences.
"""

import email.message
import json
import re

import pytest

import mail_site
import sip_site
import support
from actor import Actor, Call
from test_answers import send

NUMBER, OTHER = "+442071234567", "+442079999999"
PAT = "pat@partner.example"  # our filter passes this domain
EVE = "eve@evil.example"
TELLS = "You can reach me at +44 20 7123 4567.\r\n"

ALICE = """
name = "Alice"; addresses = [ "alice@example.com" ];
phones = [ "+14155550100" ]; timezone = "America/New_York";
published = {{ email = "alice@example.com"; }};
rules = (
  {{ name = "once met"; if = {{ channel = "phone"; introduced = true; }};
    then = "accept"; during = "{phone}"; else = "defer"; }},
  {{ name = "write first"; if = {{ channel = "phone"; stranger = true; }};
    then = "redirect"; to = [ "email" ]; say = "Please write first."; }},
  {{ name = "one introduction"; if = {{ channel = "email"; }};
    then = "accept"; during = "11:00-13:00"; else = "defer";
    requires = {{ attachment = [ "pdf" ]; words = "<=300"; }};
    at_most = "1 per 30d"; introduces = true; }}
);
"""
RING = """
name = "Alice"; addresses = [ "alice@example.com" ];
phones = [ "+14155550100" ]; timezone = "America/New_York";
published = {{ phone = "+14155550100"; }};
rules = (
  {{ name = "call me"; if = {{ channel = "email"; }};
    then = "redirect"; to = [ "phone" ]; }},
  {{ name = "partners"; if = {{ organization = "partner.example"; }};
    then = "accept"; during = "{phone}"; else = "defer"; }}
);
otherwise = "refuse";
"""
MAIL = """
site = {{ domains = [ "example.com" ]; timezone = "America/New_York";
         country_code = "1"; }};
preferences = [ "{folder}/preferences/*.conf" ]; store = "{store}";
mail = {{ socket = "unix:{socket}"; socket_mode = "0660";
         socket_group = "postfix"; authserv_ids = [ "mx.example.com" ]; }};
"""
CALLS = """
site = {{ domains = [ "example.com" ]; timezone = "America/New_York";
         country_code = "1"; }};
preferences = [ "{folder}/preferences/*.conf" ]; store = "{store}";
sip = {{ listen = [ "udp:{host}:{port}" ]; trusted = [ "{trunk}" ];
        next_hops = [ "sip:{host}:{pbx}" ]; timers = {{ drain = 0; }}; }};
"""


def tuesday(time):
    return f"2026-11-24T{time}:00-05:00"


class Phone(sip_site.Site):
    """The proxy alone: its files are the story's."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.process, self.lines, self.at = None, [], None


class Story:
    def __init__(self, folder, postfix, store):
        self.folder, self.postfix, self.store = folder, postfix, store
        self.trunk, self.pbx = Actor(sip_site.TRUNK), Actor(sip_site.HOST)
        for host in ("preferences", "mail", "calls"):
            (folder / host).mkdir()
        self.mails = mail_site.Site(folder / "mail",
                                    postfix.sockets / "milter.sock")
        self.phone = Phone(folder / "calls",
                           support.free_port(sip_site.HOST, ("udp",)))
        self.mails.conf.write_text(MAIL.format(
            folder=folder, store=store, socket=self.mails.socket))
        (folder / "calls" / "usher.conf").write_text(CALLS.format(
            folder=folder, store=store, host=sip_site.HOST,
            port=self.phone.port, trunk=sip_site.TRUNK, pbx=self.pbx.port))
        self.prefer()

    def prefer(self, phone="Tue,Thu 16:00-17:00", rules=ALICE):
        (self.folder / "preferences" / "alice.conf").write_text(
            rules.format(phone=phone))
        self.mails.publish()

    def at(self, time):
        """It is this time now: whichever host is needed starts anew."""
        self.stop()
        self.phone.at = tuesday(time)

    def takes_mails(self):
        if not self.mails.milters:
            self.mails.start(at=self.phone.at)

    def takes_calls(self):
        if not self.phone.process:
            self.phone.run()

    def stop(self):
        self.phone.stop()
        self.phone.process = None
        self.mails.stop()
        self.mails.milters.clear()

    def end(self):
        self.stop()
        self.trunk.close()
        self.pbx.close()

    # ---- who comes ----

    def mail(self, text, overview=True, sender=PAT, port="behind",
             subject="Document storage", to="alice@example.com"):
        """The answer to a mail, to RCPT or in the end: code and text."""
        message = email.message.EmailMessage()
        message["From"], message["To"] = sender, to
        message["Subject"] = subject
        message["Message-ID"] = f"<{support.free_port()}@{sender}>"
        message.set_content(text)
        if overview:
            message.add_attachment(b"%PDF-1.4\nabout us\n", subtype="pdf",
                                   maintype="application",
                                   filename="overview.pdf")
        self.takes_mails()
        with self.postfix.session(port=port) as smtp:
            smtp.mail(sender)
            code, text = smtp.rcpt(to)
            if code == 250:
                code, text = smtp.data(message.as_bytes())
        return code, text.decode()

    def call(self, number=NUMBER, proven=True, uri=None, headers=()):
        self.takes_calls()
        more = [f"P-Asserted-Identity: <tel:{number}>"] if proven else []
        return Call(self.trunk, self.phone.address,
                    uri or self.phone.uri(),
                    caller=f"sip:{number}@example.net",
                    headers=more + list(headers)).send()

    def is_turned_away(self, *who, **how):
        return self.call(*who, **how).final(480)

    def is_connected(self, *who, **how):
        call = self.call(*who, **how)
        invite = self.pbx.expect("INVITE")
        self.pbx.reply(invite, 180, tag="x")
        call.expect(180)
        self.pbx.reply(invite, 486, tag="x")
        call.final(486)
        self.pbx.expect("ACK")

    def explain(self, number, time):
        said = support.run_usher(
            "explain", "-c", self.folder / "calls" / "usher.conf", "--to",
            "+14155550100", "--from", number, "--verified", "--at",
            tuesday(time), "--json")
        return json.loads(said.stdout)


@pytest.fixture
def store(request, tmp_path):
    """Where both hosts keep what they remember: a folder, or Redis."""
    if getattr(request, "param", "lmdb") == "redis":
        return request.getfixturevalue("redis").url()
    return f"lmdb:{tmp_path}/store"


@pytest.fixture
def story(tmp_path, postfix, armilter, store):
    one = Story(tmp_path, postfix, store)
    yield one
    one.end()


def is_told_to_write(story):
    away = story.is_turned_away()
    assert "alice@example.com" in away.get("Error-Info")
    warning = away.get("Warning")
    assert "Please write first." in warning
    assert "Once introduced you may get in touch by phone from " \
        "Tue 24 Nov 2026 16:00 America/New_York" in warning
    return re.search(r"Reference (\w{12})\.", warning)[1]


def introduces_itself(story, text=TELLS):
    code, said = story.mail(text, overview=False)
    assert code in (450, 550) and "pdf" in said.lower(), said
    code, said = story.mail(text)
    assert code == 250, said


@pytest.mark.parametrize("store", ["lmdb", "redis"], indirect=True)
def test_a_vendor_who_wrote_first_is_put_through(story):
    story.at("11:05")
    is_told_to_write(story)
    introduces_itself(story)
    # Once in thirty days, whoever of the firm it is.
    code, said = story.mail("Once more: 020 7123 4567\r\n")
    assert code == 550 and "2026-12-24" in said, said
    story.at("15:00")
    assert story.is_turned_away().retry_after == 3600
    story.is_turned_away(OTHER)
    story.at("16:30")
    story.is_connected()
    assert "Error-Info" in dict(story.is_turned_away(OTHER).headers)
    story.at("17:00")
    assert story.is_turned_away().retry_after == 47 * 3600


@pytest.mark.parametrize("store", ["lmdb", "redis"], indirect=True)
def test_what_was_told_holds_when_the_window_has_moved(story):
    story.at("11:05")
    is_told_to_write(story)
    introduces_itself(story)
    story.prefer(phone="Tue,Thu 18:00-19:00")
    story.at("15:59")
    story.is_turned_away()
    story.at("16:30")
    story.is_turned_away(proven=False)
    told = story.explain(NUMBER, "16:30")
    assert (told["verdict"], told["reason"]) == ("accept", "promise")
    steps = {step["rule"]: step for step in told["trace"]}
    assert steps["link"]["condition"] == \
        f"{NUMBER} is partner.example until 2028-11-23T16:05:00Z"
    assert PAT in steps["link"]["fact"]
    assert any("introduced until 2028-11-23" in step["fact"]
               for step in told["trace"])
    story.is_connected()
    story.at("17:00")
    story.is_turned_away()


def test_a_forger_gains_nothing_from_it(story):
    """Whoever is not proven, here or there, joins and is joined to nobody."""
    story.at("11:05")
    is_told_to_write(story)
    code, said = story.mail(TELLS, port="accept")
    assert code == 250, said
    story.at("16:30")
    story.is_turned_away()
    story.at("11:10")
    introduces_itself(story)
    code, said = story.mail(f"My number: {OTHER}\r\n", sender=EVE)
    assert code == 250, said
    story.at("16:30")
    story.is_turned_away(proven=False)
    story.is_turned_away(OTHER)
    story.is_connected()


def test_a_link_is_cut_by_the_recipient(story):
    story.at("11:05")
    introduces_itself(story)
    conf = story.folder / "calls" / "usher.conf"
    said = support.run_usher("link", "list", "-c", conf, "alice@example.com",
                             "--json", "--at", tuesday("12:00"))
    assert said.json() == {
        "number": NUMBER, "party": "partner.example", "named_by": PAT,
        "since": "2026-11-24T16:05:00Z", "until": "2028-11-23T16:05:00Z"}
    said = support.run_usher("link", "cut", "-c", conf, "alice@example.com",
                             NUMBER, "--at", tuesday("12:00"))
    assert (said.code, said.stdout) == (0, f"{NUMBER}: cut\n")
    story.at("16:30")
    story.is_turned_away()


@pytest.mark.parametrize("where, store", [
    ("subject", "redis"), ("address", "lmdb")], indirect=["store"])
def test_a_reference_stands_for_the_number(story, where):
    story.at("11:05")
    reference = is_told_to_write(story)
    shown = dict(subject=f"Storage ({reference}), Ref. {reference}") \
        if where == "subject" else dict(to=f"alice+{reference}@example.com")
    # From who is not proven it says nothing, and is worth no less after.
    assert story.mail("How are you?\r\n", port="accept", **shown)[0] == 250
    # The older one is as good as what is told now.
    assert is_told_to_write(story) != reference
    code, said = story.mail("How are you?\r\n", **shown)
    assert code == 250, said
    assert story.mail("And I?\r\n", sender=EVE, **shown)[0] == 250
    story.at("16:30")
    story.is_connected()
    story.is_turned_away(OTHER)


@pytest.mark.parametrize("where", ["subject", "user"])
def test_a_caller_who_was_told_by_mail_is_recognised_once(story, where):
    story.prefer(rules=RING)
    story.at("11:05")
    code, said = story.mail("How are you?\r\n")
    assert code == 550 and "16:00" in said, said
    reference = re.search(r"Reference (\w{12})\b", said)[1]
    shown = {"uri": story.phone.uri(f"+14155550100+{reference}")}
    if where == "subject":
        shown = {"headers": [f"Subject: storage, ref {reference}"]}
    story.prefer(phone="Tue,Thu 18:00-19:00", rules=RING)
    story.at("15:59")
    story.call(**shown).final(603)
    story.at("16:30")
    story.call().final(603)
    story.call(proven=False, **shown).final(603)
    story.is_connected(**shown)
    # Overheard by another.
    story.call(OTHER, **shown).final(603)
