"""Sentences of the area: permissions."""

from crm.texts import N_, NP_

MESSAGES = {
    "permissions.may_not_share_views": N_("You may keep views for yourself only, not for everyone."),
    "permissions.narrowed": N_(
        "You see %(seen)s of %(all)s records of “%(entity)s”; this was judged by those alone, so with other rights "
        "the answer may differ."
    ),
    "permissions.closed_condition": N_("This condition asks about something that is not open to you."),
    "permissions.no_such_user": N_("There is no active user “%(name)s”."),
    "permissions.may_not_read": N_(
        "You may not see %(entity)s. Ask an administrator for the right to read them."
    ),
    "permissions.may_not_create": N_("You may not create %(entity)s. Ask an administrator for the right."),
    "permissions.may_not_update": N_(
        "You may not change this record of %(entity)s. Ask an administrator for the right."
    ),
    "permissions.may_not_delete": N_(
        "You may not delete this record of %(entity)s. Ask an administrator for the right."
    ),
    "permissions.may_not_import": N_("You may not import %(entity)s. Ask an administrator for the right."),
    "permissions.may_not_export": N_("You may not export %(entity)s. Ask an administrator for the right."),
    "permissions.hidden_field": N_("The field “%(field)s” is not open to you."),
    "permissions.read_only_field": N_("You may not change this field."),
    "permissions.may_not_configure": N_("Only administrators may change how the CRM is set up."),
    "permissions.viewing_as": N_(
        "You only look, as the role “%(role)s”. Stop looking before you change anything."
    ),
    "permissions.may_not_view_as": N_(
        "The role “%(role)s” opens more than you have, so you cannot look as it."
    ),
    "role.not_found": N_("There is no role “%(name)s”."),
    "role.exists": N_("There is a role “%(name)s” already."),
    "why.no_such_entity": N_("There is no entity “%(name)s”."),
    "why.no_such_deed": N_("There is no right “%(name)s”."),
    "why.no_such_field": N_("%(entity)s has no field “%(name)s”."),
    "why.admin": N_("Yes: %(user)s is an administrator and may do everything."),
    "why.yes_record": N_("Yes: %(user)s has the right “%(deed)s” on this record of %(entity)s."),
    "why.yes_all": N_("Yes: %(user)s has the right “%(deed)s” on all %(entity)s."),
    "why.yes_some": N_(
        "Yes, on some records: %(user)s has the right “%(deed)s” on %(entity)s under conditions."
    ),
    "why.no_right": N_("No: no role of %(user)s gives the right “%(deed)s” on %(entity)s."),
    "why.no_record": N_("No: no role of %(user)s gives the right “%(deed)s” on this record of %(entity)s."),
    "why.hidden": N_(
        "No: every role of %(user)s that gives the right “%(deed)s” on %(entity)s hides “%(field)s”."
    ),
    "why.read_only": N_(
        "No: no role of %(user)s that gives the right “%(deed)s” on %(entity)s lets “%(field)s” be changed."
    ),
    "why.computed_from_hidden": N_("No. “%(field)s” is calculated from hidden fields."),
    "why.computed": N_("No. “%(field)s” is calculated and can't be edited."),
    "why.read_only_for_all": N_("No: “%(field)s” is read only for everybody but administrators."),
    "why.closed_now": N_("No: “%(field)s” is closed as long as %(condition)s."),
    "why.not_for_you": N_("The answer hangs on fields that are hidden from you, so it is not told."),
    "grants.deed": N_(
        "The role “%(role)s” would give the right “%(deed)s” on %(entity)s, which you do not have."
    ),
    "grants.records": N_(
        "The role “%(role)s” would give the right “%(deed)s” on %(entity)s that are out of your reach."
    ),
    "grants.field": N_("The role “%(role)s” would show “%(field)s” of %(entity)s, which is hidden from you."),
    "grants.write": N_(
        "The role “%(role)s” would let “%(field)s” of %(entity)s be changed, which you may not."
    ),
    "grants.reads": N_(
        "“%(document)s” would read “%(field)s” of %(entity)s (%(place)s), which is hidden from you. "
        "Ask somebody who may see it to take over the draft and publish it."
    ),
    "grants.reads_records": N_(
        "“%(document)s” would read %(entity)s (%(place)s), and you may not see all of them. "
        "Ask somebody who may to take over the draft and publish it."
    ),
    "grants.writes": N_(
        "“%(document)s” would write “%(field)s” of %(entity)s (%(place)s), which you may not. "
        "Ask somebody who may to take over the draft and publish it."
    ),
    "grants.acts": N_(
        "“%(document)s” would use the right “%(deed)s” on all %(entity)s (%(place)s), which you do not have. "
        "Ask somebody who has it to take over the draft and publish it."
    ),
    "grants.report": N_("The role “%(role)s” would open the report “%(name)s”, which is not open to you."),
}

DEED_LABELS = {
    "read": NP_("permission", "Read"),
    "create": NP_("permission", "Create"),
    "update": NP_("permission", "Change"),
    "delete": NP_("permission", "Delete"),
    "import": NP_("permission", "Import"),
    "export": NP_("permission", "Export"),
}
"""What the rights on an entity are called."""

FIELD_WORDS = {
    "open": NP_("access", "Open"),
    "read_only": NP_("access", "Read only"),
    "hidden": NP_("access", "Hidden"),
}
"""What a role may say about a field."""
