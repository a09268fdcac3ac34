"""Who acts: the actor of a user, and the questions every surface asks of one."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from crm.conditions.tree.model import Node
from crm.entities.model import Entity, Schema
from crm.errors import NotAllowedError, NotFoundError
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.permissions import store
from crm.permissions.model import Actor
from crm.permissions.reads import deep_fields_of

ADMIN_ROLE = "Admin"  # Flask-AppBuilder's own


def actor_of_user(
    connection: sa.Connection,
    user_id: int,
    schema: Schema,
    usual_language: str = "en",
    usual_zone: str = "Europe/Athens",
) -> Actor:
    """Return the actor of a user, with the roles as this revision declares them.

    Errors: NotFoundError when there is no such active user.
    """
    user = store.find_user(connection, user_id)
    if user is None or not user["active"]:
        raise NotFoundError("permissions.no_such_user", name=user_id)
    names = store.list_role_names(connection, user_id)
    profile = store.find_profile(connection, user_id)
    declared = schema.parts.get("role", {})
    return Actor(
        "user",
        user["username"],
        user_id,
        tuple(declared[name] for name in names if name in declared),
        ADMIN_ROLE in names,
        store.list_team_users(connection, user_id, profile["team_id"]),
        profile["language"] or usual_language,
        zone_of(profile["time_zone"] or usual_zone),
        profile["week_start"],
    )


def actor_then(actor: Actor, schema: Schema) -> Actor:
    """Return an actor with the same roles as another revision declares them; those it does not know give nothing."""
    declared = schema.parts.get("role", {})
    return replace(actor, roles=tuple(declared[role.name] for role in actor.roles if role.name in declared))


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by name; UTC for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def require(actor: Actor, deed: str, entity: Entity) -> None:
    """Let pass an actor who may do this with the entity at all.

    Errors: NotAllowedError.
    """
    if deed not in actor.rights(entity.name).can:
        raise NotAllowedError(f"permissions.may_not_{deed}", entity=entity.plural)


def readable_fields(actor: Actor, entity: Entity) -> dict[str, Field]:
    """Return the fields the actor may see, in declared order."""
    hidden = actor.rights(entity.name).hidden
    return {name: field for name, field in entity.fields.items() if name not in hidden}


def writable_fields(actor: Actor, entity: Entity, deed: str) -> dict[str, Field]:
    """Return the fields the actor may set by a writing deed, before any condition on the record."""
    rights = actor.rights(entity.name)
    if deed not in rights.can:
        return {}
    closed = rights.closed.get(deed, ())
    return {
        name: field
        for name, field in entity.fields.items()
        if name not in closed and not field.read_only and FIELD_TYPES[field.type].writable
    }


def reads_every(actor: Actor, entity: Entity, uid: str) -> bool:
    """Return whether the actor may read a field, told by its uid, of every record."""
    rights = actor.rights(entity.name)
    name = next((field.name for field in entity.fields.values() if field.uid == uid), None)
    return (
        "read" in rights.can
        and rights.rows["read"] is None
        and name is not None
        and name not in rights.hidden
    )


def reads_hidden(actor: Actor, tree: Node, schema: Schema) -> bool:
    """Return whether a condition or formula reads a field that is hidden from the actor, at whatever depth."""
    return any(field in actor.rights(entity).hidden for entity, field in deep_fields_of(tree, schema))
