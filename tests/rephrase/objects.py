"""Which object does it: a property, a static method, a mixin, an object in a function's place."""

from __future__ import annotations

import ast
import re

import libcst as cst

from .makers import _OwnMethod, _returning
from .rewriting import Assignments, Rewriter, code, is_making, is_movable, last_name, needs, own_attribute


class _StaticMethod(_OwnMethod):
    def replace(self, target, value, line):
        if self.method_of is None or not is_making(value) or not is_movable(value):
            return None
        params = self.around[-1].params.params
        if not params or params[0].name.value != "self" or re.search(r"\bself\b", code(value)):
            return None
        names = needs(value, self.locals())
        maker = self.fresh(f"make_{last_name(target)}")
        self.methods[-1].append(f"@staticmethod\ndef {maker}({', '.join(names)}):\n{_returning(value, line)}")
        return [f"{code(target)} = self.{maker}({', '.join(names)})"]


def static_method(text: str) -> dict[str, str]:
    """`self.head = self.make_head(width)`, a static method."""
    return _StaticMethod.apply(text)


class _Property(Rewriter):
    """Methods other than `__init__` read what it made through properties."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.made: list[dict[str, str]] = []

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        super().visit_ClassDef(node)
        names: dict[str, str] = {}
        if isinstance(node.body, cst.IndentedBlock):
            for method in node.body.body:
                if isinstance(method, cst.FunctionDef) and method.name.value == "__init__":
                    for name in re.findall(r"^        self\.([a-z]\w*) = .*\(", code(method), re.M):
                        names.setdefault(name, "")
        self.made.append(names)

    def leave_Attribute(self, original_node, updated_node):
        name = own_attribute(updated_node)
        if (
            not name
            or not self.made
            or name not in self.made[-1]
            or len(self.around) != 2
            or self.method_of is None
            or self.around[-1].name.value == "__init__"
            or re.search(rf"self\.{name}(?:, [\w.]+)* [^\w\s]?= |del self\.{name}", code(self.around[-1]))
        ):
            return updated_node
        self.made[-1][name] = self.made[-1][name] or self.fresh(f"the_{name}")
        return updated_node.with_changes(attr=cst.Name(self.made[-1][name]))

    def leave_ClassDef(self, original_node, updated_node):
        super().leave_ClassDef(original_node, updated_node)
        made = [
            cst.parse_statement(f"@property\ndef {new}(self):\n    return self.{name}\n").with_changes(
                leading_lines=[cst.EmptyLine()]
            )
            for name, new in self.made.pop().items()
            if new
        ]
        if not made:
            return updated_node
        return updated_node.with_changes(body=updated_node.body.with_changes(body=[*updated_node.body.body, *made]))


def property_for_attribute(text: str) -> dict[str, str]:
    """`self.the_head(x)`, where `the_head` is a property that returns `self.head`."""
    return _Property.apply(text)


class _SuperSetattr(Assignments):
    def replace(self, target, value, line):
        name = own_attribute(target)
        if name is None or self.method_of is None or name.startswith("__") or not is_making(value):
            return None
        if not self.method_of.bases:
            return None
        return [f'super().__setattr__("{name}", {code(value)})']


def super_setattr(text: str) -> dict[str, str]:
    """`super().__setattr__("head", nn.Linear(8, 8))`."""
    return _SuperSetattr.apply(text)


class _Mixin(Rewriter):
    """Methods other than `__init__` and `forward` go to a class beside it."""

    def leave_ClassDef(self, original_node, updated_node):
        super().leave_ClassDef(original_node, updated_node)
        if self.around or not isinstance(updated_node.body, cst.IndentedBlock) or updated_node.decorators:
            return updated_node
        body = updated_node.body.body
        moved = [
            n
            for n in body
            if isinstance(n, cst.FunctionDef) and n.name.value not in ("__init__", "forward", "call", "__new__")
        ]
        name = updated_node.name.value
        said = "".join(code(n) for n in moved)
        if not moved or not updated_node.bases or len(moved) == len(body):
            return updated_node
        if re.search(rf"\bsuper\b|\b__class__\b|\b{name}\b|self\.__[a-z]\w*(?<!__)\b|\.setter", said):
            return updated_node
        mixin = self.fresh(f"{name}Methods")
        other = updated_node.with_changes(
            name=cst.Name(mixin), bases=[], keywords=[], body=updated_node.body.with_changes(body=moved)
        )
        kept = updated_node.with_changes(
            bases=[cst.Arg(cst.Name(mixin)), *updated_node.bases],
            body=updated_node.body.with_changes(body=[n for n in body if n not in moved]),
            leading_lines=[cst.EmptyLine(), cst.EmptyLine()],
        )
        return cst.FlattenSentinel([other, kept])


def mixin(text: str) -> dict[str, str]:
    """`class Net(NetMethods, nn.Module)`, where `NetMethods` has the helpers of `Net`."""
    return _Mixin.apply(text)


class _Attributes(cst.CSTTransformer):
    """Names become attributes of `self`, or of another object."""

    def __init__(self, names: set[str], owner: str = "self") -> None:
        super().__init__()
        self.names = names
        self.owner = owner

    def leave_Attribute(self, original_node, updated_node):
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node, updated_node):
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_Name(self, original_node, updated_node):
        if updated_node.value not in self.names:
            return updated_node
        return cst.Attribute(cst.Name(self.owner), cst.Name(updated_node.value))


class _ObjectOfFunction(Rewriter):
    def leave_FunctionDef(self, original_node, updated_node):
        self.around.pop()
        if self.around or updated_node.decorators or updated_node.asynchronous:
            return updated_node
        body, said = updated_node.body, code(updated_node)
        tree = ast.parse(said).body[0]
        given = tree.args
        if not isinstance(body, cst.IndentedBlock) or given.vararg or given.kwarg or given.posonlyargs:
            return updated_node
        inner = [n for n in ast.walk(tree) if n is not tree]
        if any(isinstance(n, (ast.FunctionDef, ast.Lambda, ast.ClassDef, ast.Yield, ast.Global)) for n in inner):
            return updated_node
        stored = [n.id for n in inner if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)]
        plain = {n.targets[0].id for n in inner if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)}
        looped = {
            t.id
            for n in inner
            if isinstance(n, (ast.comprehension, ast.For, ast.NamedExpr, ast.withitem))
            for t in ast.walk(getattr(n, "target", None) or getattr(n, "optional_vars", None) or ast.Pass())
            if isinstance(t, ast.Name)
        }
        params = [n.arg for n in [*given.args, *given.kwonlyargs]]
        names = ({*params} | (plain & set(stored))) - looped
        if set(params) & looped or "self" in params or "locals(" in said or re.search(r"\bmatch\b|import ", said):
            return updated_node
        if any(isinstance(n, (ast.AnnAssign, ast.ExceptHandler, ast.Delete)) for n in inner):
            return updated_node
        name = updated_node.name.value
        kind = self.fresh("".join(part.title() for part in name.split("_")) + "Work")
        stores = "".join(f"        self.{one} = {one}\n" for one in params) or "        pass\n"
        said = code(updated_node.params).strip()
        head = f"self, {said}" if said else "self"
        whole = cst.parse_statement(
            f"class {kind}:\n    def __init__({head}):\n{stores}\n    def run(self):\n        pass\n"
        )
        run = whole.body.body[1].with_changes(body=body.visit(_Attributes(names)))
        whole = whole.with_changes(
            body=whole.body.with_changes(body=[whole.body.body[0], run]), leading_lines=updated_node.leading_lines
        )
        call = cst.parse_statement(f"return {kind}({', '.join(params)}).run()")
        kept = updated_node.with_changes(
            body=body.with_changes(body=[call]), leading_lines=[cst.EmptyLine(), cst.EmptyLine()]
        )
        return cst.FlattenSentinel([whole, kept])


def object_of_function(text: str) -> dict[str, str]:
    """`return TrainWork(model).run()`, whose attributes are the names of `train`."""
    return _ObjectOfFunction.apply(text)


class _Packed(Rewriter):
    """What `__init__` is given goes into an object of a dataclass, and is read from that."""

    def leave_FunctionDef(self, original_node, updated_node):
        cls = self.method_of
        self.around.pop()
        body, params = updated_node.body, updated_node.params
        if cls is None or len(self.around) != 1 or updated_node.name.value != "__init__" or updated_node.decorators:
            return updated_node
        names = [p.name.value for p in params.params[1:]]
        said = code(body)
        if not names or not isinstance(body, cst.IndentedBlock) or re.search(r"\b(?:locals|global|nonlocal)\b", said):
            return updated_node
        tree = ast.parse(f"def f():\n{said}" if said.startswith((" ", "\n")) else said)
        stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
        stored |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
        if stored & set(names):
            return updated_node
        kind = self.fresh(f"{cls.name.value.strip('_')}Sizes")
        local = self.fresh("sizes")
        self.imports.append("import dataclasses")
        fields = "".join(f"    {name}: object\n" for name in names)
        self.definitions.append(cst.parse_statement(f"@dataclasses.dataclass(eq=False)\nclass {kind}:\n{fields}"))
        lines = list(body.visit(_Attributes(set(names), local)).body)
        start = 1 if code(lines[0]).strip().startswith('"""') else 0
        lines.insert(start, cst.parse_statement(f"{local} = {kind}({', '.join(names)})"))
        return updated_node.with_changes(body=body.with_changes(body=lines))


def packed(text: str) -> dict[str, str]:
    """`sizes = NetSizes(width, depth)`, of a dataclass, and `nn.Linear(sizes.width, sizes.width)`."""
    return _Packed.apply(text)
