"""Sentences of the area: drafts."""

from crm.texts import N_

MESSAGES = {
    "draft.not_found": N_("This draft was published or discarded."),
    "draft.of_somebody_else": N_("This draft belongs to %(name)s. Take it over to change it."),
    "draft.moved_on": N_(
        "The draft has changed since this page was opened. Look at it again; what you typed is still here."
    ),
    "draft.have_one": N_("You have a draft of your own. Publish or discard it first."),
    "draft.clashes": N_(
        "Somebody published changes to the same documents. Choose what shall hold, then publish again."
    ),
    "draft.no_such_way": N_("Choose your version, the published one, or both merged."),
}
