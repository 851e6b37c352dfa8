"""The operators of a syntax tree, called as LibCST calls them. They have no fields, so one of each serves all code."""

from __future__ import annotations

import msgspec


class Operator(msgspec.Struct, eq=False, gc=False):
    """Any operator."""


class BinaryOperator(Operator):
    """An operator of a `BinaryOperation`."""


class Add(BinaryOperator):
    pass


class Subtract(BinaryOperator):
    pass


class Multiply(BinaryOperator):
    pass


class Divide(BinaryOperator):
    pass


class FloorDivide(BinaryOperator):
    pass


class Modulo(BinaryOperator):
    pass


class Power(BinaryOperator):
    pass


class MatrixMultiply(BinaryOperator):
    pass


class BitAnd(BinaryOperator):
    pass


class BitOr(BinaryOperator):
    pass


class BitXor(BinaryOperator):
    pass


class LeftShift(BinaryOperator):
    pass


class RightShift(BinaryOperator):
    pass


class AugmentedOperator(Operator):
    """An operator of an `AugAssign`."""


class AddAssign(AugmentedOperator):
    pass


class SubtractAssign(AugmentedOperator):
    pass


class MultiplyAssign(AugmentedOperator):
    pass


class DivideAssign(AugmentedOperator):
    pass


class FloorDivideAssign(AugmentedOperator):
    pass


class ModuloAssign(AugmentedOperator):
    pass


class PowerAssign(AugmentedOperator):
    pass


class MatrixMultiplyAssign(AugmentedOperator):
    pass


class BitAndAssign(AugmentedOperator):
    pass


class BitOrAssign(AugmentedOperator):
    pass


class BitXorAssign(AugmentedOperator):
    pass


class LeftShiftAssign(AugmentedOperator):
    pass


class RightShiftAssign(AugmentedOperator):
    pass


class BooleanOperator(Operator):
    """An operator of a `BooleanOperation`."""


class And(BooleanOperator):
    pass


class Or(BooleanOperator):
    pass


class UnaryOperator(Operator):
    """An operator of a `UnaryOperation`."""


class Not(UnaryOperator):
    pass


class BitInvert(UnaryOperator):
    pass


class Plus(UnaryOperator):
    pass


class Minus(UnaryOperator):
    pass


class ComparisonOperator(Operator):
    """An operator of a `ComparisonTarget`."""


class Equal(ComparisonOperator):
    pass


class NotEqual(ComparisonOperator):
    pass


class LessThan(ComparisonOperator):
    pass


class LessThanEqual(ComparisonOperator):
    pass


class GreaterThan(ComparisonOperator):
    pass


class GreaterThanEqual(ComparisonOperator):
    pass


class Is(ComparisonOperator):
    pass


class IsNot(ComparisonOperator):
    pass


class In(ComparisonOperator):
    pass


class NotIn(ComparisonOperator):
    pass
