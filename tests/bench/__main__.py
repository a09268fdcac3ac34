"""`make bench`: run all workloads, or those that are named."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.bench import import_xlsx, list_page, publish, rule_events, save_with_rule, search
from tests.bench.measure import note

WORKLOADS: dict[str, Callable[[], None]] = {
    "import_xlsx": import_xlsx.run,
    "list_page": list_page.run,
    "publish": publish.run,
    "search": search.run,
    "rule_events": rule_events.run,
    "save_with_rule": save_with_rule.run,
}


def main(names: list[str]) -> int:
    """Run the workloads and return the exit status."""
    unknown = [name for name in names if name not in WORKLOADS]
    if unknown:
        note(f"There is no workload {', '.join(unknown)}. There are: {', '.join(WORKLOADS)}.")
        return 2
    for name in names or WORKLOADS:
        WORKLOADS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
