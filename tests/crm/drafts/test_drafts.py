"""Drafts: what admins prepare is kept, seen by colleagues, compared with what was published since, and published."""

import pytest

from crm.drafts import service
from crm.entities.load import documents_from_json
from crm.errors import ConflictError, NotAllowedError, SchemaError
from crm.revisions.publish import publish_schema
from crm.revisions.rename import rename_document
from crm.revisions.workspace import get_workspace
from tests.crm.revisions.publishing import rename_field


def add_field(name: str, **keys: object):
    """Return a change that adds a text field."""

    def change(body: dict) -> dict:
        body["fields"][name] = {"type": "text", **keys}
        return body

    return change


def test_an_edit_is_in_the_draft_and_not_live(session_as):
    session = session_as("admin")
    draft = service.edit_document(session, "entity", "deal", add_field("colour"))
    session.commit()
    schema, problems = service.propose(session, service.find_draft(session))
    assert problems == [] and "colour" in schema.entities["deal"].fields
    assert "colour" not in session.workspace.schema.entities["deal"].fields
    assert [(edit.kind, edit.name) for edit in draft.edits] == [("entity", "deal")]


def test_an_edit_that_returns_to_what_is_live_is_no_edit(session_as):
    session = session_as("admin")
    service.edit_document(session, "entity", "deal", add_field("colour"))

    def remove(body: dict) -> dict:
        del body["fields"]["colour"]
        return body

    assert service.edit_document(session, "entity", "deal", remove).edits == ()


def test_a_renamed_document_takes_the_place_of_the_old_one(session_as):
    session = session_as("admin")
    draft = service.edit_document(
        session, "segment", "champions", lambda body: {**body, "segment": "best_customers"}
    )
    names = {found.name for found in service.documents_of(session, draft) if found.kind == "segment"}
    assert "best_customers" in names and "champions" not in names


def test_a_form_of_an_older_version_of_the_draft_is_refused(session_as):
    session = session_as("admin")
    seen = service.edit_document(session, "entity", "deal", add_field("colour"))
    service.edit_document(session, "entity", "deal", add_field("size"))
    with pytest.raises(ConflictError, match="draft.moved_on"):
        service.edit_document(session, "entity", "deal", add_field("shape"), version=seen.version)


def test_colleagues_see_a_draft_and_change_it_only_after_taking_it_over(session_as):
    mine, theirs = session_as("admin"), session_as("configurator")
    draft = service.edit_document(mine, "entity", "deal", add_field("colour"))
    mine.commit()
    assert [found.user_name for found in service.list_drafts(theirs)] == ["admin"]
    with pytest.raises(NotAllowedError, match="draft.of_somebody_else"):
        service.revert_document(theirs, draft, "entity", "deal")
    taken = service.take_over(theirs, draft)
    assert service.revert_document(theirs, taken, "entity", "deal").edits == ()


def test_who_may_not_configure_sees_no_draft(session_as):
    for ask in (service.find_draft, service.list_drafts, service.open_draft):
        with pytest.raises(NotAllowedError):
            ask(session_as("sales"))


def test_what_is_no_document_does_not_enter_a_draft(session_as):
    session = session_as("admin")
    for body in ({"fields": {}}, {"entity": ""}, {"segment": "deal"}, {"entity": "x" * 65}):
        with pytest.raises(SchemaError):
            service.edit_document(session, "entity", "deal", lambda _old, body=body: body)


def test_publishing_a_draft_makes_it_live_and_erases_it(session_as, engine):
    session = session_as("admin")
    draft = service.edit_document(session, "entity", "deal", add_field("colour"))
    session.commit()
    number = service.publish_draft(session, draft, "Colours")
    workspace = get_workspace(engine)
    assert workspace.number == number and "colour" in workspace.schema.entities["deal"].fields
    assert service.find_draft(session) is None


def publish_colleagues_change(engine, change) -> None:
    """Publish a change of the deal made by somebody else meanwhile."""
    bodies = [dict(document.body) for document in get_workspace(engine).schema.documents]
    place = next(index for index, body in enumerate(bodies) if body.get("entity") == "deal")
    bodies[place] = change({**bodies[place], "fields": dict(bodies[place]["fields"])})
    publish_schema(engine, documents_from_json(bodies), "colleague", "colleague")


@pytest.fixture
def clash(session_as, engine):
    """A draft and a colleague's publish of the same document; the session speaks the new revision."""

    def make(mine, theirs):
        session = session_as("admin")
        service.edit_document(session, "entity", "deal", mine)
        session.commit()
        publish_colleagues_change(engine, theirs)
        session.workspace = get_workspace(engine)
        draft = service.find_draft(session)
        return session, draft, service.clashes_of(session, draft)

    return make


