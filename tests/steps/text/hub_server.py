"""A small server that speaks the Hugging Face hub's interface for one data set, and gives files as a web server does."""

import contextlib
import json
import re
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMITS = ("a" * 40, "b" * 40)  # the older, and the one that main stands for


class Hub:
    """Serves data set `owner/set`: for each commit, its files by path. Use it as a context; `asked` are the paths that were.

    breaks: how many answers with a body are cut off half-way, each giving at least `least` bytes.
    dies: after the first of them it closes every connection without a word. wait_s: how long it thinks before each answer.
    """

    def __init__(self, commits, *, breaks=0, least=1, dies=False, wait_s=0.0):
        self.commits, self.breaks, self.least, self.dies, self.wait_s = commits, breaks, least, dies, wait_s
        self.dead = False
        self.asked = []
        self.main = list(commits)[-1]

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Silent:
    """Takes every connection and never says a word. Use it as a context."""

    def __enter__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))  # the system takes connections by itself
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        return self

    def __exit__(self, *_):
        self.listening.close()


class _Handler(BaseHTTPRequestHandler):
    hub = None
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Be silent."""

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        if match := re.fullmatch(r"/api/datasets/owner/set/paths-info/(\w+)", path):
            self.send(json.dumps([self.entry(name, data) for name, data in self.files(match[1]).items()]).encode(), "application/json")
            return
        self.missing()

    def files(self, revision):
        return self.hub.commits.get(self.hub.main if revision == "main" else revision, {})

    def entry(self, name, data):
        return {"type": "file", "oid": f"{hash(data) & 0xFFFFFFFF:040x}", "size": len(data), "path": name}

    def answer(self, body):
        time.sleep(self.hub.wait_s)
        if self.hub.dead:
            self.close_connection = True
            self.connection.close()
            return
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append((self.command, path))
        if match := re.fullmatch(r"/api/datasets/owner/set(?:/revision/(\w+))?", path):
            sha = match[1] if match[1] not in (None, "main") else self.hub.main
            if sha not in self.hub.commits:
                self.missing("RevisionNotFound")
                return
            siblings = [{"rfilename": name} for name in self.hub.commits[sha]]
            self.send(json.dumps({"id": "owner/set", "sha": sha, "siblings": siblings, "tags": []}).encode(), "application/json")
        elif match := re.fullmatch(r"/api/datasets/owner/set/tree/(\w+)(?:/(.*))?", path):
            self.tree(match[1], match[2] or "")
        elif match := re.fullmatch(r"/datasets/owner/set/resolve/(\w+)/(.+)", path):
            data = self.files(match[1]).get(match[2])
            if data is None:
                self.missing("EntryNotFound")
            else:
                sha = match[1] if match[1] != "main" else self.hub.main
                self.give(data, body, {"X-Repo-Commit": sha, "ETag": f'"{hash(data) & 0xFFFFFFFF:x}"'})
        elif path.startswith("/api/"):
            self.missing("RepoNotFound")
        else:
            data = self.files("main").get(path.lstrip("/"))
            if data is None:
                self.missing()
            else:
                self.give(data, body, {"ETag": f'"{hash(data) & 0xFFFFFFFF:x}"'})

    def tree(self, revision, folder):
        files = self.files(revision)
        recursive = "recursive=true" in self.path.lower()
        found = {}
        for name, data in files.items():
            if folder and not name.startswith(folder + "/"):
                continue
            rest = name[len(folder) + 1 :] if folder else name
            if "/" in rest:
                below = (folder + "/" if folder else "") + rest.partition("/")[0]
                found[below] = {"type": "directory", "oid": "0" * 40, "size": 0, "path": below}
            if recursive or "/" not in rest:
                found[name] = self.entry(name, data)
        if not found and folder:
            self.missing("EntryNotFound")
            return
        self.send(json.dumps(list(found.values())).encode(), "application/json")

    def give(self, data, body, headers):
        start, status = 0, 200
        if match := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or ""):
            start, status = int(match[1]), 206
            end = min(int(match[2]) + 1, len(data)) if match[2] else len(data)
            headers = {**headers, "Content-Range": f"bytes {start}-{end - 1}/{len(data)}"}
            data = data[:end]
        part = data[start:]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(part)), "Accept-Ranges": "bytes", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if not body:
            return
        if self.hub.breaks > 0 and len(part) > self.hub.least:
            self.hub.breaks -= 1
            self.hub.dead = self.hub.dies
            self.wfile.write(part[: max(self.hub.least, len(part) // 2)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        with contextlib.suppress(ConnectionError):  # who asked has enough
            self.wfile.write(part)

    def send(self, data, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def missing(self, code=""):
        self.send_response(404)
        if code:
            self.send_header("X-Error-Code", code)
            self.send_header("X-Error-Message", code)
        self.send_header("Content-Length", "0")
        self.end_headers()
