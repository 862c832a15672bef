/**
 * @file message.h
 * Messages, their parts, and lists of them.
 *
 * A message is shared. After it was added to a list or used in a call it must not be changed, and
 * any number of threads may read it. Bytes that are not UTF-8 do not make a constructor fail: the
 * call that uses the message does, with invalid_input and the position, so that nothing is lost
 * silently. Positions in errors count from 0, as the functions here do: "message 2, part 1: invalid
 * UTF-8 at byte 17".
 */
#ifndef BELUGA_MESSAGE_H
#define BELUGA_MESSAGE_H

#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/** The author of a message. */
typedef enum beluga_role {
    BELUGA_ROLE_SYSTEM = 1, /**< the program, with instructions to the model */
    BELUGA_ROLE_HUMAN = 2,  /**< the user */
    BELUGA_ROLE_AI = 3,     /**< the model, in an earlier answer */
    BELUGA_ROLE_TOOL = 4    /**< a tool, with the result of a tool call */
} beluga_role;

/** The kind of a part's content. */
typedef enum beluga_part_kind {
    BELUGA_PART_TEXT = 1,
    BELUGA_PART_IMAGE = 2,
    BELUGA_PART_AUDIO = 3,
    BELUGA_PART_FILE = 4,
    BELUGA_PART_REASONING = 5, /**< text of a model's reasoning, and its signature */
    BELUGA_PART_TOOL_CALL = 6, /**< a tool call that a model made */
    BELUGA_PART_STATE = 7      /**< a part that holds only `state`; since 0.1 */
} beluga_part_kind;

/** Bits of a part's flags. */
typedef enum beluga_part_flag {
    /** a cache breakpoint: the provider should cache everything up to here */
    BELUGA_PART_CACHE = 1 << 0,
    BELUGA_PART_CACHE_5M = 1 << 1, /**< cache it for five minutes, if the provider supports this */
    BELUGA_PART_CACHE_1H = 1 << 2  /**< cache it for an hour, if the provider supports this */
} beluga_part_flag;

/**
 * One part of a message, read only. It is borrowed until the message is freed. Unused strings are
 * NULL.
 */
typedef struct beluga_part {
    uint32_t kind;              /**< beluga_part_kind */
    uint32_t flags;             /**< bits of beluga_part_flag */
    const char *text;           /**< the text, the reasoning, or a tool call's arguments (JSON) */
    size_t text_length;         /**< length of `text` in bytes */
    const char *id;             /**< a tool call's id */
    const char *name;           /**< a tool's or a file's name */
    const char *media_type;     /**< "image/png", … */
    const char *url;            /**< address of the content, if it is not in `data` */
    const void *data;           /**< the content; NULL if it must be fetched from `url` */
    size_t data_length;         /**< length of `data` in bytes */
    const char *signature;      /**< signature of reasoning, sent back to its provider unchanged */
    size_t signature_length;    /**< length of `signature` in bytes */
    const char *state;          /**< JSON that only the provider `state_provider` understands */
    size_t state_length;        /**< length of `state` in bytes */
    const char *state_provider; /**< `state` is sent back to this provider only, unchanged */
    void *reserved[1];
} beluga_part;

/**
 * Make a message with one text: of the program (system), of the user (human), or an earlier answer
 * of the model (ai). The text is copied.
 *
 * @param text  NULL makes a message whose use fails with invalid_input; a text of more than 64 MiB
 * makes one whose use fails with limit_exceeded.
 * @return a reference that the caller releases (beluga_message_unref); NULL when out of memory,
 * which beluga_messages_add turns into its error, so that lists can be built inline.
 *
 * Threads: any. Since: 0.1
 * @{
 */
