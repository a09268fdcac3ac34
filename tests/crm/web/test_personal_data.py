"""`personal: true` is seen where rights are given, said to programs, and logged when it leaves the house."""

from __future__ import annotations

from tests.factories import make_customer


def test_personal_data_is_marked_where_fields_and_rights_are_shown(client):
    admin = client("admin")
    for path in ("/admin/schema/contact/", "/admin/roles/sales/"):
        assert admin.get(path).text.count(">Personal data<") >= 3, path
    asked = admin.get("/api/v1/contact/_info").json["fields"]
    assert {one["name"] for one in asked if one["personal"]} >= {"name", "email", "phone"}
    assert '"x-personal":true' in admin.get("/api/v1/_openapi").text.replace(" ", "")


def test_the_log_says_who_exported_personal_data_and_never_the_data(client, session, caplog):
    make_customer(session, name="Acme", email="secret@example.org")
    session.commit()
    with caplog.at_level("INFO", "crm.reports.tables"):
        assert client("admin").get("/export/customer?format=csv").status_code == 200
        assert client("admin").get("/export/product?format=csv").status_code == 200
    (line,) = [record.getMessage() for record in caplog.records if record.name == "crm.reports.tables"]
    assert line.startswith("admin exported ") and "customer" in line and "email" in line
    assert "secret" not in line
