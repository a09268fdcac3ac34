"""Sentences of the area: rules."""

from crm.texts import N_, NP_

MESSAGES = {
    "rule.may_not_try": N_("You can't test the rule “%(rule)s”: it reads data you don't have access to."),
    "rule.draft_does_not_fit": N_(
        "The rule “%(rule)s” of the draft has problems, or it uses fields that are not published yet."
    ),
    "rule.in_no_draft": N_("No draft changes the rule “%(name)s”."),
    "rule.in_several_drafts": N_("Several drafts change this rule. Name one of their users: %(names)s."),
    "rule.paused": N_("The rule “%(rule)s” is paused after failed runs: %(count)s. See its runs."),
    "rule.exists": N_("There is already a rule “%(name)s”. Choose another internal name."),
    # a rule as a sentence
    "rule.sentence": NP_("step", "%(when)s, if %(conditions)s: %(actions)s."),
    "rule.sentence_always": NP_("step", "%(when)s: %(actions)s."),
    "rule.sentence_if": NP_("step", "if %(conditions)s: %(actions)s"),
    "rule.sentence_branch": NP_("step", "%(branch)s: %(actions)s"),
    "rule.sentence_otherwise": NP_("step", "otherwise: %(actions)s"),
    # what is wrong with a rule or a template
    "rule.unknown_entity": N_("There is no entity “%(name)s”."),
    "rule.unknown_entity_near": N_("There is no entity “%(name)s”. Did you mean “%(near)s”?"),
    "rule.unknown_field": N_("“%(entity)s” has no field “%(name)s”."),
    "rule.unknown_field_near": N_("“%(entity)s” has no field “%(name)s”. Did you mean “%(near)s”?"),
    "rule.unknown_field_of_target": N_("There is no editable field “%(name)s” here."),
    "rule.unknown_field_of_target_near": N_(
        "There is no editable field “%(name)s” here. Did you mean “%(near)s”?"
    ),
    "rule.unknown_field_of_record": N_("There is no suitable field “%(name)s” here."),
    "rule.unknown_field_of_record_near": N_(
        "There is no suitable field “%(name)s” here. Did you mean “%(near)s”?"
    ),
    "rule.unknown_role": N_("There is no role “%(name)s”."),
    "rule.unknown_role_near": N_("There is no role “%(name)s”. Did you mean “%(near)s”?"),
    "rule.unknown_trigger": N_("“%(name)s” is not a trigger."),
    "rule.unknown_trigger_near": N_("“%(name)s” is not a trigger. Did you mean “%(near)s”?"),
    "rule.unknown_action": N_("There is no action “%(name)s”."),
    "rule.unknown_action_near": N_("There is no action “%(name)s”. Did you mean “%(near)s”?"),
    "rule.not_a_way": N_("“%(path)s” can't be used: “%(name)s” is not a linked record or a user."),
    "rule.bad_placeholder": N_(
        "“{%(name)s}” can't be filled in. Use a field such as {name} or {owner.email}."
    ),
    "rule.text_too_long": N_("This text is too long. Limit in characters: %(limit)s."),
    "rule.trigger_not_available": N_("The trigger “%(name)s” is not available yet."),
    "rule.bad_trigger": N_("Enter one trigger after “when”, such as record_created or {changed: [stage]}."),
    "rule.trigger_needs_more": N_("The trigger “%(name)s” needs a value."),
    "rule.trigger_takes_nothing": N_("The trigger “%(name)s” takes no value. Remove it."),
    "rule.becomes_true_needs_conditions": N_("A rule with the trigger “becomes_true” needs an “if”."),
    "rule.edge_cannot_ask_changes": N_(
        "These conditions depend on other records and can come true without a change to this "
        "one. Remove “changed” from them."
    ),
    "rule.try_only_now": N_(
        "The conditions of “%(rule)s” depend on other records. Test it on the current "
        "records, not on the history."
    ),
    "rule.changed_needs_event": N_(
        "No change starts this rule, so it can't check what has changed. Remove “changed”."
    ),
    "rule.bad_time": N_('“%(value)s” is not a time. Enter it in quotes, like "08:00".'),
    "rule.bad_days": N_("Enter the days as a number from 0 to %(limit)s, not “%(value)s”."),
    "rule.not_a_date": N_("The field “%(name)s” is not a date."),
    "rule.bad_time_zone": N_("There is no time zone “%(value)s”. Enter one like Europe/Athens."),
    "rule.bad_if_missed": N_("“%(value)s” is not allowed here. Use once or skip."),
    "rule.bad_period": N_("“%(value)s” is not allowed here. Use day, week, month or year."),
    "rule.bad_priority": N_("The priority must be a whole number from -%(limit)s to %(limit)s."),
    "rule.bad_duration": N_("“%(value)s” is not a duration. Enter one like 4 hours or 2 days."),
    "rule.steps_not_a_list": N_("Enter a list of at least one action here."),
    "rule.bad_step": N_("Enter one action per line, such as “set_field: {field: …, to: …}”."),
    "rule.too_many_steps": N_("Too many actions in this rule. Limit: %(limit)s."),
    "rule.too_deep_branches": N_("Branches are nested too deeply. Limit: %(limit)s."),
    "rule.bad_choose": N_("Enter a list of branches, each with “if” and “then”, the last with “else”."),
    "rule.else_is_last": N_("“else” must be the last branch."),
    "rule.takes_nothing": N_("The action “%(name)s” takes no value. Remove it."),
    "rule.record_is_gone": N_("“%(name)s” can't follow a deletion: the record no longer exists."),
    "rule.field_not_writable": N_("The field “%(name)s” is calculated and can't be edited."),
    "rule.values_not_a_map": N_("Enter fields with their values here."),
    "rule.pointer_does_not_fit": N_("The field “%(name)s” can't be linked to “%(path)s”."),
    "rule.not_a_user": N_("“%(name)s” is not a user."),
    "rule.not_an_email": N_("“%(name)s” is neither an email address nor a user."),
    "rule.bad_recipient": N_(
        "“%(value)s” is not a person. Use a user field such as owner, {role: …} or {user: …}."
    ),
    "rule.bad_recipient_count": N_("Enter from 1 to %(limit)s recipients."),
    "rule.bad_address": N_("“%(value)s” is not an email address."),
    # why a run ended as it did
    "rule.again_in_chain": N_(
        "Stopped: the rule “%(rule)s” has already run for this record in this chain (%(chain)s)."
    ),
    "rule.too_deep": N_(
        "“%(rule)s” didn't run: too many rules start one another (%(chain)s). Limit: %(limit)s."
    ),
    "rule.budget_records": N_(
        "“%(rule)s” was stopped: rules wrote too many records from one cause. Limit: %(limit)s."
    ),
    "rule.budget_mails": N_(
        "“%(rule)s” was stopped: rules sent too many emails from one cause. Limit: %(limit)s."
    ),
    "rule.budget_notices": N_(
        "“%(rule)s” was stopped: rules sent too many notifications from one cause. Limit: %(limit)s."
    ),
    "rule.budget_calls": N_(
        "“%(rule)s” was stopped: rules called other systems too often from one cause. Limit: %(limit)s."
    ),
    "rule.budget_runs": N_("“%(rule)s” was stopped: rules ran too often from one cause. Limit: %(limit)s."),
    "rule.crashed": N_("The rule “%(rule)s” failed for a technical reason. The details are in the log."),
    "rule.gave_up": N_("The rule “%(rule)s” failed after several attempts. See its runs."),
    "rule.no_longer_true": N_("The conditions no longer applied when the rule ran."),
    "rule.record_gone": N_("The record was deleted before the rule ran."),
    "rule.switched_off": N_("The rule was disabled or removed."),
    "rule.no_longer_fits": N_("The rule no longer matches the current fields. Edit it."),
    "rule.formula_no_longer_fits": N_(
        "The formula “%(formula)s” no longer matches the current fields. Edit it."
    ),
    "rule.no_such_user": N_("There is no active user “%(name)s”."),
    "rule.too_many_related": N_("Too many related records in one step. Limit: %(limit)s."),
    "rule.not_found": N_("There is no rule “%(name)s”."),
    "rule.call_failed": N_(
        "The rule “%(rule)s” couldn't call %(host)s, after several attempts. The last answer: %(answer)s"
    ),
    "rule.address_refused": N_(
        "“%(host)s” is an internal address, which rules can't call. Use a public address, or let the "
        "person who runs the server allow it (CRM_WEBHOOK_HOSTS)."
    ),
    "rule.secret_not_ours": N_("This secret was encrypted on another server. Enter it again."),
    # what a step does
    # what a step has done
    "rule.effect_to": NP_("label", "To"),
    "rule.effect_until": NP_("label", "Waits until"),
    "rule.effect_out_of_reach": N_("Not notified: no access to the record"),
    "rule.effect_nothing": N_("Nothing to change."),
    # when a rule starts
    "notification.not_found": N_("Notification not found."),
}