BELUGA_API beluga_message *beluga_system_message(const char *text);
BELUGA_API beluga_message *beluga_human_message(const char *text);
BELUGA_API beluga_message *beluga_ai_message(const char *text);
/** @} */
/**
 * Make the message with a tool's result. Text and id are copied.
 *
 * @param tool_call_id  Id of the tool call that the result answers (beluga_tool_call). NULL makes a
 * message whose use fails with invalid_input.
 * @param text          The result as the model will read it, with the rules of
 * beluga_system_message.
 * @return as beluga_system_message. Threads: any. Since: 0.1
 */
BELUGA_API beluga_message *beluga_tool_message(const char *tool_call_id, const char *text);
/**
 * Make the same messages from a text of `length` bytes, which need not end in NUL.
 *
 * @return as beluga_system_message. Threads: any. Since: 0.1
 * @{
 */
BELUGA_API beluga_message *beluga_system_message_n(const char *text, size_t length);
BELUGA_API beluga_message *beluga_human_message_n(const char *text, size_t length);
BELUGA_API beluga_message *beluga_ai_message_n(const char *text, size_t length);
BELUGA_API beluga_message *beluga_tool_message_n(const char *tool_call_id, const char *text,
                                                 size_t length);
/** @} */
/**
 * Make a message without parts; the functions below add parts to it.
 *
 * @param role  A number that is not a role makes a message whose use fails with invalid_input.
 * @return a reference that the caller releases (beluga_message_unref); NULL when out of memory.
 */
BELUGA_API beluga_message *beluga_message_new(beluga_role role);

/** Take a reference. @return `message`; NULL for NULL. Threads: any. */
BELUGA_API beluga_message *beluga_message_ref(beluga_message *message);
/** Release a reference; NULL does nothing. The last one frees the message. Threads: any. */
BELUGA_API void beluga_message_unref(beluga_message *message);

/**
 * Add a text at the end of a message. It is copied.
 *
 * These rules also hold for the following functions that add a part:
 *
 * @param text, length  Bytes; the text need not end in NUL. NULL is an error.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if `message` or another required value is NULL;
 * BELUGA_ERROR_LIMIT_EXCEEDED if the part is larger than 64 MiB, or the message would have more
 * than 10,000 parts; BELUGA_ERROR_NO_MEMORY. The message also remembers its first failure, and a
 * call that uses the message fails with it.
 *
 * Threads: one at a time.
 */
BELUGA_API int beluga_message_add_text(beluga_message *message, const char *text, size_t length);
/**
 * Add reasoning that a model gave. Text and signature are copied.
 *
 * @param signature  The provider's signature of the reasoning; NULL: none. It need not end in NUL.
 * @return as beluga_message_add_text.
 */
BELUGA_API int beluga_message_add_reasoning(beluga_message *message, const char *text,
                                            size_t length, const char *signature,
                                            size_t signature_length);
/**
 * Add a tool call that the model made. All strings are copied.
 *
 * @param arguments, length  A JSON object as text. It is not checked here.
 * @return as beluga_message_add_text.
 */
BELUGA_API int beluga_message_add_tool_call(beluga_message *message, const char *id,
                                            const char *name, const char *arguments, size_t length);
/**
 * Add state: JSON that a provider's server wants to get back, and for which a message has no other
 * place. It is sent to the provider of that name only.
 *
 * The message of an answer contains its state already (beluga_response_message). This function is
 * for programs that store messages in a form of their own and rebuild them from beluga_part's
 * `state`, `state_length` and `state_provider`.
 *
 * @param provider      Name of the provider that the state came from; copied.
 * @param json, length  One JSON value; copied.
 * @return as beluga_message_add_text; BELUGA_ERROR_INVALID_INPUT also if the state is not JSON.
 * Since: 0.1
 */
BELUGA_API int beluga_message_add_state(beluga_message *message, const char *provider,
                                        const char *json, size_t length);
/**
 * Set the state of the last part, which is a text, reasoning or a tool call. It replaces an earlier
 * state of that part.
 *
 * @param provider, json, length  As for beluga_message_add_state.
 * @return as beluga_message_add_state; BELUGA_ERROR_INVALID_INPUT also if the message has no part
 * yet. Since: 0.1
 */
