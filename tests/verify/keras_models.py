"""Models of Keras, wrong ones and their right twins; each is a class or function that `verify` can be given."""

from __future__ import annotations

import dataclasses
import types
from typing import Any

import keras
import torch
from keras import initializers, layers, ops


def example() -> torch.Tensor:
    return torch.randn(8, 4)


def tokens() -> torch.Tensor:
    return torch.arange(5).reshape(5, 1)


def stacked(*parts: Any) -> Any:
    return keras.Sequential([keras.Input((4,)), *parts])


# PRM801, PRM802: one draw for several variables.


def one_initialiser() -> Any:
    init = initializers.HeNormal()
    return stacked(layers.Dense(4, kernel_initializer=init), layers.Dense(4, kernel_initializer=init))  # PRM801


def kept_initialiser() -> Any:
    class Block(layers.Layer):
        def __init__(self, kernel_initializer: Any = "glorot_uniform") -> None:
            super().__init__()
            self.init = initializers.get(kernel_initializer)
            self.query = layers.Dense(4, kernel_initializer=self.init)  # PRM801
            self.key = layers.Dense(4, kernel_initializer=self.init)

        def call(self, x: Any) -> Any:
            return self.query(x) * self.key(x)

    return stacked(Block())


def other_shapes() -> Any:
    init = initializers.RandomUniform()
    return stacked(layers.Dense(8, kernel_initializer=init), layers.Dense(16, kernel_initializer=init))  # PRM801


def own_weights() -> Any:
    class Pair(layers.Layer):
        def build(self, shape: Any) -> None:
            init = initializers.RandomNormal()
            self.left = self.add_weight(shape=(4, 4), initializer=init, name="left")  # PRM801
            self.right = self.add_weight(shape=(4, 4), initializer=init, name="right")

        def call(self, x: Any) -> Any:
            return x @ self.left + x @ self.right

    return stacked(Pair())


def named_initialiser() -> Any:
    return stacked(*[layers.Dense(4, kernel_initializer=one) for one in ("he_normal", "he_normal")])


def cloned_initialiser() -> Any:
    init = initializers.HeNormal()
    return stacked(layers.Dense(4, kernel_initializer=init), layers.Dense(4, kernel_initializer=init.clone()))


def constant_initialiser() -> Any:
    init = initializers.Zeros()
    return stacked(layers.Dense(4, bias_initializer=init), layers.Dense(4, bias_initializer=init))


def attention() -> Any:
    class Attending(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.attend = layers.MultiHeadAttention(2, 4, kernel_initializer=initializers.GlorotUniform())

        def call(self, x: Any) -> Any:
            return self.attend(x[:, None], x[:, None])

    return Attending()


def one_seed() -> Any:
    return stacked(*[layers.Dense(4, kernel_initializer=initializers.RandomNormal(seed=7)) for _ in range(3)])  # PRM802


def one_seed_cloned() -> Any:
    init = initializers.RandomNormal(seed=7)
    return stacked(layers.Dense(4, kernel_initializer=init), layers.Dense(4, kernel_initializer=init.clone()))  # PRM802


def seed_generator() -> Any:
    seed = keras.random.SeedGenerator(7)
    return stacked(*[layers.Dense(4, kernel_initializer=initializers.RandomNormal(seed=seed)) for _ in range(3)])


def counted_seeds() -> Any:
    return stacked(*[layers.Dense(4, kernel_initializer=initializers.RandomNormal(seed=7 + i)) for i in range(3)])


# PRM804: statistics that move.


def _base() -> Any:
    parts = [layers.Dense(4), layers.BatchNormalization()]
    return keras.Sequential([keras.Input((4,)), *parts])  # PRM804


def unfrozen_base() -> Any:
    base, x = _base(), keras.Input((4,))
    model = keras.Model(x, layers.Dense(1)(base(x, training=False)))
    base.trainable = True
    return model


def base_with_frozen_norms() -> Any:
    base, x = _base(), keras.Input((4,))
    model = keras.Model(x, layers.Dense(1)(base(x, training=False)))
    for layer in base.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    return model


def frozen_base() -> Any:
    base, x = _base(), keras.Input((4,))
    base.trainable = False
    return keras.Model(x, layers.Dense(1)(base(x, training=False)))


def plain_base() -> Any:
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(1)(_base()(x)))


