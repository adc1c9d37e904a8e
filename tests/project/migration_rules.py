"""Rules for migrations that run while the former release's code goes on signing: expand
only, and hold no table that people write to for longer than a moment. In prose:
docs/operations.md, “Updates”.

A statement passes when it is known to do no harm, whatever else there may be in SQL.
What a statement means, these rules cannot see. Two fault tests try it with the former
release's code on the present schema: test_update.py runs its site, where people sign
and confirm while `migrate` runs, and test_former_tests.py its own tests of rows,
signatures and counts. What staff do, mail and imports are not tried there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

import sqlparse
from django.db import connection
from django.db.migrations import (
    AlterField,
    Migration,
    RunPython,
    SeparateDatabaseAndState,
)
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import UniqueConstraint

from core.db import overlong_values

# Tables that stay small whatever happens: whatever is done to them takes a moment. Any
# other may have a row for each signature.
SMALL = re.compile(
    r"auth_|django_|config_|organizations_|petitions_(addressrule|answer\w*|asking|correction"
    r"|countentry|export|former\w+|handover\w*|invalidation|keyversion|letter|limit"
    r"|listed\w+|nextstep|petition|petition_topics|target|taggedlink|topic|topicname"
    r"|total|translation|unsubscribelist|update|updatetranslation|webhook|wordsweep)$"
)

NAME = r'(?:"?\w+"?\.)?"?(\w+)"?'
TABLE = re.compile(rf"ALTER TABLE (?:IF EXISTS |ONLY )*{NAME} (.*)", re.I)
KIND = (
    r"(TABLE|VIEW|MATERIALIZED VIEW|FUNCTION|PROCEDURE|ROUTINE|AGGREGATE|TYPE|DOMAIN"
    r"|SEQUENCE|TRIGGER|EXTENSION|SCHEMA|CAST|COLLATION|RULE|OPERATOR|OWNED"
    r"|TEXT SEARCH \w+)"
)
DROPPED = re.compile(rf"DROP {KIND} (?:IF EXISTS )?{NAME}(.*)", re.I)
# Takes away what the former code may use, in any table, function or type it knows.
GONE = re.compile(r"(DROP (?!CONSTRAINT)|RENAME\b|SET SCHEMA\b)", re.I)
MOVED = re.compile(r"ALTER .*\b(RENAME|SET SCHEMA)\b", re.I)
INDEX = re.compile(
    rf"CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?.*?\bON (?:ONLY )?{NAME}", re.I
)
ALONE = re.compile(
    r"(ALTER TABLE \S+ VALIDATE CONSTRAINT|CREATE (UNIQUE )?INDEX CONCURRENTLY"
    r"|DROP INDEX CONCURRENTLY|REINDEX (\(.*\) )?\w+ CONCURRENTLY)\b",
    re.I,
)
ROWS = re.compile(r"(UPDATE|DELETE|INSERT|MERGE|WITH|SELECT|COPY)\b", re.I)
# Extensions that the owner of a database may create, who is no superuser.
TRUSTED = (
    r"btree_gin|btree_gist|citext|cube|fuzzystrmatch|hstore|intarray|isn|ltree"
    r"|pg_trgm|pgcrypto|seg|tablefunc|unaccent"
)
# Makes something that the former code does not know, or says the same in other words.
HARMLESS = re.compile(
    r"(CREATE (UNLOGGED )?TABLE (IF NOT EXISTS )?\S+ ?\((?!.*\bINHERITS\b)"
    r"|CREATE (OR REPLACE )?(FUNCTION|PROCEDURE|VIEW|(CONSTRAINT )?TRIGGER)\b"
    r"|CREATE (SEQUENCE|TYPE|DOMAIN|STATISTICS|COLLATION|TEXT SEARCH)\b"
    rf"|CREATE EXTENSION (IF NOT EXISTS )?\"?({TRUSTED})\"?$"
    r"|ALTER TYPE \S+ ADD VALUE\b|COMMENT ON\b|SET CONSTRAINTS\b|ANALYZE\b"
    r"|(UPDATE|DELETE|INSERT|WITH|MERGE)\b)",
    re.I,
)
TRIGGERED = re.compile(
    rf"(?:CREATE (?:OR REPLACE )?(?:CONSTRAINT )?|DROP )TRIGGER .*?\bON {NAME}", re.I
)

RULE = r"(?:CONSTRAINT|CHECK|FOREIGN KEY|UNIQUE|PRIMARY KEY|EXCLUDE)\b"
CONSTRAINT = re.compile(rf"ADD {RULE}", re.I)
COLUMN = re.compile(
    rf'ADD (?!{RULE})(?:COLUMN )?(?:IF NOT EXISTS )?"?(\w+)"? (.*)', re.I
)
TYPE = re.compile(r'ALTER (?:COLUMN )?"?(\w+)"? (?:SET DATA )?TYPE\b', re.I)
# Changes of a known table that the former code does not notice.
UNNOTICED = re.compile(
    r"(VALIDATE CONSTRAINT|DROP CONSTRAINT|SET \((fillfactor|autovacuum_(?!enabled))"
    r"|ALTER (COLUMN )?\S+ (DROP NOT NULL|SET DEFAULT"
    r"|SET (STATISTICS|STORAGE|COMPRESSION)))\b",
    re.I,
)
DEFAULT = re.compile(
    r"\bDEFAULT (.*?)(?:( NOT)? NULL\b|CONSTRAINT\b|REFERENCES\b|$)", re.I
)
# Calls that give all rows of a statement one value.
STABLE = re.compile(r"::\w+(\(\d+\))?|\b(now|statement_timestamp)\(\)", re.I)
BODY = re.compile(r"\$(\w*)\$.*?\$\1\$", re.S)

REFERRED = re.compile(rf"\bREFERENCES {NAME}", re.I)
# Names of constraints as Django and PostgreSQL make them for what is unique.
UNIQUE = re.compile(
    r'DROP (?:CONSTRAINT|INDEX)(?: CONCURRENTLY)?(?: IF EXISTS)? "?(\w+)"?', re.I
)
UNIQUELY = re.compile(r"\w+_(uniq|key|pkey)\d*")

USED = "the former code uses it"


def statements(sql: Sequence[str]) -> list[str]:
    """Return each statement on one line, without comments and bodies of functions."""
    found = []
    ended = (
        part if part.startswith("--") else f"{part.rstrip().rstrip(';')};"
        for part in sql
    )
    for part in sqlparse.split("\n".join(ended)):
        plain = sqlparse.format(part, strip_comments=True)
        if not plain.upper().startswith("DO "):
            plain = BODY.sub("''", plain)
        if line := " ".join(plain.split()).rstrip(";"):
            found.append(line)
    return found


def complaints(
    sql: Sequence[str],
    known: Collection[str],
    *,
    atomic: bool,
    widened: Collection[str] = (),
    unique: Collection[str] = (),
) -> list[str]:
    """Return what is wrong with a migration of these statements. `known` are the tables
    of the former release, `widened` the columns ("table.column") whose new type takes
    all that the former one took, without a row written anew, and `unique` the names of
    its constraints that let no value come twice."""
    lines = statements(sql)
    found = [
        f"{reason}: {line}"
        for line in lines
        for reason in reasons(line, lines, known, widened, atomic=atomic)
    ]
    found += [
        f"the former code may say ON CONFLICT, which needs it: {line}"
        for line in lines
        for name in UNIQUE.findall(line)
        if name in unique or UNIQUELY.fullmatch(name)
    ]
    held = {table: line for line in lines for table in locked(line, known)}
    if atomic and len(held) > 1:
        first, *_, last = sorted(held)
        found.append(
            f"keeps {first} from people while it waits for {last}, and they may hold "
            f"that: a migration for each: {held[last]}"
        )
    return found


def judge(
    migration: Migration, before: ProjectState, known: Collection[str]
) -> list[str]:
    """Return what is wrong with a migration whose statements are known before it runs;
    `before` is the state that it begins with."""
    operations = list(flat(migration.operations))
    found, widened = [], set()
    state = before.clone()
    for operation in operations:
        if isinstance(operation, AlterField):
            model = state.apps.get_model(migration.app_label, operation.model_name)
            former = model._meta.get_field(operation.name)
            place = f"{model._meta.db_table}.{former.column}"
            after = state.clone()
            operation.state_forwards(migration.app_label, after)
            model = after.apps.get_model(migration.app_label, operation.model_name)
            present = model._meta.get_field(operation.name)
            if takes_all(former.db_type(connection), present.db_type(connection)):
                widened.add(place)
            kept = former.has_db_default() and present.has_db_default()
            if kept and former.db_default != present.db_default:
                found.append(f"the former code relies on the default of {place}")
        operation.state_forwards(migration.app_label, state)
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        migration.apply(before.clone(), editor, collect_sql=True)
    sql = editor.collected_sql
    unique = {
        constraint.name
        for model in before.apps.get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, UniqueConstraint)
    }
    found += complaints(
        sql, known, atomic=migration.atomic, widened=widened, unique=unique
    )
    python = [each for each in operations if isinstance(each, RunPython)]
    if python and (beside := statements(sql)):
        found.append(f"locks a table while Python works: {beside[0]}")
    elif migration.atomic and any(
        each.code.__module__ != overlong_values.__name__ for each in python
    ):
        found.append(
            "RunPython may hold all rows until its end: atomic = False, in batches, "
            "each of which may be done again"
        )
    return found


def flat(operations: Sequence[Operation]) -> Iterator[Operation]:
    """Yield the operations, those within others instead of these."""
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from flat(operation.database_operations)
        else:
            yield operation


def takes_all(former: str, present: str) -> bool:
    """Return whether a column may become of the type `present` without a row written
    anew, and takes all that it took before."""
    widths = [re.fullmatch(r"varchar\((\d+)\)", each) for each in (former, present)]
    if widths[0] and widths[1]:
        return int(widths[1][1]) >= int(widths[0][1])
    return bool(widths[0]) and present in {"text", "varchar"}


def reasons(
    line: str,
    lines: Sequence[str],
    known: Collection[str],
    widened: Collection[str],
    *,
    atomic: bool,
) -> Iterator[str]:
    """Yield what is wrong with one statement among `lines`."""
    alone = ALONE.match(line)
    if alone and atomic:
        yield "takes long: give it a migration of its own with atomic = False"
    if not alone and not atomic:
        yield "cannot be tried again: give it an atomic migration of its own"
    if alone and not atomic and len(lines) > 1 and " VALIDATE " not in line.upper():
        yield "done before the next one fails, it cannot be tried again: one by one"
    if altered := TABLE.match(line):
        table = altered[1].lower()
        for action in parts(altered[2]) if table in known else []:
            yield from action_reasons(action, table, lines, known, widened)
    elif gone := DROPPED.match(line):
        if not (gone[1].upper() == "TABLE" and gone[2].lower() not in known):
            if "," in gone[3] or not remade(line, gone[1].upper(), lines):
                yield USED
        elif "," in gone[3]:
            yield "one by one"
    elif MOVED.match(line):
        yield USED
    elif index := INDEX.match(line):
        if not index[1] and large(index[2].lower(), known):
            yield "nobody can write meanwhile: CONCURRENTLY"
    elif re.match(r"DROP INDEX (?!CONCURRENTLY)", line, re.I) and atomic:
        yield "waits for everybody: CONCURRENTLY"
    elif ROWS.match(line) and any(
        large(word, known) for word in re.findall(r"\w+", line.lower())
    ):
        yield "holds all its rows: in batches, by the worker or a RunPython"
    elif not alone and not HARMLESS.match(line):
        yield "not while people sign, as far as these rules know"


def remade(line: str, kind: str, lines: Sequence[str]) -> bool:
    """Return whether another statement makes anew what `line` drops: a function of the
    same arguments, a trigger of the same table."""
    about = signature(line, kind)
    return any(
        re.match(rf"CREATE (OR REPLACE )?(CONSTRAINT )?{kind}\b", other, re.I)
        and signature(other, kind) == about
        for other in lines
    )


def signature(line: str, kind: str) -> tuple[str, ...]:
    """Return a function's name and the types of its arguments, a trigger's name and
    table; of anything else the name."""
    named = re.search(rf"\b{kind} (?:IF (?:NOT )?EXISTS )?{NAME}", line, re.I)
    if named is None:
        return ("",)
    if kind == "TRIGGER":
        table = re.search(rf"\bON {NAME}", line[named.end() :], re.I)
        return (named[1].lower(), table[1].lower() if table else "")
    if listed := re.match(r" ?\((.*?)\)", line[named.end() :]):
        types = [each.split(" DEFAULT ")[0].split() for each in parts(listed[1])]
        return (named[1].lower(), *(each[-1].lower() for each in types if each))
    return (named[1].lower(),)


def parts(text: str) -> list[str]:
    """Split at the commas outside brackets and quotes."""
    found, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == "'"
        depth += 0 if quoted else (letter in "([") - (letter in ")]")
        if letter == "," and not depth and not quoted:
            found.append("")
        else:
            found[-1] += letter
    return [part.strip() for part in found]


def action_reasons(
    action: str,
    table: str,
    lines: Sequence[str],
    known: Collection[str],
    widened: Collection[str],
) -> Iterator[str]:
    """Yield what is wrong with one change of a table that the former code knows."""
    big = large(table, known)
    if GONE.match(action):
        yield USED
    elif CONSTRAINT.match(action):
        if big and not re.search(r"NOT VALID$|USING INDEX", action, re.I):
            yield "reads the whole table under its lock: NOT VALID, then VALIDATE"
    elif added := COLUMN.match(action):
        yield from column_reasons(added[1], added[2], lines, big=big)
    elif typed := TYPE.match(action):
        if f"{table}.{typed[1].lower()}" not in widened:
            yield "the former code knows its type, or it writes the whole table anew"
    elif re.search(r"\bSET NOT NULL$", action, re.I):
        yield "the former code may leave it empty"
    elif bare := re.match(r'ALTER (?:COLUMN )?"?(\w+)"? DROP DEFAULT$', action, re.I):
        if not any(
            re.search(rf'\bADD (COLUMN )?"?{bare[1]}"? ', other, re.I)
            for other in lines
        ):
            yield "the former code relies on it"
    elif re.match(r"SET (UN)?LOGGED", action, re.I):
        yield "writes the whole table anew under its lock"
    elif not UNNOTICED.match(action):
        yield "not while people sign, as far as these rules know"


def column_reasons(
    name: str, what: str, lines: Sequence[str], *, big: bool
) -> Iterator[str]:
    """Yield what is wrong with a new column, of which `what` says the rest."""
    default = DEFAULT.search(what)
    generated = re.search(r"\bGENERATED\b|^(small|big)?serial\b", what, re.I)
    bare = re.compile(rf'ALTER (COLUMN )?"?{name}"? DROP DEFAULT', re.I)
    if re.search(r"\bNOT NULL\b", what, re.I) and (
        not (default or generated) or any(bare.search(other) for other in lines)
    ):
        yield "the former code does not fill it: null, or a db_default"
    if not big:
        return
    if generated or (default and re.search(r"\w\(", STABLE.sub("", default[1]))):
        yield "writes the whole table anew under its lock"
    if re.search(r"\b(UNIQUE|PRIMARY KEY|CHECK)\b", what, re.I) or (
        default and re.search(r"\bREFERENCES\b", what, re.I)
    ):
        yield "reads the whole table under its lock: add the constraint NOT VALID"


def locked(line: str, known: Collection[str]) -> Iterator[str]:
    """Yield the large tables that nobody writes to from this statement to the end of
    its migration: that which it changes, or those to which a smaller or new one
    refers."""
    found = TABLE.match(line) or TRIGGERED.match(line)
    if found and large(found[1].lower(), known):
        yield found[1].lower()
    else:
        for table in REFERRED.findall(line):
            if large(table.lower(), known):
                yield table.lower()


def large(table: str, known: Collection[str]) -> bool:
    return table in known and not SMALL.match(table)
