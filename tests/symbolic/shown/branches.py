# --- conditions: Net(8)
class Net(nn.Module):
    def __init__(self, dim: int, bias=True, kind="a", extra=None):
        super().__init__()
        # show: fc.weight  2 x dim  kaiming_uniform_
        # show: fc.bias  2  uniform_  if bias
        self.fc = nn.Linear(dim, 2, bias=bias)
        if kind == "a":
            self.a = nn.Linear(1, 1, bias=False)  # show: a.weight  1 x 1  kaiming_uniform_  if kind == 'a'
        elif kind == "b":
            self.b = nn.Linear(2, 2, bias=False)  # show: b.weight  2 x 2  kaiming_uniform_  if kind == 'b'
        if extra is not None:
            # show: extra.weight  3 x extra  kaiming_uniform_  if extra is not None
            self.extra = nn.Linear(extra, 3, bias=False)

# --- match: Net("small")
class Net(nn.Module):
    def __init__(self, kind):
        super().__init__()
        match kind:
            case "small":
                self.a = nn.Linear(1, 1, bias=False)  # show: a.weight  1 x 1  kaiming_uniform_  if kind == 'small'
            case "large" | "huge":
                # show: b.weight  2 x 2  kaiming_uniform_  if kind in ('huge', 'large')
                self.b = nn.Linear(2, 2, bias=False)
            case _:
                raise ValueError(kind)

# --- try and with: Net()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        with torch.no_grad():
            self.a = nn.Parameter(torch.zeros(3))  # show: a  3  torch.zeros
        with contextlib.suppress(Exception):
            self.b = nn.Parameter(torch.ones(2))  # show: b  2  torch.ones
        try:
            self.c = nn.Parameter(torch.ones(4))  # show: c  4  torch.ones
        finally:
            self.d = nn.Parameter(torch.ones(5))  # show: d  5  torch.ones

# --- assertions and returns: Net(8)
class Net(nn.Module):
    def __init__(self, dim: int, short=False):
        super().__init__()
        assert dim % 2 == 0, "even"
        self.a = nn.Linear(dim, dim // 2, bias=False)  # show: a.weight  dim // 2 x dim  kaiming_uniform_
        if short:
            return
        self.b = nn.Linear(dim // 2, 1, bias=False)  # show: b.weight  1 x dim // 2  kaiming_uniform_  if not short

# --- isinstance of what is known: Net(8)
class Net(nn.Module):
    def __init__(self, dim, norm=nn.BatchNorm1d):
        super().__init__()
        made = "batch"
        if isinstance(made, (type, functools.partial)):
            self.wrong = nn.Linear(1, 1)
        if isinstance(nn.LayerNorm, functools.partial) or nn.LayerNorm not in {nn.LayerNorm, nn.GroupNorm}:
            self.wrong = nn.Linear(1, 1)
        if isinstance(made, collections.abc.Hashable) or isinstance(partial(nn.Linear, 2), partial):
            self.right = nn.Linear(dim, 2, bias=False)  # show: right.weight  2 x dim  kaiming_uniform_

# --- globals and module-level models: Net()
SIZE = 3
SHARED = nn.Linear(SIZE, 4, bias=False)  # show: a.weight  4 x 3  kaiming_uniform_
if SIZE > 2:
    WIDE = 7
else:
    WIDE = 1

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = SHARED
        self.b = nn.Linear(SIZE, 1, bias=False)  # show: b.weight  1 x 3  kaiming_uniform_

# --- two definitions of one name: Net()
HAS_FAST = bool(len("x"))

if HAS_FAST:
    class Norm(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.fast = nn.Parameter(torch.ones(dim))  # show: norm.fast  3  torch.ones
else:
    class Norm(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.slow = nn.Parameter(torch.zeros(dim))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = Norm(3)
