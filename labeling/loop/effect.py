"""The effect of a change, shown before it is made."""

from dataclasses import dataclass

from labeling.wording import listed


@dataclass(frozen=True)
class Effect:
    """The effect of a change, in sentences; `certificates` become void by it."""

    sentences: tuple[str, ...]
    labels: int = 0
    certificates: tuple[int, ...] = ()


def voided(certificates: tuple[int, ...]) -> str:
    if not certificates:
        return ""
    become = "becomes" if len(certificates) == 1 else "become"
    return f"{certificate_names([str(key) for key in certificates])} {become} void."


def certificate_names(keys: list[str]) -> str:
    return f"Certificate{'' if len(keys) == 1 else 's'} {listed(keys)}"
