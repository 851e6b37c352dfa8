"""The same file in other words: transformers that keep what a file does, and what the findings come to.

Each of `WAYS` takes the text of a file and gives the texts of one or more files that do the same: the first takes the
file's place, the others stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable

from . import blocks, loops, makers, names, objects, passing, spelling, stores, structure

Way = Callable[[str], dict[str, str]]

#: Each way by its name; the key "" of what it gives is the file itself, the others are names of files beside it.
WAYS: dict[str, Way] = {
    way.__name__: way
    for way in (
        names.renamed_imports,
        names.alias_of_nn,
        names.through_a_local,
        names.walrus,
        names.callee_through_a_local,
        names.getattr_for_attributes,
        stores.with_setattr,
        stores.pairs,
        stores.registered_by_call,
        stores.keywords,
        loops.loop_for_comprehension,
        loops.comprehension_for_loop,
        makers.factory,
        makers.own_method,
        makers.local_maker,
        makers.with_partial,
        structure.base_class,
        structure.other_file,
        structure.early_return,
        structure.split_function,
        structure.branches_for_expression,
        passing.through_a_dict,
        passing.unpacked,
        passing.settings,
        passing.lambda_maker,
        passing.annotated,
        passing.equal_branches,
        blocks.with_block,
        blocks.try_block,
        blocks.match_for_if,
        blocks.enumerated,
        blocks.map_for_comprehension,
        objects.static_method,
        objects.property_for_attribute,
        objects.super_setattr,
        objects.mixin,
        objects.object_of_function,
        structure.prepared,
        spelling.star_import,
        spelling.from_imports,
        spelling.self_renamed,
        spelling.attrgetter,
        spelling.decorated,
        spelling.generator_function,
        spelling.extend_for_append,
        passing.two_targets,
        passing.module_constants,
        blocks.swapped_branches,
        blocks.nested_function,
        blocks.unpacked_below,
        names.attributes_through_locals,
        loops.continue_for_if,
        loops.indexed,
        loops.reduce_for_loop,
        blocks.try_finally,
        objects.packed,
    )
}
