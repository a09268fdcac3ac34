"""Sentences of the area: drafts."""

from crm.texts import N_

MESSAGES = {
    "draft.not_found": N_("This draft was published or deleted. Open the current one."),
    "draft.of_somebody_else": N_("This draft belongs to %(name)s. Take it over to edit it."),
    "draft.moved_on": N_(
        "The draft has changed since you opened this page. Review it and save again. Your "
        "input is still here."
    ),
    "draft.have_one": N_("You already have a draft. Publish or delete it first."),
    "draft.clashes": N_(
        "Someone published changes to the same documents. Choose which changes to keep, then publish again."
    ),
    "draft.files_refused": N_("Nothing was saved. Problems found in the files: %(count)s."),
    "draft.no_files": N_("No .yaml file was sent. Choose at least one."),
    "draft.no_version": N_("Send the version of the draft you want to change."),
    "draft.no_clash": N_("There is nothing to resolve: no one published another version of this document."),
    "draft.no_upload": N_("The uploaded files are no longer available. Upload them again."),
    "draft.no_archive": N_("This zip file can't be read. Create it again."),
    "draft.archive_too_large": N_("The zip file is larger than %(limit)s MB."),
    "draft.unpacks_too_large": N_("The zip file contains more than %(limit)s MB."),
    "draft.too_many_files": N_("Too many files. Limit: %(limit)s."),
    "draft.wicked_path": N_("The path of this file points outside the zip file. Create the zip file again."),
    "draft.sealed_file": N_("The file is password-protected. Remove the password and try again."),
    "draft.broken_file": N_("The file is damaged. Create the zip file again."),
    "draft.no_such_publication": N_("Publishing run not found."),
    "draft.publish_failed": N_("Publishing failed after 3 attempts. Nothing was changed. Try again."),
    "draft.no_such_way": N_("Choose your version, the published version, or both merged."),
}
