"""A TCP forwarder between client and server that records what the client sends, and plays tricks if told to."""

import socket
import threading

BIND_REQUEST, SEARCH_REQUEST, EXTENDED_REQUEST = 0x60, 0x63, 0x77
STARTTLS = b"1.3.6.1.4.1.1466.20037"


class Forwarder:
    """Forwards from a port of loopback to `target`, an (address, port).

    `strip_starttls`: answers a StartTLS request itself, as a server that does not know it would.
    `cut_after`: closes the connection after so many bytes from the server.
    """

    def __init__(self, target, listen=("127.0.0.1", 0), strip_starttls=False, cut_after=None):
        self.target = target
        self.strip_starttls = strip_starttls
        self.cut_after = cut_after
        self.conversations = []
        self.listener = socket.create_server(listen)
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        # Shutting down wakes the thread that waits in accept; closing alone does not.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            conversation = Conversation(self, client)
            self.conversations.append(conversation)
            threading.Thread(target=conversation.run, daemon=True).start()

    def requests(self, operation):
        """The requests of one kind, of all connections, that crossed the wire in clear."""
        return [
            frame
            for conversation in self.conversations
            for frame in conversation.frames
            if operation_of(frame)[0] == operation
        ]

    def received(self):
        return b"".join(bytes(conversation.received) for conversation in self.conversations)


class Conversation:
    """One connection."""

    def __init__(self, forwarder, client):
        self.forwarder = forwarder
        self.client = client
        self.received = bytearray()
        self.frames = []

    def run(self):
        try:
            server = socket.create_connection(self.forwarder.target)
        except OSError:
            self.client.close()
            return
        threading.Thread(target=self.from_server, args=(server,), daemon=True).start()
        self.from_client(server)

    def from_client(self, server):
        pending, encrypted = bytearray(), False
        while data := read(self.client):
            self.received += data
            pending += data
            while pending:
                # LDAP messages begin with 0x30, TLS records do not: from there on nothing can be read.
                encrypted = encrypted or pending[0] != 0x30
                size = len(pending) if encrypted else frame_size(pending)
                if size is None or size > len(pending):
                    break
                frame = bytes(pending[:size])
                del pending[:size]
                if not encrypted:
                    self.frames.append(frame)
                if not (self.forwarder.strip_starttls and not encrypted and self.refuse_starttls(frame)):
                    write(server, frame)
        shut(server)

    def refuse_starttls(self, frame):
        operation, message_id = operation_of(frame)
        if operation != EXTENDED_REQUEST or STARTTLS not in frame:
            return False
        protocol_error = bytes.fromhex("78070a010204000400")
        body = b"\x02" + bytes([len(message_id)]) + message_id + protocol_error
        write(self.client, b"\x30" + bytes([len(body)]) + body)
        return True

    def from_server(self, server):
        left = self.forwarder.cut_after
        while data := read(server):
            if left is not None:
                data = data[:left]
                left -= len(data)
            write(self.client, data)
            if left == 0:
                break
        shut(self.client)
        if left == 0:
            shut(server)


def header(data):
    """The sizes of a BER element's header and content, or None while the header is incomplete."""
    if len(data) < 2:
        return None
    if data[1] < 0x80:
        return 2, data[1]
    octets = data[1] & 0x7F
    if len(data) < 2 + octets:
        return None
    return 2 + octets, int.from_bytes(data[2 : 2 + octets], "big")


def frame_size(data):
    sizes = header(data)
    return sizes and sum(sizes)


def elements(content):
    """The (tag, content) pairs in a constructed element's content."""
    while content:
        start, size = header(content)
        yield content[0], content[start : start + size]
        content = content[start + size :]


def operation_of(frame):
    """The tag of a message's operation, and the octets of its message id."""
    [(_, message)] = elements(frame)
    (_, message_id), (operation, _) = list(elements(message))[:2]
    return operation, message_id


def requested_attributes(frame):
    """The attributes that a search request asks for."""
    [(_, message)] = elements(frame)
    (_, request) = list(elements(message))[1]
    (_, attributes) = list(elements(request))[7]
    return [name.decode() for _, name in elements(attributes)]


def read(connection):
    try:
        return connection.recv(65536)
    except OSError:
        return b""


def write(connection, data):
    try:
        connection.sendall(data)
    except OSError:
        pass


def shut(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
