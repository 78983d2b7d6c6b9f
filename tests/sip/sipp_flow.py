"""Both sides' SIPp scenarios, made of one list of what is said in a call.

A step is said by one side and awaited by the other, which checks that the
headers of the step came unharmed. The proxy between them answers a CANCEL and
acknowledges refusals itself; the scenarios know that.
"""

import re
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

CALLER, CALLEE = "caller", "callee"

SDP = """v=0
o=- 1 1 IN IP4 [media_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
a=sendrecv
"""


@dataclass
class Step:
    side: str
    what: object                # a method, or a code
    headers: list = field(default_factory=list)
    sdp: bool = False
    tag: str = "t"              # of the callee
    of: str = ""                # the method that a response answers
    fresh: bool = False         # outside any dialog


def ask(side, method, *headers, **more):
    return Step(side, method, list(headers), **more)


def say(side, code, of, *headers, **more):
    return Step(side, code, list(headers), of=of, **more)


class Writer:
    """The scenario of one side."""

    def __init__(self, side):
        self.side = side
        self.parts, self.names = [], []
        self.count = 0          # of messages: SIPp numbers branches by them
        self.asked = {}         # (who asked, method) -> CSeq and message

    def _message(self, text, attributes=""):
        self.parts.append(f"<send{attributes}><![CDATA[\n\n{text}\n]]></send>")
        self.count += 1

    def _parties(self, asker, tag, fresh):
        """From and To of a request by `asker`."""
        caller = ("<sip:+44207123000[call_number]@example.net>"
                  ";tag=[pid]c[call_number]")
        if self.side == CALLEE:
            caller = "[$caller]"
        callee = "<sip:[service]@example.com>"
        if not fresh:
            callee += f";tag=[pid]{tag}[call_number]" \
                if self.side == CALLEE else "[peer_tag_param]"
        pair = (caller, callee) if asker == CALLER else (callee, caller)
        return f"From: {pair[0]}\nTo: {pair[1]}\n"

    def _finish(self, headers, sdp):
        lines = "".join(f"{h}\n" for h in headers)
        if sdp:
            return lines + ("Content-Type: application/sdp\n"
                            f"Content-Length: [len]\n\n{SDP}")
        return lines + "Content-Length: 0\n"

    def ask(self, step, cseq):
        branch = "[branch]"
        fresh = step.fresh
        if step.what == "CANCEL" or (step.what == "ACK" and step.fresh):
            invite = self.asked[step.side, "INVITE"]
            branch, cseq = f"[branch-{self.count - invite[1]}]", invite[0]
        elif step.what == "ACK":
            cseq = self.asked[step.side, "INVITE"][0]
        else:
            self.asked[step.side, step.what] = (cseq, self.count)
        uri = ("sip:[service]@[remote_ip]:[remote_port]"
               if fresh else "[next_url]")
        parties = self._parties(step.side, step.tag, fresh)
        if step.what == "ACK" and step.fresh:
            parties = self._parties(step.side, step.tag, False)
        self._message(
            f"{step.what} {uri} SIP/2.0\n"
            f"Via: SIP/2.0/[transport] [local_ip]:[local_port];"
            f"branch={branch}\n" + ("" if fresh else "[routes]\n") + parties
            + f"Call-ID: [call_id]\nCSeq: {cseq} {step.what}\n"
            f"Contact: <sip:{step.side}@[local_ip]:[local_port]>\n"
            f"Max-Forwards: 70\n" + self._finish(step.headers, step.sdp),
            ' retrans="500"' if step.what != "ACK" else "")
        if step.what != "ACK":
            self._hear('response="100" optional="true"')

    def _hear(self, attributes, actions=""):
        self.parts.append(f"<recv {attributes}><action>{actions}</action>"
                          "</recv>" if actions else f"<recv {attributes}/>")
        self.count += 1

    def _take(self, name, header, occurrence=1, pattern=".*"):
        self.names.append(name)
        return (f"<ereg regexp={quoteattr(pattern)} search_in=\"hdr\" "
                f"header=\"{header}:\" occurence=\"{occurrence}\" "
                f"check_it=\"true\" assign_to=\"{name}\"/>")

    def _checks(self, step):
        found = ""
        for n, line in enumerate(step.headers):
            name, _, value = line.partition(": ")
            found += self._take(f"c{self.count}x{n}", name,
                                pattern=re.sub(r"([.*+?()\[\]{}^$|\\])",
                                               r"\\\1", value))
        return found

    def asked_by_far_end(self, step, cseq):
        key = f"{step.what.lower()}{cseq}"
        actions = self._checks(step)
        if step.what not in ("ACK", "CANCEL"):
            self.asked[step.side, step.what] = (cseq, self.count)
            actions += self._take(f"a{key}", "Via", 1)
            actions += self._take(f"b{key}", "Via", 2)
            if step.what == "INVITE" and step.fresh:
                actions += self._take(f"r{key}", "Record-Route")
                actions += self._take("caller", "From")
        self._hear(f'request="{step.what}"' + (
            ' rrs="true"' if step.what == "INVITE" else ""), actions)

    def say(self, step):
        asker = CALLER if step.side == CALLEE else CALLEE
        cseq, _ = self.asked[asker, step.of]
        key = f"{step.of.lower()}{cseq}"
        route = f"r{key}" in self.names
        self._message(
            f"SIP/2.0 {step.what} Words\n"
            f"Via:[$a{key}]\nVia:[$b{key}]\n"
            + (f"Record-Route:[$r{key}]\n" if route else "")
            + self._parties(asker, step.tag, False)
            + f"Call-ID: [call_id]\nCSeq: {cseq} {step.of}\n"
            f"Contact: <sip:{step.side}@[local_ip]:[local_port]>\n"
            + self._finish(step.headers, step.sdp),
            ' retrans="500"' if step.of == "INVITE"
            and step.what // 100 == 2 else "")

    def said_by_far_end(self, step):
        keep = ' rrs="true"' if step.of == "INVITE" and step.what < 300 else ""
        self._hear(f'response="{step.what}"{keep}', self._checks(step))

    def cancel_answered(self):
        """By the callee, to the proxy; by the proxy, to the caller."""
        if self.side == CALLER:
            self._hear('response="200"')
            return
        self._message("SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n"
                      "[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n")

    def text(self):
        used = dict.fromkeys(self.names)
        return ('<?xml version="1.0" encoding="UTF-8"?>\n'
                f"<scenario name={quoteattr(escape(self.side))}>\n"
                + "\n".join(self.parts)
                + (f'\n<Reference variables="{",".join(used)}"/>' if used
                   else "") + "\n<timewait milliseconds=\"200\"/>"
                "\n</scenario>\n")


def scenarios(steps):
    """{side: the text of its scenario}."""
    result = {}
    for side in (CALLER, CALLEE):
        w = Writer(side)
        cseqs = {CALLER: 0, CALLEE: 0}
        for step in steps:
            own = step.side == side
            if not isinstance(step.what, str):
                w.say(step) if own else w.said_by_far_end(step)
                if step.of == "INVITE" and step.what >= 300:
                    asker = CALLER if step.side == CALLEE else CALLEE
                    ack = Step(asker, "ACK", fresh=True)
                    w.asked_by_far_end(ack, 0) if own else w.ask(ack, 0)
                continue
            if step.what not in ("ACK", "CANCEL"):
                cseqs[step.side] += 1
            cseq = cseqs[step.side]
            w.ask(step, cseq) if own else w.asked_by_far_end(step, cseq)
            if step.what == "CANCEL":
                w.cancel_answered()
        result[side] = w.text()
    return result
