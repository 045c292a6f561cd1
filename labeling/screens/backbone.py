"""The pretrained model's part of the Setup screen: the list, the speeds, the comparison."""

from functools import cache, partial

import pandas as pd
import streamlit as st

from labeling.embedding.progress import Progress
from labeling.embedding.speeds import decoding_seconds, pool_seconds
from labeling.evidence.trial_report import basis, verdict
from labeling.evidence.trials import SAMPLE, Trial, called
from labeling.loop.session import Session
from labeling.screens.shell import attempt, refreshed, show_table
from labeling.store import Role
from labeling.wording import duration, plain
from labeling.workspace import WORKSPACE
from models.encoders.catalogue import BUNDLED, catalogue, suggest
from models.encoders.families import FAMILIES

OTHER = "another model, folder or checkpoint …"


def show(session: Session) -> None:
    """Everything about the project's pretrained model."""
    st.subheader("Pretrained model")
    refreshed(session, _embedding, 1 if session.ingest.busy else None, Role.OWNER)
    _recommended(session)
    medium = session.project.source.medium
    names = encoder_options(medium)
    with st.expander(f"All {len(names)} pretrained models, from fast to strong"):
        measured = all(
            WORKSPACE.speeds.rate(medium, name) or (medium, name) in WORKSPACE.speeds.problems
            for name in names
        )
        refreshed(session, _catalogue, None if measured else 2, Role.OWNER)
        _choose(session)
    on_trial = any(_runs(trial) for trial in WORKSPACE.trials(session).all())
    refreshed(session, _on_trial, 1 if on_trial else None, Role.OWNER)
    _candidates(session)


def _embedding(session: Session) -> None:
    """Which pretrained model is used and why, and the number of prepared images."""
    state = session.ingest.state
    st.markdown(state.why or ("It is being loaded …" if session.ingest.busy else "None is loaded."))
    if state.stage == "loading" and state.bytes_total:
        st.progress(
            min(1.0, state.bytes_done / state.bytes_total),
            f"{state.bytes_done / 1e6:.1f} of {state.bytes_total / 1e6:.1f} MB downloaded",
        )
    if state.stage == "embedding" and state.total:
        _bar(state)


def _bar(job: Progress) -> None:
    left = "" if job.seconds_left is None else f", {duration(job.seconds_left)} left"
    text = f"{job.done:,} of {job.total:,} prepared, {job.rate:.0f} a second{left}"
    st.progress(min(1.0, job.done / max(1, job.total)), text)


def _recommended(session: Session) -> None:
    """One recommendation, and the button that follows it."""
    from models.encoders.device import pick_device

    medium = session.project.source.medium
    name, why = suggest(pick_device(), session.status().total, medium)
    current = session.project.settings().backbone or BUNDLED
    about = f"{name}, good for {catalogue(medium)[name].words}. It is {why}."
    if name == current:
        st.success(f"You use the recommended one, {plain(about)}", icon=":material/recommend:")
        return
    st.info(f"Recommended here is {plain(about)}", icon=":material/recommend:")
    trials = [one.name for one in WORKSPACE.trials(session).all()]
    if name not in trials and st.button(f"Prepare with {name}", icon=":material/recommend:"):
        attempt(lambda: _begin(session, name, "pooled"))


# -- the list ----------------------------------------------------------------------------------


def _catalogue(session: Session) -> None:
    """The list, from fast to strong, with the speed on this machine."""
    medium = session.project.source.medium
    if session.ingest.state.stage == "done":  # measured while embedding, both would be too slow
        WORKSPACE.speeds.measure(medium, catalogue(medium))
    samples, many = session.status().total, session.project.medium.many
    decoding = _decoding(session)
    rows = []
    for name, entry in catalogue(medium).items():
        rate = WORKSPACE.speeds.rate(medium, name)
        rows.append(
            {
                "pretrained model": name,
                f"{many}/s here": "…"
                if rate is None
                else f"{rate:,.0f}"
                if rate >= 10
                else f"{rate:.1f}",
                f"your {many} take": "…"
                if rate is None
                else duration(pool_seconds(samples, rate, decoding)),
                "good for": entry.words,
                "million parameters": entry.params_m,
                "numbers": entry.dim,
                session.project.medium.measure: entry.input_size,
                **({"languages": entry.languages} if entry.languages else {}),
                "trained on": entry.pretraining,
                "licence": entry.licence,
            }
        )
    show_table(pd.DataFrame(rows))
    if WORKSPACE.speeds.busy:
        st.caption("Measuring the speeds, two seconds each …")
    for (of, name), problem in WORKSPACE.speeds.problems.items():
        if of == medium:
            st.caption(plain(f"{name} cannot be timed: {problem}"))


def _decoding(session: Session) -> float:
    """Seconds to decode one sample, measured once for each visit."""
    key = f"decoding-{session.project.key}"
    if key not in st.session_state:
        st.session_state[key] = decoding_seconds(session.project)
    return float(st.session_state[key])


def encoder_options(medium: str) -> list[str]:
    """The names of the pretrained models to choose from."""
    return list(catalogue(medium))


# -- choosing another --------------------------------------------------------------------------


