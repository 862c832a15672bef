/* The one list of all maximums. They are in bytes, unless the comment says otherwise. */
#ifndef BELUGA__LIMITS_H
#define BELUGA__LIMITS_H

#define BELUGA__MAX_JSON_DEPTH 512 /* nesting levels of JSON */
/* the longest JSON text that is parsed into a pool, whose memory is reused for the next text */
#define BELUGA__MAX_POOLED_JSON   (64u << 10)
#define BELUGA__MAX_PART_BYTES    (64u << 20)  /* one part of a message */
#define BELUGA__MAX_MESSAGES      1000000u     /* messages in a list */
#define BELUGA__MAX_PARTS         10000u       /* parts in a message */
#define BELUGA__MAX_REQUEST_BYTES (256u << 20) /* a request's body */
#define BELUGA__MAX_BODY_PARTS    10000u       /* parts of a multipart body */
/* an answer folded into a response, unless an option sets less */
#define BELUGA__MAX_RESPONSE_BYTES (256u << 20)
/* a body that is not streamed, unless an option sets another size */
#define BELUGA__MAX_BODY_BYTES (64u << 20)
/* one frame of a stream, unless an option sets another size */
#define BELUGA__MAX_FRAME_BYTES (16u << 20)
#define BELUGA__MAX_ERROR_BODY  (64u << 10) /* the part of an error's body that is kept */
/* memory of a freed buffer that a loop keeps for the next buffer of its kind */
#define BELUGA__MAX_KEPT_BYTES   (1u << 20)
#define BELUGA__MAX_HEADER_BYTES (64u << 10) /* the headers of one answer */
#define BELUGA__MAX_URL_BYTES    (16u << 10)
#define BELUGA__MAX_TOOLS        1024u /* tools bound to a model */
#define BELUGA__MAX_TOOL_NAME    64u
#define BELUGA__MAX_TOOL_BYTES   (1u << 20) /* a tool's schema */
#define BELUGA__MAX_TOOL_CALLS   1024u      /* tool calls in one answer */
#define BELUGA__MAX_TOOL_RESULT  (16u << 20)
#define BELUGA__MAX_STATE_BYTES  (64u << 10) /* a decoder's state */
/* events that wait in a pull stream; with more the stream pauses */
#define BELUGA__MAX_QUEUE_BYTES  (64u << 10)
#define BELUGA__MAX_CONFIG_BYTES (1u << 20)  /* a configuration file */
#define BELUGA__MAX_YAML_BYTES   (32u << 20) /* values of a configuration file in memory */
/* names, values, lists and maps in a configuration file */
#define BELUGA__MAX_YAML_NODES 262144u
#define BELUGA__MAX_YAML_DEPTH 64 /* nesting levels of lists and maps */
/* lines of a configuration file that begin with % */
#define BELUGA__MAX_YAML_DIRECTIVES 64
/* a registry's copies of the tables and names of plug-ins */
#define BELUGA__MAX_REGISTRY_BYTES (16u << 20)
/* A number without a suffix, since a message contains it as text. */
#define BELUGA__MAX_PROVIDER_NAME   47
#define BELUGA__MAX_SHOWN_PROVIDERS 256 /* providers of a registry that are listed to people */
/* plug-ins in a folder, and also providers in a plug-in */
#define BELUGA__MAX_PLUGINS         64u
#define BELUGA__MAX_LOADED_PLUGINS  256u /* plug-ins in a process */
#define BELUGA__MAX_CONFIG_FILES    8    /* files of a configuration */
#define BELUGA__MAX_CONFIG_SECTIONS 4096 /* models or providers in a file */
/* problems of a configuration file that are listed; the others are only counted */
#define BELUGA__MAX_CONFIG_PROBLEMS 1000
#define BELUGA__MAX_ALIASES         8  /* length of a chain of aliases that refer to aliases */
#define BELUGA__MAX_FALLBACKS       16 /* fallback models of one model */
/* the part before the dot in a name such as "reasoning.effort", by which an API's table of options
 * means the member "effort" of the object "reasoning" */
