# --- cooperative constructors: Net(8)
class Left(nn.Module):
    def __init__(self, dim, **rest):
        super().__init__(**rest)
        self.left = nn.Linear(dim, 1, bias=False)  # show: left.weight  1 x dim  kaiming_uniform_

class Right(nn.Module):
    def __init__(self, width=2):
        super().__init__()
        self.right = nn.Linear(width, 3, bias=False)  # show: right.weight  3 x 5  kaiming_uniform_

class Net(Left, Right):
    def __init__(self, dim):
        super().__init__(dim, width=5)

# --- a mixin that makes layers: Net(8)
class Maker:
    def make(self, size):
        return nn.Linear(size, size, bias=False)  # show: a.weight  dim x dim  kaiming_uniform_

class Net(Maker, nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.a = self.make(dim)

# --- properties and setters: Net(8)
class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim
        self.inner = nn.Linear(self.width, 2, bias=False)  # show: inner.weight  2 x 2*dim  kaiming_uniform_
        self.weights = nn.Parameter(torch.zeros(3))  # show: weights  3  torch.zeros

    @property
    def width(self):
        return 2 * self.dim

    @property
    def weights(self):
        return self._weights

    @weights.setter
    def weights(self, value):
        self._weights = value

# --- a class with its own __new__: Net(8)
class Low(nn.Module):
    def __new__(cls, dim, rank=None):
        if rank is None:
            return nn.Linear(dim, dim, bias=False)  # show: full.weight  dim x dim  kaiming_uniform_
        return super().__new__(cls)

    def __init__(self, dim, rank=None):
        super().__init__()
        self.down = nn.Linear(dim, rank, bias=False)  # show: low.down.weight  2 x dim  kaiming_uniform_

class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.full = Low(dim)
        self.low = Low(dim, 2)

# --- a class whose __new__ may make another
class Net(nn.Module):  # show: **  unknown
    def __new__(cls, dim, rank=None):
        if rank is None:
            return nn.Linear(dim, dim, bias=False)
        return super().__new__(cls)

    def __init__(self, dim, rank=None):
        super().__init__()
        self.down = nn.Linear(dim, 7, bias=False)  # show: down.weight  7 x dim  maybe

# --- static and class methods: Net(8)
class Block(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        # show: a.fc.weight  dim x dim  kaiming_uniform_
        # show: b.0.fc.weight  1 x dim  kaiming_uniform_
        # show: b.1.fc.weight  2 x dim  kaiming_uniform_
        self.fc = nn.Linear(a, b, bias=False)

    @classmethod
    def square(cls, a):
        return cls(a, a)

    @staticmethod
    def pair(a):
        return nn.ModuleList([Block(a, 1), Block(a, 2)])

class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.a = Block.square(dim)
        self.b = Block.pair(dim)

# --- a registry: Net()
MODELS = {}

def register(name):
    def keep(cls):
        MODELS[name] = cls
        return cls
    return keep

@register("wide")
class Wide(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 9, bias=False)  # show: a.fc.weight  9 x 2  kaiming_uniform_

LAYERS = {"conv": nn.Conv1d, "linear": nn.Linear}

class Net(nn.Module):
    def __init__(self, kind="linear"):
        super().__init__()
        self.a = MODELS["wide"]()
        self.b = LAYERS["conv"](3, 4, 5, bias=False)  # show: b.weight  4 x 3 x 5  kaiming_uniform_

# --- configurations: Net()
@dataclasses.dataclass
class Config:
    dim: int = 8
    depth: int = 2
    sizes: list = dataclasses.field(default_factory=lambda: [3, 4])

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        config = Config(depth=3)
        # show: a.0.weight  3 x 8  kaiming_uniform_
        # show: a.1.weight  4 x 8  kaiming_uniform_
        self.a = nn.ModuleList([nn.Linear(config.dim, n, bias=False) for n in config.sizes])
        # show: b.{3}.weight  1 x 8  kaiming_uniform_
        self.b = nn.ModuleList([nn.Linear(config.dim, 1, bias=False) for _ in range(config.depth)])

# --- a configuration that is given
class Net(nn.Module):
    def __init__(self, config):
        super().__init__()
        # show: a.weight  config.hidden_size // config.heads x config.hidden_size  kaiming_uniform_
        # show: a.bias  config.hidden_size // config.heads  uniform_
        self.a = nn.Linear(config.hidden_size, config.hidden_size // config.heads)

# --- class attributes and __getattr__: Net(8)
class Net(nn.Module):
    width = 3
    layer = nn.Linear

    def __init__(self, dim):
        super().__init__()
        self.a = self.layer(dim, self.width, bias=False)  # show: a.weight  3 x dim  kaiming_uniform_
        self.b = nn.Linear(self.a.out_features, 2, bias=False)  # show: b.weight  2 x 3  kaiming_uniform_

    def __getattr__(self, name):
        return super().__getattr__(name)

# --- subclasses of torch's layers: Net(8)
class Square(nn.Linear):
    def __init__(self, size):
        # show: 0.weight  size x size  kaiming_uniform_
        # show: 2.weight  2 x 2  kaiming_uniform_
        super().__init__(size, size, bias=False)
        self.gain = nn.Parameter(torch.ones(()))  # show: {0,2}.gain  scalar  torch.ones

class Stack(nn.Sequential):
    def __init__(self, size):
        super().__init__(Square(size), nn.ReLU(), Square(2))

class Net(Stack):
    pass

# --- containers with methods of their own: Net(8)
class Net(nn.ModuleList):
    def __init__(self, dim):
        super().__init__()
        # show: {0,3}.weight  1 x dim  kaiming_uniform_  tied {0,3}.weight
        # show: 2.weight  3 x dim  kaiming_uniform_
        self.extend(nn.Linear(dim, n + 1, bias=False) for n in range(3))
        self[1] = nn.Linear(dim, 7, bias=False)  # show: 1.weight  7 x dim  kaiming_uniform_
        self.append(self[0])

# --- a dictionary of classes that is changed below them: Net()
LAYERS = {}

class Wide(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 9, bias=False)  # show: a.fc.weight  9 x 2  kaiming_uniform_

LAYERS["wide"] = Wide

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = LAYERS["wide"]()
