/* The one list of all maximums. They are in bytes, unless the comment gives another unit. */
#ifndef BELUGA__LIMITS_H
#define BELUGA__LIMITS_H

#define BELUGA__MAX_JSON_DEPTH 512 /* levels of JSON */
/* a text parsed in memory that is kept for the next */
#define BELUGA__MAX_POOLED_JSON    (64u << 10)
#define BELUGA__MAX_PART_BYTES     (64u << 20)  /* one part of a message */
#define BELUGA__MAX_MESSAGES       1000000u     /* messages in a list */
#define BELUGA__MAX_PARTS          10000u       /* parts in a message */
#define BELUGA__MAX_REQUEST_BYTES  (256u << 20) /* a request's body */
#define BELUGA__MAX_BODY_PARTS     10000u       /* parts of a multipart body */
#define BELUGA__MAX_RESPONSE_BYTES (256u << 20) /* a folded answer, unless an option sets less */
#define BELUGA__MAX_BODY_BYTES     (64u << 20)  /* an unstreamed body, unless an option is set */
/* one frame of a stream, unless an option is set */
#define BELUGA__MAX_FRAME_BYTES  (16u << 20)
#define BELUGA__MAX_ERROR_BODY   (64u << 10) /* the part of an error's body that is kept */
#define BELUGA__MAX_KEPT_BYTES   (1u << 20)  /* what a loop keeps of a buffer for the next */
#define BELUGA__MAX_HEADER_BYTES (64u << 10) /* the headers of one answer */
#define BELUGA__MAX_URL_BYTES    (16u << 10)
#define BELUGA__MAX_TOOLS        1024u /* tools bound to a model */
#define BELUGA__MAX_TOOL_NAME    64u
#define BELUGA__MAX_TOOL_BYTES   (1u << 20) /* a tool's schema */
#define BELUGA__MAX_TOOL_CALLS   1024u      /* tool calls in one answer */
#define BELUGA__MAX_TOOL_RESULT  (16u << 20)
#define BELUGA__MAX_STATE_BYTES  (64u << 10) /* a decoder's state */
/* events waiting in a pull stream; then it pauses */
#define BELUGA__MAX_QUEUE_BYTES  (64u << 10)
#define BELUGA__MAX_CONFIG_BYTES (1u << 20)  /* a configuration file */
#define BELUGA__MAX_YAML_BYTES   (32u << 20) /* values of a configuration file in memory */
/* names, values, lists and maps in a configuration file */
#define BELUGA__MAX_YAML_NODES 262144u
#define BELUGA__MAX_YAML_DEPTH 64 /* lists and maps inside each other */
/* lines of a configuration file that begin with % */
#define BELUGA__MAX_YAML_DIRECTIVES 64
#define BELUGA__MAX_REGISTRY_BYTES  (16u << 20) /* copies of tables and names of plug-ins */
/* a plain number, since a message contains it as text */
#define BELUGA__MAX_PROVIDER_NAME   47
#define BELUGA__MAX_SHOWN_PROVIDERS 256 /* providers of a registry that are listed to people */
/* plug-ins in a folder; providers in a plug-in */
#define BELUGA__MAX_PLUGINS         64u
#define BELUGA__MAX_LOADED_PLUGINS  256u /* plug-ins in a process */
#define BELUGA__MAX_CONFIG_FILES    8    /* files of a configuration */
#define BELUGA__MAX_CONFIG_SECTIONS 4096 /* models or providers in a file */
/* problems of a file that are reported one by one */
#define BELUGA__MAX_CONFIG_PROBLEMS 1000
#define BELUGA__MAX_ALIASES         8           /* aliases that refer to aliases */
#define BELUGA__MAX_FALLBACKS       16          /* models to which one model falls back */
#define BELUGA__MAX_FIELD_OBJECT    128u        /* an object's name in a table of options */
#define BELUGA__MAX_OPTIONS         4096u       /* options of one list */
#define BELUGA__MAX_KEY_BYTES       (64u << 10) /* a key, from wherever it comes */
#define BELUGA__MAX_TOKEN_ANSWER    (64u << 10) /* the answer that has a token */
#define BELUGA__MAX_AWS_FIELD       4096u       /* one value of an access key or a profile */
#define BELUGA__MAX_CALL_BYTES      (1u << 30)  /* memory of one call */
#define BELUGA__MAX_WARNINGS        64u         /* warnings of one call */
#define BELUGA__MAX_WARNING_BYTES   512u        /* one warning */
#define BELUGA__MAX_REQUEST_ID      256u        /* a provider's id of a request */
/* the name of a listed model that had to be changed */
#define BELUGA__MAX_LISTED_BYTES 1024u
#define BELUGA__MAX_MODELS       100000u  /* models in a list */
#define BELUGA__MAX_PAGES        1000u    /* pages of a list of models */
#define BELUGA__MAX_INPUTS       1000000u /* texts that are embedded at once */
#define BELUGA__MAX_DIMENSIONS   65536u   /* numbers in a vector */
/* vectors of texts that are embedded at once */
#define BELUGA__MAX_VECTOR_BYTES  (2u << 30)
#define BELUGA__MAX_COUNT_STEPS   8u          /* requests that count the tokens of one call */
#define BELUGA__MAX_PAIR_DISTANCE 1024        /* messages between a call of a tool and its result */
#define BELUGA__MAX_REQUESTS      10000u      /* requests of one call, besides retries */
#define BELUGA__MAX_TOKEN_BYTES   (16u << 10) /* the token of a call's next request */
#define BELUGA__MAX_STEP_EVENTS   64          /* socket events in one step of a loop */
#define BELUGA__MAX_STEP_BYTES    (256u << 10) /* body bytes in one step of a loop */
/* a store of answers in memory, unless made larger */
#define BELUGA__MAX_CACHE_BYTES  (64u << 20)
#define BELUGA__MAX_CACHED_BYTES (8u << 20) /* one answer that is kept */
/* a body that is recorded, of a request or an answer */
#define BELUGA__MAX_CASSETTE_BODY (32u << 20)
#define BELUGA__MAX_CASSETTE_FILE (160u << 20) /* a recording: both bodies, as text */
/* recordings in a directory; their numbers have 5 digits */
#define BELUGA__MAX_CASSETTE_FILES 99999u
/* recordings that are read to find the nearest */
#define BELUGA__MAX_CASSETTE_NEAR    256u
#define BELUGA__MAX_TRACESTATE_BYTES 512 /* a tracestate */
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

