"""Sentences of the area: permissions."""

from crm.texts import N_, NP_

MESSAGES = {
    "people.no_such_feed": N_("This calendar address has been ended already."),
    "permissions.may_not_share_views": N_("You don't have permission to share views. Save it for yourself."),
    "permissions.narrowed": N_(
        "Based on the records you can see: %(seen)s of %(all)s (“%(entity)s”). With other "
        "permissions the answer can differ."
    ),
    "permissions.closed_condition": N_(
        "You don't have access to something in this condition. Remove it or ask an administrator."
    ),
    "permissions.no_such_user": N_("There is no active user “%(name)s”."),
    "permissions.may_not_read": N_(
        "You don't have permission to read these records: %(entity)s. Ask an administrator."
    ),
    "permissions.may_not_create": N_(
        "You don't have permission to create these records: %(entity)s. Ask an administrator."
    ),
    "permissions.may_not_update": N_(
        "You don't have permission to edit this record (%(entity)s). Ask an administrator."
    ),
    "permissions.may_not_delete": N_(
        "You don't have permission to delete this record (%(entity)s). Ask an administrator."
    ),
    "permissions.may_not_import": N_(
        "You don't have permission to import these records: %(entity)s. Ask an administrator."
    ),
    "permissions.may_not_export": N_(
        "You don't have permission to export these records: %(entity)s. Ask an administrator."
    ),
    "permissions.hidden_field": N_("You don't have access to the field “%(field)s”."),
    "permissions.read_only_field": N_("This field is read-only for you."),
    "permissions.may_not_configure": N_("Only administrators can change the settings of the CRM."),
    "permissions.viewing_as": N_(
        "This is a preview as the role “%(role)s”. End the preview to make changes."
    ),
    "permissions.may_not_view_as": N_("You can't preview “%(role)s”: it has more permissions than you."),
    "role.not_found": N_("There is no role “%(name)s”."),
    "role.exists": N_("There is already a role “%(name)s”. Choose another name."),
    "why.no_such_entity": N_("There is no entity “%(name)s”."),
    "why.no_such_deed": N_("There is no permission “%(name)s”."),
    "why.no_such_field": N_("There is no field “%(name)s” (%(entity)s)."),
    "why.admin": N_("Yes. %(user)s is an administrator and has full access."),
    "why.yes_record": N_("Yes. %(user)s has the permission “%(deed)s” for this record (%(entity)s)."),
    "why.yes_all": N_("Yes. %(user)s has the permission “%(deed)s” for all records (%(entity)s)."),
    "why.yes_some": N_(
        "Yes, for some records. %(user)s has the permission “%(deed)s” with conditions (%(entity)s)."
    ),
    "why.no_right": N_("No. No role of %(user)s includes the permission “%(deed)s” (%(entity)s)."),
    "why.no_record": N_(
        "No. No role of %(user)s includes the permission “%(deed)s” for this record (%(entity)s)."
    ),
    "why.hidden": N_(
        "No. “%(field)s” is hidden in every role of %(user)s with the permission “%(deed)s” (%(entity)s)."
    ),
    "why.read_only": N_(
        "No. “%(field)s” is read-only in every role of %(user)s with the permission “%(deed)s” (%(entity)s)."
    ),
    "why.computed_from_hidden": N_("No. “%(field)s” is calculated from hidden fields."),
    "why.computed": N_("No. “%(field)s” is calculated and can't be edited."),
    "why.read_only_for_all": N_("No. “%(field)s” is read-only for everyone except administrators."),
    "why.closed_now": N_("No. “%(field)s” is read-only while: %(condition)s."),
    "why.not_for_you": N_("You can't see the answer: it depends on hidden fields."),
    "grants.deed": N_(
        "The role “%(role)s” would include the permission “%(deed)s” (%(entity)s), which you don't have."
    ),
    "grants.records": N_(
        "The role “%(role)s” would include the permission “%(deed)s” for records you can't "
        "access (%(entity)s)."
    ),
    "grants.field": N_("The role “%(role)s” would show “%(field)s” (%(entity)s), which is hidden from you."),
    "grants.write": N_(
        "The role “%(role)s” could edit “%(field)s” (%(entity)s), which is read-only for you."
    ),
    "grants.reads": N_(
        "“%(document)s” would read “%(field)s” (%(entity)s, %(place)s), which is hidden from "
        "you. Ask someone who can see it to take over the draft and publish it."
    ),
    "grants.reads_records": N_(
        "“%(document)s” would read all records (%(entity)s, %(place)s), and you can't see "
        "all of them. Ask someone who can to take over the draft and publish it."
    ),
    "grants.writes": N_(
        "“%(document)s” would write “%(field)s” (%(entity)s, %(place)s), which is read-only "
        "for you. Ask someone who can edit it to take over the draft and publish it."
    ),
    "grants.acts": N_(
        "“%(document)s” would use the permission “%(deed)s” for all records (%(entity)s, "
        "%(place)s), which you don't have. Ask someone who has it to take over the draft and "
        "publish it."
    ),
    "grants.report": N_(
        "The role “%(role)s” would give access to the report “%(name)s”, which you can't access."
    ),
}

DEED_LABELS = {
    "read": NP_("permission", "Read"),
    "create": NP_("permission", "Create"),
    "update": NP_("permission", "Edit"),
    "delete": NP_("permission", "Delete"),
    "import": NP_("permission", "Import"),
    "export": NP_("permission", "Export"),
}
"""What the rights on an entity are called."""

FIELD_WORDS = {
    "open": NP_("access", "Edit"),
    "read_only": NP_("access", "Read-only"),
    "hidden": NP_("access", "Hidden"),
}
"""What a role may say about a field."""
