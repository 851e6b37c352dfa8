"""What an expression can be, and nothing that runs code: values are immutable, or identities on the heap."""

from paramlint.symbolic.values.callables import Environment, Function, Native, Partial, Super
from paramlint.symbolic.values.heap import (
    Arguments,
    Cell,
    Dictionary,
    Instance,
    Item,
    Items,
    Loop,
    Object,
    Role,
    SequenceValue,
    Shape,
    Storage,
    TensorValue,
    one_held,
    one_of_many,
)
from paramlint.symbolic.values.immutable import (
    FALSE,
    NONE,
    TRUE,
    Choice,
    Constant,
    External,
    FileValue,
    Unknown,
    Value,
    alternatives,
    is_data,
    is_text,
    loop_of,
    shortened,
    text_of,
)

__all__ = [
    "FALSE", "NONE", "TRUE", "Arguments", "Cell", "Choice", "Constant", "Dictionary", "Environment", "External",
    "FileValue", "Function", "Instance", "Item", "Items", "Loop", "Native", "Object", "Partial", "Role",
    "SequenceValue", "Shape", "Storage", "Super", "TensorValue", "Unknown", "Value", "alternatives", "is_data",
    "is_text", "loop_of", "one_held", "one_of_many", "shortened", "text_of",
]  # fmt: skip
