"""The pages in a real browser: each of them, and that nothing in a library acts on them."""

import re

from playwright.sync_api import expect

from izoologic_cdf.browse.pages import LISTS
from tests.browse import world
from tests.browse.conftest import Served, Visitor

ACCOUNT = "john.doe@example.com"


def paths(served: Served) -> list[str]:
    wanted = [
        ("cases", "CASE-1"), ("cases", world.SCRIPT), ("accounts", ACCOUNT),
        ("notes", world.SCRIPT), ("files", world.FILE_NAME), ("files", "missing.pdf"),
        ("indicators", "login.example.com"),
    ]  # fmt: skip
    objects = [f"object/{served.object(view, value)}" for view, value in wanted]
    lists = [f"library/{name}{end}" for name in LISTS for end in ("", "?_all=on")]
    return ["", *lists, *objects, "run/1", "search?q=example", "search?q=%3Cscript%3E"]


def test_every_page_is_whole_and_nothing_in_it_acts(visitor: Visitor, served: Served) -> None:
    page = visitor.page
    for path in paths(served):
        assert visitor.open(path).status == 200, path
        assert page.title() not in ("owned", "1")
        # every picture is drawn by the page itself, and no hostile element came to be
        assert page.evaluate(ELEMENTS) == [1, 0], path
        assert page.evaluate("[...document.links].every(a => a.origin === origin)"), path
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 740})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


# how many headings, and how many elements that could act, a page has
ELEMENTS = """[
  document.querySelectorAll('h1').length,
  document.querySelectorAll('script, img, iframe, object, embed, style, [style], [onerror]').length
]"""


def test_the_overview_shows_how_it_stands(visitor: Visitor) -> None:
    visitor.open("")
    page = visitor.page
    for name, count in (("cases", 3), ("accounts", 1), ("notes", 2), ("files", 3), ("gaps", 2)):
        expect(page.locator(f'.tiles a[href="/library/{name}"]')).to_have_text(
            re.compile(rf"{count}\s+{name}")
        )
    assert page.locator("figure svg").count() == 3
    expect(page.locator(".legend").first).to_contain_text("1 without a date")
    for feed in (world.INCIDENT, world.DLR):
        card = page.get_by_role("region", name=feed)
        expect(card).to_contain_text("something is missing")
        expect(card.locator("svg path.gap")).to_have_count(1)
        expect(card.locator("svg path.finished")).to_have_count(1)
        expect(card).to_contain_text("Gaps (UTC): 2025-08-12 00:00:01 to 2025-08-21 23:59:59")
    expect(page.locator(".missing")).to_contain_text("CASE-9: the server answers 500 <script>")
    expect(page.get_by_role("row", name=re.compile("partial"))).to_contain_text(world.INCIDENT)


def test_one_click_leads_from_the_overview_to_an_answer(visitor: Visitor) -> None:
    for link, heading in (
        ("3 cases", "Cases 3"), ("1 accounts", "Accounts 1"), ("2 gaps", "Gaps 2"),
        ("1 deferred", "Deferred 1"), ("Acme", "Cases 1"), ("Closed", "Cases 1"),
        ("Combo", "Accounts 1"), ("Runs", "Runs 3"), ("Changes", "Changes"),
    ):  # fmt: skip
        visitor.open("")
        visitor.page.get_by_role("link", name=link, exact=True).first.click()
        expect(visitor.page.locator("h1")).to_contain_text(heading)


def test_a_file_comes_with_one_click(visitor: Visitor) -> None:
    visitor.open("")
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="evidence.txt").click()
    assert download.value.suggested_filename == "evidence.txt"
    assert download.value.path().read_bytes() == b"the evidence"


def test_a_hostile_file_is_saved_under_a_harmless_name(visitor: Visitor, served: Served) -> None:
    number = served.object("files", world.FILE_NAME)
    visitor.open(f"object/{number}")
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Download", exact=True).click()
    assert download.value.path().read_bytes() == world.FILE
    assert not set(download.value.suggested_filename) & set('/\\"\r\n\u202e')


def test_an_export_comes_with_one_click(visitor: Visitor) -> None:
    visitor.open("library/cases?brand=Acme")
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="CSV").click()
    text = download.value.path().read_text("utf-8-sig")
    assert text.startswith('"id","case_id",')
    assert "CASE-1" in text
    assert world.SCRIPT not in text


def test_a_part_of_an_address_finds_its_account(visitor: Visitor) -> None:
    visitor.open("")
    visitor.page.get_by_role("searchbox").fill("n.doe@exam")
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_role("link", name=ACCOUNT).click()
    expect(visitor.page.locator("h1")).to_have_text(ACCOUNT)


