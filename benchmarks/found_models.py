"""Small models of released libraries, for the commands of `docs/found.md`.

    paramlint verify benchmarks/found_models.py:NAME

Each needs the library whose version the document names, and nothing from the network.
"""

from __future__ import annotations

from typing import Any


def vit_mae() -> Any:
    from transformers import ViTMAEConfig, ViTMAEForPreTraining

    return ViTMAEForPreTraining(ViTMAEConfig(num_hidden_layers=1, decoder_num_hidden_layers=1))


def encodec() -> Any:
    from transformers import EncodecConfig, EncodecModel

    return EncodecModel(EncodecConfig())


def vits() -> Any:
    from transformers import VitsConfig, VitsModel

    return VitsModel(VitsConfig())


def decision_transformer() -> Any:
    from transformers import DecisionTransformerConfig, DecisionTransformerModel

    return DecisionTransformerModel(DecisionTransformerConfig(n_layer=1, hidden_size=64, n_head=1))


def apertus() -> Any:
    from transformers import ApertusConfig, ApertusModel

    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4, "num_key_value_heads": 4}
    return ApertusModel(ApertusConfig(num_hidden_layers=1, vocab_size=99, pad_token_id=0, **sizes))


def blip() -> Any:
    from transformers import BlipConfig, BlipModel

    layers = {"num_hidden_layers": 1}
    return BlipModel(BlipConfig(text_config=layers, vision_config=layers))


def group_vit() -> Any:
    from transformers import GroupViTConfig, GroupViTModel

    return GroupViTModel(GroupViTConfig())


def video_mae() -> Any:
    from transformers import VideoMAEConfig, VideoMAEForPreTraining

    return VideoMAEForPreTraining(VideoMAEConfig(num_hidden_layers=1, decoder_num_hidden_layers=1))


def regnet() -> Any:
    from transformers import RegNetConfig, RegNetModel

    return RegNetModel(RegNetConfig(hidden_sizes=[16, 16], depths=[1, 1], embedding_size=8, groups_width=8))


def detr() -> Any:
    from transformers import DetrConfig, DetrModel

    layers = {"encoder_layers": 1, "decoder_layers": 1}
    return DetrModel(DetrConfig(**layers))


def oneformer_module() -> Any:
    from transformers import OneFormerConfig
    from transformers.models.oneformer.modeling_oneformer import OneFormerTransformerModule

    return OneFormerTransformerModule(64, OneFormerConfig(decoder_layers=2, is_training=False))


def unispeech_sat() -> Any:
    from transformers import UniSpeechSatConfig, UniSpeechSatForPreTraining

    return UniSpeechSatForPreTraining(UniSpeechSatConfig(num_hidden_layers=1, do_stable_layer_norm=True))


def watermark_detector() -> Any:
    from transformers.generation.watermarking import BayesianDetectorConfig, BayesianDetectorModel

    return BayesianDetectorModel(BayesianDetectorConfig(watermarking_depth=4))


def pvt_v2() -> Any:
    import timm

    model: Any = timm.create_model("pvt_v2_b0")
    model.freeze_patch_emb()
    return model


def mix_transformer() -> Any:
    from segmentation_models_pytorch.encoders import get_encoder

    model: Any = get_encoder("mit_b0", weights=None)
    model.freeze_patch_emb()
    return model


def experts() -> Any:
    from diffusers.models.transformers import transformer_nucleusmoe_image as module

    return module.SwiGLUExperts(hidden_size=8, moe_intermediate_dim=16, num_experts=2)


def qformer() -> Any:
    from torch_geometric.nn.attention import QFormer

    return QFormer(input_dim=8, hidden_dim=16, output_dim=4, num_heads=2, num_layers=3)


def qformer_example() -> Any:
    import torch

    return torch.randn(2, 5, 8)


def coca_decoder() -> Any:
    from open_clip.transformer import MultimodalTransformer

    return MultimodalTransformer(width=8, layers=1, heads=2, output_dim=4)
