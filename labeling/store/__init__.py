"""All SQL of Hone: facts in tables; queries derive everything else."""

from labeling.store.answers import Answer, NewAnswer, Told
from labeling.store.certificates import Certificate, Draw
from labeling.store.classes import LabelClass
from labeling.store.history import Moment, Taken
from labeling.store.leases import Offer
from labeling.store.location import is_project, lost_reason, move_in, open_store, set_aside
from labeling.store.log import Entry
from labeling.store.people import Member, Role
from labeling.store.rounds import RoundRecord
from labeling.store.samples import Sample
from labeling.store.sql.revisions import Pulse
from labeling.store.store import Store

__all__ = [
    "Answer",
    "Certificate",
    "Draw",
    "Entry",
    "LabelClass",
    "Member",
    "Moment",
    "NewAnswer",
    "Offer",
    "Pulse",
    "Role",
    "RoundRecord",
    "Sample",
    "Store",
    "Taken",
    "Told",
    "is_project",
    "lost_reason",
    "move_in",
    "open_store",
    "set_aside",
]
