# --- attributes: Net(8)
class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, 4 * dim)  # show: fc.weight  4*dim x dim  kaiming_uniform_ ; fc.bias  4*dim  uniform_
        self.scale = nn.Parameter(torch.ones(1, dim), requires_grad=False)  # show: scale  1 x dim  torch.ones  frozen
        self.plain = torch.ones(3)
        self.layers = [nn.Linear(2, 2)]
        self.register_buffer("mask", torch.zeros(3), persistent=False)  # show: mask  3  torch.zeros  buffer  passing
        self.register_parameter("none", None)
        self.missing = None
        self.missing = nn.Linear(2, 3, bias=False)  # show: missing.weight  3 x 2  kaiming_uniform_

# --- by other names for it: Net(8)
class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.add_module("one", nn.Linear(dim, 1, bias=False))
        self.register_module("two", nn.Linear(dim, 2, bias=False))  # show: two.weight  2 x dim  kaiming_uniform_
        setattr(self, "three", nn.Linear(dim, 3, bias=False))  # show: three.weight  3 x dim  kaiming_uniform_
        for i in range(3):
            # show: layer0.weight  4 x dim  kaiming_uniform_  frozen
            # show: layer1.weight  5 x dim  kaiming_uniform_  frozen
            # show: layer2.weight  6 x dim  kaiming_uniform_
            setattr(self, f"layer{i}", nn.Linear(dim, i + 4, bias=False))
        for i in range(2):
            getattr(self, f"layer{i}").weight.requires_grad = False
        self._modules["four"] = nn.Linear(dim, 9, bias=False)  # show: four.weight  9 x dim  kaiming_uniform_
        self.__dict__["hidden"] = nn.Linear(dim, 5)
        object.__setattr__(self, "hidden2", nn.Linear(dim, 5))
        del self.one

# --- ties: Net(8)
class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        # show: embed.weight  10 x dim  normal_  tied head.weight, same.weight
        # show: head.weight  10 x dim  normal_  tied embed.weight, same.weight
        # show: same.weight  10 x dim  normal_  tied embed.weight, head.weight
        self.embed = nn.Embedding(10, dim)
        self.head = nn.Linear(dim, 10, bias=False)
        self.head.weight = self.embed.weight
        self.same = self.head
        self.copied = copy.deepcopy(self.head)  # show: copied.weight  10 x dim  normal_

# --- buffers that are given another tensor: Net(False)
class Net(nn.Module):
    def __init__(self, keep: bool):
        super().__init__()
        self.register_buffer("a", torch.zeros(3), persistent=keep)  # show: a  3  torch.zeros  buffer
        self.register_buffer("b", torch.zeros(3), False)
        self.b = torch.ones(4)  # show: b  4  torch.ones  buffer  passing
        self.register_buffer("c", None)
        self.c = torch.ones(2, 2)  # show: c  2 x 2  torch.ones  buffer

# --- a parameter registered by one name and hidden by another: Net()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        w = nn.Parameter(torch.empty(3, 3))  # show: w  3 x 3  orthogonal_
        init.orthogonal_(w)
        self.register_parameter("w", w)
        self.list = [w]

# --- nn.Buffer says whether it is saved: Net(3, False)
class Net(nn.Module):
    def __init__(self, dim, saved):
        super().__init__()
        self.a = nn.Buffer(torch.zeros(dim))  # show: a  ?  torch.zeros  buffer
        self.b = nn.Buffer(torch.zeros(dim), persistent=False)  # show: b  ?  torch.zeros  buffer  passing
        self.d = nn.Buffer(torch.zeros(dim), persistent=False)
        self.d = nn.Buffer(torch.ones(dim))  # show: d  ?  torch.ones  buffer

# --- a tensor by way of torch.as_tensor: Net(3)
class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        # show: a.weight  1 x dim  kaiming_uniform_ ; a.bias  1  constant_
        self.a = nn.Linear(dim, 1)
        init.constant_(torch.as_tensor(self.a.bias), 0)

# --- self.__setattr__, and modules that are not known under a name
class Net(nn.Module):
    def __init__(self, dim, make, name="conv"):
        super().__init__()
        self.__setattr__("a", nn.Linear(dim, 1, bias=False))  # show: a.weight  1 x dim  kaiming_uniform_
        self.__setattr__(name, nn.Linear(2, 1, bias=False))  # show: {name}.weight  1 x 2  kaiming_uniform_
        self.stages = nn.Sequential()
        self.stages.add_module("head", make(dim + 1, dim, 1))  # show: stages.head.**  unknown
        self.tail = make(dim * 2 + 1, dim, 1)  # show: tail.**  unknown

# --- forms of numbers in names: Net()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        for i in range(2):
            self.add_module(f"unit{i:d}", nn.Linear(1, 1, bias=False))  # show: unit{2}.weight  1 x 1

# --- as many sizes as torch does not ask for
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(1, 1, (3, 3, 3), bias=False)  # show: a.weight  ?  kaiming_uniform_
