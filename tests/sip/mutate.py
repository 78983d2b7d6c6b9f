"""Messages made hostile: byte by byte, line by line, number by number.

mutate(random, seeds) gives bytes that a parser may have thought nobody sends;
the same random.Random gives the same bytes again.
"""

import re

TOKENS = [
    b"\r\n", b"\n", b"\r", b"\r\n ", b"\r\n\r\n", b"\0", b"\\", b'"', b"<",
    b">", b";", b",", b":", b"@", b"[", b"]", b"%00", b"%", b"?", b"=", b" ",
    b"\t", b"sip:", b"sips:", b"tel:", b"urn:service:sos", b";lr",
    b";maddr=::1", b";transport=tcp", b";tag=", b";tag=x", b";branch=z9hG4bK",
    b";rport", b";received=", b"Content-Length: 5\r\n", b"l: 0\r\n",
    b"Route: <sip:a>\r\n", b"Via: SIP/2.0/UDP a\r\n", b"v: ,\r\n",
    b"Record-Route: <sip:b;lr>\r\n", b"Contact: *\r\n", b"Require: x\r\n",
    b"Replaces: a;to-tag=b\r\n", b"P-Asserted-Identity: \"\\", b"SIP/2.0",
    b"Privacy: id;user\r\n", b"SIP/", b"\xff\xfe", b"\xc3\xa9", b"(" * 40,
    b";a" * 200, b"<" * 500, b"Diversion: <sip:a@b>;counter=999\r\n",
    b"Date: x\r\n", b"Expires: 4294967296\r\n",
    b"Accept-Language: " + b"a;q=1," * 50 + b"\r\n",
]
SCHEMES = [b"sip:", b"sips:", b"tel:", b"urn:", b"mailto:", b"https:", b"x:",
           b"SIP:", b"im:", b"urn:service:sos.", b":", b""]
URIS = [b"<>", b"<sip:>", b"<sip:@>", b"<urn:x:y>", b"<mailto:a@b>", b"urn:x",
        b"<tel:+1;phone-context=+1;verstat=TN-Validation-Passed>", b"*",
        b"\"\" <tel:1>", b"<sip:b>", b"<sip:;verstat=@b>", b"<sips:a:@[::1]>",
        b"<sip:a;x=1;x=2@b;;verstat=;verstat>", b"<x:>", b"<sip:a@b?a=b&c>",
        b"<sip:%25@b;maddr;transport=;lr=>;;tag", b""]
# Headers that decide something, each with a value that may be its own.
HEADERS = [b"From", b"To", b"Contact", b"Route", b"Record-Route", b"Path",
           b"P-Asserted-Identity", b"Remote-Party-ID", b"P-Called-Party-ID",
           b"Refer-To", b"Referred-By", b"Diversion", b"History-Info",
           b"Call-Info", b"Identity", b"Feature-Caps", b"Privacy",
           b"Accept-Language", b"Subject", b"Organization", b"Reason",
           b"Content-Type", b"Require", b"Proxy-Require", b"Supported",
           b"Priority", b"Resource-Priority", b"Replaces", b"Join", b"Date",
           b"Expires", b"Max-Forwards", b"Timestamp", b"Authorization"]
VALUES = [b"", b" ", b",", b";", b"=", b"\"", b"\"\"", b"*", b"a",
          b"a;b;b=;b=c",
          b";=", b"a,,b", b"en;q=", b"*;+sip.608", b"id;;user;none",
          b"<sip:a@b>;index=1.1, <sip:c?Reason=x%3b>;index=1.2;cause=302",
          b"<x:y>;call-reason=\"\\\"\"", b"multipart/mixed;boundary=\"\"",
          b"multipart/mixed;boundary=", b"message/cpim", b"application/sdp",
          b"text/plain;charset=utf-16", b"psap-callback", b"esnet.1"]
BODIES = [
    b"", b"\r\n", b"m=", b"m=audio 0\r\nm=video \r\na=inactive",
    b"--x\r\n\r\n--x--", b"--x\nc:application/sdp\n\nm=image 9 udptl t38\n--x",
    b"--x\r\nContent-Type: application/sdp\r\n\r\nm=video 9 a\r\n--x",
    b"\r\n\r\n\r\n\r\n", b"From: <im:a>\r\n\r\nContent-Type:\r\n\r\nhello",
    b"a: b\r\n\r\nContent-Type: text/plain\r\n\r\n" + b"\xc3" * 9000,
    b"a\r\n\r\nb\nContent-type: message/imdn+xml\r\n\r\n", b"\0" * 9000,
]
NUMBERS = [b"0", b"-1", b"00", b"255", b"256", b"65535", b"65536",
           b"2147483647", b"2147483648", b"4294967295", b"4294967296",
           b"18446744073709551616", b"9" * 40, b"1e9", b"0x10", b""]
