"""A small HTTP server of the harness's own: starts on a free port, and stops."""
import http.server
import threading


class QuietHandler(http.server.BaseHTTPRequestHandler):
    """Keeps connections, and writes no log."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Nothing."""


class Listening:
    """Listens on a free port of 127.0.0.1, at `url`, from `listen` to `stop`."""

    def listen(self, handler):
        """Serves with a handler's class, in threads of its own."""
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def stop(self):
        """Stops listening."""
        self.server.shutdown()
        self.server.server_close()
