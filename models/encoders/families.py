"""What differs between encoders of one medium and another: FAMILIES, with an entry for each.

What an entry names is imported when it is called: torch takes seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


def _of(place: str) -> Callable[..., Any]:
    """A function of a module that is imported with the first call."""
    module, _, name = place.rpartition(".")

    def call(*given: Any, **named: Any) -> Any:
        return getattr(import_module(f"models.{module}"), name)(*given, **named)

    return call


@dataclass(frozen=True)
class Family:
    """All that Hone needs to know of the encoders of a medium.

    Attributes
    ----------
    named : name -> Weights of a folder or a file; None if the name is no path.
    remote : name -> what lies on the hub under a name; raises UnknownBackboneError.
    load : (Weights, device, parts) -> Encoder.
    how, example : what may be named beside the catalogue, in words, and one such name.
    speed_of : (name, features, device) -> samples a second.
    features_of : name -> the features that it offers.
    usual_framing : () -> what most of its encoders see of a sample.
    plain_framing : () -> what `plain` needs of one.
    plain : framed samples -> features (n, E) that need no pretrained model.
    plain_words : what these are called on the screen.
    untrained : Encoder -> the same one with random weights.
    embed_untrained : (that one, framed samples) -> (n, D).
    evidence : (Encoder, linear head, centre, framed sample, class id) -> where it lies.
    """

    named: Callable[..., Any]
    remote: Callable[..., Any]
    load: Callable[..., Any]
    how: str
    example: str
    speed_of: Callable[..., float]
    features_of: Callable[..., tuple[str, ...]]
    usual_framing: Callable[[], Any]
    plain_framing: Callable[[], Any]
    plain: Callable[..., Any]
    plain_words: str
    untrained: Callable[..., Any]
    embed_untrained: Callable[..., Any]
    evidence: Callable[..., Any]


FAMILIES: dict[str, Family] = {
    "image": Family(
        named=_of("encoders.timm_names.named"),
        remote=_of("encoders.timm_names.remote"),
        load=_of("encoders.to_device.load"),
        how="A timm name (`resnet50.a1_in1k`), a folder with config.json and model.safetensors, or "
        "a checkpoint: `FILE.safetensors`, or `resnet50=FILE.safetensors`.",
        example="resnet50.a1_in1k",
        speed_of=_of("encoders.speed.speed_of"),
        features_of=_of("encoders.speed.features_of"),
        usual_framing=_of("encoders.preprocess.usual_framing"),
        plain_framing=_of("evidence.untrained.pixel_framing"),
        plain=_of("evidence.untrained.pixel_features"),
        plain_words="plain pixels (16 × 16)",
        untrained=_of("evidence.untrained.random_twin"),
        embed_untrained=_of("evidence.untrained.embed_random"),
        evidence=_of("evidence.heat.heat_map"),
    ),
    "text": Family(
        named=_of("encoders.transformers_names.named"),
        remote=_of("encoders.transformers_names.remote"),
        load=_of("encoders.text.load"),
        how="A repository of transformers (`google-bert/bert-base-cased`), or a folder with "
        "config.json, tokenizer.json and model.safetensors.",
        example="google-bert/bert-base-cased",
        speed_of=_of("encoders.text_speed.speed_of"),
        features_of=_of("encoders.text_speed.features_of"),
        usual_framing=lambda: None,
        plain_framing=lambda: None,
        plain=_of("evidence.word_counts.word_counts"),
        plain_words="word counts",
        untrained=_of("encoders.text.untrained"),
        embed_untrained=_of("encoders.text.embed_untrained"),
        evidence=_of("evidence.words.speaking_words"),
    ),
}
