"""What the decks add to Markdown: a Sphinx extension on top of sphinx-revealjs. lectures/README.md is its manual.

Each ``##`` section becomes one slide: ``<section><h2/><div class="body">...</div><footer/></section>``. Slides marked
``part`` begin chapters; on each of them stands the map of all.
"""

from __future__ import annotations

import html
import json
import os
import re
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from mathml import formula
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx_revealjs.writers import RevealjsSlideTranslator

from utils import results

log = logging.getLogger(__name__)  # a warning fails the build, but only after all have been listed


class slide_options(nodes.General, nodes.Element):
    """Classes of the slide it stands on."""


class speaker_notes(nodes.General, nodes.Element):
    """What only the speaker sees."""


class derivation_row(nodes.General, nodes.Element):
    """One line of a derivation: left side, right side, reason."""


class plot(nodes.General, nodes.Inline, nodes.Element):
    """A figure that a cell has kept under a name."""


class kept_value(nodes.General, nodes.Inline, nodes.Element):
    """A text that a cell has kept under a name."""


# ---------------------------------------------------------------------------------------------------------------------
# Directives and roles


class Block(SphinxDirective):
    """``:::{key}`` and its like: what is inside, in a ``<div class="key">``; words after the name are more classes."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        box = nodes.container(classes=[self.name, *(self.arguments or [""])[0].split()])
        if self.name == "build":
            box["classes"][0] = "fragment"
        box["classes"].append("box")
        self.state.nested_parse(self.content, self.content_offset, box)
        return [box]


class Builds(SphinxDirective):
    """``:::{builds}``: every item of the lists inside, or every block, appears with a key press of its own."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        box = nodes.container(classes=["builds", "box"])
        self.state.nested_parse(self.content, self.content_offset, box)
        for child in box.children:
            items = child.children if isinstance(child, nodes.bullet_list | nodes.enumerated_list) else [child]
            for item in items:
                item["classes"].append("fragment")
        return [box]


class Columns(SphinxDirective):
    """``::::{columns} 3 2``: side by side what lines of ``|||`` separate; the numbers are widths."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        starts = [-1, *(i for i, line in enumerate(self.content) if line.strip() == "|||"), len(self.content)]
        words = (self.arguments or [""])[0].split()
        widths = [word for word in words if re.fullmatch(r"\d+(\.\d+)?", word)] or ["1"] * (len(starts) - 1)
        if len(widths) != len(starts) - 1:
            raise self.error(f"columns has {len(starts) - 1} columns but {len(widths)} widths.")
        box = nodes.container(classes=["columns", *(word for word in words if word not in widths)])
        box["style"] = "grid-template-columns: " + " ".join(f"minmax(0, {w}fr)" for w in widths)
        for start, stop in pairwise(starts):
            column = nodes.container(classes=["column"])
            self.state.nested_parse(self.content[start + 1 : stop], self.content_offset + start + 1, column)
            box += column
        return [box]


class Derivation(SphinxDirective):
    """Lines ``left & right & reason`` that appear one by one, aligned; no need for dollars in the first two."""

    has_content = True
    option_spec: ClassVar = {"start": directives.nonnegative_int}

    def run(self) -> list[nodes.Node]:
        box = nodes.container(classes=["derivation"])
        visible = self.options.get("start", 1)
        lines = [line for line in self.content if line.strip()]
        for index, line in enumerate(lines):
            parts = [part.strip() for part in re.split(r"(?<!\\)&", line)]
            if len(parts) > 3:
                raise self.error(f"A line of a derivation has at most three parts: {line!r}")
            left, right, reason = parts + [""] * (3 - len(parts))
            row = derivation_row(left=left, right=right, build=index >= visible)
            self.set_source_info(row)
            row += self.parse_inline(reason)[0] if reason else []
            box += row
        return [box]


class Slide(SphinxDirective):
    """``:::{slide} part``: classes for the slide it stands on."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        return [slide_options(classes=self.arguments[0].split())]


class Notes(SphinxDirective):
    """``:::{notes} 2`` (minutes): for the speaker; a line that starts with ``Ask:`` is the question to the room."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        try:
            minutes = float(self.arguments[0])
        except ValueError:
            raise self.error(f"notes wants minutes, not {self.arguments[0]!r}.") from None
        node = speaker_notes(minutes=minutes)
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


class PlotRole(SphinxRole):
    """``{plot}`name```: the figure (or the stepped figures) that a cell kept under that name."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        return [plot(name=self.text.strip(), where=self.get_location())], []


class ResultRole(SphinxRole):
    """``{result}`id``` is the value with its spread; ``{result}`id as {value:.0%} of {n}``` formats any field."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        identifier, _, form = self.text.partition(" as ")
        try:
            entry = results.get(identifier.strip())
        except KeyError as error:
            log.warning(error.args[0], location=self.get_location())
            return [], []
        text = form.format(**entry) if form else results.format_value(entry)
        text = re.sub(r"(?<![\w.])-(?=\d)", "−", text)
        return [nodes.inline(text, text, classes=["result"])], []


class ValueRole(SphinxRole):
    """``{value}`name```: the text that a cell kept with ``slides.value``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        return [kept_value(name=self.text.strip(), where=self.get_location())], []