/* a larger number can't be a count of tokens */
#define BELUGA__MAX_TOKENS (INT64_C(1) << 48)

/* after a FINISH, time to wait for an event that may follow */
#define BELUGA__FINISH_GRACE_MS 2000
#define BELUGA__FINISH_WAIT_MS  20000 /* longest wait behind a FINISH, whatever follows */
/* bytes after which the kind of a body must be known; all are examined again with each piece */
#define BELUGA__MAX_SNIFFED       4096u
#define BELUGA__BODY_SAMPLE_BYTES 160u /* of a body that was not understood, for the error */
/* a finished transfer may take this long to end cleanly */
#define BELUGA__DRAIN_MS            1000
#define BELUGA__DRAIN_BYTES         (64u << 10)
#define BELUGA__DEFAULT_TIMEOUT_MS  30000
#define BELUGA__PROGRESS_TIMEOUT_MS 600000 /* for a server that sends only signs of life */
#define BELUGA__CONNECT_TIMEOUT_MS  10000
#define BELUGA__MAX_RETRY_WAIT_MS   60000 /* a longer Retry-After ends the call at once */
/* a longer wait before the next request of a call is made this long */
#define BELUGA__MAX_REQUEST_WAIT_MS 60000
/* time for the request that tells a service that a call is over */
#define BELUGA__CANCEL_REQUEST_MS 2000
/* how long a pipe that is read like a file may be silent */
#define BELUGA__PIPE_WAIT_MS 60000
#define BELUGA__LATE_MS      1000 /* a thread that is this late was stopped, not busy */
/* after a stop, a timeout waits this much longer for what the server could not send meanwhile, at
 * most MAX_SPARED times in a call */
#define BELUGA__SPARED_MS       2000
#define BELUGA__MAX_SPARED      3
#define BELUGA__MAX_MCP_MESSAGE (32u << 20) /* one message of a tool server */
#define BELUGA__MAX_MCP_QUEUE   (64u << 20) /* bytes that wait to be written to a tool server */
/* bytes that wait while a tool server's pings are still answered */
#define BELUGA__MAX_MCP_PINGS 4096u
#define BELUGA__MAX_MCP_LINE  1024u /* a line of a tool server's stderr, for the log */
/* lines of a tool server's stderr that are logged between two of its answers */
#define BELUGA__MAX_MCP_LINES 200u
/* names, descriptions and schemas of a tool server */
#define BELUGA__MAX_MCP_CATALOGUE (16u << 20)
#define BELUGA__MAX_MCP_PAGES     256u       /* pages of a list of tools */
#define BELUGA__MAX_MCP_CALLS     1024u      /* calls of a tool server at once */
#define BELUGA__MAX_MCP_SETTINGS  (1u << 20) /* texts of a tool server's settings */
#define BELUGA__MAX_MCP_ID        1024u      /* an id that a tool server gives to a request */
/* deaths of a tool server, one after the other without an answer, after which it stays down */
#define BELUGA__MAX_MCP_DEATHS 5u
#define BELUGA__MCP_TIMEOUT_MS 60000 /* one call of a tool server */
#define BELUGA__MCP_CONNECT_MS 30000 /* from the start of a tool server to its list of tools */
#define BELUGA__MCP_PROBE_MS   3000  /* wait for what a server of an old revision may not answer */
/* wait for the end of a tool server before each stronger step */
#define BELUGA__MCP_CLOSE_MS       2000
#define BELUGA__MCP_REFRESH_MS     1000  /* from one list of tools to the next */
#define BELUGA__COMMAND_TIMEOUT_MS 30000 /* run time of a command that prints a key */
#define BELUGA__MAX_COMMAND_WORDS  4096  /* stderr of a command, for the error */

#endif