def test_changes_in_two_places_clash_and_can_be_merged(clash):
    session, draft, clashes = clash(add_field("colour"), add_field("size"))
    assert len(clashes) == 1 and {"colour", "size"} <= set(clashes[0].merged["fields"])
    with pytest.raises(ConflictError, match="draft.clashes"):
        service.publish_draft(session, draft, "")
    settled = service.settle_clash(session, draft, clashes[0], "merged")
    assert service.clashes_of(session, settled) == []
    assert {"colour", "size"} <= set(service.propose(session, settled)[0].entities["deal"].fields)


def test_changes_of_one_place_must_be_chosen_between(clash):
    session, draft, clashes = clash(add_field("colour", max_length=5), add_field("colour", max_length=9))
    assert clashes[0].merged is None
    with pytest.raises(SchemaError):
        service.settle_clash(session, draft, clashes[0], "merged")
    assert service.settle_clash(session, draft, clashes[0], "theirs").edits == ()


def test_another_document_published_meanwhile_is_no_clash(session_as, engine, clash):
    session = session_as("admin")
    draft = service.edit_document(session, "segment", "champions", lambda body: {**body, "label": "Best"})
    session.commit()
    publish_colleagues_change(engine, add_field("size"))
    session.workspace = get_workspace(engine)
    number = service.publish_draft(session, draft, "")
    live = get_workspace(engine)
    assert live.number == number and "size" in live.schema.entities["deal"].fields


def test_publishing_over_a_revision_the_draft_does_not_know_is_refused(session_as, engine):
    session = session_as("admin")
    draft = service.edit_document(session, "segment", "champions", lambda body: {**body, "label": "Best"})
    session.commit()
    publish_colleagues_change(engine, add_field("size"))
    with pytest.raises(ConflictError, match="schema.published_since"):
        service.publish_draft(session, draft, "")


def publish_rename(engine, rename, *names: str) -> None:
    """Publish a rename of a field or an entity with all its uses, as a colleague."""
    documents = rename(get_workspace(engine).schema.documents, *names)
    publish_schema(engine, documents, "Renamed", "colleague")


def test_a_draft_follows_a_field_that_a_colleague_renames(session_as, engine):
    session = session_as("admin")
    uid = session.workspace.schema.entities["deal"].fields["lost_reason"].uid
    service.edit_document(
        session, "entity", "deal", add_field("colour", show_if={"field": "lost_reason", "is_empty": True})
    )
    service.edit_document(
        session, "segment", "champions", lambda body: {**body, "label": {"en": "Best of all"}}
    )
    session.commit()
    publish_rename(engine, rename_field, "deal", "lost_reason", "why_lost")
    session.workspace = get_workspace(engine)
    draft = service.find_draft(session)
    fields = draft.find_edit("entity", "deal").body["fields"]
    assert "lost_reason" not in fields and fields["colour"]["show_if"] == {
        "field": "why_lost",
        "is_empty": True,
    }
    [clash] = service.clashes_of(session, draft)
    settled = service.settle_clash(session, draft, clash, "merged")
    schema, problems = service.propose(session, settled)
    assert problems == [] and schema.entities["deal"].fields["why_lost"].uid == uid
    assert "colour" in schema.entities["deal"].fields


def test_a_draft_follows_an_entity_that_a_colleague_renames(session_as, engine):
    session = session_as("admin")
    service.edit_document(session, "entity", "deal", add_field("colour"))
    session.commit()
    publish_rename(engine, rename_document, "entity", "deal", "chance")
    session.workspace = get_workspace(engine)
    draft = service.find_draft(session)
    assert [(edit.kind, edit.name) for edit in draft.edits] == [("entity", "chance")]
    [clash] = service.clashes_of(session, draft)
    settled = service.settle_clash(session, draft, clash, "merged")
    schema, problems = service.propose(session, settled)
    assert problems == [] and "colour" in schema.entities["chance"].fields and "deal" not in schema.entities


def test_publishing_a_draft_that_renames_its_own_entity_works(session_as, engine):
    session = session_as("admin")
    draft = service.open_draft(session)
    for document in rename_document(session.workspace.schema.documents, "entity", "competitor", "rival"):
        former = "competitor" if (document.kind, document.name) == ("entity", "rival") else document.name
        draft = service.save_document(session, draft, document.kind, former, document.body)
    session.commit()
    assert {("entity", "competitor"), ("entity", "rival")} <= {(edit.kind, edit.name) for edit in draft.edits}
    service.publish_draft(session, draft, "Rivals")
    assert "rival" in get_workspace(engine).schema.entities and service.find_draft(session) is None
