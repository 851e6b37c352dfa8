"""The one list of all rules, in the order of their codes. Written by `scripts/list-rules`; do not edit.

A rule's own file is imported when something nominates code for it, or when its documentation is asked for.
"""

from paramlint.rule import (
    Asks,
    Calls,
    Classes,
    Defines,
    Drops,
    Keywords,
    Mentions,
    Repeats,
    Reuses,
    Rule,
    Stores,
)
from paramlint_rules.on_demand import RuleOnDemand

# fmt: off
RULES: tuple[Rule, ...] = (
    RuleOnDemand('values.in_place_data_edit', 'PRM101', 'in-place-data-edit', 'risk', fix='safe',
        triggers=(Mentions('data'),)),
    RuleOnDemand('values.data_rebound', 'PRM102', 'data-rebound', 'risk', fix='unsafe', triggers=(Stores('data'),)),
    RuleOnDemand('values.data_in_forward', 'PRM103', 'data-in-forward', 'bug', fix='safe', triggers=(Asks(*"""data
        detach inference_mode no_grad""".split(), entries=('class',)),)),
    RuleOnDemand('values.grad_data_edit', 'PRM104', 'grad-data-edit', 'risk', fix='safe', triggers=(Mentions('data'),)),
    RuleOnDemand('values.leaf_edited_with_grad', 'PRM105', 'leaf-edited-with-grad', 'bug', fix='safe',
        triggers=(Asks('Module', 'Parameter', 'backward'),), only_with=frozenset(('__init__', 'backward', 'forward',)),
        beyond_plain=True),
    RuleOnDemand('values.grad_read_before_backward', 'PRM106', 'grad-read-before-backward', 'bug',
        triggers=(Asks('backward'),)),
    RuleOnDemand('values.data_read', 'PRM107', 'data-read', 'pedantic', fix='safe', triggers=(Mentions('data'),)),
    RuleOnDemand('values.tensor_cuts_graph', 'PRM108', 'tensor-cuts-graph', 'bug', triggers=(Asks(*"""BFloat16Tensor
        DoubleTensor FloatTensor HalfTensor Tensor as_tensor item tensor tolist""".split(), entries=('class',)),)),
    RuleOnDemand('values.loop_variable_rebound', 'PRM109', 'loop-variable-rebound', 'bug',
        triggers=(Mentions(*"""children ema_params modules named_children named_modules named_parameters parameters
        params state_dict""".split()),)),
    RuleOnDemand('initialization.uninitialized_parameter', 'PRM201', 'uninitialized-parameter', 'bug', fix='unsafe',
        triggers=(Asks(*"""BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor
        LongTensor ShortTensor Tensor empty empty_like empty_permuted empty_strided new_empty
        new_empty_strided""".split(), entries=('class',)),)),
    RuleOnDemand('initialization.partly_initialized_parameter', 'PRM202', 'partly-initialized-parameter', 'bug',
        triggers=(Asks(*"""BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor
        LongTensor ShortTensor Tensor empty empty_like empty_permuted empty_strided new_empty
        new_empty_strided""".split(), entries=('class',)),)),
    RuleOnDemand('initialization.lost_on_materialization', 'PRM203', 'lost-on-materialization', 'bug',
        triggers=(Asks('to_empty', entries=('function', 'module')), Asks('skip_init'),)),
    RuleOnDemand('initialization.init_before_submodules', 'PRM204', 'init-before-submodules', 'bug', fix='unsafe',
        triggers=(Asks(*"""apply modules named_modules named_parameters parameters""".split(), entries=('class',)),)),
    RuleOnDemand('initialization.init_never_called', 'PRM205', 'init-never-called', 'bug', fix='unsafe',
        triggers=(Asks(*"""BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor
        LongTensor ShortTensor Tensor empty empty_like empty_permuted empty_strided kaiming_normal_ kaiming_uniform_
        new_empty new_empty_strided normal_ orthogonal_ sparse_ trunc_normal_ uniform_ xavier_normal_
        xavier_uniform_""".split(), entries=('class',)),)),
    RuleOnDemand('initialization.init_of_module', 'PRM206', 'init-of-module', 'bug', fix='safe',
        triggers=(Asks(*"""bernoulli_ cauchy_ constant constant_ copy_ dirac dirac_ exponential_ eye eye_ fill_
        geometric_ kaiming_normal kaiming_normal_ kaiming_uniform kaiming_uniform_ log_normal_ normal normal_ ones_
        orthogonal orthogonal_ random_ sparse sparse_ trunc_normal_ uniform uniform_ xavier_normal xavier_normal_
        xavier_uniform xavier_uniform_ zero_ zeros_""".split()),)),
    RuleOnDemand('initialization.init_overwritten', 'PRM207', 'init-overwritten', 'bug', triggers=(Asks(*"""bernoulli_
        cauchy_ constant constant_ copy_ dirac dirac_ exponential_ eye eye_ fill_ geometric_ init kaiming_normal
        kaiming_normal_ kaiming_uniform kaiming_uniform_ log_normal_ normal normal_ ones_ orthogonal orthogonal_ random_
        reset_parameters sparse sparse_ trunc_normal_ uniform uniform_ xavier_normal xavier_normal_ xavier_uniform
        xavier_uniform_ zero_ zeros_""".split()),)),
    RuleOnDemand('initialization.init_call_passed', 'PRM208', 'init-call-passed', 'bug', fix='safe',
        triggers=(Calls('apply'),)),
    RuleOnDemand('initialization.init_never_matches', 'PRM209', 'init-never-matches', 'bug', triggers=(Asks(*"""apply
        bernoulli_ cauchy_ children constant constant_ copy_ dirac dirac_ exponential_ eye eye_ fill_ geometric_
        kaiming_normal kaiming_normal_ kaiming_uniform kaiming_uniform_ log_normal_ modules named_children named_modules
        named_parameters normal normal_ ones_ orthogonal orthogonal_ random_ sparse sparse_ trunc_normal_ uniform
        uniform_ xavier_normal xavier_normal_ xavier_uniform xavier_uniform_ zero_ zeros_""".split()),)),
    RuleOnDemand('initialization.fan_init_of_vector', 'PRM210', 'fan-init-of-vector', 'bug', triggers=(Asks(*"""dirac
        dirac_ eye eye_ kaiming_normal kaiming_normal_ kaiming_uniform kaiming_uniform_ orthogonal orthogonal_ sparse
        sparse_ xavier_normal xavier_normal_ xavier_uniform xavier_uniform_""".split()),)),
    RuleOnDemand('initialization.deprecated_init_name', 'PRM211', 'deprecated-init-name', 'risk', fix='safe',
        triggers=(Calls(*"""constant dirac eye kaiming_normal kaiming_uniform normal orthogonal sparse uniform
        xavier_normal xavier_uniform""".split()), Mentions(*"""constant dirac eye kaiming_normal kaiming_uniform normal
        orthogonal sparse uniform xavier_normal xavier_uniform""".split()),)),
    RuleOnDemand('initialization.constant_weight', 'PRM212', 'constant-weight', 'pedantic', triggers=(Asks(*"""constant_
        new_zeros ones_ zeros""".split()),)),
    RuleOnDemand('initialization.init_gain_mismatch', 'PRM213', 'init-gain-mismatch', 'pedantic',
        triggers=(Calls(*"""kaiming_normal_ kaiming_uniform_ orthogonal_ xavier_normal_ xavier_uniform_""".split()),)),
    RuleOnDemand('initialization.padding_row_overwritten', 'PRM214', 'padding-row-overwritten', 'bug', fix='unsafe',
        triggers=(Asks('Embedding', 'EmbeddingBag', 'padding_idx'),)),
    RuleOnDemand('initialization.unknown_init_argument', 'PRM215', 'unknown-init-argument', 'bug', fix='safe',
        triggers=(Calls(*"""calculate_gain constant constant_ dirac dirac_ eye eye_ kaiming_normal kaiming_normal_
        kaiming_uniform kaiming_uniform_ normal normal_ ones_ orthogonal orthogonal_ sparse sparse_ trunc_normal_
        uniform uniform_ xavier_normal xavier_normal_ xavier_uniform xavier_uniform_ zeros_""".split()),)),
    RuleOnDemand('initialization.pretrained_weights_overwritten', 'PRM216', 'pretrained-weights-overwritten', 'bug',
        triggers=(Asks(*"""from_pretrained load_state_dict pretrained weights""".split(), followed=True),)),
    RuleOnDemand('initialization.lazy_parameter_initialized_early', 'PRM217', 'lazy-parameter-initialized-early', 'bug',
        triggers=(Asks(*"""LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyConv1d LazyConv2d LazyConv3d
        LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d LazyLinear""".split()),)),
    RuleOnDemand('initialization.init_of_temporary', 'PRM218', 'init-of-temporary', 'bug', triggers=(Asks(*"""bernoulli_
        cauchy_ constant constant_ copy_ dirac dirac_ exponential_ eye eye_ fill_ geometric_ kaiming_normal
        kaiming_normal_ kaiming_uniform kaiming_uniform_ log_normal_ normal normal_ ones_ orthogonal orthogonal_
        parametrizations parametrize random_ register_parametrization sparse sparse_ spectral_norm trunc_normal_ uniform
        uniform_ weight_norm xavier_normal xavier_normal_ xavier_uniform xavier_uniform_ zero_ zeros_""".split()),)),
    RuleOnDemand('initialization.wrong_init_law', 'PRM219', 'wrong-init-law', 'bug', asked_of=frozenset(('keras',
        'torch',))),
    RuleOnDemand('initialization.broken_contract', 'PRM220', 'broken-contract', 'bug', asked_of=frozenset(('keras',
        'torch',))),
    RuleOnDemand('initialization.init_ignores_argument', 'PRM221', 'init-ignores-argument', 'bug',
        triggers=(Calls(*"""apply bernoulli_ cauchy_ constant constant_ copy_ dirac dirac_ exponential_ eye eye_ fill_
        geometric_ kaiming_normal kaiming_normal_ kaiming_uniform kaiming_uniform_ log_normal_ normal normal_ ones_
        orthogonal orthogonal_ random_ sparse sparse_ trunc_normal_ uniform uniform_ xavier_normal xavier_normal_
        xavier_uniform xavier_uniform_ zero_ zeros_""".split()),)),
    RuleOnDemand('initialization.dropped_result', 'PRM222', 'dropped-result', 'bug',
        triggers=(Drops(*"""AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveLogSoftmaxWithLoss
        AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d AlphaDropout AvgPool1d AvgPool2d AvgPool3d BCELoss
        BCEWithLogitsLoss BatchNorm1d BatchNorm2d BatchNorm3d Bilinear Buffer CELU CTCLoss ChannelShuffle CircularPad1d
        CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d Container Conv1d Conv2d Conv3d
        ConvTranspose1d ConvTranspose2d ConvTranspose3d CosineEmbeddingLoss CosineSimilarity CrossEntropyLoss
        CrossMapLRN2d DataParallel Dropout Dropout1d Dropout2d Dropout3d ELU Embedding EmbeddingBag FeatureAlphaDropout
        Flatten Fold FractionalMaxPool2d FractionalMaxPool3d GELU GLU GRU GRUCell GaussianNLLLoss GroupNorm Hardshrink
        Hardsigmoid Hardswish Hardtanh HingeEmbeddingLoss HuberLoss Identity InstanceNorm1d InstanceNorm2d
        InstanceNorm3d KLDivLoss L1Loss LPPool1d LPPool2d LPPool3d LSTM LSTMCell LayerNorm LazyBatchNorm1d
        LazyBatchNorm2d LazyBatchNorm3d LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d
        LazyConvTranspose3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d LazyLinear LeakyReLU Linear
        LinearCrossEntropyLoss LocalResponseNorm LogSigmoid LogSoftmax MSELoss MarginRankingLoss MaxPool1d MaxPool2d
        MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d Mish Module ModuleDict ModuleList MultiLabelMarginLoss
        MultiLabelSoftMarginLoss MultiMarginLoss MultiheadAttention NLLLoss NLLLoss2d PReLU PairwiseDistance Parameter
        ParameterDict ParameterList PixelShuffle PixelUnshuffle PoissonNLLLoss RMSNorm RNN RNNBase RNNCell RNNCellBase
        RReLU ReLU ReLU6 ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d
        ReplicationPad3d SELU Sequential SiLU Sigmoid SmoothL1Loss SoftMarginLoss Softmax Softmax2d Softmin Softplus
        Softshrink Softsign SyncBatchNorm Tanh Tanhshrink Threshold Transformer TransformerDecoder
        TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer TripletMarginLoss
        TripletMarginWithDistanceLoss Unflatten Unfold UninitializedBuffer UninitializedParameter Upsample
        UpsamplingBilinear2d UpsamplingNearest2d ZeroPad1d ZeroPad2d ZeroPad3d abs absolute acos acosh add addbmm
        addcdiv addcmul addmm addmv addr apply arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh as_tensor
        asarray asin asinh atan atan2 atanh baddbmm bartlett_window bernoulli bitwise_and bitwise_left_shift bitwise_not
        bitwise_or bitwise_right_shift bitwise_xor blackman_window cauchy ceil clamp clamp_max clamp_min clip clone
        conj_physical contiguous copy copysign cos cosh cuda cumprod cumsum deepcopy deg2rad detach digamma div divide
        double empty_quantized eq erf erfc erfinv exp exp2 expand expm1 exponential eye fill fill_diagonal fix float
        float_power floor floor_divide fmod frac from_dlpack from_file from_numpy from_pretrained frombuffer full
        full_like gcd ge gelu geometric greater greater_equal gt half hamming_window hann_window heaviside hypot i0
        igamma igammac index_add index_copy index_fill index_put index_reduce interpolate kaiser_window lcm ldexp le
        lerp less less_equal lgamma linspace log log10 log1p log2 log_normal log_softmax logical_and logical_not
        logical_or logical_xor logit logspace lt map map2 masked_fill masked_scatter mul multiply mvlgamma nan_to_num ne
        neg negative nextafter normal normalize not_equal one_hot ones ones_like pad polygamma pow put rad2deg rand
        rand_like randint randint_like randn randn_like random randperm range reciprocal relu remainder renorm reshape
        round rsqrt scalar_tensor scatter scatter_add scatter_reduce sgn sigmoid sign sin sinc sinh softmax softplus
        sparse_bsc_tensor sparse_bsr_tensor sparse_compressed_tensor sparse_coo_tensor sparse_csc_tensor
        sparse_csr_tensor sqrt square sub subtract tan tanh tensor to tril tril_indices triu triu_indices true_divide
        trunc uniform view xlogy zero zeros zeros_like""".split()),)),
    RuleOnDemand('initialization.adapter_not_identity', 'PRM223', 'adapter-not-identity', 'risk',
        triggers=(Asks('Module', 'nn', entries=('class',)),), beyond_plain=True),
    RuleOnDemand('initialization.index_with_none', 'PRM224', 'index-with-none', 'bug', triggers=(Asks(*"""bernoulli_
        cauchy_ constant constant_ copy_ data dirac dirac_ exponential_ eye eye_ fill_ geometric_ kaiming_normal
        kaiming_normal_ kaiming_uniform kaiming_uniform_ log_normal_ no_grad normal normal_ ones_ orthogonal orthogonal_
        random_ sparse sparse_ trunc_normal_ uniform uniform_ xavier_normal xavier_normal_ xavier_uniform
        xavier_uniform_ zero_ zeros_""".split()),), only_with=frozenset(('None',)), beyond_plain=True),
    RuleOnDemand('initialization.silently_frozen_embedding', 'PRM225', 'silently-frozen-embedding', 'pedantic',
        fix='unsafe', triggers=(Calls('from_pretrained'),)),
    RuleOnDemand('initialization.init_result_assigned', 'PRM226', 'init-result-assigned', 'bug', fix='unsafe',
        triggers=(Asks('Module', 'nn', entries=('class',)), Asks('bias', 'weight', made=False),), beyond_plain=True),
    RuleOnDemand('initialization.momentum_as_eps', 'PRM227', 'momentum-as-eps', 'bug', fix='unsafe',
        triggers=(Calls(*"""BatchNorm1d BatchNorm2d BatchNorm3d InstanceNorm1d InstanceNorm2d InstanceNorm3d
        LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d
        SyncBatchNorm _BatchNorm _InstanceNorm _LazyNormBase _NormBase""".split()),)),
    RuleOnDemand('initialization.fan_from_wrong_axis', 'PRM228', 'fan-from-wrong-axis', 'risk', fix='unsafe',
        triggers=(Calls('size', 'sqrt'), Mentions('shape'),), only_with=frozenset(('fan_in', 'fanin', 'sqrt',))),
    RuleOnDemand('sharing.repeated_module', 'PRM301', 'repeated-module', 'bug', fix='unsafe',
        triggers=(Asks(*"""ModuleDict ModuleList ParameterList Sequential""".split(), made=False), Asks(*"""ModuleDict
        ModuleList ParameterList Sequential""".split(), entries=('class',)), Repeats(),), beyond_plain=True),
    RuleOnDemand('sharing.module_listed_twice', 'PRM302', 'module-listed-twice', 'risk',
        triggers=(Reuses(*"""BatchNorm1d BatchNorm2d LayerNorm ModuleDict ModuleList PReLU RMSNorm
        Sequential""".split()), Repeats(), Classes(*"""BatchNorm1d BatchNorm2d LayerNorm ModuleDict ModuleList PReLU
        RMSNorm Sequential forward""".split()), Asks('ModuleDict', 'ModuleList', 'Sequential', made=False),
        Asks('ModuleDict', 'ModuleList', 'Sequential', entries=('class',)),)),
    RuleOnDemand('sharing.module_as_default_argument', 'PRM303', 'module-as-default-argument', 'bug', fix='safe',
        triggers=(Defines(defaults=True), Classes(*"""NamedTuple attr attrs dataclass""".split()),)),
    RuleOnDemand('sharing.class_level_parameter', 'PRM304', 'class-level-parameter', 'bug', triggers=(Classes(),
        Asks('Parameter', entries=('class',)),), beyond_plain=True),
    RuleOnDemand('sharing.module_in_fromkeys', 'PRM305', 'module-in-fromkeys', 'bug', fix='unsafe',
        triggers=(Calls('fromkeys'),)),
    RuleOnDemand('sharing.shallow_copied_module', 'PRM306', 'shallow-copied-module', 'bug', fix='safe',
        triggers=(Asks('copy'),)),
    RuleOnDemand('sharing.identical_clones', 'PRM307', 'identical-clones', 'risk', triggers=(Asks('TransformerDecoder',
        'TransformerEncoder', 'deepcopy'),)),
    RuleOnDemand('sharing.borrowed_module', 'PRM308', 'borrowed-module', 'risk'),
    RuleOnDemand('sharing.overlapping_memory', 'PRM310', 'overlapping-memory', 'bug', fix='unsafe',
        triggers=(Asks('broadcast_to', 'expand', 'expand_as'),)),
    RuleOnDemand('registration.modules_in_plain_container', 'PRM401', 'modules-in-plain-container', 'bug', fix='unsafe',
        triggers=(Asks('Module', 'forward', 'nn', entries=('class',)),), beyond_plain=True),
    RuleOnDemand('registration.parameters_in_plain_container', 'PRM402', 'parameters-in-plain-container', 'bug',
        fix='unsafe', triggers=(Asks('Parameter', entries=('class',)),)),
    RuleOnDemand('registration.non_leaf_parameter', 'PRM403', 'non-leaf-parameter', 'bug', fix='unsafe',
        triggers=(Asks('Parameter', entries=('class',)),)),
    RuleOnDemand('registration.tensor_instead_of_parameter', 'PRM404', 'tensor-instead-of-parameter', 'bug',
        fix='unsafe', triggers=(Asks('requires_grad', 'requires_grad_', entries=('class',)),)),
    RuleOnDemand('registration.missing_super_init', 'PRM405', 'missing-super-init', 'bug', fix='safe',
        triggers=(Defines('__init__', unless_first='__init__'), Calls('super'),), beyond_plain=True),
    RuleOnDemand('registration.assigned_before_super_init', 'PRM406', 'assigned-before-super-init', 'bug', fix='safe',
        triggers=(Defines('__init__', unless_first='__init__'),)),
    RuleOnDemand('registration.parameter_created_in_forward', 'PRM407', 'parameter-created-in-forward', 'bug',
        triggers=(Asks('forward', entries=('class',)),), beyond_plain=True),
    RuleOnDemand('registration.tensor_instead_of_buffer', 'PRM408', 'tensor-instead-of-buffer', 'risk', fix='unsafe',
        triggers=(Asks(*"""Tensor arange as_tensor asarray bartlett_window blackman_window empty empty_like
        empty_permuted empty_quantized empty_strided eye from_dlpack from_file from_numpy frombuffer full full_like
        hamming_window hann_window kaiser_window linspace logspace normal ones ones_like rand rand_like randint
        randint_like randn randn_like randperm range scalar_tensor sparse_bsc_tensor sparse_bsr_tensor
        sparse_compressed_tensor sparse_coo_tensor sparse_csc_tensor sparse_csr_tensor tensor tril_indices triu_indices
        zeros zeros_like""".split(), entries=('class',)),)),
    RuleOnDemand('registration.unregistered_twin_container', 'PRM409', 'unregistered-twin-container', 'risk',
        triggers=(Asks(*"""add_module forward register_module setattr""".split(), entries=('class',)),),
        beyond_plain=True),
    RuleOnDemand('registration.parameter_without_gradient', 'PRM410', 'parameter-without-gradient', 'risk',
        triggers=(Asks('forward', entries=('class',)),), beyond_plain=True),
    RuleOnDemand('registration.init_flag_not_saved', 'PRM411', 'init-flag-not-saved', 'bug', fix='unsafe',
        triggers=(Classes(*"""Parameter add_ constant_ copy_ data div_ fill_ mean mul_ normal_ register_buffer set_ sub_
        uniform_""".split()),), only_with=frozenset(('Parameter', 'forward', 'register_buffer',))),
    RuleOnDemand('registration.buffer_holds_graph', 'PRM412', 'buffer-holds-graph', 'bug', triggers=(Asks('add_',
        'lerp_', 'register_buffer', entries=('class',)),)),
    RuleOnDemand('registration.name_registered_twice', 'PRM413', 'name-registered-twice', 'bug',
        triggers=(Asks('add_module', 'nn', 'register_parameter', entries=('class',)),)),
    RuleOnDemand('registration.registered_under_other_name', 'PRM414', 'registered-under-other-name', 'bug',
        triggers=(Asks('register_buffer', 'register_parameter', entries=('class',)),), beyond_plain=True),
    RuleOnDemand('ties.tie_by_rewrap', 'PRM501', 'tie-by-rewrap', 'bug', fix='unsafe', triggers=(Asks('Parameter'),)),
    RuleOnDemand('ties.tie_by_data', 'PRM502', 'tie-by-data', 'bug', fix='unsafe', triggers=(Asks('data'),)),
    RuleOnDemand('ties.tie_broken_later', 'PRM503', 'tie-broken-later', 'bug', triggers=(Stores('bias', 'weight',
        of_names=True), Calls('Parameter'), Asks('Parameter', 'bias', 'weight'),)),
    RuleOnDemand('ties.tie_lost_on_materialization', 'PRM504', 'tie-lost-on-materialization', 'bug',
        triggers=(Stores('bias', 'weight', of_names=True),)),
    RuleOnDemand('ties.tie_never_made', 'PRM505', 'tie-never-made', 'bug', triggers=(Stores(*"""bais bias weight weights
        weigth wieght""".split()), Classes(*"""_tied_weights_keys share_embedding share_embeddings share_weights
        tie_embedding tie_embeddings tie_weight tie_weights tie_word_embeddings tied_embeddings tied_weights
        weight_tying""".split()),)),
    RuleOnDemand('freezing.requires_grad_typo', 'PRM601', 'requires-grad-typo', 'bug', fix='safe',
        triggers=(Stores(*"""reqires_grad reqires_grad_ requiers_grad requiers_grad_ requies_grad requies_grad_
        require_gard require_gard_ require_grad require_grad_ require_gradient require_gradient_ require_gradients
        require_gradients_ require_grads require_grads_ required_grad required_grad_ required_gradient
        required_gradient_ requires_gard requires_gard_ requires_grad_ requires_grade requires_grade_ requires_gradient
        requires_gradient_ requires_gradients requires_gradients_ requires_grads requires_grads_ requires_grd
        requires_grd_ requre_grad requre_grad_ requres_grad requres_grad_ requries_grad requries_grad_""".split()),
        Keywords(*"""reqires_grad reqires_grad_ requiers_grad requiers_grad_ requies_grad requies_grad_ require_gard
        require_gard_ require_grad require_grad_ require_gradient require_gradient_ require_gradients require_gradients_
        require_grads require_grads_ required_grad required_grad_ required_gradient required_gradient_ requires_gard
        requires_gard_ requires_grade requires_grade_ requires_gradient requires_gradient_ requires_gradients
        requires_gradients_ requires_grads requires_grads_ requires_grd requires_grd_ requre_grad requre_grad_
        requres_grad requres_grad_ requries_grad requries_grad_""".split()),)),
    RuleOnDemand('freezing.requires_grad_on_module', 'PRM602', 'requires-grad-on-module', 'bug', fix='unsafe',
        triggers=(Asks('requires_grad'),)),
    RuleOnDemand('freezing.frozen_norm_still_updates', 'PRM603', 'frozen-norm-still-updates', 'risk',
        triggers=(Asks('requires_grad', 'requires_grad_'), Asks('eval', entries=('class',)),)),
    RuleOnDemand('freezing.frozen_parameter_still_decays', 'PRM604', 'frozen-parameter-still-decays', 'risk',
        triggers=(Mentions('grad'),)),
    RuleOnDemand('freezing.checkpoint_cuts_gradient', 'PRM605', 'checkpoint-cuts-gradient', 'bug', fix='safe',
        triggers=(Asks('checkpoint', 'checkpoint_sequential'),)),
    RuleOnDemand('freezing.freeze_undone', 'PRM606', 'freeze-undone', 'bug', triggers=(Asks('requires_grad',
        'requires_grad_'),)),
    RuleOnDemand('freezing.eval_is_not_freezing', 'PRM607', 'eval-is-not-freezing', 'risk', triggers=(Asks('eval'),)),
    RuleOnDemand('freezing.requires_grad_on_copy', 'PRM608', 'requires-grad-on-copy', 'bug',
        triggers=(Asks('state_dict'),)),
    RuleOnDemand('optimizer.aliased_checkpoint', 'PRM701', 'aliased-checkpoint', 'bug', fix='safe',
        triggers=(Calls(*"""backward state_dict step train train_epoch train_one_epoch""".split()),)),
    RuleOnDemand('optimizer.ignored_missing_keys', 'PRM702', 'ignored-missing-keys', 'pedantic',
        triggers=(Calls('load_state_dict'),)),
    RuleOnDemand('optimizer.load_result_as_model', 'PRM703', 'load-result-as-model', 'bug', fix='safe',
        triggers=(Calls('load_state_dict'),)),
    RuleOnDemand('optimizer.stale_optimizer', 'PRM704', 'stale-optimizer', 'bug', triggers=(Asks(*"""Adam AdamW RMSprop
        SGD backward configure_optimizers epoch epochs fit opt optim optimizer optimizers train
        training_step""".split()),), asked_of=frozenset(('keras', 'torch',))),
    RuleOnDemand('optimizer.exhausted_parameter_iterator', 'PRM705', 'exhausted-parameter-iterator', 'bug', fix='safe',
        triggers=(Asks('named_parameters', 'parameters'),)),
    RuleOnDemand('optimizer.named_parameters_as_parameters', 'PRM706', 'named-parameters-as-parameters', 'bug',
        fix='safe', triggers=(Asks(*"""ASGD Adadelta Adafactor Adagrad Adam AdamW Adamax LBFGS Muon NAdam RAdam RMSprop
        Rprop SGD SparseAdam named_parameters""".split(), made=False),)),
    RuleOnDemand('optimizer.parameter_group_never_matches', 'PRM707', 'parameter-group-never-matches', 'bug',
        triggers=(Asks('named_children', 'named_modules', 'named_parameters'),)),
    RuleOnDemand('optimizer.parameter_in_two_groups', 'PRM708', 'parameter-in-two-groups', 'bug',
        triggers=(Asks(*"""Adam AdamW RMSprop SGD backward configure_optimizers epoch epochs fit opt optim optimizer
        optimizers train training_step""".split()),), asked_of=frozenset(('keras', 'torch',))),
    RuleOnDemand('optimizer.aliased_target_network', 'PRM709', 'aliased-target-network', 'bug', fix='safe',
        triggers=(Asks(*"""Adam AdamW RMSprop SGD backward configure_optimizers epoch epochs fit load_state_dict opt
        optim optimizer optimizers train training_step zip""".split()),)),
    RuleOnDemand('optimizer.parameter_in_no_group', 'PRM710', 'parameter-in-no-group', 'bug', triggers=(Asks(*"""Adam
        AdamW RMSprop SGD backward configure_optimizers epoch epochs fit opt optim optimizer optimizers train
        training_step""".split()),)),
    RuleOnDemand('optimizer.wrong_parameters_in_optimizer', 'PRM711', 'wrong-parameters-in-optimizer', 'bug',
        triggers=(Asks(*"""Adam AdamW RMSprop SGD backward configure_optimizers epoch epochs fit opt optim optimizer
        optimizers train training_step""".split()),)),
    RuleOnDemand('optimizer.average_without_buffers', 'PRM712', 'average-without-buffers', 'risk',
        triggers=(Asks(*"""deepcopy ema ema_model parameters target teacher update_ema zip""".split(), made=False),)),
    RuleOnDemand('optimizer.optimizer_made_in_loop', 'PRM713', 'optimizer-made-in-loop', 'bug', triggers=(Asks(*"""Adam
        AdamW RMSprop SGD backward configure_optimizers epoch epochs fit opt optim optimizer optimizers train
        training_step""".split()),)),
    RuleOnDemand('optimizer.frozen_model_in_optimizer', 'PRM714', 'frozen-model-in-optimizer', 'bug',
        triggers=(Asks(*"""Adam AdamW RMSprop SGD backward configure_optimizers epoch epochs fit opt optim optimizer
        optimizers train training_step""".split()),)),
    RuleOnDemand('optimizer.never_updated', 'PRM715', 'never-updated', 'bug'),
    RuleOnDemand('optimizer.gradients_never_cleared', 'PRM716', 'gradients-never-cleared', 'bug',
        triggers=(Asks(*"""Adam AdamW RMSprop SGD backward configure_optimizers epoch epochs fit opt optim optimizer
        optimizers train training_step""".split()),)),
    RuleOnDemand('optimizer.gradients_cleared_too_soon', 'PRM717', 'gradients-cleared-too-soon', 'bug',
        triggers=(Asks(*"""Adam AdamW RMSprop SGD backward configure_optimizers epoch epochs fit opt optim optimizer
        optimizers train training_step""".split()),)),
    RuleOnDemand('optimizer.non_finite_gradient', 'PRM718', 'non-finite-gradient', 'bug'),
    RuleOnDemand('optimizer.update_out_of_scale', 'PRM719', 'update-out-of-scale', 'pedantic'),
    RuleOnDemand('optimizer.decay_on_norm_or_bias', 'PRM720', 'decay-on-norm-or-bias', 'pedantic'),
    RuleOnDemand('optimizer.clip_of_no_parameter', 'PRM721', 'clip-of-no-parameter', 'bug', triggers=(Asks(*"""Adam
        AdamW RMSprop SGD backward clip_grad_norm_ clip_grad_value_ configure_optimizers epoch epochs fit opt optim
        optimizer optimizers train training_step""".split()),)),
    RuleOnDemand('optimizer.loss_reaches_no_parameter', 'PRM722', 'loss-reaches-no-parameter', 'bug',
        triggers=(Asks(*"""Adam AdamW RMSprop SGD backward configure_optimizers epoch epochs fit opt optim optimizer
        optimizers train training_step""".split()),)),
    RuleOnDemand('optimizer.leftover_gradients', 'PRM723', 'leftover-gradients', 'bug', triggers=(Asks(*"""Adam AdamW
        RMSprop SGD backward configure_optimizers epoch epochs fit opt optim optimizer optimizers train
        training_step""".split()),)),
    RuleOnDemand('optimizer.left_in_eval', 'PRM724', 'left-in-eval', 'bug', triggers=(Asks(*"""Adam AdamW RMSprop SGD
        backward configure_optimizers epoch epochs eval fit opt optim optimizer optimizers train
        training_step""".split()),)),
    RuleOnDemand('optimizer.update_rounded_away', 'PRM725', 'update-rounded-away', 'bug'),
    RuleOnDemand('optimizer.optimizer_state_dropped', 'PRM726', 'optimizer-state-dropped', 'risk'),
    RuleOnDemand('keras.shared_initializer', 'PRM801', 'shared-initializer', 'bug', fix='unsafe',
        triggers=(Asks(*"""GlorotUniform HeNormal Orthogonal RandomNormal TruncatedNormal VarianceScaling
        embeddings_initializer initializer initializers kernel_initializer""".split()),),
        frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.repeated_initializer_seed', 'PRM802', 'repeated-initializer-seed', 'risk',
        triggers=(Asks('seed'),), frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.trainable_after_compile', 'PRM803', 'trainable-after-compile', 'bug',
        triggers=(Asks('trainable'),), frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.overridden_training_flag', 'PRM804', 'overridden-training-flag', 'bug',
        triggers=(Asks('training'),), frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.frozen_compiled_model', 'PRM805', 'frozen-compiled-model', 'bug', triggers=(Asks('trainable'),),
        frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.untracked_layer_container', 'PRM806', 'untracked-layer-container', 'bug',
        triggers=(Asks(*"""Layer Model __init__ build layers""".split(), entries=('class',)),),
        frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.foreign_variable', 'PRM807', 'foreign-variable', 'bug', triggers=(Asks(*"""Parameter Variable
        __init__ build requires_grad""".split(), entries=('class',)),), frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.layer_made_in_call', 'PRM808', 'layer-made-in-call', 'bug', triggers=(Asks('call',
        entries=('class',)),), frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.variable_replaced_by_tensor', 'PRM809', 'variable-replaced-by-tensor', 'bug',
        triggers=(Asks(*"""add_weight beta gamma moving_mean moving_variance""".split()),),
        frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.positional_initializer_argument', 'PRM810', 'positional-initializer-argument', 'bug',
        fix='safe', triggers=(Asks(*"""RandomNormal RandomUniform TruncatedNormal random_normal
        random_normal_initializer random_uniform random_uniform_initializer truncated_normal
        truncated_normal_initializer""".split()),), frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.constant_kernel', 'PRM811', 'constant-kernel', 'pedantic',
        triggers=(Asks('kernel_initializer'),), frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.write_to_copy', 'PRM812', 'write-to-copy', 'bug', fix='safe', triggers=(Asks(*"""get_weights
        non_trainable_variables non_trainable_weights trainable_variables trainable_weights variables
        weights""".split()),), frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.shared_layer_instance', 'PRM813', 'shared-layer-instance', 'bug', fix='unsafe',
        triggers=(Asks(*"""Layer Model Sequential keras layers""".split()),), frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.stale_variable_list', 'PRM814', 'stale-variable-list', 'bug',
        triggers=(Asks('trainable_variables', 'trainable_weights'),), frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.clone_without_weights', 'PRM815', 'clone-without-weights', 'risk',
        triggers=(Asks('clone_model'),), frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.tie_by_copy', 'PRM816', 'tie-by-copy', 'bug', triggers=(Asks(*"""T assign set_weights
        transpose""".split(), entries=('class',)),), frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.initializer_missing_in_config', 'PRM817', 'initializer-missing-in-config', 'risk',
        triggers=(Classes('get_config'),), frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.trainable_typo', 'PRM818', 'trainable-typo', 'bug', fix='safe', triggers=(Asks(*"""Trainable
        frozen is_trainable require_grad requires_grad tarinable traiable traianble traiinable trainaable trainabble
        trainabe trainabel trainabl trainable_ trainables trainablle trainalbe trainalble trainanle trainble traineable
        trainiable trainnable tranable tranaible traninable treinable trianable trinable""".split()),),
        frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.freeze_before_build', 'PRM819', 'freeze-before-build', 'bug', triggers=(Asks('trainable'),),
        frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.built_without_building', 'PRM820', 'built-without-building', 'bug', triggers=(Asks('built',
        entries=('class',)),), frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.by_name_loads_nothing', 'PRM821', 'by-name-loads-nothing', 'pedantic',
        triggers=(Keywords('by_name'),), frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.average_never_applied', 'PRM822', 'average-never-applied', 'bug', triggers=(Asks('use_ema'),),
        frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.variable_path_twice', 'PRM823', 'variable-path-twice', 'risk',
        frameworks=frozenset(('keras',))),
    RuleOnDemand('keras.trainable_by_backend', 'PRM824', 'trainable-by-backend', 'pedantic',
        triggers=(Asks('trainable'),), frameworks=frozenset(('keras',))),
    RuleOnDemand('gluon.params_tie_leaves_bias_out', 'PRM901', 'params-tie-leaves-bias-out', 'bug',
        triggers=(Asks('params'),), frameworks=frozenset(('gluon',))),
    RuleOnDemand('gluon.never_initialized', 'PRM902', 'never-initialized', 'bug', triggers=(Asks('initialize'),),
        frameworks=frozenset(('gluon',))),
    RuleOnDemand('gluon.freeze_without_effect', 'PRM903', 'freeze-without-effect', 'bug', fix='safe',
        triggers=(Asks(*"""collect_params grad_req requires_grad setattr""".split()),),
        frameworks=frozenset(('gluon',))),
    RuleOnDemand('gluon.params_of_container', 'PRM904', 'params-of-container', 'bug', triggers=(Asks('params'),),
        frameworks=frozenset(('gluon',))),
    RuleOnDemand('gluon.blocks_in_plain_container', 'PRM905', 'blocks-in-plain-container', 'bug', fix='unsafe',
        triggers=(Asks(*"""Block HybridBlock __init__ nn""".split(), entries=('class',)),),
        frameworks=frozenset(('gluon',))),
    RuleOnDemand('gluon.unregistered_parameter', 'PRM906', 'unregistered-parameter', 'bug', triggers=(Asks('Parameter',
        'attach_grad', entries=('class',)),), frameworks=frozenset(('gluon',))),
    RuleOnDemand('gluon.stale_trainer', 'PRM907', 'stale-trainer', 'bug', triggers=(Asks('Trainer'),),
        frameworks=frozenset(('gluon',))),
    RuleOnDemand('gluon.init_ignored', 'PRM908', 'init-ignored', 'risk', triggers=(Asks('initialize'),),
        frameworks=frozenset(('gluon',))),
    RuleOnDemand('gluon.reinit_after_load', 'PRM909', 'reinit-after-load', 'bug', triggers=(Asks('force_reinit'),),
        frameworks=frozenset(('gluon',))),
    RuleOnDemand('gluon.parameter_name_twice', 'PRM910', 'parameter-name-twice', 'bug', triggers=(Asks('params',
        entries=('class',)),), frameworks=frozenset(('gluon',))),
    RuleOnDemand('gluon.tie_by_set_data', 'PRM911', 'tie-by-set-data', 'bug', triggers=(Asks('set_data'),),
        frameworks=frozenset(('gluon',))),
)
