"""CDF105: every user field that is declared is used."""

from collections.abc import Iterator

from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.rule import Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find fields that neither their feed, nor a feed it reaches, nor a template value reads."""
    for feed in subject.feeds.values():
        sites = [site for reached in subject.reached(feed) for site in subject.part(reached)]
        sites += [site for found in subject.template_values.values() for site in found]
        reads = [read for site in sites for read in site.code.reads if read.root == "user_fields"]
        if any(not read.path for read in reads):
            continue  # read as a whole
        used = {read.path[0] for read in reads}
        for field in feed.fields:
            if field.name not in used:
                yield subject.document.finding(
                    field.name_node,
                    f"the user field {field.name!r} is declared and used nowhere",
                    "read it as user_fields." + field.name + ", or remove it",
                )


RULE = Rule(
    code="CDF105",
    name="user-field-used",
    what="A user field that is declared is read by its feed, by a feed that it calls, or by a "
    "template value.",
    why="An administrator sets a switch that does nothing, and looks for the fault elsewhere.",
    bad="""
    user_fields:
      - {name: page_size, label: Page Size, default: "100"}
    """,
    good="""
    user_fields:
      - {name: page_size, label: Page Size, default: "100"}
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since, limit: !expr user_fields.page_size | int}
    """,
    check=check,
)
