# --- partial, closures, lambdas and makers: Net(8)
def maker(size):
    def make(n):
        return nn.Linear(size, n, bias=False)  # show: b.weight  2 x dim  kaiming_uniform_
    return make

class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        linear = partial(nn.Linear, bias=False)
        self.a = linear(dim, 1)  # show: a.weight  1 x dim  kaiming_uniform_
        self.b = maker(dim)(2)
        # show: c.weight  3 x dim  kaiming_uniform_
        # show: d.0.weight  3 x 4  kaiming_uniform_
        # show: d.1.weight  3 x 5  kaiming_uniform_
        one = lambda n: nn.Linear(n, 3, bias=False)
        self.c = one(dim)
        self.d = nn.ModuleList(map(one, [4, 5]))
        norm = partial(nn.LayerNorm, eps=1e-6)
        self.e = norm(7)  # show: e.weight  7  ones_ ; e.bias  7  zeros_

# --- arguments that are handed on: Net(8)
class Block(nn.Module):
    def __init__(self, *sizes, bias=True, **rest):
        super().__init__()
        # show: a.fc.weight  3 x dim  kaiming_uniform_
        # show: b.fc.weight  5 x 4  kaiming_uniform_
        self.fc = nn.Linear(*sizes, bias=bias)
        # show: a.others.x.weight  2 x 1  kaiming_uniform_
        # show: b.others.y.weight  3 x 1  kaiming_uniform_
        self.others = nn.ModuleDict({name: nn.Linear(1, n, bias=False) for name, n in rest.items()})

class Net(nn.Module):
    def __init__(self, dim, **options):
        super().__init__()
        sizes = dim, 3
        self.a = Block(*sizes, bias=False, x=2)
        self.b = Block(*[4, 5], **{"bias": False, "y": 3})

# --- callable(x), any(...), all(...): Net(8)
def default(value, other):
    return value if value is not None else other() if callable(other) else other

class Net(nn.Module):
    def __init__(self, dim, width=None):
        super().__init__()
        # show: a.weight  4 x 3  kaiming_uniform_
        self.a = nn.Linear(default(None, 3), default(None, lambda: 4), bias=False)
        if any(isinstance(x, str) for x in (dim, "s")):
            self.b = nn.Linear(1, 1, bias=False)  # show: b.weight  1 x 1  kaiming_uniform_
        if all([True, 3, "x"]) and not all((1, 0)):
            self.c = nn.Linear(2, 2, bias=False)  # show: c.weight  2 x 2  kaiming_uniform_

# --- a function that calls itself on the parts of a module: Net(8)
def named_apply(fn, module, name="", depth_first=True):
    for child_name, child in module.named_children():
        child_name = ".".join((name, child_name)) if name else child_name
        named_apply(fn=fn, module=child, name=child_name, depth_first=depth_first)
    fn(module=module, name=name)

def weights(module, name=""):
    if isinstance(module, nn.Linear):
        init.trunc_normal_(module.weight, std=0.5)

class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        # show: a.0.0.0.0.0.weight  2 x dim  trunc_normal_
        self.a = nn.Sequential(nn.Sequential(nn.Sequential(nn.Sequential(nn.Sequential(nn.Linear(dim, 2, bias=False))))))
        named_apply(weights, self)

# --- a class that makes itself with a smaller number: Net(5)
class Net(nn.Module):
    def __init__(self, n=5):
        super().__init__()
        self.fc = nn.Linear(3, 3, bias=False)  # show: fc.weight  3 x 3  kaiming_uniform_
        self.low = Level(4)

class Level(nn.Module):
    def __init__(self, n):
        super().__init__()
        # show: low.fc.weight  1 x 4  kaiming_uniform_
        # show: low.low.fc.weight  1 x 3  kaiming_uniform_
        # show: low.low.low.fc.weight  1 x 2  kaiming_uniform_
        # show: low.low.low.low.fc.weight  1 x 1  kaiming_uniform_
        self.fc = nn.Linear(n, 1, bias=False)
        self.low = Level(n - 1) if n > 1 else None

# --- initialisers of the project: Net(8)
def trunc_normal_(tensor, std=1.0):
    return _trunc_normal_(tensor, std)

def _trunc_normal_(tensor, std):
    with torch.no_grad():
        return tensor.normal_(0, std).clamp_(-2 * std, 2 * std)

def glorot(tensor):
    tensor.data.uniform_(-1, 1)

def reset_weight_(tensor):
    glorot(tensor)

class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.a = nn.Linear(dim, 2, bias=False)  # show: a.weight  2 x dim  trunc_normal_
        self.b = nn.Linear(dim, 3, bias=False)  # show: b.weight  3 x dim  uniform_
        trunc_normal_(self.a.weight, std=0.02)
        reset_weight_(self.b.weight)

# --- the same call of a function of constants, which is interpreted once: Net()
def sizes(n, kind="pair"):
    return (n, 2 * n) if kind == "pair" else n

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(*sizes(2), bias=False)  # show: a.weight  4 x 2  kaiming_uniform_
        self.b = nn.Linear(*sizes(2), bias=False)  # show: b.weight  4 x 2  kaiming_uniform_
        self.c = nn.Linear(sizes(2, "one"), sizes(3, "one"), bias=False)  # show: c.weight  3 x 2  kaiming_uniform_

# --- a function that counts its calls is called each time: Net()
COUNTS = []

