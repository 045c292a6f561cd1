"""The catalogue: the backbones that are offered by name, and the defaults."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CatalogueEntry:
    """A pretrained model on the Setup screen.

    `model` is a name of timm, without a tag for its best weights, or a repository of transformers.
    `input_size` is in pixels, or the tokens of a window. A text encoder also has its `languages`,
    the `prefix` that it was trained with, and the `shape` of its architecture.
    """

    model: str
    params_m: float
    dim: int
    input_size: int
    licence: str
    pretraining: str
    words: str  # its strengths
    medium: str = "image"
    is_bundled: bool = False
    languages: str = ""
    prefix: str = ""
    shape: tuple[str, int] = ("", 0)  # kind of transformer, and its layers


# From fast to strong. Before there are labels, a later one is expected to be better.
ENCODERS = {
    "bundled": CatalogueEntry(
        "mobilenetv2_075", 1.4, 1280, 96, "Apache-2.0", "distilled by this project",
        "no network, no GPU; starts in seconds", is_bundled=True,
    ),
    "mobilenetv4_conv_small": CatalogueEntry(
        "mobilenetv4_conv_small.e2400_r224_in1k", 2.5, 1280, 224, "Apache-2.0", "ImageNet-1k",
        "everyday photos on a laptop",
    ),
    "efficientnet_b0": CatalogueEntry(
        "efficientnet_b0.ra_in1k", 4.0, 1280, 224, "Apache-2.0", "ImageNet-1k",
        "everyday photos, a little better and slower",
    ),
    "convnext_tiny": CatalogueEntry(
        "convnext_tiny.in12k_ft_in1k", 27.8, 768, 224, "Apache-2.0", "ImageNet-12k, then -1k",
        "many kinds of objects; a GPU or some patience",
    ),
    "dinov2_small": CatalogueEntry(
        "vit_small_patch14_reg4_dinov2.lvd142m", 21.6, 384, 224, "Apache-2.0",
        "DINOv2, self-supervised, 142M images",
        "images that are not photos of objects: texture, microscopy, satellite; a GPU",
    ),
    "dinov3_small": CatalogueEntry(
        "vit_small_patch16_dinov3.lvd1689m", 21.6, 384, 256, "DINOv3-License",
        "DINOv3, self-supervised, 1,689M images",
        "like DINOv2, with sharper detail; has its own licence, read it; a GPU",
    ),
    "siglip_base": CatalogueEntry(
        "vit_base_patch16_siglip_224.v2_webli", 92.9, 768, 224, "Apache-2.0",
        "SigLIP 2, images with their captions", "scenes, products, drawings, screenshots; a GPU",
    ),
    "bundled_text": CatalogueEntry(
        "hone_words", 6.8, 224, 512, "Apache-2.0", "distilled by this project from MiniLM",
        "no network, no GPU; thousands of texts a second", "text", is_bundled=True,
        languages="English; others by parts of words",
    ),
    "minilm_l6": CatalogueEntry(
        "sentence-transformers/all-MiniLM-L6-v2", 22.7, 384, 256, "Apache-2.0",
        "a billion pairs of sentences", "short English texts on a laptop", "text",
        languages="English", shape=("bert", 6),
    ),
    "bert_base": CatalogueEntry(
        "google-bert/bert-base-uncased", 109.5, 768, 512, "Apache-2.0",
        "BERT, books and Wikipedia", "English where grammar matters; a GPU or patience", "text",
        languages="English", shape=("bert", 12),
    ),
    "modernbert_base": CatalogueEntry(
        "answerdotai/ModernBERT-base", 149.0, 768, 1024, "Apache-2.0",
        "ModernBERT, 2 trillion tokens of text and code", "long English texts and code; a GPU",
        "text", languages="English, code", shape=("modernbert", 22),
    ),
    "multilingual_e5_small": CatalogueEntry(
        "intfloat/multilingual-e5-small", 118.0, 384, 512, "MIT",
        "a billion pairs of texts in 100 languages", "any language; a GPU or some patience", "text",
        languages="about 100", prefix="query: ", shape=("bert", 12),
    ),
    "bge_small": CatalogueEntry(
        "BAAI/bge-small-en-v1.5", 33.4, 384, 512, "MIT", "pairs of English texts",
        "English topics and intents; some patience", "text",
        languages="English", shape=("bert", 12),
    ),
    "multilingual_e5_base": CatalogueEntry(
        "intfloat/multilingual-e5-base", 278.0, 768, 512, "MIT",
        "a billion pairs of texts in 100 languages", "any language, stronger; a GPU", "text",
        languages="about 100", prefix="query: ", shape=("xlm-roberta", 12),
    ),
}  # fmt: skip

# The default of each medium and device, by the number of samples: embedding takes a few minutes at
# most. For larger pools, or if the hub does not answer, it is the bundled backbone.
DEFAULTS: dict[str, dict[str, dict[int, str]]] = {
    "image": {
        "cuda": {100_000: "siglip_base", 500_000: "dinov2_small", 5_000_000: "efficientnet_b0"},
        "mps": {
            5_000: "convnext_tiny",
            20_000: "efficientnet_b0",
            100_000: "mobilenetv4_conv_small",
        },
        "cpu": {2_000: "mobilenetv4_conv_small"},
    },
    "text": {
        "cuda": {1_000_000: "multilingual_e5_base", 5_000_000: "multilingual_e5_small"},
        "mps": {20_000: "multilingual_e5_small", 200_000: "minilm_l6"},
        "cpu": {10_000: "minilm_l6"},
    },
}
DEVICES = {"cuda": "a GPU", "mps": "an Apple GPU", "cpu": "a CPU"}
BUNDLED = "bundled"  # in every medium


def catalogue(medium: str) -> dict[str, CatalogueEntry]:
    """The backbones of a medium from fast to strong; the bundled one has the same name in all."""
    return {
        BUNDLED if one.is_bundled else name: one
        for name, one in ENCODERS.items()
        if one.medium == medium
    }


def suggest(device: str, samples: int, medium: str = "image") -> tuple[str, str]:
    """The default for a device and a number of samples, and the reason in words."""
    kind = device.partition(":")[0]
    fits = [(most, name) for most, name in DEFAULTS[medium][kind].items() if samples <= most]
    name, limit = (fits[0][1], f"up to {fits[0][0]:,}") if fits else (BUNDLED, "so many")
    return name, f"the default for {DEVICES[kind]} and {limit} {medium}s (here {samples:,})"


def rank(name: str | None, medium: str = "image") -> int | None:
    """The position of a backbone from fast to strong; None if it is not in the catalogue."""
    names = list(catalogue(medium))
    return names.index(name or BUNDLED) if (name or BUNDLED) in names else None
