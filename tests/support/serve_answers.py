"""Asks the server of serve.py what readers ask, and says which answers are not those of an object store.

Prints one JSON array of complaints.
"""

import http.client
import json
import tempfile
from pathlib import Path

from serve import Server

BODY = bytes(range(200))
complaints = []


def ask(server, method, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def expect(what, found, wanted):
    if found != wanted:
        complaints.append(f"{what}: {found!r}, not {wanted!r}")


with tempfile.TemporaryDirectory() as parent:
    folder = Path(parent) / "store"
    folder.mkdir()
    (folder / "a b.parquet").write_bytes(BODY)
    (Path(parent) / "secret").write_bytes(BODY)
    with Server(folder) as server:
        path = "/a%20b.parquet"
        status, headers, body = ask(server, "GET", path)
        expect("GET", (status, body, headers["Content-Type"]), (200, BODY, "application/vnd.apache.parquet"))
        expect("CORS", headers["Access-Control-Allow-Origin"], "*")
        expect("exposed", "Content-Range" in headers["Access-Control-Expose-Headers"], True)
        etag = headers["ETag"]
        status, headers, body = ask(server, "HEAD", path)
        expect("HEAD", (status, body, headers["Content-Length"], headers["Accept-Ranges"]), (200, b"", "200", "bytes"))

        parts = {"0-9": (0, 10), "150-": (150, 200), "-20": (180, 200), "190-999": (190, 200), "-999": (0, 200)}
        for asked, (first, end) in parts.items():
            status, headers, body = ask(server, "GET", path, Range=f"bytes={asked}")
            wanted = (206, BODY[first:end], f"bytes {first}-{end - 1}/200")
            expect(asked, (status, body, headers["Content-Range"]), wanted)
        for asked in ["200-", "500-600", "-0"]:
            status, headers, body = ask(server, "GET", path, Range=f"bytes={asked}")
            expect(asked, (status, body, headers["Content-Range"]), (416, b"", "bytes */200"))
        for asked in ["bytes=9-3", "bytes=a-b", "bytes=-", "lines=1-2", "bytes=0-1,5-6"]:
            expect(asked, ask(server, "GET", path, Range=asked)[0], 200)

        expect("If-None-Match", ask(server, "GET", path, If_None_Match=etag)[0], 304)
        expect("If-Range, the same", ask(server, "GET", path, Range="bytes=0-9", If_Range=etag)[0], 206)
        expect("If-Range, another", ask(server, "GET", path, Range="bytes=0-9", If_Range='"other"')[0], 200)
        expect("a preflight", ask(server, "OPTIONS", path)[0], 204)
        for missing in ["/none.parquet", "/", "/../secret", "/%2e%2e/secret"]:
            expect(missing, ask(server, "GET", missing)[0], 404)
        expect("POST", ask(server, "POST", path)[0], 501)

        counted = [request for request in server.requests if request.range == "bytes=0-9"]
        expect("counted", [(request.status, request.sent) for request in counted], [(206, 10), (206, 10), (200, 200)])
    with Server(folder, ranges=False) as server:
        expect("without ranges", ask(server, "GET", path, Range="bytes=0-9")[::2], (200, BODY))
print(json.dumps(complaints))
