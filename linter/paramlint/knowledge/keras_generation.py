"""Which Keras code is written for, 2 or 3: by its own text, and by what a project says that it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

Generation = Literal["2", "3", ""]

_THIRD = re.compile(rb"\bkeras\.(?:ops|random|saving|api|distribution)\b|\bkeras import [^\n]*\bops\b|KERAS_BACKEND")
_SECOND = re.compile(
    rb"\btf_keras\b|tensorflow\.python\.keras|keras\.engine|fit_generator|compat\.v1|tensorflow_backend"
    rb"|optimizers\.legacy|add_(?:weight|variable)\(\s*['\"]|multi_gpu_model|\blr=|TF_USE_LEGACY_KERAS|\bget_session\b|keras_contrib"
)
#: A requirement, in a line with single spaces: a package, its extras, and what is said of its versions.
_REQUIRED = re.compile(
    r"(?<![\w./-])(tensorflow(?:[-_](?:cpu|gpu|macos|intel|rocm))?|tf[-_]keras|keras)(?![\w./:-])"
    r" ?(?:\[[\w, -]*\])?[\"']? ?(?:= ?[\"'](?=[<>=~^!]))?\(? ?((?:(?:[<>=~!]=?=?|\^) ?[\w.*]+ ?,? ?)+)?",
    re.I,
)
_BOUND = re.compile(r"(===?|~=|<=?|>=?|\^) ?(\d+)(?:\.(\d+))?(?:\.(\d+|\*))?")
#: The first version that brings Keras 3.
_FIRST = {"tensorflow": (2, 16), "keras": (3, 0)}


def generation(data: bytes) -> Generation:
    """Which Keras a file is written for, where its text tells: 2 or 3."""
    if _SECOND.search(data):
        return "2"
    return "3" if _THIRD.search(data) else ""


def required(text: str) -> Generation:
    """Which Keras a list of requirements brings: that of `tensorflow<2.16` and `tf-keras` is Keras 2."""
    said = set(_required(text))
    return "2" if "2" in said else "3" if said == {"3"} else ""


def _required(text: str) -> Iterator[Generation]:
    for line in text.splitlines():
        if line.lstrip().startswith(("#", "Keywords", "Classifier", "Summary", "description", "keywords")):
            continue
        for name, versions in _REQUIRED.findall(" ".join(line.split())):
            package = re.split("[-_]", name.lower())[0]
            if package == "tf":
                yield "2"
            elif versions:
                yield _brought(_FIRST[package], versions)


def _brought(first: tuple[int, int], versions: str) -> Generation:
    """Which Keras versions within some bounds bring, where all of them bring the same one."""
    for sign, major, minor, last in _BOUND.findall(versions):
        version = int(major), int(minor or 0)
        if sign.startswith(">"):
            if version >= first:
                return "3"
            continue
        if sign == "<":
            is_before = version <= first
        elif not minor or sign == "^" or (sign == "~=" and not last):
            is_before = int(major) < first[0]
        else:
            is_before = version < first
        if is_before:
            return "2"
        if sign.startswith("==") or sign == "~=":
            return "3" if version >= first else ""
    return ""
