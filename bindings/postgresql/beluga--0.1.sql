\echo Use "CREATE EXTENSION beluga" to load this file. \quit

-- These functions cost money and send data away, so no user may call them without a GRANT.
-- They may not run in a parallel worker, since that would have its own session, and so its own budget.

CREATE FUNCTION llm(prompt text, model text DEFAULT NULL, options jsonb DEFAULT NULL)
    RETURNS text
    AS 'MODULE_PATHNAME', 'beluga_llm'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION llm(text, text, jsonb) IS 'the answer of a model';

CREATE FUNCTION llm_json(prompt text, schema jsonb, model text DEFAULT NULL, options jsonb DEFAULT NULL)
    RETURNS jsonb
    AS 'MODULE_PATHNAME', 'beluga_llm_json'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION llm_json(text, jsonb, text, jsonb) IS 'an answer that fits a JSON Schema';

CREATE FUNCTION llm_stream(prompt text, model text DEFAULT NULL, options jsonb DEFAULT NULL)
    RETURNS SETOF text
    AS 'MODULE_PATHNAME', 'beluga_llm_stream'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000000 ROWS 100;
COMMENT ON FUNCTION llm_stream(text, text, jsonb) IS 'the pieces of an answer, as they arrive';

CREATE FUNCTION llm_many(prompts text[], model text DEFAULT NULL, options jsonb DEFAULT NULL,
                         OUT ord bigint, OUT answer text, OUT error text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'beluga_llm_many'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000000 ROWS 1000;
COMMENT ON FUNCTION llm_many(text[], text, jsonb) IS
    'answers to many prompts, beluga.concurrency of them at once, in the order in which they come';

CREATE FUNCTION embed(input text, model text DEFAULT NULL, options jsonb DEFAULT NULL)
    RETURNS real[]
    AS 'MODULE_PATHNAME', 'beluga_pg_embed'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION embed(text, text, jsonb) IS 'the vector of a text';

CREATE FUNCTION embed_many(inputs text[], model text DEFAULT NULL, options jsonb DEFAULT NULL,
                           OUT ord bigint, OUT embedding real[])
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'beluga_pg_embed_many'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000000 ROWS 1000;
COMMENT ON FUNCTION embed_many(text[], text, jsonb) IS 'the vectors of many texts, by few requests';

CREATE FUNCTION llm_usage(OUT calls bigint, OUT failed bigint, OUT input_tokens bigint,
                          OUT output_tokens bigint, OUT cost double precision,
                          OUT cost_is_whole boolean)
    RETURNS record
    AS 'MODULE_PATHNAME', 'beluga_llm_usage'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION llm_usage() IS 'what this session has spent; cost in US dollars';

CREATE FUNCTION llm_models(OUT name text, OUT meaning text, OUT kind text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'beluga_llm_models'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION llm_models() IS 'the aliases and providers of the configuration file';

REVOKE ALL ON FUNCTION llm(text, text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION llm_json(text, jsonb, text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION llm_stream(text, text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION llm_many(text[], text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION embed(text, text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION embed_many(text[], text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION llm_usage() FROM PUBLIC;
REVOKE ALL ON FUNCTION llm_models() FROM PUBLIC;
