"""Backends that do as they are told, for `--backend`."""

import contextlib
import http.server
import json
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        length = int(self.headers.get("content-length") or 0)
        if self.headers.get("transfer-encoding") == "chunked":
            length, body = None, self.chunks()
        else:
            body = self.rfile.read(length)
        status, text = self.server.answer(self, body)
        text = text.encode()
        self.send_response(status)
        self.send_header("content-type", "text/plain")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_POST = do_HEAD = do_PUT = do_GET

    def chunks(self):
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *args):
        pass


def told(handler, body):
    """Says what came: for tests that look at the request as the target sees it."""
    headers = {k.lower(): v for k, v in handler.headers.items()}
    return 200, json.dumps({
        "method": handler.command, "path": handler.path, "length": len(body), "sum": sum(body), "headers": headers})


@contextlib.contextmanager
def backend(answer=told):
    """A server on a free port; `answer(handler, body) -> (status, text)`."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.answer = True, answer
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
