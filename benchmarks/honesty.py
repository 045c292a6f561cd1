"""Whether Hone's figures are true: simulated sessions, compared with the app's figures.

    python -m benchmarks.honesty [--seeds 20] [--labels 300] [--sets emoji digits] [--cache FOLDER]
                                 [--accuracy-only]

Sessions of the default query and of the one with known chances label several pools from zero,
with a tenth of blind checks. Three pools are imbalanced (easy, medium and hard), and one pool's
embeddings are noise. After 50, 100, 200 and 300 labels these are compared with the truth: each
estimate of the accuracy and its interval, also those of other tools; certificates of barely false
claims; certified acceptance; forecasts; the anchoring meter; and the ranking of planted label
errors. Prints tables, and writes honesty.json to benchmarks/pictures/. Sessions are kept in the
cache, and so are answers of the same code, so an interrupted run can continue.
`benchmarks.intervals` judges the intervals alone, on thousands of sessions.
"""

import argparse
import hashlib
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.honesty_checks import (
    Fact,
    acceptances,
    certificates,
    estimates,
    forecasts,
    moments,
    planted,
)
from benchmarks.honesty_sessions import HOPELESS, Played, hopeless, play, skewed
from benchmarks.sets import SETS, EmbeddedSet, embed, find
from labeling.simulation.replay import pin_threads

ROOT = Path(__file__).parents[1]
PICTURES = Path(__file__).parent / "pictures"
QUERIES = ("uncertainty_herding", "power_margin")
SIZES = (50, 100, 200, 300)
FORECAST_AT = (170, 210)
# Imbalanced pools made of others: their largest class to their smallest, and noise.
SKEWED = {
    "digits-skewed": ("digits", 20.0, 0.0),
    "cifar10-skewed": ("cifar10-8k", 100.0, 0.0),
    "hard-skewed": ("cifar10-8k", 20.0, 4.0),
}


def sets(given: argparse.Namespace) -> dict[str, EmbeddedSet]:
    """The available image sets, embedded, and the made ones."""
    found: dict[str, EmbeddedSet] = {}
    for name, pool in find(tuple(given.sets), given.shared, given.cache):
        file = given.cache / f"{name}.npz"
        if file.exists():
            found[name] = EmbeddedSet.read(file)
        elif pool is not None:
            found[name] = embed(name, pool, given.cache)
            found[name].write(file)
    like = max(found.values(), key=lambda one: one.classes)
    for name, (source, ratio, noise) in SKEWED.items():
        if source in found:
            found[name] = skewed(found[source], name, ratio, noise)
    found[HOPELESS] = hopeless(like, np.random.default_rng(0))
    return found


def facts_of(images: EmbeddedSet, played: Played, accuracy_only: bool) -> list[Fact]:
    """All checks of one session, or only those of the accuracy."""
    rng, facts = np.random.default_rng([played.seed, 3]), list[Fact]()
    for moment in moments(images, played, SIZES):
        facts += estimates(moment)
        if moment.size >= 100 and not accuracy_only:
            facts += certificates(moment, rng)
            facts += acceptances(moment, rng)
            facts += planted(moment, rng)
    for moment in moments(images, played, () if accuracy_only else FORECAST_AT):
        facts += forecasts(moment, rng)
    return facts


def code() -> str:
    """A digest of the code that is judged: answers of different code must not mix."""
    digest = hashlib.sha256()
    for file in sorted((ROOT / "models" / "evidence").glob("*.py")):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def gather(given: argparse.Namespace) -> list[Fact]:
    """Play and judge all sessions, one after another, on one thread."""
    pin_threads()
    given.cache.mkdir(parents=True, exist_ok=True)
    found, facts, begin = sets(given), list[Fact](), time.monotonic()
    kind = f"{'accuracy' if given.accuracy_only else 'facts'}-{code()}"
    for seed in range(given.seeds):
        for name, images in found.items():
            for query in QUERIES:
                file = Played.file(given.cache, name, query, seed)
                if not file.exists():
                    play(images, query, seed, given.labels).write(given.cache)
                kept = file.with_suffix(f".{kind}.json")
                if not kept.exists():
                    told = facts_of(images, Played.read(file), given.accuracy_only)
                    kept.write_text(json.dumps(told, default=float), encoding="utf-8")
                facts += json.loads(kept.read_text(encoding="utf-8"))
        print(f"seed {seed}: {time.monotonic() - begin:.0f} s", flush=True)
    return facts


# -- tables --------------------------------------------------------------------------------------


