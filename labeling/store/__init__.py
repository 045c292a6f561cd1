"""All SQL of Hone: facts in tables, everything else derived by queries."""

from labeling.store.answers import Answer, NewAnswer
from labeling.store.certificates import Certificate, Draw
from labeling.store.classes import LabelClass
from labeling.store.database import Store
from labeling.store.leases import Offer
from labeling.store.people import Member, Role
from labeling.store.place import is_project, move_in, open_store
from labeling.store.pulse import Pulse
from labeling.store.rounds import RoundRecord
from labeling.store.samples import Sample

__all__ = [
    "Answer",
    "Certificate",
    "Draw",
    "LabelClass",
    "Member",
    "NewAnswer",
    "Offer",
    "Pulse",
    "Role",
    "RoundRecord",
    "Sample",
    "Store",
    "is_project",
    "move_in",
    "open_store",
]
