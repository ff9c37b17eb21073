"""A site that is no Django: three products, a basket, and the control protocol.

Started as any site is. `TINY_FAULT` plants a fault: `create`, `state` or `page` answers 500; a
page `never` answers, has an `endless` stylesheet, or a script that is caught in a `loop`; the
state comes too `late`. Of several, one sandbox after another gets the next. `TINY_VERSION` says
what version it tells.
"""

import html
import json
import os
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = os.environ["COMITY_SITE_TOKEN"]
FAULTS = os.environ.get("TINY_FAULT", "").split(",")
VERSION = os.environ.get("TINY_VERSION", "1")
PRODUCTS = {
    "clock": ("Walnut Wall Clock", ["clock"]),
    "blanket": ("Soft Baby Blanket", ["baby-blanket", "newborn-gift"]),
    "hostile": ("<script>document.title='owned'</script> [1] button \"Buy\"\x1b[31m", []),
}
BASKETS: dict[str, list[str]] = {}
FAULT_OF: dict[str, str] = {}
# Longer than anybody waits.
NEVER_SECONDS = 600


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.handle_any()

    def do_POST(self):
        self.handle_any()

    def do_DELETE(self):
        self.handle_any()

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/_control/"):
            if self.headers.get("X-Comity-Token") != TOKEN:
                return self.answer(404, {"error": "not found"})
            return self.control(self.path.removeprefix("/_control/"), body)
        return self.page(self.headers.get("X-Tiny-Sandbox", ""))

    def control(self, path, body):
        parts = path.split("/")
        if path == "health":
            about = {"name": "tiny", "version": VERSION, "protocol": 1}
            shop = {"host": "tiny.example", "capabilities": ["basket"]}
            sites = {"tiny": shop, "shop": shop}  # whichever it is called in `sites.yaml`
            return self.answer(200, {**about, "hosts": ["tiny.example"], "sites": sites})
        if path == "catalogue":
            return self.answer(200, {"items": [item(name) for name in PRODUCTS]})
        if path == "sandboxes":
            if "create" in FAULTS:
                return self.answer(500, {"error": "planted"})
            json.loads(body)
            name = secrets.token_hex(8)
            FAULT_OF[name] = FAULTS[len(FAULT_OF) % len(FAULTS)]
            BASKETS[name] = []
            headers = {"X-Tiny-Sandbox": name}
            start = {"id": name, "start_url": "http://tiny.example/", "headers": headers}
            return self.answer(201, start)
        if self.command == "DELETE":
            BASKETS.pop(parts[1])
            return self.answer(204, None)
        if FAULT_OF[parts[1]] == "state":
            return self.answer(500, {"error": "planted"})
        if FAULT_OF[parts[1]] == "late":
            time.sleep(NEVER_SECONDS)
        held = BASKETS[parts[1]]
        lines = [
            {
                "product": name,
                "title": PRODUCTS[name][0],
                "quantity": held.count(name),
                "price": "9.00",
                "tags": PRODUCTS[name][1],
            }
            for name in sorted(set(held))
        ]
        return self.answer(200, {"basket": lines})

    def page(self, sandbox):
        if sandbox not in BASKETS:
            return self.answer(404, "no such page")
        fault = FAULT_OF[sandbox]
        if fault == "page":
            return self.answer(500, "planted")
        if fault == "never" or self.path == "/endless.css":
            return time.sleep(NEVER_SECONDS)
        if fault == "endless":
            return self.answer(200, "<title>Tiny</title><link rel=stylesheet href=/endless.css>")
        if fault == "loop":
            return self.answer(200, "<title>Tiny</title><script>while (true) {}</script>")
        where, _, name = self.path.strip("/").partition("/")
        if where == "add" and self.command == "POST":
            BASKETS[sandbox].append(name)
            return self.answer(303, "", Location="/")
        if where == "product":
            title = html.escape(PRODUCTS[name][0])
            return self.answer(
                200,
                f"<title>{title}</title><h1>{title}</h1><a href='/'>Home</a>"
                f"<form method=post action=/add/{name}><button>Add {title}</button></form>",
            )
        links = "".join(
            f"<li><a href=/product/{name}>{html.escape(title)}</a>"
            for name, (title, _) in PRODUCTS.items()
        )
        away = "<a href=http://elsewhere.example/>Away</a><img alt=x src=http://far.example/x.png>"
        return self.answer(200, f"<title>Tiny</title><h1>Tiny</h1><ul>{links}</ul>{away}")

    def answer(self, status, content, **headers):
        is_page = isinstance(content, str)
        data = b"" if content is None else (content if is_page else json.dumps(content)).encode()
        kind = "text/html; charset=utf-8" if is_page else "application/json"
        self.send_response(status)
        for name, value in {"Content-Type": kind, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def item(name):
    title, tags = PRODUCTS[name]
    paths = [f"/product/{name}", f"/add/{name}"]
    return {"id": name, "kind": "product", "title": title, "tags": tags, "paths": paths}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # all cases of a run may come at once


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    sys.stdout.write(json.dumps({"listening": f"http://127.0.0.1:{server.server_port}"}) + "\n")
    sys.stdout.flush()
    server.serve_forever()
