"""Models of twelve libraries, small enough to be built for real, with what a pass takes where that is simple."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from zoo_vision import DIFFUSERS, KORNIA, MONAI, OPEN_CLIP, SMP, VIT, Made, image

#: A name, a factory, and a factory of the arguments of `forward` or None.
Entry = tuple[str, Callable[[], Any], Callable[[], Any] | None]

EDGES = torch.tensor([[0, 1, 2, 3, 0], [1, 2, 3, 0, 2]])


def tokens(most: int = 100, length: int = 16) -> Callable[[], Any]:
    return lambda: torch.randint(0, most, (2, length))


def rows(width: int = 16, count: int = 4) -> Callable[[], Any]:
    return lambda: torch.randn(count, width)


def graph(width: int = 8, *more: Callable[[], torch.Tensor]) -> Callable[[], Any]:
    return lambda: (torch.randn(4, width), EDGES, *(one() for one in more))


PYG: dict[str, Made] = {
    name: (lambda m, name=name, more=more: getattr(m.nn, name)(*more), example)  # type: ignore[misc]
    for name, more, example in [
        ("GCNConv", (8, 16), graph()),
        ("GATConv", (8, 16, 2), graph()),
        ("GATv2Conv", (8, 16, 2), graph()),
        ("SAGEConv", (8, 16), graph()),
        ("GraphConv", (8, 16), graph()),
        ("ChebConv", (8, 16, 3), graph()),
        ("ARMAConv", (8, 16), graph()),
        ("TransformerConv", (8, 16), graph()),
        ("RGCNConv", (8, 16, 3), graph(8, lambda: torch.tensor([0, 1, 2, 0, 1]))),
        ("FiLMConv", (8, 16), graph()),
        ("SuperGATConv", (8, 16), graph()),
        ("GatedGraphConv", (16, 2), graph()),
        ("TAGConv", (8, 16), graph()),
        ("GMMConv", (8, 16, 2, 3), graph(8, lambda: torch.rand(5, 2))),
        ("CGConv", (8,), graph()),
        ("PNAConv", (8, 16, ["mean", "max"], ["identity"], torch.tensor([0, 3, 1])), graph()),
        ("HypergraphConv", (8, 16), graph()),
        ("LEConv", (8, 16), graph()),
        ("ClusterGCNConv", (8, 16), graph()),
        ("MFConv", (8, 16), graph()),
        ("GENConv", (8, 16), graph()),
        ("FAConv", (8,), None),
        ("GCN", (8, 16, 2, 4), graph()),
        ("GAT", (8, 16, 2, 4), graph()),
        ("EdgeCNN", (8, 16, 2, 4), graph()),
        ("GIN", (8, 16, 2, 4), graph()),
        ("SchNet", (16, 16, 2), None),
        ("DimeNetPlusPlus", (16, 1, 2, 8, 8, 8, 3, 3), None),
        ("LightGCN", (10, 8, 2), None),
        ("MetaLayer", (), None),
        ("ViSNet", (), None),
        ("AttentiveFP", (8, 16, 4, 3, 2, 2), None),
        ("GraphUNet", (8, 16, 4, 2), graph()),
        ("RENet", (10, 3, 8, 4), None),
        ("TransE", (10, 3, 8), None),
        ("ComplEx", (10, 3, 8), None),
        ("RotatE", (10, 3, 8), None),
        ("SetTransformerAggregation", (8,), None),
        ("GraphMultisetTransformer", (8, 2), None),
    ]
}


def _decoder(m: Any, **more: Any) -> Any:
    return m.TransformerWrapper(num_tokens=100, max_seq_len=32, attn_layers=m.Decoder(dim=32, depth=2, heads=2, **more))


X_TRANSFORMERS: dict[str, Made] = {
    "Decoder": (_decoder, tokens()),
    **{
        name: ((lambda m, more=more: _decoder(m, **more)), tokens())  # type: ignore[misc]
        for name, more in {
            "rotary": {"rotary_pos_emb": True},
            "alibi": {"alibi_pos_bias": True},
            "t5 bias": {"rel_pos_bias": True},
            "dynamic bias": {"dynamic_pos_bias": True},
            "glu": {"ff_glu": True, "ff_swish": True},
            "rmsnorm": {"use_rmsnorm": True},
            "scalenorm": {"use_scalenorm": True},
            "sandwich": {"sandwich_norm": True},
            "talking heads": {"attn_pre_talking_heads": True},
            "one kv head": {"attn_one_kv_head": True},
            "qk norm": {"attn_qk_norm": True},
            "memory kv": {"attn_num_mem_kv": 4},
            "macaron": {"macaron": True},
            "gate residual": {"gate_residual": True},
            "shift tokens": {"shift_tokens": 1},
            "deepnorm": {"scale_residual": True},
            "weight tied": {"weight_tie_layers": True},
        }.items()
    },
    "tied": (
        lambda m: m.TransformerWrapper(
            num_tokens=100, max_seq_len=32, tie_embedding=True, attn_layers=m.Decoder(dim=32, depth=2, heads=2)
        ),
        tokens(),
    ),
    "Encoder": (
        lambda m: m.TransformerWrapper(num_tokens=100, max_seq_len=32, attn_layers=m.Encoder(dim=32, depth=2, heads=2)),
        tokens(),
    ),
    "ViTransformerWrapper": (
        lambda m: m.ViTransformerWrapper(
            image_size=32, patch_size=16, num_classes=4, attn_layers=m.Encoder(dim=32, depth=2, heads=2)
        ),
        image(32),
    ),
    "XTransformer": (
        lambda m: m.XTransformer(
            dim=32,
            enc_num_tokens=50,
            enc_depth=1,
            enc_heads=2,
            enc_max_seq_len=32,
            dec_num_tokens=50,
            dec_depth=1,
            dec_heads=2,
            dec_max_seq_len=32,
        ),
        lambda: (torch.randint(0, 50, (2, 8)), torch.randint(0, 50, (2, 8))),
    ),
    "ContinuousTransformerWrapper": (
        lambda m: m.ContinuousTransformerWrapper(
            dim_in=8, dim_out=8, max_seq_len=32, attn_layers=m.Encoder(dim=32, depth=2, heads=2)
        ),
        lambda: torch.randn(2, 8, 8),
    ),
}


def _policy(name: str, discrete: bool = False) -> Callable[[Any], Any]:
    def make(m: Any) -> Any:
        gym: Any = importlib.import_module("gymnasium.spaces")
        space = gym.Box(-1, 1, (6,))
        action = gym.Discrete(3) if discrete else gym.Box(-1, 1, (2,))
        module = importlib.import_module(f"{m.__name__}.{name.split('.')[0]}.policies")
        return getattr(module, name.split(".")[1])(space, action, lambda _: 1e-3)

    return make


SB3: dict[str, Made] = {
    "A2C MlpPolicy": (_policy("a2c.MlpPolicy"), rows(6)),
    "PPO MlpPolicy": (_policy("ppo.MlpPolicy"), rows(6)),
    "PPO discrete": (_policy("ppo.MlpPolicy", True), rows(6)),
    "DQN": (_policy("dqn.MlpPolicy", True), rows(6)),
    "SAC": (_policy("sac.MlpPolicy"), rows(6)),
    "TD3": (_policy("td3.MlpPolicy"), rows(6)),
    **{
        f"{name} learner": (lambda m, name=name, env=env: getattr(m, name)("MlpPolicy", env).policy, None)  # type: ignore[misc]
        for name, env in [
            ("PPO", "CartPole-v1"),
            ("A2C", "CartPole-v1"),
            ("DQN", "CartPole-v1"),
            ("SAC", "Pendulum-v1"),
            ("TD3", "Pendulum-v1"),
            ("DDPG", "Pendulum-v1"),
        ]
    },
}


def _exact(m: Any, kernel: Any) -> Any:
    class Model(m.models.ExactGP):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(torch.linspace(0, 1, 8), torch.zeros(8), m.likelihoods.GaussianLikelihood())
            self.mean_module = m.means.ConstantMean()
            self.covar_module = kernel

        def forward(self, x: torch.Tensor) -> Any:
            return m.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))

    return Model()


def _variational(m: Any, strategy: str) -> Any:
    class Model(m.models.ApproximateGP):  # type: ignore[misc]
        def __init__(self) -> None:
            points = torch.randn(5, 1)
            distribution = m.variational.CholeskyVariationalDistribution(5)
            made = getattr(m.variational, strategy)(self, points, distribution, learn_inducing_locations=True)
            super().__init__(made)
            self.mean_module, self.covar_module = m.means.LinearMean(1), m.kernels.ScaleKernel(m.kernels.RBFKernel())

        def forward(self, x: torch.Tensor) -> Any:
            return m.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))

    return Model()


GPYTORCH: dict[str, Made] = {
    **{
        name: (lambda m, name=name, given=given: _exact(m, getattr(m.kernels, name)(**given)), None)  # type: ignore[misc]
        for name, given in {
            "RBFKernel": {},
            "MaternKernel": {"nu": 2.5},
            "PeriodicKernel": {},
            "CosineKernel": {},
            "RQKernel": {},
            "LinearKernel": {},
            "PolynomialKernel": {"power": 2},
            "SpectralMixtureKernel": {"num_mixtures": 3},
            "RFFKernel": {"num_samples": 8, "num_dims": 1},
            "SpectralDeltaKernel": {"num_dims": 1},
            "IndexKernel": {"num_tasks": 3},
            "HammingIMQKernel": {"vocab_size": 4},
            "PiecewisePolynomialKernel": {},
            "CylindricalKernel": {"num_angular_weights": 3, "radial_base_kernel": None},
        }.items()
    },
    "VariationalStrategy": (lambda m: _variational(m, "VariationalStrategy"), rows(1)),
    "UnwhitenedVariationalStrategy": (lambda m: _variational(m, "UnwhitenedVariationalStrategy"), rows(1)),
    "CiqVariationalStrategy": (lambda m: _variational(m, "CiqVariationalStrategy"), None),
    "GaussianLikelihood": (lambda m: m.likelihoods.GaussianLikelihood(), None),
    "MultitaskGaussianLikelihood": (lambda m: m.likelihoods.MultitaskGaussianLikelihood(3, rank=2), None),
    "SoftmaxLikelihood": (lambda m: m.likelihoods.SoftmaxLikelihood(num_features=4, num_classes=3), None),
    "StudentTLikelihood": (lambda m: m.likelihoods.StudentTLikelihood(), None),
    "BetaLikelihood": (lambda m: m.likelihoods.BetaLikelihood(), None),
}


def _gpt(name: str, **more: Any) -> Callable[[Any], Any]:
    def make(m: Any) -> Any:
        config = m.Config.from_name(
            name, n_layer=2, n_embd=32, n_head=4, padded_vocab_size=100, block_size=32, intermediate_size=64, **more
        )
        return m.GPT(config)

    return make


def _adapted(module: str) -> Callable[[Any], Any]:
    def make(m: Any) -> Any:
        inner: Any = importlib.import_module(f"{m.__name__}.{module}")
        more = {"lora_r": 4, "lora_query": True, "lora_value": True} if module == "lora" else {}
        config = inner.Config.from_name("pythia-14m", n_layer=2, n_embd=32, n_head=4, block_size=32, **more)
        return inner.GPT(config)

    return make


LITGPT: dict[str, Made] = {
    **{
        name: (_gpt(name, **more), tokens(100, 8))
        for name, more in {
            "pythia-14m": {},
            "Llama-2-7b-hf": {"n_query_groups": 4, "head_size": 8},
            "Llama-3-8B": {"n_query_groups": 2, "head_size": 8},
            "Mistral-7B-v0.1": {"n_query_groups": 2, "head_size": 8},
            "Mixtral-8x7B-v0.1": {"n_query_groups": 2, "head_size": 8, "n_expert": 4},
            "Gemma-2b": {"n_query_groups": 1, "head_size": 8},
            "Gemma-2-2b": {"n_query_groups": 2, "head_size": 8},
            "Gemma-3-1b-it": {"n_query_groups": 1, "head_size": 8},
            "falcon-7b": {"n_query_groups": 1, "head_size": 8},
            "phi-2": {"n_query_groups": 4, "head_size": 8},
            "stablelm-base-alpha-3b": {},
            "Qwen2.5-0.5B": {"n_query_groups": 2, "head_size": 8},
            "Qwen3-0.6B": {"n_query_groups": 2, "head_size": 8},
            "OLMo-1B-hf": {"n_query_groups": 4, "head_size": 8},
        }.items()
    },
    "lora": (_adapted("lora"), tokens(100, 8)),
    "adapter": (_adapted("adapter"), tokens(100, 8)),
    "adapter_v2": (_adapted("adapter_v2"), tokens(100, 8)),
}

_TINY = {
    "vocab_size": 100, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
    "num_key_value_heads": 4, "max_position_embeddings": 32, "n_embd": 32, "n_layer": 2, "n_head": 4, "d_model": 32,
    "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "ffn_dim": 64, "word_embed_proj_dim": 32,
}  # fmt: skip


def _peft(kind: str, adapter: str, **more: Any) -> Callable[[Any], Any]:
    def make(m: Any) -> Any:
        transformers: Any = importlib.import_module("transformers")
        config = transformers.AutoConfig.for_model(kind, **_TINY)
        base = transformers.AutoModelForSeq2SeqLM if kind == "t5" else transformers.AutoModelForCausalLM
        if kind in ("bert", "roberta"):
            base = transformers.AutoModelForSequenceClassification
        return m.get_peft_model(base.from_config(config), getattr(m, adapter)(**more))

    return make


_VIRTUAL = {"num_virtual_tokens": 4, "task_type": "CAUSAL_LM"}
PEFT: dict[str, Made] = {
    name: (_peft(kind, adapter, **more), lambda: {"input_ids": torch.randint(3, 100, (2, 8))})
    for name, kind, adapter, more in [
        ("gpt2 LoRA", "gpt2", "LoraConfig", {"r": 4}),
        ("llama LoRA", "llama", "LoraConfig", {"r": 4}),
        ("llama LoRA, all linear", "llama", "LoraConfig", {"r": 4, "target_modules": "all-linear"}),
        ("llama DoRA", "llama", "LoraConfig", {"r": 4, "use_dora": True}),
        ("llama rsLoRA", "llama", "LoraConfig", {"r": 4, "use_rslora": True}),
        ("llama LoRA, gaussian", "llama", "LoraConfig", {"r": 4, "init_lora_weights": "gaussian"}),
        ("llama PiSSA", "llama", "LoraConfig", {"r": 4, "init_lora_weights": "pissa"}),
        ("llama OLoRA", "llama", "LoraConfig", {"r": 4, "init_lora_weights": "olora"}),
        ("opt LoRA", "opt", "LoraConfig", {"r": 4}),
        ("bert LoRA", "bert", "LoraConfig", {"r": 4, "task_type": "SEQ_CLS"}),
        ("llama LoRA, embeddings", "llama", "LoraConfig", {"r": 4, "target_modules": ["embed_tokens", "q_proj"]}),
        ("llama LoRA, saved head", "llama", "LoraConfig", {"r": 4, "modules_to_save": ["lm_head"]}),
        ("llama AdaLoRA", "llama", "AdaLoraConfig", {"total_step": 10, "target_modules": ["q_proj"]}),
        ("llama LoHa", "llama", "LoHaConfig", {"r": 4, "target_modules": ["q_proj"]}),
        ("llama LoKr", "llama", "LoKrConfig", {"r": 4, "target_modules": ["q_proj"]}),
        ("llama IA3", "llama", "IA3Config", {}),
        ("llama OFT", "llama", "OFTConfig", {"r": 4, "oft_block_size": 0, "target_modules": ["q_proj"]}),
        ("llama BOFT", "llama", "BOFTConfig", {"boft_block_size": 4, "target_modules": ["q_proj"]}),
        ("llama VeRA", "llama", "VeraConfig", {"r": 4, "target_modules": ["q_proj"]}),
        ("llama FourierFT", "llama", "FourierFTConfig", {"n_frequency": 10, "target_modules": ["q_proj"]}),
        ("llama HRA", "llama", "HRAConfig", {"r": 4, "target_modules": ["q_proj"]}),
        ("llama prompt", "llama", "PromptTuningConfig", {**_VIRTUAL}),
        ("llama prefix", "llama", "PrefixTuningConfig", {**_VIRTUAL}),
        ("llama P-tuning", "llama", "PromptEncoderConfig", {**_VIRTUAL, "encoder_hidden_size": 16}),
        ("llama layer norms", "llama", "LNTuningConfig", {}),
    ]
}  # fmt: skip

LIBRARIES: dict[str, tuple[str, dict[str, Made]]] = {
    "diffusers": ("diffusers", DIFFUSERS),
    "monai": ("monai.networks.nets", MONAI),
    "kornia": ("kornia", KORNIA),
    "torch_geometric": ("torch_geometric", PYG),
    "x-transformers": ("x_transformers", X_TRANSFORMERS),
    "vit-pytorch": ("vit_pytorch", VIT),
    "open_clip": ("open_clip", OPEN_CLIP),
    "sb3": ("stable_baselines3", SB3),
    "gpytorch": ("gpytorch", GPYTORCH),
    "smp": ("segmentation_models_pytorch", SMP),
    "litgpt": ("litgpt", LITGPT),
    "peft": ("peft", PEFT),
}


def entries(library: str) -> Iterator[Entry]:
    """The models of a library, each with its factory and its example."""
    name, made = LIBRARIES[library]
    module = importlib.import_module(name)
    for key, (factory, example) in made.items():
        yield key, lambda factory=factory: factory(module), example
