"""make demo: the main job, on a real Postfix and with real SIP calls.

Brings up a private Postfix with usher-milter, usher-sip with a PBX behind it,
and a recipient who published preferences; sends mails by swaks and calls by
SIPp; prints who asked what, the answer that went over the wire, and why. It
then changes one preference and asks again. Needs nothing that an earlier run
left, ends by itself, and ends what it started.
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "mail")]

import support                               # noqa: E402
from mail_site import fields                 # noqa: E402
from postfix_lab import Postfix              # noqa: E402

TRUNK, PROXY, PBX = "127.0.0.2", "127.0.0.1", "127.0.0.3"
TUESDAY = "2026-11-24T{}:00-05:00"
WEDNESDAY = "2026-11-25T{}:00-05:00"

ALICE = """\
name      = "Alice Ng";
addresses = [ "alice@example.com" ];
phones    = [ "+14155550100" ];
timezone  = "America/New_York";
published = { email = "alice@example.com"; phone = "+14155550100";
              page = "https://reach.example.com/alice"; };
topics    = { document-storage = [ "document storage" ]; };
parties   = { colleagues = { addresses = [ "example.com" ]; }; };
rules = (
  { name = "colleagues";
    if   = { party = "colleagues"; };
    then = "accept"; },
  { name = "document storage by phone";
    if   = { channel = "phone"; topic = "document-storage"; };
    then = "accept"; during = "Tue,Thu 16:00-17:00"; },
  { name = "write before you call";
    if   = { channel = "phone"; stranger = true; };
    then = "redirect"; to = [ "email" ];
    say  = "Please write before you call."; },
  { name = "call about document storage";
    if   = { channel = "email"; purpose = "sales";
             topic = "document-storage"; };
    then = "redirect"; to = [ "phone" ];
    say  = "For document storage please call."; },
  { name = "one introduction, with an overview";
    if   = { channel = "email"; purpose = "sales"; };
    then = "accept"; during = "11:00-13:00";
    requires   = { attachment = [ "pdf" ]; words = "<=300"; };
    introduces = true; }
);
"""

SITE = """\
site = {{ domains = [ "example.com" ]; timezone = "America/New_York";
         country_code = "1"; internal = [ ]; }};
preferences = [ "preferences/*.conf" ];
store = "lmdb:store";
# This demo authenticates no mail, so it says that claims are believed.
mail = {{ socket = "unix:{socket}"; socket_group = "postfix";
         trust = "claimed"; }};
sip  = {{ listen = [ "udp:{proxy}:{port}" ];
         next_hops = [ "sip:{pbx}:{pbx_port}" ];
         trusted = [ "{trunk}" ]; }};
"""

PITCH = """\
Hi Alice,

I hope this email finds you well. I wanted to reach out because we help
companies like yours save up to 40% on {what}. Would you be open to a quick
15 minute call next week? Book a slot: https://calendly.com/pat-vendor/15min

Best regards,
Pat Seller
Business Development, Vendor

