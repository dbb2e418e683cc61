"""Parser of the report's page."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

MARKUP = "<script>alert('</svg>')</script> & \"more\""


# Elements that have no end in HTML.
VOID = {"meta", "link", "br", "img", "input", "hr"}


@dataclass
class Element:
    """Element of the page with its content."""

    tag: str
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    own_text: list[str] = field(default_factory=list)

    def all(self, tag: str = "") -> Iterator["Element"]:
        """The element and all within it, or those of one tag."""
        if tag in ("", self.tag):
            yield self
        for child in self.children:
            yield from child.all(tag)

    def one(self, tag: str) -> "Element":
        """The only element of a tag."""
        [found] = self.all(tag)
        return found

    def text(self) -> str:
        """All text, with single spaces."""
        parts = (" ".join(element.own_text) for element in self.all())
        return " ".join(" ".join(parts).split())


class Page(HTMLParser):
    """A parsed page; tags that are not closed in order are an error."""

    def __init__(self, html: str) -> None:
        """Parse at once."""
        super().__init__()
        self.html = html
        self.root = Element("root", {})
        self.open = [self.root]
        self.feed(html)
        assert self.open == [self.root], "a tag is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content."""
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        """Text belongs to the open element."""
        self.open[-1].own_text.append(data)

    def by_id(self, name: str) -> Element:
        """Return the only element with an id."""
        [found] = [element for element in self.root.all() if element.attributes.get("id") == name]
        return found