def _choose(session: Session) -> None:
    settings, medium = session.project.settings(), session.project.source.medium
    current = settings.backbone or BUNDLED
    names, family = [*encoder_options(medium), OTHER], FAMILIES[medium]
    chosen = st.selectbox(
        "Use", names, index=names.index(current) if current in names else len(names) - 1
    )
    if chosen == OTHER:
        chosen = st.text_input(
            "Name, folder or checkpoint",
            "" if current in names else current,
            placeholder=family.example,
            help=family.how,
        ).strip()
    if not chosen:
        return
    parts, problem = _parts(medium, chosen)
    kept = [part for part in settings.features.split("+") if part in parts]
    features = st.multiselect(
        "Features",
        parts,
        kept if chosen == current and kept else parts[:1],
        help="“pooled” is the network's usual output. Earlier blocks suit samples "
        "that differ from those it was trained on; several are joined.",
    )
    if problem:
        st.caption(problem)
    wanted = "+".join(features) or "pooled"
    if (chosen, wanted) == (current, settings.features):
        return
    st.caption("All is prepared in the background while you go on labeling; every label stays.")
    if st.button("Prepare with this pretrained model"):
        attempt(lambda: _begin(session, chosen, wanted))


@cache
def _parts(medium: str, name: str) -> tuple[list[str], str]:
    """The features that a network offers, or the reason why they are unknown."""
    try:
        return list(FAMILIES[medium].features_of(name)), ""
    except Exception as error:  # trying the network reports it again, in full
        return ["pooled"], str(error)


def _begin(session: Session, backbone: str, features: str) -> None:
    WORKSPACE.trials(session).request(backbone, features, whole=True)
    session.project.change(next_backbone=backbone, next_features=features)
    st.rerun()


def _switch(session: Session, trial: Trial) -> None:
    """Switch to it: everything is prepared, so the next round takes only seconds."""
    session.project.change(
        backbone=trial.backbone,
        features=trial.features,
        next_backbone=None,
        next_features="pooled",
        pinned_round=None,  # its head belongs to the previous backbone
    )
    WORKSPACE.reopen(session)
    st.rerun(scope="app")


def _discard(session: Session, trial: Trial) -> None:
    WORKSPACE.trials(session).forget(trial.name)
    settings = session.project.settings()
    if (settings.next_backbone, settings.next_features) == (trial.backbone, trial.features):
        session.project.change(next_backbone=None, next_features="pooled")
    st.rerun(scope="app")


# -- on trial ----------------------------------------------------------------------------------


def _on_trial(session: Session) -> None:
    """What runs in the background, and how finished trials compare on the labels so far."""
    trials = WORKSPACE.trials(session).all()
    if not trials:
        return
    for trial in trials:
        if trial.error:
            known = trial.error.startswith(trial.name)
            st.error(
                plain(trial.error if known else f"{trial.name}: {trial.error}"),
                icon=":material/error:",
            )
        elif _runs(trial):
            st.markdown(f"**{plain(trial.name)}** is {_doing(trial)}")
            if trial.total:
                _bar(trial)
    _verdicts(session, trials)
    for trial in trials:
        with st.container(horizontal=True):
            if trial.whole and trial.stage in ("embedding", "done"):
                label = f"Use {plain(trial.name)}{'' if trial.stage == 'done' else ' at once'}"
                if st.button(label, icon=":material/swap_horiz:"):
                    _switch(session, trial)
            elif trial.stage == "done" and st.button(f"Prepare all with {plain(trial.name)}"):
                attempt(partial(_begin, session, trial.backbone, trial.features))
            if not _runs(trial) and st.button(f"Dismiss {plain(trial.name)}"):
                _discard(session, trial)


def _verdicts(session: Session, trials: list[Trial]) -> None:
    compared = WORKSPACE.trials(session).compare()
    if compared is None:
        if any(trial.stage == "done" for trial in trials):
            st.info("There are no labels of two classes yet to compare them.")
        return
    samples, medium = session.status().total, session.project.source.medium
    by_name = {trial.name: trial for trial in trials}
    for standing in compared.standings:
        if standing.name in by_name:
            trial = by_name[standing.name]
            rate = WORKSPACE.speeds.rate(medium, trial.backbone) or trial.rate
            left = 0 if trial.whole and trial.stage == "done" else samples - trial.done
            st.markdown(verdict(standing, compared, left / rate if rate else None))
    rows = [(one.name, f"{100 * one.accuracy:.1f}%") for one in compared.standings]
    show_table(pd.DataFrame(rows, columns=["best first", "right"]))
    st.caption(basis(compared))


def _candidates(session: Session) -> None:
    """Try several pretrained models on these images."""
    settings = session.project.settings()
    current = called(settings.backbone, settings.features)
    with st.expander(f"Which pretrained model suits my {session.project.medium.many}?"):
        st.caption(
            f"Prepares {SAMPLE:,} {session.project.medium.many} with each of them in the "
            "background, your labeled ones first, and compares them on your labels."
        )
        names = [name for name in encoder_options(session.project.source.medium) if name != current]
        chosen = st.multiselect("Candidates", names, names[:2])
        if st.button("Try them", disabled=not chosen):
            attempt(lambda: _try(session, chosen))


def _try(session: Session, names: list[str]) -> None:
    for name in names:
        WORKSPACE.trials(session).request(name)
    st.rerun()


def _runs(trial: Trial) -> bool:
    return trial.stage in ("waiting", "loading", "embedding")


def _doing(trial: Trial) -> str:
    if trial.stage == "waiting":
        return f"waiting for its turn. {plain(trial.note)}"
    if trial.stage == "loading":
        return f"being loaded. {plain(trial.note)}"
    return f"preparing in the background. {plain(trial.note)}"