def test_a_list_is_searched_filtered_and_sorted(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("library/cases")
    rows = page.locator("table.rows tbody tr")
    expect(rows).to_have_count(3)
    page.get_by_label("Text").fill("phishing PAGE")
    page.get_by_role("button", name="Apply").click()
    expect(rows).to_have_count(1)
    expect(page.locator(".facts").first).to_contain_text("text has phishing and PAGE")
    page.get_by_role("link", name="Show all").click()
    page.get_by_label("Column").select_option("brand")
    page.get_by_label("Comparison").select_option("contains")
    page.get_by_label("Value").fill("acm")
    page.get_by_role("button", name="Apply").click()
    expect(rows).to_have_count(1)
    visitor.open("library/cases")
    page.get_by_role("region", name="by status").get_by_role("link", name="Closed").click()
    expect(rows).to_contain_text(["CASE-1"])
    visitor.open("library/cases?_all=on")
    page.get_by_role("columnheader").get_by_role("link", name="case id").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("case id")
    expect(rows.first).to_contain_text(world.SCRIPT)


def test_a_case_tells_its_history_and_what_belongs_to_it(visitor: Visitor, served: Served) -> None:
    page = visitor.page
    visitor.open(f"object/{served.object('cases', 'CASE-1')}")
    status = page.get_by_role("row", name=re.compile("^Status"))
    expect(status).to_contain_text("Closed")
    expect(status).to_contain_text("Open until 2025-09-01 00:01:00")
    expect(status).to_contain_text("2025-09-01 00:01:00 run 2")
    expect(page.locator(".timeline li.status").last).to_contain_text("Status Open → Closed")
    for name in ("login.example.com", "evidence.txt"):
        expect(page.get_by_role("link", name=name, exact=True).last).to_be_visible()
    expect(page.locator("article")).to_contain_text("first line\nsecond line")


def test_an_account_tells_what_each_case_said_and_a_password_when_asked(
    visitor: Visitor, served: Served
) -> None:
    page = visitor.page
    visitor.open(f"object/{served.object('accounts', ACCOUNT)}")
    assert "CaNaRy" not in page.content()
    first, second = page.locator("table.attributes").all()
    expect(page.get_by_role("heading", name="What DLR#1 said")).to_be_visible()
    expect(first).to_contain_text("High")
    expect(page.get_by_role("heading", name="What DLR#2 said")).to_be_visible()
    expect(second).to_contain_text("Low")
    page.get_by_role("button", name="Show the password").click()
    expect(page.locator("main")).to_contain_text(world.PASSWORD)
    expect(page.locator("main")).to_contain_text(world.FIRST_PASSWORD)
    page.get_by_role("link", name="accounts of this case").first.click()
    expect(page.locator("h1")).to_contain_text("Accounts 1")
    assert "CaNaRy" not in page.content()


def test_marks_of_direction_turn_nothing_around(visitor: Visitor, served: Served) -> None:
    visitor.open(f"object/{served.object('cases', world.SCRIPT)}")
    row = visitor.page.get_by_role("row", name=re.compile("^Executive Name"))
    expect(row).to_contain_text(r"\u202egnp.exe\u202c")
    assert "\u202e" not in visitor.page.content()
    assert row.locator("bdi").count() == 3


def test_the_pages_can_be_used_by_keyboard(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("library/cases")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    expect(skip).to_have_text("Skip to the content")
    assert skip.bounding_box()["y"] >= 0  # type: ignore[index]
    assert skip.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    visitor.open("library/cases")
    names = []
    for _ in range(16):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.name || document.activeElement.text"))
    assert names[1:4] == ["Overview", "Cases", "Accounts"]
    assert names[11:] == ["q", None, "Overview", "_search", "_filter_column"]


def test_text_stands_out_in_light_and_dark(visitor: Visitor) -> None:
    visitor.open("")
    colours = set()
    for scheme in ("light", "dark"):
        visitor.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        colours.add(visitor.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        for where in ("h1", "figcaption", "nav a", ".tiles a", "td", ".count", ".badge"):
            assert visitor.page.locator(where).first.evaluate(CONTRAST) >= 4.5, (scheme, where)
    assert len(colours) == 2


# the contrast of WCAG between a text and what is behind it
CONTRAST = """element => {
  const light = text => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map(part => {
      const share = part / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  let behind = element
  while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') {
    behind = behind.parentElement
  }
  const one = light(getComputedStyle(element).color)
  const two = light(getComputedStyle(behind).backgroundColor)
  return (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05)
}"""
