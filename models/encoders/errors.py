"""What can be wrong with a backbone."""


class BackboneError(Exception):
    """A backbone cannot be used as asked."""


class UnknownBackboneError(BackboneError):
    """No catalogue entry and no timm model has this name."""


class UnknownFeaturesError(BackboneError):
    """The network has no such output."""


class BackboneNotFoundError(BackboneError):
    """A folder or file of weights is not where it should be."""


class DamagedWeightsError(BackboneError):
    """A file of weights is there but cannot be used."""


class EmbeddingError(BackboneError):
    """A backbone gave values that are not finite."""
