"""How the pages look: a quiet theme that loads no font from anywhere, and the files of rag/assets."""

from importlib.resources import files

import gradio as gr

_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Helvetica Neue", "Arial", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")
# A mark of our own, so that no tab shows Gradio's.
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' "
    "rx='4' fill='%230b5a6f'/%3E%3Cpath d='M2 8.5h3l1.5-4 3 8 1.5-4h3' fill='none' stroke='%23fff' stroke-width='1.5'/"
    "%3E%3C/svg%3E"
)
_STYLES = ("page.css", "turn.css", "library.css")


def asset(name: str) -> str:
    """Return a file of rag/assets."""
    return files("rag").joinpath("assets", name).read_text(encoding="utf-8")


def head() -> str:
    """Return what the pages' heads hold: their icon and their style sheet.

    Given as `css`, Gradio would put a prefix in front of every selector, and cut `:is(a, b)` at its comma.
    """
    sheet = "\n".join(map(asset, _STYLES))
    return f'<meta name="color-scheme" content="light dark"><link rel="icon" href="{_ICON}"><style>{sheet}</style>'


def theme() -> gr.themes.Base:
    """Return the theme under the pages' own style sheet."""
    base = gr.themes.Base(primary_hue="cyan", neutral_hue="slate", font=_FONTS, font_mono=_MONO)
    return base.set(
        body_background_fill="#fbfaf8",
        body_background_fill_dark="#14181f",
        body_text_color="#1d2430",
        body_text_color_dark="#e7e9ee",
        button_primary_background_fill="#0b5a6f",
    )
