"""Jinja2 2.11, which a platform may still have, runs on today's MarkupSafe but for one old name."""

import markupsafe

vars(markupsafe).setdefault("soft_unicode", markupsafe.soft_str)