If you no longer wish to receive these emails, unsubscribe here:
https://track.vendor.example/api/mailings/opened/1
"""
PITCH_HEADERS = ("List-Unsubscribe: <mailto:unsubscribe@vendor.example>",
                 "X-Mailer: Outreach")


class Story:
    """Numbers its paragraphs, and checks what it tells."""

    def __init__(self):
        self.count = 0
        self.wrong = 0

    def tell(self, who, answer, why, wanted):
        self.count += 1
        print(f"\n{self.count}. {who}")
        for line in answer:
            print(f"   | {line}")
        verdict = why.get("verdict", "no decision was logged")
        reason = why.get("reason", "rule")
        print(f"   -> {verdict}: rule \"{why.get('rule', '?')}\""
              + (f", {reason}" if reason != "rule" else ""))
        if verdict != wanted:
            self.wrong += 1
            print(f"   !! this should have been: {wanted}")
        sys.stdout.flush()


class Daemon:
    """usher-milter or usher-sip in front, with the clock of the story."""

    def __init__(self, name, conf, at):
        self.name = name
        self.log = tempfile.TemporaryFile("a+")
        self.told = 0
        self.process = subprocess.Popen(
            [support.program(name), "-c", str(conf), "-f", "--at", at],
            stderr=self.log, stdin=subprocess.DEVNULL)
        try:
            support.wait_for(self._ready, 30, f"{name}: ready")
        except AssertionError:
            sys.exit(f"{name} did not start:\n{self.text()}")

    def _ready(self):
        if self.process.poll() is not None:
            raise AssertionError("it ended")
        return f"{self.name}: ready" in self.text()

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def decision(self):
        """The next decision line, as a dictionary.

        It is written behind the answer.
        """
        def come():
            lines = [line for line in self.text().splitlines()
                     if re.search(r"\bdecision ", line)]
            return lines[self.told:]
        try:
            line = support.wait_for(come, 10, "a decision")[-1]
        except AssertionError:
            return {}
        self.told += 1
        return fields(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def send_mail(postfix, sender, subject, body, headers=(), attach=None):
    """One mail by swaks, from a client elsewhere; the answers it heard."""
    command = ["swaks", "--server", "127.0.0.1", "--port",
               str(postfix.ports["accept"]), "--helo", "mail.vendor.example",
               "--xclient-addr", "192.0.2.25", "--from", sender,
               "--to", "alice@example.com", "--h-Subject", subject,
               "--body", body, "--suppress-data"]
    for header in headers:
        command += ["--add-header", header]
    if attach is not None:
        command += ["--attach-type", "application/pdf", "--attach",
                    f"@{attach}"]
    done = subprocess.run(command, capture_output=True, text=True,
                          timeout=60)
    # swaks marks an answer "<-" and an error "<**"; keep the last before QUIT.
    answers = re.findall(r"^<(?:-|\*\*)\s+(\d{3}[ -].*)$", done.stdout, re.M)
    said = [line for line in answers if not line.startswith("221")]
    last = said[-1][:3] if said else ""
    kept = []
    for line in reversed(said):
        if line[:3] != last or (last == "250" and kept):
            break
        kept.insert(0, line)
    return kept


def call(folder, port, name, number, subject):
    """One call by SIPp from the trunk; the final answer with its headers."""
    messages = folder / f"call-{time.monotonic_ns()}.log"
    # The ACK of a 2xx and the BYE carry the To of the answer.
    scenario = folder / "call.xml"
    scenario.write_text(
        (HERE / "call.xml").read_text()
        .replace("[$name]", name).replace("[$number]", number)
        .replace("[$subject]", subject)
        .replace("To: [$1]", "[last_To:]"))
    subprocess.run(
        ["sipp", "-sf", str(scenario), "-s", "+14155550100", "-m", "1",
         "-i", TRUNK, "-p", str(support.free_port(TRUNK, ("udp",))),
         "-trace_msg", "-message_file", str(messages), "-nostdin",
         "-timeout", "20", f"{PROXY}:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=40,
        cwd=folder)
    text = messages.read_text(errors="replace")
    finals = re.findall(r"^SIP/2\.0 [2-6].*?\n\r?\n", text, re.M | re.S)
    if not finals:
        return ["no final answer"]
    keep = ("SIP/2.0", "Retry-After", "Warning", "Error-Info")
    return [line.strip() for line in finals[0].splitlines()
            if line.startswith(keep)]


def tell_mails(story, site, postfix, folder):
    pdf = folder / "overview.pdf"
    pdf.write_bytes(b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n")
    with Daemon("usher-milter", site, TUESDAY.format("15:00")) as milter:
        print("\n== Mail, Tuesday 15:00 in New York ==")
        answer = send_mail(postfix, "pat@vendor.example",
                           "Re: document storage",
                           PITCH.format(what="document storage"),
                           PITCH_HEADERS)
        story.tell("A vendor's pitch about document storage, by mail.",
                   answer, milter.decision(), "redirect")
        answer = send_mail(postfix, "sam@other.example", "Re: our call",
                           PITCH.format(what="your payroll"), PITCH_HEADERS)
        story.tell("A vendor's pitch about payroll, by mail.", answer,
                   milter.decision(), "defer")
        answer = send_mail(postfix, "carol@example.com", "Lunch?",
                           "Hi Alice, lunch at noon tomorrow?\n\nCarol\n")
        story.tell("A colleague.", answer, milter.decision(), "accept")
    with Daemon("usher-milter", site, WEDNESDAY.format("11:30")) as milter:
        print("\n== Mail, Wednesday 11:30 ==")
        answer = send_mail(postfix, "sam@other.example", "Re: our call",
                           PITCH.format(what="your payroll"), PITCH_HEADERS,
                           attach=pdf)
        story.tell("The payroll vendor comes back at the opening, with an "
                   "overview.", answer, milter.decision(), "accept")


def tell_calls(story, site, port, folder):
    cold = ("Dana Caller", "+442071234567", "An offer")
    storage = ("Pat Seller", "+12025550123", "About document storage")
    with Daemon("usher-sip", site, TUESDAY.format("15:00")) as proxy:
        print("\n== Calls, Tuesday 15:00 ==")
        answer = call(folder, port, *cold)
        story.tell("A cold call.", answer, proxy.decision(), "redirect")
    with Daemon("usher-sip", site, TUESDAY.format("16:30")) as proxy:
        print("\n== Calls, Tuesday 16:30 ==")
        answer = call(folder, port, *storage)
        story.tell("A call about document storage, in its window: connected.",
                   answer, proxy.decision(), "accept")
    with Daemon("usher-sip", site, TUESDAY.format("17:30")) as proxy:
        print("\n== Calls, Tuesday 17:30 ==")
        answer = call(folder, port, *storage)
        story.tell("The same call an hour later.", answer, proxy.decision(),
                   "defer")
        print("\n== Alice stays until six: one line changes, and is "
              "published ==")
        print("   Tue,Thu 16:00-17:00  becomes  Tue,Thu 16:00-18:00")
        (site.parent / "preferences" / "alice.conf").write_text(
            ALICE.replace("Tue,Thu 16:00-17:00", "Tue,Thu 16:00-18:00"))
        publish(site)
        answer = call(folder, port, *storage)
        story.tell("The same call again, to the same proxy, still running: "
                   "connected.", answer, proxy.decision(), "accept")


def publish(site):
    done = support.run_usher("publish", "-c", site)
    if done.code != 0:
        sys.exit(f"usher publish: {done.stdout}{done.stderr}")
    for line in done.stdout.splitlines():
        print(f"   $ usher publish: {line}")


def main():
    started = time.monotonic()
    story = Story()
    with tempfile.TemporaryDirectory(prefix="usher-demo-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "preferences").mkdir()
        (folder / "preferences" / "alice.conf").write_text(ALICE)
        postfix = Postfix().start()
        port = support.free_port(PROXY, ("udp",))
        pbx_port = support.free_port(PBX, ("udp",))
        pbx = subprocess.Popen(
            ["sipp", "-sf", str(HERE / "answer.xml"), "-i", PBX, "-p",
             str(pbx_port), "-nostdin"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=folder)
        try:
            site = folder / "usher.conf"
            site.write_text(SITE.format(
                socket=postfix.sockets / "milter.sock", proxy=PROXY,
                port=port, pbx=PBX, pbx_port=pbx_port, trunk=TRUNK))
            print("Alice Ng publishes how, when and about what she wishes "
                  "to be approached.")
            publish(site)
            tell_mails(story, site, postfix, folder)
            tell_calls(story, site, port, folder)
        finally:
            pbx.kill()
            pbx.wait(10)
            postfix.stop()
    print(f"\n{story.count} attempts, {story.count - story.wrong} answered "
          f"as Alice wishes, in {time.monotonic() - started:.0f} s.")
    return 1 if story.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
