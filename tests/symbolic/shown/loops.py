# --- rounds: Net(8, 3)
class Net(nn.Module):
    def __init__(self, dim: int, depth: int):
        super().__init__()
        # show: a.{depth}.weight  dim x dim  kaiming_uniform_  maybe
        self.a = nn.ModuleList([nn.Linear(dim, dim, bias=False) for _ in range(depth)])
        # show: b.{12}.weight  1 x dim  kaiming_uniform_
        self.b = nn.ModuleList([nn.Linear(dim, 1, bias=False) for _ in range(12)])
        # show: c.0.weight  1 x dim  kaiming_uniform_
        # show: c.1.weight  2 x dim  kaiming_uniform_
        # show: c.2.weight  3 x dim  kaiming_uniform_
        self.c = nn.ModuleList([nn.Linear(dim, i + 1, bias=False) for i in range(3)])
        one = nn.Linear(dim, 5, bias=False)  # show: d.{2}.weight  5 x dim  kaiming_uniform_  tied d.{2}.weight
        self.d = nn.ModuleList([one for _ in range(2)])

# --- numbers behind others: Net()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(
            nn.Linear(1, 2, bias=False),  # show: a.0.weight  2 x 1  kaiming_uniform_
            nn.ReLU(),
            *[nn.Linear(2, 2, bias=False) for _ in range(10)],  # show: a.{2-11}.weight  2 x 2  kaiming_uniform_
            nn.Linear(2, 3, bias=False),  # show: a.12.weight  3 x 2  kaiming_uniform_
        )

# --- as many in one branch as in the other: Net()
class Net(nn.Module):
    def __init__(self, wide=False):
        super().__init__()
        if wide:
            # show: a.{10}.weight  9 x 9  kaiming_uniform_  if wide
            self.a = nn.ModuleList([nn.Linear(9, 9, bias=False) for _ in range(10)])
        else:
            # show: a.{12}.weight  1 x 1  kaiming_uniform_  if not wide
            self.a = nn.ModuleList([nn.Linear(1, 1, bias=False) for _ in range(12)])

# --- what a round hands to the next: Net(8, 20)
class Net(nn.Module):
    def __init__(self, width: int, depth: int):
        super().__init__()
        self.a = nn.ModuleList()
        for _ in range(depth):
            # show: a.{depth}.weight  2*each width x each width  kaiming_uniform_  maybe
            self.a.append(nn.Linear(width, 2 * width, bias=False))
            width = 2 * width if width < 64 else 64
        self.head = nn.Linear(width, 1, bias=False)  # show: head.weight  1 x 2*each width or 64  kaiming_uniform_

