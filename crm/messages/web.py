"""Sentences of the area: web."""

from crm.texts import N_

MESSAGES = {
    "http.400": N_("This request can't be read. Go back, reload the page and try again."),
    "http.401": N_("Sign in first."),
    "http.403": N_("You don't have permission to do this. Ask an administrator."),
    "http.404": N_("Page not found. It may have been moved or deleted."),
    "http.405": N_("This address doesn't accept this kind of request."),
    "http.406": N_("This address can't answer in the requested format."),
    "http.408": N_("The request took too long. Try again."),
    "http.409": N_("Someone else saved in the meantime. Reload the page and review the changes."),
    "http.410": N_("This page no longer exists."),
    "http.413": N_("This is too large to send. Send less at once."),
    "http.415": N_("This kind of content is not accepted here."),
    "http.422": N_("Some values aren't accepted. Correct them and try again."),
    "http.429": N_("Too many attempts. Seconds to wait: %(seconds)s."),
    "web.wait_minutes": N_("Too many attempts. Minutes to wait: %(minutes)s."),
    "web.guessed": N_(
        "Someone tried to sign in as you with wrong passwords, most recently from "
        "%(address)s. If it wasn't you, change your password and tell your administrator."
    ),
    "http.500": N_(
        "Something went wrong on our side. It was recorded. Quote the number below when you report it."
    ),
    "http.507": N_("The disk of the server is full. Nothing was saved. Tell your administrator."),
    "http.503": N_("The CRM is not available right now. Try again in a moment."),
    "web.busy": N_("Too many requests at this moment. Try again in a few seconds."),
    "work.redis_away": N_("Redis is not available. Background tasks are waiting."),
    "work.redis_full": N_("Redis has no memory left. Background tasks are waiting."),
    "work.redis_read_only": N_("Redis doesn't accept changes. Background tasks are waiting."),
    "work.redis_silent": N_("Redis doesn't answer. Background tasks are waiting."),
    "work.no_worker": N_("No background process is running. Background tasks are waiting."),
    "work.late": N_("Background tasks are late. Waiting: %(count)s. Minutes since the oldest: %(minutes)s."),
    "web.bad_form_token": N_("This page has been open too long. Reload it and try again."),
    "web.bad_token": N_("The access token is missing, expired or not valid. Sign in again."),
    "web.unknown_language": N_("This language is not available: “%(value)s”. Choose another."),
    "web.unknown_time_zone": N_("“%(value)s” is not a time zone. Enter one like Europe/Athens."),
    "web.unknown_theme": N_("“%(value)s” is not a theme. Use light, dark or system."),
    "web.unknown_start_page": N_("“%(value)s” is not a page to start with."),
    "web.unknown_week_start": N_(
        "“%(value)s” is not a first day of the week. Use usual, monday, sunday or saturday."
    ),
    "web.user_exists": N_("There is already a user “%(name)s”. Choose another user name."),
    "web.unknown_role": N_("There is no role “%(name)s”. The roles are: %(roles)s."),
    "web.short_password": N_("This password is too short. Minimum in characters: %(length)s."),
    "web.easy_password": N_("This password is too common. Choose another."),
    "web.no_name": N_("A user needs a name and a password."),
    "web.no_database": N_("The database is not available. Try again in a moment."),
    "web.unfinished_condition": N_("Finish this condition or remove it."),
    "web.view_needs_name": N_("Enter a name for the view."),
    "web.too_many_views": N_("You have too many views of this list. Limit: %(limit)s. Delete one first."),
    "web.not_json": N_("The body must be a JSON object of field names and values."),
    "web.not_rison": N_("The argument q can't be read as rison."),
    "web.bad_arguments": N_("The argument q can't be applied."),
    "web.unknown_argument": N_("The argument q doesn't accept “%(name)s” in this form."),
    "web.bad_search": N_("The search can't be run with these arguments."),
    "web.search_argument": N_("There is no argument “%(name)s”."),
    "web.nothing_to_search": N_("Enter the words to search for in q."),
    "web.bad_limit": N_("Enter a whole number for limit, from 1 to %(limit)s."),
    "web.bad_filters": N_("Filters must be a list: (col:name,opr:eq,value:x). Limit: %(limit)s."),
    "web.unknown_operator": N_("There is no operator “%(name)s”."),
}
