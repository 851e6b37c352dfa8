"""What a rule may ask about the code: scopes, classes, names and types, read off its nodes on demand.

`Scope` is a function, the code of a class, or the code of a module. `Class` is a class with its bases and attributes.
Whatever cannot be known is `None`, and a rule stays silent on it.
"""

from paramlint.facts.assignments import Assignment
from paramlint.facts.classes import Class
from paramlint.facts.files import File, Project
from paramlint.facts.scopes import Binding, Scope
from paramlint.facts.types import Type, join, owns_parameters

__all__ = ["Assignment", "Binding", "Class", "File", "Project", "Scope", "Type", "join", "owns_parameters"]