BELUGA_API int beluga_message_set_state(beluga_message *message, const char *provider,
                                        const char *json, size_t length);
/**
 * Add an image, audio or a file by its address. Nothing is fetched here.
 *
 * @param kind        BELUGA_PART_IMAGE, BELUGA_PART_AUDIO or BELUGA_PART_FILE.
 * @param url         "https://…" or "data:…"; copied.
 * @param media_type  Such as "image/png"; copied. NULL: unknown.
 * @return as beluga_message_add_text; BELUGA_ERROR_INVALID_INPUT also if `kind` is another one.
 */
BELUGA_API int beluga_message_add_url(beluga_message *message, beluga_part_kind kind,
                                      const char *url, const char *media_type);
/**
 * Add an image, audio or a file as bytes.
 *
 * @param kind          BELUGA_PART_IMAGE, BELUGA_PART_AUDIO or BELUGA_PART_FILE.
 * @param media_type    Such as "image/png"; copied.
 * @param data, length  Copied.
 * @param name          The file's name, copied; NULL: none.
 * @return as beluga_message_add_text; BELUGA_ERROR_INVALID_INPUT also if `kind` is another one.
 */
BELUGA_API int beluga_message_add_data(beluga_message *message, beluga_part_kind kind,
                                       const char *media_type, const void *data, size_t length,
                                       const char *name);
/**
 * Add the content of a file. Kind and media type follow from its first bytes and its name: PNG,
 * JPEG, GIF, WebP, WAV, MP3, PDF or text. A text file becomes a text part with its name and media
 * type.
 *
 * @return as beluga_message_add_text; BELUGA_ERROR_NOT_FOUND if there is no such file;
 * BELUGA_ERROR_NOT_SUPPORTED if the file has another type; BELUGA_ERROR_INVALID_INPUT also if the
 * file can't be read, or if it has the name of a text file but is not UTF-8.
 *
 * Blocks: while it reads the file; it waits up to a minute for the bytes of a pipe.
 */
BELUGA_API int beluga_message_add_file(beluga_message *message, const char *path,
                                       beluga_error *err);

/**
 * Add the content of a file that is in memory, as beluga_message_add_file does.
 *
 * @param name          The file's name or path, of which only the last part is used, and its
 * extension to find the type. Copied.
 * @param data, length  Copied; data is not NULL.
 * @return as beluga_message_add_file, but never BELUGA_ERROR_NOT_FOUND. Since: 0.1
 */
BELUGA_API int beluga_message_add_content(beluga_message *message, const char *name,
                                          const void *data, size_t length, beluga_error *err);

/**
 * Mark the last part as a cache breakpoint: the provider should cache everything up to it, tools
 * and system messages included, for later calls that begin with the same content. Providers that
 * cache automatically need no mark; providers that can't use a mark warn.
 *
 * @param ttl_s  How long to cache it, in seconds: 300, 3600, or 0 for the provider's default.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if `ttl_s` is another number, the message has no part yet,
 * or `message` is NULL. The message remembers the failure, as with beluga_message_add_text.
 */
BELUGA_API int beluga_message_mark_cache(beluga_message *message, int64_t ttl_s);

/**
 * Mark a tool's message as a failure that the model should read.
 *
 * @param is_error  false removes the mark.
 */
BELUGA_API void beluga_message_set_tool_error(beluga_message *message, bool is_error);
/** Return whether beluga_message_set_tool_error marked the message; false for NULL. */
BELUGA_API bool beluga_message_is_tool_error(const beluga_message *message);

/** Return the author of the message. */
BELUGA_API beluga_role beluga_message_role(const beluga_message *message);
/** Return the number of parts; 0 for NULL. */
BELUGA_API size_t beluga_message_count(const beluga_message *message);
/**
 * Return part `index`, borrowed until the message is freed, or NULL if `index` is out of range or
 * `message` is NULL.
 */
