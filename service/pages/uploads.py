"""Forms that somebody fills in at length, with files."""

import asyncio

from aiohttp import web

from domain.plan import Plan
from service.answers import read_posted
from service.plan_files import parse_plan
from service.plan_forms.encodings import UnreadableFile, read
from service.plan_forms.form import Form


async def read_upload(request: web.Request) -> tuple[Form, dict[str, bytes]]:
    """A form, every value of each field, and the files that came with it.

    Raises as `read_posted`.
    """
    posted = await read_posted(request)
    fields: dict[str, list[str]] = {}
    files: dict[str, bytes] = {}
    for name, value in posted.items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
        elif isinstance(value, web.FileField) and value.filename:
            files[name] = value.file.read()
    return Form(fields), files


async def plan_of(form: Form, files: dict[str, bytes]) -> Plan:
    """The plan of an uploaded or pasted plan file, with the table of spots that it may name.

    Raises PlanMistakes, UnreadableFile.
    """
    text = read(files["file"]).text if "file" in files else form.table("text")
    table = read(files["table"]).text if "table" in files else None

    def open_csv(name: str) -> bytes:
        if table is None:
            raise FileNotFoundError(2, f"choose {name}, too")
        return table.encode()

    return await asyncio.to_thread(parse_plan, text.encode(), "", open_csv)


def text_of(form: Form, files: dict[str, bytes]) -> str:
    """The text of a plan file, to be mended where it was sent from; empty if it is none."""
    try:
        return read(files["file"]).text if "file" in files else form.table("text")
    except UnreadableFile:
        return ""