class AlwaysTraining(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.norm = layers.BatchNormalization()  # PRM804
        self.head = layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.head(self.norm(x, training=True))


class AsTold(AlwaysTraining):
    def call(self, x: Any, training: Any = None) -> Any:
        return self.head(self.norm(x, training=training))


class MonteCarlo(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.drop = layers.Dropout(0.5)
        self.norm = layers.BatchNormalization()
        self.head = layers.Dense(1)

    def call(self, x: Any, training: Any = None) -> Any:
        return self.head(self.norm(self.drop(x, training=True), training=training))


# PRM806: containers that Keras does not follow.


class Slots(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Any] = [None] * 2
        for i in range(2):
            self.steps[i] = layers.Dense(4)  # PRM806

    def call(self, x: Any) -> Any:
        return self.steps[1](self.steps[0](x))


class Appended(Slots):
    def __init__(self) -> None:
        keras.Model.__init__(self)
        self.steps = []
        for _ in range(2):
            self.steps.append(layers.Dense(4))


class Nested(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.heads: dict[str, list[Any]] = {}
        for key in "ab":
            self.heads.setdefault(key, []).append(layers.Dense(4))  # PRM806

    def call(self, x: Any) -> Any:
        return self.heads["b"][0](self.heads["a"][0](x))


class NestedAtTheEnd(Nested):
    def __init__(self) -> None:
        keras.Model.__init__(self)
        heads: dict[str, list[Any]] = {}
        for key in "ab":
            heads.setdefault(key, []).append(layers.Dense(4))
        self.heads = heads


@dataclasses.dataclass
class Parts:
    inner: Any


class InADataclass(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.parts = Parts(layers.Dense(4))  # PRM806

    def call(self, x: Any) -> Any:
        return self.parts.inner(x)


class InANamespace(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.parts = types.SimpleNamespace(inner=layers.Dense(4))  # PRM806

    def call(self, x: Any) -> Any:
        return self.parts.inner(x)


class InAClosure(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        inner = layers.Dense(4)  # PRM806
        self.run = lambda x: inner(x)

    def call(self, x: Any) -> Any:
        return self.run(x)


class KeptTwice(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.inner = layers.Dense(4)
        self.parts = types.SimpleNamespace(inner=self.inner)

    def call(self, x: Any) -> Any:
        return self.parts.inner(x)


class WithAnotherModel(keras.Model):
    """A layer that another functional model uses too, and an optimizer, which lead away from this model."""

    def __init__(self) -> None:
        super().__init__()
        x = keras.Input((4,))
        self.inner = layers.Dense(4)
        keras.Model(x, layers.Dense(3)(self.inner(x)))
        self.rates = [keras.optimizers.Adam()]

    def call(self, x: Any) -> Any:
        return self.inner(x)


# PRM807: tensors of torch.


class OfTorch(layers.Layer):  # PRM807
    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(4))

    def call(self, x: Any) -> Any:
        return x * self.scale


class LeafOfTorch(layers.Layer):  # PRM807
    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.ones(4, requires_grad=True)

    def call(self, x: Any) -> Any:
        return x * self.scale


class ListOfTorch(layers.Layer):  # PRM807
    def __init__(self) -> None:
        super().__init__()
        self.scales = [torch.nn.Parameter(torch.ones(4))]

    def call(self, x: Any) -> Any:
        return x * self.scales[0]


class OfKeras(layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.scale = self.add_weight(shape=(4,), initializer="ones")
        self.counts = torch.zeros(4)
        self.linear = torch.nn.Linear(4, 4)
        self.free = keras.Variable(torch.ones(4))

    def call(self, x: Any) -> Any:
        return self.linear(x * self.scale) + self.counts + self.free


def of_torch() -> Any:
    return stacked(OfTorch(), layers.Dense(1))


def leaf_of_torch() -> Any:
    return stacked(LeafOfTorch(), layers.Dense(1))


def list_of_torch() -> Any:
    return stacked(ListOfTorch(), layers.Dense(1))


def of_keras() -> Any:
    return stacked(OfKeras(), layers.Dense(1))


# PRM808: layers made in `call`.


class MadeInCall(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.out = layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.out(layers.Dense(4)(x))  # PRM808


class MadeByAHelper(MadeInCall):
    def call(self, x: Any) -> Any:
        return self.out(_projected(x))


def _projected(x: Any) -> Any:
    return layers.Dense(4)(x)  # PRM808


class MadeBefore(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.mid = layers.Dense(4)
        self.out = layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.out(layers.ReLU()(self.mid(x)))


class MadeWhereBuilt(layers.Layer):
    """Made in `build`, which runs below the `call` of the model around it."""

    def build(self, shape: Any) -> None:
        self.inner = layers.Dense(4)
        self.inner.build(shape)

    def call(self, x: Any) -> Any:
        return self.inner(x)


class AroundBuilt(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.part = MadeWhereBuilt()

    def call(self, x: Any) -> Any:
        return self.part(x)


# PRM809: tensors in the place of variables.


class Scaled(layers.Layer):
    def build(self, shape: Any) -> None:
        self.w = self.add_weight(shape=(4, 4), name="w") * 0.1  # PRM809

    def call(self, x: Any) -> Any:
        return ops.matmul(x, self.w)


class ScaledInCall(layers.Layer):
    def build(self, shape: Any) -> None:
        self.w = self.add_weight(shape=(4, 4), name="w")
        self.start = ops.convert_to_tensor(self.w) * 1.0
        self.more = {"bias": self.add_weight(shape=(4,), name="bias")}

    def call(self, x: Any) -> Any:
        return ops.matmul(x, self.w * 0.1) + self.more["bias"]


def scaled() -> Any:
    return stacked(Scaled(), layers.Dense(1))


def scaled_in_call() -> Any:
    return stacked(ScaledInCall(), layers.Dense(1))


def replaced_gamma() -> Any:
    model = stacked(layers.BatchNormalization(), layers.Dense(1))  # PRM809
    model.layers[0].gamma = ops.zeros((4,))
    return model


def assigned_gamma() -> Any:
    model = stacked(layers.BatchNormalization(), layers.Dense(1))
    model.layers[0].gamma.assign(ops.zeros((4,)))
    return model


# PRM811: kernels of one value.


def _two(first: Any, second: Any) -> Any:
    return stacked(
        layers.Dense(8, activation="relu", kernel_initializer=first),  # PRM811
        layers.Dense(1, kernel_initializer=second),
    )


def zeros() -> Any:
    return _two("zeros", "zeros")


def uncalled_constant() -> Any:
    return _two(initializers.Constant, initializers.Constant)


def ones_behind_dropout() -> Any:
    x = keras.Input((4,))
    hidden = layers.Dropout(0.1)(layers.Dense(8, kernel_initializer="ones")(x))  # PRM811
    return keras.Model(x, layers.Dense(2, kernel_initializer="ones")(hidden))


def zero_at_the_end() -> Any:
    return _two("glorot_uniform", "zeros")


def ones_below_random() -> Any:
    return _two("ones", "glorot_uniform")


def zero_branch() -> Any:
    x = keras.Input((4,))
    branch = layers.Dense(4, kernel_initializer="zeros")(x)
    return keras.Model(x, layers.Dense(1)(x + branch))


# PRM813: one layer in many places.


def multiplied() -> Any:
    return keras.Sequential([keras.Input((4,))] + [layers.Dense(4)] * 3)  # PRM813


def each_its_own() -> Any:
    return keras.Sequential([keras.Input((4,))] + [layers.Dense(4) for _ in range(3)])


def shared_on_purpose() -> Any:
    layer = layers.Dense(4)
    return stacked(layer, layer)


def widths_multiplied() -> Any:
    return stacked(*[layers.Dense(width) for width in [4] * 3])


class OfTheClass(layers.Layer):  # PRM813
    act = layers.PReLU()

    def call(self, x: Any) -> Any:
        return self.act(x)


class AsTheDefault(layers.Layer):  # PRM813
    def __init__(self, act: Any = layers.PReLU()) -> None:  # noqa: B008
        super().__init__()
        self.act = act

    def call(self, x: Any) -> Any:
        return self.act(x)


class OfTheInstance(AsTheDefault):
    def __init__(self) -> None:
        super().__init__(layers.PReLU())


class WithoutWeights(layers.Layer):
    act = layers.ReLU()

    def call(self, x: Any) -> Any:
        return self.act(x)


def of_the_class() -> Any:
    return stacked(OfTheClass(), OfTheClass())


def as_the_default() -> Any:
    return stacked(AsTheDefault(), AsTheDefault())


def of_the_instance() -> Any:
    return stacked(OfTheInstance(), OfTheInstance())


def without_weights() -> Any:
    return stacked(WithoutWeights(), WithoutWeights(), layers.Dense(1))


# PRM816: copies in place of ties.


class CopiedTable(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.table = layers.Embedding(10, 4)
        self.table.build((None,))
        self.out = layers.Dense(10, use_bias=False)
        self.out.build((None, 4))
        self.start()

    def start(self) -> None:
        self.out.kernel.assign(ops.transpose(self.table.embeddings))  # PRM816

    def call(self, x: Any) -> Any:
        return self.out(self.table(x))


class SetTable(CopiedTable):
    def start(self) -> None:
        self.out.set_weights([self.table.get_weights()[0].T])  # PRM816


class StartedLikeTable(CopiedTable):
    def start(self) -> None:
        self.init_from_table()

    def init_from_table(self) -> None:
        self.out.kernel.assign(ops.transpose(self.table.embeddings))


class TiedTable(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.table = layers.Embedding(10, 4)
        self.table.build((None,))

    def call(self, x: Any) -> Any:
        return ops.matmul(self.table(x), ops.transpose(self.table.embeddings))


# PRM823: one path.


class TwoWeights(layers.Layer):
    def build(self, shape: Any) -> None:
        self.both = [self.add_weight(shape=(4, 4), name="w") for _ in range(2)]  # PRM823

    def call(self, x: Any) -> Any:
        return ops.matmul(ops.matmul(x, self.both[0]), self.both[1])


def two_weights() -> Any:
    return stacked(TwoWeights())


class TwoLayers(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.first = layers.Dense(4, name="d")  # PRM823
        self.second = layers.Dense(4, name="d")

    def call(self, x: Any) -> Any:
        return self.second(self.first(x))


class TwoNames(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.first = layers.Dense(4)
        self.second = layers.Dense(4)

    def call(self, x: Any) -> Any:
        return self.second(self.first(x))


# What is built in other ways.


class NotBuilt(TwoNames):
    pass


def functional() -> Any:
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(1)(layers.Dropout(0.5)(layers.BatchNormalization()(x))))


def frozen_norm() -> Any:
    model = functional()
    model.layers[1].trainable = False
    return model


def built_by_shape(units: int = 3) -> Any:
    model = TwoNames()
    model.build((None, units))
    return model


def laws() -> Any:
    return stacked(
        layers.Dense(64, kernel_initializer="he_normal"),
        layers.Dense(64, kernel_initializer=initializers.TruncatedNormal(stddev=0.02), bias_initializer="ones"),
        layers.Dense(64, kernel_initializer=initializers.VarianceScaling(0.1, "fan_out", "uniform")),
        layers.Reshape((8, 8)),
        layers.Conv1D(64, 3, kernel_initializer="glorot_normal"),
        layers.Dense(64, kernel_initializer="orthogonal"),
        layers.LSTM(16),
    )


def wrong_values() -> Any:
    model = stacked(layers.Dense(64), layers.Dense(64))
    model.layers[1].kernel.assign(model.layers[1].kernel * 3)
    return model


def own_initialiser() -> Any:
    def filled(shape: Any, dtype: Any = None) -> Any:
        return ops.full(shape, 0.5, dtype)

    return stacked(layers.Dense(4, kernel_initializer=filled))


class Branches(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.left = layers.Dense(4)
        self.right = layers.Dense(4)

    def call(self, inputs: Any) -> Any:
        return self.left(inputs["a"]) + self.right(inputs["b"])


def by_name() -> Any:
    return {"a": torch.randn(2, 4), "b": torch.randn(2, 4)}


def imports_late() -> Any:
    import keras as late

    return late.Sequential([late.Input((4,)), late.layers.Dense(4)])


def adam(model: Any) -> Any:
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build(model.trainable_variables)
    return optimizer


def unbuilt_adam(model: Any) -> Any:
    return keras.optimizers.Adam(0.01)


def adam_of_one_layer(model: Any) -> Any:
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build(model.layers[-1].trainable_variables)
    return optimizer


def adam_twice(model: Any) -> Any:
    optimizer = keras.optimizers.SGD(0.01)
    optimizer.build([*model.trainable_variables, model.trainable_variables[0]])
    return optimizer


def adam_of_torch(model: Any) -> Any:
    return torch.optim.Adam(model.parameters())
