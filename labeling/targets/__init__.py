"""What an answer says. A new target is one module here and one entry below."""

from labeling.targets.one_class import OneClass

ONE_CLASS = OneClass()
TARGETS = {"one_class": ONE_CLASS}
