"""A table of open data as a file: CSV, JSON or Parquet, each with the same rows."""

import csv
import io
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct

from domain.open_data import Row
from domain.open_tables import SCHEMA_VERSION, Table
from service.failures import ParquetNeedsPyarrow

MEDIA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}


class TableFile(Struct, frozen=True, kw_only=True):
    """A table as JSON: an object a row, with a value for each column."""

    schema_version: int = SCHEMA_VERSION
    rally: str
    table: str
    rows: list[dict[str, Any]]


def written(kind: str, rally: str, table: Table, rows: list[Row]) -> bytes:
    """A table as a file of a kind of MEDIA_TYPES. Raises ParquetNeedsPyarrow."""
    if kind == "csv":
        return as_csv([column.name for column in table.columns], rows)
    if kind == "json":
        return as_json(rally, table, rows)
    return as_parquet(rally, table, rows)


def as_csv(header: list[str], rows: list[Row]) -> bytes:
    """RFC 4180, UTF-8; what is not shown is empty."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def as_json(rally: str, table: Table, rows: list[Row]) -> bytes:
    """An object a row; what is not shown is null."""
    names = [column.name for column in table.columns]
    return msgspec.json.encode(
        TableFile(
            rally=rally,
            table=table.name,
            rows=[dict(zip(names, row, strict=True)) for row in rows],
        )
    )


def as_parquet(rally: str, table: Table, rows: list[Row]) -> bytes:
    """Typed columns; what is not shown is null. Raises ParquetNeedsPyarrow."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise ParquetNeedsPyarrow from error
    types = {
        "string": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "date": pa.date32(),
    }
    said = {"schema_version": str(SCHEMA_VERSION), "rally": rally, "table": table.name}
    schema = pa.schema(
        [pa.field(column.name, types[column.type]) for column in table.columns], metadata=said
    )
    columns = [
        [_typed(column.type, row[at]) for row in rows] for at, column in enumerate(table.columns)
    ]
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns, schema=schema), sink)
    return sink.getvalue()


def _typed(kind: str, value: Any) -> Any:
    return date.fromisoformat(value) if kind == "date" and value is not None else value
