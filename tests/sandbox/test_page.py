"""An agent's page, in a real browser: what it sees, what it can do, what it is told."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from playwright.async_api import Error as PlaywrightError

from comity.errors import AgentError, InfrastructureError
from comity.sandbox.actions import Back, Click, Goto, Scroll, Select, Type
from comity.sandbox.browser import Browser
from comity.sandbox.page import Page
from comity.sandbox.running import Sandbox
from comity.sandbox.tabs import MAX_TABS
from comity.schema import Item

PAGES = {
    "/": """<title>Home</title><h1>Home</h1><a href=/second>Second</a>
        <a href=/tab target=_blank>New tab</a>
        <form action=/found><input aria-label=Search name=q><button>Go</button></form>
        <select aria-label=Country><option>China<option>Norway</select>
        <input type=checkbox aria-label=Wrap><button disabled>Sold out</button>
        <button onclick="this.remove()">Vanish</button>
        <button onclick="alert('hello')">Alert</button>
        <button onclick="fetch('/late').then(r=>r.text()).then(t=>out.textContent=t)">Late</button>
        <p id=out></p>""",
    "/busy": """<title>Busy</title><h1>Busy</h1>
        <form action=/found onsubmit="for(const t=Date.now();Date.now()-t<5000;);">
        <button>Go slowly</button></form>
        <button onclick="for(const t=Date.now();Date.now()-t<5000;);">Stay</button>""",
    "/tabs": """<title>Tabs</title><a href=http://outside.example/>Out</a><p>or</p>
        <a href=http://elsewhere.example/ target=_blank>Out, in a tab</a>
        <a href=/invoice target=_blank>Invoice</a>
        <button onclick="window.open('/popup')">Pop up</button>
        <button onclick="const tab = window.open('/second'); setTimeout(() => tab.close(), 200)">
        Flash</button>
        <button onclick="for (let i = 0; i < 12; i++) window.open('/second')">Many</button>""",
    "/popup": "<title>Popup</title><button onclick='window.close()'>Done</button>",
    "/returning": "<title>Returning</title><button onclick='history.back()'>Return</button>",
    "/second": "<title>Second</title><h1>Second</h1><a href=/>Home</a>",
    "/tab": "<title>Tab</title><h1>Tab</h1>",
    "/drawing": "<svg xmlns='http://www.w3.org/2000/svg'><title>A clock</title>"
    "<a href='/second'><text y='20'>Second</text></a></svg>",
    "/invoice": "a file to keep",
    "/found": "<title>Found</title><h1>Found</h1>",
    "/late": "arrived late",
    "/half": "<title>Half</title><p id=out></p><script>out.textContent='half \\ud83d'</script>",
    "/lists": """<title>Lists</title><p id=out></p><div role=combobox tabindex=0 aria-label=Size
        onclick="sizes.hidden=false">Choose</div><ul role=listbox id=sizes hidden aria-label=Sizes>
        <li role=option onclick="out.textContent='a small one'">Small
        <li role=option onclick="out.textContent='a large one'">Large</ul>
        <select multiple aria-label=Wraps><option>Red<option>Blue</select>""",
    "/scripted": """<title>Scripted</title><p id=out></p>
        <div style="cursor:pointer" onclick="out.textContent='opened'"><p>Wall clock<p>$34</div>
        <label><input type=checkbox style="position:absolute;width:1px;height:1px;overflow:hidden;
        clip:rect(0,0,0,0)" onchange="out.textContent='wrapped'"><b>Gift wrap</b></label>
        <details><summary>Add a <b>note</b></summary><input aria-label=Note></details>""",
    "/vast": """<title>Vast</title><div id=out></div><button>BIG</button><script>
        for (let n = 0; n < 3; n++) out.innerHTML += `<iframe src="/found?${'x'.repeat(5e4)}">`
        document.querySelector("button").innerHTML = "<p>big</p>".repeat(1e3)</script>""",
    "/asking": """<title>Asking</title><p id=out></p><button onclick="out.textContent =
        confirm('Place the order now?') ? 'placed' : 'not placed'">Order</button>
        <button onclick="for (let n = 0; n < 9; n++) alert('No \\ud83d ' + n)">Nag</button>""",
    "/drawn": """<title>Drawn</title><a href=/clock onclick="history.pushState(null, '', this.href);
        document.title = 'Clock'; return false">Clock</a>""",
    "/news": "<title>News</title><h1>News</h1><script>new EventSource('/never')</script>",
    "/odd": "<title>Odd</title><a href=/second>Mother\x92s clock</a><p>no character: \uffff</p>"
    f"<button>{'&quot;' * 600}<b>!</b></button>",
    "/deep": "<title>Deep</title>" + "<div>" * 400 + "bottom",
    "/long": "<title>Long</title>" + "<a href=/second>Go</a><p>word</p>" * 3_000,
    "/loop": "<title>Loop</title><script>for(;;);</script>",
    "/styled": "<title>Styled</title><link rel=stylesheet href=/never>",
    "/hanging": "<title>Hanging</title><a href=/loop>Loop</a><a href=/never>Never</a>"
    "<button onclick='for(;;);'>Spin</button>",
}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            time.sleep({"/late": 0.3, "/never": 10}.get(path, 0))
            body = PAGES.get(path, "").encode()
            self.send_response(500 if path == "/broken" else 200 if body else 404)
            kind = "image/svg+xml" if path == "/drawing" else "text/html"
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            if path == "/invoice":
                self.send_header("Content-Disposition", "attachment")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # a browser may hang up
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()


