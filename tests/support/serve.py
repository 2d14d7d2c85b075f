"""Serves a folder over HTTP as an object store does, and counts what was asked of it.

usage: serve.py FOLDER [PORT]           (port 8000 unless told; http://localhost:8000/)

Python's own http.server knows no ranges, so no reader of Parquet can fetch parts of a file from it. This one answers
GET and HEAD with ETag, one byte range (206, or 416 beyond the end), If-None-Match, If-Range, and the CORS headers that
a page elsewhere needs. It listens on this machine alone, and writes nothing. For scripts:

    with Server(folder) as server:
        … server.url …
        server.requests    # one Request for each answer
"""

import collections
import email.utils
import http.server
import re
import sys
import threading
import urllib.parse
from http import HTTPStatus
from pathlib import Path

TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".sql": "application/sql",
    ".html": "text/html; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Range, If-Range, If-None-Match",
    "Access-Control-Expose-Headers": "ETag, Content-Length, Content-Range, Accept-Ranges, Last-Modified",
}
PIECE = 1 << 16

# What was asked and answered: `range` as it stood in the request or None, `sent` in bytes of the body.
Request = collections.namedtuple("Request", "method path range status sent")


def part(header, size):
    """The first byte and the one past the last that a Range header asks for.

    None where it asks for nothing that is understood (then the whole is the answer); the first is `size` or more where
    the range cannot be satisfied.
    """
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header.strip())
    if not found or found.group(0).endswith("=-"):
        return None
    first, last = found.groups()
    if not first:
        return (max(size - int(last), 0), size) if int(last) else (size, size)
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.answer(with_body=True)

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_OPTIONS(self):
        self.head(HTTPStatus.NO_CONTENT, {"Content-Length": 0})

    def file(self):
        name = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).lstrip("/")
        path = (self.server.folder / name).resolve()
        return path if path.is_relative_to(self.server.folder) and path.is_file() else None

    def answer(self, with_body):
        path = self.file()
        if path is None:
            return self.head(HTTPStatus.NOT_FOUND, {"Content-Length": 0})
        stat = path.stat()
        size, etag = stat.st_size, f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        headers = {
            "Content-Type": TYPES.get(path.suffix, "application/octet-stream"),
            "Accept-Ranges": "bytes" if self.server.ranges else "none",
            "ETag": etag,
            "Last-Modified": email.utils.formatdate(stat.st_mtime, usegmt=True),
        }
        if etag in self.headers.get("If-None-Match", ""):
            return self.head(HTTPStatus.NOT_MODIFIED, headers)
        asked = self.headers.get("Range") if self.headers.get("If-Range", etag) == etag else None
        bounds = part(asked, size) if asked and self.server.ranges else None
        status, (first, end) = HTTPStatus.OK, bounds or (0, size)
        if bounds and first >= size:
            return self.head(416, {"Content-Range": f"bytes */{size}", "Content-Length": 0})
        if bounds:
            status = HTTPStatus.PARTIAL_CONTENT
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
        headers["Content-Length"] = end - first
        self.head(status, headers, sent=end - first if with_body else 0)
        if with_body:
            self.send_part(path, first, end)

    def send_part(self, path, first, end):
        with path.open("rb") as file:
            file.seek(first)
            while first < end and (piece := file.read(min(PIECE, end - first))):
                self.wfile.write(piece)
                first += len(piece)

    def head(self, status, headers, sent=0):
        # Before the answer, so that whoever has it finds it counted.
        path = urllib.parse.unquote(self.path)
        self.server.requests.append(Request(self.command, path, self.headers.get("Range"), int(status), sent))
        self.send_response(status)
        for name, value in (headers | CORS).items():
            self.send_header(name, str(value))
        self.end_headers()

    def log_message(self, *_):
        if self.server.chatty:
            print(*("-" if value is None else value for value in self.server.requests[-1]), file=sys.stderr)


class Server(http.server.ThreadingHTTPServer):
    """Serves a folder until the end of its `with`, on a free port unless one is stated; `ranges` may be left out."""

    daemon_threads = True

    def __init__(self, folder, port=0, chatty=False, ranges=True):
        self.folder, self.chatty, self.ranges, self.requests = Path(folder).resolve(), chatty, ranges, []
        super().__init__(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """A reader that hangs up before the end has what it wanted."""
        if not isinstance(sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main(folder, port="8000"):
    if not Path(folder).is_dir():
        sys.exit(f"{folder} is not a folder; run `cargo run` first, which makes ./public")
    with Server(folder, int(port), chatty=True) as server:
        where = f"http://localhost:{server.server_port}/"
        print(f"{Path(folder).resolve()} is at {where} (Ctrl-C to stop)", file=sys.stderr)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
