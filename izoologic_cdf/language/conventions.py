"""The guesses: what an uploaded definition uses and no public source attests, worst first.

How a guess is spelt is declared with the words themselves (`schema.key`, `steps.step`); here is
what it means, why we think so, and what to do when it is wrong. The build lists the guesses that
the uploaded file uses; the documentation shows them all.
"""

from dataclasses import dataclass

from izoologic_cdf.language.schema import EVIDENCE

_NOT_NEEDED = "Not needed."


@dataclass(frozen=True, slots=True)
class Convention:
    """One guess; `uploaded` is false for what only our runtime knows and the build removes."""

    id: str
    name: str
    spelling: str
    meaning: str
    why: str
    breaks: str
    alternative: str = _NOT_NEEDED
    check: str = _NOT_NEEDED
    uploaded: bool = True

    @property
    def evidence(self) -> str:
        """How well it is known: vendor docs describe it, or it is our assumption."""
        return EVIDENCE[self.id[0]]


# the order is that of the damage
CONVENTIONS: tuple[Convention, ...] = (
    Convention(
        id="H1",
        name="login",
        spelling="auth: {request, filters, header, value} in source.http",
        meaning="Requests a token before the first request, sends it in a header, keeps it for "
        "the run, and renews it once per call on 401.",
        why="The API needs a two-step token; how a CDF asks for one is not public.",
        breaks="The upload is refused, or every request gets a 401.",
        alternative="The platform's own token construct; or a supplemental feed that logs in and "
        "hands the token on as a parameter.",
        check="Compare with the platform's reference on authentication; run the feed over one "
        "hour and look for 401 in the activity log.",
    ),
    Convention(
        id="H2",
        name="supplemental call",
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
        spelling="fulfillment: <feed> in an attachment set; key and run_params in its items; "
        "content in the report of the fulfillment feed",
        meaning="The items are placeholders; the fulfillment feed fetches the bytes of each.",
        why="The guide says that a fulfillment feed fills placeholder attachments, not how.",
        breaks="The upload is refused, or cases come without their files.",
        alternative="The platform's placeholder construct; until then, remove the attachment set.",
        check="After the first run a case with files has attachments that can be opened.",
    ),
    Convention(
        id="H21",
        name="bytes of an attachment",
        spelling="attachment-sets whose items have name and content",
        meaning="An attachment is reported with its bytes, which a supplemental feed has fetched.",
        why="Guides of other vendors list attachments without a fulfillment feed; the key is not "
        "public.",
        breaks="The upload is refused, or files are missing or empty.",
        alternative="Placeholders with a fulfillment feed; until then, remove the attachment set.",
        check="After the first run a case with files has attachments that can be opened.",
    ),
    Convention(
        id="H4",
        name="feed type",
        spelling="feed_type: primary | supplemental | fulfillment",
        meaning="Only primary feeds are offered for installation.",
        why="The three kinds are described; the key is not public.",
        breaks="The upload is refused, or the page offers seven feeds instead of two.",
        alternative="The platform's own key.",
        check="The upload dialog offers exactly the two primary feeds.",
    ),
    Convention(
        id="H13",
        name="sets of other object codes",
        spelling="event-sets, incident-sets, identity-sets, account-sets, note-sets, "
        "attachment-sets",
        meaning="A report has sets of any object code; nested objects stand under its plural.",
        why="Indicators, reports and assets (a custom object) are attested; the others by the same "
        "rule.",
        breaks="The upload is refused, or objects of that type are missing.",
        alternative="The platform's own name of that set.",
        check="After the first run objects of each type are there.",
    ),
    Convention(
        id="H12",
        name="objects by an expression",
        spelling="items: !expr ... in an object set",
        meaning="One expression gives the list of the objects, as it may give a list of "
        "attributes.",
        why="Attested for attribute sets; object sets by the same rule.",
        breaks="The upload is refused, or notes and files are missing.",
        alternative="Items that are written out, with a list as value where there are several.",
        check="After the first run a case with messages has notes.",
    ),
    Convention(
        id="D1",
        name="statements in templates",
        spelling="{% set %}, {% for %}, {% if %}, {% macro %} in !tmpl",
        meaning="Templates may hold statements, not only {{ }}.",
        why="Templates are Jinja2; public definitions show only {{ }}.",
        breaks="The upload is refused, or the first run fails in a template.",
        alternative="None for loops; single dates can be written as long expressions.",
        check="The first run over a range with one case ends without a template error.",
    ),
    Convention(
        id="H9",
        name="template values with tags",
        spelling="template_values: {name: !expr ...} or !tmpl",
        meaning="A name for an expression or a template over user_fields, run_meta and earlier "
        "names; the build writes expressions out wherever the name is used.",
        why="Public definitions show constants only.",
        breaks="The first request fails, or sends the text of the expression itself.",
        alternative="Write the expression out where its name is used.",
        check="The first request of a manual run requests the chosen start.",
    ),
    Convention(
        id="H11",
        name="parse-json on made text",
        spelling="parse-json after new or set with tojson, or in each",
        meaning="Reads JSON text that an expression has made, not only what the API sent.",
        why="The filter takes bytes or text; public definitions apply it to what was received.",
        breaks="The first run fails at that step, or values that are handed into a list are "
        "missing.",
        alternative="Make the rows where the value is in reach, in the supplemental feed that "
        "lists them.",
        check="The first run over a case with files and IP addresses ends without an error.",
    ),
    Convention(
        id="H16",
        name="iterate in a chain",
        spelling="chain: [iterate] as a filter",
        meaning="Each element goes on by itself through what follows the chain.",
        why="Both filters are attested; public definitions iterate outside of chains.",
        breaks="The upload is refused, or a whole list is taken for one case.",
        alternative="Write iterate into the feed itself, between two chains.",
        check="The first run makes one object for each case.",
    ),
    Convention(
        id="H17",
        name="filter-mapping in a filter-mapping",
        spelling="filter-mapping: {a: [filter-mapping: {b: ...}]}",
        meaning="Filters of a value may map the keys of that value again.",
        why="The filter is attested, and its sub-pipelines are; not one in the other.",
        breaks="The first run fails at that step.",
        alternative="`get`, or `set` of the inner key one level up, before and after.",
        check="The first run over a case with files ends without an error.",
    ),
    Convention(
        id="H20",
        name="filter-mapping on a missing key",
        spelling="filter-mapping: {key: ...} for a key that may be absent",
        meaning="The filters get null, and a null result adds no key.",
        why="Public definitions map keys that are there.",
        breaks="The first run fails at that step for a case that lacks the key.",
        alternative="`set` the key before, to null where it is missing.",
        check="The first run over a case without files and messages ends without an error.",
    ),
    Convention(
        id="H18",
        name="filters by an alias",
        spelling="if: {condition, filters: *name}",
        meaning="The filters of a branch are the same node as an anchored list.",
        why="Aliases are YAML; public definitions use them under chain and as whole filters.",
        breaks="Nothing with a YAML reader; a check of the text could stumble.",
        alternative="filters: [{chain: *name}]",
        check="The upload is accepted.",
    ),
    Convention(
        id="H19",
        name="expressions by an alias",
        spelling="key: *name, with &name !expr ... elsewhere",
        meaning="The same expression at several places.",
        why="Aliases are YAML; public definitions use them for lists and mappings.",
        breaks="Nothing with a YAML reader; a check of the text could stumble.",
        alternative="Write the expression out.",
        check="The upload is accepted.",
    ),
    Convention(
        id="H14",
        name="global names of Jinja2",
        spelling="dict(...) in an expression",
        meaning="The names that Jinja2 gives to every template, such as dict.",
        why="They are part of Jinja2 since its first versions; a platform can take them away.",
        breaks="The first run fails in the expression.",
        alternative="None in one expression; without it, keys that differ in case cannot be "
        "matched.",
        check="The first run over a range with one case ends without an expression error.",
    ),
    Convention(
        id="D2",
        name="failing on purpose",
        spelling="new: !expr value if OK else [].index('sentence')",
        meaning="Ends the run with the sentence, so that the window is requested again.",
        why="The expression raises in every Jinja2; what the platform shows of it is not public.",
        breaks="An error of the API ends the run with a poorer message, or passes unnoticed.",
        alternative="The platform's own way to fail.",
        check="Enter a wrong API secret once: the activity log shows a failed run.",
    ),
    Convention(
        id="H15",
        name="first page",
        spelling="pagination: {condition, params} in source.http",
        meaning="Its params may apply to the first request already, or from the second one on.",
        why="Public definitions exist that only work in the one reading, and in the other.",
        breaks="Nothing, as long as the params of page 0 are those of the request itself.",
        check="The first request of a run over 30 days that begin in mid-day starts at its first "
        "day.",
    ),
    Convention(
        id="H10",
        name="null instead of an object",
        spelling="value: !expr none if ... in an item",
        meaning="An item whose value, title or name is null makes no object.",
        why="A null attribute is skipped by use in public definitions; of objects nothing is "
        "shown.",
        breaks="A run fails, or objects without a value appear.",
        alternative="`[]` instead of none: a list as value is one object for each element, and an "
        "empty one none.",
        check="Turn a switch that takes an object away, and look for an object without a value.",
    ),
    Convention(
        id="H22",
        name="conditions of objects and tags",
        spelling="condition in an item of an object set, or in a tag",
        meaning="An object or a tag is made while its condition is true, as an attribute is.",
        why="Attested for attributes only.",
        breaks="Objects and tags appear that should not.",
        alternative="A list as value or name, which is empty where nothing is to be made.",
        check="Turn the switch of the condition, and look for the object.",
    ),
    Convention(
        id="D3",
        name="timestamp format",
        spelling="timestamp_format: strptime text",
        meaning="How run_meta.since and run_meta.until are rendered.",
        why="The key is attested, its effect only described.",
        breaks="Nothing: the expressions read a date, ISO text and epoch seconds alike.",
        alternative="Remove the key.",
        check="The first request of a manual run requests the chosen start.",
    ),
    Convention(
        id="H5",
        name="Python filters",
        spelling="python: module.function as a filter",
        meaning="A function of filters/; the build puts its native form in its place.",
        why="No public source shows Python in a CDF.",
        breaks="Nothing on the platform.",
        uploaded=False,
    ),
    Convention(
        id="H6",
        name="windows",
        spelling="window: {days, not_before, look_back} in source.http",
        meaning="Our runtime sends one request per window of the run's range.",
        why="Attested constructs cannot vary a request's body from page to page.",
        breaks="Nothing on the platform.",
        uploaded=False,
    ),
    Convention(
        id="H7",
        name="cases, warnings and items",
        spelling="track: {id, updated}, warn: [filters] and item: {...} as filters",
        meaning="Names a case for reports and failure isolation; reports something about it; makes "
        "an item of a report whose keys are checked, where the build writes `new`.",
        why="The platform's activity log shows errors only.",
        breaks="Nothing on the platform; there, one bad case fails the run.",
        uploaded=False,
    ),
    Convention(
        id="H8",
        name="second address",
        spelling="fallback_url in source.http",
        meaning="Requested once after a 404 that no API sent, and remembered for the run.",
        why="The guide writes two of the six paths without /api (I-03).",
        breaks="Nothing on the platform: there the path of the table is requested.",
        alternative="Change the path in template_values.",
        uploaded=False,
    ),
)