Visit = Callable[[Page], Coroutine[Any, Any, Any]]


def visit(
    site: str, script: Visit, start: str = "/", max_steps: int = 20, patience: float = 30
) -> Any:
    """Run a script on a page of its own."""

    async def run(temporary: Path) -> Any:
        browser = await Browser.find(temporary)
        try:
            await browser.launch(lambda: {"shop.example": site})
            sandbox = Sandbox(id="1", start_url=f"http://shop.example{start}", headers={})
            async with browser.context(sandbox, "en") as context:
                page = await Page.open(
                    context, sandbox.start_url, max_steps=max_steps, patience=patience
                )
                await page.observe()
                return await script(page)
        finally:
            await browser.close()

    with TemporaryDirectory() as temporary:
        return asyncio.run(run(Path(temporary)))


def ref(page: Page, name: str) -> str:
    assert page.last is not None
    return next(ref for ref, element in page.last.elements.items() if element.name == name)


def test_an_agent_clicks_types_selects_and_goes_back(site):
    async def script(page: Page) -> None:
        await page.act(Select(ref=ref(page, "Country"), option="Norway"))
        await page.act(Click(ref=ref(page, "Wrap")))
        seen = await page.observe()
        assert 'combobox "Country" = "Norway"' in seen.text
        assert 'checkbox "Wrap" (checked)' in seen.text
        await page.act(Type(ref=ref(page, "Search"), text="送钟", submit=True))
        seen = await page.observe()
        assert (seen.title, page.visits[-1].path) == ("Found", "/found")
        await page.act(Back())
        assert (await page.observe()).title == "Home"
        assert [step.error for step in page.steps] == [None] * 4
        assert [step.target for step in page.steps][1] == 'checkbox "Wrap"'

    visit(site, script)


