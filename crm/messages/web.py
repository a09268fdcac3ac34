"""Sentences of the area: web."""

from crm.texts import N_

MESSAGES = {
    "http.400": N_("The request was not understood. Go back, reload the page and try again."),
    "http.401": N_("Sign in first."),
    "http.403": N_("You do not have the right to do this."),
    "http.404": N_("Not found, or deleted."),
    "http.405": N_("This address does not take that kind of request."),
    "http.406": N_("This address has no answer of the kind you asked for."),
    "http.408": N_("The request took too long. Try again."),
    "http.409": N_("Somebody else saved in between. Reload the page and look at the changes."),
    "http.410": N_("This is no longer here."),
    "http.413": N_("This is too large to be sent."),
    "http.415": N_("This kind of content is not accepted here."),
    "http.422": N_("Some values cannot be accepted. Correct them and try again."),
    "http.429": N_("Too many attempts. Try again in %(seconds)s seconds."),
    "http.500": N_("Something went wrong on our side. It has been written down; quote the number below."),
    "http.503": N_("The CRM cannot be reached for a moment. Try again soon."),
    "web.bad_form_token": N_("This page has been open too long. Reload it and try again."),
    "web.bad_token": N_("The access token is missing, expired or not valid. Sign in again."),
    "web.wrong_password": N_("The present password is wrong."),
    "web.unknown_language": N_("“%(value)s” is not one of the languages."),
    "web.unknown_time_zone": N_("“%(value)s” is not a time zone. Write it like Europe/Athens."),
    "web.unknown_theme": N_("“%(value)s” is not one of light, dark and system."),
    "web.user_exists": N_("There is already a user called “%(name)s”."),
    "web.unknown_role": N_("There is no role “%(name)s”. The roles are: %(roles)s."),
    "web.short_password": N_("The password needs at least %(length)s characters."),
    "web.easy_password": N_("This password is one of those that are tried first. Choose another one."),
    "web.no_name": N_("A user needs a name and a password."),
    "web.no_database": N_("The database cannot be reached."),
    "web.not_started": N_("Nothing has been published yet. Run “flask crm init” first."),
}
