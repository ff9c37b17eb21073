"""What `sites.yaml` says of each site, and what a site's items file lists."""

import re
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from comity.errors import ScenarioError
from comity.sandbox.pages import Pages
from comity.schema import Item, Word, files
from comity.schema.base import Prose, Slug

PORT = "{port}"
# A name goes into the browser's rules on hosts, whose own signs it must not have.
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|[0-9a-f:]+")
MAX_TOLD_CHARACTERS = 200
_SCHEMES = {"http": 80, "https": 443}
_OF_PAGES = ("pages", "items", "alone")


class SiteSpec(Word):
    """How a site is started or found, and, without the control protocol, how it is read."""

    id: Slug
    title: Prose
    command: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Run in the project's root; `{python}` stands for the interpreter that runs Comity, `{port}`
    for the port at which a site without the protocol is to listen."""
    url: str | None = None
    """The start page of a site without the protocol; with a `command` its host is for us to name,
    without one the site runs already."""
    pages: Pages = Pages()
    items: str | None = None
    """The file of what can be handled, from the project's root."""
    alone: bool | None = None
    """Whether cases on the site run one at a time; None for what its pages suggest."""

    @model_validator(mode="after")
    def _is_a_site_of_one_kind(self) -> Self:
        if self.url is None:
            if self.command is None:
                raise ValueError("a site has a `command` that starts it, or a `url`, or both")
            for name in _OF_PAGES:
                if name in self.model_fields_set:
                    raise ValueError(
                        f"`{name}` is for a site without the control protocol, which has a `url`"
                    )
        return self

    @model_validator(mode="after")
    def _listens_where_it_is_sought(self) -> Self:
        if self.url is None:
            return self
        _check_url(self.url.replace(PORT, "80") if self.command else self.url)
        if self.command is not None and not any(PORT in part for part in self.command):
            raise ValueError("the `command` of a site with a `url` is told its `{port}`; add it")
        if self.command is not None and not self.url.startswith("http:"):
            raise ValueError("a site with a `command` is found on loopback; its `url` is http")
        return self

    @property
    def process(self) -> tuple[str, ...]:
        """What tells processes apart: sites of one command share one, if they say it themselves."""
        return (self.command or ()) if self.url is None else ("", self.id)

    @property
    def is_alone(self) -> bool:
        """Whether cases run one at a time: posts are, as a rule, seen by every visitor."""
        return self.pages.posts is not None if self.alone is None else self.alone


def _check_url(url: str) -> None:
    if not url.isprintable():
        raise ValueError(f"{url[:MAX_TOLD_CHARACTERS]!r} has a sign that nobody sees; take it out")
    parts = urlsplit(url)  # its ValueErrors say what is wrong
    if parts.scheme not in _SCHEMES or parts.hostname is None:
        raise ValueError(f"{url!r} is no address of a page, such as http://stall.example/")
    if not _HOST.fullmatch(parts.hostname):
        raise ValueError(f"{parts.hostname!r} is no host name; write it in ASCII")
    if "@" in parts.netloc:
        raise ValueError("an address is written into reports; leave user and password out")
    if parts.port == 0:
        raise ValueError("there is no port 0")


def address(url: str) -> tuple[str, int]:
    """Return the host and the port of a checked `url`."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _SCHEMES[parts.scheme]


def load_specs(path: Path, root: Path) -> dict[str, SiteSpec]:
    """Return the sites that the file `path` describes, by id; none where there is no such file.

    The files of items that it names, in the project at `root`, are checked as well.

    Raises:
        ScenarioError: a file is not right; a line for each problem.
    """
    if not path.is_file():
        return {}
    problems: list[str] = []
    document = files.read(path, path.relative_to(path.parent.parent))
    specs: dict[str, SiteSpec] = {}
    for index, spec in files.entries(document, SiteSpec, problems):
        if specs.setdefault(spec.id, spec) is not spec:
            problems.append(document.problem((index, "id"), "stands twice; give it another"))
        try:
            load_items(spec, root)
        except ScenarioError as error:
            problems.append(str(error))
    if problems:
        raise ScenarioError("\n".join(problems))
    return specs


def load_items(spec: SiteSpec, root: Path) -> tuple[Item, ...]:
    """Return what can be handled on a site, by its file of items; nothing where it has none.

    Raises:
        ScenarioError: the file is not right; a line for each problem.
    """
    if spec.items is None:
        return ()
    problems: list[str] = []
    document = files.read(root / spec.items, Path(spec.items))
    found: dict[str, Item] = {}
    for index, item in files.entries(document, Item, problems):
        if found.setdefault(item.id, item) is not item:
            problems.append(document.problem((index, "id"), "stands twice; list it once"))
        if item.site is not None:
            problems.append(document.problem((index, "site"), "is not written; it is this one"))
    if problems:
        raise ScenarioError("\n".join(problems))
    return tuple(found.values())
