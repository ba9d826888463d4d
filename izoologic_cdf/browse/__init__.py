"""A library in the browser, and as one HTML file: looks only, and reaches no other machine.

`records` reads what a page shows, `figures` draws, `pages` writes the HTML, and the file without
Datasette. `site` joins the pages with the lists of Datasette behind the `wall`.
"""
