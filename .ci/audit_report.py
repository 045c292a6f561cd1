"""Says in words what a report of pip-audit found, and what it did not look at."""

import json
import sys
from pathlib import Path
from typing import Any


def judged(report: dict[str, Any] | None) -> tuple[list[str], int]:
    """The lines to show and the exit code: 1 for a known vulnerability. No report is None."""
    if report is None:
        return ["SKIPPED: nothing was checked; the list of vulnerabilities cannot be reached."], 0
    packages = report["dependencies"]
    skipped = [one for one in packages if "skip_reason" in one]
    lines = []
    for one in packages:
        for found in one.get("vulns", ()):
            mend = ", ".join(found.get("fix_versions", ())) or "none yet"
            lines.append(
                f"VULNERABLE: {one['name']} {one['version']}: {found['id']}; fixed: {mend}"
            )
    code = int(bool(lines))
    lines += [f"skipped: {one['name']}: {one['skip_reason']}" for one in skipped]
    checked = len(packages) - len(skipped)
    lines.append(f"Packages checked for known vulnerabilities: {checked}; skipped: {len(skipped)}.")
    if not checked:
        lines.append("SKIPPED: nothing was checked; the list answered for none of these packages.")
    elif skipped:
        lines.append(f"NOT CHECKED: {', '.join(one['name'] for one in skipped)}.")
    return lines, code


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_text("utf-8")
    said, exit_code = judged(json.loads(text) if text else None)
    print(*said, sep="\n")
    sys.exit(exit_code)
