"""Sphinx configuration of the site; build.py lays out its sources and calls it."""

from __future__ import annotations

import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "lectures" / "tools"))

from mathml import formula  # noqa: E402

project = "From Lego to Go"
author = "the course's authors"
copyright = "text and figures CC BY 4.0, code MIT"
language = "en"
extensions = ["myst_nb"]
exclude_patterns = ["extra"]
suppress_warnings = ["myst.header", "mystnb.unknown_mime_type", "ref.python"]

# Markdown as lessons write it; lessons are never executed here, their stored outputs are shown.
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_render_markdown_format = "myst"
nb_ipywidgets_js = {}
nb_number_source_lines = False

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "From Lego to Go"
html_static_path = [str(HERE / "theme")]
templates_path = [str(HERE / "templates")]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_domain_indices = False
html_show_search_summary = False  # it would fetch pages, which a page opened from disk may not
ALONE = ("index", "begin", "play", "decks", "results", "students", "notation", "instructors", "changes", "departures")
html_sidebars = {"**": ["sidebar-nav-bs"]} | {name: [] for name in (*ALONE, "search", "lessons/index")}
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"text": "From Lego to Go"},
    "search_bar_text": "Search the course",
    "header_links_before_dropdown": 5,
    "navigation_depth": 2,
    "show_toc_level": 1,
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "primary_sidebar_end": [],
    "footer_start": ["copyright"],
    "footer_end": [],
    "back_to_top_button": False,
}


def _inline(translator, node: nodes.math) -> None:
    translator.body.append(formula(node.astext(), False, node))
    raise nodes.SkipNode


def _block(translator, node: nodes.math_block) -> None:
    text = formula(node.astext(), True, node)
    translator.body.append(translator.starttag(node, "div", CLASS="formula", tabindex="0") + text + "</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
