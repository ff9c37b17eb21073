"""A site that speaks no control protocol: plain WSGI, baskets by session, a guest book for all.

Started as `stall.py --port PORT`. `STALL_FAULT` plants a fault: the `cart` answers 500, has a row
`without` its product, one that is `unlisted`, `countless` ones, or is `redesigned`; `home` answers
404, or is `moved` to another host; the stall `never` comes.
"""

import argparse
import html
import itertools
import os
import sys
import time
from collections import Counter
from http.cookies import SimpleCookie
from socketserver import ThreadingMixIn
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

FAULT = os.environ.get("STALL_FAULT", "")
TITLES = {"clock": "Walnut Wall Clock", "blanket": "Soft Baby Blanket", "bowl": "Glazed Bowl"}
BASKETS: dict[str, list[str]] = {}
BOOK = [("Hello", "A clock on the wall makes a stall a home.")]
SESSIONS = itertools.count(1)

LINE = (
    "<li class=line><a class=sku data-sku={sku} href=/product/{sku}>{title}</a>"
    " <input class=count value={count}> <span class=price>9.00</span>"
)
# What a script draws after the page has loaded, as many a basket is drawn.
DRAWN = "<ul id=lines></ul><script>setTimeout(() => {{lines.innerHTML = `{}`}}, 300)</script>"
# As one that is fetched, under words that stand there always, and under such as are hidden.
FETCHED = (
    "<ul><li {hidden} class=none>There is nothing in it.</ul><ul id=lines></ul><script>"
    "const later = (wait) => new Promise((done) => setTimeout(done, wait));"
    "fetch('/slow-cart').then((r) => r.text()).then(async (text) => {{"
    " await later({wait}); lines.innerHTML = text}})</script>"
)


def application(environ, start_response):
    cookie = SimpleCookie(environ.get("HTTP_COOKIE", ""))
    session = cookie["session"].value if "session" in cookie else str(next(SESSIONS))
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Set-Cookie", f"session={session}")]
    size = int(environ.get("CONTENT_LENGTH") or 0)
    form = parse_qs(environ["wsgi.input"].read(size).decode())
    status, page, *more = answer(environ["PATH_INFO"], form, BASKETS.setdefault(session, []))
    start_response(status, [*headers, *more])
    return [f"<title>Stall</title><h1>Our stall</h1>{page}".encode()]


def answer(path, form, basket):
    where, _, name = path.strip("/").partition("/")
    if where == "add":
        basket.append(name)
        return "303 See Other", "", ("Location", "/")
    if where == "product" and name in TITLES:
        title = html.escape(TITLES[name])
        return (
            "200 OK",
            f"<h2>{title}</h2><form method=post action=/add/{name}><button>Add</button>",
        )
    if where.endswith("cart"):
        return carts(where, basket)
    if where == "book":
        if "text" in form:
            BOOK.append((form.get("topic", [""])[0], form["text"][0]))
        entries = (
            f"<article id=p{place}><h2>{html.escape(topic)}</h2><p>{html.escape(text)}</article>"
            for place, (topic, text) in enumerate(BOOK)
        )
        sign = "<form method=post>Topic <input name=topic> Text <input name=text><button>Sign"
        return "200 OK", "".join(entries) + sign
    if where or FAULT == "home":
        return "404 Not Found", "no such page"
    if FAULT == "moved":
        return "302 Found", "", ("Location", "https://elsewhere.example/")
    links = (f"<li><a href=/product/{sku}>{title}</a>" for sku, title in TITLES.items())
    return "200 OK", f"<ul>{''.join(links)}</ul><img alt=x src=http://far.example/x.png>"


def carts(where, basket):
    if FAULT == "cart":
        return "500 Internal Server Error", "planted"
    if where == "fetched-cart":
        return "200 OK", FETCHED.format(hidden="", wait=0)
    if where == "hidden-cart":
        return "200 OK", FETCHED.format(hidden="hidden", wait=500)
    if where == "slow-cart":
        time.sleep(0.4)
        return "200 OK", cart(basket)
    lines = cart(basket)
    page = DRAWN.format(lines) if where == "drawn-cart" else f"<ul>{lines}</ul>"
    return "200 OK", page, ("Cache-Control", "max-age=600")  # as a careless site has it


def cart(basket):
    if FAULT == "without":
        return "<li class=line>A thing"
    if FAULT == "redesigned":
        return "<table></table>"
    if FAULT == "unlisted":
        return LINE.format(sku="kettle", title="Kettle", count=1)
    if FAULT == "countless":
        return LINE.format(sku="clock", title="Clock", count="2of9&#27;[2J")
    counts = sorted(Counter(basket).items())
    lines = (LINE.format(sku=sku, title=TITLES[sku], count=count) for sku, count in counts)
    return "".join(lines) or "<li class=none>There is nothing in it."


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128  # all cases of a run may come at once


class Silent(WSGIRequestHandler):
    def log_message(self, *_):
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    if FAULT == "never":
        sys.exit("no stall today")
    time.sleep(0.5)  # as anything that starts, it is not there at once
    with make_server("127.0.0.1", port, application, Server, Silent) as server:
        server.serve_forever()
