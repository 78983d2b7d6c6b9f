"""Mails made large or deep, for what is too big to keep as a file.

`BOMBS` takes a name to the bytes of a mail; tests/data/malformed/ holds the
small ones. `split()` cuts a mail as an MTA shows it to a milter.
"""

FROM = b"From: pat@sender.example\r\nSubject: x\r\n"
MIXED = b"Content-Type: multipart/mixed; boundary=%b\r\n\r\n"


def part(kind, body, encoding=b"8bit"):
    return (FROM + b"Content-Type: " + kind
            + b"\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n"
            + body)


def html(piece, times, end=b""):
    return part(b"text/html; charset=utf-8", piece * times + end)


def field(name, value):
    return FROM + name + b": " + value + b"\r\n\r\nbody\r\n"


def nested(levels, same=False):
    names = [b"b" if same else b"b%d" % i for i in range(levels)]
    return (FROM + MIXED % names[0]
            + b"".join(b"--%b\r\n" % name + MIXED % inner
                       for name, inner in zip(names, names[1:]))
            + b"--" + names[-1] + b"\r\n\r\ndeep\r\n"
            + b"".join(b"--%b--\r\n" % name for name in reversed(names)))


def many_parts(count):
    return (FROM + MIXED % b"b"
            + b"--b\r\nContent-Disposition: attachment; filename=x.pdf\r\n"
              b"\r\nx\r\n" * count + b"--b--\r\n")


def encoded_words(count):
    return b"".join(b" =?utf-8?B?w6Q=?=\r\n" for _ in range(count)).strip()


BOMBS = {
    "header line of 60 kB": field(b"X-Long", b"x" * 60000),
    "subject of 60 kB": field(b"Subject", b"\xc3\xa4 " * 20000),
    "from of 60 kB": field(b"From", b"a@b.example, " * 4600),
    "comments in from": field(b"From", b"(" * 60000),
    "quotes in to": field(b"To", b"\"\\" * 30000),
    "groups in to": field(b"To", b"a:" * 30000),
    "received of 60 kB": field(b"Received", b"from a by b (" * 4600),
    "references of 60 kB": field(b"References", b"<a@b.example>" * 4600),
    "results of 60 kB": field(b"Authentication-Results",
                              b"mx.example.com;" + b" dkim=pass" * 6000),
    "results of brackets": field(b"Authentication-Results",
                                 b"mx.example.com;" + b"(" * 60000),
    "content type of 60 kB": field(b"Content-Type",
                                   b"text/plain" + b"; a=b" * 12000),
    "names in 3500 pieces": field(
        b"Content-Disposition",
        b"attachment" + b"".join(b";\r\n filename*%d*=%%41" % i
                                 for i in range(2600))),
    "8000 fields": FROM + b"X: y\r\n" * 8000 + b"\r\nbody\r\n",
    "3000 received": FROM + b"Received: by x.example; Tue, 24 Nov 2026 "
                     b"20:00:00 +0000\r\n" * 3000 + b"\r\nbody\r\n",
    "3000 results": FROM + b"Authentication-Results: mx.example.com; "
                    b"dmarc=pass header.from=a.example\r\n" * 3000
                    + b"\r\nbody\r\n",
    "encoded words": field(b"Subject", encoded_words(2600)),
    "encoded words unclosed": field(b"Subject", b"=?utf-8?Q?" * 6000),
    "1000 levels": nested(1000),
    "1000 levels of one boundary": nested(1000, same=True),
    "10000 levels": nested(10000),
    "mails in mails": FROM + b"Content-Type: message/rfc822\r\n\r\n" * 30000,
    "20000 parts": many_parts(20000),
    "boundaries alone": FROM + MIXED % b"b" + b"--b\r\n" * 200000,
    "closed 100000 times": FROM + MIXED % b"b" + b"--b--\r\n" * 100000,
    "unclosed tags": html(b"<div>", 40000),
    "nested tables": html(b"<table><tr><td>", 12000),
    "unclosed quotes": html(b"<a href=\"", 100000),
    "unclosed comments": html(b"<!--", 200000),
    "unclosed script": html(b"<script>", 100000),
    "angle brackets": html(b"<", 1000000),
    "closing tags alone": html(b"</x>", 80000),
    "entities": html(b"&amp;", 200000),
    "ampersands": html(b"&", 1000000),
    "long entity": html(b"&#", 1, b"9" * 900000),
    "styles": html(b"<p style=\"" + b"display:none;" * 20 + b"\">x", 3500),
    "pictures": html(b"<img src=http://x.example/ width=1 height=1>", 20000),
    "links": html(b"<a href=\"http://h.example/x\">y</a>", 28000),
    "one line of 1 MB": part(b"text/plain", b"x" * 1000000),
    "one word a line": part(b"text/plain", b"x\r\n" * 150000),
    "quotes": part(b"text/plain", b">" * 1000000),
    "quoted replies": part(b"text/plain", b"On Monday, x wrote:\r\n> "
                           * 45000),
    "signatures": part(b"text/plain", b"-- \r\n" * 200000),
    "combining marks": part(b"text/plain; charset=utf-8",
                            b"e" + b"\xcc\x81" * 450000),
    "no letters": part(b"text/plain", b"\xff" * 1000000),
    "utf-7": part(b"text/html; charset=utf-7", b"+AGE" * 200000),
    "iso-2022": part(b"text/plain; charset=iso-2022-jp",
                     b"\x1b$B\x1b(B" * 150000),
    "urls": part(b"text/plain", b"http://a.example/b " * 50000),
    "half urls": part(b"text/plain", b"http://" * 140000),
    "base64 of 0.4 MB": part(b"text/html", b"PGRpdj48ZGl2Pj"
                           * 30000, b"base64"),
    "quoted-printable": part(b"text/plain", b"=" * 1000000,
                             b"quoted-printable"),
    "uuencode": part(b"text/plain", b"begin 644 x\r\n"
                     + b"M" + b"\xff" * 900000, b"x-uuencode"),
    "nuls": part(b"text/plain", b"\0" * 1000000),
    "bytes of no character in tags": html(b"<a " + b"\xff" * 8000 + b">", 50),
    "and of no charset": part(b"text/html; charset=iso-2022-jp",
                              (b"<a " + b"\xff" * 8000 + b">") * 50),
    "and in comments": html(b"<!--" + b"\xff" * 8000, 50),
    "closed but not open": (html(b"<div>", 1000)
                            + b"</x>" * 60000),
    "parts with links": FROM + MIXED % b"b" + (
        b"--b\r\nContent-Type: text/html\r\n\r\n"
        b"<a href=http://a.example/>x</a>" + b" word" * 150 + b"\r\n") * 999,
    "three megabytes": part(b"text/plain", b"All work and no play.\r\n"
                            * 140000),
}


def split(mail):
    """(name, value) of each field, and the body with CRLF, as sent to a
    milter: names and values end at a NUL, a line that is no field ends them.
    """
    lines = mail.replace(b"\r\n", b"\n").split(b"\n")
    fields = []
    at = 0
    for at, line in enumerate(lines):
        name, colon, value = line.partition(b":")
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1][1] += b"\n" + line
        elif colon and name.strip():
            fields.append([name, value.removeprefix(b" ")])
        else:
            break
    else:
        at += 1
    body = lines[at + 1:] if at < len(lines) and not lines[at] else lines[at:]
    return ([(name.partition(b"\0")[0], value.partition(b"\0")[0])
             for name, value in fields], b"\r\n".join(body))
