"""The check for known vulnerabilities says what it looked at."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "audit_report.py"
SOUND: dict[str, Any] = {"name": "rich", "version": "15.0", "vulns": []}
SKIPPED = {"name": "torch", "skip_reason": "torch (2.14.1+cpu) is not in the list"}
HOLED = SOUND | {"name": "pillow", "vulns": [{"id": "CVE-1", "fix_versions": ["13.1"]}]}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([SOUND], 0, ["checked for known vulnerabilities: 1; skipped: 0."]),
        ([SOUND, SKIPPED], 0, ["torch (2.14.1+cpu) is not", "skipped: 1.", "NOT CHECKED: torch."]),
        ([SKIPPED], 0, ["checked for known vulnerabilities: 0; skipped: 1.", "SKIPPED: nothing"]),
        ([HOLED, SKIPPED], 1, ["VULNERABLE: pillow 15.0: CVE-1; fixed: 13.1", "NOT CHECKED"]),
        (None, 0, ["SKIPPED: nothing was checked; the list of vulnerabilities cannot be reached."]),
    ],
)
def test_the_audit_says_what_was_checked_and_what_was_not(
    tmp_path: Path, packages: list[dict[str, Any]] | None, code: int, said: list[str]
) -> None:
    report = tmp_path / "report.json"
    report.write_text("" if packages is None else json.dumps({"dependencies": packages}))
    done = subprocess.run([sys.executable, SCRIPT, report], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (code, "")
    assert all(words in done.stdout for words in said), done.stdout
    assert ("NOT CHECKED" in done.stdout or "SKIPPED" in done.stdout) == (packages != [SOUND])
