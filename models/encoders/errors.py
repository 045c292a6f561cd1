"""Errors about a backbone."""


class BackboneError(Exception):
    """The backbone cannot be used as requested."""


class UnknownBackboneError(BackboneError):
    """No catalogue entry and no timm model has this name."""


class UnknownFeaturesError(BackboneError):
    """The network has no such output."""


class BackboneNotFoundError(BackboneError):
    """A folder or file of weights does not exist."""


class DamagedWeightsError(BackboneError):
    """A file of weights exists but cannot be used."""


class EmbeddingError(BackboneError):
    """A backbone gave values that are not finite."""
