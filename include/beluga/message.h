/**
 * @file message.h
 * Messages, their parts, and lists of them.
 *
 * A message is shared and, once it was added to a list or used in a call, must not be changed.
 * Bytes that are not UTF-8 do not make a constructor fail: the call that uses the message does,
 * with invalid_input and the position, so that nothing is lost silently. Positions in errors count
 * from 0, as the functions here do: "message 2, part 1: invalid UTF-8 at byte 17".
 */
#ifndef BELUGA_MESSAGE_H
#define BELUGA_MESSAGE_H

#include <beluga/common.h>

BELUGA_BEGIN_DECLS

typedef enum beluga_role {
    BELUGA_ROLE_SYSTEM = 1,
    BELUGA_ROLE_HUMAN = 2,
    BELUGA_ROLE_AI = 3,
    BELUGA_ROLE_TOOL = 4
} beluga_role;

typedef enum beluga_part_kind {
    BELUGA_PART_TEXT = 1,
    BELUGA_PART_IMAGE = 2,
    BELUGA_PART_AUDIO = 3,
    BELUGA_PART_FILE = 4,
    BELUGA_PART_REASONING = 5,
    BELUGA_PART_TOOL_CALL = 6,
    BELUGA_PART_STATE = 7 /**< nothing but `state`; since 0.1 */
} beluga_part_kind;

/** Bits of a part's flags. */
typedef enum beluga_part_flag {
    BELUGA_PART_CACHE = 1 << 0, /**< a cache breakpoint: what comes up to here is worth keeping */
    BELUGA_PART_CACHE_5M = 1 << 1, /**< for five minutes, where the provider lets one choose */
    BELUGA_PART_CACHE_1H = 1 << 2  /**< for an hour */
} beluga_part_flag;

/** One part, read only; all borrowed as long as the message. Unused strings are NULL. */
typedef struct beluga_part {
    uint32_t kind;          /**< beluga_part_kind */
    uint32_t flags;         /**< beluga_part_flag, or'ed */
    const char *text;       /**< text; reasoning; a tool call's arguments (JSON) */
    size_t text_length;     /**< bytes */
    const char *id;         /**< a tool call's id */
    const char *name;       /**< a tool's or a file's name */
    const char *media_type; /**< "image/png", … */
    const char *url;        /**< where the content is, when it is not in data */
    const void *data;       /**< content, bytes */
    size_t data_length;
    const char *signature; /**< of reasoning; must go back unchanged */
    size_t signature_length;
    const char *state; /**< JSON that only the provider `state_provider` understands */
    size_t state_length;
    const char *state_provider; /**< it goes back to that one, unchanged, and to nobody else */
    void *reserved[1];
} beluga_part;

/* Constructors: one reference, yours; NULL without memory, which beluga_messages_add turns into its
 * error, so that lists can be built inline. Text is copied. Threads: any. Since: 0.1 */
BELUGA_API beluga_message *beluga_system_message(const char *text);
BELUGA_API beluga_message *beluga_human_message(const char *text);
BELUGA_API beluga_message *beluga_ai_message(const char *text);
/** The result of the tool call `tool_call_id`. */
BELUGA_API beluga_message *beluga_tool_message(const char *tool_call_id, const char *text);
BELUGA_API beluga_message *beluga_system_message_n(const char *text, size_t length);
BELUGA_API beluga_message *beluga_human_message_n(const char *text, size_t length);
BELUGA_API beluga_message *beluga_ai_message_n(const char *text, size_t length);
BELUGA_API beluga_message *beluga_tool_message_n(const char *tool_call_id, const char *text,
                                                 size_t length);
/** A message without parts yet. */
BELUGA_API beluga_message *beluga_message_new(beluga_role role);

BELUGA_API beluga_message *beluga_message_ref(beluga_message *message);
BELUGA_API void beluga_message_unref(beluga_message *message);

/* Add a part; everything is copied. All return 0; BELUGA_ERROR_NO_MEMORY;
 * BELUGA_ERROR_INVALID_INPUT for NULL where a value is needed; BELUGA_ERROR_LIMIT_EXCEEDED over 64
 * MiB. A failure also sticks to the message: a call that uses it reports it. One thread at a time.
 */
BELUGA_API int beluga_message_add_text(beluga_message *message, const char *text, size_t length);
/** Reasoning as the model gave it; `signature` may be NULL. */
BELUGA_API int beluga_message_add_reasoning(beluga_message *message, const char *text,
                                            size_t length, const char *signature,
                                            size_t signature_length);
/** A call the model made; `arguments` is a JSON object as text. */
BELUGA_API int beluga_message_add_tool_call(beluga_message *message, const char *id,
                                            const char *name, const char *arguments, size_t length);
/**
 * What a provider's server wants back, and what has no other place here: any JSON, which only that
 * provider understands. It goes back to the provider of that name and to nobody else.
 *
 * Answers have it by themselves (beluga_response_message); this is for who keeps messages in a form
 * of his own and makes them again from beluga_part's `state`, `state_length` and `state_provider`.
 *
 * @param provider  Name of the provider that it came from.
 * @param json      One JSON value.
 * @return besides: BELUGA_ERROR_INVALID_INPUT it is not JSON. Since: 0.1
 */
