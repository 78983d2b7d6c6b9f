"""A NAT without privileges: a relay between phones and the proxy.

Phones speak to its inner address; the proxy sees each of them come from a port
of its own at the outer address, whatever the phone writes into its messages.
"""

import selectors
import socket
import threading


class Nat:
    """Relays UDP and TCP from `inner` (host, port) to `proxy`."""

    def __init__(self, inner, outer_host, proxy):
        self.inner, self.outer_host, self.proxy = inner, outer_host, proxy
        self.inward, self.outward = [], []      # datagrams that passed
        self.select = selectors.DefaultSelector()
        self.mappings = {}                      # phone -> outer socket
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(inner)
        self.tcp = socket.create_server(inner)
        self.select.register(self.udp, selectors.EVENT_READ, self._out)
        self.select.register(self.tcp, selectors.EVENT_READ, self._accept)
        self.awake, self.waker = socket.socketpair()
        self.select.register(self.awake, selectors.EVENT_READ, None)
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def forget(self):
        """New ports from now on: what the proxy knows leads nowhere."""
        with self.lock:
            for outer in self.mappings.values():
                self.select.unregister(outer)
                outer.close()
            self.mappings.clear()
        self.waker.send(b".")

    def close(self):
        self.waker.close()
        self.thread.join(10)
        for key in list(self.select.get_map().values()):
            key.fileobj.close()
        self.select.close()

    def _run(self):
        while True:
            for key, _ in self.select.select(5):
                if key.data is None:
                    if not self.awake.recv(100):
                        return
                    continue
                with self.lock:
                    try:
                        key.data(key.fileobj)
                    except OSError:
                        pass        # as a NAT: the datagram is gone

    def _out(self, _):
        data, phone = self.udp.recvfrom(70000)
        outer = self.mappings.get(phone)
        if outer is None:
            outer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            outer.bind((self.outer_host, 0))
            self.mappings[phone] = outer
            self.select.register(outer, selectors.EVENT_READ,
                                 lambda s, phone=phone: self._in(s, phone))
        self.outward.append(data)
        outer.sendto(data, self.proxy)

    def _in(self, outer, phone):
        data, source = outer.recvfrom(70000)
        if source != self.proxy:
            return                  # only who was spoken to gets in
        self.inward.append(data)
        self.udp.sendto(data, phone)

    def _accept(self, _):
        phone, _ = self.tcp.accept()
        outer = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        outer.bind((self.outer_host, 0))
        outer.connect(self.proxy)
        for one, other, log in ((phone, outer, self.outward),
                                (outer, phone, self.inward)):
            self.select.register(
                one, selectors.EVENT_READ,
                lambda s, other=other, log=log: self._pass(s, other, log))

    def _pass(self, one, other, log):
        try:
            data = one.recv(65536)
        except OSError:
            data = b""
        if data:
            log.append(data)
            other.sendall(data)
            return
        for end in (one, other):
            self.select.unregister(end)
            end.close()
