"""How the documentation is built: pages written by hand, and parts made from the package (`pages.py`)."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import pages  # noqa: E402

import rankkit  # noqa: E402

pages.write(HERE / "_generated")

project = "rankkit"
author = "The rankkit authors"
copyright = "The rankkit authors, Apache-2.0"
version = release = rankkit.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinxcontrib.bibtex",
]
exclude_patterns = ["_build", "_generated/parts"]
html_theme = "furo"
html_title = f"rankkit {release}"
pygments_style = "friendly"

myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "fieldlist"]
myst_dmath_double_inline = True
myst_heading_anchors = 3

bibtex_bibfiles = ["references.bib"]
bibtex_reference_style = "author_year"

autodoc_member_order = "bysource"
autodoc_mock_imports = ["torch"]  # its pages are built without it
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
autodoc_type_aliases = {name: name for name in ("Array", "FloatArray", "IntArray")}
napoleon_google_docstring = False
napoleon_use_param = False  # types are prose such as "array (classes, d)", not names to look up
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]

# Types belong to numpy and the standard library as often as to rankkit; every other reference must resolve.
nitpick_ignore_regex = [("py:(class|obj|data|exc)", ".*")]

# `[key2019]_` names an entry of references.bib, in docstrings and on pages alike.
CITATION = re.compile(r"\[([a-z]+\d{4}[a-z]?)\]_")


def cite_in_docstring(
    app: Sphinx, kind: str, name: str, thing: object, how: object, lines: list[str]
) -> None:
    lines[:] = [CITATION.sub(r":cite:p:`\1`", line) for line in lines]


# Napoleon reads "rows: how many" in a property as a type and a text; this
# stands in for the colon until it has passed.
STAND_IN = "\N{MODIFIER LETTER COLON}"


def hide_colons(app: Sphinx, kind: str, name: str, thing: object, how: object, lines: list[str]) -> None:
    if kind == "property":
        lines[:] = [line.replace(":", STAND_IN) for line in lines]


def show_colons(app: Sphinx, kind: str, name: str, thing: object, how: object, lines: list[str]) -> None:
    lines[:] = [line.replace(STAND_IN, ":") for line in lines]


def cite_on_page(app: Sphinx, name: str, source: list[str]) -> None:
    source[0] = CITATION.sub(r"{cite:p}`\1`", source[0])


def short_aliases(
    app: Sphinx, kind: str, name: str, thing: object, how: object, arguments: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Write `FloatArray | None` for what Sphinx makes of an alias inside a union."""
    alias = re.compile(r"TypeAliasForwardRef\('(\w+)'\)")
    return arguments and alias.sub(r"\1", arguments), returns and alias.sub(r"\1", returns)


def public_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, text: nodes.Element
) -> nodes.Element | None:
    """Let `rankkit.spectrum` lead to where it is described, the page of its room."""
    name = node["reftarget"].removeprefix("rankkit.")
    if node.get("refdomain") != "py" or name not in rankkit._HOME:
        return None
    home = f"rankkit.{rankkit._HOME[name]}.{name}"
    return env.get_domain("py").resolve_xref(
        env, node["refdoc"], app.builder, node["reftype"], home, node, text
    )


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-docstring", cite_in_docstring)
    app.connect("autodoc-process-docstring", hide_colons, priority=400)
    app.connect("autodoc-process-docstring", show_colons, priority=600)
    app.connect("autodoc-process-signature", short_aliases)
    app.connect("source-read", cite_on_page)
    app.connect("missing-reference", public_name)
