"""Which classes a target without a factory may mean, and what it imports: read from its file, which is not run."""

from __future__ import annotations

import ast
from pathlib import Path

from paramlint.source.text import Source, UnreadableError
from paramlint.verify.process.targets import Target

#: Libraries that take seconds to import, and that many models are made with.
FRAMEWORKS = frozenset({"accelerate", "diffusers", "lightning", "monai", "peft", "pytorch_lightning", "timm"}) | {
    "torch_geometric",
    "torchvision",
    "transformers",
}
#: So many are named.
MANY = 8
#: Bases of what is no model.
_OTHERS = frozenset(
    {"ABC", "BaseException", "Dataset", "Enum", "Exception", "Generic", "IntEnum", "NamedTuple", "Protocol", "StrEnum"}
    | {"TypedDict", "dict", "list", "object", "str", "tuple"}
)


def proposed(target: Target) -> str:
    """What may be written instead of a target that names no factory, as the middle of a message."""
    names = [f"`{target.text}:{name}`" for name in _classes(target)]
    if not names:
        return f"write `{target.text}:name`"
    more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
    return f"there {'are' if len(names) > 1 else 'is'} {', '.join(names[:MANY])}{more}"


def frameworks(target: Target) -> list[tuple[str, tuple[str, ...]]]:
    """The libraries of models that its file imports on its first level: each module, and the names wanted of it."""
    tree = _tree(target)
    found: dict[str, dict[str, None]] = {}
    for node in tree.body if tree is not None else ():
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.setdefault(alias.name, {})
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.setdefault(node.module, {}).update(dict.fromkeys(alias.name for alias in node.names))
    return [(module, tuple(names)) for module, names in found.items() if module.split(".")[0] in FRAMEWORKS]


def _classes(target: Target) -> list[str]:
    """The public classes of its file that inherit from what may be a module, in order."""
    tree = _tree(target)
    found = (node for node in (tree.body if tree is not None else ()) if isinstance(node, ast.ClassDef))
    others: set[str] = set()
    names: list[str] = []
    for node in found:
        bases = {_last_name(base) for base in node.bases} - _OTHERS - others
        if bases and not node.name.startswith("_"):
            names.append(node.name)
        elif not bases:
            others.add(node.name)
    return names


def _tree(target: Target) -> ast.Module | None:
    """What its file holds; None where there is none that can be read."""
    path = _file(target)
    try:
        return ast.parse(Source.read(str(path)).text) if path is not None else None
    except (UnreadableError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _file(target: Target) -> Path | None:
    if target.is_file:
        return Path(target.module)
    module = Path(*target.module.split("."))
    names = (module.with_suffix(".py"), module / "__init__.py")
    return next((root / name for root in (Path(), Path("src")) for name in names if (root / name).is_file()), None)


def _last_name(base: ast.expr) -> str:
    """`Module` of `nn.Module`, and of `Generic[T]` the `Generic`."""
    node = base.value if isinstance(base, ast.Subscript) else base
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
