"""The catalogue: the backbones that are offered by name, and the defaults."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CatalogueEntry:
    """A backbone on the Setup screen; a `timm` name without a tag means timm's best weights."""

    timm: str
    params_m: float
    dim: int
    input_size: int
    licence: str
    pretraining: str
    words: str  # its strengths


# From fast to strong. Before there are labels, a later one is expected to be better.
ENCODERS = {
    "bundled": CatalogueEntry(
        "mobilenetv2_075", 1.4, 1280, 96, "Apache-2.0", "distilled by this project",
        "no network, no GPU; starts in seconds",
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
}  # fmt: skip

# The default of each device, by the number of images: embedding takes a few minutes at
# most. For larger pools, or if the hub does not answer, it is the bundled backbone.
DEFAULTS = {
    "cuda": {100_000: "siglip_base", 500_000: "dinov2_small", 5_000_000: "efficientnet_b0"},
    "mps": {5_000: "convnext_tiny", 20_000: "efficientnet_b0", 100_000: "mobilenetv4_conv_small"},
    "cpu": {2_000: "mobilenetv4_conv_small"},
}
DEVICES = {"cuda": "a GPU", "mps": "an Apple GPU", "cpu": "a CPU"}


def suggest(device: str, images: int) -> tuple[str, str]:
    """The default for a device and a number of images, and the reason in words."""
    kind = device.partition(":")[0]
    fits = [(most, name) for most, name in DEFAULTS[kind].items() if images <= most]
    name, limit = (fits[0][1], f"up to {fits[0][0]:,}") if fits else ("bundled", "so many")
    return name, f"the default for {DEVICES[kind]} and {limit} images (here {images:,})"


def rank(name: str | None) -> int | None:
    """The position of a backbone from fast to strong; None if it is not in the catalogue."""
    names = list(ENCODERS)
    return names.index(name or "bundled") if (name or "bundled") in ENCODERS else None
