"""Messages that make the points of RFC 4475, section by section, in words of
our own, and what becomes of each at a proxy: its rows bear the RFC's names.

OUTCOMES says it for a request or response of a trusted source, with every host
it names in `domains`, before a hop that answers 200:

    forwarded   the hop gets it, nothing changed but what a proxy must
    answered    200 by ourselves, the hop gets nothing
    a number    that code by ourselves, the hop gets nothing
    dropped     nobody gets anything

ON_STREAMS has what is otherwise over TCP, where Content-Length frames:

    waits       its end has not come: nothing happens
    and closed  behind a code: framing is lost, and the stream with it
"""

SDP = (b"v=0\r\no=ann 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\n"
       b"t=0 0\r\nm=audio 40000 RTP/AVP 0\r\n")

DOMAINS = ("example.com", "example.net", "example.org", "far.example.edu",
           "services.example.com", "192.0.2.7", "[2001:db8::10]",
           "[2001:db8::10:5070]")


def compose(start, headers, body=b""):
    lines = [start] + [h if isinstance(h, bytes) else h.encode()
                       for h in headers]
    lines[0] = start if isinstance(start, bytes) else start.encode()
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def fields(name, method, body, changes):
    """Headers in order; a change of None leaves one out, of a tuple repeats
    it, and the key "more" holds lines to go below, as they are."""
    usual = {
        "Via": f"SIP/2.0/UDP host.example.net;branch=z9hG4bK{name}",
        "Max-Forwards": "70",
        "From": f"<sip:caller@example.net>;tag=f{name}",
        "To": "<sip:user@example.com>",
        "Call-ID": f"{name}.1@host.example.net",
        "CSeq": f"17 {method}",
    }
    if method == "INVITE":
        usual["Contact"] = "<sip:caller@host.example.net>"
    if body:
        usual["Content-Type"] = "application/sdp"
    usual["Content-Length"] = str(len(body))
    lines = []
    for key, value in usual.items():
        value = changes.get(key.replace("-", "_"), value)
        if value is None:
            continue
        for one in value if isinstance(value, tuple) else (value,):
            lines.append(f"{key}: {one}")
    return lines + list(changes.get("more", ()))


def ask(name, method="INVITE", uri="sip:user@example.com", body=None,
        version="SIP/2.0", **changes):
    if body is None:
        body = SDP if method == "INVITE" else b""
    return compose(f"{method} {uri} {version}",
                   fields(name, method, body, changes), body)


def options(name, **changes):
    return ask(name, "OPTIONS", **changes)


def register(name, contact="<sip:user@host.example.net>", **changes):
    lines = list(changes.pop("more", ()))
    contacts = contact if isinstance(contact, tuple) else (contact,)
    return ask(name, "REGISTER", changes.pop("uri", "sip:example.com"),
               From=changes.pop("From", f"<sip:user@example.com>;tag={name}"),
               more=[f"Contact: {c}" for c in contacts if c] + lines,
               **changes)


def answer(name, status, method="INVITE", body=b"", **changes):
    return compose(f"SIP/2.0 {status}",
                   fields(name, method, body, {"Max_Forwards": None,
                                               **changes}), body)


LONG = "long" * 30
WEIRD = "!odd-Verb9_*+`.%is'~"
BINARY = bytes(range(256)).replace(b"\r\n", b"")
PARTS = (b"--cut\r\nContent-Type: text/plain\r\n\r\nHi\r\n"
         b"--cut\r\nContent-Type: application/octet-stream\r\n"
         b"Content-Transfer-Encoding: binary\r\n\r\n" + BINARY
         + b"\r\n--cut--\r\n")

