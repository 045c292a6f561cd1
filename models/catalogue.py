"""The catalogue: the backbones that are offered by name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CatalogueEntry:
    """A backbone that the setup screen offers; a `timm` name without a tag takes timm's best."""

    timm: str
    params_m: float
    dim: int
    input_size: int
    licence: str
    pretraining: str
    good_for: str


BACKBONES = {
    "bundled": CatalogueEntry(
        "mobilenetv2_075", 1.4, 1280, 96, "Apache-2.0", "distilled by this project",
        "no network, no GPU; a start in seconds",
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
        "images unlike photos of objects: texture, microscopy, satellite; a GPU",
    ),
    "siglip_base": CatalogueEntry(
        "vit_base_patch16_siglip_224.v2_webli", 92.9, 768, 224, "Apache-2.0",
        "SigLIP 2, images with their captions", "scenes, products, drawings, screenshots; a GPU",
    ),
}  # fmt: skip
