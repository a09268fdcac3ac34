"""Message texts: names in braces, the little markup, and what hostile texts become."""

from __future__ import annotations

import time

import pytest

from crm.texts import Text
from workflows.mail.compose import compose, one_line
from workflows.markup import in_sentence, to_html, to_plain
from workflows.placeholders import check_text, cut, fill
from workflows.rules.model import Template

HOSTILE = '<script>alert("1")</script> **bold** [x](javascript:y) {name}'


def write(path):
    return {
        "name": HOSTILE,
        "site": "javascript:alert(1)",
        "page": "https://example.com/?a=1&b=2",
        "id": "7 7",
    }[path]


def check(text, shipped):
    return check_text(text, shipped.entities["complaint"], shipped)


def test_known_names_and_paths_pass(shipped):
    text = {"en": "{number} {customer.name} {customer.owner.email} {title} {link} {id} {created_at}"}
    assert check(text, shipped) == []


def test_every_unknown_name_of_every_language_is_a_problem(shipped):
    problems = check({"en": "{customer.nmae}", "el": "{sujbect} {owner.password}"}, shipped)
    assert [(problem.params["name"], problem.params["near"]) for problem in problems] == [
        ("nmae", "name"),
        ("sujbect", "subject"),
        ("password", ""),
    ]


@pytest.mark.parametrize(
    "text", ["{{config}}", "{Name}", "{a b}", "{name.__class__}", "{customer.name.upper}"]
)
def test_names_that_cannot_be_are_problems(text, shipped):
    assert check(text, shipped)


@pytest.mark.parametrize(
    "text", ["{{7*7}}", "{% for x in y %}", "{''.__class__}", "${1+1}", "{0!r:>9}", "{}"]
)
def test_template_code_stays_the_text_it_is(text, shipped):
    assert check(text, shipped) == []
    assert fill(text, write) == text


def test_a_value_is_never_read_as_text_again():
    assert fill("Dear {name}", write) == f"Dear {HOSTILE}"


def test_html_escapes_values_and_leaves_their_marks_alone():
    page = to_html("Dear {name}", write, "en")
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "<strong>" not in page
    assert "<a " not in page


@pytest.mark.parametrize(
    "text", ["[x]({site})", "[x](javascript:alert)", "[x](data:text/html,1)", "[x](//evil)"]
)
def test_only_addresses_of_the_web_mail_and_phones_become_links(text):
    assert "<a " not in to_html(text, write, "en")


def test_links_keep_their_address_and_their_values_are_encoded():
    assert 'href="https://example.com/?a=1&amp;b=2"' in to_html("[open]({page})", write, "en")
    assert 'href="https://crm/show/7%207"' in to_html("https://crm/show/{id}", write, "en")


def test_bold_lists_and_paragraphs():
    text = "Hello\n\n- one\n- **two**\nafter\n"
    page = to_html(text, write, "he")
    assert '<html lang="he" dir="rtl">' in page
    assert "<p>Hello</p>\n<ul><li>one</li><li><strong>two</strong></li></ul>\n<p>after</p>" in page
    assert to_plain(text, write) == "Hello\n\n- one\n- two\nafter"


def test_long_and_nested_text_is_read_in_no_time():
    started = time.monotonic()
    for text in ("*" * 20_000, "[" * 20_000, "{" * 20_000, "- a\nb\n" * 3_000, "https://" + "a" * 20_000):
        to_html(text, write, "en")
        list(cut(text))
    assert time.monotonic() - started < 2


def test_subject_cannot_break_out_of_its_header():
    template = Template("t", Text("Hi {name}"), Text("x"))
    mail = compose(template, "a@example.com", "en", lambda _path: "A\r\nBcc: all@example.com\x00")
    assert mail.subject == "Hi A Bcc: all@example.com"
    assert len(one_line("x" * 5_000)) == 250


FOR_HEBREW = {
    "phone": "+30 210 123", "code": "D-0042", "amount": "\u200f1,234.50 \u200f€", "name": "כהן", "site": "https://x.gr/7",
    "wicked": "a\u202eb\u2069c", "empty": "",
}  # fmt: skip


def test_values_and_codes_keep_their_order_in_texts_for_hebrew_readers():
    value = FOR_HEBREW.__getitem__
    left, any_way, end = "\u2066", "\u2068", "\u2069"
    said = {path: in_sentence("{" + path + "}", value, "he") for path in FOR_HEBREW}
    assert said == {
        "phone": f"{left}+30 210 123{end}",
        "code": f"{any_way}D-0042{end}",
        "amount": f"{any_way}{FOR_HEBREW['amount']}{end}",
        "name": f"{any_way}כהן{end}",
        "site": "https://x.gr/7",
        "wicked": f"{any_way}abc{end}",
        "empty": "",
    }
    text = "**שלום {name}**, טלפון {phone}, טופס A-12: [פתיחה](https://x.gr/{code}) {site}"
    assert to_plain(text, value, "he") == (
        f"שלום {any_way}כהן{end}, טלפון {left}+30 210 123{end}, טופס {left}A-12{end}: "
        "פתיחה (https://x.gr/D-0042) https://x.gr/7"
    )
    page = to_html(text, value, "he")
    assert f"טופס {left}A-12{end}" in page and 'href="https://x.gr/D-0042"' in page
    assert "<bdi>כהן</bdi>" in page


def test_texts_in_other_languages_isolate_only_what_runs_the_other_way():
    value = FOR_HEBREW.__getitem__
    assert to_plain("Call {phone}, {code}", value, "el") == "Call +30 210 123, D-0042"
    assert to_plain("Dear {name}, 12", value, "en") == "Dear \u2068כהן\u2069, 12"