VALID = {
    # 3.1.1.1: white space wherever it may stand, compact names, any case.
    "wsinv": compose("INVITE sip:user@far.example.edu;unknownparam SIP/2.0", [
        "TO :\r\n sip:user@far.example.edu ;   tag    = t1wsinv",
        'from   : "A \\\\\\""       <sip:caller@example.net>\r\n  ;\r\n'
        "  tag = f1wsinv",
        "MaX-fOrWaRdS: 0068", "Call-ID: wsinv.1@192.0.2.7",
        f"Content-Length   : {len(SDP)}", "cseq: 0009\r\n  INVITE",
        "Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.7;branch=390wsinv",
        "s :", "NewFangled:   first\r\n continued newfangled value",
        "Odd: ;;,,;;,;", "Content-Type: application/sdp",
        "Route:\r\n <sip:services.example.com;lr;unknown=value;unknown-no>",
        "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =  "
        " z9hG4bK9wsinv  ,\r\n SIP  /    2.0   / UDP  192.0.2.9   ; branch="
        "\r\n z9hG4bK8wsinv",
        'm:"Quoted \\"\\"" <sip:caller@example.net> ; newparam =\r\n'
        "      newvalue ;\r\n  secondparam ; q = 0.33"], SDP),
    # 3.1.1.2: every byte that the grammar lets stand somewhere.
    "intmeth": compose(
        f"{WEIRD} sip:1_odd.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,"
        "word!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0", [
            b"Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bK-.!%66*_+`'~",
            b'To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_odd.URI~(to-be!'
            b"sure)&isn't+it$/crazy?,/;;*@example.com>",
            "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>"
            ";fromParam''~+*_!.-%=\"\u0440\u0430\u0431\";tag=_tok~1'+`*%!-.",
            b"Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
            f"CSeq: 139122385 {WEIRD}", "Max-Forwards: 255",
            "extensionHeader-!.%*+_`'~:\ufeff\u5927\u505c", "Content-Length: 0"
        ]),
    # 3.1.1.3: escapes mean their byte, and a user may look like a URI.
    "esc01": ask("esc01", uri="sip:sips%3Auser%40example.com@example.net",
                 From="<sip:I%20have%20spaces@example.net>;tag=esc01",
                 To="sip:%75se%72@example.com", Contact=(
                     "<sip:cal%6Cer@host.example.net;%6C%72;n%61me=v%61l>")),
    # 3.1.1.4: escaped NUL is a byte like others.
    "escnull": register("escnull", (
        "<sip:%00@host5.example.com>", "<sip:%00%00@host5.example.com>"),
        To="sip:null-%00-null@example.com",
        From="sip:null-%00-null@example.com;tag=escnull"),
    # 3.1.1.5: a percent sign outside URIs is only that.
    "esc02": ask("esc02", "RE%47IST%45R", "sip:registrar.example.com",
                 To='"%Z%45" <sip:resource@example.com>',
                 From='"%Z%45" <sip:resource@example.com>;tag=esc02',
                 Via="SIP/2.0/UDP host.example.com;branch=z9hG4bK209%fzesc02",
                 more=["Contact: <sip:alias1@host1.example.com>",
                       "C%6Fntact: <sip:alias2@host2.example.com>",
                       "Contact: <sip:alias3@host3.example.com>"]),
    # 3.1.1.6: no white space between display name and <.
    "lwsdisp": options("lwsdisp",
                       From="caller<sip:caller@example.com>;tag=lwsdisp"),
    # 3.1.1.7: long values, and many of them.
    "longreq": ask(
        "longreq", To=f'"{LONG}"<sip:user@example.com:6000;p={LONG};{LONG}'
        f"name={LONG};{LONG}>",
        From=f"sip:{LONG}@example.net;tag=1{LONG};unknown{LONG}={LONG};{LONG}",
        Call_ID=f"longreq.{LONG}", Via=tuple(
            ["SIP/2.0/UDP host.example.net;branch=z9hG4bKlongreq"] + [
                f"SIP/2.0/TCP sip{n}.example.com" + (
                    f";received=192.0.2.{n};branch=very{LONG}branch{n}"
                    if n % 2 else "") for n in range(33, 20, -1)]),
        Contact=f"<sip:{LONG}@host5.example.net>",
        more=[f"Unknown-{LONG}-Name: unknown-{LONG}-value; unknown-{LONG}"
              f"-parameter-name = unknown-{LONG}-parameter-value"]),
    # 3.1.1.8: what follows a datagram's message is ignored; on a stream it is
    # the next one.
    "dblreq": register("dblreq") + b"\r\n\r\n" + ask("dblreq.second"),
    # 3.1.1.9: ';' and an escaped '@' in a user part.
    "semiuri": options("semiuri",
                       uri="sip:user;par=u%40example.net@example.com",
                       more=["Accept: application/sdp, multipart/mixed,\r\n"
                             "        message/sip, message/sipfrag"]),
    # 3.1.1.10: transports that we know and do not know.
    "transports": options("transports", Via=tuple(
        f"SIP/2.0/{one} t{n}.example.com;branch=z9hG4bKtransports{n}"
        for n, one in enumerate(["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]))),
    # 3.1.1.11: a body of parts with any bytes in them.
    "mpart01": ask("mpart01", "MESSAGE", body=PARTS,
                   Content_Type="multipart/mixed;boundary=cut",
                   Identity="c2lnbmVk",
                   more=["Date: Sat, 15 Oct 2005 04:44:56 GMT",
                         "Content-Transfer-Encoding: binary"]),
    # 3.1.1.12, 3.1.1.13: any reason phrase, and none. Nobody asked for them.
    "unreason": answer("unreason", "200 = 2**3 * 5**2 \u043d\u043e", body=SDP,
                       To="sip:user@example.edu;tag=t"),
    "noreason": answer("noreason", "100 ", To="<sip:a@example.edu>;tag=t"),
}

INVALID = {
    # 3.1.2.1: separators where nothing is to be parted.
    "badinv01": ask("badinv01", Via="SIP/2.0/UDP 192.0.2.7;;,;,,",
                    Contact='"Joe" <sip:joe@example.org>;;;;'),
    # 3.1.2.2, 3.1.2.3: more than there is, and less than nothing.
    "clerr": ask("clerr", Content_Length="9999"),
    "ncl": ask("ncl", Content_Length="-999"),
    # 3.1.2.4, 3.1.2.5: numbers beyond their range.
    "scalar02": register(
        "scalar02", "<sip:user@host.example.com>\r\n"
        "  ;expires=280297596632815", CSeq="36893488147419103232 REGISTER",
        Max_Forwards="300", more=["Expires: 1" + "0" * 100]),
    "scalarlg": answer("scalarlg", "503 Service Unavailable", "OPTIONS",
                       CSeq="9292394834772304023312 OPTIONS",
                       more=["Retry-After: 949302838503028349304023988",
                             'Warning: 1812 overture "In Progress"']),
    # 3.1.2.6: a quote that never ends.
    "quotbal": ask("quotbal", To='"Mr. J. User <sip:j.user@example.com>'),
    # 3.1.2.7 to 3.1.2.11: request lines that are none.
    "ltgtruri": ask("ltgtruri", uri="<sip:user@example.com>"),
    "lwsruri": ask("lwsruri", uri="sip:user@example.com; lr"),
    "lwsstart": ask("lwsstart", uri=" sip:user@example.com "),
    "trws": options("trws", version="SIP/2.0  "),
    "escruri": ask("escruri",
                   uri="sip:user@example.com?Route=%3Csip:example.com%3E"),
    # 3.1.2.12: a date of another zone than GMT.
    "baddate": ask("baddate", more=["Date: Fri, 01 Jan 2010 16:00:00 EST"]),
    # 3.1.2.13 to 3.1.2.15: what wants <> or quotes, and spaces within <>.
    "regbadct": register("regbadct", "sip:user@example.com?Route=%3Csip:"
                         "sip.example.com%3E"),
    "badaspec": options("badaspec", To='"Watson" < sip:user@example.org >'),
    "baddn": options("baddn", From="Bell, A <sip:bell@example.com>;tag=43"),
    # 3.1.2.16 to 3.1.2.18: another version, and two words for the method.
    "badvers": options("badvers", version="SIP/7.0",
                       Via="SIP/7.0/UDP host.example.net;branch=z9hG4bKbad"),
    "mismatch01": options("mismatch01", CSeq="8 INVITE"),
    "mismatch02": ask("mismatch02", "NEWMETHOD", body=SDP, CSeq="8 INVITE"),
    # 3.1.2.19: a code beyond its range.
    "bigcode": answer("bigcode", "4294967301 better not break", "INVITE"),
}

LATER = {
    # 3.2.1: the cookie alone is no branch: matched as of RFC 2543.
    "badbranch": options("badbranch", Max_Forwards="3",
                         Via="SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK"),
    # 3.3.1: no Call-ID, From, To, Max-Forwards.
    "insuf": ask("insuf", Call_ID=None, From=None, To=None,
                 Max_Forwards=None),
    # 3.3.2 to 3.3.4: schemes we do not know, and those of others.
    "unkscm": options("unkscm", uri="nobodyKnowsThisScheme:opaque"),
    "novelsc": options("novelsc", uri="soap.beep://192.0.2.7:3002"),
    "unksm2": register("unksm2", "<name:John_Smith>", To="isbn:2983792873",
                       From="<http://www.example.com>;tag=unksm2"),
    # 3.3.5: extensions asked of proxies.
    "bext01": options("bext01", more=[
        "Require: nobodyDoesThis, norThis",
        "Proxy-Require: noProxyDoesThis, norAnyThis"]),
    # 3.3.6, 3.3.7: a body and a scheme for the far end to judge.
    "invut": ask("invut", body=b"<audio>\r\n</audio>\r\n",
                 Content_Type="application/unknownformat"),
    "regaut01": register("regaut01", None, more=[
        "Authorization: NoOneKnowsThisScheme opaque-data=here"]),
    # 3.3.8, 3.3.9: two of what may stand once.
    "multi01": ask("multi01", CSeq=("5 INVITE", "59 INVITE"),
                   Call_ID=("multi01.1@192.0.2.7", "multi01.2@192.0.2.7"),
                   To=("sip:user@example.com", "sip:other@example.net"),
                   Max_Forwards=("70", "5"),
                   From=("sip:caller@example.com;tag=1",
                         "sip:caller@example.net;tag=2")),
    "mcl01": options("mcl01", body=b"There is no way to know how many.\r\n",
                     Content_Length=("13", "5"), Content_Type="text/plain"),
    # 3.3.10: a response to what we never sent, in another's name.
    "bcast": answer("bcast", "200 OK", body=SDP, Via=(
        "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKbcast",
        "SIP/2.0/UDP 255.255.255.255;branch=z9hG4bKsaber"),
        To="sip:user@example.edu;tag=t"),
    # 3.3.11: the last hop was the one before.
    "zeromf": options("zeromf", Max_Forwards="0"),
    # 3.3.12 to 3.3.15: for the registrar and the far end to judge.
    "cparam01": register("cparam01",
                         "sip:+19725550100@gw1.example.net;unknownparam"),
    "cparam02": register("cparam02",
                         "<sip:+19725550100@gw1.example.net;unknownparam>"),
    "regescrt": register("regescrt", "<sip:user@example.com?Route=%3Csip:"
                         "sip.example.com%3E>"),
    "sdp01": ask("sdp01", Max_Forwards="5", more=[
        "Accept: text/nobodyKnowsThis"]),
    # 3.4.1: as of RFC 2543: no tag, no branch, no Contact, no lengths.
    "inv2543": ask("inv2543", Via="SIP/2.0/UDP iftgw.example.com",
                   From="<sip:+13035550111@ift.example.net;user=phone>",
                   To="sip:+16505550122@ss1.example.net;user=phone",
                   Max_Forwards=None, Contact=None, Content_Length=None,
                   more=["Record-Route: <sip:UserB@example.com;"
                         "maddr=ss1.example.com>"]),
}

MESSAGES = {**VALID, **INVALID, **LATER}

OUTCOMES = {
    # A To tag that no Record-Route of ours vouches for begins no call.
    "wsinv": 481,
    # Not screened, so no fact comes of it: byte for byte.
    "intmeth": "forwarded", "escnull": "forwarded", "esc02": "forwarded",
    "unksm2": "forwarded", "regaut01": "forwarded", "cparam01": "forwarded",
    "cparam02": "forwarded", "regescrt": "forwarded", "dblreq": "forwarded",
    # Screened, and both readers agree.
    "esc01": "forwarded", "longreq": "forwarded", "mpart01": "forwarded",
    "invut": "forwarded", "sdp01": "forwarded", "inv2543": "forwarded",
    # OPTIONS to nobody who published: whether calls are taken here.
    "lwsdisp": "answered", "semiuri": "answered", "transports": "answered",
    "badbranch": "answered", "zeromf": "answered",
    # Responses to nothing of ours, and those that are none.
    "unreason": "dropped", "noreason": "dropped", "bcast": "dropped",
    "scalarlg": "dropped", "bigcode": "dropped",
    "badvers": 505, "unkscm": 416, "novelsc": 416, "bext01": 420,
    **{name: 400 for name in (
        "badinv01 clerr ncl scalar02 quotbal ltgtruri lwsruri lwsstart trws "
        "escruri baddate regbadct badaspec baddn mismatch01 mismatch02 insuf "
        "multi01 mcl01").split()},
}

ON_STREAMS = {
    "clerr": "waits",
    "ncl": "400 and closed",
    "mcl01": "400 and closed",
    # Two messages there, and the hop gets both.
    "dblreq": "forwarded twice",
}