# ---------------------------------------------------------------------------------------------------------------------
# HTML


class DeckTranslator(RevealjsSlideTranslator):
    """Flat slides, each with title, body, footer with its number, and notes with a running clock."""

    def visit_document(self, node: nodes.document) -> None:
        super().visit_document(node)
        metadata = self.builder.env.metadata[self.builder.current_docname]
        self.footer = str(metadata.get("footer", ""))
        self.number, self.clock, self.open = 0, 0.0, False
        parents = (s.parent for s in node.findall(nodes.section))
        self.count = sum(not isinstance(p.parent, nodes.section) for p in parents)
        self.chapters = [s for s in node.findall(nodes.section) if "part" in _slide_classes(s)]
        self.chapter = -1  # the one that is open: its place in self.chapters

    def visit_section(self, node: nodes.section) -> None:
        self.section_level += 1
        if self.section_level > 2:
            self.body.append("<div class='sub'>")
            return
        self._close_slide()
        self.open, self.number = True, self.number + 1
        classes = (["opening"] if self.section_level == 1 else []) + _slide_classes(node)
        if node in self.chapters:
            self.chapter = self.chapters.index(node)
        if any("source" in box["classes"] for box in node.findall(nodes.container) if _slide_of(box) is node):
            classes.append("sourced")
        identifier = html.escape(node["ids"][0])
        self.is_part = "part" in classes
        self.body.append(f'<section id="{identifier}" class="{" ".join(classes)}" data-number="{self.number}">\n')

    def depart_section(self, node: nodes.section) -> None:
        if self.section_level > 2:
            self.body.append("</div>\n")
        else:
            self._close_slide()
        self.section_level -= 1

    def _close_slide(self) -> None:
        if self.open:
            foot = f"<span>{html.escape(self.footer)}</span><span>{self.number} / {self.count}</span>"
            self.body.append("</div>\n")
            if self.is_part:
                self.body.append(chapter_map([s[0].astext() for s in self.chapters], self.chapter))
            self.body.append(f'<footer class="foot">{foot}</footer>\n</section>\n')
            self.open = False

    def visit_title(self, node: nodes.title) -> None:
        """Slides of a chapter rank below its first, for outlines and screen readers."""
        below = self.section_level == 2 and self.chapter >= 0 and not self.is_part
        self.body.append(f"<h{min(self.section_level, 4)}" + (' aria-level="3">' if below else ">"))

    def depart_title(self, node: nodes.title) -> None:
        self.body.append(f"</h{min(self.section_level, 4)}>\n")
        if self.section_level <= 2:
            self.body.append('<div class="body">\n')

    def visit_paragraph(self, node: nodes.paragraph) -> None:
        """A paragraph of nothing but figures is no paragraph."""
        if not all(isinstance(child, plot) for child in node.children):
            super().visit_paragraph(node)

    def depart_paragraph(self, node: nodes.paragraph) -> None:
        if not all(isinstance(child, plot) for child in node.children):
            super().depart_paragraph(node)

    def visit_container(self, node: nodes.container) -> None:
        style = {"style": node["style"]} if node.get("style") else {}
        node["begin"] = len(self.body)
        self.body.append(self.starttag(node, "div", **style))

    def depart_container(self, node: nodes.container) -> None:
        """A cell that only keeps figures leaves no gap."""
        if "cell" in node["classes"] and not "".join(self.body[node["begin"] + 1 :]).strip():
            del self.body[node["begin"] :]
        else:
            self.body.append("</div>\n")

    def visit_literal_block(self, node: nodes.Element) -> None:
        """Coloured by Pygments at build time: no script, and the same in the PDF."""
        super(RevealjsSlideTranslator, self).visit_literal_block(node)

    def visit_speaker_notes(self, node: speaker_notes) -> None:
        start = f"{int(self.clock)}:{round(self.clock % 1 * 60):02d}"
        self.clock += node["minutes"]
        attributes = f'class="notes" data-minutes="{node["minutes"]:g}"'
        self.body.append(f"<aside {attributes}><p><strong>{node['minutes']:g} min</strong>, from {start}</p>\n")
        self.notes_begin = len(self.body)

    def depart_speaker_notes(self, node: speaker_notes) -> None:
        self.body[self.notes_begin :] = [_for_speaker("".join(self.body[self.notes_begin :])), "</aside>\n"]

    def visit_derivation_row(self, node: derivation_row) -> None:
        hidden = " fragment" if node["build"] else ""
        left, right = (f"<div>{formula(p, True, node) if p else ''}</div>" for p in (node["left"], node["right"]))
        self.body.append(f'<div class="row{hidden}">{left}{right}<div class="reason">')

    def depart_derivation_row(self, node: derivation_row) -> None:
        self.body.append("</div></div>\n")

    def visit_plot(self, node: plot) -> None:
        self.body.append(_kept("plots", node))
        raise nodes.SkipNode

    def visit_kept_value(self, node: kept_value) -> None:
        self.body.append(f'<span class="result">{html.escape(_kept("values", node))}</span>')
        raise nodes.SkipNode


