-- Search languages: PostgreSQL's configuration for each, made to ignore accents. Texts in
-- a language without one are searched by their words as written.
DO $do$
DECLARE
    made text;
    cases text := '';
    -- PostgreSQL's name for each language; one that this server lacks is `simple`.
    known jsonb := '{
        "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek",
        "en": "english", "es": "spanish", "et": "estonian", "eu": "basque",
        "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
        "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian",
        "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch",
        "nn": "norwegian", "no": "norwegian", "pt": "portuguese", "ro": "romanian",
        "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil",
        "tr": "turkish", "yi": "yiddish"}';
BEGIN
    FOR made IN SELECT cfgname FROM pg_catalog.pg_ts_config
                 WHERE cfgnamespace = 'pg_catalog'::regnamespace
                   AND (cfgname = 'simple'
                        OR cfgname IN (SELECT value FROM jsonb_each_text(known)))
    LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_ts_config
                        WHERE cfgname = 'petitions_' || made)
        THEN
            EXECUTE format(
                'CREATE TEXT SEARCH CONFIGURATION petitions_%s (COPY = pg_catalog.%I)',
                made, made);
            EXECUTE format(
                'ALTER TEXT SEARCH CONFIGURATION petitions_%s
                  ALTER MAPPING FOR hword, hword_part, word WITH unaccent, %s',
                made, CASE made WHEN 'simple' THEN made ELSE made || '_stem' END);
        END IF;
        cases := cases || (
            SELECT COALESCE(string_agg(format(
                       ' WHEN %L THEN ''petitions_%s''::regconfig', key, made), ''), '')
              FROM jsonb_each_text(known) WHERE value = made);
    END LOOP;
    -- Return the configuration for a language code such as “fr” or “zh-Hant”.
    EXECUTE format($made$
        CREATE OR REPLACE FUNCTION search_configuration(language text) RETURNS regconfig
        LANGUAGE sql STABLE AS $sql$
            SELECT CASE split_part(language, '-', 1) %s
                   ELSE 'petitions_simple'::regconfig END
        $sql$ $made$, cases);
END $do$;
