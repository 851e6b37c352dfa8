# --- precedence: Net(8, 3, 2)
class Net(nn.Module):
    def __init__(self, a: int, b: int, c: int):
        super().__init__()
        # show: p  a // b ** 2 + 1 x (a + b)*c x a - (b - c) x a // (b*c)  torch.zeros
        self.p = nn.Parameter(torch.zeros(a // b ** 2 + 1, (a + b) * c, a - (b - c), a // (b * c)))
        # show: q  a // b*c x c*(a // b) x a - b - c + 9 x -(b - a) x 2 ** (c + 1)  torch.zeros
        self.q = nn.Parameter(torch.zeros((a // b) * c, c * (a // b), a - b - c + 9, -(b - a), 2 ** (c + 1)))
        # show: r  a*b // c x a*(b // c) x (a + b) // c x (a ** b) ** c x (-c) ** c  torch.zeros
        self.r = nn.Parameter(torch.zeros((a * b) // c, a * (b // c), (a + b) // c, (a ** b) ** c, (-c) ** c))
        # show: s  a*c or b*c x (a + b).bit_length() x 2*max(a, b)  torch.zeros
        self.s = nn.Parameter(torch.zeros((a if a > 4 else b) * c, (a + b).bit_length(), max(a, b) * 2))
        # show: t  int(0.5*a) x int(a / b) x a x round(a / b)  torch.zeros
        self.t = nn.Parameter(torch.zeros(int(a * 0.5), int(a / b), int(a), round(a / b)))

# --- fractions are cut off, and said to be: Net(10, 0.25)
class Net(nn.Module):
    def __init__(self, dim: int, ratio=0.25):
        super().__init__()
        # show: fc.weight  int(dim*ratio) x dim  kaiming_uniform_
        self.fc = nn.Linear(dim, int(dim * ratio), bias=False)

# --- regular expressions and texts: Net()
import re

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        options = {}
        for op in "ds_r1_k3_c16".split("_")[1:]:
            key, value = re.split(r"(\d.*)", op)[:2]
            options[key] = int(value)
        self.fc = nn.Linear(options["k"], options["c"], bias=False)  # show: fc.weight  16 x 3  kaiming_uniform_
        name = "%s_%d" % ("w", 3)
        setattr(self, name, nn.Parameter(torch.zeros(options["r"])))  # show: w_3  1  torch.zeros
        # show: v_4  2  torch.zeros
        setattr(self, "{}.{}".format("v", 4).replace(".", "_"), nn.Parameter(torch.zeros(2)))

# --- walrus, slices, stars and indices: Net(8)
class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        sizes = [dim, 2, 3, 4]
        first, *rest = sizes
        self.a = nn.Linear((n := first), rest[-1], bias=False)  # show: a.weight  4 x dim  kaiming_uniform_
        self.b = nn.Linear(n, len(rest), bias=False)  # show: b.weight  3 x dim  kaiming_uniform_
        # show: c.0.weight  3 x 2  kaiming_uniform_
        # show: c.1.weight  4 x 3  kaiming_uniform_
        self.c = nn.ModuleList(nn.Linear(i, o, bias=False) for i, o in zip(sizes[1:-1], sizes[2:]))
        # show: d.weight  3 x 2  kaiming_uniform_
        self.d = nn.Sequential(*[nn.Linear(x, y, bias=False) for x, y in [*zip(rest, rest[1:])]])[0]
