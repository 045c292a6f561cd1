"""Labels ten images end to end with the packages at hand: a server, a model, an export."""

import csv
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "sample_data" / "emoji"
CLASSES = ("face", "food")
PATIENCE = 180.0  # seconds in which a server starts or a model is there


def main(folder: Path) -> None:
    """Copy ten images, label them over HTTP, wait for a model of all ten, read the export."""
    pool = folder / "pool"
    pool.mkdir()
    truth = {}
    with (SAMPLES / "labels.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["label"] in CLASSES]
    for name in CLASSES:
        for row in [row for row in rows if row["label"] == name][:5]:
            image = SAMPLES / row["path"]
            shutil.copy(image, pool)
            truth[image.name] = name
    (pool / "classes.txt").write_text("\n".join(CLASSES))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = {"HONE_HOME": str(folder / "home"), "HONE_POOL": str(pool), "HF_HUB_OFFLINE": "1"}
    environment = os.environ | home | {"HONE_PROJECT": str(folder / "project")}
    (folder / "home").mkdir(mode=0o700)
    options = ["--server.port", str(port), "--server.headless", "true"]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", *options],
            cwd=ROOT, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        label_all(f"http://127.0.0.1:{port}/api", truth, environment)
        found = exported(folder, environment)
        assert found == truth, f"exported {found} instead of {truth}"
    except BaseException:
        print((folder / "server.log").read_text(), file=sys.stderr)
        raise
    finally:
        server.terminate()
        server.wait(30)
    print(f"Labeled {len(truth)} images, with a model of all of them, and exported them.")


def label_all(api: str, truth: dict[str, str], environment: dict[str, str]) -> None:
    """Label every image over HTTP, and wait for the model that has learned from all of them."""

    def started() -> Any:
        try:
            return urlopen(f"{api}/health", timeout=5)
        except OSError:
            return None

    until(started, "a server that answers")
    token = hone("token", environment=environment).split()[-1]

    def call(route: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}"}
        with urlopen(Request(f"{api}/{route}", data, headers), timeout=60) as reply:
            return json.load(reply)

    classes = {one["name"]: one["id"] for one in call("status")["classes"]}

    def standing() -> Any:
        status = call("status")["status"]
        assert status["state"] != "failed" and not status["left_out"], f"it failed: {status}"
        return status

    until(lambda: standing()["ingest"]["done"] == len(truth), "embeddings of all images")
    left = dict(truth)
    while left:
        cards = call("next", {"holder": "ten", "count": len(left)})["cards"]
        assert cards, f"nothing to label, with {sorted(left)} left"
        answers = [
            {"kind": "label", "sample_id": card["sample_id"], "client_id": card["sample_id"],
             "class_id": classes[left.pop(Path(card["name"]).name)]}
            for card in cards
        ]  # fmt: skip
        call("answers", {"answers": answers})
    until(lambda: standing()["seen"] == len(truth), "a model of all labels")


def exported(folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """What the export in CSV says of every image."""
    hone("export", "csv", "--to", str(folder / "out"), environment=environment)
    with (folder / "out" / "labels.csv").open(encoding="utf-8-sig") as file:
        return {Path(row["path"]).name: row["label"] for row in csv.DictReader(file)}


def hone(*arguments: str, environment: dict[str, str]) -> str:
    """Run one command of Hone; what it prints."""
    command = [sys.executable, "-m", "labeling", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def until(condition: Any, what: str) -> None:
    """Wait for a condition, or say what did not come."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"no {what} within {PATIENCE:.0f} s")
        time.sleep(0.2)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="hone-ten-") as name:
        main(Path(name))
