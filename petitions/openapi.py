"""The public data described as OpenAPI 3.1. A test sends the site what this allows and
compares each answer with what this promises."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from petitions.states import PUBLIC_STATES, TextFormat

type Schema = dict[str, Any]

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


# == Schemas ==


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def shape(description: str, /, **properties: Schema) -> Schema:
    """An object that has each of these, and one day perhaps others."""
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
    }


def text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


def maybe(schema: Schema) -> Schema:
    """That, or null."""
    return {**schema, "type": [schema["type"], "null"]}


def number(description: str, **more: Any) -> Schema:
    return {"type": "integer", "description": description, **more}


def url(description: str) -> Schema:
    return text(description, format="uri")


def day(description: str) -> Schema:
    return text(description, format="date")


def moment(description: str) -> Schema:
    return text(description, format="date-time")


def array(items: Schema, description: str) -> Schema:
    return {"type": "array", "items": items, "description": description}


language = text("A language of a text, as BCP 47 has it: en, fr, zh-Hant")
counts = {
    "supporters": number("All supporters", minimum=0),
    "confirmed": number("Confirmed here by e-mail", minimum=0),
    "paper": number("Signed on paper", minimum=0),
    "imported": number("Counted elsewhere before", minimum=0),
}
changes = {
    name: {"type": "integer", "description": f"{field['description']}, more or fewer"}
    for name, field in counts.items()
}
links = {
    "count": number("How many there are in all", minimum=0),
    "next": maybe(url("The next page; null on the last one")),
    "previous": maybe(url("The page before; null on the first one")),
}
organization = {
    "name": text("Its name"),
    "url": url("Its profile"),
    "data": url("The same as data"),
    "petitions": url("Its petitions as data"),
}
petition = {
    "title": text("What is asked, in a few words"),
    "url": url("Its page"),
    "data": url("All of it as data"),
    "language": language,
    "languages": array(language, "Languages that it has a text in, its own first"),
    "organization": text("Who started it"),
    "organization_data": url("The same as data"),
    "state": text("Where it stands", enum=[str(state) for state in PUBLIC_STATES]),
    "started": day("When it began, here or elsewhere"),
    "closes": maybe(moment("Its last moment; null when none is set")),
    "ended": maybe(moment("When it ended; null while it has not")),
    "targets": array(ref("Target"), "Who is petitioned"),
    "summary": text("A sentence or two; may be empty"),
    **counts,
}
SCHEMAS: Schema = {
    "OrganizationInList": shape("An organisation, in a list", **organization),
    "Organization": shape(
        "An organisation",
        **organization,
        legal_name=text("When it differs from the name"),
        description=text("Who they are; may be empty"),
        language=language,
        descriptions=array(
            shape("Who they are", language=language, text=text("The description")),
            "The same in other languages",
        ),
        website=text("Its own site; may be empty"),
        charity_number=text("May be empty"),
        started=number("Petitions that were ever public", minimum=0),
        won=number("Those that it won", minimum=0),
        supporters=number("Signatures on all of them, added up", minimum=0),
    ),
    "PetitionInList": shape("A petition, in the words it was written in", **petition),
    "Petition": shape(
        "A petition",
        **petition,
        outcome=text("How it ended, in a sentence; may be empty"),
        ask=text("What exactly is asked; may be empty"),
        text=text("The whole text"),
        text_format=text("How it is written", enum=list(TextFormat.values)),
        translations=array(ref("Translation"), "The same in other languages"),
        corrections=array(ref("Correction"), "Notes under a text that was signed"),
        by_day=array(
            shape("A day", day=day("Date"), supporters=changes["supporters"]),
            "What each day brought; days without a change are left out",
        ),
    ),
    "Target": shape(
        "Who is petitioned",
        name=maybe(text("A name or a label; null: to be announced")),
        office=text("May be empty"),
        organisation=text("May be empty"),
    ),
    "Translation": shape(
        "The words of a petition in one more language",
        language=language,
        url=url("Its page"),
        title=text("Title"),
        ask=text("What exactly is asked; may be empty"),
        summary=text("May be empty"),
        text=text("The whole text"),
    ),
    "Correction": shape(
        "A dated correction; the text that was signed stays as it was",
        made=moment("When"),
        language=language,
        before=text("The passage as it stands; may be empty"),
        after=text("What it should read; may be empty"),
        text=text("A note; may be empty"),
    ),
    "Count": shape("How many support it, and where they were counted", **counts),
    "History": shape(
        "What each day brought",
        days=array(
            shape("A day", day=day("Date"), **changes),
            "Oldest first; days without a change are left out",
        ),
    ),
    "Petitions": shape(
        "A page of petitions",
        **links,
        petitions=array(ref("PetitionInList"), "At most 50, newest first"),
    ),
    "Organizations": shape(
        "A page of organisations",
        **links,
        organizations=array(ref("OrganizationInList"), "At most 50, by name"),
    ),
    "OEmbed": shape(
        "A card of a petition for a page elsewhere, as oembed.com has it",
        version=text("", const="1.0"),
        type=text("", const="rich"),
        title=text("Title"),
        author_name=text("Who started it"),
        author_url=url("Its profile"),
        provider_name=text("This site"),
        provider_url=url("Its home"),
        cache_age=number("Seconds that a copy may be kept"),
        width=number("Of the frame, in pixels", minimum=0),
        height=number("Of the frame, in pixels", minimum=0),
        html=text("A frame with the card, no script"),
    ),
    "Problem": shape(
        "What went wrong (RFC 9457)",
        type=text("", const="about:blank"),
        title=text("The status in words"),
        status=number("The HTTP status"),
        detail=text("A sentence for whoever wrote the program"),
    ),
}


# == Answers and parameters ==


def answer(name: str) -> Schema:
    content = {"application/json": {"schema": ref(name)}}
    return {"description": SCHEMAS[name]["description"], "content": content}


def problem(description: str) -> Schema:
    content = {"application/problem+json": {"schema": ref("Problem")}}
    return {"description": description, "content": content}


RESPONSES: Schema = {
    "BadRequest": problem("A parameter has none of its values."),
    "NotFound": problem("There is none, or the public has never seen it."),
    "Gone": problem("It was withdrawn; the detail says when."),
    "MethodNotAllowed": problem("Only GET, HEAD and OPTIONS are answered."),
    "NotImplemented": problem("That format is not provided."),
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
    """A path that is read; `statuses` beyond 200 and 405, by name."""
    numbers = {
        "Moved": "301",
        "BadRequest": "400",
        "NotFound": "404",
        "MethodNotAllowed": "405",
        "Gone": "410",
        "NotImplemented": "501",
    }
    responses = {"200": answer(schema)} | {
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
