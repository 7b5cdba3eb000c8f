"""What a schema refuses, prunes and fills in."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tests.kube_api.field_sets import Json
from tests.kube_api.shapes import Anything, Fields, Items, Scalar, Shape
from tests.kube_api.statuses import cause

TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int, float),
    "number": (int, float),
}
NOT_DECLARED: Final = "field not declared in schema"


def untyped_parts(value: Any, shape: Shape, at: str = "") -> Iterator[str]:
    """Tell where a value cannot be taken apart by its shape: unknown fields, wrong types, entries that repeat."""
    if value is None or isinstance(shape, Anything):
        return
    match shape:
        case Scalar(name) if not _is_a(value, name):
            yield f"{at}: expected {name}, got {json.dumps(value)}"
        case Fields() if not isinstance(value, dict):
            yield f"{at}: expected map, got {json.dumps(value)}"
        case Fields() as fields:
            yield from _untyped_fields(value, fields, at)
        case Items() if not isinstance(value, list):
            yield f"{at}: expected list, got {json.dumps(value)}"
        case Items() as items:
            yield from _untyped_items(value, items, at)


def faults(value: Any, schema: Json, at: str) -> Iterator[Json]:
    """Tell as causes what the schema does not allow."""
    if (wanted := schema.get("type")) is None:
        return
    if not _is_valid_type(value, wanted):
        told = "null" if value is None else type(value).__name__
        yield _fault("FieldValueTypeInvalid", at, f'"{told}"', f'must be of type {wanted}: "{told}"')
        return
    yield from _scalar_faults(value, schema, at)
    if isinstance(value, dict):
        yield from _map_faults(value, schema, at)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from faults(item, schema["items"], f"{at}[{index}]")


def pruned(value: Any, schema: Json) -> Any:
    """Return the value less the fields that the schema does not know."""
    if isinstance(value, list):
        return [pruned(item, schema.get("items", {})) for item in value]
    if not isinstance(value, dict) or schema.get("x-kubernetes-preserve-unknown-fields"):
        return value
    declared, others = schema.get("properties", {}), schema.get("additionalProperties")
    return {
        name: pruned(inner, declared.get(name, others))
        for name, inner in value.items()
        if name in declared or others
    }


def defaulted(value: Any, schema: Json) -> Any:
    """Return the value with what the schema fills in."""
    if isinstance(value, list):
        return [defaulted(item, schema.get("items", {})) for item in value]
    if not isinstance(value, dict):
        return value
    declared = schema.get("properties", {})
    filled = {
        name: copy.deepcopy(inner["default"])
        for name, inner in declared.items()
        if "default" in inner and name not in value
    }
    return {name: defaulted(inner, declared.get(name, {})) for name, inner in {**value, **filled}.items()}


def _untyped_fields(value: dict[str, Any], fields: Fields, at: str) -> Iterator[str]:
    for name, inner in value.items():
        shape = fields.shape_of(name)
        if shape is None:
            yield f"{at}.{name}: {NOT_DECLARED}"
        else:
            yield from untyped_parts(inner, shape, f"{at}.{name}")


def _untyped_items(value: list[Any], items: Items, at: str) -> Iterator[str]:
    for item in value:
        yield from untyped_parts(item, items.each, at)
    if items.is_atomic:
        return
    try:
        elements = [items.element_of(item) for item in value]
    except (KeyError, TypeError):
        yield f"{at}: element without the keys {', '.join(items.keys)}"
        return
    if len(set(elements)) < len(elements):
        yield f"{at}: duplicate entries for key"


def _scalar_faults(value: Any, schema: Json, at: str) -> Iterator[Json]:
    if isinstance(value, str):
        yield from _text_faults(value, schema, at)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number_faults(value, schema, at)
    if "enum" in schema and value not in schema["enum"]:
        known = ", ".join(json.dumps(each) for each in schema["enum"])
        message = f"Unsupported value: {json.dumps(value)}: supported values: {known}"
        yield cause("FieldValueNotSupported", message, at)


def _text_faults(value: str, schema: Json, at: str) -> Iterator[Json]:
    if "pattern" in schema and not re.search(schema["pattern"].replace("$", r"\Z"), value):
        yield _fault("FieldValueInvalid", at, json.dumps(value), f"should match '{schema['pattern']}'")
    if len(value) > schema.get("maxLength", len(value)):
        message = f"Too long: may not be more than {schema['maxLength']} bytes"
        yield cause("FieldValueTooLong", message, at)
    if len(value) < (least := schema.get("minLength", 0)):
        wish = f"should be at least {least} chars long"
        yield _fault("FieldValueInvalid", at, json.dumps(value), wish)


def _number_faults(value: int | float, schema: Json, at: str) -> Iterator[Json]:
    if value < schema.get("minimum", value):
        wish = f"should be greater than or equal to {schema['minimum']}"
        yield _fault("FieldValueInvalid", at, str(value), wish)
    if value > schema.get("maximum", value):
        wish = f"should be less than or equal to {schema['maximum']}"
        yield _fault("FieldValueInvalid", at, str(value), wish)


def _map_faults(value: dict[str, Any], schema: Json, at: str) -> Iterator[Json]:
    declared, others = schema.get("properties", {}), schema.get("additionalProperties")
    for name in schema.get("required", ()):
        if name not in value:
            yield cause("FieldValueRequired", "Required value", _joined(at, name))
    for name, inner in value.items():
        known = declared.get(name, others if isinstance(others, dict) else {})
        yield from faults(inner, known, _joined(at, name))


def _fault(reason: str, at: str, shown: str, wish: str) -> Json:
    return cause(reason, f"Invalid value: {shown}: {at} in body {wish}", at)


def _joined(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _is_a(value: object, name: str) -> bool:
    wanted = TYPES[name]
    return isinstance(value, wanted) and (bool in wanted or not isinstance(value, bool))


def _is_valid_type(value: object, wanted: str) -> bool:
    if wanted == "object":
        return isinstance(value, dict)
    if wanted == "array":
        return isinstance(value, list)
    return _is_a(value, wanted) and (wanted != "integer" or float(str(value)).is_integer())
