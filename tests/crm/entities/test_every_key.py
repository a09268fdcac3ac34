"""Every key of every kind of document has an example that is published and tested: a new key without one fails here."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from app import wire
from crm.calendars.kind import WEEKDAYS
from crm.entities.json_schema import json_schemas
from crm.entities.load import build_schema, load_document, load_documents
from crm.texts import LANGUAGES

wire()
Path = tuple[str, ...]
DOCUMENTS = load_documents(pathlib.Path("schemas"))[0]
TESTS = pathlib.Path("tests")
AGREE = "crm/conditions/test_agreement.py::test_a_condition_selects_the_same_records_in_sql_and_python"
CHANGED = "crm/conditions/test_evaluate.py::test_a_change_is_known_by_its_old_values"
MARKS = "crm/reports/test_drill_down.py::test_every_mark_of_every_kind_of_group_leads_to_what_it_counts"
SHOWN = "crm/web/test_shown_keys.py::"
FILES = "crm/web/test_files.py::"
ACTIONS = "workflows/test_actions.py::"
LATE = "workflows/test_late_dates.py::"
ENGINE = "workflows/test_engine.py::"
WAIT = f"{ACTIONS}test_a_wait_sleeps_and_then_goes_on_only_if_it_still_holds"
CHOOSE = f"{ACTIONS}test_choose_takes_the_first_branch_that_holds"
RELATED = f"{ACTIONS}test_update_related_writes_the_children_that_fit"
AFTER = f"{LATE}test_days_after_a_date_a_month_is_made_up_for"
FIGURES = f"{SHOWN}test_pages_show_color_help_and_every_measure"
ELSEWHERE = {
    **dict.fromkeys(
        (
            f"conditions.{name}"
            for name in (
                *("above", "at_most", "below", "between", "contains", "in_segment", "none", "starts_with"),
            )
        ),
        AGREE,
    ),
    **dict.fromkeys((f"conditions.{name}" for name in ("changed", "changed_from", "changed_to")), CHANGED),
    **dict.fromkeys((f"report.group_by.{period}" for period in ("day", "week", "quarter", "year")), MARKS),
    **dict.fromkeys(
        (f"dashboard.cards.kpi.measure.{name}" for name in ("avg", "max", "min", "share")), FIGURES
    ),
    **dict.fromkeys(("entity.color", "report.help", "report.measures.*.min"), FIGURES),
    "entity.fields.*.accept": f"{FILES}test_what_a_field_does_not_take_is_refused_and_leaves_nothing",
    "entity.fields.*.many": f"{FILES}test_a_form_uploads_shows_replaces_and_removes_files",
    "entity.fields.*.max_mb": f"{FILES}test_a_file_that_is_too_large_is_refused_before_anything_is_written",
    **dict.fromkeys(
        ("entity.fields.*.kind", "entity.fields.*.region"),
        f"{SHOWN}test_numbers_are_read_by_their_region_and_kind",
    ),
    **dict.fromkeys(
        ("entity.fields.*.read_only", "entity.fields.*.read_only_if"),
        f"{SHOWN}test_a_read_only_field_is_drawn_without_a_control_always_or_if_its_condition_holds",
    ),
    **dict.fromkeys(("steps.choose", *(f"steps.choose.{name}" for name in ("if", "then", "else"))), CHOOSE),
    **dict.fromkeys(("steps.wait", "steps.wait.for", "steps.wait.and_then_only_if"), WAIT),
    **dict.fromkeys(
        (f"entity.contact.{name}" for name in ("quiet_hours", "quiet_hours.from", "quiet_hours.to")),
        "workflows/test_contact_policy.py::test_quiet_hours_put_a_mail_off_until_they_end",
    ),
    **dict.fromkeys(
        (f"entity.contact.{name}" for name in ("at_most", "at_most.times", "at_most.per")),
        "workflows/test_contact_policy.py::test_nobody_gets_more_than_the_cap_and_a_week_later_they_may_again",
    ),
    **dict.fromkeys(
        (f"entity.contact.consent.{name}" for name in ("email", "phone", "sms", "post")),
        "workflows/test_contact_policy.py::test_consent_may_be_a_field_per_channel_and_an_empty_one_is_none",
    ),
    "report.until": "crm/reports/test_analyses.py::test_rfm_scores_by_the_share_of_customers_below",
    "report.fields": (
        "crm/reports/test_analyses.py::test_a_profile_puts_what_separates_first_and_leaves_small_groups_out"
    ),
    "steps.send_email.service": (
        "workflows/test_contact_policy.py::test_what_is_owed_is_sent_in_any_case_and_says_so"
    ),
    **dict.fromkeys(
        ("segment.kept_in", *(f"steps.add_to_segment{name}" for name in ("", ".segment", ".of"))),
        "workflows/test_memberships.py::test_a_rule_adds_a_linked_record_to_a_fixed_segment_once",
    ),
    **dict.fromkeys(
        (
            *("entity.campaign", *(f"entity.campaign.{name}" for name in ("campaign", "member", "on"))),
            *("steps.campaign", *(f"steps.campaign.{name}" for name in ("name", "of", "member"))),
        ),
        "workflows/test_memberships.py::test_a_rule_adds_who_a_record_is_about_to_a_campaign_once",
    ),
    "steps.assign.match.region": (
        f"{ACTIONS}test_assign_prefers_who_speaks_the_language_and_knows_the_matter"
    ),
    **dict.fromkeys(
        (
            *("steps.convert", *(f"steps.convert.{name}" for name in ("to", "values", "source", "lines"))),
            *(f"steps.convert.lines.{name}" for name in ("through", "to", "parent", "values")),
        ),
        "workflows/test_convert.py::test_its_lines_come_along",
    ),
    **dict.fromkeys(
        (
            "steps.ask_approval",
            *(
                f"steps.ask_approval.{name}"
                for name in ("of", "text", "if_approved", "if_refused", "of.role")
            ),
        ),
        "workflows/test_approvals.py::test_the_first_of_a_role_decides_and_the_run_goes_on_once",
    ),
    **dict.fromkeys(
        ("steps.ask_approval.by", "steps.ask_approval.of.user"),
        "workflows/test_approvals.py::test_all_must_approve_and_in_an_order_one_waits_for_the_other",
    ),
    "steps.ask_approval.remind_after": (
        "workflows/test_approvals.py::test_those_who_have_not_spoken_are_reminded"
    ),
    **dict.fromkeys(
        (
            "steps.call_webhook",
            *(f"steps.call_webhook.{name}" for name in ("url", "secret", "body", "secret.sealed")),
        ),
        "workflows/test_call_webhook.py::test_a_call_is_signed_and_leaves_once_after_the_commit",
    ),
    **dict.fromkeys(
        (
            "steps.plan_activity",
            *(f"steps.plan_activity.{name}" for name in ("entity", "kind", "subject", "due_in", "for")),
            *("steps.plan_activity.for.role", "steps.plan_activity.for.user"),
        ),
        "workflows/test_plan_activity.py::test_users_of_a_role_get_activities_in_turn_and_nobody_is_no_error",
    ),
    **dict.fromkeys(
        (
            "steps.update_related",
            *(f"steps.update_related.{name}" for name in ("through", "where", "values")),
        ),
        RELATED,
    ),
    **dict.fromkeys(
        (
            *("trigger.button", "trigger.button.label", "trigger.button.inputs"),
            *(f"trigger.button.inputs.*.{name}" for name in ("type", "label", "required")),
        ),
        "workflows/test_buttons.py::test_a_press_does_what_the_rule_says_with_what_was_typed",
    ),
    **dict.fromkeys(
        (f"trigger.button.inputs.*.{name}" for name in ("help", "default")),
        "workflows/test_buttons.py::test_an_input_has_help_and_begins_with_its_default",
    ),
    **dict.fromkeys(
        ("trigger.webhook", *(f"trigger.webhook.{name}" for name in ("name", "find"))),
        "workflows/test_webhooks.py::test_a_call_runs_its_rule_on_the_record_it_names",
    ),
    "trigger.webhook.create": "workflows/test_webhooks.py::test_a_call_creates_the_record_it_is_about_once",
    **dict.fromkeys(
        ("trigger.enters_segment", "trigger.leaves_segment"),
        "workflows/test_segment_triggers.py::test_time_and_children_bring_records_in_and_out_each_once",
    ),
    **dict.fromkeys(
        (
            *(f"business_calendar.{name}" for name in ("business_calendar", "label", "default", "time_zone")),
            *(f"business_calendar.{name}" for name in ("hours", "holidays", "days_off", "open_days")),
            *(f"business_calendar.hours.{day}" for day in WEEKDAYS),
        ),
        "crm/conditions/test_working_time.py::test_days_are_counted_as_people_of_the_country_do",
    ),
    "trigger.button.roles": "workflows/test_buttons.py::test_a_button_for_a_role_is_pressed_by_it_alone",
    **dict.fromkeys(
        ("steps.assign.counting", "steps.stop"),
        f"{ACTIONS}test_who_is_busy_is_counted_by_the_records_the_rule_names",
    ),
    **dict.fromkeys(
        ("steps.assign.to", "steps.assign.to.user", "steps.notify.to.user"),
        f"{ENGINE}test_a_failing_rule_does_not_stop_the_others",
    ),
    **dict.fromkeys(
        ("steps.send_email.to.role", "steps.send_email.to.user"),
        "workflows/test_mail.py::test_people_of_a_role_get_it_in_their_own_language_and_nobody_twice",
    ),
    **dict.fromkeys(
        ("trigger.days_after", *(f"trigger.days_after.{name}" for name in ("field", "days"))), AFTER
    ),
    **dict.fromkeys(
        (
            *(f"trigger.yearly_on.{name}" for name in ("field", "at")),
            *("trigger.days_before.at", "trigger.days_after.at"),  # one reader of the hour for all three
        ),
        f"{LATE}test_a_birthday_has_the_hour_that_the_rule_names",
    ),
    **dict.fromkeys(("rule.priority", "rule.stop_after"), f"{ENGINE}test_stop_after_keeps_later_rules_away"),
    "entity.fields.*.history": f"{SHOWN}test_a_field_without_history_leaves_no_value_in_the_journal",
    "entity.fields.*.only": (
        "crm/web/test_lookup_conditions.py::test_a_look_up_offers_no_more_than_its_condition_lets_pass"
    ),
    "entity.fields.*.only_role": (
        f"{SHOWN}test_a_user_without_the_role_is_not_chosen_and_the_look_up_offers_none"
    ),
    "entity.fields.*.where": f"{SHOWN}test_a_summary_counts_only_what_its_where_says",
    "rule.if_missed": f"{LATE}test_a_rule_that_skips_what_was_missed_skips_the_late_too",
    "rule.time_zone": f"{LATE}test_another_zone_has_another_hour",
    "steps.delete_record": f"{ACTIONS}test_delete_record_deletes_and_ends_the_run",
    "trigger.changed": f"{ENGINE}test_rules_see_the_record_as_it_was_at_the_event",
    "trigger.cron": "workflows/test_schedule.py::test_weekly_cron_is_due_on_monday_in_the_rules_own_zone",
    "trigger.record_deleted": f"{ACTIONS}test_a_deleted_record_can_still_be_told_of",
    "trigger.record_saved": f"{ENGINE}test_rule_sets_a_field_after_a_save",
    "trigger.record_updated": f"{ENGINE}test_changed_conditions_compare_with_the_value_before",
    "dashboard.cards.kpi.measure.label": (
        "crm/entities/test_every_key.py::test_a_number_is_called_as_its_measure_where_it_has_no_label"
    ),
    "entity.calendar.title": "crm/web/test_calendar.py::test_the_title_is_the_field_that_the_calendar_names",
    "entity.calendar.to": "crm/web/test_calendar.py::test_a_record_that_lasts_is_on_each_of_its_days_and_only_on_those",
    "entity.fields.*.before": "crm/fields/test_field_dates.py::test_limits_exclude_the_day_itself",
    "entity.fields.*.currency_field": "crm/fields/test_field_numbers.py::test_currency_of_another_field_decides",
    "entity.fields.*.encrypted": (
        "crm/records/test_encrypted_fields.py::test_every_type_that_can_be_encrypted_comes_back"
    ),
    "entity.fields.*.over": (
        "crm/permissions/test_guard.py::test_a_summary_counts_only_the_children_the_actor_may_see"
    ),
    "entity.fields.*.result": "crm/fields/test_field_computed.py::test_formula_of_money_is_money",
    "entity.fields.*.was": (
        "crm/revisions/test_former_names.py::"
        "test_two_fields_that_exchange_their_names_in_one_publish_keep_their_own_history"
    ),
    "entity.was": "crm/web/test_laid_over.py::test_a_renamed_entity_does_not_stay_beside_itself",
    "entity.form.columns": "crm/web/test_entity_manager.py::test_a_section_stands_in_one_column_or_two",
    "entity.if_same": (
        "crm/web/test_duplicates.py::"
        "test_rest_tells_a_reader_nothing_of_what_is_out_of_reach_but_that_it_is_there"
    ),
    "report.measures.*.max": "crm/reports/test_drill_down.py::test_marks_of_two_groups_and_of_amounts_lead_there_too",
}
"""The test that shows the effect of a key which no shipped document uses."""


def keys_of(schema: Any, path: Path, defs: dict[str, Any], seen: set[str]) -> Iterator[Path]:
    """Yield the path of every key a schema knows; `*` stands for names and places.

    Shape:  what a schema says once and uses in many places (`$defs`) has a path of its own, from its name.
    """
    if not isinstance(schema, dict):
        return
    name = schema.get("$ref", "").rpartition("/")[2]
    if name and name not in seen:
        seen.add(name)
        yield from keys_of(defs[name], (name,), defs, seen)
    for key, inner in (schema.get("properties") or {}).items():
        if key not in LANGUAGES:
            yield (*path, key)
            yield from keys_of(inner, (*path, key), defs, seen)
    yield from keys_of(schema.get("items"), path, defs, seen)
    yield from keys_of(schema.get("additionalProperties"), (*path, "*"), defs, seen)
    for word in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(word, ()):
            yield from keys_of(part, path, defs, seen)


def keys_in(value: Any, schema: Any, path: Path, defs: dict[str, Any]) -> Iterator[Path]:
    """Yield the path of every key that a document uses, as `keys_of` says it."""
    if not isinstance(schema, dict):
        return
    name = schema.get("$ref", "").rpartition("/")[2]
    if name:
        yield from keys_in(value, defs[name], (name,), defs)
    for word in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(word, ()):
            yield from keys_in(value, part, path, defs)
    known = schema.get("properties") or {}
    if (
        isinstance(value, str) and value in known
    ):  # `when: every_hour` says what `when: {every_hour: null}` does
        yield (*path, value)
    for inner in value if isinstance(value, list | tuple) else ():
        yield from keys_in(inner, schema.get("items"), path, defs)
    for key, inner in value.items() if isinstance(value, dict) else ():
        if key in known:
            yield (*path, key)
            yield from keys_in(inner, known[key], (*path, key), defs)
        else:
            yield from keys_in(inner, schema.get("additionalProperties"), (*path, "*"), defs)


def test_every_key_is_shipped_or_has_a_test_that_shows_what_it_does():
    asked: set[Path] = set()
    used: set[Path] = set()
    for kind, schema in json_schemas().items():
        defs = schema["$defs"]
        asked |= set(keys_of(schema, (kind,), defs, set()))
        for found in DOCUMENTS:
            if found.kind == kind:
                used |= set(keys_in(found.body, schema, (kind,), defs))
    missing = {".".join(path) for path in asked - used}
    assert sorted(missing - set(ELSEWHERE)) == []


def test_the_tests_named_here_are_there():
    for place in set(ELSEWHERE.values()):
        file, name = place.split("::")
        assert f"def {name}(" in (TESTS / file).read_text(encoding="utf-8"), place


@pytest.mark.parametrize(("own", "shown"), [("", "Turnover"), ("label: Sales, ", "Sales")])
def test_a_number_is_called_as_its_measure_where_it_has_no_label(own, shown):
    card = f"{{{own}entity: deal, measure: {{count: true, label: Turnover}}}}"
    document, problems = load_document(f"dashboard: start\ncards:\n  - kpi: {card}\n", "start.yaml")
    schema, found = build_schema([*DOCUMENTS, document], 1)
    assert problems == found == []
    assert schema.parts["dashboard"]["start"].cards[0].label.get("en") == shown
