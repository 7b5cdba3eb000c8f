"""The query of the listing: clamped where others refuse (hooks-http-api.md; design D34)."""

import re
from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.gate import AnyRequest
from plexsphere.api.paging import DEFAULT_LIMIT, MOST, id_parameter, one_parameter
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.hooks.wiring import HookFilter

WHOLE_NUMBER: Final = re.compile(r"(-?)0*([0-9]*)", re.ASCII)
FLAG: Final = {"": None, "false": False, "true": True}


def clamped_limit(request: AnyRequest) -> int:
    """
    Return how many rows are wanted: any whole number, however large, is brought to 1 to 200.

    Raises:
        Refusal: `invalid_parameter`, when it is no whole number, or comes twice.
    """
    text = one_parameter(request, "limit")
    if not text:
        return DEFAULT_LIMIT
    number = WHOLE_NUMBER.fullmatch(text)
    if number is None or text == "-":
        raise Refusal(catalogue.INVALID_PARAMETER)
    sign, digits = number.groups()
    if sign or not digits:
        return 1
    # Python refuses to read numbers of thousands of digits; no more than four of them matter.
    return min(int(digits[:4]), MOST)


def hook_filter(request: AnyRequest) -> HookFilter:
    """
    Return which hooks are wanted.

    Raises:
        Refusal: `invalid_parameter`, when an id is none, or the flag is neither `true` nor `false`.
    """
    flag = one_parameter(request, "image_digest_match")
    if flag not in FLAG:
        raise Refusal(catalogue.INVALID_PARAMETER)
    return HookFilter(id_parameter(request, "domain_id"), id_parameter(request, "project_id"), FLAG[flag])