def summary(facts: list[Fact]) -> dict[str, Any]:
    """The summary of all sessions."""
    pools = sorted({fact["images"] for fact in facts})

    def of(what: str, **known: str) -> list[Fact]:
        wanted = {"what": what, **known}
        return [fact for fact in facts if all(fact.get(k) == v for k, v in wanted.items())]

    def per_pool(what: str, key: str) -> dict[str, Any]:
        found = {pool: _share(f[key] for f in of(what, images=pool)) for pool in ("all", *pools)}
        found["all"] = _share(f[key] for f in of(what))
        return {pool: share for pool, share in found.items() if share is not None}

    for fact in of("forecast"):
        fact["open"] = not np.isfinite(fact["high"])
    return {
        "sessions": len({(f["images"], f["query"], f["seed"]) for f in facts}),
        "estimates": _by_name(of("estimate"), pools),
        "certificates": per_pool("certificate", "violated"),
        "acceptance": {
            "violated": per_pool("acceptance", "violated"),
            "pools": [_acceptance(of("acceptance", images=pool), pool) for pool in pools],
        },
        "forecast": {
            "held": per_pool("forecast", "held"),
            "open above": per_pool("forecast", "open"),
            "a far target told to be out of reach": per_pool("far target", "told_never"),
        },
        "anchoring": {
            name: _share(f["detected"] for f in of("anchoring", name=name))
            for name in ("unbiased", "swayed")
        },
        "flipped": {
            pool: {
                key: _mean(f[key] for f in of("flipped", images=pool))
                for key in ("recall", "recall_twice", "random")
            }
            for pool in pools
        },
    }


def _by_name(facts: list[Fact], pools: list[str]) -> list[dict[str, Any]]:
    rows = []
    for name in dict.fromkeys(fact["name"] for fact in facts):
        for pool in ("all", *pools):
            mine = [f for f in facts if f["name"] == name and pool in ("all", f["images"])]
            if not mine:
                continue
            errors = np.array([f["error"] for f in mine])
            held = [f["low"] - 1e-9 <= f["truth"] <= f["high"] + 1e-9 for f in mine]
            rows.append(
                {
                    "name": name,
                    "pool": pool,
                    "runs": len(mine),
                    "bias": float(errors.mean()),
                    "rmse": float(np.sqrt((errors**2).mean())),
                    "coverage": float(np.mean(held)),
                    "error": _error(float(np.mean(held)), len(mine)),
                    "width": float(np.mean([f["high"] - f["low"] for f in mine])),
                }
            )
    return rows


def _acceptance(facts: list[Fact], pool: str) -> dict[str, Any]:
    passed = [fact for fact in facts if fact["draws"] is not None]
    return {
        "pool": pool,
        "audits": len(facts),
        "passed": len(passed),
        "violated": sum(fact["violated"] for fact in facts),
        "accepted share of the pool": _mean((f["size"] - f["draws"]) / f["pool"] for f in passed),
        "accepted for each check": _mean((f["size"] - f["draws"]) / f["draws"] for f in passed),
    }


def _mean(values: Iterable[Any]) -> float | None:
    found = [float(value) for value in values]
    return float(np.mean(found)) if found else None


def _share(values: Iterable[Any]) -> dict[str, float] | None:
    """A share with half of its 95 % interval, and the number of cases."""
    found = [bool(value) for value in values]
    if not found:
        return None
    share = float(np.mean(found))
    return {"share": share, "error": _error(share, len(found)), "of": len(found)}


def _error(share: float, n: int) -> float:
    return float(1.96 * np.sqrt(share * (1 - share) / n))


def show(result: dict[str, Any], console: Console, accuracy_only: bool) -> None:
    """Print the summary."""
    table = Table(title=f"Estimates of the accuracy, {result['sessions']} sessions, points")
    for name in ("estimate", "pool", "runs", "bias", "RMSE", "95 % held, %", "width"):
        table.add_column(name, justify="left" if name in ("estimate", "pool") else "right")
    for row in result["estimates"]:
        table.add_row(
            row["name"],
            row["pool"],
            str(row["runs"]),
            f"{100 * row['bias']:+.1f}",
            f"{100 * row['rmse']:.1f}",
            f"{100 * row['coverage']:.1f} ± {100 * row['error']:.1f}",
            f"{100 * row['width']:.0f}",
            end_section=row["pool"] == "sign-digits",
        )
    console.print(table)
    others = ("certificates", "acceptance", "forecast", "anchoring", "flipped")
    for name in () if accuracy_only else others:
        console.print(name, style="bold")
        console.print_json(json.dumps(result[name]))


def main() -> None:
    """Play, judge, print, write."""
    parser = argparse.ArgumentParser(description="Whether Hone's figures are true.")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--labels", type=int, default=300)
    parser.add_argument("--accuracy-only", action="store_true", help="judge only its estimates")
    parser.add_argument("--cache", type=Path, default=ROOT / ".hone" / "honesty")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    given = parser.parse_args()
    result = summary(gather(given))
    show(result, Console(width=110), given.accuracy_only)
    _write(result, PICTURES / "honesty.json", given.accuracy_only)


def _write(result: dict[str, Any], file: Path, accuracy_only: bool) -> None:
    """Write the summary; with the accuracy only, the other figures of the file stay."""
    if accuracy_only:
        kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        estimates = {"estimates": result["estimates"], "estimated sessions": result["sessions"]}
        result = kept | estimates
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