def _slide_of(node: nodes.Node) -> nodes.section:
    while not isinstance(node, nodes.section):
        node = node.parent
    return node


def _slide_classes(section: nodes.section) -> list[str]:
    return [name for child in section.children if isinstance(child, slide_options) for name in child["classes"]]


def chapter_map(titles: list[str], present: int) -> str:
    """A tower of bricks, the first chapter at its foot: those behind filled, the present one studded, the rest drawn.

    Args:
        titles: of all chapters.
        present: the place in ``titles`` of the chapter that begins here.
    """
    bricks = []
    for place, title in enumerate(titles):
        when = "now" if place == present else "done" if place < present else "later"
        said = {"now": "now: ", "done": "done: ", "later": "to come: "}[when]
        current = ' aria-current="step"' if when == "now" else ""
        words = f'<span class="said">{said}</span><b>{place + 1}</b><span>{html.escape(title)}</span>'
        bricks.append(f'<li class="{when}"{current}>{words}</li>')
    label = f"Map of the lecture: chapter {present + 1} of {len(titles)}"
    high = min(76, 440 // max(1, len(titles)) - 8)  # pixels, so that eight still fit
    return f'<ol class="map" aria-label="{label}" style="--high: {high}px">{"".join(bricks)}</ol>\n'


# The speaker view is a page of its own, which the theme does not reach.
PRESS = '<b class="press" style="color:#d55e00;font-size:1.35em;line-height:1" title="press the key">▸</b>'
SET_OFF = {
    "Ask": "margin-left:0;padding:.3em .6em;border-left:5px solid #e69f00;background:#fdf3dc",
    "Answer": "margin-left:1.2em;padding:.3em .6em;border-left:5px solid #009e73;background:#eaf6f1",
}


def _for_speaker(notes: str) -> str:
    """Notes with the key marks in colour, questions and answers set off."""
    for word, style in SET_OFF.items():
        notes = re.sub(rf"<p>{word}:", f'<p class="{word.lower()}" style="{style}"><strong>{word}:</strong>', notes)
    return f'<div style="font-size:.8em">{notes.replace("▸", PRESS)}</div>'  # two minutes of speech fit on a screen


def _kept(kind: str, node: nodes.Element) -> str:
    """What a cell of this deck has kept under the node's name."""
    path = Path(os.environ["COURSE_SLIDES_FIGURES"]) / "kept.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if node["name"] not in kept.get(kind, {}):
        names = ", ".join(sorted(kept.get(kind, {}))) or "nothing"
        log.warning(f"no cell has kept {node['name']!r}; there is {names}.", location=node["where"])
    return kept.get(kind, {}).get(node["name"], "")


def _math_inline(translator: DeckTranslator, node: nodes.math) -> None:
    translator.body.append(formula(node.astext(), False, node))
    raise nodes.SkipNode


def _math_block(translator: DeckTranslator, node: nodes.math_block) -> None:
    text = formula(node.astext(), True, node)
    translator.body.append(translator.starttag(node, "div", CLASS="formula") + text + "</div>\n")
    raise nodes.SkipNode


def _name_page(app: Sphinx, page: str, template: str, context: dict, document: nodes.document | None) -> None:
    """Give the page its title, and its first paragraph as description."""
    if document is None or not (first := next(iter(document.findall(nodes.section)), None)):
        return
    context["title"] = f"{first[0].astext()} · {app.config.project}, lecture {int(page[:2])}"
    paragraphs = (p.astext() for p in first.findall(nodes.paragraph) if isinstance(p.parent, nodes.section))
    context["description"] = " ".join(next(paragraphs, context["title"]).split())


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("html-page-context", _name_page)
    app.set_translator("revealjs", DeckTranslator, override=True)
    app.add_html_math_renderer("mathml", (_math_inline, None), (_math_block, None))
    for name in ("build", "key", "question", "source", "big", "small", "next", "card", "center"):
        app.add_directive(name, Block, override=True)
    more = {"builds": Builds, "columns": Columns, "derivation": Derivation, "slide": Slide, "notes": Notes}
    for name, directive in more.items():
        app.add_directive(name, directive, override=True)
    app.add_role("result", ResultRole())
    app.add_role("value", ValueRole())
    app.add_role("plot", PlotRole())
    ignored = (lambda translator, node: None, lambda translator, node: None)
    ours = (DeckTranslator.visit_container, DeckTranslator.depart_container)
    app.add_node(nodes.container, override=True, revealjs=ours)  # else MyST's, which is registered for all HTML
    app.add_node(slide_options, revealjs=ignored)
    for kind in (speaker_notes, derivation_row, plot, kept_value):
        name = kind.__name__
        depart = getattr(DeckTranslator, f"depart_{name}", ignored[1])
        app.add_node(kind, revealjs=(getattr(DeckTranslator, f"visit_{name}"), depart))
    return {"parallel_read_safe": False}
