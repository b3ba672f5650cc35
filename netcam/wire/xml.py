"""XML from strangers: bounded, without DTD or entities, read by local name, and still read when it is broken.

Devices send undeclared prefixes, bare ampersands, GB 2312 under a UTF-8 heading and answers cut off in the middle. The
strict reading comes first; where it fails, a plain walk over the tags keeps what was complete.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from netcam.errors import DecodeError
from netcam.wire.charset import decode_text

SIZE_LIMIT = 65536  # bytes of one document: a UDP datagram, or the body of a web page as it is read
DEPTH_LIMIT = 32  # the deepest known answer has 9 levels
NODE_LIMIT = 8192
ATTRIBUTE_LIMIT = 64

_ENCODING = re.compile(rb"""<\?xml[^>]{0,100}?\bencoding\s{0,8}=\s{0,8}["']([A-Za-z0-9._-]{1,40})["']""")
_DECLARATION = re.compile(r"<\?xml[^>]{0,200}\?>")
_DTD = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_TAG = re.compile(r"<(?P<close>/?)(?:[\w.-]{1,64}:)?(?P<name>[\w.-]{1,128})(?P<rest>[^<>]{0,4096})>")
_ATTRIBUTE = re.compile(r"""([\w:.-]{1,128})\s{0,8}=\s{0,8}(?:"([^"<>]{0,2048})"|'([^'<>]{0,2048})')""")


@dataclass(slots=True, kw_only=True)
class Node:
    """One element. `name` is the local name; `attributes` keep their names as sent, `xmlns:...` included."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def walk(self) -> Iterator[Node]:
        """This element and all below it, in document order."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def all(self, *names: str) -> Iterator[Node]:
        """The elements of these local names, in any case, this one included."""
        wanted = {name.lower() for name in names}
        return (node for node in self.walk() if node.name.lower() in wanted)

    def first(self, *names: str) -> Node | None:
        """The first element of one of these names."""
        return next(self.all(*names), None)

    def text_of(self, *names: str) -> str | None:
        """The text of the first element of one of these names that holds any."""
        return next((text for node in self.all(*names) if (text := node.text.strip())), None)


def read_xml(data: bytes, *, protocol: str) -> Node:
    """The root element of a document, or of as much of it as came.

    A fragment or broken document gives the elements that can be told apart; text of an element that was never closed is
    left out, because it may be cut.

    Raises:
        DecodeError: more than 64 kB, 32 levels, 8192 elements or 64 attributes; a DTD; or nothing that looks like XML.
    """
    if len(data) > SIZE_LIMIT:
        raise DecodeError(protocol, SIZE_LIMIT, f"XML of more than {SIZE_LIMIT} bytes")
    declared = _ENCODING.search(data[:300])
    text = decode_text(data, declared[1].decode("ascii") if declared else None).strip("\0\r\n\t \ufeff")
    if found := _DTD.search(text):
        # Entities need a DTD: without one there is nothing to expand and nothing to fetch.
        raise DecodeError(protocol, min(found.start(), len(data)), "XML with a document type")
    text = _DECLARATION.sub("", text, count=1)  # the encoding it names is no longer true
    tree = _Tree(protocol, len(data))
    utf8 = text.encode("utf-8", "replace")
    broken_at = _read_strictly(utf8, tree)
    # A complete document with junk behind it is fine as it is, unless the junk is the rest of a fragment.
    if broken_at is not None and (tree.root is None or tree.open or b"<" in utf8[broken_at:]):
        tree = _Tree(protocol, len(data))
        _read_loosely(text, tree)
    if tree.root is None:
        raise DecodeError(protocol, min(broken_at or 0, len(data)), "no XML")
    return tree.root


class _Tree:
    """Elements as they open and close, within the limits."""

    def __init__(self, protocol: str, size: int) -> None:
        self.protocol, self.size = protocol, size
        self.root: Node | None = None
        self.open: list[tuple[Node, list[str]]] = []
        self.count = 0

    def start(self, name: str, attributes: dict[str, str], at: int) -> None:
        self.count += 1
        if len(self.open) >= DEPTH_LIMIT or self.count > NODE_LIMIT or len(attributes) > ATTRIBUTE_LIMIT:
            raise DecodeError(self.protocol, min(max(at, 0), self.size), "XML too deep or too many elements")
        node = Node(name=name.rpartition(":")[2], attributes=attributes)
        if self.open:
            self.open[-1][0].children.append(node)
        elif self.root is None:
            self.root = node
        else:
            self.root.children.append(node)  # a fragment with several heads: the later ones hang below the first
        self.open.append((node, []))

    def data(self, text: str) -> None:
        if self.open:
            self.open[-1][1].append(text)

    def end(self) -> None:
        node, parts = self.open.pop()
        node.text = "".join(parts)


def _read_strictly(utf8: bytes, tree: _Tree) -> int | None:
    """Fill the tree; the byte where the document stops being well-formed, or None."""
    # Without namespace processing: undeclared prefixes are common and local names are all that is asked for.
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: tree.start(name, attributes, parser.CurrentByteIndex)
    parser.EndElementHandler = lambda name: tree.end()
    parser.CharacterDataHandler = tree.data
    try:
        parser.Parse(utf8, True)
    except expat.ExpatError:
        return max(parser.ErrorByteIndex, 0)
    return None


def _read_loosely(text: str, tree: _Tree) -> None:
    text = text.replace("<![CDATA[", "").replace("]]>", "")
    after = 0
    for tag in _TAG.finditer(text):
        tree.data(html.unescape(text[after : tag.start()]))
        after = tag.end()
        if tag["close"]:
            if any(node.name == tag["name"] for node, _ in tree.open):
                while tree.open[-1][0].name != tag["name"]:
                    tree.open.pop()  # never closed: its text stays empty
                tree.end()
            continue
        attributes = {m[1]: html.unescape(m[2] or m[3] or "") for m in _ATTRIBUTE.finditer(tag["rest"])}
        tree.start(tag["name"], attributes, tag.start())
        if tag["rest"].endswith("/"):
            tree.end()
