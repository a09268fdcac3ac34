"""Documents sent as files: seen as changes first, taken whole or not at all, and overwriting nothing unseen."""

from __future__ import annotations

import io
import stat
import zipfile

import pytest

from crm.drafts import service, uploads
from crm.drafts.archive import read_files
from crm.entities.load import documents_from_json
from crm.errors import ConflictError, NotAllowedError, NotFoundError, SchemaError
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace

SEGMENT = "segment: {name}\nentity: customer\nif: [{{field: revenue, above: {above}}}]\n"


def packed(files: dict[str, str | bytes], **more: object) -> list[tuple[str, bytes]]:
    """Return files in one archive, as somebody sends it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return [("sent.zip", target.getvalue())]


def codes(files: list[tuple[str, bytes]]) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.file) for problem in read_files(files).problems]


def wicked_member(name: str, mode: int = 0) -> list[tuple[str, bytes]]:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        member = zipfile.ZipInfo(name)
        member.external_attr = mode << 16
        archive.writestr(member, "segment: x\n")
    return [("sent.zip", target.getvalue())]


def bomb(size: int) -> list[tuple[str, bytes]]:
    return packed({f"segments/s{place}.yaml": b"#" + b" " * size for place in range(12)})


def sealed() -> list[tuple[str, bytes]]:
    ((name, content),) = packed({"segments/x.yaml": "segment: x\n"})
    content = bytearray(content)
    content[6] |= 1  # the flag in the file's own header, and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return [(name, bytes(content))]


def damaged() -> list[tuple[str, bytes]]:
    ((name, content),) = packed({"segments/x.yaml": SEGMENT.format(name="x", above=1) * 20})
    start = content.index(b"yaml") + 4
    return [(name, content[:start] + bytes(20) + content[start + 20 :])]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([("sent.zip", b"PK\x03\x04 not really")], "draft.no_archive"),
        ([("sent.zip", b"")], "draft.no_archive"),
        ([], "draft.no_files"),
        (packed({"readme.md": "Hello"}), "draft.no_files"),
        (wicked_member("../../segments/x.yaml"), "draft.wicked_path"),
        (wicked_member("/etc/x.yaml"), "draft.wicked_path"),
        (wicked_member("C:\\x.yaml"), "draft.wicked_path"),
        (wicked_member("a\\..\\..\\x.yaml"), "draft.wicked_path"),
        (wicked_member("segments/x.yaml", stat.S_IFLNK | 0o777), "draft.wicked_path"),
        (bomb(1_900_000), "draft.unpacks_too_large"),
        (bomb(2_100_000), "schema.file_too_large"),
        (packed({f"{place}.txt": "" for place in range(2_001)}), "draft.too_many_files"),
        (sealed(), "draft.sealed_file"),
        (damaged(), "draft.broken_file"),
        (packed({"segments/x.yaml": "segment: x\nlabel: é".encode("latin-1")}), "schema.not_utf8"),
        (packed({"segments/x.yaml": "segment: x\nlabel: é".encode("utf-16")}), "schema.not_utf8"),
        (packed({"segments/y.yaml": "segment: x\n"}), "schema.file_name"),
        (packed({"segments/x.yaml": "segment: [x"}), "schema.not_yaml"),
        (packed({"segments/x.yaml": "segmnt: x"}), "schema.unknown_kind_near"),
        (packed({"segments/x.yaml": "segment: x\n", "a/segments/x.yaml": "segment: x\n"}), "schema.declared_twice"),
        ([("x.yaml", b"segment: x\n"), ("z.yaml", b"segment: x\n")], "schema.declared_twice"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused_with_its_reason(files, code):
    assert code in [found for found, _file in codes(files)]


def test_many_archives_have_no_more_room_than_one():
    archives = packed({f"segments/s{place}.yaml": "#" + "x" * 1_900_000 for place in range(5)}) * 3
    assert [file for code, file in codes(archives) if code == "draft.unpacks_too_large"] == ["sent.zip"]


def test_every_problem_of_every_file_is_told_at_once():
    found = codes(
        packed({"segments/a.yaml": "segment: [", "segments/b.yaml": b"\xff", "../c.yaml": "segment: c\n"})
    )
    assert [file for _code, file in found] == ["../c.yaml", "segments/a.yaml", "segments/b.yaml"]


def test_what_is_no_document_is_left_out_and_said():
    sent = read_files(
        packed({"schemas/segments/x.yaml": "segment: x\n", "readme.md": "", "__MACOSX/._x.yaml": b"\0"})
    )
    assert sent.problems == () and [document.name for document in sent.documents] == ["x"]
    assert sent.left_out == ("readme.md", "__MACOSX/._x.yaml")


@pytest.fixture
def admin(session_as):
    return session_as("admin")


def send(session, files, is_whole=False):
    """Send files; return what they would change by name: (state, replaces, is_old)."""
    uploads.keep_upload(session, read_files(files), is_whole)
    found = uploads.changes_of(session, uploads.find_upload(session))
    return {one.name: (one.state, one.replaces, one.is_old) for one in found if one.state != "unchanged"}


def segment(name: str, above: int = 3) -> tuple[str, str]:
    return f"segments/{name}.yaml", SEGMENT.format(name=name, above=above)


def test_nothing_is_in_the_draft_before_it_is_taken(admin):
    assert send(admin, packed(dict([segment("new_one"), segment("large_customers")]))) == {
        "new_one": ("added", False, False),
        "large_customers": ("changed", False, False),
    }
    assert service.find_draft(admin) is None
    draft = uploads.take_upload(admin, None)
    assert {edit.name for edit in draft.edits} == {"new_one", "large_customers"}
    assert service.propose(admin, draft)[1] == [] and uploads.find_upload(admin) is None
    with pytest.raises(NotFoundError):
        uploads.take_upload(admin, None)


def test_files_with_one_problem_are_not_taken_even_in_part(admin):
    with pytest.raises(SchemaError) as refused:
        send(admin, packed(dict([segment("new_one"), ("segments/x.yaml", "segment: [")])))
    assert [problem.file for problem in refused.value.problems] == ["segments/x.yaml"]
    assert uploads.find_upload(admin) is None and service.find_draft(admin) is None


def test_what_was_downloaded_and_sent_back_changes_nothing(admin):
    files = [("all.zip", uploads.pack_draft(admin, None))]
    assert send(admin, files, is_whole=True) == {}
    assert uploads.take_upload(admin, None).edits == ()


def test_a_change_that_the_draft_holds_is_not_replaced_unseen(admin):
    service.edit_document(admin, "segment", "large_customers", lambda body: {**body, "label": "Big"})
    assert send(admin, packed(dict([segment("large_customers")]))) == {
        "large_customers": ("changed", True, False)
    }


def test_a_draft_that_moved_on_since_the_preview_is_not_overwritten(admin):
    draft = service.edit_document(admin, "segment", "large_customers", lambda body: {**body, "label": "Big"})
    send(admin, packed(dict([segment("large_customers")])))
    service.edit_document(admin, "segment", "champions", lambda body: {**body, "label": "Best"})
    with pytest.raises(ConflictError):
        uploads.take_upload(admin, draft.version)
    assert service.find_draft(admin).find_edit("segment", "large_customers").body["label"] == "Big"


def test_documents_that_were_not_sent_go_only_when_that_was_said(admin):
    assert send(admin, packed(dict([segment("new_one")]))) == {"new_one": ("added", False, False)}
    found = send(admin, packed(dict([segment("new_one")])), is_whole=True)
    assert found["champions"] == ("removed", False, False) and found["deal"] == ("removed", False, False)


def test_what_somebody_published_meanwhile_is_kept_or_asked_about(admin, engine):
    ((name, content),) = [("all.zip", uploads.pack_draft(admin, None))]
    _publish_labels(engine, "large_customers", "champions", "at_risk")
    later = get_session_after_publish(admin, engine)
    files = _with_files(content, dict([segment("large_customers"), segment("new_one")]))
    assert send(later, [(name, files)]) == {
        "new_one": ("added", False, False),
        "large_customers": ("changed", False, True),
    }
    draft = uploads.take_upload(later, None)
    assert [clash.name for clash in service.clashes_of(later, draft)] == ["large_customers"]


def _publish_labels(engine, *names: str) -> None:
    bodies = [dict(document.body) for document in get_workspace(engine).schema.documents]
    for body in bodies:
        if body.get("segment") in names:
            body["label"] = "Published meanwhile"
    publish_schema(engine, documents_from_json(bodies), "Labels", "colleague")


def get_session_after_publish(session, engine):
    session.commit()
    session.workspace = get_workspace(engine)
    return session


def _with_files(content: bytes, files: dict[str, str]) -> bytes:
    """Return an archive with some files written anew, as unpacking, editing and packing does."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        known = {name: archive.read(name) for name in archive.namelist()}
    return packed({**known, **files})[0][1]


def test_a_revision_of_another_house_is_not_taken_for_ours(admin):
    files = packed({"revision.txt": f"{admin.workspace.number} {'0' * 32}\n", **dict([segment("new_one")])})
    uploads.keep_upload(admin, read_files(files), False)
    assert uploads.find_upload(admin)["base"] == admin.workspace.number


@pytest.mark.parametrize("text", ["", "x", "9" * 30, "-1 x", "0 0"])
def test_a_strange_revision_file_is_no_reason_to_stumble(admin, text):
    assert send(admin, packed({"revision.txt": text, **dict([segment("new_one")])})) == {
        "new_one": ("added", False, False)
    }


def test_only_those_who_configure_send_files(session_as):
    with pytest.raises(NotAllowedError):
        uploads.keep_upload(session_as("sales"), read_files(packed(dict([segment("x")]))), False)
