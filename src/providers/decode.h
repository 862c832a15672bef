/* Functions that the decoders of several protocols share: for parsing a body, for reading counts,
 * and for emitting events. */
#ifndef BELUGA__PROVIDERS_DECODE_H
#define BELUGA__PROVIDERS_DECODE_H

#include <beluga/provider/provider.h>

#include <string.h>

/* Returns `text`, or NULL if it is "", since some servers send "" instead of leaving a member
 * out. */
static inline const char *beluga__filled(const char *text)
{
    return text && *text ? text : NULL;
}

/* Returns whether a text, which may be NULL, equals a word. */
static inline bool beluga__is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* Parse the body of an answer that is not streamed. Returns 0 or a code, which is EMPTY_RESPONSE
 * for an empty body. */
int beluga__decode_body(const char *body, size_t length, beluga_emit *emit,
                        const beluga_json **root);
/* Emit an error with the message `what` for unexpected JSON. The beginning of the JSON becomes the
 * error's cause. Returns the code. */
int beluga__decode_failure(const beluga_json *root, int code, const char *what, beluga_emit *emit);
/* Returns whether a frame is "[DONE]", which ends many streams. */
bool beluga__is_done(const beluga_frame *frame);

/* Returns a count of tokens, or -1 if the value is missing, negative or above `most`. */
int64_t beluga__count_value(const beluga_json *value, int64_t most);
int64_t beluga__count(const beluga_json *object, const char *key, int64_t most);
/* The largest count that can be added to others without overflow. */
#define BELUGA__MOST_TOKENS (INT64_MAX / 8)
/* Returns the seconds since 1970 if the value is a string with an RFC 3339 time, otherwise 0. */
int64_t beluga__time_value(const beluga_json *value);
/* Returns the member `key`, which is the index of a block or an item; 0 for a bad value. */
uint32_t beluga__index_of(const beluga_json *object, const char *key);

/* Emit usage together with the JSON from which it was read. */
int beluga__emit_read_usage(beluga_usage *usage, const beluga_json *json, beluga_emit *emit);
/* Emit a string, or a member that is a string, as text or as reasoning. If it is missing or empty,
 * nothing is emitted. */
int beluga__emit_text_value(const beluga_json *value, beluga_emit *emit);
int beluga__emit_text_member(const beluga_json *object, const char *key, beluga_emit *emit);
int beluga__emit_reasoning_value(const beluga_json *value, beluga_emit *emit);
int beluga__emit_reasoning_member(const beluga_json *object, const char *key, beluga_emit *emit);
/* Emit `mark` and the text after it as the signature of the open reasoning. */
int beluga__emit_marked_signature(const char *mark, const char *text, size_t length,
                                  beluga_emit *emit);

/* Emit a JSON value of an answer as state (beluga_emit_state). If `key` is set, the state is an
 * object with the value as its only member. */
int beluga__emit_json_state(beluga_emit *emit, beluga_part_kind of, uint32_t index, const char *key,
                            const beluga_json *value);

/* Returns the kind of part for a media type: IMAGE, AUDIO or FILE. */
beluga_part_kind beluga__kind_of_media(const char *media_type);
/* Emit media with its URL, or with the bytes of a data: URL. If `kind` is 0, the media type decides
 * which kind it is. */
int beluga__emit_url(beluga_emit *emit, int kind, const char *media_type, const char *url);

#endif
