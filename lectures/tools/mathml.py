"""TeX to MathML at build time, so that a deck needs no script for its formulas.

latex2mathml translates; here we add what a browser's MathML lacks against TeX: limits below max and min, a thin space
after log, bars and infinities without the space of a relation, a sign without the space of a difference.
"""

from __future__ import annotations

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging

log = logging.getLogger(__name__)

FUNCTIONS = "log|exp|sin|cos|tanh|arg|det|softmax|sgn|Var"
LIMITS = "max|min|sup|inf|argmax|argmin|lim"
BARS = "&#x0007C;|&#x02016;|&#x02225;"
BEFORE_A_SIGN = r"\(|&#x00028;|&#x0003D;|&#x0002C;|&#x02264;|&#x02265;"  # what makes a minus behind it a sign


def to_mathml(tex: str, display: bool) -> str:
    """A ``<math>`` element for a formula.

    Args:
        tex: formula without dollars.
        display: set as a block (limits below and above, large operators).

    Raises:
        ValueError: the formula cannot be read; the message shows it.
    """
    if tex.count("{") - tex.count(r"\{") != tex.count("}") - tex.count(r"\}"):
        raise ValueError(f"The formula {tex.strip()!r} cannot be read: its braces do not match.")
    try:
        text = convert(tex.strip(), display="block" if display else "inline")
    except Exception as error:
        raise ValueError(f"The formula {tex.strip()!r} cannot be read: {error}") from error
    if "\\" in re.sub(r'alttext="[^"]*"', "", text):
        raise ValueError(f"The formula {tex.strip()!r} has a command that is not known: {text}")
    text = _brackets_below(text)
    if display:
        text = _limits_below(text)
    text = re.sub(rf"(<mi>(?:{FUNCTIONS})</mi>)(?!<mo[^>]*>&#x00028;)", r"\1" + SPACE, text)
    text = re.sub(rf"(<m(?:sub|sup)><mi>(?:{FUNCTIONS})</mi>){SPACE}", r"\1", text)
    text = re.sub(rf"(</m(?:i|n|sub|sup|row)>)(<mi>(?:{FUNCTIONS})</mi>)", r"\1" + SPACE + r"\2", text)
    text = re.sub(rf"<mo>({LIMITS})</mo>", r'<mo form="prefix" lspace="0.1em" rspace="0.167em">\1</mo>', text)
    text = re.sub(
        rf'<mo(?: stretchy="false")?>({BARS})</mo>', r'<mo lspace="0" rspace="0" stretchy="false">\1</mo>', text
    )
    text = re.sub(
        rf"(<mo[^>]*>(?:{BEFORE_A_SIGN})</mo>)<mo>&#x02212;</mo>", r'\1<mo form="prefix">&#x02212;</mo>', text
    )
    text = text.replace("<mo>&#x0002A;</mo>", "<mo>&#x02217;</mo>")
    text = text.replace('<mo stretchy="true" fence="true" minsize', '<mo lspace="0" rspace="0" stretchy="true" minsize')
    text = re.sub(r"<msup>(<mo [^>]*minsize[^>]*>[^<]*</mo>)", r'\1<msup><mspace height="0.9em"/>', text)
    text = re.sub(r"<mo>(&#x0221E;|&#x02026;|&#x02207;)</mo>", r'<mi mathvariant="normal">\1</mi>', text)  # no space
    return re.sub(r"(?:<mi mathvariant=\"normal\">\w</mi>){2,}", _joined, text)


def formula(tex: str, display: bool, node: nodes.Element) -> str:
    """MathML, or a complaint that says where the formula stands: Sphinx fails a build for it, after listing all."""
    try:
        return to_mathml(tex, display)
    except ValueError as error:
        log.warning(str(error), location=node)
        return ""


SPACE = '<mspace width="0.167em"/>'


def _joined(letters: re.Match) -> str:
    """``\\mathrm{Cost}`` as one word instead of four variables."""
    return "<mtext>" + "".join(re.findall(r">(\w)<", letters[0])) + "</mtext>"


def _brackets_below(text: str) -> str:
    """``\\underbrace`` with a line below instead of the brace, which Chromium draws too short below wide terms."""
    brace = r"<mo>&#x23DF;</mo></munder>"
    while brace in text:
        end = text.index(brace)
        depth, start = 1, end
        while depth:
            start = max(text.rfind("<munder>", 0, start), text.rfind("</munder>", 0, start))
            depth += -1 if text.startswith("<munder>", start) else 1
        inside = text[start + len("<munder>") : end]
        text = f'{text[:start]}<mrow class="braced">{inside}</mrow>{text[end + len(brace) :]}'
    return text


def _limits_below(text: str) -> str:
    """``<msub><mo>max</mo>...</msub>`` as ``<munder>``: max with what it runs over below it."""
    start = re.search(rf"<msub><mo>(?:{LIMITS})</mo>", text)
    while start:
        depth, position = 0, start.start()
        for tag in re.finditer(r"<(/?)msub>", text[position:]):
            depth += -1 if tag[1] else 1
            if depth == 0:
                end = position + tag.end()
                break
        inside = text[position + len("<msub>") : end - len("</msub>")]
        text = text[:position] + "<munder>" + inside + "</munder>" + text[end:]
        start = re.search(rf"<msub><mo>(?:{LIMITS})</mo>", text)
    return text
