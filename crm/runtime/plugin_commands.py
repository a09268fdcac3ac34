"""Take the commands of other packages out of `flask`, as `make setup` does.

`flask` loads the commands of every installed package before it looks for an app. Those of Flask-AppBuilder are half of
what `flask crm` would load, and they need an app of another kind than the one behind `flask crm`: none of them works.
Where packages were installed by hand, the commands stay until this module is run; `flask crm` only takes longer.
"""

from __future__ import annotations

import os
import sys
from configparser import ConfigParser
from importlib import metadata
from io import StringIO
from pathlib import Path

PACKAGES = ("Flask-AppBuilder", "Flask-Limiter")
GROUP = "flask.commands"
LISTED = "entry_points.txt"  # in the package's metadata: what it offers to other programs


def without_group(text: str, group: str) -> str:
    r"""Return a list of entry points without one group.

    >>> without_group("[flask.commands]\nfab = a:b\n\n[console_scripts]\nc = d:e\n", "flask.commands")
    '[console_scripts]\nc = d:e\n\n'
    """
    listed = ConfigParser(delimiters=("=",), interpolation=None)
    listed.optionxform = str  # type: ignore[assignment, method-assign]  # names keep their capitals
    listed.read_string(text)
    listed.remove_section(group)
    written = StringIO()
    listed.write(written)
    return written.getvalue()


def remove_commands(listed: Path) -> bool:
    """Take the commands out of a package's list; return whether there were any.

    The file is put in place of the old one and not written over: installers link it to the copy in their cache.
    """
    before = listed.read_text(encoding="utf-8")
    if f"[{GROUP}]" not in before:
        return False
    made = listed.with_name(f"{LISTED}.new")
    made.write_text(without_group(before, GROUP), encoding="utf-8")
    os.replace(made, listed)
    return True


def main() -> int:
    """Take the commands out of the packages of this environment; return the exit status."""
    for package in PACKAGES:
        for file in metadata.distribution(package).files or []:
            if file.name == LISTED:
                remove_commands(Path(str(file.locate())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
