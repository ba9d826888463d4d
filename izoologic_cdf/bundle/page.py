"""The guide as one HTML page that loads nothing from elsewhere."""

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto }}
table {{ border-collapse: collapse; display: block; overflow-x: auto }}
th, td {{ border: 1px solid #8888; padding: .25rem .5rem; text-align: left; vertical-align: top }}
code, pre {{ font: .875em/1.4 ui-monospace, monospace }}
pre {{ overflow-x: auto; padding: .75rem; border: 1px solid #8884 }}
</style>
{body}
</html>
"""


def page(markdown_text: str) -> str:
    """Return a Markdown document as HTML; its first line is the title, as `# Title`."""
    import markdown  # noqa: PLC0415 - only the build needs it, and it is slow to load

    title = markdown_text.partition("\n")[0].removeprefix("# ")
    body = markdown.markdown(
        markdown_text, extensions=["tables", "fenced_code", "toc"], output_format="html"
    )
    return _PAGE.format(title=title, body=body)