# --- what a round hands to the next, where the rounds are few: Net(8)
class Net(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.a = nn.ModuleList()
        for _ in range(3):
            # show: a.0.weight  2*width x width  kaiming_uniform_
            # show: a.1.weight  2*2*width x 2*width  kaiming_uniform_
            # show: a.2.weight  2*2*2*width x 2*2*width  kaiming_uniform_
            self.a.append(nn.Linear(width, 2 * width, bias=False))
            width *= 2
        self.head = nn.Linear(width, 1, bias=False)  # show: head.weight  1 x 2*2*2*width  kaiming_uniform_

# --- an attribute that is changed in each round: Net(8)
class Net(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.width = dim
        self.a = nn.Sequential(*[self.layer() for _ in range(10)])

    def layer(self):
        # show: a.{10}.weight  each self.width + 1 x each self.width  kaiming_uniform_
        made = nn.Linear(self.width, self.width + 1, bias=False)
        self.width += 1
        return made

# --- enumerate, zip, reversed, sorted, map, filter: Net()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        for i, n in enumerate([4, 5], 1):
            # show: a1.weight  1 x 4  kaiming_uniform_
            # show: a2.weight  1 x 5  kaiming_uniform_
            self.add_module(f"a{i}", nn.Linear(n, 1, bias=False))
        for name, n in zip("xy", reversed((6, 7))):
            # show: x.weight  1 x 7  kaiming_uniform_
            # show: y.weight  1 x 6  kaiming_uniform_
            setattr(self, name, nn.Linear(n, 1, bias=False))
        # show: b.3.weight  1 x 3  kaiming_uniform_
        # show: b.2.weight  1 x 2  kaiming_uniform_
        # show: b.1.weight  1 x 1  kaiming_uniform_
        self.b = nn.ModuleDict({str(n): nn.Linear(n, 1, bias=False) for n in sorted({3, 1, 2}, reverse=True)})
        # show: c.0.weight  1 x 1  kaiming_uniform_
        # show: c.1.weight  1 x 3  kaiming_uniform_
        self.c = nn.ModuleList(nn.Linear(n, 1, bias=False) for n in filter(lambda n: n % 2, range(5)))

# --- while, break, continue, else: Net()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        n = 1
        while n < 8:
            # show: w1  1  torch.zeros
            # show: w2  2  torch.zeros
            # show: w4  4  torch.zeros
            setattr(self, f"w{n}", nn.Parameter(torch.zeros(n)))
            n *= 2
        for i in range(6):
            if i == 1:
                continue
            if i == 3:
                break
            setattr(self, f"v{i}", nn.Parameter(torch.zeros(i + 1)))  # show: v0  1  torch.zeros ; v2  3  torch.zeros
        else:
            self.never = nn.Parameter(torch.zeros(1))

# --- modules that are moved from list to list: Net()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        # show: a.0.weight  4 x 4  kaiming_uniform_
        # show: a.1.weight  2 x 2  kaiming_uniform_  tied b.1.weight
        # show: b.1.weight  2 x 2  kaiming_uniform_  tied a.1.weight
        layers = [nn.Linear(n, n, bias=False) for n in (1, 2, 3, 4)]
        last = layers.pop()
        layers.insert(0, last)
        del layers[1]
        # show: a.2.weight  9 x 9  kaiming_uniform_  tied b.2.weight
        # show: b.2.weight  9 x 9  kaiming_uniform_  tied a.2.weight
        layers[-1] = nn.Linear(9, 9, bias=False)
        self.a = nn.Sequential(*layers)
        self.b = self.a[1:]

# --- one name in several rounds: Net()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        for j in range(9):
            for i in range(9):
                setattr(self, f"x{i}", nn.Parameter(torch.zeros(3)))  # show: x{i}  3  torch.zeros
        for i in range(10):
            setattr(self, f"y{i % 2}", nn.Parameter(torch.zeros(4)))  # show: y{i % 2}  4  torch.zeros

# --- an attribute that some round may give another value: Net(3)
class Net(nn.Module):
    def __init__(self, n: int):
        super().__init__()
        self.p = nn.Linear(1, 1, bias=False)  # show: p.weight  1 x 1  kaiming_uniform_
        self.q = nn.Linear(2, 2, bias=False)
        for i in range(9):
            for j in range(0):
                self.p = nn.Linear(4, 4, bias=False)
            self.q = nn.Sequential(self.q, nn.ReLU())  # show: q.0.**  unknown

# --- a copy of layers that are made in a loop: Net()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        layers = nn.Sequential(*[nn.Linear(1, 1, bias=False) for _ in range(11)])
        self.a = nn.ModuleList([copy.deepcopy(layers)])  # show: a.0.{11}.weight  1 x 1
        self.b = nn.ModuleList([copy.deepcopy(layers) for _ in range(2)])  # show: b.{2}.{11}.weight  1 x 1

# --- the variable of a loop after it: Net()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        for i in range(10):
            for i in range(11):
                pass
            setattr(self, f"x{i}", nn.Linear(1, 1, bias=False))  # show: x{i}.weight  1 x 1

# --- a list that grows in a loop and is taken in it: Net()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        layers = []
        for i in range(12):
            if i == 2:
                break
            self.s = nn.ModuleList(layers[1:])  # show: s.**  unknown
            layers.append(nn.Linear(1, 1, bias=False))

# --- only its own parameters: Net()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))  # show: scale  3  torch.ones  frozen
        self.fc = nn.Linear(3, 3, bias=False)  # show: fc.weight  3 x 3  kaiming_uniform_
        self.out = nn.Linear(3, 3, bias=False)  # show: out.weight  3 x 3  kaiming_uniform_
        for p in self.parameters(recurse=False):
            p.requires_grad = False
        for module in self.modules():
            for name, p in module.named_parameters(recurse=0):
                if name == "fc.weight":  # no name of a module's own has a dot
                    nn.init.zeros_(p)
        for name, p in self.named_parameters("net", False):
            if name == "scale":
                nn.init.zeros_(p)

# --- names behind a prefix: Net()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3, bias=False)  # show: fc.weight  3 x 3  kaiming_uniform_  frozen
        for name, p in self.named_parameters("net"):
            if name.startswith("net."):
                p.requires_grad = False

# --- told apart by their addresses: Net()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 3, bias=False)  # show: a.weight  3 x 3  kaiming_uniform_
        self.b = nn.Linear(3, 3, bias=False)  # show: b.weight  3 x 3  kaiming_uniform_  frozen
        self.c = nn.Linear(3, 3, bias=False)  # show: c.weight  3 x 3  kaiming_uniform_
        self.d = nn.Linear(3, 3, bias=False)  # show: d.weight  3 x 3  kaiming_uniform_  frozen
        kept = set(map(id, self.a.parameters())) | {id(p) for p in self.c.parameters()}
        for p in self.parameters():
            if id(p) not in kept:
                p.requires_grad = False
        others = list(map(id, self.b.parameters()))
        for p in filter(lambda p: id(p) in others, self.parameters()):
            p.requires_grad = False
        for m in self.children():
            if id(m) == id(self.d):
                m.requires_grad_(False)

# --- a name that is put together is none that begins otherwise: Net(["a", "b"])
class Net(nn.Module):
    def __init__(self, kinds):
        super().__init__()
        # show: parts.{kinds[...]}.weight  4 x 4  kaiming_uniform_  maybe
        self.parts = nn.ModuleDict({kind: nn.Linear(4, 4, bias=False) for kind in kinds})
        self.head = nn.Linear(4, 4, bias=False)  # show: head.weight  4 x 4  zeros_
        for name, p in self.named_parameters():
            if name == "head.weight":
                nn.init.zeros_(p)