BELUGA_API const beluga_part *beluga_message_part(const beluga_message *message, size_t index);
/**
 * Return the first text part, or "" if there is none or `message` is NULL; borrowed until the
 * message is freed.
 *
 * @param length  Receives its length in bytes; NULL allowed.
 */
BELUGA_API const char *beluga_message_text(const beluga_message *message, size_t *length);
/**
 * Return the id of the tool call that the message answers, borrowed until the message is freed;
 * NULL when the message is not a tool's.
 */
BELUGA_API const char *beluga_message_tool_call_id(const beluga_message *message);

/**
 * Estimate how many tokens a message takes, without a request to a provider: 4 for the message,
 * 1,000 for an image, and one for every four bytes of text, reasoning, arguments, state and other
 * content. Real counts differ from the estimate by up to a half.
 *
 * @return the estimate. Threads: any. Since: 0.1
 */
BELUGA_API int64_t beluga_message_estimate_tokens(const beluga_message *message);

/** Make an empty list. @return owned (beluga_messages_free), or NULL when out of memory. */
BELUGA_API beluga_messages *beluga_messages_new(void);
/**
 * Free a list and release its messages; NULL does nothing. Running calls hold references of their
 * own.
 */
BELUGA_API void beluga_messages_free(beluga_messages *messages);

/**
 * Add a message at the end.
 *
 * @param messages  NULL is an error; the message's reference is consumed even then.
 * @param consumed  The message, whose reference the list takes over, even on failure. NULL means
 * that the message could not be made: the list then remembers no_memory, and a call that uses the
 * list fails with it.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if `messages` is NULL; BELUGA_ERROR_LIMIT_EXCEEDED for more
 * than 1,000,000 messages; BELUGA_ERROR_NO_MEMORY. The list also remembers its first failure
 * (beluga_messages_status).
 *
 * Threads: one at a time. Since: 0.1
 */
BELUGA_API int beluga_messages_add(beluga_messages *messages, beluga_message *consumed);

/** Return the number of messages. */
BELUGA_API size_t beluga_messages_count(const beluga_messages *messages);
/** Return message `index`, borrowed until the list is freed, or NULL if `index` is out of range. */
BELUGA_API beluga_message *beluga_messages_get(const beluga_messages *messages, size_t index);
/** Return the error code of the first message that could not be added; 0 if all were added. */
BELUGA_API int beluga_messages_status(const beluga_messages *messages);

/**
 * An input of beluga_invoke, beluga_stream_input and batches: a text, one message, or a list.
 * Make it with the functions below.
 */
typedef struct beluga_input {
    uint32_t kind; /**< 1 text, 2 message, 3 messages */
    uint32_t reserved;
    const void *pointer; /**< the text, message or list, borrowed */
    size_t length;       /**< length of the text in bytes */
} beluga_input;

/**
 * Make an input from a text (which becomes a human message), from one message, or from a list.
 *
 * The text, message or list is borrowed until the call that takes the input returns; a batch
 * borrows it until it has delivered the result of this input. NULL is legal here: the call that
 * takes the input then fails with invalid_input. The text of beluga_input_text_n has `length` bytes
 * and need not end in NUL.
 *
 * @return the input, a struct that need not be freed.
 * @{
 */
BELUGA_API beluga_input beluga_input_text(const char *text);
BELUGA_API beluga_input beluga_input_text_n(const char *text, size_t length);
BELUGA_API beluga_input beluga_input_message(beluga_message *message);
BELUGA_API beluga_input beluga_input_messages(const beluga_messages *messages);
/** @} */

/**
 * Turn any input into a list: text becomes a human message.
 *
 * @param input  Borrowed. The list holds references to its messages.
 * @param out    Owned list (beluga_messages_free), also when the input was a list. NULL on failure.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if the input's kind is unknown or the input holds NULL; the
 * first failure that the input's list remembers; BELUGA_ERROR_NO_MEMORY.
 */
BELUGA_API int beluga_ensure_messages(beluga_input input, beluga_messages **out, beluga_error *err);

BELUGA_END_DECLS
#endif
