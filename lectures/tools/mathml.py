"""TeX to MathML at build time, so that a deck needs no script for its formulas.

latex2mathml translates; here we add what a browser's MathML lacks against TeX: limits below max and min, a thin space
after log, bars and infinities without the space of a relation.
"""

from __future__ import annotations

import re

from latex2mathml.converter import convert

FUNCTIONS = "log|exp|sin|cos|tanh|max|min|sup|inf|argmax|arg|det|softmax|sgn|Var"
LIMITS = "max|min|sup|inf|argmax|argmin|lim"
BARS = "&#x0007C;|&#x02016;|&#x02225;"


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
    if display:  # not above a brace: Chromium then draws the brace too short
        pieces = re.split(r"(<munder><munder>.*?&#x23DF;</mo></munder>)", text)
        text = "".join(piece if index % 2 else _limits_below(piece) for index, piece in enumerate(pieces))
    text = re.sub(rf"(?<!<msub>)(?<!<msup>)(<m[io]>(?:{FUNCTIONS})</m[io]>)(?!<mo[^>]*>&#x00028;)", r"\1" + SPACE, text)
    text = re.sub(rf"(</m(?:i|n|sub|sup|row)>)(<mi>(?:{FUNCTIONS})</mi>)", r"\1" + SPACE + r"\2", text)
    text = re.sub(rf"(<m(?:sub|under)><mo>(?:{LIMITS})</mo>)" + SPACE, r"\1", text)
    text = re.sub(
        rf'<mo(?: stretchy="false")?>({BARS})</mo>', r'<mo lspace="0" rspace="0" stretchy="false">\1</mo>', text
    )
    text = text.replace("<mo>&#x0002A;</mo>", "<mo>&#x02217;</mo>")
    text = text.replace('<mo stretchy="true" fence="true" minsize', '<mo lspace="0" rspace="0" stretchy="true" minsize')
    text = re.sub(r"<mo>(&#x0221E;|&#x02026;|&#x02207;|&#x02113;)</mo>", r"<mi>\1</mi>", text)  # no space around these
    return re.sub(r"(?:<mi mathvariant=\"normal\">\w</mi>){2,}", _joined, text)


SPACE = '<mspace width="0.167em"/>'


def _joined(letters: re.Match) -> str:
    """``\\mathrm{Cost}`` as one word instead of four variables."""
    return "<mtext>" + "".join(re.findall(r">(\w)<", letters[0])) + "</mtext>"


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