def test_what_cannot_be_done_is_told_and_counts_as_a_step(site):
    async def script(page: Page) -> None:
        told = {
            "no element": Click(ref="77"),
            "takes no text": Type(ref=ref(page, "Wrap"), text="x"),
            "has no options": Select(ref=ref(page, "Wrap"), option="x"),
            "no option 'Atlantis'": Select(ref=ref(page, "Country"), option="Atlantis"),
            "no page to go back to": Back(),
            "nothing below": Scroll(direction="down"),
            "only pages of shop.example": Goto(url="http://elsewhere.example/"),
            "this is no address": Goto(url="http://[broken"),
            "answered 404": Goto(url="/nowhere"),
        }
        for part, action in told.items():
            error = (await page.act(action)).error
            assert error is not None
            assert part in error
        assert len(page.steps) == len(told)
        assert page.blocked == ["http://elsewhere.example/"]

    visit(site, script)


def test_a_stale_ref_is_an_error_to_read_and_soon(site):
    async def script(page: Page) -> None:
        stale = ref(page, "Vanish")
        await page.act(Click(ref=stale))
        begun = time.monotonic()
        result = await page.act(Click(ref=stale))
        assert "observe the page again" in (result.error or "")
        assert time.monotonic() - begun < 5

    visit(site, script)


@pytest.mark.parametrize(
    ("name", "error", "title"),
    [
        ("Go slowly", None, "Found"),
        ("Stay", "the element did not answer; observe the page again", "Busy"),
    ],
)
def test_what_takes_its_time_was_done_where_it_led_somewhere(site, name, error, title):
    async def script(page: Page) -> tuple[str | None, str]:
        result = await page.act(Click(ref=ref(page, name)))
        return result.error, (await page.observe()).title

    assert visit(site, script, "/busy") == (error, title)


def test_possible_actions_follow_the_page(site):
    async def script(page: Page) -> None:
        names = {action.__name__ for action in page.possible()}
        assert names == {"Click", "Type", "Select", "Goto"}
        await page.act(Click(ref=ref(page, "Second")))
        await page.observe()
        names = {action.__name__ for action in page.possible()}
        assert names == {"Click", "Goto", "Back"}

    visit(site, script)


def test_the_page_is_seen_once_it_rests(site):
    async def script(page: Page) -> None:
        await page.act(Click(ref=ref(page, "Late")))
        assert "arrived late" in (await page.observe()).text

    visit(site, script)


def test_at_its_end_what_is_under_way_is_waited_for_and_nothing_more_is_noted(site):
    async def script(page: Page) -> None:
        await page.act(Click(ref=ref(page, "Late")))
        await page.end()
        context = page._tabs.front.context
        assert "arrived late" in await context.pages[0].inner_text("#out")
        await (await context.new_page()).goto("http://shop.example/second")
        assert [visit.path for visit in page.visits] == ["/"]
        assert (await page.observe()).title == "Home"

    visit(site, script)


def test_a_new_tab_is_followed_and_a_dialog_is_no_trouble(site):
    async def script(page: Page) -> None:
        await page.act(Click(ref=ref(page, "Alert")))
        await page.observe()
        await page.act(Click(ref=ref(page, "New tab")))
        assert (await page.observe()).title == "Tab"

    visit(site, script)


@pytest.mark.parametrize("name", ["Out", "Out, in a tab"])
@pytest.mark.parametrize(("action", "title"), [(Back(), "Tabs"), (Goto(url="/second"), "Second")])
def test_a_link_that_leaves_the_site_leads_nowhere_but_back(site, name, action, title):
    async def script(page: Page) -> None:
        await page.act(Click(ref=ref(page, name)))
        assert (await page.observe()).title == ""
        assert Back in page.possible()
        assert (await page.act(action)).error is None
        assert (await page.observe()).title == title
        assert len(page.blocked) == 1

    visit(site, script, "/tabs")


def test_back_leads_to_the_page_before_also_where_a_link_led_to_one_seen_already(site):
    async def to_and_fro(page):
        titles = []
        for name in ("Second", "Home"):
            await page.act(Click(ref=ref(page, name)))
            await page.observe()
        assert Back in page.possible()
        while page.can_go_back:
            await page.act(Back())
            titles.append((await page.observe()).title)
        return titles

    assert visit(site, to_and_fro) == ["Second", "Home"]


