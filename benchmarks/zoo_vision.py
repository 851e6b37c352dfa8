"""Models of libraries of images and volumes, small enough to be built for real, and what a pass on them takes."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import torch

#: A factory that is given the library, and a factory of the arguments of `forward` or None.
Made = tuple[Callable[[Any], Any], Callable[[], Any] | None]


def image(size: int = 64, channels: int = 3, count: int = 2) -> Callable[[], Any]:
    return lambda: torch.randn(count, channels, size, size)


def volume(size: int = 32, channels: int = 1) -> Callable[[], Any]:
    return lambda: torch.randn(1, channels, size, size, size)


def noisy(size: int = 16, channels: int = 3, **more: Callable[[], Any]) -> Callable[[], Any]:
    def make() -> dict[str, Any]:
        given = {"sample": torch.randn(1, channels, size, size), "timestep": torch.tensor([3])}
        return given | {name: one() for name, one in more.items()}

    return make


def words(width: int = 32) -> Callable[[], torch.Tensor]:
    return lambda: torch.randn(1, 5, width)


def given(**shapes: tuple[int, ...]) -> Callable[[], Any]:
    """Numbers of these shapes by name; where the name is of numbers of a step, a class or a token, integers."""

    def one(name: str, shape: tuple[int, ...]) -> torch.Tensor:
        return torch.ones(shape).long() if name in ("timestep", "class_labels", "input_ids") else torch.randn(shape)

    return lambda: {name: one(name, shape) for name, shape in shapes.items()}


SMALL = {"block_out_channels": (32, 64), "layers_per_block": 1, "norm_num_groups": 8}
DOWN, UP = ("DownBlock2D", "AttnDownBlock2D"), ("AttnUpBlock2D", "UpBlock2D")
CROSS_DOWN, CROSS_UP = ("CrossAttnDownBlock2D", "DownBlock2D"), ("UpBlock2D", "CrossAttnUpBlock2D")
CROSS = {"down_block_types": CROSS_DOWN, "up_block_types": CROSS_UP, "cross_attention_dim": 32, "sample_size": 16}
HEADS = {"num_attention_heads": 2, "attention_head_dim": 16, "num_layers": 2}
CODE = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}

DIFFUSERS: dict[str, Made] = {
    "UNet2DModel": (
        lambda m: m.UNet2DModel(sample_size=16, down_block_types=DOWN, up_block_types=UP, **SMALL),
        noisy(),
    ),
    "UNet2DConditionModel": (
        lambda m: m.UNet2DConditionModel(**CROSS, **SMALL),
        noisy(16, 4, encoder_hidden_states=words()),
    ),
    "UNet1DModel": (
        lambda m: m.UNet1DModel(sample_size=64, extra_in_channels=64),
        given(sample=(1, 2, 64), timestep=(1,)),
    ),
    "UNet3DConditionModel": (
        lambda m: m.UNet3DConditionModel(
            down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
            up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
            cross_attention_dim=32,
            attention_head_dim=8,
            **SMALL,
        ),
        given(sample=(1, 4, 2, 16, 16), timestep=(1,), encoder_hidden_states=(1, 5, 32)),
    ),
    "ControlNetModel": (
        lambda m: m.ControlNetModel(
            down_block_types=CROSS_DOWN,
            cross_attention_dim=32,
            conditioning_embedding_out_channels=(16, 32),
            **SMALL,
        ),
        noisy(16, 4, encoder_hidden_states=words(), controlnet_cond=image(32, count=1)),
    ),
    "AutoencoderKL": (lambda m: m.AutoencoderKL(**CODE, **SMALL), image(32)),
    "AutoencoderTiny": (lambda m: m.AutoencoderTiny(), image(32)),
    "AsymmetricAutoencoderKL": (
        lambda m: m.AsymmetricAutoencoderKL(
            down_block_out_channels=(32, 64), up_block_out_channels=(32, 64), norm_num_groups=8, **CODE
        ),
        image(32),
    ),
    "VQModel": (lambda m: m.VQModel(**CODE, **SMALL), image(32)),
    "ConsistencyDecoderVAE": (lambda m: m.ConsistencyDecoderVAE(), None),
    "AutoencoderDC": (
        lambda m: m.AutoencoderDC(
            in_channels=3,
            latent_channels=4,
            encoder_block_out_channels=(16, 32),
            decoder_block_out_channels=(16, 32),
            encoder_layers_per_block=(1, 1),
            decoder_layers_per_block=(1, 1),
            encoder_block_types="ResBlock",
            decoder_block_types="ResBlock",
            encoder_qkv_multiscales=((), ()),
            decoder_qkv_multiscales=((), ()),
        ),
        image(32),
    ),
    "Transformer2DModel": (
        lambda m: m.Transformer2DModel(in_channels=32, cross_attention_dim=32, norm_num_groups=8, **HEADS),
        given(hidden_states=(1, 32, 8, 8), encoder_hidden_states=(1, 5, 32)),
    ),
    "DiTTransformer2DModel": (
        lambda m: m.DiTTransformer2DModel(sample_size=16, **HEADS),
        given(hidden_states=(1, 4, 16, 16), timestep=(1,), class_labels=(1,)),
    ),
    "PixArtTransformer2DModel": (
        lambda m: m.PixArtTransformer2DModel(cross_attention_dim=32, caption_channels=32, sample_size=16, **HEADS),
        given(hidden_states=(1, 4, 16, 16), timestep=(1,), encoder_hidden_states=(1, 5, 32)),
    ),
    "SD3Transformer2DModel": (
        lambda m: m.SD3Transformer2DModel(
            sample_size=16,
            patch_size=2,
            in_channels=4,
            joint_attention_dim=32,
            caption_projection_dim=32,
            pooled_projection_dim=64,
            out_channels=4,
            **HEADS,
        ),
        given(
            hidden_states=(1, 4, 16, 16), timestep=(1,), encoder_hidden_states=(1, 5, 32), pooled_projections=(1, 64)
        ),
    ),
    "FluxTransformer2DModel": (
        lambda m: m.FluxTransformer2DModel(
            in_channels=4,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=32,
            axes_dims_rope=[4, 4, 8],
        ),
        given(
            hidden_states=(1, 16, 4),
            timestep=(1,),
            encoder_hidden_states=(1, 5, 32),
            pooled_projections=(1, 32),
            img_ids=(16, 3),
            txt_ids=(5, 3),
        ),
    ),
    "PriorTransformer": (
        lambda m: m.PriorTransformer(embedding_dim=32, num_embeddings=7, **HEADS),
        given(hidden_states=(1, 32), timestep=(1,), proj_embedding=(1, 32), encoder_hidden_states=(1, 7, 32)),
    ),
    "Kandinsky3UNet": (
        lambda m: m.Kandinsky3UNet(
            block_out_channels=(32, 64), layers_per_block=1, groups=8, attention_head_dim=8, cross_attention_dim=32
        ),
        given(
            sample=(1, 4, 16, 16),
            timestep=(1,),
            encoder_hidden_states=(1, 5, 4096),
            encoder_attention_mask=(1, 5),
        ),
    ),
    "MotionAdapter": (lambda m: m.MotionAdapter(block_out_channels=(32, 64), motion_norm_num_groups=8), None),
    "T2IAdapter": (lambda m: m.T2IAdapter(channels=[32, 64, 64, 64]), image(64)),
    "UVit2DModel": (
        lambda m: m.UVit2DModel(
            hidden_size=32,
            encoder_hidden_size=32,
            cond_embed_dim=16,
            block_out_channels=32,
            intermediate_size=64,
            num_attention_heads=2,
            num_hidden_layers=1,
            vocab_size=20,
            codebook_size=16,
            micro_cond_encode_dim=4,
            micro_cond_embed_dim=20,
            in_channels=32,
        ),
        given(input_ids=(1, 8, 8), encoder_hidden_states=(1, 5, 32), pooled_text_emb=(1, 16), micro_conds=(1, 5)),
    ),
}

MONAI: dict[str, Made] = {
    "UNet": (
        lambda m: m.UNet(spatial_dims=3, in_channels=1, out_channels=2, channels=(8, 16, 32), strides=(2, 2)),
        volume(),
    ),
    "AttentionUnet": (
        lambda m: m.AttentionUnet(spatial_dims=2, in_channels=1, out_channels=2, channels=(8, 16, 32), strides=(2, 2)),
        image(32, 1),
    ),
    "BasicUNet": (lambda m: m.BasicUNet(spatial_dims=2, features=(8, 8, 16, 16, 32, 8)), image(64, 1)),
    "BasicUNetPlusPlus": (lambda m: m.BasicUNetPlusPlus(spatial_dims=2, features=(8, 8, 16, 16, 32, 8)), image(64, 1)),
    "SegResNet": (lambda m: m.SegResNet(spatial_dims=3, init_filters=8), volume()),
    "SegResNetDS": (
        lambda m: m.SegResNetDS(spatial_dims=2, init_filters=8, in_channels=1, out_channels=2),
        image(64, 1),
    ),
    "SwinUNETR": (lambda m: m.SwinUNETR(in_channels=1, out_channels=2, feature_size=12), volume(64)),
    "UNETR": (
        lambda m: m.UNETR(in_channels=1, out_channels=2, img_size=32, feature_size=8, hidden_size=48, num_heads=4),
        volume(),
    ),
    "ViT": (
        lambda m: m.ViT(
            in_channels=1,
            img_size=32,
            patch_size=16,
            hidden_size=48,
            mlp_dim=96,
            num_layers=2,
            num_heads=4,
            classification=True,
        ),
        volume(),
    ),
    "ViTAutoEnc": (
        lambda m: m.ViTAutoEnc(
            in_channels=1, img_size=32, patch_size=16, hidden_size=48, mlp_dim=96, num_layers=2, num_heads=4
        ),
        volume(),
    ),
    "MaskedAutoEncoderViT": (
        lambda m: m.MaskedAutoEncoderViT(
            in_channels=1,
            img_size=32,
            patch_size=8,
            hidden_size=48,
            mlp_dim=96,
            num_layers=2,
            num_heads=4,
            decoder_hidden_size=24,
            decoder_mlp_dim=48,
            decoder_num_layers=1,
            decoder_num_heads=4,
        ),
        volume(),
    ),
    "DynUNet": (
        lambda m: m.DynUNet(2, 1, 2, kernel_size=(3, 3, 3), strides=(1, 2, 2), upsample_kernel_size=(2, 2)),
        image(32, 1),
    ),
    "VNet": (lambda m: m.VNet(spatial_dims=3), volume()),
    "HighResNet": (lambda m: m.HighResNet(spatial_dims=3), None),
    "DenseNet121": (lambda m: m.DenseNet121(spatial_dims=2, in_channels=1, out_channels=2), image(64, 1)),
    "EfficientNetBN": (lambda m: m.EfficientNetBN("efficientnet-b0", pretrained=False, spatial_dims=2), image(64)),
    "resnet18": (lambda m: m.resnet18(spatial_dims=3, n_input_channels=1), volume()),
    "SEResNet50": (lambda m: m.SEResNet50(spatial_dims=2, in_channels=3), image()),
    "Generator": (lambda m: m.Generator((8, 4), (16, 4, 4), (8, 4), (2, 2)), lambda: torch.randn(4, 8, 4)),
    "Discriminator": (lambda m: m.Discriminator((1, 16, 16), (8, 16), (2, 2)), image(16, 1)),
    "AutoEncoder": (lambda m: m.AutoEncoder(2, 1, 1, (8, 16), (2, 2)), image(32, 1)),
    "VarAutoEncoder": (lambda m: m.VarAutoEncoder(2, (1, 32, 32), 1, 8, (8, 16), (2, 2)), image(32, 1)),
    "Regressor": (lambda m: m.Regressor((1, 16, 16), (2,), (8, 16), (2, 2)), image(16, 1)),
    "AHNet": (lambda m: m.AHNet(spatial_dims=2, upsample_mode="bilinear"), image(128, 1)),
    "FlexibleUNet": (lambda m: m.FlexibleUNet(3, 2, "efficientnet-b0", pretrained=False), image()),
    "DiffusionModelUNet": (
        lambda m: m.DiffusionModelUNet(
            *(2, 1, 1),
            channels=(8, 16),
            num_res_blocks=1,
            attention_levels=(False, True),
            norm_num_groups=8,
            num_head_channels=8,
        ),
        lambda: (torch.randn(2, 1, 16, 16), torch.tensor([1, 5])),
    ),
    "VQVAE": (
        lambda m: m.VQVAE(
            *(2, 1, 1),
            channels=(8, 16),
            num_res_channels=8,
            num_embeddings=16,
            embedding_dim=8,
            downsample_parameters=((2, 4, 1, 1),) * 2,
            upsample_parameters=((2, 4, 1, 1, 0),) * 2,
        ),
        image(32, 1),
    ),
    "MILModel": (lambda m: m.MILModel(2, pretrained=False, mil_mode="att"), None),
}


def _named(module: str, name: str, **given: Any) -> Callable[[Any], Any]:
    return lambda m: getattr(importlib.import_module(f"{m.__name__}.{module}"), name)(**given)


KORNIA: dict[str, Made] = {
    "DISK": (lambda m: m.feature.DISK(), None),
    "HardNet": (lambda m: m.feature.HardNet(False), image(32, 1)),
    "HyNet": (lambda m: m.feature.HyNet(False), image(32, 1)),
    "SOSNet": (lambda m: m.feature.SOSNet(False), image(32, 1)),
    "TFeat": (lambda m: m.feature.TFeat(False), image(32, 1)),
    "KeyNet": (lambda m: m.feature.KeyNet(False), image(32, 1)),
    "LoFTR": (lambda m: m.feature.LoFTR(pretrained=None), None),
    "LAFOrienter": (lambda m: m.feature.OriNet(), image(32, 1)),
    "LAFAffNet": (lambda m: m.feature.LAFAffNetShapeEstimator(), None),
    "MKDDescriptor": (lambda m: m.feature.MKDDescriptor(), image(32, 1)),
    "SIFTDescriptor": (lambda m: m.feature.SIFTDescriptor(41), image(41, 1)),
    "HardNet8": (lambda m: m.feature.HardNet8(False), image(32, 1)),
    "SOLD2_detector": (lambda m: m.feature.SOLD2_detector(pretrained=False), None),
    "LightGlue": (lambda m: m.feature.LightGlue(None), None),
    "TinyViT": (_named("models.tiny_vit", "TinyViT", img_size=64), None),
    "MobileViT": (_named("models.vit_mobile", "MobileViT"), None),
    "VisionTransformer": (
        _named("models.vit", "VisionTransformer", image_size=32, patch_size=16, embed_dim=48),
        image(32),
    ),
    "SSIMLoss": (lambda m: torch.nn.Sequential(m.filters.BlurPool2D(3), torch.nn.Conv2d(3, 3, 3)), image(32)),
    "Canny": (lambda m: torch.nn.Sequential(torch.nn.Conv2d(3, 1, 3), m.filters.Sobel()), image(32)),
    "BoxBlur": (
        lambda m: torch.nn.Sequential(torch.nn.Conv2d(3, 3, 3), m.filters.GaussianBlur2d((3, 3), (1.0, 1.0))),
        image(32),
    ),
    "Laplacian": (
        lambda m: torch.nn.Sequential(torch.nn.Conv2d(3, 3, 3), m.filters.UnsharpMask((3, 3), (1.0, 1.0))),
        image(32),
    ),
    "Homography": (lambda m: m.geometry.transform.Homography(), None),
    "Similarity": (lambda m: m.geometry.transform.Similarity(), None),
    "FocalLoss": (
        lambda m: torch.nn.ModuleDict({"loss": m.losses.FocalLoss(0.5), "net": torch.nn.Conv2d(3, 3, 3)}),
        None,
    ),
}

_VIT = {"image_size": 64, "patch_size": 16, "num_classes": 4, "dim": 32, "depth": 2, "heads": 2, "mlp_dim": 64}
_STAGED = {"image_size": 64, "num_classes": 4}


VIT: dict[str, Made] = {
    "ViT": (_named("vit", "ViT", **_VIT), image()),
    "SimpleViT": (_named("simple_vit", "SimpleViT", **_VIT), image()),
    "NaViT": (_named("na_vit", "NaViT", **_VIT), None),
    "DeepViT": (_named("deepvit", "DeepViT", **_VIT), image()),
    "CaiT": (_named("cait", "CaiT", cls_depth=1, **_VIT), image()),
    "T2TViT": (_named("t2t", "T2TViT", dim=32, depth=1, heads=2, mlp_dim=64, **_STAGED), image()),
    "CCT": (
        _named("cct", "CCT", img_size=64, embedding_dim=32, num_layers=2, num_heads=2, mlp_ratio=2.0, num_classes=4),
        image(),
    ),
    "CrossViT": (
        _named(
            "cross_vit",
            "CrossViT",
            image_size=256,
            num_classes=4,
            depth=1,
            sm_dim=32,
            lg_dim=64,
            sm_patch_size=16,
            lg_patch_size=64,
        ),
        image(256),
    ),
    "PiT": (
        _named("pit", "PiT", image_size=64, patch_size=16, dim=32, num_classes=4, depth=(1, 1), heads=2, mlp_dim=64),
        image(),
    ),
    "LeViT": (
        _named(
            "levit", "LeViT", image_size=64, num_classes=4, stages=2, dim=(32, 64), depth=1, heads=(2, 2), mlp_mult=2
        ),
        image(),
    ),
    "CvT": (_named("cvt", "CvT", num_classes=4), image()),
    "TwinsSVT": (_named("twins_svt", "TwinsSVT", num_classes=4), image(224)),
    "CrossFormer": (_named("crossformer", "CrossFormer", num_classes=4), None),
    "RegionViT": (_named("regionvit", "RegionViT", num_classes=4), None),
    "ScalableViT": (
        _named(
            "scalable_vit",
            "ScalableViT",
            num_classes=4,
            dim=32,
            heads=(2, 2),
            depth=(1, 1),
            ssa_dim_key=8,
            reduction_factor=(2, 1),
            window_size=(8, 8),
        ),
        None,
    ),
    "MaxViT": (_named("max_vit", "MaxViT", num_classes=4, dim=32, depth=(1, 1), dim_head=16, window_size=4), image(64)),
    "NesT": (
        _named(
            "nest",
            "NesT",
            image_size=64,
            patch_size=4,
            dim=32,
            heads=2,
            num_hierarchies=2,
            block_repeats=(1, 1),
            num_classes=4,
        ),
        image(),
    ),
    "MobileViT": (
        _named(
            "mobile_vit",
            "MobileViT",
            image_size=(64, 64),
            dims=[32, 48, 64],
            channels=[8, 8, 16, 16, 16, 16, 24, 24, 24, 24, 32],
            num_classes=4,
        ),
        image(),
    ),
    "XCiT": (_named("xcit", "XCiT", cls_depth=1, **_VIT), image()),
    "MAE": (lambda m: _named("mae", "MAE", encoder=m.ViT(**_VIT), decoder_dim=32)(m), image()),
    "SimMIM": (lambda m: _named("simmim", "SimMIM", encoder=m.ViT(**_VIT))(m), image()),
    "Dino": (lambda m: m.Dino(m.ViT(**_VIT), image_size=64), image()),
    "Distill": (lambda m: _named("distill", "DistillableViT", **_VIT)(m), None),
    "Parallel": (_named("parallel_vit", "ViT", **_VIT), image()),
    "SepViT": (_named("sep_vit", "SepViT", num_classes=4, dim=32, dim_head=16, heads=(1, 2), depth=(1, 1)), None),
    "ATS": (_named("ats_vit", "ViT", max_tokens_per_depth=(8, 4), **_VIT), image()),
    "LearnableMemory": (_named("learnable_memory_vit", "ViT", **_VIT), image()),
    "ViViT": (
        _named(
            "vivit",
            "ViViT",
            image_size=32,
            image_patch_size=16,
            frames=4,
            frame_patch_size=2,
            num_classes=4,
            dim=32,
            spatial_depth=1,
            temporal_depth=1,
            heads=2,
            mlp_dim=64,
        ),
        lambda: torch.randn(1, 3, 4, 32, 32),
    ),
    "Look": (
        _named(
            "look_vit",
            "LookViT",
            dim=32,
            image_size=64,
            num_classes=4,
            depth=1,
            patch_size=16,
            heads=2,
            mlp_factor=2,
            highres_patch_size=8,
        ),
        image(),
    ),
    "NViT": (_named("normalized_vit", "nViT", **_VIT), image()),
}


def pictures_and_words(size: int = 224, length: int = 77) -> Callable[[], Any]:
    return lambda: (torch.randn(1, 3, size, size), torch.zeros(1, length).long())


OPEN_CLIP: dict[str, Made] = {
    name: (lambda m, name=name: m.create_model(name), example)  # type: ignore[misc]
    for name, example in {
        "RN50": pictures_and_words(),
        "RN101": pictures_and_words(),
        "ViT-B-32": pictures_and_words(),
        "ViT-B-16-plus-240": pictures_and_words(240),
        "ViT-S-32": pictures_and_words(),
        "ViT-S-16-alt": pictures_and_words(),
        "coca_ViT-B-32": pictures_and_words(length=76),
        "convnext_tiny": pictures_and_words(),
        "vit_medium_patch16_gap_256": pictures_and_words(256),
        "ViT-B-32-quickgelu": pictures_and_words(),
        "EVA02-B-16": pictures_and_words(),
        "ViT-B-16-SigLIP": pictures_and_words(length=64),
        "MobileCLIP-S1": pictures_and_words(256),
        "swin_base_patch4_window7_224": pictures_and_words(),
        "ViT-S-32-alt": pictures_and_words(),
    }.items()
}


SMP: dict[str, Made] = {
    name: ((lambda m, name=name: getattr(m, name)("resnet18", encoder_weights=None)), image(128))  # type: ignore[misc]
    for name in ("Unet", "UnetPlusPlus", "MAnet", "Linknet", "FPN", "PSPNet", "PAN", "UPerNet", "Segformer")
} | {
    encoder: ((lambda m, encoder=encoder: m.Unet(encoder, encoder_weights=None)), image(128))  # type: ignore[misc]
    for encoder in (
        "efficientnet-b0", "mobilenet_v2", "densenet121", "vgg11_bn", "mit_b0", "xception", "inceptionv4", "dpn68",
        "senet154", "mobileone_s0", "timm-efficientnet-b0", "timm-res2net50_26w_4s",
    )
}  # fmt: skip
