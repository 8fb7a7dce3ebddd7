"""A scope as a condition in SQL. Knows the columns of the article table and runs nothing."""

import json
from collections.abc import Collection
from typing import Any

from rag.records import Scope


def scope_condition(scope: Scope) -> tuple[str, tuple[Any, ...]]:
    """Return the condition on `article a`, true for no bounds, and its values; an undated article is in no bound."""
    conditions: list[str] = ["1"]
    values: list[Any] = []

    def among(column: str, allowed: Collection[str]) -> None:
        # One JSON value instead of a variable each: a scope may name thousands.
        conditions.append(f"{column} IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(sorted(allowed)))

    if scope.article_ids:
        among("a.key", scope.article_ids)
    if scope.publishers:
        among("a.publisher", scope.publishers)
    if scope.since:
        conditions.append("a.published >= ?")
        values.append(scope.since.isoformat())
    if scope.until:
        conditions.append("a.published <= ?")
        values.append(scope.until.isoformat())
    return " AND ".join(conditions), tuple(values)
