"""What a new document of each kind begins with: the keys it needs, with a word on each."""

from __future__ import annotations

from collections.abc import Mapping

SKELETONS: Mapping[str, str] = {
    "entity": """entity: my_entity          # lower case, used in addresses and conditions
label: {en: Thing, el: "", ro: "", he: ""}
plural: {en: Things, el: "", ro: "", he: ""}
icon: folder               # a Tabler icon
title: "{name}"            # how a record is called
fields:
  name:
    type: text
    label: {en: Name, el: "", ro: "", he: ""}
    required: true
    search: true
list: {columns: [name], sort: [name]}
""",
    "segment": """segment: my_segment
entity: my_entity          # whose records it selects
label: {en: New this month, el: "", ro: "", he: ""}
if:                        # all of these lines
  - {field: created_at, within_last: 30 days}
""",
    "role": """role: my_role
label: {en: My role, el: "", ro: "", he: ""}
entities:
  my_entity:
    can: [read, create, update]       # also delete, import, export
    records: [{field: created_by, is: me}]   # absent: every record
reports: []
admin: false               # true: may configure
""",
    "report": """report: my_report
entity: my_entity
label: {en: Things by month, el: "", ro: "", he: ""}
group_by: [{month: created_at}]
measures:
  count: {count: true}
chart: {kind: bar, x: created_at, y: count}
""",
    "dashboard": """dashboard: my_dashboard
label: {en: My dashboard, el: "", ro: "", he: ""}
cards:
  - report: my_report
""",
    "business_calendar": """business_calendar: office
label: {en: Office, el: "", ro: "", he: ""}
default: true
hours:
  monday: "09:00-17:00"        # or several: ["09:00-13:00", "14:00-18:00"]
  tuesday: "09:00-17:00"
  wednesday: "09:00-17:00"
  thursday: "09:00-17:00"
  friday: "09:00-17:00"
holidays: GR                   # also RO, IL
days_off: [2026-12-24]
""",
    "template": """template: my_template
label: {en: My message, el: "", ro: "", he: ""}
entity: my_entity          # whose names may stand in braces
subject: {en: "About {name}", el: "", ro: "", he: ""}
body:
  en: |
    Good day,

    this is about **{name}**.
""",
    "rule": """rule: my_rule
label: {en: Tell the owner, el: "", ro: "", he: ""}
entity: my_entity
enabled: true
when: record_created       # or {changed: [name]}, every_hour, {every_day_at: "08:00"}
if: []                     # all of these lines must hold
then:
  - notify: {to: {role: my_role}, text: {en: "{name} is new."}}
""",
}