#define BELUGA__MAX_FIELD_OBJECT  128u
#define BELUGA__MAX_OPTIONS       4096u       /* options in one list */
#define BELUGA__MAX_KEY_BYTES     (64u << 10) /* a key, from any source */
#define BELUGA__MAX_TOKEN_ANSWER  (64u << 10) /* the answer to a token request */
#define BELUGA__MAX_AWS_FIELD     4096u       /* one value of an AWS access key or profile */
#define BELUGA__MAX_CALL_BYTES    (1u << 30)  /* memory of one call */
#define BELUGA__MAX_WARNINGS      64u         /* warnings of one call */
#define BELUGA__MAX_WARNING_BYTES 512u        /* text of one warning */
#define BELUGA__MAX_REQUEST_ID    256u        /* a provider's request id */
/* a model's name in a list, if it has to be changed into one line of visible characters */
#define BELUGA__MAX_LISTED_BYTES 1024u
#define BELUGA__MAX_MODELS       100000u  /* models in a list */
#define BELUGA__MAX_PAGES        1000u    /* pages of a list of models */
#define BELUGA__MAX_INPUTS       1000000u /* texts in one call for embeddings */
#define BELUGA__MAX_DIMENSIONS   65536u   /* numbers in a vector */
/* all vectors of one call for embeddings */
#define BELUGA__MAX_VECTOR_BYTES  (2u << 30)
#define BELUGA__MAX_COUNT_STEPS   8u /* requests that it may take to count the tokens of one call */
#define BELUGA__MAX_PAIR_DISTANCE 1024        /* messages between a tool call and its result */
#define BELUGA__MAX_REQUESTS      10000u      /* requests of one call; retries don't count */
#define BELUGA__MAX_TOKEN_BYTES   (16u << 10) /* a provider's own token for a call's next request */
#define BELUGA__MAX_STEP_EVENTS   64          /* socket events in one step of a loop */
#define BELUGA__MAX_STEP_BYTES    (256u << 10) /* body bytes in one step of a loop */
/* the cache of answers in memory, unless an option sets another size */
#define BELUGA__MAX_CACHE_BYTES  (64u << 20)
#define BELUGA__MAX_CACHED_BYTES (8u << 20) /* one answer in the cache */
/* recorded body of a request or an answer */
#define BELUGA__MAX_CASSETTE_BODY (32u << 20)
#define BELUGA__MAX_CASSETTE_FILE (160u << 20) /* a recording, which has both bodies as text */
/* recordings in a directory; their numbers have 5 digits */
#define BELUGA__MAX_CASSETTE_FILES 99999u
/* recordings that are read to find the one most like a request */
#define BELUGA__MAX_CASSETTE_NEAR    256u
#define BELUGA__MAX_TRACESTATE_BYTES 512 /* a context's tracestate (W3C Trace Context) */
/* spans that are open or wait to be sent; more are dropped */
#define BELUGA__MAX_SPANS      65536u
#define BELUGA__MAX_SPAN_BYTES (1u << 20) /* attributes and captured content of one span */
#define BELUGA__MAX_SPAN_LINKS 128u       /* inputs that a batch's span links to */
/* models with metrics of their own; all others share one set */
#define BELUGA__MAX_SUBJECTS      256u
#define BELUGA__MAX_SERIES        64u         /* series of a model; all others share one */
#define BELUGA__MAX_INSTRUMENTS   64u         /* metrics that providers make for one model */
#define BELUGA__MAX_EXPORT_BYTES  (64u << 20) /* one export, the limit of OTLP */
#define BELUGA__MAX_EXPORT_ANSWER (4u << 20)  /* the answer to an export, the limit of OTLP */
#define BELUGA__MAX_LINE_BYTES    (16u << 10) /* a redacted line of the wire log */

/* a larger number is not accepted as a count of tokens */
#define BELUGA__MAX_TOKENS (INT64_C(1) << 48)

