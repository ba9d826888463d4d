"""The one table of what an uploaded definition uses and no public source attests.

A correction from somebody with the platform's documentation is one edit here (and, for a
spelling, in `schema`). The build prints the rows that the uploaded file uses, worst first; the
documentation shows them all.
"""

from dataclasses import dataclass

from izoologic_cdf.language.schema import Worth


@dataclass(frozen=True, slots=True)
class Convention:
    """One guess: how it is spelt, what it means, why, and what to do when it is wrong.

    `rank` orders by damage, 1 is the worst. `uploaded` is false for what only our runtime knows
    and the build removes.
    """

    id: str
    name: str
    worth: Worth
    rank: int
    uploaded: bool
    spelling: str
    meaning: str
    why: str
    breaks: str
    alternative: str
    check: str


CONVENTIONS: tuple[Convention, ...] = (
    Convention(
        id="H1",
        name="login",
        worth="H",
        rank=1,
        uploaded=True,
        spelling="auth: {request, filters, header, value} in source.http",
        meaning="Asks for a token before the first request, sends it in a header, keeps it for "
        "the run, and renews it once per call on 401.",
        why="The API needs a two-step token; how a CDF asks for one is not public.",
        breaks="The upload is refused, or every request is answered with 401.",
        alternative="The platform's own token construct; or a supplemental feed that logs in and "
        "hands the token on as a parameter.",
        check="Compare with the platform's reference on authentication; run the feed over one "
        "hour and look for 401 in the activity log.",
    ),
    Convention(
        id="H2",
        name="supplemental call",
        worth="H",
        rank=2,
        uploaded=True,
        spelling="supplemental: {feed, params, into} as a filter; run_params in the called feed",
        meaning="Calls a supplemental feed with parameters and puts what it emits under a key: "
        "a list where the called feed iterates, else one value, or null.",
        why="The guide's mapping shows data.feed_results and supplemental feeds, not the filter.",
        breaks="The upload is refused, or cases come without details and messages.",
        alternative="The platform's filter of that purpose under its own name.",
        check="Compare with the platform's reference on supplemental feeds; after the first run "
        "a case has more attributes than Case ID.",
    ),
    Convention(
        id="H3",
        name="fulfillment",
        worth="H",
        rank=3,
        uploaded=True,
        spelling="fulfillment: <feed> in an attachment set; key and run_params in its items; "
        "content in the report of the fulfillment feed",
        meaning="The items are placeholders; the fulfillment feed fetches the bytes of each.",
        why="The guide says that a fulfillment feed fills placeholder attachments, not how.",
        breaks="The upload is refused, or cases come without their files.",
        alternative="The platform's placeholder construct; until then, remove the attachment set.",
        check="After the first run a case with files has attachments that can be opened.",
    ),
    Convention(
        id="H4",
        name="feed type",
        worth="H",
        rank=4,
        uploaded=True,
        spelling="feed_type: primary | supplemental | fulfillment",
        meaning="Only primary feeds are offered for installation.",
        why="The three kinds are described; the key is not public.",
        breaks="The upload is refused, or the page offers seven feeds instead of two.",
        alternative="The platform's own key.",
        check="The upload dialog offers exactly the two primary feeds.",
    ),
    Convention(
        id="D1",
        name="statements in templates",
        worth="D",
        rank=5,
        uploaded=True,
        spelling="{% set %}, {% for %}, {% if %}, {% macro %} in !tmpl",
        meaning="Templates may hold statements, not only {{ }}.",
        why="Templates are Jinja2; public definitions show only {{ }}.",
        breaks="The upload is refused, or the first run fails in a template.",
        alternative="None for loops; single dates can be written as long expressions.",
        check="The first run over a range with one case ends without a template error.",
    ),
    Convention(
        id="D2",
        name="failing on purpose",
        worth="D",
        rank=6,
        uploaded=True,
        spelling="new: !expr value if OK else [].index('sentence')",
        meaning="Ends the run with the sentence, so that the window is requested again.",
        why="The expression raises in every Jinja2; what the platform shows of it is not public.",
        breaks="An error of the API ends the run with a poorer message, or passes unnoticed.",
        alternative="The platform's own way to fail.",
        check="Enter a wrong API secret once: the activity log shows a failed run.",
    ),
    Convention(
        id="D3",
        name="timestamp format",
        worth="D",
        rank=7,
        uploaded=True,
        spelling="timestamp_format: strptime text",
        meaning="How run_meta.since and run_meta.until are rendered.",
        why="The key is attested, its effect only described.",
        breaks="Nothing: the expressions read a date, ISO text and epoch seconds alike.",
        alternative="Remove the key.",
        check="The first request of a manual run asks for the chosen begin.",
    ),
    Convention(
        id="H5",
        name="Python filters",
        worth="H",
        rank=8,
        uploaded=False,
        spelling="python: module.function as a filter",
        meaning="A function of filters/; the build puts its native form in its place.",
        why="No public source shows Python in a CDF.",
        breaks="Nothing on the platform.",
        alternative="Not needed.",
        check="Not needed.",
    ),
    Convention(
        id="H6",
        name="windows",
        worth="H",
        rank=9,
        uploaded=False,
        spelling="window: {days, not_before, look_back} in source.http",
        meaning="Our runtime asks once per window of the run's range; the build turns the key of "
        "a primary feed into a refusal of longer ranges.",
        why="Attested constructs can't vary a request's body from page to page.",
        breaks="Nothing on the platform.",
        alternative="Not needed.",
        check="Not needed.",
    ),
    Convention(
        id="H7",
        name="cases and warnings",
        worth="H",
        rank=10,
        uploaded=False,
        spelling="track: {id, updated} and warn: [filters] as filters",
        meaning="Names a case for reports and failure isolation; says something about it.",
        why="The platform's activity log shows errors only.",
        breaks="Nothing on the platform; there, one bad case fails the run.",
        alternative="Not needed.",
        check="Not needed.",
    ),
    Convention(
        id="H8",
        name="second address",
        worth="H",
        rank=11,
        uploaded=False,
        spelling="fallback_url in source.http",
        meaning="Asked once after a 404 that is no answer of the API, and remembered for the run.",
        why="The guide writes two of the six paths without /api (I-03).",
        breaks="Nothing on the platform: there the path of the table is asked.",
        alternative="Change the path in template_values.",
        check="Not needed.",
    ),
    Convention(
        id="H9",
        name="expressions as template values",
        worth="H",
        rank=12,
        uploaded=False,
        spelling="template_values: {name: !expr ...}",
        meaning="A name for an expression over user_fields, run_meta and earlier names; the build "
        "writes it out wherever the name is used.",
        why="Public definitions show constants only.",
        breaks="Nothing on the platform.",
        alternative="Not needed.",
        check="Not needed.",
    ),
)
