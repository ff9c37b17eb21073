"""What an agent can do to an element of a page, and why it sometimes cannot."""

from playwright.async_api import Locator
from playwright.async_api import Page as PlaywrightPage

from comity.sandbox.actions import Click, Select, Type
from comity.sandbox.observation import Element

# Sites draw boxes of their own, and keep the real one where nobody can hit it, below its label.
TICKED = frozenset({"checkbox", "radio", "switch"})
_OUT_OF_REACH = """(box) => {
  box.scrollIntoView({block: "center"});
  const {x, y, width, height} = box.getBoundingClientRect();
  const hit = document.elementFromPoint(x + width / 2, y + height / 2);
  return box.labels?.length > 0 && !box.contains(hit);
}"""


async def do_on(tab: PlaywrightPage, element: Element, action: Click | Type | Select) -> str | None:
    """Click `element`, type into it or select of it; return None, or why it cannot be done.

    Raises:
        playwright.async_api.Error: the element or the page does not answer.
    """
    locator = tab.locator(f"aria-ref={element.browser_ref}")
    if isinstance(action, Click):
        if element.role in TICKED and await locator.evaluate(_OUT_OF_REACH):
            await locator.evaluate("(box) => box.labels[0].click()")
        else:
            await locator.click()
    elif isinstance(action, Type):
        if not element.takes("type"):
            return f"a {element.role} takes no text; type into a textbox"
        await locator.fill(action.text)
        if action.submit:
            await locator.press("Enter")
    else:
        if not element.takes("select"):
            return f"a {element.role} has no options; select works on a combobox"
        if action.option not in element.options:
            return f"there is no option {action.option!r:.80}"
        await _choose(locator, action.option)
    return None


async def _choose(list_of_options: Locator, option: str) -> None:
    """Choose an option of a `select`, or of a list that a page's script makes one of."""
    if await list_of_options.evaluate("element => element.localName === 'select'"):
        await list_of_options.select_option(label=option)
    else:
        await list_of_options.get_by_role("option", name=option, exact=True).first.click()
