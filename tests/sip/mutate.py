"""Messages made hostile: byte by byte, line by line, number by number.

mutate(random, seeds) gives bytes that a parser may have thought nobody sends;
the same random.Random gives the same bytes again.
"""

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


WAYS = (flip, insert, insert, remove, repeat, lines, number, number, method)


def mutate(random, seeds):
    data = random.choice(seeds)
    if random.random() < 0.1:
        other = random.choice(seeds)
        data = data[:at(random, data)] + other[at(random, other):]
    for _ in range(random.choice((0, 0, 0, 0, 1, 1, 1, 2, 5))):
        data = random.choice(WAYS)(random, data)
    return data[:60000]
