"""The schemas of the public data, as OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

from petitions.models import Handover
from petitions.states import PUBLIC_STATES, TextFormat

type Schema = dict[str, Any]


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def shape(description: str, /, **properties: Schema) -> Schema:
    """Return the schema of an object that has each of these properties; later versions
    may add others."""
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
    }


def text_schema(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


def maybe(schema: Schema) -> Schema:
    """Return the schema with null allowed, too."""
    return {**schema, "type": [schema["type"], "null"]}


def maybe_ref(name: str) -> Schema:
    return {"anyOf": [ref(name), {"type": "null"}]}


def number_schema(description: str, **more: Any) -> Schema:
    return {"type": "integer", "description": description, **more}


def flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def url(description: str) -> Schema:
    return text_schema(description, format="uri")


def day(description: str) -> Schema:
    return text_schema(description, format="date")


def moment_schema(description: str) -> Schema:
    return text_schema(description, format="date-time")


def array(items: Schema, description: str) -> Schema:
    return {"type": "array", "items": items, "description": description}


language = text_schema("A language of a text, as BCP 47 has it: en, fr, zh-Hant")
counts = {
    "supporters": number_schema("All supporters", minimum=0),
    "confirmed": number_schema("Confirmed here by e-mail", minimum=0),
    "paper": number_schema("Signed on paper", minimum=0),
    "imported": number_schema("Counted elsewhere before", minimum=0),
}
changes = {
    name: {"type": "integer", "description": f"{field['description']}, more or fewer"}
    for name, field in counts.items()
}
links = {
    "count": number_schema("How many there are in all", minimum=0),
    "next": maybe(url("The next page; null on the last one")),
    "previous": maybe(url("The page before; null on the first one")),
}
organization = {
    "name": text_schema("Its name"),
    "names": array(
        shape("A name", language=language, name=text_schema("The name")),
        "The same in other languages, where it has another name",
    ),
    "url": url("Its profile"),
    "data": url("The same as data"),
    "petitions": url("Its petitions as data"),
}
petition = {
    "title": text_schema("What is asked, in a few words"),
    "url": url("Its page"),
    "data": url("All of it as data"),
    "language": language,
    "languages": array(language, "Languages that it has a text in, its own first"),
    "organization": text_schema("Who started it, by its name in that language"),
    "organization_data": url("The same as data"),
    "state": text_schema(
        "Where it stands", enum=[str(state) for state in PUBLIC_STATES]
    ),
    "started": maybe(day("When it began, here or elsewhere; null: not known")),
    "closes": maybe(moment_schema("Its last moment; null when none is set")),
    "ended": maybe(moment_schema("When it ended; null while it has not, or not known")),
    "targets": array(ref("Target"), "Who is petitioned"),
    "summary": text_schema("A sentence or two; may be empty"),
    **counts,
}
SCHEMAS: Schema = {
    "OrganizationInList": shape("An organisation, in a list", **organization),
    "Organization": shape(
        "An organisation",
        **organization,
        legal_name=text_schema("When it differs from the name"),
        description=text_schema("Who they are; may be empty"),
        language=language,
        descriptions=array(
            shape(
                "Who they are", language=language, text=text_schema("The description")
            ),
            "The same in other languages",
        ),
        website=text_schema("Its own site; may be empty"),
        charity_number=text_schema("May be empty"),
        started=number_schema("Petitions that were ever public", minimum=0),
        won=number_schema("Those that it won", minimum=0),
        supporters=number_schema("Signatures on all of them, added up", minimum=0),
    ),
    "PetitionInList": shape("A petition, in the words it was written in", **petition),
    "Petition": shape(
        "A petition",
        **petition,
        outcome=text_schema("How it ended, in a sentence; may be empty"),
        origin=text_schema("Its page on the site where it was before; may be empty"),
        ask=text_schema("What exactly is asked; may be empty"),
        text=text_schema("The whole text"),
        text_format=text_schema("How it is written", enum=list(TextFormat.values)),
        translations=array(ref("Translation"), "The same in other languages"),
        corrections=array(ref("Correction"), "Notes under a text that was signed"),
        picture=maybe_ref("Picture"),
        updates=array(ref("Update"), "What its organisation told since: the latest 50"),
        handovers=array(ref("Handover"), "When its result was handed over"),
        answers=array(ref("Answer"), "What those petitioned answered"),
        answers_withdrawn=array(
            shape(
                "An answer that is gone",
                day=day("When it was withdrawn"),
                reason=maybe(text_schema("Why; null: not told")),
            ),
            "Answers that its organisation has taken back",
        ),
        by_day=array(
            shape("A day", day=day("Date"), supporters=changes["supporters"]),
            "What each day brought; days on which nobody came or went are left out",
        ),
    ),
    "Target": shape(
        "Who is petitioned",
        name=maybe(text_schema("A name or a label; null: to be announced")),
        office=text_schema("May be empty"),
        organisation=text_schema("May be empty"),
    ),
    "Translation": shape(
        "The words of a petition in one more language",
        language=language,
        url=url("Its page"),
        title=text_schema("Title"),
        ask=text_schema("What exactly is asked; may be empty"),
        summary=text_schema("May be empty"),
        text=text_schema("The whole text"),
    ),
    "Correction": shape(
        "A dated correction; the text that was signed stays as it was",
        made=moment_schema("When"),
        language=language,
        before=text_schema("The passage as it stands; may be empty"),
        after=text_schema("What it should read; may be empty"),
        text=text_schema("A note; may be empty"),
    ),
    "Picture": shape(
        "A picture",
        url=url("The file, as WebP"),
        width=maybe(number_schema("In pixels; null when not known", minimum=1)),
        height=maybe(number_schema("In pixels; null when not known", minimum=1)),
        description=text_schema("What it shows"),
    ),
    "Update": shape(
        "Dated news",
        url=url("Its page"),
        published=moment_schema("When readers first saw it"),
        changed=maybe(moment_schema("When it was last changed; null: never")),
        language=language,
        title=text_schema("Title"),
        text=text_schema("The whole text, as Markdown"),
        picture=maybe_ref("Picture"),
        translations=array(
            ref("UpdateTranslation"), "The same news in other languages"
        ),
    ),
    "UpdateTranslation": shape(
        "The words of an update in one more language",
        language=language,
        url=url("Its page"),
        title=text_schema("Title"),
        text=text_schema("The whole text, as Markdown"),
        picture_description=text_schema("What the picture shows; may be empty"),
    ),
    "Handover": shape(
        "The result, put into somebody's hands",
        day=day("Date"),
        to=maybe(text_schema("Whom; null: to be announced")),
        manner=text_schema("How", enum=list(Handover.Manner.values)),
        **counts,
        language=language,
        note=text_schema("A sentence about it; may be empty"),
        picture=maybe_ref("Picture"),
        translations=array(
            ref("HandoverTranslation"), "The same words in other languages"
        ),
    ),
    "HandoverTranslation": shape(
        "The words of a handover in one more language",
        language=language,
        note=text_schema("A sentence about it; may be empty"),
        picture_description=text_schema("What the picture shows; may be empty"),
    ),
    "Answer": shape(
        "What somebody petitioned answered; the page has what it said before",
        day=day("Date"),
        target=maybe(text_schema("Which of those petitioned; null: to be announced")),
        answered_by=text_schema("Who answered for them; may be empty"),
        language=language,
        text=text_schema("Word for word; may be empty"),
        text_format=text_schema("How it is written", enum=list(TextFormat.values)),
        link=text_schema("Where it was published; may be empty"),
        changed=maybe(moment_schema("When its words were last changed; null: never")),
        translations=array(ref("AnswerTranslation"), "The same in other languages"),
    ),
    "AnswerTranslation": shape(
        "The words of an answer in one more language, written as it is",
        language=language,
        original=flag(
            "Whether they said so themselves; otherwise the organisation translated it"
        ),
        answered_by=text_schema("Who answered for them; empty: as there"),
        text=text_schema("What it says; may be empty where there is a link"),
        link=text_schema("Where it was published; empty: as there"),
    ),
    "Count": shape("How many support it, and where they were counted", **counts),
    "History": shape(
        "What each day brought",
        time_zone=text_schema("Where days begin: a name of the time zone database"),
        days=array(
            shape("A day", day=day("Date"), **changes),
            "Oldest first; days on which nobody came or went are left out",
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
        version=text_schema("", const="1.0"),
        type=text_schema("", const="rich"),
        title=text_schema("Title"),
        author_name=text_schema("Who started it"),
        author_url=url("Its profile"),
        provider_name=text_schema("This site"),
        provider_url=url("Its home"),
        cache_age=number_schema("Seconds that a copy may be kept"),
        width=number_schema("Of the frame, in pixels", minimum=0),
        height=number_schema("Of the frame, in pixels", minimum=0),
        html=text_schema("A frame with the card, no script"),
    ),
    "Problem": shape(
        "What went wrong (RFC 9457)",
        type=text_schema("", const="about:blank"),
        title=text_schema("The status in words"),
        status=number_schema("The HTTP status"),
        detail=text_schema("A sentence for whoever wrote the program"),
    ),
}
