"""JSON as it stands in what others wrote, in evidence and in what is stored: what a value is, is known once it was looked at.

These are the names of `Any` where it has this reason; where another reason holds, `Any` stands beside it.
"""

from __future__ import annotations

from typing import Any

JsonValue = Any
"""A value of JSON: a text, a number, true or false, null, a list or an object. `reading.safely` has the ways to look at one."""
JsonObject = dict[str, Any]
"""An object of JSON, by the names of its members."""
PLAIN = frozenset([str, int, float, bool, type(None)])
"""Exact types of values that hold no others: most fields have one, and no abstract class has to be asked."""
COMPOSITE = (dict, list)
"""Types of JSON's values that hold others: asked for by a tuple in a third of the time that a union takes."""