METHODS = [b"INVITE", b"ACK", b"CANCEL", b"BYE", b"OPTIONS", b"REGISTER",
           b"MESSAGE", b"SUBSCRIBE", b"NOTIFY", b"REFER", b"PRACK", b"NEW"]


def at(random, data):
    return random.randrange(len(data) + 1)


def flip(random, data):
    place = at(random, data)
    return (data[:place] + bytes([random.randrange(256)])
            + data[place + 1:])


def insert(random, data):
    place = at(random, data)
    return data[:place] + random.choice(TOKENS) + data[place:]


def remove(random, data):
    place = at(random, data)
    return data[:place] + data[place + random.randrange(1, 30):]


def repeat(random, data):
    place = at(random, data)
    part = data[place:place + random.randrange(1, 60)]
    return data[:place] + part * random.choice((2, 2, 3, 100)) + data[place:]


def lines(random, data):
    """Lines doubled, gone, or in another order."""
    parts = data.split(b"\r\n")
    one = random.randrange(len(parts))
    what = random.randrange(3)
    if what == 0:
        parts.insert(random.randrange(len(parts) + 1), parts[one])
    elif what == 1:
        del parts[one]
    else:
        random.shuffle(parts)
    return b"\r\n".join(parts)


def number(random, data):
    digits = [i for i, c in enumerate(data) if 48 <= c <= 57]
    if not digits:
        return data
    end = start = random.choice(digits)
    while end < len(data) and 48 <= data[end] <= 57:
        end += 1
    return data[:start] + random.choice(NUMBERS) + data[end:]


def method(random, data):
    old = data.partition(b" ")[0]
    new = random.choice(METHODS)
    return data.replace(old, new, random.choice((1, 2))) if old else data


def scheme(random, data):
    """Another scheme for one of the URIs."""
    found = list(re.finditer(rb"(?i)\b(sips?|tel|urn):", data))
    if not found:
        return data
    one = random.choice(found)
    return data[:one.start()] + random.choice(SCHEMES) + data[one.end():]


def value(random, data):
    """Another value for one of the headers, or one more header."""
    head, end, body = data.partition(b"\r\n\r\n")
    parts = head.split(b"\r\n")
    one = random.randrange(len(parts))
    if random.random() < 0.5:
        name = random.choice(HEADERS)
        parts.insert(random.randrange(1, len(parts) + 1), name + b": ")
        one = parts.index(name + b": ")
    name = parts[one].partition(b":")[0]
    new = random.choice(random.choice((URIS, VALUES)))
    if random.random() < 0.3:
        new += random.choice((b";tag=x", b", ", b";lr;lr"))
        new += random.choice(URIS)
    parts[one] = name + b": " + new
    return b"\r\n".join(parts) + end + body


def parameter(random, data):
    """A parameter doubled, emptied, or without its name."""
    found = list(re.finditer(rb";[^;,>\s@]+", data))
    if not found:
        return data
    one = random.choice(found)
    old = one.group()
    new = random.choice((old * 2, old + b"=", b";" + old, b"; " + old[1:],
                         old.partition(b"=")[0], b";=" + old[1:], b""))
    return data[:one.start()] + new + data[one.end():]


def body(random, data):
    """Another body, and most often its true length and a type for it."""
    head = data.partition(b"\r\n\r\n")[0]
    new = random.choice(BODIES)
    if random.random() < 0.8:
        head = re.sub(rb"(?im)^(content-length|l|content-type|c) *:.*\r?\n?",
                      b"", head)
        kind = random.choice((b"application/sdp", b"message/cpim", b"text/x",
                              b"multipart/x;boundary=x"))
        head = (head.rstrip(b"\r\n") + b"\r\nContent-Type: " + kind
                + b"\r\nContent-Length: %d" % len(new))
    return head + b"\r\n\r\n" + new


WAYS = (flip, insert, insert, remove, repeat, lines, number, number, method,
        scheme, scheme, value, value, value, parameter, body)


def mutate(random, seeds):
    data = random.choice(seeds)
    if random.random() < 0.1:
        other = random.choice(seeds)
        data = data[:at(random, data)] + other[at(random, other):]
    for _ in range(random.choice((0, 0, 0, 0, 1, 1, 1, 2, 5))):
        data = random.choice(WAYS)(random, data)
    return data[:60000]