BELUGA_API int beluga_message_add_state(beluga_message *message, const char *provider,
                                        const char *json, size_t length);
/**
 * The same of the last part, a text, reasoning or a tool call, instead of what it had.
 * @return besides: BELUGA_ERROR_INVALID_INPUT there is no part yet. Since: 0.1
 */
BELUGA_API int beluga_message_set_state(beluga_message *message, const char *provider,
                                        const char *json, size_t length);
/** Content by its address: "https://…" or "data:…". `media_type` may be NULL. */
BELUGA_API int beluga_message_add_url(beluga_message *message, beluga_part_kind kind,
                                      const char *url, const char *media_type);
/** Content as bytes; `name` may be NULL. */
BELUGA_API int beluga_message_add_data(beluga_message *message, beluga_part_kind kind,
                                       const char *media_type, const void *data, size_t length,
                                       const char *name);
/**
 * Content of a file; kind and media type come from its first bytes and its name. A text file
 * becomes a text part with its name and media type.
 * @return besides: BELUGA_ERROR_NOT_FOUND; BELUGA_ERROR_NOT_SUPPORTED a type nobody knows;
 *         BELUGA_ERROR_INVALID_INPUT it can't be read, or is a text that is not UTF-8. Blocks:
 * reads it.
 */
BELUGA_API int beluga_message_add_file(beluga_message *message, const char *path,
                                       beluga_error *err);

/**
 * Mark the last part as a cache breakpoint: the provider should keep everything up to it, tools and
 * system messages included, for calls that begin the same. Providers that cache by themselves need
 * no mark; those that can't use one warn.
 *
 * @param ttl_s  Seconds to keep it: 300, 3600, or 0 for the provider's default.
 * @return besides: BELUGA_ERROR_INVALID_INPUT another time, or there is no part yet.
 */
BELUGA_API int beluga_message_mark_cache(beluga_message *message, int64_t ttl_s);

/** Mark a tool's message as a failure that the model should read. */
BELUGA_API void beluga_message_set_tool_error(beluga_message *message, bool is_error);
BELUGA_API bool beluga_message_is_tool_error(const beluga_message *message);

BELUGA_API beluga_role beluga_message_role(const beluga_message *message);
BELUGA_API size_t beluga_message_count(const beluga_message *message);
/** Return part `index`, or NULL past the last. */
BELUGA_API const beluga_part *beluga_message_part(const beluga_message *message, size_t index);
/** Return the first text part, "" when there is none. `length` may be NULL. */
BELUGA_API const char *beluga_message_text(const beluga_message *message, size_t *length);
/** Return the id a tool's message answers, or NULL. */
BELUGA_API const char *beluga_message_tool_call_id(const beluga_message *message);

/**
 * Estimate how many tokens a message takes, without asking anybody: a quarter of its text's bytes,
 * 1,000 for an image, four bytes of other content each, and four for the message itself. Providers
 * count otherwise, by up to a half. Threads: any. Since: 0.1
 */
BELUGA_API int64_t beluga_message_estimate_tokens(const beluga_message *message);

/** Make an empty list. @return owned (beluga_messages_free), or NULL without memory. */
BELUGA_API beluga_messages *beluga_messages_new(void);
/** Free a list and its references. Calls under way keep what they use. */
BELUGA_API void beluga_messages_free(beluga_messages *messages);

/**
 * Add a message at the end.
 *
 * @param consumed  Its reference is taken even on failure. NULL means that it could not be made:
 *                  the list then remembers no_memory and a call with it reports that.
 * @return 0; BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_LIMIT_EXCEEDED over 1,000,000 messages.
 *
 * Threads: one at a time. Since: 0.1
 */
BELUGA_API int beluga_messages_add(beluga_messages *messages, beluga_message *consumed);

BELUGA_API size_t beluga_messages_count(const beluga_messages *messages);
/** Return message `index`, borrowed until the list goes, or NULL. */
BELUGA_API beluga_message *beluga_messages_get(const beluga_messages *messages, size_t index);
/** Return the list's first failure, or 0. */
BELUGA_API int beluga_messages_status(const beluga_messages *messages);

/** What invoke, stream_input and batch take: text, one message, or a list. */
typedef struct beluga_input {
    uint32_t kind; /**< 1 text, 2 message, 3 messages */
    uint32_t reserved;
    const void *pointer;
    size_t length; /**< of text */
} beluga_input;

/* Borrowed until the call that takes the input returns (until the last callback for batches). */
BELUGA_API beluga_input beluga_input_text(const char *text);
BELUGA_API beluga_input beluga_input_text_n(const char *text, size_t length);
BELUGA_API beluga_input beluga_input_message(beluga_message *message);
BELUGA_API beluga_input beluga_input_messages(const beluga_messages *messages);

/**
 * Turn any input into a list: text becomes a human message.
 *
 * @param out  Owned list, also when the input was one.
 * @return 0; BELUGA_ERROR_INVALID_INPUT for another kind or NULL inside; BELUGA_ERROR_NO_MEMORY.
 */
BELUGA_API int beluga_ensure_messages(beluga_input input, beluga_messages **out, beluga_error *err);

BELUGA_END_DECLS
#endif
