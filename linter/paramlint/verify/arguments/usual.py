"""What the arguments of constructors usually are: the data of `paramlint.verify.arguments.guess`.

Sizes go together: 64 is divided by 4 heads, into 16 for each, and by the 32 groups of many a norm. A value is the text
of an expression, as it is reported. Of several, the next one is tried where the one before does not build the class.
"""

from __future__ import annotations

ACTIVATIONS = ("torch.nn.ReLU", "'relu'", "torch.nn.ReLU()")
NORMS = ("torch.nn.BatchNorm2d", "torch.nn.LayerNorm", "'batch'")
LAYERS = ("torch.nn.Linear(64, 64)", "torch.nn.Conv2d(64, 64, 3, padding=1)")

#: Values, and globs for the name in lower case; the first row that fits counts.
BY_NAME: tuple[tuple[tuple[str, ...], str], ...] = (
    # what looks like something else
    (("4",), "*rank *rank_dim"),
    (("16",), "dim_head head_dim *_head_dim *dim_heads head_size d_k d_v kv_channels dim_per_head *heads_dim"),
    (("64", "4"), "dim_* d_* *model_dim"),
    (("2", "64"), "spatial_dim spatial_dims dimensions ndim ndims n_dim n_dims dimension"),
    (("0",), "*_id *_idx *_index *_ind idx index i layer_num stage level"),
    (("0.1",), "*drop* p prob *_prob *probability"),
    (("1e-05",), "eps *_eps epsilon"),
    (("False", "True"), "use_* is_* with_* has_* do_* enable_* add_* return_* no_* apply_* if_* to_* share_* learn_*"),
    (("False", "True"), "*bias causal bidirectional inplace affine shift *sample residual *shortcut normalize"),
    (("{}",), "*kwargs *_args *_cfg *_params *_dict options"),
    # sound
    (("16000",), "sr *sample_rate sampling_rate *_hz"),
    (("256", "64"), "n_fft *fft* win_length frame_* n_freq* *filter_length"),
    (("64",), "n_mels num_mels hop_length hop_size"),
    # counts
    (("10",), "num_classes n_classes nclass* classes *_classes num_class n_class class_num num_labels *_labels"),
    (("100",), "*vocab* *num_tokens *num_embeddings ntoken* n_tokens n_words *num_words n_symbols num_chars"),
    (("4",), "heads num_heads n_heads nheads nhead n_head num_head *_heads *_nhead h"),
    (("4", "1"), "*groups num_group cardinality"),
    (("2",), "depth *_depth *num_layers n_layers nlayers n_layer num_*_layers *_layers num_blocks n_blocks *_blocks"),
    (("2",), "num_stages num_levels *_num_convs n_convs num_convs num_repeats *_repeats num_experts top_k topk"),
    (("(2, 2, 2, 2)", "(2, 2)"), "depths *_depths layers blocks"),
    (("16",), "*seq_len* *max_len* context_length block_size n_ctx *max_position* *timesteps* num_frames"),
    (("16",), "*_mem_len *_length length seqlen frames"),
    (("16",), "num_patches n_patches num_points num_nodes num_samples num_queries num_steps"),
    # images
    (("224", "(224, 224)", "32"), "*img_size *image_size *_resolution resolution height w crop_size img_*"),
    (("14", "(14, 14)"), "input_size_hw feat_size feature_size fmap_size grid_size feature_map_size *_shape"),
    (("16", "(16, 16)"), "*patch_size* *patch_height *patch_width"),
    (("7", "(7, 7)"), "*window_size* *win_size"),
    (("3", "(3, 3)"), "*kernel* ks *_ks ksize k_size filter_size"),
    (("1", "2"), "*stride* *dilation* padding pad sr_ratio *reduction_ratio order"),
    # factors
    (("2", "0.5"), "*ratio *mult *multiplier *factor expand* expansion* growth* upscale scale *_scale"),
    (("0.5", "16"), "*alpha *beta *gamma *lambda* momentum *temp* tau margin sigma std rate *threshold *weight *decay"),
    (("0.5", "16"), "lr base theta delta *init_value* radius cutoff min_* max_*"),
    # layers, by class
    (ACTIVATIONS, "*act *act_layer *act_fn *act_cls *activation* *non_lin* *nonlin*"),
    (NORMS, "norm *norm_layer *norm_cls *norm_fn *norm_type norm_*"),
    (("torch.nn.Conv2d",), "*conv_layer *conv_cls *conv_op conv_* *_conv"),
    (("torch.nn.Linear",), "*linear_layer *linear_cls"),
    # words
    (("'mean'",), "reduction"),
    (("'zeros'", "'reflect'"), "padding_mode pad_mode pad_type mode"),
    (("'cpu'",), "device"),
    (("torch.float32",), "dtype"),
    # layers themselves
    (LAYERS, "net network *_net *model module *_module backbone fn func* layer *_layer block *encoder *decoder"),
    (LAYERS, "base_* trunk body *head transformer conv linear mlp stem op inner *embedder *embedding loss* wrapped"),
    # sizes
    (("(64, 64, 64, 64)", "(64, 64)", "64"), "dims *_dims widths hiddens *_sizes *_list hidden_units"),
    (("64", "4"), "*dim* *channel* *chan* *feature* *feat* *size *plane* *hidden* *unit* *filter* *embed* *width *emb"),
    (("64", "4"), "in* out* c_* ch chs *_ch nf ngf ndf nc oup *latent* *model* c d"),
    (("4", "64"), "n_* num_* nb_* n k m q s"),
)

#: Values by the name of the annotation, for names of which nothing else is known.
BY_TYPE: dict[str, tuple[str, ...]] = {
    "int": ("4",),
    "float": ("0.5",),
    "bool": ("False",),
    "Tensor": ("torch.ones(4)", "torch.ones(4, 4)"),
    "Module": LAYERS,
    "Callable": ("torch.nn.functional.relu",),
    "dict": ("{}",),
    "Mapping": ("{}",),
    "device": ("torch.device('cpu')",),
    "dtype": ("torch.float32",),
    "type": ("torch.nn.Linear",),
}

#: Sizes of a configuration, by globs for their names; each only where its default is larger.
SMALL: tuple[tuple[int, str], ...] = (
    (2, "*num_hidden_layers *num_layers n_layer n_layers *_layers *depth num_blocks"),
    (4, "*num_attention_heads *num_heads n_head n_heads *_attention_heads num_experts n_routed_experts"),
    (2, "*num_key_value_heads num_kv_heads num_experts_per_tok"),
    (64, "hidden_size *_hidden_size d_model n_embd *embed_dim *embedding_size dim *_dim"),
    (128, "*intermediate_size *ffn_dim d_ff n_inner *mlp_dim"),
    (100, "*vocab_size"),
)

#: Names of arguments that are configurations.
CONFIGURATIONS = "config *_config cfg args hparams"

#: Names of sizes that are asked for although their default is None.
ASKED_FOR = (
    "dim depth *_depth *num_layers heads *num_heads in_* out_* *hidden_size *embed_dim num_classes *channels *rank"
)
