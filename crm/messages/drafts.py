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
    "draft.files_refused": N_("Nothing was taken: %(count)s problems were found in the files."),
    "draft.no_files": N_("There is no .yaml file in what was sent."),
    "draft.no_version": N_("Send the version of the draft that you mean."),
    "draft.no_clash": N_("Nobody published another version of this document since you began."),
    "draft.no_upload": N_("There are no files to decide about. Send them again."),
    "draft.no_archive": N_("This is no zip archive that can be read."),
    "draft.archive_too_large": N_("The archive is larger than %(limit)s MB."),
    "draft.unpacks_too_large": N_("The archive unpacks to more than %(limit)s MB."),
    "draft.too_many_files": N_("There are more than %(limit)s files."),
    "draft.wicked_path": N_("The name of this file leads out of the archive. Pack the folder again."),
    "draft.sealed_file": N_("The file is protected by a password."),
    "draft.broken_file": N_("The file is damaged in the archive."),
    "draft.no_such_publication": N_("There is no such publish."),
    "draft.publish_failed": N_(
        "Three workers have begun this publish and none came to its end. Nothing was changed."
    ),
    "draft.no_such_way": N_("Choose your version, the published one, or both merged."),
}
