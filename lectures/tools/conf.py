"""Sphinx configuration of one deck; decks.py sets COURSE_DECK and the folders."""

from __future__ import annotations

import os
import sys
from pathlib import Path

TOOLS = Path(__file__).parent
sys.path.insert(0, str(TOOLS))

root_doc = os.environ["COURSE_DECK"]
include_patterns = [f"{root_doc}.md"]
project = "From Lego to Go"
language = "en"
extensions = ["myst_nb", "sphinx_revealjs", "extension"]

# Markdown: formulas between dollars, ::: blocks, [words]{.class}.
myst_enable_extensions = ["dollarmath", "colon_fence", "attrs_inline", "deflist"]
myst_links_external_new_tab = True

# Cells run once a build, in one kernel a deck; what they print or draw stays, their code does not.
nb_execution_mode = "force"
nb_execution_timeout = 240
nb_execution_show_tb = True  # a warning, and with -W a failure that lists every fault
nb_remove_code_source = True
nb_output_stderr = "error"
nb_ipywidgets_js = {}
nb_mime_priority_overrides = [
    ("revealjs", "text/html", 0),
    ("revealjs", "image/svg+xml", 1),
    ("revealjs", "image/png", 2),
]

templates_path = [str(TOOLS)]  # page.html
html_math_renderer = "mathml"
html_copy_source = False
pygments_style = "xcode"

revealjs_static_path = [str(TOOLS / "theme")]
revealjs_style_theme = "course.css"
revealjs_css_files = ["pygments.css"]
revealjs_script_files = ["course.js"]
revealjs_script_plugins = [{"src": "revealjs/plugin/notes/notes.js", "name": "RevealNotes"}]
revealjs_script_conf = {
    "width": 1280,
    "height": 720,
    "margin": 0,
    "minScale": 0.2,
    "maxScale": 3.0,
    "center": False,
    "display": "flex",
    "hash": True,
    "viewDistance": 3,
    "controls": False,
    "progress": True,
    "navigationMode": "linear",
    "transition": "none",
    "backgroundTransition": "none",
    "pdfSeparateFragments": False,
    "pdfMaxPagesPerSlide": 1,
    "scrollActivationWidth": None,
}
