"""Where the games of a collection begin and end: bytes in, one game tree at a time out (lesson 11).

A collection is cut as the grammar of the format says (https://www.red-bean.com/sgf/sgf4.html), never by its lines::

    Collection = GameTree { GameTree }        Node     = ";" { Property }
    GameTree   = "(" Sequence { GameTree } ")"  Property = Ident Value { Value }
    Sequence   = Node { Node }                 Value    = "[" text "]"

with white space anywhere between those tokens. In a damaged collection the next game begins where the format leaves no
doubt: at a node that holds GM, FF or SZ, which only the first node of a game may. The tree itself is sgfmill's work.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

LOOK_AHEAD = 4000  # bytes that are searched for the properties of a first node
VALUE = rb"\[[^\\\]]*+(?:\\.[^\\\]]*+)*+\]"
TOKEN = re.compile(rb"\s*(?:(" + VALUE + rb")|([A-Za-z]{1,64})|([;()]))", re.DOTALL)
TREE = re.compile(rb"\(\s*;")
FIRST_NODE = rb"[a-z]*(?:G[a-z]*M|F[a-z]*F|S[a-z]*Z)[a-z]*"  # GM, FF, SZ, as they are and as old programs write them
HEADER = re.compile(FIRST_NODE + rb"\s*\[\s*[0-9:]{1,5}\s*\]")
ROOT = re.compile(
    rb"\(\s*;(?:[\s;]*(?!(?:GM|FF|SZ)\s*\[)[A-Za-z]{1,64}(?:\s*" + VALUE + rb")++){0,60}?[\s;]*" + HEADER.pattern,
    re.DOTALL,
)
PLAIN_TREE = re.compile(rb"\((?>[^()\[\]\\]+|\[[^\\\](]*\])*+\)")  # no variations, and values that raise no question
ROOT_ONLY = frozenset((b"GM", b"FF", b"SZ"))
MOVES = frozenset((b"B", b"W"))
# Values of these hold points and numbers: a parenthesis or bracket there means that another bracket is missing.
PLAIN = MOVES | ROOT_ONLY | frozenset((b"AB", b"AW", b"AE", b"KM", b"HA", b"PL", b"TM", b"MN", b"BL", b"WL"))
SWALLOWED = re.compile(rb"\(\s*;\s*[A-Za-z]{1,64}\s*\[[^\[\]\\]*\]")  # in a value: its bracket was lost before a game
REMAINS = re.compile(rb"[A-Za-z]\s*\[|\]\s*[;)]|\[[^\]]*\Z")  # text between games that stood in one ...
NODE = re.compile(rb";\s*(?:[a-z]*[A-Z]){1,2}[a-z]*\s*\[[^\]]*\]")  # ... and before the first, where letters may
ENCODING = re.compile(rb"(?<![A-Z])CA\s*\[\s*([A-Za-z0-9_.:-]{1,20})\s*\]")
WIDE = frozenset(
    "gb18030 gbk gb2312 hz big5 big5hkscs cp950 shift_jis cp932 cp949 johab iso2022_jp iso2022_kr".split()  # noqa: SIM905
)
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass
class Found:
    """A stretch of a collection.

    Attributes:
        start: where it begins, in bytes.
        text: one whole game tree, or what is left of a damaged one.
        fault: why it is no whole tree; empty if it is one.
    """

    start: int
    text: bytes
    fault: str = ""


def as_ascii_compatible(data: bytes) -> bytes:
    """The same text in an encoding whose brackets are brackets.

    The second byte of a Chinese or Japanese character may look like a bracket or a backslash, and UTF-16 has zeros
    between the letters; such text becomes UTF-8 if all of it is what its CA or its first bytes say.
    """
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), "")
    named = {name.lower() for name in ENCODING.findall(data)}
    if not encoding and len(named) == 1:
        with contextlib.suppress(LookupError):
            encoding = codecs.lookup(named.pop().decode()).name
        if encoding not in WIDE:
            return data
    if not encoding:
        return data
    try:
        return codecs.getincrementaldecoder(encoding)().decode(data).encode()  # the last character may be torn
    except UnicodeError:
        return data


def trees(data: bytes) -> Iterator[Found]:
    """The game trees of a collection in order, whole ones and damaged ones; text between them is passed over.

    A tree without a header is a game by itself, but not where a parenthesis too many shows that it was a variation:
    then the tree before it may have been cut short, and nobody knows where.
    """
    at, waiting, doubt = 0, [], False  # waiting: a tree and those without a header behind it; doubt: is it a game?
    while True:
        tree = TREE.search(data, at)
        between = data[at : tree.start() if tree else len(data)]
        if (REMAINS if at else NODE).search(between):
            stop, start = _next_root(data, at), at
            if waiting and not HEADER.search(data, at, stop):  # the rest of the tree before it, else of another game
                start = waiting.pop().start
            yield from waiting
            yield Found(start, data[start:stop], f"text outside its parentheses, from byte {at} on")
            at, waiting = stop, []
            continue
        if b")" in between and len(waiting) > (0 if doubt else 1):
            start, stop = waiting[0].start, at + between.index(b")")
            yield Found(start, data[start : stop + 1], f"a parenthesis too many, at byte {stop} or before")
            waiting, doubt = [], True
        headed = tree is not None and _is_root(data, tree.start())
        found, at = _one_tree(data, tree.start()) if tree else (None, at)
        if waiting and found and not headed and not found.fault:
            waiting.append(found)
            continue
        yield from waiting
        if found is None:
            return
        doubt = doubt and not headed
        if found.fault:
            yield found
        waiting = [] if found.fault else [found]


def _is_root(data: bytes, at: int) -> bool:
    """Does a game begin here beyond doubt?"""
    found = ROOT.match(data, at, at + LOOK_AHEAD)
    return found is not None and not SWALLOWED.search(found[0], 1)


def _next_root(data: bytes, at: int) -> int:
    """Where the next such game begins; the end if none does."""
    return next((tree.start() for tree in TREE.finditer(data, at) if _is_root(data, tree.start())), len(data))


def _one_tree(data: bytes, start: int) -> tuple[Found, int]:
    """The tree that begins at ``start``, and where to go on."""
    if (plain := PLAIN_TREE.match(data, start)) and _one_header(plain[0]):
        return Found(start, plain[0]), plain.end()
    at, depth, name, seen = start, 0, b"", set()
    suspect = None  # a value of this node that may have swallowed the beginning of another game
    moved = played = False  # in this node, in an earlier one
    begun = False  # where the board is known, no other game's first node may come
    while token := TOKEN.match(data, at):
        value, ident, sign = token.groups()
        here, at = token.start(token.lastindex), token.end()
        if sign:
            played, moved, name = played or moved, False, b""
        if sign == b"(":
            if (begun or played) and _is_root(data, here):
                return _torn(data, start, here, None, "another game begins in it")
            depth += 1
        elif sign == b")":
            depth -= 1
            if depth == 0:
                return Found(start, data[start:at]), at
        elif sign == b";":
            seen, suspect = set(), None
        elif ident is not None:
            name = bytes(byte for byte in ident if byte < 97)  # old programs write GaMe for GM
            if name in ROOT_ONLY and (played or (suspect is not None and name in seen)):
                return _torn(data, start, here, suspect, f"{name.decode()} within the game")
            seen.add(name)
            moved |= name in MOVES
            begun |= name in (b"GM", b"SZ")
        elif b"(" in value or b"[" in value[1:]:
            suspect = here
            if name in PLAIN or SWALLOWED.search(value):
                return _torn(data, start, here, suspect, f"{name.decode()} without a closing bracket")
    fault = "something that is no property" if data[at:].strip() else "the end in its middle"
    return _torn(data, start, at, suspect, fault)


def _one_header(text: bytes) -> bool:
    """Do GM, FF and SZ stand in the first node of a tree only, once each? (It may be wrong about where they do not.)"""
    second = text.find(b";", text.find(b";") + 1)
    return all(text.count(name) == text.count(name, 0, second) <= 1 for name in ROOT_ONLY)


def _torn(data: bytes, start: int, at: int, suspect: int | None, fault: str) -> tuple[Found, int]:
    """A damaged tree, and the beginning of the next game at or behind ``at``, or in the value at ``suspect``."""
    stop = _next_root(data, at if suspect is None else suspect)
    return Found(start, data[start:stop], f"{fault}, at byte {at}"), stop
