/**
 * @file common.h
 * Visibility, C linkage and the names of the opaque types that the other headers share.
 *
 * Words that every docstring uses:
 *   owned      The caller frees the object, with the function that the docstring names.
 *   borrowed   Somebody else frees the object. A borrowed argument must stay valid until the
 *              function returns, and a borrowed result stays valid as long as the docstring says.
 *   shared     The object counts references: `_ref` adds one, `_unref` releases one.
 *
 * The host program is the program that uses the library.
 *
 * These rules hold where a docstring says nothing else:
 *   - No argument may be NULL, except `err`, contexts, payloads, a list of options with n 0, and
 *     objects that a function frees, refs or unrefs (the function then does nothing).
 *   - `err` is storage of the caller, or NULL where no detail is wanted. Only a failure writes it
 *     (error.h).
 *   - An `int` result is 0, or a negative BELUGA_ERROR_ code from error.h. A docstring lists the
 *     codes that have a reason of their own in that function. Each function that allocates may also
 *     return BELUGA_ERROR_NO_MEMORY.
 *   - Text is UTF-8 and ends in NUL. Where its length is passed too, the length counts bytes
 *     without the NUL, and NUL bytes are legal inside.
 *   - Threads: any thread may call, as long as no other thread changes the same object at the same
 *     time.
 *   - Blocks: never.
 */
#ifndef BELUGA_COMMON_H
#define BELUGA_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * BELUGA_API exports a function. BELUGA_PRINTF lets the compiler check a printf format: `fmt` is
 * the number of the format's argument and `first` that of its first value, counted from 1.
 * BELUGA_MUST_USE makes the compiler warn about a result that is ignored. All three are empty for a
 * compiler that does not know them.
 */
#if defined(__GNUC__) || defined(__clang__)
#define BELUGA_API                __attribute__((visibility("default")))
#define BELUGA_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define BELUGA_MUST_USE           __attribute__((warn_unused_result))
#else
#define BELUGA_API
#define BELUGA_PRINTF(fmt, first)
#define BELUGA_MUST_USE
#endif

/** Declarations between BELUGA_BEGIN_DECLS and BELUGA_END_DECLS have C linkage in C++, too. */
#ifdef __cplusplus
#define BELUGA_BEGIN_DECLS extern "C" {
#define BELUGA_END_DECLS   }
#else
#define BELUGA_BEGIN_DECLS
#define BELUGA_END_DECLS
#endif

/** Functions that allocate memory: allocator.h. */
typedef struct beluga_allocator beluga_allocator;
/** A batch of calls that is running: batch.h. */
typedef struct beluga_batch_op beluga_batch_op;
/** A call of a model, as its provider and hooks see it: provider/provider.h. */
typedef struct beluga_call beluga_call;
/** A model that can be called: chat_model.h. */
typedef struct beluga_chat_model beluga_chat_model;
/** The owner of everything that calls share: client.h. */
typedef struct beluga_client beluga_client;
/** Options from several layers, such as files and code: config.h. */
typedef struct beluga_config beluga_config;
/** The deadline, cancellation and trace of calls: context.h. */
typedef struct beluga_context beluga_context;
/** The handle through which a provider reports its answer: provider/provider.h. */
typedef struct beluga_emit beluga_emit;
/** The detail of a failure: error.h. */
typedef struct beluga_error beluga_error;
/** One piece of an answer: event.h. */
typedef struct beluga_event beluga_event;
/** An event loop, which the host program may run inside its own event loop: loop.h. */
typedef struct beluga_loop beluga_loop;
/** One message of a conversation: message.h. */
typedef struct beluga_message beluga_message;
/** A list of messages: message.h. */
typedef struct beluga_messages beluga_messages;
/** A call that reports its events to a callback: chat_model.h. */
typedef struct beluga_op beluga_op;
/** One setting: option.h. */
typedef struct beluga_option beluga_option;
/** The functions of a provider: provider/provider.h. */
typedef struct beluga_provider beluga_provider;
/** The registered providers: registry.h. */
typedef struct beluga_registry beluga_registry;
/** A whole answer: response.h. */
typedef struct beluga_response beluga_response;
/** A call whose events the caller fetches one by one: chat_model.h. */
typedef struct beluga_stream beluga_stream;
/** A function that a model may call: tool.h. */
typedef struct beluga_tool beluga_tool;

#endif
