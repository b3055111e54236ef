"""A figure as SVG text that follows the page it stands on, light or dark."""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING

from rankkit.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Role -> (colour in the light theme, as drawn; colour in the dark theme).
_THEME = {
    "fig-ink": (style.INK, "#e6e9ef"),
    "fig-muted": (style.MUTED, "#9aa4b5"),
    "fig-grid": (style.GRID, "#333b47"),
    "fig-band": (style.BAND, "#262d38"),
    **{
        f"fig-{i}": pair
        for i, pair in enumerate(
            zip(
                style.SERIES,
                ("#4aa8f0", "#ff8a4c", "#2fc795", "#efb6da", "#ffd24d", "#a6dcff", "#8f7df0", "#d4577f"),
                strict=True,
            )
        )
    },
}


def theme(dark: bool = False) -> str:
    """Return the CSS custom properties of the figures' colours, for one theme."""
    return " ".join(f"--{name}: {pair[dark]};" for name, pair in _THEME.items())


def to_svg(figure: Figure, name: str, title: str, description: str, standalone: bool = False) -> str:
    """Return ``figure`` as an SVG element whose colours are CSS custom properties.

    Parameters
    ----------
    figure : matplotlib Figure
        Drawn with the colours of :mod:`rankkit.figures.style`.
    name : str
        Prefix that keeps ids apart when several figures share a page.
    title, description : str
        What a screen reader says.
    standalone : bool
        For a file: carries the theme itself, both light and dark. Otherwise the page's CSS has to.

    Returns
    -------
    str
        Without XML header, metadata, fixed size or a reference to anything outside.
    """
    import matplotlib

    out = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", transparent=True, metadata=nothing, dpi=170)
    body = _themed(_prefixed(_lean(out.getvalue()), name))
    view = re.search(r'viewBox="[^"]*"', body)
    if view is None:
        raise RuntimeError("matplotlib wrote an SVG without a viewBox")
    namespace = ' xmlns="http://www.w3.org/2000/svg"' if standalone else ""
    css = "svg * { stroke-linejoin: round; }"
    if standalone:
        css += f" svg {{ background: #fff; {theme()} }}"
        css += f" @media (prefers-color-scheme: dark) {{ svg {{ background: #171c24; {theme(dark=True)} }} }}"
    return (
        f'<svg{namespace} {view[0]} class="figure" role="img" '
        f'aria-labelledby="{name}-title {name}-description">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-description">{escape(description)}</desc>'
        f"<style>{css}</style>{body[body.index('>') + 1 :].strip()}\n"
    )


def _lean(svg: str) -> str:
    """Drop all that is not drawn, and needless digits; let the reader's system choose the font."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style .*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;\"]*", "font-family: system-ui, sans-serif", svg)
    svg = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(-?\d+\.\d{2})\d+", r"\1", tag[0]), svg)
    return re.sub(r"\s*\n\s*", "\n", svg)


def _prefixed(svg: str, name: str) -> str:
    """Make every id, and every reference to one, start with ``name``."""
    svg = re.sub(r'\bid="', f'id="{name}-', svg).replace("url(#", f"url(#{name}-")
    return re.sub(r'(?:xlink:)?href="#', f'href="#{name}-', svg).replace("xlink:href=", "href=")


def _themed(svg: str) -> str:
    for role, (light, _) in _THEME.items():
        svg = re.sub(light, f"var(--{role})", svg, flags=re.IGNORECASE)
    return svg
