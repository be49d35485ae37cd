# SPDX-License-Identifier: MIT
"""The reference service on the standard library's HTTP server: ThreadingMixIn or ForkingMixIn."""
import http.server
import io
import os
import selectors
import signal
import socket
import socketserver
import ssl
import sys
import types
import urllib.parse

import common
import http_api
import service

OPTIONS = common.begin("http", __doc__, "http-raw")

HANDSHAKE_SECONDS = 20  # of TLS
LINE_LIMIT = 8192  # of a chunk header or trailer

# (method, first word of the path) -> function of (argument of the path, query, body)
ROUTES = {
    ("GET", ""): lambda word, query, body: http_api.root(),
    ("GET", "ping"): lambda word, query, body: http_api.ping(),
    ("POST", "echo"): lambda word, query, body: service.echo(body),
    ("POST", "upload"): lambda word, query, body: http_api.upload(body),
    ("GET", "download"): lambda word, query, body:
        http_api.download(word, query.get("chunk", [None])[0]),
    ("POST", "upload-chunk"): lambda word, query, body: http_api.upload_chunk(body),
    ("GET", "download-chunk"): lambda word, query, body:
        http_api.download_chunk(word, query.get("offset", ["0"])[-1]),
    ("GET", "cpu"): lambda word, query, body: http_api.cpu(word),
    ("GET", "compute"): lambda word, query, body: http_api.compute(word),
    ("GET", "io"): lambda word, query, body: http_api.io(word),
    ("GET", "health"): lambda word, query, body: http_api.health(),
    ("GET", "users"): lambda word, query, body: http_api.user(word) if word else
        http_api.users(query.get("n", ["100"])[0], query.get("ids", [None])[0]),
    ("GET", "fail"): lambda word, query, body: http_api.fail(word),
}
WITH_ARGUMENT = {"download", "download-chunk", "cpu", "compute", "io", "fail"}
MAYBE_ARGUMENT = {"users"}
BINARY = {"echo", "download", "download-chunk"}