/* how long the library waits after a FINISH for an event that may follow */
#define BELUGA__FINISH_GRACE_MS 2000
#define BELUGA__FINISH_WAIT_MS  20000 /* how long a stream may go on after a FINISH */
/* The kind of a body is decided from at most this many bytes, since each new piece makes the
 * library examine all of them again. */
#define BELUGA__MAX_SNIFFED 4096u
/* the part of a body that is quoted in the error that the body was not understood */
#define BELUGA__BODY_SAMPLE_BYTES 160u
/* After the answer is complete, the body may still take this long, and this many bytes, to end. */
#define BELUGA__DRAIN_MS           1000
#define BELUGA__DRAIN_BYTES        (64u << 10)
#define BELUGA__DEFAULT_TIMEOUT_MS 30000
/* timeout while a server sends only signs of life, but no progress */
#define BELUGA__PROGRESS_TIMEOUT_MS 600000
#define BELUGA__CONNECT_TIMEOUT_MS  10000
#define BELUGA__MAX_RETRY_WAIT_MS   60000 /* a longer Retry-After ends the call at once */
/* a longer wait before a call's next request is shortened to this */
#define BELUGA__MAX_REQUEST_WAIT_MS 60000
/* timeout of the request that tells a service that a call was cancelled */
#define BELUGA__CANCEL_REQUEST_MS 2000
/* how long the library waits for data from a pipe that it reads like a file */
#define BELUGA__PIPE_WAIT_MS 60000
#define BELUGA__LATE_MS      1000 /* a thread that runs this late was suspended, not just busy */
/* After the thread was suspended, a timeout is extended by this time, since the server could not
 * send its bytes meanwhile. That happens at most BELUGA__MAX_SPARED times for each request of a
 * call. */
#define BELUGA__SPARED_MS       2000
#define BELUGA__MAX_SPARED      3
#define BELUGA__MAX_MCP_MESSAGE (32u << 20) /* one message of an MCP server */
#define BELUGA__MAX_MCP_QUEUE   (64u << 20) /* bytes that wait to be written to an MCP server */
/* If more bytes wait to be written to an MCP server, its pings are not answered. */
#define BELUGA__MAX_MCP_PINGS 4096u
#define BELUGA__MAX_MCP_LINE  1024u /* a line of an MCP server's stderr, for the log */
/* The number of lines of an MCP server's stderr that are logged between two of its answers. */
#define BELUGA__MAX_MCP_LINES 200u
/* The names, descriptions and schemas of an MCP server's tools together. */
#define BELUGA__MAX_MCP_CATALOGUE (16u << 20)
#define BELUGA__MAX_MCP_PAGES     256u       /* pages of a list of tools */
#define BELUGA__MAX_MCP_CALLS     1024u      /* concurrent calls to an MCP server */
#define BELUGA__MAX_MCP_SETTINGS  (1u << 20) /* texts of an MCP server's settings */
#define BELUGA__MAX_MCP_ID        1024u      /* the id of a request from an MCP server */
/* An MCP server that exits this many times in a row without an answer is not started again. */
#define BELUGA__MAX_MCP_DEATHS 5u
#define BELUGA__MCP_TIMEOUT_MS 60000 /* one call of an MCP server's tool */
#define BELUGA__MCP_CONNECT_MS 30000 /* until a started MCP server has listed its tools */
/* how long to wait for an answer that a server of an older protocol revision may not send */
#define BELUGA__MCP_PROBE_MS 3000
/* An MCP server is asked to exit by closing its input, then by SIGTERM, then by SIGKILL, with this
 * time between the steps. */
#define BELUGA__MCP_CLOSE_MS       2000
#define BELUGA__MCP_REFRESH_MS     1000 /* shortest time between two readings of the list of tools */
#define BELUGA__COMMAND_TIMEOUT_MS 30000 /* run time of a command that prints a key */
/* the part of a command's stderr that is quoted in an error */
#define BELUGA__MAX_COMMAND_WORDS 4096

#endif