def count(n):
    COUNTS.append(n)
    return len(COUNTS)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        setattr(self, f"w{count(1)}", nn.Parameter(torch.zeros(3)))  # show: w{len(list(...))}  3  torch.zeros
        setattr(self, f"w{count(1)}", nn.Parameter(torch.zeros(3)))  # show: w{len(list(...))}  3  torch.zeros

# --- generators: Net(8)
def layers(dim):
    yield nn.Linear(dim, 2, bias=False)  # show: a.0.weight  2 x dim  kaiming_uniform_
    for n in (3, 4):
        # show: a.1.weight  3 x 3  kaiming_uniform_
        # show: a.2.weight  4 x 4  kaiming_uniform_
        yield nn.Linear(n, n, bias=False)
    # show: a.3.weight  1 x 5  kaiming_uniform_
    # show: a.4.weight  1 x 6  kaiming_uniform_
    yield from (nn.Linear(n, 1, bias=False) for n in (5, 6))

class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.a = nn.Sequential(*layers(dim))

# --- decorated functions: Net(8)
def twice(function):
    @functools.wraps(function)
    def run(*args, **kwargs):
        return nn.Sequential(function(*args, **kwargs), function(*args, **kwargs))
    return run

@twice
def make(dim):
    return nn.Linear(dim, dim, bias=False)  # show: a.{2}.weight  dim x dim  kaiming_uniform_

class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.a = make(dim)

# --- a function that compares texts for long is left, and what it gives is not known: Net(8)
def distance(one, other):
    total = 0
    for a in one:
        for b in other:
            for c in one:
                for d in other:
                    total += (a == b) + (c == d)
    return total

def layer(dim, size):
    nearest = [distance(name, "abcdefgh") for name in ("stuvwxyz", "relu", "gelu")]
    return nn.Linear(dim, size, bias=False)  # show: a.weight  3 x dim  kaiming_uniform_

class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.a = layer(dim, 3)
        self.b = nn.Linear(dim, dim, bias=False)  # show: b.weight  dim x dim  kaiming_uniform_
        self.c = nn.Linear(distance("a", "b") + 1, 1, bias=False)  # show: c.weight  1 x distance() + 1  kaiming_uniform_

# --- a decorator that writes documentation at length: Net(8)
def documented(cls):
    lines = []
    for name in dir(cls):
        for other in ("one", "two", "three", "four", "five", "six", "seven", "eight"):
            for third in ("one", "two", "three", "four", "five", "six", "seven", "eight"):
                for fourth in ("one", "two", "three", "four", "five", "six", "seven", "eight"):
                    lines.append(f"{name} {other}".strip() + third.upper() + fourth)
    cls.__doc__ = "\n".join(lines)
    return cls

@documented
class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.a = nn.Linear(dim, 3, bias=False)  # show: a.weight  3 x dim  kaiming_uniform_

# --- named tuples that are made by a call: Net()
Stage = collections.namedtuple("Stage", ["depth", "width", "norm"], defaults=(nn.LayerNorm,))
Point = collections.namedtuple("Point", "x, y")

class Net(nn.Module):
    STAGES = [Stage(1, 4), Stage(depth=2, width=5, norm=nn.Identity)]

    def __init__(self):
        super().__init__()
        x, y = Point(2, y=3)
        self.a = nn.Linear(x, y, bias=False)  # show: a.weight  3 x 2  kaiming_uniform_
        # show: b.0.weight  4  ones_ ; b.0.bias  4  zeros_
        self.b = nn.ModuleList([stage.norm(stage.width) for stage in self.STAGES])
        self.c = nn.Linear(self.STAGES[-1].depth, 1, bias=False)  # show: c.weight  1 x 2  kaiming_uniform_

# --- a store of functions that make layers: Net()
class Store:
    def __init__(self):
        self.made = {}

    def register(self, name):
        def add(function):
            self.made[name.upper()] = function
            return function
        return add

    def __getitem__(self, given):
        if callable(given):
            return given
        if isinstance(given, str):
            name, given = given, ()
        else:
            name, *given = given
        if not isinstance(name, collections.abc.Hashable):
            raise TypeError
        if isinstance(self.made, enum.EnumMeta) or not isinstance(self.made, collections.abc.Mapping):
            raise TypeError
        return self.made[name](*given)

Layers = Store()

@Layers.register("linear")
def linear():
    return nn.Linear

@Layers.register("norm")
def norm(dim):
    return (nn.BatchNorm1d, nn.BatchNorm2d)[dim - 1]

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = Layers["LINEAR"](1, 2, bias=False)  # show: a.weight  2 x 1  kaiming_uniform_
        # show: b.weight  3  ones_ ; b.bias  3  zeros_ ; b.running_mean  3  buffer ; b.running_var  3  buffer
        # show: b.num_batches_tracked  scalar  buffer
        self.b = Layers["NORM", 2](3)


# --- an import of all that a library has gives no more than that: Net(8)
from torch.nn.init import *  # noqa: E402, F403
from torch.nn import *  # noqa: E402, F403

class Net(Module):
    def __init__(self, dim):
        super().__init__()
        self.fc = Linear(dim, len([dim, dim]))  # show: fc.weight  2 x dim  orthogonal_ ; fc.bias  2  zeros_
        if hasattr(self.fc, "weight"):
            orthogonal_(self.fc.weight)
        zeros_(self.fc.bias) if isinstance(self.fc, Linear) else ones_(self.fc.bias)