class BadBody(Exception):
    """The request's body cannot be read; the connection is of no more use."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def read_exactly(stream, size):
    data = stream.read(size)
    if len(data) != size:
        raise ConnectionResetError("the client left within a body")
    return data


def read_line(stream):
    line = stream.readline(LINE_LIMIT)
    if not line.endswith(b"\n"):
        raise BadBody(400, "chunk header over %d bytes or cut off" % LINE_LIMIT)
    return line.rstrip(b"\r\n")


def read_chunked(stream):
    """The decoded body of a request with Transfer-Encoding: chunked (RFC 9112, 7.1)."""
    pieces = []
    total = 0
    while True:
        word = read_line(stream).partition(b";")[0].strip()
        if not 0 < len(word) <= 16 or word.strip(b"0123456789abcdefABCDEF"):
            raise BadBody(400, "chunk size is not a hexadecimal number")
        size = int(word, 16)
        total += size
        if total > service.LIMIT:
            raise BadBody(413, "body over %d bytes" % service.LIMIT)
        if size == 0:
            break
        pieces.append(read_exactly(stream, size))
        if read_line(stream):
            raise BadBody(400, "chunk longer than its size")
    trailers = 0
    while read_line(stream):
        trailers += 1
        if trailers > 100:
            raise BadBody(400, "more than 100 trailers")
    return b"".join(pieces)


class OneWrite(io.BufferedIOBase):
    """Collects a whole reply and hands it to the kernel in one call.

    The standard library's stream would write the header and the body one after the other.
    """

    def __init__(self, sock):
        super().__init__()
        self._sock = sock
        self._pieces = []

    def writable(self):
        return True

    def write(self, data):
        self._pieces.append(data)
        return len(data)

    def flush(self):
        pieces, self._pieces = self._pieces, []
        if not pieces:
            return
        if isinstance(self._sock, ssl.SSLSocket):  # has no sendmsg
            self._sock.sendall(b"".join(pieces))
            return
        sent = self._sock.sendmsg(pieces)
        for piece in pieces:
            if sent < len(piece):
                self._sock.sendall(memoryview(piece)[sent:])
            sent = max(0, sent - len(piece))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.wfile = OneWrite(self.connection)

    def log_message(self, *args):
        pass

    def handle_expect_100(self):
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def read_body(self):
        if "Transfer-Encoding" in self.headers:
            if self.headers["Transfer-Encoding"].strip().lower() != "chunked":
                raise BadBody(501, "only the transfer encoding \"chunked\" is known")
            if "Content-Length" in self.headers:
                raise BadBody(400, "both Transfer-Encoding and Content-Length")
            return read_chunked(self.rfile)
        lengths = set(self.headers.get_all("Content-Length", ["0"]))
        text = lengths.pop().strip()
        if lengths or not text.isascii() or not text.isdigit() or len(text) > 18:
            raise BadBody(400, "Content-Length is not one number")
        if int(text) > service.LIMIT:
            raise BadBody(413, "body over %d bytes" % service.LIMIT)
        return read_exactly(self.rfile, int(text)) if int(text) else b""

    def reply(self, status, kind, body, **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def stream(self, pieces):
        """Each piece is a chunk and one write; the header goes with the first of them."""
        chunked = self.request_version != "HTTP/1.0"
        if not chunked:  # the end of the connection is then the end of the body
            self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", http_api.BINARY)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        for piece in pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            self.wfile.flush()
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def fail(self, status, name, message, **headers):
        self.reply(status, http_api.JSON, http_api.error(name, message), **headers)

    def answer(self):
        try:
            body = self.read_body()
        except BadBody as error:
            self.close_connection = True
            self.fail(error.status, "BadRequest", str(error))
            return
        path, _, query = self.path.partition("?")
        name, slash, word = urllib.parse.unquote(path[1:]).partition("/")
        method = "GET" if self.command == "HEAD" else self.command
        allowed = [verb for verb in ("GET", "POST") if (verb, name) in ROUTES]
        if name in WITH_ARGUMENT or name in MAYBE_ARGUMENT and slash:
            good_word = word and "/" not in word
        else:
            good_word = not slash
        if not path.startswith("/") or not allowed or not good_word:
            self.fail(404, "NotFound", "no such path: %s" % path[:80])
        elif method not in allowed:
            self.fail(405, "MethodNotAllowed", "%s is not allowed here" % method,
                      Allow=", ".join(allowed))
        else:
            self.call(ROUTES[method, name], name, word, query, body)

    def call(self, function, name, word, query, body):
        try:
            result = function(word, urllib.parse.parse_qs(query, keep_blank_values=True), body)
        except ValueError as error:
            self.fail(400, "ValueError", str(error))
        except service.Drop:
            self.close_connection = True
        except Exception as error:
            self.fail(500, type(error).__name__, str(error))
        else:
            if isinstance(result, types.GeneratorType):
                self.stream(result)
            else:
                self.reply(200, http_api.BINARY if name in BINARY else http_api.JSON, result)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer


class Server(socketserver.TCPServer):
    """Both modes; http.server.HTTPServer would ask the name service for the host's name."""

    request_queue_size = socket.SOMAXCONN

    def __init__(self, listener, tls):
        super().__init__(listener.getsockname(), Handler, bind_and_activate=False)
        self.tls = tls
        self.socket.close()
        self.socket = listener
        self._wake_read, self._wake_write = os.pipe()
        self._stopping = False

    def stop(self):
        self._stopping = True

    def finish_request(self, request, client_address):
        """In the thread or process of the connection."""
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(HANDSHAKE_SECONDS)
        with self.tls.wrap_socket(request, server_side=True) as wrapped:
            wrapped.settimeout(None)
            super().finish_request(wrapped, client_address)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # an OSError is a client that went away
            super().handle_error(request, client_address)

    def serve(self):
        """serve_forever() without its half-second poll and without needing a second thread to
        stop it: every signal writes into a pipe, so it wakes this loop."""
        for fd in (self._wake_read, self._wake_write):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        with selectors.PollSelector() as selector:  # has no descriptor that children could share
            selector.register(self.socket, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            while not self._stopping:
                for key, _ in selector.select():
                    if key.fileobj is self.socket:
                        self._handle_request_noblock()
                    else:
                        os.read(self._wake_read, 4096)
                self.service_actions()
        self.socket.close()


class Threaded(socketserver.ThreadingMixIn, Server):
    daemon_threads = True
    block_on_close = False


class Forking(socketserver.ForkingMixIn, Server):
    """One child for each connection, as long as the connection is kept alive."""

    max_children = 1 << 20  # the default of 40 makes the 41st client wait for another to leave
    block_on_close = False

    def __init__(self, listener, tls):
        super().__init__(listener, tls)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)  # only to wake serve()

    def collect_children(self, *, blocking=False):
        # The standard one asks for every living child by its pid, after each connection.
        try:
            while self.active_children:
                pid, _ = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                self.active_children.discard(pid)
        except ChildProcessError:
            self.active_children.clear()

    def finish_request(self, request, client_address):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for fd in (self.socket.detach(), self._wake_read, self._wake_write):
            os.close(fd)
        super().finish_request(request, client_address)


def serve(options):
    tls = common.tls_context(options)
    listener = common.bind(options)
    server = (Forking if options.mode == "forking" else Threaded)(listener, tls)
    common.on_stop(server.stop)
    server.server_activate()
    common.ready(listener.getsockname()[1])
    server.serve()


if __name__ == "__main__":
    common.main(OPTIONS, serve, [])
