"""User fields: the form of a primary feed."""

from izoologic_cdf.language.fields import UserField, read_forms
from izoologic_cdf.language.nodes import Document
from tests.language.test_closed_schema import FEED, OTHER


def fields(text: str) -> tuple[UserField, ...]:
    document = Document("f", f"{FEED}    user_fields: [{text}]\n{OTHER}")
    (form,) = read_forms(document)
    assert form.feed == "Feed"
    return form.fields


def test_a_field_says_nothing_that_was_not_written() -> None:
    (field,) = fields("{name: host, label: Host}")
    assert (field.name, field.label, field.description) == ("host", "Host", "")
    assert (field.required, field.default, field.mask, field.boolean) == (False, None, False, False)
    assert field.position.line == 6


def test_a_default_is_the_text_that_was_written() -> None:
    (field,) = fields("{name: a, label: A, default: 0123}")
    assert field.default == "0123"


def test_a_boolean_field_is_off_where_nothing_is_said() -> None:
    off, on = fields("{name: a, label: A, boolean: yes}, {name: b, label: B, boolean: true, "
                     "default: on}")  # fmt: skip
    assert (off.default, on.default) == (False, True)


def test_a_secret_is_masked_and_a_help_text_is_one_line() -> None:
    (field,) = fields('{name: a, label: A, mask: True, required: yes, description: "b\n  c  d "}')
    assert (field.mask, field.required, field.description) == (True, True, "b c d")


def test_only_primary_feeds_have_a_form() -> None:
    document = Document("f", FEED + OTHER + "    user_fields: [{nonsense: 1}]\n")
    assert [form.feed for form in read_forms(document)] == ["Feed"]