def test_a_page_that_goes_back_by_itself_leaves_nothing_behind(site):
    async def goes_back(page):
        await page.act(Goto(url="/returning"))
        await page.observe()
        await page.act(Click(ref=ref(page, "Return")))
        return (await page.observe()).title, page.can_go_back, await page.act(Back())

    title, can_go_back, told = visit(site, goes_back)
    assert (title, can_go_back) == ("Home", False)
    assert told.error == "there is no page to go back to"


def test_a_new_tab_is_closed_by_going_back_and_the_one_before_is_in_front_again(site):
    async def script(page: Page) -> None:
        await page.act(Click(ref=ref(page, "New tab")))
        await page.observe()
        assert (await page.act(Back())).error is None
        assert (await page.observe()).title == "Home"
        assert (await page.act(Back())).error == "there is no page to go back to"

    visit(site, script)


def test_a_tab_that_its_page_closes_is_followed_by_the_one_before(site):
    async def script(page: Page) -> None:
        await page.act(Click(ref=ref(page, "Pop up")))
        assert (await page.observe()).title == "Popup"
        done = ref(page, "Done")
        assert (await page.act(Click(ref=done))).error is None
        assert "another tab is in front" in str((await page.act(Click(ref=done))).error)
        assert (await page.observe()).title == "Tabs"
        await page.act(Click(ref=ref(page, "Flash")))
        await asyncio.sleep(0.4)
        assert (await page.observe()).title == "Tabs"

    visit(site, script, "/tabs")


def test_a_tab_that_was_opened_for_a_file_is_none(site):
    async def downloads(page):
        told = await page.act(Click(ref=ref(page, "Invoice")))
        return told.error, (await page.observe()).title, page.can_go_back

    assert visit(site, downloads, "/tabs", patience=5) == (None, "Tabs", False)


def test_where_all_tabs_are_closed_the_site_is_opened_anew(site):
    async def script(page: Page) -> None:
        await page._tabs.front.close()
        assert "closed" in str((await page.act(Click(ref=ref(page, "Second")))).error)
        await page._tabs.front.close()
        assert (await page.act(Goto(url="second"))).error is None
        await page._tabs.front.close()
        assert (await page.observe()).title == "Home"

    visit(site, script)


def test_a_page_can_open_only_so_many_tabs(site):
    async def script(page: Page) -> None:
        await page.act(Click(ref=ref(page, "Many")))
        assert (await page.observe()).title == "Second"
        context = page._tabs.front.context
        while len(context.pages) > MAX_TABS:
            await page.observe()
        assert len(context.pages) == MAX_TABS

    visit(site, script, "/tabs")


def test_what_is_no_action_is_the_agents_error_and_does_nothing(site):
    async def script(page: Page) -> None:
        await page.act(Goto(url="/second"))
        with pytest.raises(AgentError, match="dict is no action"):
            await page.act({"action": "back"})  # type: ignore[arg-type]
        assert (await page.observe()).title == "Second"
        assert len(page.steps) == 1

    visit(site, script)


def test_out_of_steps_is_the_agents_error(site):
    async def script(page: Page) -> None:
        await page.act(Goto(url="/second"))
        await page.observe()
        assert page.possible() == []
        with pytest.raises(AgentError, match="out of steps: 1 were allowed"):
            await page.act(Back())

    visit(site, script, max_steps=1)


def test_what_is_done_at_once_is_done_one_after_the_other(site):
    async def several(page):
        second, late = ref(page, "Second"), ref(page, "Late")
        clicks = [Click(ref=second), Click(ref=late), Goto(url="/found")]
        told = await asyncio.gather(*map(page.act, clicks), return_exceptions=True)
        return page, told

    page, told = visit(site, several, max_steps=2)
    assert [step.index for step in page.steps] == [1, 2]
    assert told[0].error is None
    # The first led away, so that what the second was to click is not there any more.
    assert told[1].error is not None
    assert isinstance(told[2], AgentError)
    assert "out of steps" in str(told[2])
    assert [visit.path for visit in page.visits] == ["/", "/second"]


