"""The OpenAPI 3.1 description of the public data. A test sends the site what this
allows, and compares each answer with what this promises."""

from __future__ import annotations

from django.conf import settings

from petitions.public_data.schemas import (
    SCHEMAS,
    Schema,
    ref,
)
from petitions.states import PUBLIC_STATES

MOST_PAGES = 9_999_999


def document() -> Schema:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Petitions",
            "version": "1.0.0",
            "summary": "What the public pages of this site show, as data.",
            "description": (
                "Free to read from any site and without a key. Answers are renewed "
                "every ten seconds and have an ETag. Fields may be added; those that "
                "are here stay. Names of supporters are not in it."
            ),
        },
        "servers": [{"url": settings.SITE_URL}],
        "paths": PATHS,
        "components": {
            "schemas": SCHEMAS,
            "responses": RESPONSES,
            "parameters": PARAMETERS,
        },
    }


# == Answers and parameters ==


def response_schema(name: str) -> Schema:
    content = {"application/json": {"schema": ref(name)}}
    return {"description": SCHEMAS[name]["description"], "content": content}


def problem_response(description: str) -> Schema:
    content = {"application/problem+json": {"schema": ref("Problem")}}
    return {"description": description, "content": content}


RESPONSES: Schema = {
    "BadRequest": problem_response("A parameter has none of its values."),
    "NotFound": problem_response("There is none, or the public has never seen it."),
    "Gone": problem_response("It was withdrawn; the detail says when."),
    "MethodNotAllowed": problem_response("Only GET, HEAD and OPTIONS are answered."),
    "NotImplemented": problem_response("That format is not provided."),
    "Moved": {
        "description": "It has another address now.",
        "headers": {
            "Location": {"schema": {"type": "string"}, "description": "That address"}
        },
    },
}


def query(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema}


PARAMETERS: Schema = {
    "slug": {
        "name": "slug",
        "in": "path",
        "required": True,
        "description": "The last part of the page's address",
        "schema": {"type": "string", "minLength": 1, "maxLength": 80},
    },
    "page": query(
        "page",
        "Which page, from 1",
        {"type": "integer", "minimum": 1, "maximum": MOST_PAGES, "default": 1},
    ),
    "state": query(
        "state",
        "Only petitions in this state",
        {"type": "string", "enum": [str(state) for state in PUBLIC_STATES]},
    ),
    "organization": query(
        "organization",
        "Only petitions of this organisation: the last part of its profile's address",
        {"type": "string", "minLength": 1, "maxLength": 80},
    ),
    "url": {
        **query(
            "url",
            "The address of a petition's page",
            {"type": "string", "format": "uri", "minLength": 1},
        ),
        "required": True,
    },
}


def get(
    operation: str, summary: str, schema: str, parameters: list[Schema], *statuses: str
) -> Schema:
    """Describe a path that answers GET; `statuses` names the responses besides 200 and
    405."""
    numbers = {
        "Moved": "301",
        "BadRequest": "400",
        "NotFound": "404",
        "MethodNotAllowed": "405",
        "Gone": "410",
        "NotImplemented": "501",
    }
    responses = {"200": response_schema(schema)} | {
        numbers[name]: {"$ref": f"#/components/responses/{name}"}
        for name in (*statuses, "MethodNotAllowed")
    }
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": parameters,
            "responses": responses,
        }
    }


def csv_path(described: Schema, lines: str) -> Schema:
    """Return a described path whose data are `lines` of CSV."""
    described["get"]["responses"]["200"] = {
        "description": lines,
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
    return described


def parameter(name: str) -> Schema:
    return {"$ref": f"#/components/parameters/{name}"}


ONE = [parameter("slug")]
PETITION = (ONE, "Moved", "NotFound", "Gone")
PIXELS = {"type": "integer", "minimum": 1, "maximum": 100_000}
PATHS: Schema = {
    "/petitions.json": get(
        "petitions",
        "All petitions that were ever public, newest first",
        "Petitions",
        [parameter("state"), parameter("organization"), parameter("page")],
        "BadRequest",
        "NotFound",
    ),
    "/petitions/{slug}.json": get("petition", "One petition", "Petition", *PETITION),
    "/petitions/{slug}/count.json": get("count", "Its supporters", "Count", *PETITION),
    "/petitions/{slug}/history.json": get(
        "history", "Its supporters by day and source", "History", *PETITION
    ),
    "/petitions/{slug}/history.csv": csv_path(
        get(
            "history_csv",
            "The same for a spreadsheet, with the total of each day",
            "History",
            *PETITION,
        ),
        "A line for each day that changed the count: day, time zone, what it brought "
        "by source, and all supporters at its end",
    ),
    "/organizations.json": get(
        "organizations",
        "All organisations, by name",
        "Organizations",
        [parameter("page")],
        "NotFound",
    ),
    "/organizations/{slug}.json": get(
        "organization", "One organisation", "Organization", ONE, "Moved", "NotFound"
    ),
    "/oembed.json": get(
        "oembed",
        "A card of a petition, for programs that make one of an address",
        "OEmbed",
        [
            parameter("url"),
            query("maxwidth", "Widest frame, in pixels", PIXELS),
            query("maxheight", "Highest frame, in pixels", PIXELS),
            query(
                "format",
                "json, and no other",
                {"type": "string", "enum": ["json"], "default": "json"},
            ),
        ],
        "BadRequest",
        "NotFound",
        "NotImplemented",
    ),
}
