/* Every maximum has a name, and this is the one list of them. They are in bytes, unless the comment
 * says otherwise. */
#ifndef BELUGA__LIMITS_H
#define BELUGA__LIMITS_H

#define BELUGA__MAX_JSON_DEPTH 512 /* levels */
/* a text parsed in memory that is kept for the next */
#define BELUGA__MAX_POOLED_JSON    (64u << 10)
#define BELUGA__MAX_PART_BYTES     (64u << 20)  /* one part of a message */
#define BELUGA__MAX_MESSAGES       1000000u     /* messages in a list */
#define BELUGA__MAX_PARTS          10000u       /* parts in a message */
#define BELUGA__MAX_REQUEST_BYTES  (256u << 20) /* a request's body */
#define BELUGA__MAX_RESPONSE_BYTES (256u << 20) /* a folded answer, unless an option says less */
#define BELUGA__MAX_BODY_BYTES     (64u << 20)  /* an unstreamed body, unless an option says */
/* one frame of a stream, unless an option says */
#define BELUGA__MAX_FRAME_BYTES  (16u << 20)
#define BELUGA__MAX_ERROR_BODY   (64u << 10) /* of an error's body no more is kept */
#define BELUGA__MAX_HEADER_BYTES (64u << 10) /* the headers of one answer */
#define BELUGA__MAX_URL_BYTES    (16u << 10)
#define BELUGA__MAX_TOOLS        1024u /* tools bound to a model */
#define BELUGA__MAX_TOOL_NAME    64u
#define BELUGA__MAX_TOOL_BYTES   (1u << 20) /* a tool's schema */
#define BELUGA__MAX_TOOL_CALLS   1024u      /* tool calls in one answer */
#define BELUGA__MAX_TOOL_RESULT  (16u << 20)
#define BELUGA__MAX_STATE_BYTES  (64u << 10) /* a decoder's state */
/* events waiting in a pull stream; then it pauses */
#define BELUGA__MAX_QUEUE_BYTES     (64u << 10)
#define BELUGA__MAX_CONFIG_BYTES    (1u << 20)  /* a configuration file */
#define BELUGA__MAX_YAML_BYTES      (32u << 20) /* its values in memory */
#define BELUGA__MAX_YAML_NODES      262144u     /* names, values, lists and maps in it */
#define BELUGA__MAX_YAML_DEPTH      64          /* lists and maps inside each other */
#define BELUGA__MAX_YAML_DIRECTIVES 64          /* lines of it that begin with % */
#define BELUGA__MAX_REGISTRY_BYTES  (16u << 20) /* copies of tables and names of plug-ins */
#define BELUGA__MAX_PROVIDER_NAME   47          /* a number without a suffix: a message has it */
/* plug-ins in a folder; providers in a plug-in */
#define BELUGA__MAX_PLUGINS         64u
#define BELUGA__MAX_LOADED_PLUGINS  256u         /* plug-ins in a process */
#define BELUGA__MAX_CONFIG_FILES    8            /* files of a configuration */
#define BELUGA__MAX_CONFIG_SECTIONS 4096         /* models or providers in a file */
#define BELUGA__MAX_CONFIG_PROBLEMS 1000         /* problems of a file that are told one by one */
#define BELUGA__MAX_ALIASES         8            /* aliases that refer to aliases */
#define BELUGA__MAX_FALLBACKS       16           /* models that one falls back to */
#define BELUGA__MAX_OPTIONS         4096u        /* options of one list */
#define BELUGA__MAX_KEY_BYTES       (64u << 10)  /* a key, from wherever it comes */
#define BELUGA__MAX_AWS_FIELD       4096u        /* one value of an access key or a profile */
#define BELUGA__MAX_CALL_BYTES      (1u << 30)   /* all that one call keeps */
#define BELUGA__MAX_WARNINGS        64u          /* warnings of one call */
#define BELUGA__MAX_WARNING_BYTES   512u         /* one of them */
#define BELUGA__MAX_REQUEST_ID      256u         /* a provider's name for a request */
#define BELUGA__MAX_LISTED_BYTES    1024u        /* a listed model's name that had to be changed */
#define BELUGA__MAX_MODELS          100000u      /* names in a list of models */
#define BELUGA__MAX_PAGES           1000u        /* pages of a list of models */
#define BELUGA__MAX_STEP_EVENTS     64           /* socket events in one step of a loop */
#define BELUGA__MAX_STEP_BYTES      (256u << 10) /* body bytes in one step of a loop */
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
#define BELUGA__MAX_TRACESTATE_BYTES 512 /* of a trace's context */
/* spans that are open or wait to be sent; more are dropped */
#define BELUGA__MAX_SPANS      65536u
#define BELUGA__MAX_SPAN_BYTES (1u << 20) /* attributes and captured content of one span */
#define BELUGA__MAX_SPAN_LINKS 128u       /* inputs that a batch's span links to */
/* models with metrics of their own; the rest share one */
#define BELUGA__MAX_SUBJECTS      256u
#define BELUGA__MAX_SERIES        64u         /* series of a model; the rest share one */
#define BELUGA__MAX_INSTRUMENTS   64u         /* metrics that providers make for one model */
#define BELUGA__MAX_EXPORT_BYTES  (64u << 20) /* one export, as OTLP asks for */
#define BELUGA__MAX_EXPORT_ANSWER (4u << 20)  /* its answer, likewise */
#define BELUGA__MAX_LINE_BYTES    (16u << 10) /* a redacted line of the wire log */

/* a larger number is no count of tokens */
#define BELUGA__MAX_TOKENS (INT64_C(1) << 48)

#define BELUGA__FINISH_GRACE_MS 2000  /* a finish waits this long for an event that may follow */
#define BELUGA__FINISH_WAIT_MS  20000 /* and no longer in all, whatever follows */
/* so many bytes may leave open what a body is; all are looked at again with each piece */
#define BELUGA__MAX_SNIFFED       4096u
#define BELUGA__BODY_SAMPLE_BYTES 160u /* of a body that was not understood, for the error */
/* a finished transfer may take this long to end cleanly */
#define BELUGA__DRAIN_MS            1000
#define BELUGA__DRAIN_BYTES         (64u << 10)
#define BELUGA__DEFAULT_TIMEOUT_MS  30000
#define BELUGA__PROGRESS_TIMEOUT_MS 600000 /* for a server that only says that it works */
#define BELUGA__CONNECT_TIMEOUT_MS  10000
#define BELUGA__MAX_RETRY_WAIT_MS   60000 /* a longer Retry-After is not waited for */
#define BELUGA__PIPE_WAIT_MS        60000 /* a pipe that is read like a file may be silent */
#define BELUGA__LATE_MS             1000  /* a thread that comes so late was stopped, not busy */
/* after a stop a timeout waits so much longer for what the server could not send meanwhile, and
 * does so only so often in a call */
#define BELUGA__SPARED_MS          2000
#define BELUGA__MAX_SPARED         3
#define BELUGA__COMMAND_TIMEOUT_MS 30000 /* a command that prints a key */
#define BELUGA__MAX_COMMAND_WORDS  4096  /* its words on stderr, for the error */

#endif