@pytest.mark.parametrize("url", ["https://shop.example/second", "http://shop.example:1/second"])
def test_where_the_site_does_not_listen_is_told_and_is_no_trouble(site, url):
    async def goes(page):
        return await page.act(Goto(url=url)), page

    told, page = visit(site, goes, patience=3)
    assert told.error == "only pages of http://shop.example can be opened"
    assert page.failure is None
    assert page.blocked == [url]


def test_a_picture_that_is_a_page_of_its_own_is_seen(site):
    async def looks(page):
        await page.act(Goto(url="/drawing"))
        seen = await page.observe()
        await page.act(Click(ref=page.refs("click")[0]))
        return seen, await page.observe()

    seen, after = visit(site, looks, patience=5)
    assert 'img "A clock"' in seen.text
    assert after.title == "Second"


def test_half_a_character_on_a_page_is_no_trouble(site):
    async def script(page: Page) -> None:
        assert "half" in (await page.observe()).text
        assert page.seen is not None
        assert page.seen.model_dump_json()

    visit(site, script, "/half")


def test_an_option_is_chosen_of_lists_of_any_make(site):
    async def script(page: Page) -> None:
        assert ref(page, "Size") in page.refs("click")
        await page.act(Click(ref=ref(page, "Size")))
        await page.observe()
        await page.act(Select(ref=ref(page, "Sizes"), option="Large"))
        await page.act(Select(ref=ref(page, "Wraps"), option="Blue"))
        assert [step.error for step in page.steps] == [None] * 3
        seen = await page.observe()
        assert "a large one" in seen.text
        assert 'listbox "Wraps" = "Blue"' in seen.text

    visit(site, script, "/lists")


def test_what_only_a_pointer_tells_can_be_clicked_too(site):
    async def script(page: Page) -> None:
        await page.act(Click(ref=ref(page, "Wall clock $34")))
        assert "opened" in (await page.observe()).text
        await page.act(Click(ref=ref(page, "Add a note")))
        assert 'textbox "Note"' in (await page.observe()).text

    visit(site, script, "/scripted")


def test_a_box_that_hides_under_its_label_can_be_ticked(site):
    async def script(page: Page) -> None:
        result = await page.act(Click(ref=ref(page, "Gift wrap")))
        seen = await page.observe()
        assert result.error is None
        assert 'checkbox "Gift wrap" (checked)' in seen.text
        assert "wrapped" in seen.text

    visit(site, script, "/scripted")


def test_what_a_page_makes_vast_is_recorded_in_bounds(site):
    async def script(page: Page) -> None:
        [big] = page.refs("click")
        await page.act(Click(ref=big))
        [step] = page.steps
        assert step.target is not None
        assert len(step.target) < 300
        assert step.target.startswith('button "big big ')
        assert len(page.visits) > 3
        assert max(len(visit.url) for visit in page.visits) < 2_100

    visit(site, script, "/vast")


def test_what_a_page_asks_in_a_box_is_agreed_to_and_told(site):
    async def script(page: Page) -> None:
        await page.act(Click(ref=ref(page, "Order")))
        for _ in range(2):
            seen = (await page.observe()).text
            assert seen.startswith('dialog "Place the order now?" (agreed)\n"placed"\n')
        await page.act(Click(ref=ref(page, "Nag")))
        assert (await page.observe()).text.count("dialog") == 5
        assert page.seen is not None
        assert page.seen.model_dump_json()
        await page.act(Goto(url="/second"))
        assert "dialog" not in (await page.observe()).text
        assert [step.error for step in page.steps] == [None] * 3

    visit(site, script, "/asking")


