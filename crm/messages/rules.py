"""Sentences of the area: rules."""

from crm.texts import N_, NP_

MESSAGES = {
    "rule.may_not_try": N_("You may not see all that the rule “%(rule)s” reads, so you cannot try it."),
    # what is wrong with a rule or a template
    "rule.unknown_entity": N_("There is no entity “%(name)s”."),
    "rule.unknown_entity_near": N_("There is no entity “%(name)s”. Did you mean “%(near)s”?"),
    "rule.unknown_field": N_("“%(entity)s” has no field “%(name)s”."),
    "rule.unknown_field_near": N_("“%(entity)s” has no field “%(name)s”. Did you mean “%(near)s”?"),
    "rule.unknown_field_of_target": N_("There is no field “%(name)s” that could be written here."),
    "rule.unknown_field_of_target_near": N_(
        "There is no field “%(name)s” that could be written here. Did you mean “%(near)s”?"
    ),
    "rule.unknown_field_of_record": N_("There is no field “%(name)s” that would fit here."),
    "rule.unknown_field_of_record_near": N_(
        "There is no field “%(name)s” that would fit here. Did you mean “%(near)s”?"
    ),
    "rule.unknown_role": N_("There is no role “%(name)s”."),
    "rule.unknown_role_near": N_("There is no role “%(name)s”. Did you mean “%(near)s”?"),
    "rule.unknown_trigger": N_("A rule cannot start with “%(name)s”."),
    "rule.unknown_trigger_near": N_("A rule cannot start with “%(name)s”. Did you mean “%(near)s”?"),
    "rule.unknown_action": N_("There is no action “%(name)s”."),
    "rule.unknown_action_near": N_("There is no action “%(name)s”. Did you mean “%(near)s”?"),
    "rule.not_a_way": N_("“%(path)s” leads nowhere: “%(name)s” does not refer to a record or a user."),
    "rule.bad_placeholder": N_(
        "“{%(name)s}” is not a name that can be filled in. Write a field such as {name} or {owner.email}."
    ),
    "rule.text_too_long": N_("A text has at most %(limit)s characters."),
    "rule.trigger_not_available": N_("The trigger “%(name)s” is not available yet."),
    "rule.action_not_available": N_("The action “%(name)s” is not available yet."),
    "rule.bad_trigger": N_("Write one trigger after “when”, such as record_created or {changed: [stage]}."),
    "rule.trigger_needs_more": N_("The trigger “%(name)s” needs more behind it."),
    "rule.trigger_takes_nothing": N_("The trigger “%(name)s” stands alone, with nothing behind it."),
    "rule.becomes_true_needs_conditions": N_("A rule that waits until something becomes true needs an “if”."),
    "rule.edge_cannot_ask_changes": N_(
        "These conditions look beyond the record itself, and may come true without a change of it: "
        "they cannot ask what has changed."
    ),
    "rule.try_only_now": N_(
        "The conditions of “%(rule)s” look beyond the record itself: "
        "it can be tried on the records as they are, not on what happened."
    ),
    "rule.changed_needs_event": N_("A rule that follows the clock cannot ask what has changed."),
    "rule.bad_time": N_('“%(value)s” is not a time of day. Write it in quotes, like "08:00".'),
    "rule.bad_days": N_("“%(value)s” is not a number of days from 0 to %(limit)s."),
    "rule.not_a_date": N_("The field “%(name)s” is not a date."),
    "rule.bad_time_zone": N_("There is no time zone “%(value)s”. Write one like Europe/Athens."),
    "rule.bad_if_missed": N_("“%(value)s” is not allowed here: write once or skip."),
    "rule.bad_period": N_("“%(value)s” is not allowed here: write day, week, month or year."),
    "rule.bad_priority": N_("A priority is a whole number from -%(limit)s to %(limit)s."),
    "rule.bad_duration": N_("“%(value)s” is not a duration. Write it like 4 hours or 2 days."),
    "rule.steps_not_a_list": N_("Write a list of at least one action here."),
    "rule.bad_step": N_("Write one action per line, such as “set_field: {field: …, to: …}”."),
    "rule.too_many_steps": N_("A rule has at most %(limit)s actions."),
    "rule.too_deep_branches": N_("Choices may stand inside one another %(limit)s times at most."),
    "rule.bad_choose": N_("Write a list of branches, each with “if” and “then”, the last with “else”."),
    "rule.else_is_last": N_("The “else” is the last branch."),
    "rule.takes_nothing": N_("The action “%(name)s” stands alone, with nothing behind it."),
    "rule.record_is_gone": N_("“%(name)s” cannot follow a deletion: the record no longer exists."),
    "rule.field_not_writable": N_("The field “%(name)s” is computed and cannot be written."),
    "rule.values_not_a_map": N_("Write a map of fields and their values here."),
    "rule.pointer_does_not_fit": N_("“%(path)s” is not what the field “%(name)s” can refer to."),
    "rule.not_a_user": N_("“%(name)s” is not a user."),
    "rule.not_an_email": N_("“%(name)s” is neither an e-mail address nor a user."),
    "rule.bad_recipient": N_(
        "“%(value)s” is nobody. Write a user field such as owner, {role: …} or {user: …}."
    ),
    "rule.bad_recipient_count": N_("Name from one to %(limit)s recipients."),
    "rule.bad_address": N_("“%(value)s” is not an e-mail address."),
    # why a run ended as it did
    "rule.again_in_chain": N_(
        "The rule “%(rule)s” has already run for this record in the same chain (%(chain)s), so it stops here."
    ),
    "rule.too_deep": N_(
        "More than %(limit)s rules would follow from one another (%(chain)s), so “%(rule)s” does not run."
    ),
    "rule.budget_records": N_(
        "“%(rule)s” was held back: from one cause rules write at most %(limit)s records."
    ),
    "rule.budget_mails": N_("“%(rule)s” was held back: from one cause rules send at most %(limit)s e-mails."),
    "rule.budget_notices": N_(
        "“%(rule)s” was held back: from one cause rules notify people at most %(limit)s times."
    ),
    "rule.budget_runs": N_("“%(rule)s” was held back: from one cause rules run at most %(limit)s times."),
    "rule.crashed": N_("The rule “%(rule)s” broke for a technical reason. The details are in the log."),
    "rule.gave_up": N_("The rule “%(rule)s” was tried several times without coming to an end."),
    "rule.no_longer_true": N_("When its turn came, the conditions no longer held."),
    "rule.record_gone": N_("The record was deleted before the rule could act."),
    "rule.switched_off": N_("The rule was switched off or removed."),
    "rule.no_longer_fits": N_("The rule no longer fits the fields as they are now."),
    "rule.formula_no_longer_fits": N_("The formula “%(formula)s” no longer fits the fields as they are now."),
    "rule.no_such_user": N_("There is no active user “%(name)s”."),
    "rule.too_many_related": N_("More than %(limit)s related records would be written in one step."),
    "rule.not_found": N_("There is no rule “%(name)s”."),
    # what a step does
    # what a step has done
    "rule.effect_to": NP_("label", "To"),
    "rule.effect_until": NP_("label", "Waits until"),
    "rule.effect_out_of_reach": N_("Not told: the record is out of their reach"),
    "rule.effect_nothing": N_("Nothing had to be changed."),
    # when a rule starts
    "notification.not_found": N_("There is no such notification."),
}