def test_a_page_that_a_script_draws_under_its_address_was_visited(site):
    async def script(page: Page) -> None:
        await page.act(Click(ref=ref(page, "Clock")))
        assert (await page.observe()).title == "Clock"
        await page.act(Back())
        await page.observe()
        assert [visit.path for visit in page.visits] == ["/drawn", "/clock"]

    visit(site, script, "/drawn")


@pytest.mark.parametrize(
    "path", ["/掛け時計", "/wanduhr weiß", "/%E6%8E%9B", "/a'(b);c=d,e|f^g~h!*&$@:+[i]", '/"<`{}>']
)
def test_an_item_is_known_by_its_path_in_whatever_letters(site, path):
    async def goes(page):
        await page.act(Goto(url=path))
        return page.visits[-1].path

    item = Item(id="clock", kind="product", title="Clock", paths=frozenset({path}))
    assert item.paths == {visit(site, goes)}


def test_a_line_for_news_that_never_ends_is_not_waited_for(site):
    async def script(page: Page) -> None:
        begun = time.monotonic()
        assert "News" in (await page.observe()).text
        assert time.monotonic() - begun < 2

    visit(site, script, "/news")


def test_odd_signs_on_a_page_are_no_trouble(site):
    async def script(page: Page) -> None:
        seen = await page.observe()
        assert "no character: \uffff" in seen.text
        await page.act(Click(ref=ref(page, "Mother\x92s clock")))
        assert (await page.observe()).title == "Second"

    visit(site, script, "/odd")


def test_a_deep_page_and_a_long_one_can_be_read(site):
    async def script(page: Page) -> None:
        seen = await page.observe()
        assert seen.title in ("Deep", "Long")
        assert len(seen.text) < 6_000

    visit(site, script, "/deep")
    visit(site, script, "/long")


@pytest.mark.parametrize("path", ["/loop", "/never", "/styled"])
def test_a_start_page_that_never_loads_is_trouble_of_ours(site, path):
    with pytest.raises(InfrastructureError, match=f"{path} does not load within 1.5 s"):
        visit(site, lambda _page: asyncio.sleep(0), path, patience=1.5)


@pytest.mark.long
@pytest.mark.parametrize("name", ["Loop", "Never", "Spin"])
def test_a_page_that_hangs_after_a_click_is_trouble_of_ours(site, name):
    async def hang(page: Page) -> None:
        await page.act(Click(ref=ref(page, name)))
        await page.observe()

    async def script(page: Page) -> None:
        with pytest.raises(InfrastructureError, match="did not load or answer within 1.5 s"):
            await hang(page)
        assert page.failure is not None

    visit(site, script, "/hanging", patience=1.5)


def test_a_page_that_fails_under_an_agent_is_remembered_until_one_comes(site):
    async def script(page: Page) -> None:
        assert (await page.act(Goto(url="/broken"))).error == "the site answered 500"
        assert "answered 500 for the page GET http://shop.example/broken" in str(page.failure)
        await page.act(Goto(url="/second"))
        assert page.failure is None

    visit(site, script)


def test_a_crash_of_the_page_is_the_browsers(site):
    async def script(page: Page) -> None:
        with suppress(PlaywrightError):
            await page._tabs.front.goto("chrome://crash")
        with pytest.raises(InfrastructureError, match="the browser's page crashed at http://shop"):
            await page.act(Click(ref=ref(page, "Second")))
        with pytest.raises(InfrastructureError, match="the browser's page crashed at http://shop"):
            await page.observe()

    visit(site, script)


def test_a_browser_that_is_gone_is_trouble_of_ours(site):
    async def script(page: Page) -> None:
        browser = page._tabs.front.context.browser
        assert browser is not None
        await browser.close()
        with pytest.raises(InfrastructureError):
            await page.act(Goto(url="/second"))
        with pytest.raises(InfrastructureError, match="the browser failed at"):
            await page.observe()
        assert page.failure is not None

    visit(site, script)
